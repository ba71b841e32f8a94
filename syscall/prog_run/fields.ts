/** Context fields by name: from the caller's values into memory, and back. */
import type { Arena } from '../../mm/arena.ts';
import { EINVAL, Errno } from '../../uapi/errno.ts';
import type { FieldValue } from './event.ts';

/** Where a field lies. */
export interface FieldPlace {
  readonly name: string;
  readonly off: number;
  readonly size: number;
}

/** A field that may be an array: its elements in order. */
type Group = readonly FieldPlace[];

/** The fields of a structure by name; `cb[0]`, `cb[1]`, … become one field `cb`. */
export class FieldTable {
  readonly #groups = new Map<string, FieldPlace[]>();

  constructor(fields: readonly FieldPlace[]) {
    for (const field of fields) {
      const name = field.name.replace(/\[\d\]$/, '');
      const group = this.#groups.get(name);
      if (group === undefined) this.#groups.set(name, [field]);
      else group.push(field);
    }
  }

  /** Writes values to the structure at `base`. Throws Errno naming the field that is wrong. */
  write(arena: Arena, base: number, values: Readonly<Record<string, FieldValue>>): void {
    for (const [name, value] of Object.entries(values)) {
      const group = this.#groups.get(name);
      if (group === undefined) {
        throw new Errno(
          EINVAL,
          `ctx.${name}: there is no such field; there are ${[...this.#groups.keys()].join(', ')}`,
        );
      }
      writeGroup(arena, base, name, group, value);
    }
  }

  /** The fields that are not zero. */
  read(arena: Arena, base: number): Record<string, string | number | readonly number[]> {
    const found: Record<string, string | number | readonly number[]> = {};
    for (const [name, group] of this.#groups) {
      const values = group.map((field) => readField(arena, base, field));
      if (values.every((value) => value === 0n)) continue;
      if (group.length > 1) found[name] = values.map(Number);
      else {
        const value = values[0] as bigint;
        found[name] = value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : `0x${value.toString(16)}`;
      }
    }
    return found;
  }
}

function writeGroup(arena: Arena, base: number, name: string, group: Group, value: FieldValue): void {
  const first = group[0] as FieldPlace;
  const address = typeof value === 'string' ? parseAddress(value) : undefined;
  if (address !== undefined) {
    if (address.length !== group.length * first.size) {
      throw new Errno(
        EINVAL,
        `ctx.${name}: ${JSON.stringify(value)} has ${address.length} bytes, ${group.length * first.size} are wanted`,
      );
    }
    arena.u8.set(address, base + first.off);
    return;
  }
  const values = Array.isArray(value) ? (value as readonly FieldValue[]) : [value];
  if (values.length > group.length) {
    throw new Errno(EINVAL, `ctx.${name}: ${values.length} values found, at most ${group.length} are wanted`);
  }
  values.forEach((one, index) => {
    writeField(arena, base, group[index] as FieldPlace, toBigInt(one, `ctx.${name}`));
  });
}

function writeField(arena: Arena, base: number, field: FieldPlace, value: bigint): void {
  const at = base + field.off;
  for (let i = 0; i < field.size; i++) arena.u8[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
}

function readField(arena: Arena, base: number, field: FieldPlace): bigint {
  let value = 0n;
  for (let i = field.size - 1; i >= 0; i--) value = (value << 8n) | BigInt(arena.u8[base + field.off + i] as number);
  return value;
}

/** A number from what JSON can say; throws Errno with the name of the field. */
export function toBigInt(value: FieldValue, name: string): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?(0x[0-9a-f]+|[0-9]+)$/i.test(value)) {
    return value.startsWith('-') ? -BigInt(value.slice(1)) : BigInt(value);
  }
  throw new Errno(EINVAL, `${name}: ${JSON.stringify(value)} found, a whole number (or its text) is wanted`);
}

/** The bytes of an IPv4 or IPv6 address in its usual text; undefined: it is none. */
export function parseAddress(text: string): Uint8Array | undefined {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(text)) {
    const bytes = text.split('.').map(Number);
    return bytes.every((byte) => byte < 256) ? Uint8Array.from(bytes) : undefined;
  }
  if (!text.includes(':')) return undefined;
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return undefined;
  const parse = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const left = parse(head);
  const right = tail === undefined ? [] : parse(tail);
  const gap = 8 - left.length - right.length;
  if (tail === undefined ? gap !== 0 : gap < 1) return undefined;
  const words = [...left, ...Array.from({ length: tail === undefined ? 0 : gap }, () => '0'), ...right];
  if (!words.every((word) => /^[0-9a-f]{1,4}$/i.test(word))) return undefined;
  return Uint8Array.from(words.flatMap((word) => [Number.parseInt(word, 16) >>> 8, Number.parseInt(word, 16) & 0xff]));
}
