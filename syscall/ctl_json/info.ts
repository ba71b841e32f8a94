/**
 * The info structures of OBJ_GET_INFO_BY_FD as JSON: made ready with room for the
 * lists and names behind their pointers, and shown field by field.
 */
import type { BpfObject } from '../../base/object.ts';
import { BPF_ATTACH_TYPE, BPF_LINK_TYPE, BPF_MAP_TYPE, BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import type { AttrArm, AttrField } from '../attr_layout.ts';
import { BpfLink, LINK_INFO } from '../link.ts';
import type { LocalCaller } from '../local_caller.ts';
import { BTF_INFO, MAP_INFO } from '../obj_info.ts';
import { PROG_INFO } from '../prog_info.ts';
import { hex, symbolName, textOf } from './text.ts';

/** What is shown of one kind of object. */
interface InfoKind {
  readonly arm: AttrArm;
  readonly types?: { readonly prefix: string; readonly values: Readonly<Record<string, number>> };
  /** Pointers that room is made for: the field with the count, and how many records. */
  readonly lists: Readonly<Record<string, { readonly count: string; readonly room: number; readonly each: number }>>;
}

const ATTACH = { prefix: 'BPF_', values: BPF_ATTACH_TYPE };

const KINDS: Readonly<Record<string, InfoKind>> = {
  map: { arm: MAP_INFO, types: { prefix: 'BPF_MAP_TYPE_', values: BPF_MAP_TYPE }, lists: {} },
  prog: {
    arm: PROG_INFO,
    types: { prefix: 'BPF_PROG_TYPE_', values: BPF_PROG_TYPE },
    lists: { map_ids: { count: 'nr_map_ids', room: 64, each: 4 } },
  },
  btf: { arm: BTF_INFO, lists: { name: { count: 'name_len', room: 64, each: 1 } } },
  link: {
    arm: LINK_INFO,
    types: { prefix: 'BPF_LINK_TYPE_', values: BPF_LINK_TYPE },
    lists: {
      'raw_tracepoint.tp_name': { count: 'raw_tracepoint.tp_name_len', room: 128, each: 1 },
      'iter.target_name': { count: 'iter.target_name_len', room: 128, each: 1 },
    },
  },
};

/** The arm of a link's kind: its fields have this in front. */
const LINK_ARMS: Readonly<Record<number, string>> = {
  [BPF_LINK_TYPE.RAW_TRACEPOINT]: 'raw_tracepoint.',
  [BPF_LINK_TYPE.CGROUP]: 'cgroup.',
  [BPF_LINK_TYPE.NETNS]: 'netns.',
  [BPF_LINK_TYPE.TRACING]: 'tracing.',
  [BPF_LINK_TYPE.NETFILTER]: 'netfilter.',
  [BPF_LINK_TYPE.SOCKMAP]: 'sockmap.',
  [BPF_LINK_TYPE.STRUCT_OPS]: 'struct_ops.',
  [BPF_LINK_TYPE.ITER]: 'iter.',
  [BPF_LINK_TYPE.TCX]: 'tcx.',
  [BPF_LINK_TYPE.XDP]: 'xdp.',
};

function fieldOf(arm: AttrArm, name: string): AttrField | undefined {
  return arm.fields.find((field) => field.name === name);
}

/** Whether a field means something for this object. */
function applies(object: BpfObject, field: AttrField): boolean {
  const dot = field.name.indexOf('.');
  if (dot === -1) return true;
  return object instanceof BpfLink && field.name.startsWith(LINK_ARMS[object.linkType] ?? '.');
}

/** Puts pointers and room for what is behind them into an info that will be handed in. */
export function prepareInfo(object: BpfObject | undefined, info: Uint8Array, caller: LocalCaller): void {
  const kind = object === undefined ? undefined : KINDS[object.kind];
  if (kind === undefined || object === undefined) return;
  const view = new DataView(info.buffer, info.byteOffset, info.byteLength);
  for (const [name, list] of Object.entries(kind.lists)) {
    const pointer = fieldOf(kind.arm, name);
    const count = fieldOf(kind.arm, list.count);
    if (pointer === undefined || count === undefined || !applies(object, pointer)) continue;
    if (Math.max(pointer.offset, count.offset) + 8 > info.length) continue;
    const addr = caller.alloc(list.room * list.each);
    if (addr === 0) continue;
    view.setBigUint64(pointer.offset, BigInt(addr), true);
    view.setUint32(count.offset, list.room, true);
  }
}

/** An info structure field by field; its hex when nothing is known of the object. */
export function infoJson(object: BpfObject | undefined, bytes: Uint8Array, caller: LocalCaller): unknown {
  const kind = object === undefined ? undefined : KINDS[object.kind];
  if (kind === undefined || object === undefined) return hex(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out: Record<string, unknown> = {};
  for (const field of kind.arm.fields) {
    if (field.offset + field.size > bytes.length || !applies(object, field)) continue;
    const value = fieldJson(kind, field, view, caller);
    if (value !== undefined) out[field.name.slice(field.name.indexOf('.') + 1)] = value;
  }
  return out;
}

function fieldJson(kind: InfoKind, field: AttrField, view: DataView, caller: LocalCaller): unknown {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + field.offset, field.size);
  if (field.name === 'tag') return hex(bytes);
  if (field.kind === 'char') return textOf(bytes);
  if (field.kind === 'ptr') return listJson(kind, field, view, caller);
  if (field.size === 8) {
    const value = view.getBigUint64(field.offset, true);
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value);
  }
  const value = view.getUint32(field.offset, true);
  if (field.name === 'type' && kind.types !== undefined) return symbolName(kind.types, value);
  return field.name.endsWith('.attach_type') ? symbolName(ATTACH, value) : value;
}

/** What a pointer leads to that room was made for. */
function listJson(kind: InfoKind, field: AttrField, view: DataView, caller: LocalCaller): unknown {
  const list = kind.lists[field.name];
  const count = list === undefined ? undefined : fieldOf(kind.arm, list.count);
  const addr = Number(view.getBigUint64(field.offset, true));
  if (list === undefined || count === undefined || addr === 0) return undefined;
  const length = Math.min(view.getUint32(count.offset, true), list.room);
  const bytes = caller.bytes(addr, length * list.each);
  if (list.each === 1) return textOf(bytes);
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length >> 2 }, (_, i) => words.getUint32(i * 4, true));
}
