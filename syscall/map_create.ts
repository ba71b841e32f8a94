/**
 * MAP_CREATE (`map_create`, kernel/bpf/syscall.c; order of the checks recorded in
 * the golden sequences create/order).
 */
import { mapOps } from '../maps/index.ts';
import type { BpfMap, MapCreateAttr } from '../maps/map.ts';
import { BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { CAP } from '../uapi/capability.ts';
import { EACCES, EFAULT, EINVAL, ENOTSUP, EPERM } from '../uapi/errno.ts';
import { freeMapField } from '../vm/map_fields.ts';
import { type Attr, objName } from './attr.ts';
import { MAP_CREATE } from './attr_table.ts';
import type { Caller } from './caller.ts';
import { btfOf, capable, fileMode, mapOf, tokenOf } from './fd.ts';
import { securityMapCreate } from './hooks.ts';
import type { Kernel } from './kernel.ts';
import { mapCheckBtf } from './map_btf.ts';
import { newMapFd } from './new_fd.ts';

const AT = MAP_CREATE.at;
const SHA256_SIZE = 32;
const NUMA_NO_NODE = -1;
const LOOPBACK = 1;
const T = BPF_MAP_TYPE;

/** What a caller needs to create a map of each type; BTF-free types not listed need CAP_BPF only. */
const NET_ADMIN_TYPES: ReadonlySet<number> = new Set([T.SOCKMAP, T.SOCKHASH, T.DEVMAP, T.DEVMAP_HASH, T.XSKMAP]);

/** Types that can be offloaded to a net device: they ask for the device. */
const OFFLOAD_TYPES: ReadonlySet<number> = new Set([T.ARRAY, T.HASH]);

/** Runs the command: the new descriptor, or -errno. */
export function mapCreate(kernel: Kernel, attr: Attr, caller: Caller): number {
  const given = attr.get(AT.map_flags);
  const flags = given & ~BPF_F_MAP.TOKEN_FD;
  const mapType = attr.get(AT.map_type);
  const keyTypeId = attr.get(AT.btf_key_type_id);
  const valueTypeId = attr.get(AT.btf_value_type_id);
  const vmlinuxTypeId = attr.get(AT.btf_vmlinux_value_type_id);
  const mapExtra = attr.getBig(AT.map_extra);

  if (vmlinuxTypeId !== 0) {
    if (mapType !== T.STRUCT_OPS || keyTypeId !== 0 || valueTypeId !== 0) return -EINVAL;
  } else if (keyTypeId !== 0 && valueTypeId === 0) return -EINVAL;
  if (mapType !== T.BLOOM_FILTER && mapType !== T.ARENA && mapExtra !== 0n) return -EINVAL;
  const mode = fileMode(flags);
  if (mode < 0) return mode;
  // One node, and NUMA_NO_NODE may be named too.
  const numaNode = (flags & BPF_F_MAP.NUMA_NODE) !== 0 ? attr.getSigned(AT.numa_node) : NUMA_NO_NODE;
  if (numaNode !== NUMA_NO_NODE && numaNode !== 0) return -EINVAL;

  const ops = mapType < kernel.profile.nrMapTypes ? mapOps(mapType) : undefined;
  if (ops === undefined) return -EINVAL;
  const create: MapCreateAttr = {
    mapType,
    keySize: attr.get(AT.key_size),
    valueSize: attr.get(AT.value_size),
    maxEntries: attr.get(AT.max_entries),
    mapFlags: flags,
    numaNode,
    mapExtra,
    innerMap: mapOf(caller, attr.get(AT.inner_map_fd)),
    btfKeyTypeId: keyTypeId,
    btfValueTypeId: valueTypeId,
    btfVmlinuxValueTypeId: vmlinuxTypeId,
    vmlinux: kernel.vmlinux,
  };
  const checked = ops.allocCheck?.(create, kernel, caller) ?? 0;
  if (checked < 0) return checked;
  const ifindex = attr.get(AT.map_ifindex);
  if ((given & BPF_F_MAP.TOKEN_FD) !== 0) return tokenOf(caller, attr.get(AT.map_token_fd));
  if (kernel.profile.unprivilegedBpfDisabled !== 0 && !capable(caller, CAP.BPF)) return -EPERM;
  if (NET_ADMIN_TYPES.has(mapType) && !capable(caller, CAP.NET_ADMIN)) return -EPERM;
  if (ifindex !== 0) return offload(mapType, ifindex, caller);

  const map = ops.alloc(create, kernel, caller);
  if (typeof map === 'number') return map;
  const result = finishMap(kernel, attr, caller, map) || securityMapCreate(kernel, map, attr);
  if (result !== 0) {
    map.putUser();
    return result;
  }
  // A program may come to the map by way of another.
  if (map.record !== undefined) map.freeField = freeFields(kernel);
  kernel.maps.add(map);
  map.publishId();
  return newMapFd(kernel, caller, map, mode);
}

/** Frees special fields of values; only programs put anything there, so without a machine there is nothing. */
function freeFields(kernel: Kernel): NonNullable<BpfMap['freeField']> {
  let free: ReturnType<typeof freeMapField> | undefined;
  return (map, field, at) => {
    if (!kernel.hasVm) return;
    free ??= freeMapField(kernel.vm);
    free(map, field, at);
  };
}

/** A map on a net device (`bpf_map_offload_map_alloc`): loopback is the only device, and it takes none. */
function offload(mapType: number, ifindex: number, caller: Caller): number {
  if (!caller.hasCap(CAP.SYS_ADMIN)) return -EPERM;
  return OFFLOAD_TYPES.has(mapType) && ifindex === LOOPBACK ? -ENOTSUP : -EINVAL;
}

/** What is checked once the map exists: name, BTF, exclusive program. */
function finishMap(kernel: Kernel, attr: Attr, caller: Caller, map: BpfMap): number {
  const name = objName(attr.u8, AT.map_name, 16);
  if (typeof name === 'number') return name;
  map.name = name;

  const keyTypeId = attr.get(AT.btf_key_type_id);
  const valueTypeId = attr.get(AT.btf_value_type_id);
  const vmlinuxTypeId = attr.get(AT.btf_vmlinux_value_type_id);
  if (keyTypeId !== 0 || valueTypeId !== 0 || vmlinuxTypeId !== 0) {
    const btf = btfOf(caller, attr.get(AT.btf_fd));
    if (typeof btf === 'number') return btf;
    if (btf.isKernel) return -EACCES;
    btf.get();
    map.btf = btf;
    if (valueTypeId !== 0) {
      const error = mapCheckBtf(map, btf, keyTypeId, valueTypeId, caller, kernel.vmlinux);
      if (error < 0) return error;
    }
    map.btfKeyTypeId = keyTypeId;
    map.btfValueTypeId = valueTypeId;
    map.btfVmlinuxValueTypeId = vmlinuxTypeId;
  }

  const hash = attr.addr(AT.excl_prog_hash);
  const hashSize = attr.get(AT.excl_prog_hash_size);
  if (hash === 0) return hashSize === 0 ? 0 : -EINVAL;
  if (hashSize !== SHA256_SIZE) return -EINVAL;
  const bytes = new Uint8Array(SHA256_SIZE);
  if (caller.read(hash, bytes) < 0) return -EFAULT;
  map.exclProgHash = bytes;
  return 0;
}
