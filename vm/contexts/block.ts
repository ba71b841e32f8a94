/**
 * Context blocks: what r1 of a program points at. The uapi structure comes first, the
 * 64-bit pointers its 32-bit fields stand for lie at CTX_EXT (see vm.ts). The object
 * behind a block (a packet, a socket lookup) is found by the block's address.
 */
import { BASE_HI } from '../../mm/arena.ts';
import { ENOMEM, Errno } from '../../uapi/errno.ts';
import { CTX_EXT, type Vm } from '../vm.ts';

/** Bytes of the extension area: eight pointers. */
const EXT_SIZE = 64;

/** Bytes of a whole block. */
const CTX_BLOCK_SIZE = CTX_EXT + EXT_SIZE;

/** Where a program sent its packet: a device, or a slot of a map. */
export interface Redirect {
  readonly ifindex: number;
  readonly flags: number;
  /** Id of the map, and the key. */
  readonly map?: number;
  readonly index?: number;
}

/** What a context block stands for; helpers find it by the address in r1. */
export abstract class ContextObject {
  readonly vm: Vm;
  /** Address of the block. */
  readonly ctx: number;
  /** The last redirect the program asked for. */
  redirect: Redirect | undefined = undefined;
  /** What stands for it in the kernel's own form, when that was asked for (`contexts/kernel_image.ts`). */
  image: { readonly addr: number; update(): void; release(): void } | undefined = undefined;

  constructor(vm: Vm) {
    this.vm = vm;
    this.ctx = vm.env.arena.alloc(CTX_BLOCK_SIZE);
    if (this.ctx === 0) throw new Errno(ENOMEM, 'No arena memory for a context');
    vm.contexts.set(this.ctx, this);
  }

  /** Zeroes the block. */
  clear(): void {
    this.vm.env.arena.u8.fill(0, this.ctx, this.ctx + CTX_BLOCK_SIZE);
  }

  /** Reads a 32-bit field, unsigned. */
  get32(off: number): number {
    return this.vm.env.arena.u32[(this.ctx + off) >> 2]!;
  }

  /** Writes a 32-bit field. */
  set32(off: number, value: number): void {
    this.vm.env.arena.u32[(this.ctx + off) >> 2] = value;
  }

  /** Writes an 8-byte pointer field that lies in place; 0 is NULL. */
  setPtr(off: number, address: number): void {
    const at = (this.ctx + off) >> 2;
    this.vm.env.arena.i32[at] = address;
    this.vm.env.arena.i32[at + 1] = address === 0 ? 0 : BASE_HI;
  }

  /** Address in an 8-byte pointer field. */
  getPtr(off: number): number {
    return this.vm.env.arena.i32[(this.ctx + off) >> 2]!;
  }

  /** Writes a pointer of the extension area. */
  setExt(off: number, address: number): void {
    this.setPtr(CTX_EXT + off, address);
  }

  /** Gives the block back. */
  release(): void {
    this.image?.release();
    this.vm.contexts.delete(this.ctx);
    this.vm.env.arena.free(this.ctx, CTX_BLOCK_SIZE);
  }
}
