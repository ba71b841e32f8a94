/**
 * One engine with one program, in a thread of its own: V8 compiles for what a thread has
 * seen, and a process of ours has one emulated kernel. With two of them the interpreter's
 * memory is no constant any more, which costs it up to twice the time.
 */
import { Worker, workerData } from 'node:worker_threads';
import type { EngineName } from '../../vm/prog.ts';
import { load } from './machine.ts';
import type { BenchObject } from './object.ts';
import { benchPacket } from './programs.ts';

/** What the thread is given. */
interface EngineJob {
  readonly object: BenchObject;
  readonly engine: EngineName;
  readonly shared: SharedArrayBuffer;
}

/** The first word: whose turn it is. */
const TURN = { MINE: 0, THREAD: 1 } as const;
/** Numbers behind it; `RUNS` of 0 ends the thread. */
const NUMBER = { RUNS: 1, NS: 2, RESULT: 3 } as const;

/** Milliseconds after which a thread counts as ended: it cannot say so while this one waits. */
const RUN_MAX_MS = 60_000;

/** Starts a thread; what is returned runs the program there: CPU nanoseconds of so many runs, and the last result. */
export function startEngine(object: BenchObject, engine: EngineName): (runs: number) => { ns: number; result: number } {
  const shared = new SharedArrayBuffer(32);
  const turn = new Int32Array(shared, 0, 1);
  const numbers = new Float64Array(shared);
  const job: EngineJob = { object, engine, shared };
  new Worker(new URL(import.meta.url), { workerData: job });
  return (runs) => {
    numbers[NUMBER.RUNS] = runs;
    Atomics.store(turn, 0, TURN.THREAD);
    Atomics.notify(turn, 0);
    if (runs > 0 && Atomics.wait(turn, 0, TURN.THREAD, RUN_MAX_MS) === 'timed-out')
      throw new Error(`The thread of the engine ${engine} does not answer`);
    return { ns: numbers[NUMBER.NS]!, result: numbers[NUMBER.RESULT]! };
  };
}

function serve({ object, engine, shared }: EngineJob): void {
  const turn = new Int32Array(shared, 0, 1);
  const numbers = new Float64Array(shared);
  const { prog, ctx } = load(object, engine, benchPacket());
  for (;;) {
    Atomics.wait(turn, 0, TURN.MINE);
    const runs = numbers[NUMBER.RUNS]!;
    if (runs === 0) return;
    const begin = process.cpuUsage();
    const result = prog.runRepeat(ctx, runs);
    const { user, system } = process.cpuUsage(begin);
    numbers[NUMBER.NS] = (user + system) * 1000;
    numbers[NUMBER.RESULT] = result;
    Atomics.store(turn, 0, TURN.MINE);
    Atomics.notify(turn, 0);
  }
}

if (workerData !== null) serve(workerData as EngineJob);
