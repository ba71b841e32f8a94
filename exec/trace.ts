/**
 * `--trace`: one line a call of bpf(2), as strace(1) would print it, decoded by the
 * attr table, with the names of objects and the bytes that pointers lead to:
 *
 *   4711 bpf(BPF_MAP_UPDATE_ELEM, {map_fd=3<map 1 "m">, key="01000000", value="0200"}, 32) = 0 <0.000021>
 *
 * `--trace-json` prints the same as one JSON object a line.
 */
import { BpfFile } from '../base/object.ts';
import { BpfMap } from '../maps/map.ts';
import type { AttrField, Pointee, Symbols } from '../syscall/attr_layout.ts';
import { COMMAND_ATTRS, type CommandAttr } from '../syscall/attr_table.ts';
import { BPF_CMD } from '../uapi/bpf.ts';
import { errnoName, strerror } from '../uapi/errno.ts';
import { commandName } from './fault.ts';
import type { ObservedCall, Observer } from './observer.ts';

/** Bytes shown of what a pointer leads to. */
const BYTES_SHOWN = 64;
const TEXT_SHOWN = 256;
/** Commands whose `inout` buffers are results. */
const READERS: ReadonlySet<number> = new Set([
  BPF_CMD.MAP_LOOKUP_ELEM,
  BPF_CMD.MAP_LOOKUP_AND_DELETE_ELEM,
  BPF_CMD.MAP_LOOKUP_BATCH,
  BPF_CMD.MAP_LOOKUP_AND_DELETE_BATCH,
  BPF_CMD.OBJ_GET_INFO_BY_FD,
]);

/** A decoded field: as text, and as a JSON value. */
interface Decoded {
  readonly name: string;
  readonly text: string;
  readonly json: unknown;
}

/** Prints each call when it has ended. */
export class CallTracer implements Observer {
  readonly #print: (line: string) => void;
  readonly #now: () => number;
  readonly #json: boolean;
  /** Of the calls that have not ended: one that takes long is overtaken by others. */
  readonly #entered = new WeakMap<ObservedCall, { readonly inputs: readonly Decoded[]; readonly start: number }>();

  /** `now`: a clock in nanoseconds. */
  constructor(print: (line: string) => void, now: () => number, json = false) {
    this.#print = print;
    this.#now = now;
    this.#json = json;
  }

  enter(call: ObservedCall): number {
    this.#entered.set(call, { inputs: new CallDecoder(call).inputs(), start: this.#now() });
    return 0;
  }

  exit(call: ObservedCall, result: number): void {
    const now = this.#now();
    const { inputs, start } = this.#entered.get(call) ?? { inputs: [], start: now };
    const took = now - start;
    const decoder = new CallDecoder(call);
    const outputs = result < 0 ? decoder.log() : decoder.outputs();
    const target = COMMAND_ATTRS[call.cmd]?.returns !== undefined && result >= 0 ? decoder.object(result) : undefined;
    this.#print(
      this.#json
        ? jsonLine(call, inputs, outputs, result, target, took)
        : textLine(call, inputs, outputs, result, target, took),
    );
  }
}

function textLine(
  call: ObservedCall,
  inputs: readonly Decoded[],
  outputs: readonly Decoded[],
  result: number,
  target: string | undefined,
  took: number,
): string {
  const attr = call.bytes === undefined ? hex(call.uaddr) : `{${list(inputs)}}`;
  const back = outputs.length > 0 ? ` => {${list(outputs)}}` : '';
  const value =
    result < 0
      ? `-1 ${errnoName(result)} (${strerror(result)})`
      : `${result}${target === undefined ? '' : `<${target}>`}`;
  return `${call.caller.tid} bpf(${commandName(call.cmd)}, ${attr}, ${call.size})${back} = ${value} <${(took / 1e9).toFixed(6)}>`;
}

function jsonLine(
  call: ObservedCall,
  inputs: readonly Decoded[],
  outputs: readonly Decoded[],
  result: number,
  target: string | undefined,
  took: number,
): string {
  return JSON.stringify({
    tid: call.caller.tid,
    cmd: commandName(call.cmd),
    attr: call.bytes === undefined ? null : Object.fromEntries(inputs.map(({ name, json }) => [name, json])),
    size: call.size,
    out: Object.fromEntries(outputs.map(({ name, json }) => [name, json])),
    ret: result < 0 ? -1 : result,
    ...(result < 0 ? { errno: errnoName(result) } : {}),
    ...(target === undefined ? {} : { object: target }),
    us: Math.round(took / 10) / 100,
  });
}

function list(fields: readonly Decoded[]): string {
  return fields.map(({ name, text }) => `${name}=${text}`).join(', ');
}

/** Reads the fields of one call. */
class CallDecoder {
  readonly #call: ObservedCall;
  readonly #command: CommandAttr | undefined;
  readonly #view: DataView;

  constructor(call: ObservedCall) {
    this.#call = call;
    this.#command = COMMAND_ATTRS[call.cmd];
    const attr = new Uint8Array(256);
    const { bytes } = call;
    if (bytes !== undefined) attr.set(bytes.subarray(0, Math.min(call.size, bytes.length, attr.length)));
    this.#view = new DataView(attr.buffer);
  }

  /** What the caller gave: fields that are not zero, and the first one always. */
  inputs(): Decoded[] {
    const found: Decoded[] = [];
    let covered = 0;
    for (const [index, field] of this.#fields().entries()) {
      if (field.dir === 'out' || field.offset >= this.#call.size) continue;
      if (index > 0 && this.#isZero(field)) continue;
      // A union: what lies where another field has been shown says the same again.
      if (field.unionWith !== undefined && field.offset < covered) continue;
      covered = Math.max(covered, field.offset + field.size);
      found.push(this.#field(field));
    }
    return found;
  }

  /** What the kernel gave back. */
  outputs(): Decoded[] {
    const found: Decoded[] = [];
    for (const field of this.#fields()) {
      if (field.dir !== 'in') {
        const value = this.#stored(field);
        if (value !== undefined) found.push(value);
      }
      // An info structure: its bytes say less than the object's name before.
      if (field.name === 'info') continue;
      if (field.to !== undefined && this.#isOut(field.to) && !this.#isZero(field)) {
        const value = this.#pointee(field, field.to);
        if (value !== undefined) found.push({ name: field.name, ...value });
      }
    }
    return found;
  }

  /** The log of a load that failed: its last line says why. */
  log(): Decoded[] {
    const field = this.#fields().find(({ name }) => name === 'log_buf' || name === 'btf_log_buf');
    if (field?.to === undefined || this.#isZero(field)) return [];
    const bytes = this.#read(this.#addr(field), Math.min(this.#length(field.to), 1 << 16));
    const text = bytes === undefined ? '' : untilNul(bytes);
    if (text === '') return [];
    const lines = text.trimEnd().split('\n');
    const last =
      lines.filter((line) => !line.startsWith('processed ') && !line.startsWith('verification time')).pop() ?? '';
    return [{ name: field.name, text: JSON.stringify(last.slice(0, TEXT_SHOWN)), json: text }];
  }

  /** What a descriptor of the caller is: `map 1 "m"`. */
  object(fd: number): string | undefined {
    const file = this.#call.caller.fdget(fd);
    if (file === undefined) return undefined;
    if (!(file instanceof BpfFile)) return file.what;
    const { object } = file;
    const name = 'name' in object && typeof object.name === 'string' && object.name !== '' ? ` "${object.name}"` : '';
    return `${object.kind} ${object.id}${name}`;
  }

  #fields(): AttrField[] {
    const command = this.#command;
    return command === undefined ? [] : command.arm.fields.filter(({ name }) => command.fields.includes(name));
  }

  #isOut(to: Pointee): boolean {
    return to.dir === 'out' || (to.dir === 'inout' && READERS.has(this.#call.cmd));
  }

  #isZero(field: AttrField): boolean {
    for (let i = 0; i < field.size; i++) if (this.#view.getUint8(field.offset + i) !== 0) return false;
    return true;
  }

  #field(field: AttrField): Decoded {
    const { name } = field;
    if (field.kind === 'char') {
      const text = untilNul(new Uint8Array(this.#view.buffer, field.offset, field.size));
      return { name, text: JSON.stringify(text), json: text };
    }
    if (field.kind === 'ptr') return this.#pointer(field);
    return { name, ...this.#number(field, this.#view) };
  }

  #number(field: AttrField, view: DataView): Omit<Decoded, 'name'> {
    if (field.kind === 'u64' || field.kind === 'ptr') {
      const value = view.getBigUint64(field.offset, true);
      if (field.flags !== undefined && value < 2n ** 32n) return flagNames(field.flags, Number(value));
      return { text: `${value}`, json: value < 2n ** 53n ? Number(value) : `${value}` };
    }
    const value = field.kind === 's32' ? view.getInt32(field.offset, true) : view.getUint32(field.offset, true);
    if (field.fd !== undefined) {
      const object = this.object(value | 0);
      return { text: `${value | 0}${object === undefined ? '' : `<${object}>`}`, json: value | 0 };
    }
    if (field.flags !== undefined) return flagNames(field.flags, value);
    if (field.symbols !== undefined) return symbolName(field.symbols, value);
    return { text: `${value}`, json: value };
  }

  /** A pointer: the bytes it leads to where the caller has put them there, else the address. */
  #pointer(field: AttrField): Decoded {
    const address = hex(this.#addr(field));
    const plain = { name: field.name, text: address, json: address };
    if (field.to === undefined || this.#isOut(field.to) || this.#isZero(field)) return plain;
    if ('field' in field.to.length && field.to.length.each !== undefined) {
      // Records (instructions, line info): how many says more than their bytes.
      return { ...plain, text: `${address}[${this.#value(field.to.length.field)}]` };
    }
    const value = this.#pointee(field, field.to);
    return value === undefined ? plain : { name: field.name, ...value };
  }

  #pointee(field: AttrField, to: Pointee): Omit<Decoded, 'name'> | undefined {
    const length = this.#length(to);
    if (length === 0) return undefined;
    const isText = 'string' in to.length || field.name === 'log_buf' || field.name === 'btf_log_buf';
    const bytes = this.#read(this.#addr(field), Math.min(length, isText ? TEXT_SHOWN : BYTES_SHOWN));
    if (bytes === undefined) return undefined;
    if (isText) {
      const text = untilNul(bytes);
      return { text: JSON.stringify(text), json: text };
    }
    const text = Buffer.from(bytes).toString('hex');
    return { text: `"${text}"${length > BYTES_SHOWN ? '...' : ''}`, json: text };
  }

  #length(to: Pointee): number {
    const { length } = to;
    if ('string' in length) return length.string;
    if ('fixed' in length) return length.fixed;
    if ('field' in length) {
      const each = typeof length.each === 'string' ? this.#value(length.each) : (length.each ?? 1);
      return this.#value(length.field) * each;
    }
    const file = this.#call.caller.fdget(this.#value('map_fd') | 0);
    if (!(file instanceof BpfFile) || !(file.object instanceof BpfMap)) return 0;
    const map = file.object;
    const count = length.count === undefined ? 1 : this.#stored32(length.count);
    if (length.map === 'key') return map.keySize * count;
    if (length.map === 'token') return Math.max(4, map.keySize);
    return (map.ops.userValueSize?.(map) ?? map.valueSize) * count;
  }

  #value(name: string): number {
    const field = this.#fields().find((other) => other.name === name);
    return field === undefined ? 0 : this.#view.getUint32(field.offset, true);
  }

  /** A field as it is in the caller's memory now. */
  #stored32(name: string): number {
    const field = this.#fields().find((other) => other.name === name);
    if (field === undefined || field.offset + 4 > this.#call.size) return 0;
    const bytes = this.#read(this.#call.uaddr + field.offset, 4);
    return bytes === undefined ? 0 : new DataView(bytes.buffer).getUint32(0, true);
  }

  #stored(field: AttrField): Decoded | undefined {
    if (field.kind === 'ptr' || field.kind === 'char') return undefined;
    // Behind a short attr lies memory of the caller's that is none of it.
    if (field.offset + field.size > this.#call.size) return undefined;
    const bytes = this.#read(this.#call.uaddr + field.offset, field.size);
    if (bytes === undefined) return undefined;
    const whole = new Uint8Array(256);
    whole.set(bytes, field.offset);
    return { name: field.name, ...this.#number(field, new DataView(whole.buffer)) };
  }

  #addr(field: AttrField): number {
    return this.#view.getUint32(field.offset, true) + this.#view.getUint32(field.offset + 4, true) * 2 ** 32;
  }

  /** Caller memory; a page at a time, since a text may end before an unmapped one. */
  #read(addr: number, size: number): Uint8Array | undefined {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; ) {
      const part = bytes.subarray(at, at + Math.min(size - at, 4096 - ((addr + at) % 4096)));
      if (this.#call.caller.read(addr + at, part) < 0) return at === 0 ? undefined : bytes.subarray(0, at);
      at += part.length;
    }
    return bytes;
  }
}

function untilNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('latin1');
}

function hex(address: number): string {
  return address === 0 ? 'NULL' : `0x${address.toString(16)}`;
}

function symbolName({ prefix, values }: Symbols, value: number): Omit<Decoded, 'name'> {
  const name = Object.keys(values).find((key) => values[key] === value);
  const text = name === undefined ? `${value}` : `${prefix}${name}`;
  return { text, json: name === undefined ? value : text };
}

function flagNames({ prefix, values }: Symbols, value: number): Omit<Decoded, 'name'> {
  const names: string[] = [];
  let rest = value;
  for (const [name, bit] of Object.entries(values)) {
    if (bit === 0 || (rest & bit) !== bit) continue;
    names.push(`${prefix}${name}`);
    rest &= ~bit;
  }
  if (rest !== 0) names.push(`0x${(rest >>> 0).toString(16)}`);
  const zero = Object.keys(values).find((key) => values[key] === 0);
  const text = names.length > 0 ? names.join('|') : zero === undefined ? '0' : `${prefix}${zero}`;
  return { text, json: text };
}
