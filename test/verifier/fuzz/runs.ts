/** Accepted programs run by the interpreter, each step compared with what the verifier said. */
import type { Random } from '../../../base/env.ts';
import { BPF_CMD } from '../../../uapi/bpf.ts';
import type { VState } from '../../../vm/verifier/state.ts';
import type { VerifierInput } from '../../../vm/verifier/types.ts';
import { verify } from '../../../vm/verifier/verify.ts';
import { ProgramAborted } from '../../../vm/vm.ts';
import { attrOf, FuzzMachine } from './machine.ts';
import { FUZZ_MAPS, type FuzzProgram, MAP } from './program.ts';
import { Recording, Watch } from './soundness.ts';

/** Program types that run on a packet, and on a context of numbers. */
const ON_PACKET = new Set([1, 3, 4, 6, 8, 12, 14]);
const ON_NUMBERS = new Set([17]);
const RUNS = 3;
/** Most instructions that are processed where all paths are walked. */
const MOST_PROCESSED = 3_000;
/** The same where they are not. */
const LONG = 60_000;
const RAW_TP_ARGS = 12;

/** Whether programs of a type can be run here. */
export function isRunnable(type: number): boolean {
  return ON_PACKET.has(type) || ON_NUMBERS.has(type);
}

/** What came of running a program. */
export interface RunResult {
  /** It could be run. */
  readonly ran: boolean;
  /** All states were at hand. */
  readonly complete: boolean;
  /** Steps that were compared with a state. */
  readonly compared: number;
  readonly fault: string | undefined;
}

const NOT_RUN: RunResult = { ran: false, complete: false, compared: 0, fault: undefined };

/** A machine that records what the verifier sees. */
export class WatchedMachine extends FuzzMachine {
  #recording: Recording | undefined;
  readonly #whole: boolean;
  /** Changes a state before the verifier goes on with it: a verifier that is wrong. */
  readonly #corrupt: ((state: VState, insnIdx: number) => void) | undefined;

  /** Without `whole` only memory accesses are watched. */
  constructor(random: Random, corrupt?: (state: VState, insnIdx: number) => void, whole = true) {
    super(random, (input) => this.#verify(input));
    this.#whole = whole;
    this.#corrupt = corrupt;
    this.random = random;
    this.#fillMaps();
  }

  readonly random: Random;

  #verify(input: VerifierInput): ReturnType<typeof verify> {
    const recording = this.#recording;
    if (recording === undefined) return verify(input);
    const corrupt = this.#corrupt;
    return verify({
      ...input,
      exhaustive: recording.exhaustive,
      profile: { ...input.profile, maxProcessedInsns: recording.exhaustive ? MOST_PROCESSED : LONG },
      observe: (state, insnIdx, live) => {
        corrupt?.(state, insnIdx);
        recording.observe(state, insnIdx, live);
      },
    });
  }

  #bytes(size: number): Uint8Array {
    return Uint8Array.from({ length: size }, () => (this.random.u32() % 3 === 0 ? 0 : this.random.u32() & 255));
  }

  /** Values that are not all zero. */
  #fillMaps(): void {
    for (const map of FUZZ_MAPS) {
      if (![MAP.ARRAY, MAP.HASH, MAP.BIG].includes(map.fd as 1)) continue;
      for (let key = 0; key < map.max; key++) {
        this.caller.reset();
        const keyBytes = new Uint8Array(map.key);
        keyBytes[0] = key;
        this.bpf(
          BPF_CMD.MAP_UPDATE_ELEM,
          attrOf([
            [0, 4, this.mapFd(map.fd)],
            [8, 8, this.caller.put(keyBytes)],
            [16, 8, this.caller.put(this.#bytes(map.value))],
          ]),
        );
      }
    }
  }

  #openRecorded(program: FuzzProgram, recording: Recording): { fd: number } {
    this.#recording = recording;
    try {
      return this.open(program, 0);
    } finally {
      this.#recording = undefined;
    }
  }

  /** Loads a program with all its states kept and runs it on random input. */
  runWatched(program: FuzzProgram): RunResult {
    if (!isRunnable(program.type)) return NOT_RUN;
    let recording = new Recording(this.#whole);
    let { fd } = this.#openRecorded(program, recording);
    if (fd < 0 || recording.overflow) {
      // Too many paths to walk them all: the memory alone is watched.
      if (fd >= 0) this.caller.close(fd);
      recording = new Recording(false);
      ({ fd } = this.#openRecorded(program, recording));
    }
    if (fd < 0) return NOT_RUN;
    let compared = 0;
    const { vm } = this.kernel;
    try {
      for (let i = 0; i < RUNS; i++) {
        let watch: Watch | undefined;
        vm.hook = (_prog, insn, regs) => {
          watch ??= new Watch(program.words, recording, regs[2]! >>> 0, () => this.kernel.arena.view);
          watch.step(insn, regs);
        };
        let result = 0;
        try {
          result = this.#testRun(program.type, fd);
        } catch (error) {
          if (!(error instanceof ProgramAborted)) throw error;
        }
        compared += watch?.compared ?? 0;
        if (watch?.fault !== undefined) return { ran: true, complete: recording.whole, compared, fault: watch.fault };
        if (result < 0) return NOT_RUN;
      }
    } catch (error) {
      const fault = `a run throws: ${error instanceof Error ? error.stack : error}`;
      return { ran: true, complete: recording.whole, compared, fault };
    } finally {
      vm.hook = undefined;
      this.caller.close(fd);
    }
    return { ran: true, complete: recording.whole, compared, fault: undefined };
  }

  #testRun(type: number, fd: number): number {
    this.caller.reset();
    if (ON_NUMBERS.has(type)) {
      const ctx = this.#bytes(8 * RAW_TP_ARGS);
      return this.bpf(
        BPF_CMD.PROG_TEST_RUN,
        attrOf([
          [0, 4, fd],
          [40, 4, ctx.length],
          [48, 8, this.caller.put(ctx)],
        ]),
      );
    }
    const packet = this.#bytes(14 + (this.random.u32() % 120));
    return this.bpf(
      BPF_CMD.PROG_TEST_RUN,
      attrOf([
        [0, 4, fd],
        [8, 4, packet.length],
        [16, 8, this.caller.put(packet)],
      ]),
    );
  }
}
