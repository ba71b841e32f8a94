/**
 * Reading an iterator (`bpf_seq_read`, kernel/bpf/bpf_iter.c): the program is run for
 * one object after the other and writes text into a buffer of 32 KiB, from which the
 * reader gets its bytes. Whole records are gathered until the reader's size is reached;
 * what it does not take is kept for the next read.
 */
import type { BpfProgBase } from '../../base/prog.ts';
import { BASE_HI } from '../../mm/arena.ts';
import { E2BIG, EAGAIN, EINTR, ENOMEM } from '../../uapi/errno.ts';
import { Image, Images } from '../../vm/images.ts';
import type { BpfProg } from '../../vm/prog.ts';
import type { CurrentTask, SeqFile } from '../../vm/task.ts';
import { ALONE_MS, ProgramAborted, SERVE_EVERY_MS } from '../../vm/vm.ts';
import type { Kernel } from '../kernel.ts';
import type { IterAux, IterObjects, IterRun, IterTarget } from './target.ts';

/** Size of the buffer (`PAGE_SIZE << 3`). */
const BUFFER_SIZE = 32768;
/** Objects after which a read ends (`MAX_ITER_OBJECTS`). */
const MAX_OBJECTS = 1_000_000;
/** Objects between two looks whether others wait. */
const REST_OBJECTS = 16;
/** Words of a context: meta and what the target adds. */
const CTX_WORDS = 8;
const SEQ_SIZE = 256;

/** The text of an iterator (`struct seq_file`): full buffers are noticed by whoever writes. */
class IterBuffer implements SeqFile {
  readonly bytes = new Uint8Array(BUFFER_SIZE);
  count = 0;
  from = 0;

  write(bytes: Uint8Array): boolean {
    if (this.count + bytes.length < BUFFER_SIZE) {
      this.bytes.set(bytes, this.count);
      this.count += bytes.length;
      return true;
    }
    this.count = BUFFER_SIZE;
    return false;
  }

  get overflowed(): boolean {
    return this.count === BUFFER_SIZE;
  }
}

/** Who reads: the task the program runs in. */
export type IterTask = Partial<CurrentTask>;

/** One open iterator. */
export class IterReader implements IterRun {
  readonly images: Images;
  readonly #kernel: Kernel;
  readonly #prog: BpfProgBase;
  readonly #objects: IterObjects;
  readonly #sessionId: bigint;
  #buffer: IterBuffer | undefined;
  /** Addresses of the context, of `struct bpf_iter_meta` and of the seq_file; 0 before the first read. */
  #ctx = 0;
  #meta = 0;
  #seq = 0;
  readonly #fixed: Images;
  #seqNum = 0n;
  #doneStop = false;
  #task: IterTask = {};
  #restAt = 0;

  /** Takes a reference of the program; what the target walks over is opened by it. */
  constructor(kernel: Kernel, prog: BpfProgBase, target: IterTarget, aux: IterAux) {
    this.#kernel = kernel;
    this.#prog = prog;
    prog.get();
    this.images = new Images(kernel.vm.env);
    this.#fixed = new Images(kernel.vm.env);
    this.#objects = target.open(kernel, aux);
    this.#sessionId = ++kernel.iterSessions;
  }

  /** Reads into `out`: how many bytes, 0 at the end, or -errno. */
  read(out: Uint8Array, task: IterTask = {}): number {
    this.#buffer ??= new IterBuffer();
    const buffer = this.#buffer;
    if (buffer.count > 0) return this.#take(out);
    if (!this.#prepare()) return -ENOMEM;
    this.#task = task;
    buffer.from = 0;
    const error = this.#gather(buffer, out.length);
    this.#kernel.vm.seqFiles.delete(this.#seq);
    return error < 0 ? error : this.#take(out);
  }

  /** Everything that is left, up to the first read that fails. */
  readAll(task: IterTask = {}): Uint8Array {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const part = new Uint8Array(BUFFER_SIZE);
      const count = this.read(part, task);
      if (count <= 0) break;
      parts.push(part.subarray(0, count));
      length += count;
    }
    const all = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  #take(out: Uint8Array): number {
    const buffer = this.#buffer as IterBuffer;
    const length = Math.min(buffer.count, out.length);
    out.set(buffer.bytes.subarray(buffer.from, buffer.from + length));
    buffer.from += length;
    buffer.count -= length;
    return length;
  }

  #prepare(): boolean {
    if (this.#ctx === 0) {
      this.#ctx = this.#fixed.block(CTX_WORDS * 8);
      this.#meta = this.#fixed.block(24);
      this.#seq = this.#fixed.block(SEQ_SIZE);
    }
    return this.#ctx !== 0 && this.#meta !== 0 && this.#seq !== 0;
  }

  /** Runs from the current object until the buffer has enough: 0 or -errno. */
  #gather(buffer: IterBuffer, wanted: number): number {
    const objects = this.#objects;
    this.#restAt = this.#kernel.vm.now() + ALONE_MS;
    let found = objects.start();
    if (found < 0) {
      objects.stop?.();
      return found;
    }
    if (found > 0) {
      let result = objects.show(this, false);
      if (result > 0) {
        this.#seqNum--;
        buffer.count = 0;
      } else if (result < 0 || buffer.overflowed) {
        buffer.count = 0;
        objects.stop?.();
        return result < 0 ? result : -E2BIG;
      }
      for (let shown = 1; ; shown++) {
        if (shown % REST_OBJECTS === 0) this.#rest();
        const before = buffer.count;
        found = objects.next();
        if (found <= 0) break;
        this.#seqNum++;
        if (buffer.count >= wanted) break;
        if (shown >= MAX_OBJECTS) {
          if (before !== 0) break;
          objects.stop?.();
          return -EAGAIN;
        }
        result = objects.show(this, false);
        if (result > 0) {
          this.#seqNum--;
          buffer.count = before;
        } else if (result < 0 || buffer.overflowed) {
          buffer.count = before;
          if (before !== 0) break;
          objects.stop?.();
          return result < 0 ? result : -E2BIG;
        }
      }
    }
    return found > 0 ? this.#paused() : this.#atEnd(buffer, found);
  }

  /** A read may go over a million objects: others are served between them. */
  #rest(): void {
    const { vm } = this.#kernel;
    if (vm.now() < this.#restAt) return;
    vm.serveOthers();
    this.#restAt = vm.now() + SERVE_EVERY_MS;
  }

  #paused(): number {
    this.#objects.stop?.();
    return 0;
  }

  /** The program is told of the end once: with NULL in place of an object. */
  #atEnd(buffer: IterBuffer, found: number): number {
    const before = buffer.count;
    if (!this.#doneStop) this.#objects.show(this, true);
    this.#objects.stop?.();
    if (found < 0) return found;
    if (!buffer.overflowed) this.#doneStop = true;
    else {
      buffer.count = before;
      if (before === 0) return -E2BIG;
    }
    return 0;
  }

  // --- IterRun: what a target gives the program ---

  ptr(index: number, address: number): void {
    const { view } = this.#kernel.arena;
    view.setInt32(this.#ctx + 8 + index * 8, address, true);
    view.setInt32(this.#ctx + 12 + index * 8, address === 0 ? 0 : BASE_HI, true);
  }

  u32(index: number, value: number): void {
    const { view } = this.#kernel.arena;
    view.setUint32(this.#ctx + 8 + index * 8, value, true);
    view.setUint32(this.#ctx + 12 + index * 8, 0, true);
  }

  call(): number {
    const { vm, arena } = this.#kernel;
    const buffer = this.#buffer as IterBuffer;
    const { view } = arena;
    view.setInt32(this.#ctx, this.#meta, true);
    view.setInt32(this.#ctx + 4, BASE_HI, true);
    view.setInt32(this.#meta, this.#seq, true);
    view.setInt32(this.#meta + 4, BASE_HI, true);
    view.setBigUint64(this.#meta + 8, this.#sessionId, true);
    view.setBigUint64(this.#meta + 16, BigInt.asUintN(64, this.#seqNum), true);
    new Image(vm.env, 'seq_file', this.#seq, SEQ_SIZE).set('size', BUFFER_SIZE).set('count', buffer.count);
    vm.seqFiles.set(this.#seq, buffer);
    const outer = vm.task;
    vm.task = { ...outer, ...this.#task };
    try {
      // A program returns 0, or 1 to see the same object again (`bpf_iter_run_prog`).
      return (this.#prog as BpfProg).run(this.#ctx) === 0 ? 0 : -EAGAIN;
    } catch (error) {
      if (!(error instanceof ProgramAborted)) throw error;
      return -EINTR;
    } finally {
      vm.task = outer;
      vm.kernelObjects.clear();
      this.images.free();
    }
  }

  /** Ends the iterator. */
  close(): void {
    this.#objects.close?.();
    this.images.free();
    this.#fixed.free();
    this.#prog.put();
  }
}
