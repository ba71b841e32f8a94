/** An emulated kernel for random programs: their verdicts, and runs that are watched. */
import type { Random } from '../../base/env.ts';
import { BASE_HI } from '../../mm/arena.ts';
import { hostClock } from '../../native/host.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { LocalCaller } from '../../syscall/local_caller.ts';
import { BPF_CMD } from '../../uapi/bpf.ts';
import { CAP, CAP_FULL_SET } from '../../uapi/capability.ts';
import { OP_CALL, OP_LDDW, SIZE_BYTES } from '../../vm/insn.ts';
import { encode, FUZZ_MAPS, type FuzzProgram } from './generate.ts';

/** What came of a load. */
export interface Verdict {
  /** 0 or a positive errno. */
  readonly errno: number;
  readonly log: string;
}

const LOG_SIZE = 4 << 20;
const ATTR_SIZE = 168;
const XDP = 6;
/** Bytes of context a program may see: the context and the extension of it that holds its pointers. */
const CONTEXT = 512;
const STACK = 512;
const NO_PERFMON = CAP_FULL_SET & ~((1n << BigInt(CAP.PERFMON)) | (1n << BigInt(CAP.SYS_ADMIN)));
/** Runs of each program. */
const RUNS = 3;

function attrOf(fields: readonly (readonly [offset: number, size: 4 | 8, value: number])[]): Uint8Array {
  const bytes = new Uint8Array(ATTR_SIZE);
  const view = new DataView(bytes.buffer);
  for (const [offset, size, value] of fields) {
    if (size === 8) view.setBigUint64(offset, BigInt(value), true);
    else view.setUint32(offset, value, true);
  }
  return bytes;
}

/** The memory a program may touch, as it comes to know it; programs on one thread of control. */
class Watch {
  readonly #words: FuzzProgram['words'];
  readonly #type: number;
  readonly #spans: (readonly [from: number, to: number])[] = [];
  #data = 0;
  #context = 0;
  #last = -1;
  #lastWasContext = false;
  /** What was wrong first. */
  fault: string | undefined;

  constructor({ words, type }: FuzzProgram) {
    this.#words = words;
    this.#type = type;
  }

  #learn(regs: Int32Array): void {
    const last = this.#words[this.#last];
    if (last === undefined) {
      this.#context = regs[2]! >>> 0;
      this.#spans.push([this.#context, this.#context + CONTEXT]);
    } else if (last[0] === OP_CALL && last[2] === 0 && last[4] === 1 && regs[0] !== 0) {
      // bpf_map_lookup_elem: the map is in the lddw before.
      const map = FUZZ_MAPS.find(({ fd }) => fd === this.#words[this.#last - 2]?.[4]);
      this.#spans.push([regs[0]! >>> 0, (regs[0]! >>> 0) + (map?.value ?? 0)]);
    } else if (this.#lastWasContext) {
      const [data, end] = this.#type === XDP ? [0, 4] : [76, 80];
      const value = regs[2 * last[1]]! >>> 0;
      if (last[3] === data) this.#data = value;
      else if (last[3] === end && this.#data !== 0) this.#spans.push([this.#data, value]);
    }
    const frame = regs[20]! >>> 0;
    if (!this.#spans.some(([, to]) => to === frame)) this.#spans.push([frame - STACK, frame]);
  }

  /** Before instruction `at`. */
  step(at: number, regs: Int32Array): void {
    if (this.fault !== undefined) return;
    this.#learn(regs);
    this.#last = at;
    this.#lastWasContext = false;
    const word = this.#words[at];
    if (word === undefined || word[0] === OP_LDDW) return;
    const [op, dst, src, off] = word;
    const cls = op & 7;
    const isLoad = cls === 1 || ((op & 0xe7) === 0xc3 && word[4] === 0x100);
    if (!isLoad && cls !== 2 && cls !== 3) return;
    const base = isLoad ? src : dst;
    const addr = (regs[2 * base]! >>> 0) + off;
    const size = SIZE_BYTES[op & 0x18] ?? 8;
    const isKernel = regs[2 * base + 1]! >>> 0 === BASE_HI >>> 0;
    this.#lastWasContext = isLoad && regs[2 * base]! >>> 0 === this.#context;
    if (isKernel && this.#spans.some(([from, to]) => addr >= from && addr + size <= to)) return;
    this.fault = `instruction ${at} touches ${size} bytes at 0x${(regs[2 * base + 1]! >>> 0).toString(16)}:${addr.toString(16)}`;
  }
}

/** The emulated kernel, with the maps of {@link FUZZ_MAPS}. */
export class FuzzMachine {
  readonly #kernel: Kernel;
  readonly #caller = new LocalCaller({ memory: 1 << 24 });
  readonly #random: Random;
  readonly #maps = new Map<number, number>();
  /** Exceptions inside the verifier. */
  readonly bugs: unknown[] = [];

  constructor(random: Random) {
    this.#random = random;
    this.#kernel = new Kernel({ cpus: 1, memory: 1 << 28, clock: hostClock(), random, vmlinux: undefined });
    this.#kernel.onBug = (error) => this.bugs.push(error);
    this.#kernel.vm.engine = 'interp';
    for (const { fd, type, key, value, max } of FUZZ_MAPS) {
      const words = [type, key, value, max].map((word, i) => [4 * i, 4, word] as const);
      const result = this.#bpf(BPF_CMD.MAP_CREATE, attrOf(words));
      if (result < 0) throw new Error(`MAP_CREATE: ${result}`);
      this.#maps.set(fd, result);
    }
  }

  #bpf(cmd: number, attr: Uint8Array): number {
    return this.#kernel.bpf(cmd, attr, attr.length, this.#caller.put(attr), this.#caller);
  }

  #load({ type, words }: FuzzProgram, level: number): { fd: number; log: string } {
    this.#caller.reset();
    const insns = encode(words, (fd) => this.#maps.get(fd) ?? -1);
    const log = level === 0 ? 0 : this.#caller.alloc(LOG_SIZE);
    const fd = this.#bpf(
      BPF_CMD.PROG_LOAD,
      attrOf([
        [0, 4, type],
        [4, 4, words.length],
        [8, 8, this.#caller.put(insns)],
        [16, 8, this.#caller.put(Uint8Array.of(0x47, 0x50, 0x4c, 0))],
        [24, 4, level],
        [28, 4, level === 0 ? 0 : LOG_SIZE],
        [32, 8, log],
      ]),
    );
    if (log === 0) return { fd, log: '' };
    const text = Buffer.from(this.#caller.bytes(log, LOG_SIZE));
    return { fd, log: text.subarray(0, text.indexOf(0)).toString('latin1') };
  }

  /** Loads a program, with CAP_PERFMON or without, and unloads it. */
  load(program: FuzzProgram & { readonly perfmon?: boolean }, level: number): Verdict {
    this.#caller.caps = program.perfmon === false ? NO_PERFMON : CAP_FULL_SET;
    const { fd, log } = this.#load(program, level);
    this.#caller.caps = CAP_FULL_SET;
    if (fd >= 0) this.#caller.close(fd);
    return { errno: fd < 0 ? -fd : 0, log };
  }

  /** Runs an accepted program on random packets with the interpreter: what went wrong, or undefined. */
  run(program: FuzzProgram): string | undefined {
    const { fd } = this.#load(program, 0);
    if (fd < 0) return undefined;
    const { vm } = this.#kernel;
    try {
      for (let i = 0; i < RUNS; i++) {
        const watch = new Watch(program);
        vm.hook = (_prog, insn, regs) => watch.step(insn, regs);
        const packet = Uint8Array.from({ length: 14 + (this.#random.u32() % 100) }, () => this.#random.u32() & 255);
        const result = this.#bpf(
          BPF_CMD.PROG_TEST_RUN,
          attrOf([
            [0, 4, fd],
            [8, 4, packet.length],
            [16, 8, this.#caller.put(packet)],
          ]),
        );
        if (watch.fault !== undefined) return watch.fault;
        if (result < 0) return `a run fails: errno ${-result}`;
      }
    } catch (error) {
      return `a run throws: ${error instanceof Error ? error.message : error}`;
    } finally {
      vm.hook = undefined;
      this.#caller.close(fd);
    }
    return undefined;
  }
}
