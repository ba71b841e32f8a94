/**
 * A JSON request as the bytes of an attr, with everything its pointers lead to in
 * the memory of a local caller.
 */
import type { BpfMap } from '../../maps/map.ts';
import type { AttrField, Pointee } from '../attr_layout.ts';
import type { CommandAttr } from '../attr_table.ts';
import type { Kernel } from '../kernel.ts';
import type { LocalCaller } from '../local_caller.ts';
import { userValueSize } from '../map_elem.ts';
import { elementBytes, keyShape, type Names, valueBytes } from './elements.ts';
import { prepareInfo } from './info.ts';
import { bytesOf, FieldError, scalar, utf8 } from './text.ts';

/** Where a result will be found. */
export interface Buffer {
  readonly field: AttrField;
  readonly addr: number;
  readonly length: number;
}

/** A request made ready. */
export interface Encoded {
  readonly attr: Uint8Array;
  readonly buffers: readonly Buffer[];
  /** The map the command is about. */
  readonly map: BpfMap | undefined;
}

/** What stands in for fields that a request leaves out, so that the reply has something to show. */
const DEFAULTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  PROG_QUERY: { prog_cnt: 64, prog_ids: true },
  TASK_FD_QUERY: { buf_len: 256, buf: true },
  PROG_STREAM_READ_BY_FD: { stream_buf_len: 4096, stream_buf: true },
  OBJ_GET_INFO_BY_FD: { info_len: 256, info: true },
  MAP_LOOKUP_ELEM: { value: true },
  MAP_LOOKUP_AND_DELETE_ELEM: { value: true },
  MAP_GET_NEXT_KEY: { next_key: true },
  MAP_LOOKUP_BATCH: { count: 64, keys: true, values: true, out_batch: true },
  MAP_LOOKUP_AND_DELETE_BATCH: { count: 64, keys: true, values: true, out_batch: true },
};

/** Room for a log when its level is given and its size is not. */
const LOG_SIZE = 1 << 20;
/** Most bytes of one output. */
const OUTPUT_MAX = 32 << 20;

/** Fields of commands that fill in what they usually take as input. */
const OUTPUT_OF: Readonly<Record<string, readonly string[]>> = {
  MAP_LOOKUP_ELEM: ['value'],
  MAP_LOOKUP_AND_DELETE_ELEM: ['value'],
  MAP_LOOKUP_BATCH: ['keys', 'values'],
  MAP_LOOKUP_AND_DELETE_BATCH: ['keys', 'values'],
  OBJ_GET_INFO_BY_FD: ['info'],
};

/** Makes the attr of a request that its schema has accepted. */
export class Encoder {
  readonly #kernel: Kernel;
  readonly #caller: LocalCaller;
  readonly #command: CommandAttr;
  readonly #request: Record<string, unknown>;
  readonly #names: Names;
  readonly #attr = new Uint8Array(168);
  readonly #view = new DataView(this.#attr.buffer);
  readonly #buffers: Buffer[] = [];
  readonly #values = new Map<string, bigint>();

  constructor(
    kernel: Kernel,
    caller: LocalCaller,
    command: CommandAttr,
    request: Record<string, unknown>,
    names: Names,
  ) {
    this.#kernel = kernel;
    this.#caller = caller;
    this.#command = command;
    this.#request = withDefaults(command, request);
    this.#names = names;
  }

  encode(): Encoded {
    const fields = this.#command.arm.fields.filter((field) => this.#command.fields.includes(field.name));
    const taken = new Map<number, string>();
    for (const field of fields) {
      if (this.#request[field.name] === undefined) continue;
      const other = taken.get(field.offset);
      if (other !== undefined && field.kind !== 'ptr')
        throw new FieldError(field.name, this.#request[field.name], `not to be there together with "${other}"`);
      taken.set(field.offset, field.name);
    }
    for (const field of fields) if (field.kind !== 'ptr') this.#scalarField(field);
    const map = this.#map();
    for (const field of fields) if (field.kind === 'ptr') this.#pointerField(field, map);
    return { attr: this.#attr, buffers: this.#buffers, map };
  }

  #scalarField(field: AttrField): void {
    const value = this.#request[field.name];
    if (value === undefined) return;
    if (field.kind === 'char') {
      const text = utf8(String(value));
      if (text.length > field.size) throw new FieldError(field.name, value, `text of at most ${field.size} bytes`);
      this.#attr.set(text, field.offset);
      return;
    }
    this.#set(field, this.#named(field, value) ?? scalar(field, value));
  }

  /** `$name`: the descriptor, or the id of what it stands for. */
  #named(field: AttrField, value: unknown): bigint | undefined {
    if (typeof value !== 'string' || !value.startsWith('$')) return undefined;
    if (field.fd === undefined && field.id === undefined) return undefined;
    const fd = this.#names(value.slice(1));
    if (fd === undefined) throw new FieldError(field.name, value, 'the name of an open descriptor');
    if (field.fd !== undefined) return BigInt(fd);
    return BigInt(this.#caller.objectOf(fd)?.id ?? 0);
  }

  #set(field: AttrField, value: bigint): void {
    this.#values.set(field.name, value);
    if (field.size === 8) this.#view.setBigUint64(field.offset, BigInt.asUintN(64, value), true);
    else this.#view.setUint32(field.offset, Number(BigInt.asUintN(32, value)), true);
  }

  #map(): BpfMap | undefined {
    const fd = this.#values.get('map_fd');
    const object = fd === undefined ? undefined : this.#caller.objectOf(Number(fd));
    return object?.kind === 'map' ? (object as BpfMap) : undefined;
  }

  #pointerField(field: AttrField, map: BpfMap | undefined): void {
    const { to } = field;
    if (to === undefined) return;
    const value = this.#request[field.name];
    const output = OUTPUT_OF[this.#command.name]?.includes(field.name) === true || to.dir === 'out';
    if (value === undefined && !(output && this.#wantsLog(field))) return;
    if (value === null || value === false) return;
    if (output && (value === true || value === undefined)) {
      this.#room(field, this.#outputLength(field, to, map));
      return;
    }
    const bytes = this.#input(field, to, value, map);
    this.#lengthField(field, to, bytes.length);
    const addr = this.#caller.put(bytes);
    if (addr === 0)
      throw new FieldError(field.name, `${bytes.length} bytes`, 'less: the memory of a request is limited');
    this.#point(field, addr);
    if (output || to.dir === 'inout') this.#buffers.push({ field, addr, length: bytes.length });
  }

  /** A log is made room for when its level is given. */
  #wantsLog(field: AttrField): boolean {
    if (field.name !== 'log_buf' && field.name !== 'btf_log_buf') return false;
    return (this.#values.get(field.name.replace('buf', 'level')) ?? 0n) !== 0n;
  }

  /** Makes room for a result. */
  #room(field: AttrField, length: number): void {
    if (length > OUTPUT_MAX) throw new FieldError(field.name, `${length} bytes`, `at most ${OUTPUT_MAX} bytes`);
    const addr = this.#caller.alloc(length);
    if (addr === 0) throw new FieldError(field.name, `${length} bytes`, 'less: the memory of a request is limited');
    this.#point(field, addr);
    this.#buffers.push({ field, addr, length });
    if (field.name !== 'info') return;
    const info = new Uint8Array(length);
    prepareInfo(this.#caller.objectOf(Number(this.#values.get('bpf_fd') ?? 0n)), info, this.#caller);
    this.#caller.write(addr, info);
  }

  #point(field: AttrField, addr: number): void {
    this.#view.setBigUint64(field.offset, BigInt(addr), true);
  }

  #outputLength(field: AttrField, to: Pointee, map: BpfMap | undefined): number {
    const { length } = to;
    if ('fixed' in length) return length.fixed;
    if ('string' in length) return length.string;
    if ('field' in length) {
      const each = typeof length.each === 'number' ? length.each : 1;
      const given = this.#values.get(length.field);
      if (given === undefined && this.#wantsLog(field)) {
        this.#setByName(length.field, BigInt(LOG_SIZE));
        return LOG_SIZE;
      }
      return Number(given ?? 0n) * each;
    }
    const count = length.count === undefined ? 1 : Number(this.#values.get(length.count) ?? 0n);
    if (map === undefined) return 0;
    const size = length.map === 'value' ? userValueSize(map) : length.map === 'key' ? map.keySize : tokenSize(map);
    return size * count;
  }

  #setByName(name: string, value: bigint): void {
    const field = this.#command.arm.fields.find((candidate) => candidate.name === name);
    if (field !== undefined) this.#set(field, value);
  }

  #input(field: AttrField, to: Pointee, value: unknown, map: BpfMap | undefined): Uint8Array {
    const { length } = to;
    if ('string' in length) {
      if (typeof value !== 'string') throw new FieldError(field.name, value, 'text');
      return utf8(`${value}\0`);
    }
    if ('map' in length) return this.#elements(field, length, value, map);
    if (field.name === 'fd_array' && Array.isArray(value)) return this.#descriptors(value);
    const bytes = bytesOf(value) ?? base64(value);
    if (bytes === undefined)
      throw new FieldError(
        field.name,
        value,
        'bytes as hex text, a list of numbers from 0 to 255, or {"base64": text}',
      );
    return bytes;
  }

  #elements(
    field: AttrField,
    length: { readonly map: 'key' | 'value' | 'token'; readonly count?: string },
    value: unknown,
    map: BpfMap | undefined,
  ): Uint8Array {
    if (map === undefined) {
      // The command will say what is wrong with the descriptor; any bytes do.
      return bytesOf(value) ?? new Uint8Array(8);
    }
    const one = (element: unknown, path: string): Uint8Array => {
      if (length.map === 'value') return valueBytes(map, element, path, this.#names);
      if (length.map === 'token' && tokenSize(map) !== map.keySize)
        return elementBytes({ size: 4, btf: undefined, typeId: 0 }, element, path, this.#names);
      return elementBytes(keyShape(map), element, path, this.#names);
    };
    if (length.count === undefined) return one(value, field.name);
    if (!Array.isArray(value)) throw new FieldError(field.name, value, 'a list with one entry for each element');
    if (this.#values.get(length.count) === undefined) this.#setByName(length.count, BigInt(value.length));
    const parts = value.map((element, i) => one(element, `${field.name}[${i}]`));
    return concat(parts);
  }

  #descriptors(list: readonly unknown[]): Uint8Array {
    return concat(
      list.map((entry, i) =>
        elementBytes({ size: 4, btf: undefined, typeId: 0 }, entry, `fd_array[${i}]`, this.#names),
      ),
    );
  }

  /** Fills in the length of a buffer when the request does not say it. */
  #lengthField(field: AttrField, to: Pointee, bytes: number): void {
    const { length } = to;
    if (!('field' in length) || this.#values.get(length.field) !== undefined) return;
    const each = typeof length.each === 'string' ? Number(this.#values.get(length.each) ?? 0n) : (length.each ?? 1);
    if (each === 0) throw new FieldError(String(length.each), 0, `the size of one record of "${field.name}"`);
    this.#setByName(length.field, BigInt(Math.floor(bytes / each)));
  }

  /** The emulated kernel the request is for. */
  get kernel(): Kernel {
    return this.#kernel;
  }
}

/** Bytes of a batch token. */
export function tokenSize(map: BpfMap): number {
  return map.ops.buckets !== undefined ? 4 : map.keySize;
}

function withDefaults(command: CommandAttr, request: Record<string, unknown>): Record<string, unknown> {
  return { ...DEFAULTS[command.name], ...request };
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** `{"base64": text}`. */
function base64(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'object' || value === null || !('base64' in value)) return undefined;
  const text = value.base64;
  if (typeof text !== 'string' || !/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text)) return undefined;
  try {
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  } catch {
    return undefined;
  }
}
