/**
 * OBJ_GET_INFO_BY_FD (`bpf_obj_get_info_by_fd`), and the info of maps and BTF objects.
 * Programs and links have theirs in prog_info.ts and link_info.ts.
 */
import { BpfFile } from '../base/object.ts';
import type { Btf } from '../btf/btf.ts';
import type { BpfMap } from '../maps/map.ts';
import { StructOpsMap } from '../maps/struct_ops.ts';
import { BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { EBADFD, EFAULT, EINVAL, ENOSPC, EPERM } from '../uapi/errno.ts';
import type { Attr } from './attr.ts';
import { arm, char, ptr, u32, u64 } from './attr_layout.ts';
import { INFO } from './attr_table.ts';
import type { Caller } from './caller.ts';
import type { Kernel } from './kernel.ts';
import { sha256 } from './sha.ts';
import { checkTailZero, UserStruct } from './user_struct.ts';

const AT = INFO.at;
const SHA256_SIZE = 32;

/** `struct bpf_map_info`. */
export const MAP_INFO = arm('bpf_map_info', [
  u32('type', 'type of the map'),
  u32('id', 'id'),
  u32('key_size', 'bytes of a key'),
  u32('value_size', 'bytes of a value'),
  u32('max_entries', 'most elements'),
  u32('map_flags', 'creation flags'),
  char('name', 16, 'name'),
  u32('ifindex', 'net device it is offloaded to'),
  u32('btf_vmlinux_value_type_id', 'struct_ops type'),
  u64('netns_dev', 'net namespace of the device'),
  u64('netns_ino', 'net namespace of the device'),
  u32('btf_id', 'BTF of the types'),
  u32('btf_key_type_id', 'type of a key'),
  u32('btf_value_type_id', 'type of a value'),
  u32('btf_vmlinux_id', 'BTF of the struct_ops type'),
  u64('map_extra', 'map_extra'),
  ptr('hash', { dir: 'out', what: 'SHA-256 of the contents', length: { field: 'hash_size' } }),
  u32('hash_size', 'room for it: 32'),
]);

/** `struct bpf_btf_info`. */
export const BTF_INFO = arm('bpf_btf_info', [
  ptr('btf', { dir: 'out', what: 'BTF data', length: { field: 'btf_size' } }),
  u32('btf_size', 'room for the data, then its size', { dir: 'inout' }),
  u32('id', 'id'),
  ptr('name', { dir: 'out', what: 'name', length: { field: 'name_len' } }),
  u32('name_len', 'room for the name, then its length', { dir: 'inout' }),
  u32('kernel_btf', "1: the kernel's own"),
]);

/** Fills the info of one object from what the caller put in: 0, or -errno; -ENOSPC still hands it out. */
export type InfoFiller<T> = (object: T, info: UserStruct, caller: Caller, kernel: Kernel) => number;

/** One kind of object: size of its structure, and who fills it. */
interface InfoKind {
  readonly size: (kernel: Kernel) => number;
  /** Where the bytes begin that must be zero: before the padding at the end; default: at the end. */
  readonly checkFrom?: number;
  readonly fill: InfoFiller<never>;
  /** -ENOSPC is about a buffer beside the structure, which is handed out all the same. */
  readonly noSpaceIsPartial?: boolean;
}

/** Registered by kind; the modules of programs and links add theirs through {@link commandInfo}. */
export type InfoKinds = Readonly<Record<string, InfoKind | undefined>>;

/** Makes the handler of OBJ_GET_INFO_BY_FD for these kinds of objects. */
export function commandInfo(kinds: InfoKinds) {
  return (kernel: Kernel, attr: Attr, caller: Caller): number => {
    const file = caller.fdget(attr.get(AT.bpf_fd));
    if (file === undefined) return -EBADFD;
    const kind = file instanceof BpfFile ? kinds[file.object.kind] : undefined;
    if (!(file instanceof BpfFile) || kind === undefined) return -EINVAL;
    const uinfo = attr.addr(AT.info);
    const given = attr.get(AT.info_len);
    const known = kind.size(kernel);
    const tail = checkTailZero(caller, uinfo, kind.checkFrom ?? known, given);
    if (tail < 0) return tail;
    const length = Math.min(given, known);
    const info = new UserStruct(known);
    const bytes = info.bytes.subarray(0, length);
    if (caller.read(uinfo, bytes) < 0) return -EFAULT;
    const result = kind.fill(file.object as never, info, caller, kernel);
    if (result < 0 && !(result === -ENOSPC && kind.noSpaceIsPartial === true)) return result;
    if (caller.write(uinfo, bytes) < 0 || attr.put(caller, AT.info_len, length) < 0) return -EFAULT;
    return result;
  };
}

/** `bpf_map_get_info_by_fd`. Fields that do not apply keep what the caller had in them. */
export function fillMapInfo(map: BpfMap, info: UserStruct, caller: Caller): number {
  const at = MAP_INFO.at;
  info.setU32(at.type, map.mapType);
  info.setU32(at.id, map.id);
  info.setU32(at.key_size, map.keySize);
  info.setU32(at.value_size, map.valueSize);
  info.setU32(at.max_entries, map.maxEntries);
  info.setU32(at.map_flags, map.mapFlags);
  info.setU64(at.map_extra, map.mapExtra);
  info.setText(at.name, 16, map.name);
  if (map.btf !== undefined) {
    info.setU32(at.btf_id, map.btf.id);
    info.setU32(at.btf_key_type_id, map.btfKeyTypeId);
    info.setU32(at.btf_value_type_id, map.btfValueTypeId);
  }
  info.setU32(at.btf_vmlinux_value_type_id, map.btfVmlinuxValueTypeId);
  if (map instanceof StructOpsMap) info.setU32(at.btf_vmlinux_id, map.layout.btf.id);
  return mapHash(map, info, caller);
}

/** The hash of an array's contents, when asked for; the array must be frozen (`array_map_get_hash`). */
function mapHash(map: BpfMap, info: UserStruct, caller: Caller): number {
  const at = MAP_INFO.at;
  const uhash = info.addr(at.hash);
  if (uhash === 0) return info.u32(at.hash_size) === 0 ? 0 : -EINVAL;
  if (map.mapType !== BPF_MAP_TYPE.ARRAY || info.u32(at.hash_size) !== SHA256_SIZE) return -EINVAL;
  if (!map.frozen) return -EPERM;
  return caller.write(uhash, sha256(arrayContents(map))) < 0 ? -EFAULT : 0;
}

/** The elements of an array with their padding, in order. */
function arrayContents(map: BpfMap): Uint8Array {
  const elemSize = Math.ceil(map.valueSize / 8) * 8;
  const bytes = new Uint8Array(elemSize * map.maxEntries);
  const { arena } = map.env;
  const key = arena.alloc(4);
  for (let index = 0; key !== 0 && index < map.maxEntries; index++) {
    arena.u32[key >> 2] = index;
    const value = map.ops.lookup?.(map, key) ?? 0;
    if (value > 0) bytes.set(arena.u8.subarray(value, value + elemSize), index * elemSize);
  }
  arena.free(key, 4);
  return bytes;
}

/** `btf_get_info_by_fd`. */
export function fillBtfInfo(btf: Btf, info: UserStruct, caller: Caller): number {
  const at = BTF_INFO.at;
  info.setU32(at.id, btf.id);
  const { bytes } = btf;
  const copied = bytes.subarray(0, Math.min(bytes.length, info.u32(at.btf_size)));
  if (caller.write(info.addr(at.btf), copied) < 0) return -EFAULT;
  info.setU32(at.btf_size, bytes.length);
  info.setU32(at.kernel_btf, btf.isKernel ? 1 : 0);
  const uname = info.addr(at.name);
  const room = info.u32(at.name_len);
  if ((uname === 0) !== (room === 0)) return -EINVAL;
  info.setU32(at.name_len, btf.name.length);
  if (uname === 0) return 0;
  const text = new Uint8Array(Math.min(room, btf.name.length + 1));
  for (let i = 0; i < text.length - 1; i++) text[i] = btf.name.charCodeAt(i);
  if (caller.write(uname, text) < 0) return -EFAULT;
  return room < btf.name.length + 1 ? -ENOSPC : 0;
}
