/**
 * What a command left in the attr and behind its pointers, as JSON.
 */

import type { AttrField } from '../attr_layout.ts';
import type { CommandAttr } from '../attr_table.ts';
import type { LocalCaller } from '../local_caller.ts';
import { elementJson, isPercpu, keyShape, valueHex, valueJson } from './elements.ts';
import { type Buffer, type Encoded, tokenSize } from './encode.ts';
import { infoJson } from './info.ts';
import { flagNames, hex, symbolName, textOf } from './text.ts';

/** Text results. */
const TEXT: ReadonlySet<string> = new Set(['log_buf', 'btf_log_buf', 'buf', 'stream_buf']);

type Reply = Record<string, unknown>;

/** Adds the results of a call to a reply. After an error only what the kernel still stores is shown. */
export function decodeResults(
  reply: Reply,
  command: CommandAttr,
  encoded: Encoded,
  attr: Uint8Array,
  caller: LocalCaller,
  failed: boolean,
): void {
  const view = new DataView(attr.buffer, attr.byteOffset, attr.byteLength);
  for (const name of command.fields) {
    const field = command.arm.fields.find((candidate) => candidate.name === name);
    if (field === undefined || field.dir === 'in' || field.kind === 'ptr') continue;
    if (field.unionWith !== undefined) continue;
    if (failed && !storedOnError(command, field, view)) continue;
    reply[name] = scalarJson(field, view);
  }
  for (const buffer of encoded.buffers) {
    if (failed && !TEXT.has(buffer.field.name) && !command.name.endsWith('_BATCH')) continue;
    bufferJson(reply, command, encoded, buffer, view, caller);
  }
}

/** Fields with a meaning after a failure: log sizes, how far a batch came. */
function storedOnError(command: CommandAttr, field: AttrField, view: DataView): boolean {
  if (field.name.endsWith('log_true_size')) return view.getUint32(field.offset, true) !== 0;
  return field.name === 'count' && command.name.endsWith('_BATCH');
}

function scalarJson(field: AttrField, view: DataView): unknown {
  if (field.size === 8) {
    const value = view.getBigUint64(field.offset, true);
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value);
  }
  const value = field.kind === 's32' ? view.getInt32(field.offset, true) : view.getUint32(field.offset, true);
  if (field.symbols !== undefined) return symbolName(field.symbols, value);
  return field.flags === undefined ? value : flagNames(field.flags, value);
}

function bufferJson(
  reply: Reply,
  command: CommandAttr,
  encoded: Encoded,
  buffer: Buffer,
  view: DataView,
  caller: LocalCaller,
): void {
  const { field } = buffer;
  const bytes = caller.bytes(buffer.addr, buffer.length);
  const length = field.to?.length;
  if (TEXT.has(field.name)) {
    reply[field.name] = textOf(bytes);
    return;
  }
  if (field.name === 'info') {
    reply['info'] = infoJson(
      caller.objectOf(view.getUint32(0, true)),
      bytes.subarray(0, view.getUint32(4, true)),
      caller,
    );
    return;
  }
  if (length === undefined) return;
  if ('map' in length) {
    elementsJson(reply, command, encoded, buffer, bytes, view);
    return;
  }
  if ('field' in length && length.each === 4) {
    reply[field.name] = words(bytes, countOf(command, length.field, view));
    return;
  }
  reply[field.name] = hex('field' in length ? bytes.subarray(0, countOf(command, length.field, view)) : bytes);
}

function countOf(command: CommandAttr, name: string, view: DataView): number {
  const field = command.arm.fields.find((candidate) => candidate.name === name);
  return field === undefined ? 0 : view.getUint32(field.offset, true);
}

function words(bytes: Uint8Array, count: number): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.min(count, bytes.length >> 2) }, (_, i) => view.getUint32(i * 4, true));
}

/** Keys, values and batch tokens. */
function elementsJson(
  reply: Reply,
  command: CommandAttr,
  encoded: Encoded,
  buffer: Buffer,
  bytes: Uint8Array,
  view: DataView,
): void {
  const { map } = encoded;
  const { field } = buffer;
  const length = field.to?.length;
  if (map === undefined || length === undefined || !('map' in length)) return;
  if (length.map === 'token') {
    if (field.name === 'out_batch' && countOf(command, 'count', view) > 0)
      reply[field.name] = hex(bytes.subarray(0, tokenSize(map)));
    return;
  }
  const isValue = length.map === 'value';
  const one = (part: Uint8Array): [unknown, unknown] =>
    isValue ? [valueHex(map, part), valueJson(map, part)] : [hex(part), elementJson(keyShape(map), part)];
  if (length.count === undefined) {
    // Updates and deletes hand nothing back.
    if (command.name === 'MAP_UPDATE_ELEM') return;
    const [plain, json] = one(bytes);
    reply[field.name] = plain;
    if (json !== undefined) reply[`${field.name}_json`] = json;
    return;
  }
  if (!command.name.includes('LOOKUP')) return;
  const count = countOf(command, length.count, view);
  const size =
    isValue && isPercpu(map)
      ? bytes.length / Math.max(encodedCount(encoded, buffer), 1)
      : isValue
        ? map.valueSize
        : map.keySize;
  const parts = Array.from({ length: count }, (_, i) => one(bytes.subarray(i * size, (i + 1) * size)));
  reply[field.name] = parts.map(([plain]) => plain);
  if (parts.some(([, json]) => json !== undefined)) reply[`${field.name}_json`] = parts.map(([, json]) => json);
}

/** How many elements a buffer was made for: the count that was asked. */
function encodedCount(encoded: Encoded, buffer: Buffer): number {
  const { map } = encoded;
  if (map === undefined) return 1;
  const stride = Math.ceil(map.valueSize / 8) * 8 * map.env.nrCpus;
  return stride === 0 ? 1 : buffer.length / stride;
}
