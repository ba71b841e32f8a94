/**
 * Structures of the kernel as programs read them through BTF pointers (`struct
 * task_struct`, `struct bpf_prog`, …): blocks of the arena laid out by the kernel's own
 * BTF, with the fields that mean something here filled in and all others zero.
 */
import { BTF_KIND, type Btf } from '../btf/btf.ts';
import { BASE_HI } from '../mm/arena.ts';
import type { VmHost } from './vm.ts';

/** Where a field lies in its structure. */
export interface FieldSpot {
  readonly offset: number;
  /** Bytes of the field, or of the integer that holds a bitfield. */
  readonly size: number;
  /** First bit and width of a bitfield in bits from {@link offset}; width 0: none. */
  readonly bit: number;
  readonly bits: number;
}

const spots = new WeakMap<Btf, Map<string, FieldSpot | undefined>>();

/**
 * The place of a field by its path (`aux`, `kn.id`), looked for in unnamed members too;
 * undefined when the structure of this kernel has none.
 */
function fieldSpot(btf: Btf, struct: string, path: string): FieldSpot | undefined {
  let known = spots.get(btf);
  if (known === undefined) {
    known = new Map();
    spots.set(btf, known);
  }
  const key = `${struct}.${path}`;
  if (!known.has(key)) known.set(key, findSpot(btf, struct, path));
  return known.get(key);
}

function findSpot(btf: Btf, struct: string, path: string): FieldSpot | undefined {
  let type = btf.find(struct, BTF_KIND.STRUCT);
  let base = 0;
  let spot: FieldSpot | undefined;
  for (const name of path.split('.')) {
    const found = memberOf(btf, type, name, 0);
    if (found === undefined) return undefined;
    type = btf.skipModifiers(found.type);
    const size = btf.typeIdSize(type)?.size ?? 0;
    const bit = base + found.bitOffset;
    spot =
      found.bits === 0
        ? { offset: bit >> 3, size, bit: 0, bits: 0 }
        : { offset: bit >> 3, size, bit: bit & 7, bits: found.bits };
    base = bit;
  }
  return spot;
}

interface FoundMember {
  readonly type: number;
  readonly bitOffset: number;
  readonly bits: number;
}

function memberOf(btf: Btf, id: number, name: string, depth: number): FoundMember | undefined {
  const type = btf.type(id);
  if (type === undefined || (type.kind !== BTF_KIND.STRUCT && type.kind !== BTF_KIND.UNION) || depth > 8)
    return undefined;
  for (const member of type.members) {
    if (member.name === name) return { type: member.type, bitOffset: member.bitOffset, bits: member.bitfieldSize };
    if (member.name !== '') continue;
    const inner = memberOf(btf, btf.skipModifiers(member.type), name, depth + 1);
    if (inner !== undefined) return { ...inner, bitOffset: member.bitOffset + inner.bitOffset };
  }
  return undefined;
}

/** One structure in the arena. Fields that the BTF does not have are left out without a word. */
export class Image {
  readonly addr: number;
  readonly size: number;
  readonly #env: VmHost;
  readonly #struct: string;

  /** A view of `size` bytes at `addr` as a structure of this name. */
  constructor(env: VmHost, struct: string, addr: number, size: number) {
    this.#env = env;
    this.#struct = struct;
    this.addr = addr;
    this.size = size;
  }

  #at(path: string): FieldSpot | undefined {
    const { vmlinux } = this.#env;
    const spot = vmlinux === undefined ? undefined : fieldSpot(vmlinux, this.#struct, path);
    return spot !== undefined && this.addr !== 0 && spot.offset + spot.size <= this.size ? spot : undefined;
  }

  /** Address of a field, or 0. */
  field(path: string): number {
    const spot = this.#at(path);
    return spot === undefined ? 0 : this.addr + spot.offset;
  }

  /** Stores a number in a field of 1, 2, 4 or 8 bytes or a bitfield. */
  set(path: string, value: number | bigint | boolean): this {
    const spot = this.#at(path);
    if (spot === undefined) return this;
    const { view } = this.#env.arena;
    const at = this.addr + spot.offset;
    const bits = BigInt(value);
    if (spot.bits > 0 && spot.bits + spot.bit <= 32) {
      const mask = ((1n << BigInt(spot.bits)) - 1n) << BigInt(spot.bit);
      const old = BigInt(view.getUint32(at, true));
      view.setUint32(at, Number((old & ~mask) | ((bits << BigInt(spot.bit)) & mask)), true);
    } else if (spot.size === 8) view.setBigUint64(at, BigInt.asUintN(64, bits), true);
    else if (spot.size === 4) view.setUint32(at, Number(BigInt.asUintN(32, bits)), true);
    else if (spot.size === 2) view.setUint16(at, Number(BigInt.asUintN(16, bits)), true);
    else if (spot.size === 1) view.setUint8(at, Number(BigInt.asUintN(8, bits)));
    return this;
  }

  /** Stores a pointer to an address of the arena; 0 is NULL. */
  ptr(path: string, address: number): this {
    return this.set(path, address === 0 ? 0n : (BigInt(BASE_HI) << 32n) | BigInt(address));
  }

  /** Stores a pointer at an offset, for arrays of them. */
  ptrAt(offset: number, address: number): void {
    this.#env.arena.view.setBigUint64(this.addr + offset, (BigInt(BASE_HI) << 32n) | BigInt(address), true);
  }

  /** Stores text in a character array, cut to leave room for its NUL. */
  text(path: string, text: string): this {
    const spot = this.#at(path);
    if (spot === undefined || spot.size === 0) return this;
    this.bytes(
      path,
      Uint8Array.from(text.slice(0, spot.size - 1), (char) => char.charCodeAt(0)),
    );
    return this;
  }

  /** Stores bytes in an array field, as far as they fit. */
  bytes(path: string, bytes: Uint8Array): this {
    const spot = this.#at(path);
    if (spot !== undefined) this.#env.arena.u8.set(bytes.subarray(0, spot.size), this.addr + spot.offset);
    return this;
  }
}

/** Structures that are made together and freed together. */
export class Images {
  readonly env: VmHost;
  readonly #blocks: { readonly addr: number; readonly size: number }[] = [];

  constructor(env: VmHost) {
    this.env = env;
  }

  /** A zeroed block, or 0 when there is no memory. */
  block(size: number): number {
    const addr = this.env.arena.alloc(size);
    if (addr !== 0) this.#blocks.push({ addr, size });
    return addr;
  }

  /** A zeroed structure; its address is 0 when there is no memory or no such structure in the kernel's BTF. */
  make(struct: string): Image {
    const { vmlinux } = this.env;
    const size = vmlinux?.type(vmlinux.find(struct, BTF_KIND.STRUCT))?.size ?? 0;
    return new Image(this.env, struct, size === 0 ? 0 : this.block(size), size);
  }

  /** Text with its NUL in a block of its own. */
  text(text: string): number {
    const addr = this.block(text.length + 1);
    if (addr !== 0) for (let i = 0; i < text.length; i++) this.env.arena.u8[addr + i] = text.charCodeAt(i);
    return addr;
  }

  /** Bytes in a block of their own. */
  copy(bytes: Uint8Array): number {
    const addr = this.block(bytes.length);
    if (addr !== 0) this.env.arena.u8.set(bytes, addr);
    return addr;
  }

  /** Frees all of them. */
  free(): void {
    for (const { addr, size } of this.#blocks) this.env.arena.free(addr, size);
    this.#blocks.length = 0;
  }
}
