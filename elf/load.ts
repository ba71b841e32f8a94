/**
 * Loads a spec into a kernel, through bpf(2) as a loader would: BTF, maps with their
 * contents, programs, then the slots of maps that hold programs.
 */
import { BTF_KIND } from '../btf/kinds.ts';
import type { AttrArm } from '../syscall/attr_layout.ts';
import { BTF_LOAD, ELEM, MAP_CREATE, PROG_LOAD } from '../syscall/attr_table.ts';
import type { Kernel } from '../syscall/kernel.ts';
import type { LocalCaller } from '../syscall/local_caller.ts';
import { BPF_CMD, BPF_MAP_TYPE, BPF_PROG_TYPE } from '../uapi/bpf.ts';
import { ENOENT, ENOMEM, ENOTSUP, Errno, strerror } from '../uapi/errno.ts';
import { BPF_PSEUDO_BTF_ID, BPF_PSEUDO_KFUNC_CALL, BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE } from '../vm/insn.ts';
import { Code, POISON_KFUNC_IMM } from './code.ts';
import type { Fixup, MapSpec, ObjectSpec, ProgSpec, StructOpsSpec } from './spec.ts';
import { kernelValue, slotOf } from './struct_ops.ts';

const T = BPF_MAP_TYPE;
const PAGE_SIZE = 4096;

/** Types whose keys and values are not described by BTF. */
const NO_BTF: ReadonlySet<number> = new Set([
  T.PERF_EVENT_ARRAY,
  T.CGROUP_ARRAY,
  T.STACK_TRACE,
  T.ARRAY_OF_MAPS,
  T.HASH_OF_MAPS,
  T.DEVMAP,
  T.DEVMAP_HASH,
  T.CPUMAP,
  T.XSKMAP,
  T.SOCKMAP,
  T.SOCKHASH,
  T.QUEUE,
  T.STACK,
]);

/** How programs are loaded. */
export interface LoadOptions {
  /** Level of the verifier's log, 0 for none. */
  readonly logLevel?: number;
  /** Room for each program's log in bytes. */
  readonly logSize?: number;
  /** The log is wanted of programs that fail alone: they are loaded once more, as libbpf does. */
  readonly logFailures?: boolean;
  /** The programs to load, by name; all but the optional ones when left out. */
  readonly only?: ReadonlySet<string>;
  /** Type for programs whose section says none. */
  readonly type?: number;
}

/** One program after the attempt. */
export interface LoadedProgram {
  readonly spec: ProgSpec;
  /** Its descriptor, or -errno. */
  readonly fd: number;
  readonly log: string;
}

/** A loaded object: descriptors of the caller. */
export interface LoadedObject {
  /** -1: the object has none, or it was refused. */
  readonly btf: number;
  readonly maps: ReadonlyMap<string, number>;
  readonly programs: readonly LoadedProgram[];
}

/**
 * Loads the object. What keeps all programs from loading (a map that cannot be made)
 * throws an {@link Errno}; a program that is refused is reported with its log.
 */
export function loadObject(
  kernel: Kernel,
  caller: LocalCaller,
  spec: ObjectSpec,
  options: LoadOptions = {},
): LoadedObject {
  return new Loader(kernel, caller, spec, options).load();
}

class Loader {
  readonly #kernel: Kernel;
  readonly #caller: LocalCaller;
  readonly #spec: ObjectSpec;
  readonly #options: LoadOptions;
  readonly #maps = new Map<string, number>();
  #log = 0;
  /** Descriptor of the BTF, -1 for none. */
  #btf = -1;

  constructor(kernel: Kernel, caller: LocalCaller, spec: ObjectSpec, options: LoadOptions) {
    this.#kernel = kernel;
    this.#caller = caller;
    this.#spec = spec;
    this.#options = options;
  }

  load(): LoadedObject {
    const { spec } = this;
    if (spec.btf.length > 0) this.#btf = this.#loadBtf(spec.btf);
    for (const map of spec.maps) this.#createMap(map);
    const programs = spec.programs
      .filter((program) => this.#options.only?.has(program.name) ?? !program.optional)
      .map((program) => this.#loadProgram(program));
    this.#fillSlots(programs);
    return { btf: this.#btf, maps: this.#maps, programs };
  }

  get spec(): ObjectSpec {
    return this.#spec;
  }

  /** Runs a command with these fields of its arm: 0 or more, or -errno. */
  #bpf(cmd: number, arm: AttrArm, fields: Readonly<Record<string, number | bigint | string | Uint8Array>>): number {
    const size = this.#kernel.profile.attrSize;
    const attr = new Uint8Array(size);
    const view = new DataView(attr.buffer);
    for (const field of arm.fields) {
      const value = fields[field.name];
      if (value === undefined) continue;
      if (typeof value === 'string') attr.set(new TextEncoder().encode(value).subarray(0, 15), field.offset);
      else if (typeof value === 'bigint') view.setBigUint64(field.offset, value, true);
      else if (typeof value === 'number') {
        if (field.size === 8) view.setBigUint64(field.offset, BigInt(value), true);
        else view.setUint32(field.offset, value >>> 0, true);
      } else view.setBigUint64(field.offset, BigInt(this.#put(value)), true);
    }
    return this.#kernel.bpf(cmd, attr, size, this.#put(attr), this.#caller);
  }

  #put(bytes: Uint8Array): number {
    const addr = this.#caller.put(bytes);
    if (addr === 0) throw new Errno(ENOMEM, `Cannot load ${this.#spec.name}: ${bytes.length} more bytes do not fit`);
    return addr;
  }

  #fail(what: string, err: number): never {
    throw new Errno(-err, `Cannot ${what}: ${strerror(-err)}`);
  }

  /** A BTF that is refused is an object without BTF, unless its maps need it: loaders go on too. */
  #loadBtf(bytes: Uint8Array): number {
    const fd = this.#bpf(BPF_CMD.BTF_LOAD, BTF_LOAD, { btf: bytes, btf_size: bytes.length });
    return Math.max(fd, -1);
  }

  #createMap(map: MapSpec): void {
    if (map.structOps !== undefined) {
      this.#maps.set(map.name, this.#newStructOps(map, map.structOps));
      return;
    }
    const inner = map.inner === undefined ? undefined : this.#newMap(map.inner);
    const fd = this.#newMap(map, inner);
    if (inner !== undefined) this.#caller.close(inner);
    this.#maps.set(map.name, fd);
    if (map.contents === undefined) return;
    const key = this.#put(new Uint8Array(4));
    const err = this.#bpf(BPF_CMD.MAP_UPDATE_ELEM, ELEM, { map_fd: fd, key, value: map.contents });
    if (err < 0) this.#fail(`fill map ${map.name}`, err);
    if (map.frozen) this.#bpf(BPF_CMD.MAP_FREEZE, ELEM, { map_fd: fd });
  }

  /** A map for a structure of operations; nothing is registered. */
  #newStructOps(map: MapSpec, ops: StructOpsSpec): number {
    const { vmlinux } = this.#kernel;
    if (vmlinux === undefined) return this.#fail(`create map ${map.name}`, -ENOTSUP);
    const { typeId, bytes } = kernelValue(ops, vmlinux, () => 0);
    const fd = this.#bpf(BPF_CMD.MAP_CREATE, MAP_CREATE, {
      map_type: map.type,
      key_size: map.keySize,
      value_size: bytes.length,
      max_entries: map.maxEntries,
      map_flags: map.flags,
      map_name: map.name,
      btf_fd: this.#btf,
      btf_vmlinux_value_type_id: typeId,
    });
    return fd < 0 ? this.#fail(`create map ${map.name}`, fd) : fd;
  }

  #newMap(map: MapSpec, inner?: number): number {
    const fields = {
      map_type: map.type,
      key_size: map.keySize,
      value_size: map.valueSize,
      max_entries: this.#maxEntries(map),
      map_flags: map.flags,
      map_name: map.name,
      numa_node: map.numaNode,
      map_extra: map.extra,
      ...(inner === undefined ? {} : { inner_map_fd: inner }),
    };
    const typed = this.#btf >= 0 && map.valueTypeId !== 0 && !NO_BTF.has(map.type);
    const types = { btf_fd: this.#btf, btf_key_type_id: map.keyTypeId, btf_value_type_id: map.valueTypeId };
    let fd = this.#bpf(BPF_CMD.MAP_CREATE, MAP_CREATE, typed ? { ...fields, ...types } : fields);
    if (fd < 0 && typed) fd = this.#bpf(BPF_CMD.MAP_CREATE, MAP_CREATE, fields);
    return fd < 0 ? this.#fail(`create map ${map.name}`, fd) : fd;
  }

  /** What a definition may leave to the loader. */
  #maxEntries(map: MapSpec): number {
    if (map.type === T.PERF_EVENT_ARRAY && map.maxEntries === 0) return this.#kernel.nrCpus;
    if (map.type !== T.RINGBUF && map.type !== T.USER_RINGBUF) return map.maxEntries;
    let size = PAGE_SIZE;
    while (size < map.maxEntries && size < 2 ** 31) size *= 2;
    return size;
  }

  #loadProgram(program: ProgSpec): LoadedProgram {
    const code = new Code(program.insns.slice());
    for (const fixup of program.fixups) this.#apply(code, program, fixup);
    const slot = slotOf(this.#spec.maps, program.name, this.#kernel.vmlinux);
    const target = slot?.typeId ?? this.#attachId(program);
    const withBtf = this.#btf >= 0 && program.funcInfo.length > 0;
    const info = {
      prog_btf_fd: this.#btf,
      func_info: program.funcInfo,
      func_info_rec_size: program.funcInfoRecSize,
      func_info_cnt: program.funcInfo.length / (program.funcInfoRecSize || 1),
      line_info: program.lineInfo,
      line_info_rec_size: program.lineInfoRecSize,
      line_info_cnt: program.lineInfo.length / (program.lineInfoRecSize || 1),
    };
    const fields = {
      prog_type: program.type || (this.#options.type ?? BPF_PROG_TYPE.UNSPEC),
      expected_attach_type: slot?.index ?? program.attachType,
      prog_flags: program.flags,
      prog_name: program.name,
      insns: code.bytes,
      insn_cnt: code.length,
      license: new TextEncoder().encode(`${this.#spec.license}\0`),
      kern_version: this.#spec.kernVersion,
      attach_btf_id: target,
      ...(withBtf ? info : {}),
    };
    const { logLevel: level = 0, logSize: size = 1 << 20, logFailures } = this.#options;
    if (level === 0 || logFailures === true) {
      const fd = this.#bpf(BPF_CMD.PROG_LOAD, PROG_LOAD, fields);
      if (level === 0 || fd >= 0) return { spec: program, fd, log: '' };
    }
    // One place for the logs of all programs; what was there is of another.
    if (this.#log === 0) this.#log = this.#caller.alloc(size);
    const log = this.#log;
    this.#caller.write(log, new Uint8Array(1));
    const fd = this.#bpf(BPF_CMD.PROG_LOAD, PROG_LOAD, { ...fields, log_level: level, log_size: size, log_buf: log });
    return { spec: program, fd, log: this.#text(log, size) };
  }

  #text(addr: number, size: number): string {
    const bytes = this.#caller.bytes(addr, size);
    const end = bytes.indexOf(0);
    return new TextDecoder('latin1').decode(bytes.subarray(0, end === -1 ? size : end));
  }

  /** Tells an instruction the descriptor or the id that it was read without. */
  #apply(code: Code, program: ProgSpec, fixup: Fixup): void {
    const { insn } = fixup;
    if (fixup.kind === 'map' || fixup.kind === 'map_value') {
      code.setSrc(insn, fixup.kind === 'map' ? BPF_PSEUDO_MAP_FD : BPF_PSEUDO_MAP_VALUE);
      code.setImm(insn, this.#maps.get(fixup.name) ?? -1);
      code.setImm(insn + 1, fixup.offset);
      return;
    }
    const kind = fixup.kind === 'kfunc' ? BTF_KIND.FUNC : BTF_KIND.VAR;
    const vmlinux = this.#kernel.vmlinux;
    const id = vmlinux === undefined ? 0 : vmlinux.find(fixup.name, kind) || vmlinux.find(fixup.name, BTF_KIND.FUNC);
    if (id === 0 && !fixup.weak)
      throw new Errno(ENOENT, `Cannot load ${program.name}: the kernel has no ${fixup.name}`);
    if (fixup.kind === 'kfunc') {
      if (id === 0) code.poison(insn, POISON_KFUNC_IMM);
      else {
        code.setSrc(insn, BPF_PSEUDO_KFUNC_CALL);
        code.setImm(insn, id);
        code.setOff(insn, 0);
      }
      return;
    }
    // An address that is only a number, or that is not there: 0.
    const typed = fixup.kind === 'ksym' && id !== 0;
    code.setSrc(insn, typed ? BPF_PSEUDO_BTF_ID : 0);
    code.setImm(insn, typed ? id : 0);
    code.setImm(insn + 1, 0);
  }

  /** Id of the kernel's type that the program attaches to; 0 when it attaches to none. */
  #attachId(program: ProgSpec): number {
    if (program.attachBtf === undefined || program.target === '') return 0;
    const vmlinux = this.#kernel.vmlinux;
    const [kind, name] = attachName(program.attachBtf, program.target);
    const id = vmlinux?.find(name, kind) ?? 0;
    if (id === 0) throw new Errno(ENOENT, `Cannot load ${program.name}: the kernel's BTF has no ${name}`);
    return id;
  }

  /** Puts maps and programs into the slots that the object gives them. */
  #fillSlots(programs: readonly LoadedProgram[]): void {
    for (const map of this.#spec.maps) {
      for (const [index, name] of map.slots) {
        const fd = this.#maps.get(name) ?? programs.find((program) => program.spec.name === name)?.fd ?? -1;
        if (fd < 0) continue;
        const key = this.#put(Uint8Array.of(index & 0xff, (index >> 8) & 0xff, (index >> 16) & 0xff, index >>> 24));
        const value = this.#put(Uint8Array.of(fd & 0xff, (fd >> 8) & 0xff, (fd >> 16) & 0xff, fd >>> 24));
        const err = this.#bpf(BPF_CMD.MAP_UPDATE_ELEM, ELEM, { map_fd: this.#maps.get(map.name) ?? -1, key, value });
        if (err < 0) this.#fail(`put ${name} into map ${map.name}`, err);
      }
    }
  }
}

/** What the kernel calls the thing that a section names. */
function attachName(how: NonNullable<ProgSpec['attachBtf']>, target: string): readonly [kind: number, name: string] {
  if (how === 'tp_btf') return [BTF_KIND.TYPEDEF, `btf_trace_${target}`];
  if (how === 'lsm') return [BTF_KIND.FUNC, `bpf_lsm_${target}`];
  if (how === 'iter') return [BTF_KIND.FUNC, `bpf_iter_${target}`];
  return [BTF_KIND.FUNC, target];
}
