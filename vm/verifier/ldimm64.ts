/**
 * Resolves what the immediates of lddw stand for: maps, map values, kernel
 * variables, functions (`resolve_pseudo_ldimm64`).
 */
import { BTF_KIND } from '../../btf/btf.ts';
import { BPF_MAP_TYPE, BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { E2BIG, EACCES, EBUSY, EFAULT, EINVAL, ENOENT, ENOTSUPP, EPERM, EPROTO, ERANGE } from '../../uapi/errno.ts';
import {
  BPF_LDX,
  BPF_MEM,
  BPF_MEMSX,
  BPF_PSEUDO_BTF_ID,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_IDX,
  BPF_PSEUDO_MAP_IDX_VALUE,
  BPF_PSEUDO_MAP_VALUE,
  INSN_TABLE,
  OP_LDDW,
} from '../insn.ts';
import { skipMods } from './btfwalk.ts';
import type { Env } from './env.ts';
import { MEM_PERCPU, MEM_RDONLY, PTR_TO_BTF_ID, PTR_TO_FUNC, PTR_TO_MEM } from './flags.ts';
import type { MapDesc } from './types.ts';

const MAX_USED_MAPS = 64;
const BPF_MAX_VAR_OFF = 1 << 29;
const KERNEL_BASE = 0xffff888000000000n;

/** Map types a sleepable program may use. */
const SLEEPABLE_MAPS = new Set<number>([
  BPF_MAP_TYPE.HASH,
  BPF_MAP_TYPE.LRU_HASH,
  BPF_MAP_TYPE.ARRAY,
  BPF_MAP_TYPE.PERCPU_HASH,
  BPF_MAP_TYPE.PERCPU_ARRAY,
  BPF_MAP_TYPE.LRU_PERCPU_HASH,
  BPF_MAP_TYPE.ARRAY_OF_MAPS,
  BPF_MAP_TYPE.HASH_OF_MAPS,
  BPF_MAP_TYPE.RINGBUF,
  BPF_MAP_TYPE.USER_RINGBUF,
  BPF_MAP_TYPE.INODE_STORAGE,
  BPF_MAP_TYPE.SK_STORAGE,
  BPF_MAP_TYPE.TASK_STORAGE,
  BPF_MAP_TYPE.CGRP_STORAGE,
  BPF_MAP_TYPE.QUEUE,
  BPF_MAP_TYPE.STACK,
  BPF_MAP_TYPE.ARENA,
]);

/** `is_tracing_prog_type`. */
function isTracingProgType(type: number): boolean {
  return (
    type === BPF_PROG_TYPE.KPROBE ||
    type === BPF_PROG_TYPE.TRACEPOINT ||
    type === BPF_PROG_TYPE.PERF_EVENT ||
    type === BPF_PROG_TYPE.RAW_TRACEPOINT ||
    type === BPF_PROG_TYPE.RAW_TRACEPOINT_WRITABLE
  );
}

/** Whether the map's value has such a special field. */
export function hasField(map: MapDesc | undefined, ...kinds: string[]): boolean {
  return map?.record?.fields.some((f) => kinds.includes(f.kind)) ?? false;
}

function checkMapCompatible(env: Env, map: MapDesc, progHash: Uint8Array | undefined): number {
  if (map.exclProgHash?.some((byte, i) => byte !== (progHash?.[i] ?? 0)) === true) {
    env.verbose("program's hash doesn't match map's excl_prog_hash\n");
    return -EACCES;
  }
  const type = env.progType;
  const tracing = isTracingProgType(type);
  if (hasField(map, 'bpf_list_head', 'bpf_rb_root') && tracing) {
    env.verbose('tracing progs cannot use bpf_{list_head,rb_root} yet\n');
    return -EINVAL;
  }
  if (hasField(map, 'bpf_spin_lock', 'bpf_res_spin_lock')) {
    if (type === BPF_PROG_TYPE.SOCKET_FILTER) {
      env.verbose('socket filter progs cannot use bpf_spin_lock yet\n');
      return -EINVAL;
    }
    if (tracing) {
      env.verbose('tracing progs cannot use bpf_spin_lock yet\n');
      return -EINVAL;
    }
  }
  if (hasField(map, 'bpf_timer') && tracing) {
    env.verbose('tracing progs cannot use bpf_timer yet\n');
    return -EINVAL;
  }
  if (hasField(map, 'bpf_wq') && tracing) {
    env.verbose('tracing progs cannot use bpf_wq yet\n');
    return -EINVAL;
  }
  if (map.mapType === BPF_MAP_TYPE.STRUCT_OPS) {
    env.verbose('bpf_struct_ops map cannot be used in prog\n');
    return -EINVAL;
  }
  if (env.sleepable && !SLEEPABLE_MAPS.has(map.mapType)) {
    env.verbose('Sleepable programs can only use array, hash, ringbuf and local storage maps\n');
    return -EINVAL;
  }
  if (map.mapType === BPF_MAP_TYPE.CGROUP_STORAGE || map.mapType === BPF_MAP_TYPE.PERCPU_CGROUP_STORAGE) {
    if (env.usedMaps.some((other) => other !== map && other.mapType === map.mapType)) {
      env.verbose('only one cgroup storage of each type is allowed\n');
      return -EBUSY;
    }
  }
  if (map.mapType === BPF_MAP_TYPE.ARENA) {
    if (env.arena !== undefined) {
      env.verbose('Only one arena per program\n');
      return -EBUSY;
    }
    if (!env.allowPtrLeaks || !env.bpfCapable) {
      env.verbose('CAP_BPF and CAP_PERFMON are required to use arena\n');
      return -EPERM;
    }
    env.arena = map;
    if ((map.userVmStart ?? map.mapExtra) === 0n) {
      env.verbose("arena's user address must be set via map_extra or mmap()\n");
      return -EINVAL;
    }
  }
  return 0;
}

/** Index of the map in the program's list, or -errno. */
function addUsedMap(env: Env, fd: number): number {
  const map = env.input.mapByFd(fd);
  if (typeof map === 'number') {
    env.verbose(`fd ${fd} is not pointing to valid bpf_map\n`);
    return map;
  }
  const known = env.usedMaps.indexOf(map);
  if (known >= 0) return known;
  if (env.usedMaps.length >= MAX_USED_MAPS) {
    env.verbose(`The total number of maps per program has reached the limit of ${MAX_USED_MAPS}\n`);
    return -E2BIG;
  }
  const err = checkMapCompatible(env, map, map.exclProgHash && env.input.progHash?.());
  if (err < 0) return err;
  env.usedMaps.push(map);
  return env.usedMaps.length - 1;
}

/** Maps of fd_array belong to the program; its hash is not known yet when they are looked at (`process_fd_array`). */
export function addArrayMaps(env: Env): number {
  for (const map of env.input.arrayMaps ?? []) {
    const err = checkMapCompatible(env, map, undefined);
    if (err < 0) return err;
    env.usedMaps.push(map);
  }
  const answer = env.input.fdArrayAnswer;
  if (answer === undefined) return 0;
  if (answer.message !== '') env.verbose(answer.message);
  return answer.errno;
}

/** A variable or function of the kernel (`check_pseudo_btf_id`). */
function resolveBtfId(env: Env, i: number): number {
  const id = env.insns.imm[i]!;
  const fd = env.insns.imm[i + 1]!;
  const btf = fd === 0 ? env.vmlinuxBtf : env.input.btfByFd?.(fd);
  if (fd !== 0 && typeof btf !== 'object') {
    env.verbose('invalid module BTF object FD specified.\n');
    return -EINVAL;
  }
  if (typeof btf !== 'object') {
    env.verbose('kernel is missing BTF, make sure CONFIG_DEBUG_INFO_BTF=y is specified in Kconfig.\n');
    return -EINVAL;
  }
  const type = btf.type(id);
  if (type === undefined) {
    env.verbose(`ldimm64 insn specifies invalid btf_id ${id}.\n`);
    return -ENOENT;
  }
  if (type.kind !== BTF_KIND.VAR && type.kind !== BTF_KIND.FUNC) {
    env.verbose(`pseudo btf_id ${id} in ldimm64 isn't KIND_VAR or KIND_FUNC\n`);
    return -EINVAL;
  }
  const aux = env.aux[i]!;
  aux.ksym = type.name;
  // Pretend address; engines place the variable themselves.
  env.imm64.set(i, 0xffffffff81000000n + BigInt(id));
  if (type.kind === BTF_KIND.FUNC) {
    aux.btfVar = { type: PTR_TO_MEM | MEM_RDONLY, btf, btfId: 0, memSize: 0 };
    return 0;
  }
  const percpu = btf.types.some(
    (t) => t.kind === BTF_KIND.DATASEC && t.name === '.data..percpu' && t.vars.some((v) => v.type === id),
  );
  const target = skipMods(btf, type.type);
  if (percpu) {
    aux.btfVar = { type: PTR_TO_BTF_ID | MEM_PERCPU, btf, btfId: target.id, memSize: 0 };
  } else if (target.kind !== BTF_KIND.STRUCT && target.kind !== BTF_KIND.UNION) {
    const size = typeSize(btf, target.id);
    if (size < 0) {
      env.verbose(`ldimm64 unable to resolve the size of type '${target.name}': ${size}\n`);
      return -EINVAL;
    }
    aux.btfVar = { type: PTR_TO_MEM | MEM_RDONLY, btf, btfId: 0, memSize: size };
  } else {
    aux.btfVar = { type: PTR_TO_BTF_ID, btf, btfId: target.id, memSize: 0 };
  }
  return 0;
}

/** Size in bytes of a type, or -EINVAL (`btf_resolve_size`). */
export function typeSize(btf: import('../../btf/btf.ts').Btf, id: number): number {
  let count = 1;
  for (let depth = 0; depth < 32; depth++) {
    const type = skipMods(btf, id);
    switch (type.kind) {
      case BTF_KIND.INT:
      case BTF_KIND.STRUCT:
      case BTF_KIND.UNION:
      case BTF_KIND.ENUM:
      case BTF_KIND.ENUM64:
      case BTF_KIND.FLOAT:
        return count * type.size;
      case BTF_KIND.PTR:
        return count * 8;
      case BTF_KIND.ARRAY:
        count *= type.nelems;
        id = type.type;
        break;
      default:
        return -EINVAL;
    }
  }
  return -EINVAL;
}

function resolveMap(env: Env, i: number): number {
  const { insns } = env;
  const src = insns.src[i]!;
  const second = insns.imm[i + 1]!;
  const value = src === BPF_PSEUDO_MAP_VALUE || src === BPF_PSEUDO_MAP_IDX_VALUE;
  if (!value && !((src === BPF_PSEUDO_MAP_FD || src === BPF_PSEUDO_MAP_IDX) && second === 0)) {
    env.verbose('unrecognized bpf_ld_imm64 insn\n');
    return -EINVAL;
  }
  let fd = insns.imm[i]!;
  if (src === BPF_PSEUDO_MAP_IDX || src === BPF_PSEUDO_MAP_IDX_VALUE) {
    if (env.input.fdArray === undefined) {
      env.verbose('fd_idx without fd_array is invalid\n');
      return -EPROTO;
    }
    const entry = env.input.fdArray(fd);
    if (entry === undefined) return -EFAULT;
    fd = entry;
  }
  const index = addUsedMap(env, fd);
  if (index < 0) return index;
  const map = env.usedMaps[index]!;
  const aux = env.aux[i]!;
  aux.map = map;
  const addr = KERNEL_BASE + BigInt((map as { addr?: number }).addr ?? 0x10000 + map.id * 64);
  if (!value) {
    env.imm64.set(i, addr);
    return 0;
  }
  const off = second >>> 0;
  if (off >= BPF_MAX_VAR_OFF) {
    env.verbose(`direct value offset of ${off} is not allowed\n`);
    return -EINVAL;
  }
  if (!hasDirectValue(map)) {
    env.verbose('no direct value access support for this map type\n');
    return -EINVAL;
  }
  const err = directValue(map, off);
  if (err < 0) {
    env.verbose(`invalid access to map value pointer, value_size=${map.valueSize} off=${off}\n`);
    return err;
  }
  aux.mapValueOff = off;
  env.imm64.set(i, addr + 0x1000n + BigInt(off));
  return 0;
}

/** Map types whose values have an address at load time (`map_direct_value_addr`). */
function hasDirectValue(map: MapDesc): boolean {
  return map.mapType === BPF_MAP_TYPE.ARRAY || map.mapType === BPF_MAP_TYPE.ARENA;
}

function directValue(map: MapDesc, off: number): number {
  if (map.mapType === BPF_MAP_TYPE.ARENA) return off / 4096 > map.maxEntries ? -ERANGE : 0;
  if (map.maxEntries !== 1) return -ENOTSUPP;
  return off >= map.valueSize ? -EINVAL : 0;
}

export function resolveLdimm64(env: Env): number {
  const { insns } = env;
  for (let i = 0; i < insns.count; i++) {
    const op = insns.op[i]!;
    const mode = op & 0xe0;
    if ((op & 7) === BPF_LDX && ((mode !== BPF_MEM && mode !== BPF_MEMSX) || insns.imm[i] !== 0)) {
      env.verbose('BPF_LDX uses reserved fields\n');
      return -EINVAL;
    }
    if (op !== OP_LDDW) {
      if (INSN_TABLE[op] === undefined) {
        env.verbose(`unknown opcode ${op.toString(16).padStart(2, '0')}\n`);
        return -EINVAL;
      }
      continue;
    }
    const next = i + 1;
    if (
      next === insns.count ||
      insns.op[next] !== 0 ||
      insns.dst[next] !== 0 ||
      insns.src[next] !== 0 ||
      insns.off[next] !== 0
    ) {
      env.verbose('invalid bpf_ld_imm64 insn\n');
      return -EINVAL;
    }
    let err = 0;
    switch (insns.src[i]) {
      case 0:
        break;
      case BPF_PSEUDO_BTF_ID:
        err = resolveBtfId(env, i);
        break;
      case BPF_PSEUDO_FUNC:
        env.aux[i]!.ptrType = PTR_TO_FUNC;
        break;
      default:
        err = resolveMap(env, i);
    }
    if (err < 0) return err;
    i++;
  }
  return 0;
}
