/** The work of `bpf-emu run`: load an object, run one of its programs, tell what happened. */
import { loadObject } from '../elf/load.ts';
import { readObject } from '../elf/read.ts';
import type { BpfMap } from '../maps/map.ts';
import { LocalCaller } from '../syscall/local_caller.ts';
import type { FieldValue, ProgEvent, ProgOutcome } from '../syscall/prog_run/event.ts';
import { progRunner } from '../syscall/prog_run/index.ts';
import { asCaller } from '../syscall/run_context.ts';
import { EINTR, EINVAL, EIO, ENOENT, Errno, errnoName } from '../uapi/errno.ts';
import { BpfProg } from '../vm/prog.ts';
import { formatTraceLine } from '../vm/task.ts';
import { ProgramAborted } from '../vm/vm.ts';
import { runCapture } from './run_capture.ts';
import { RunClock } from './run_clock.ts';
import type { RunFlags } from './run_flags.ts';
import { traceSteps } from './run_steps.ts';
import { makeKernel } from './server.ts';

/** What there is to do. */
export interface RunJob {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly capture: Uint8Array | undefined;
  readonly flags: RunFlags;
  /** Takes lines of output. */
  write(line: string): void;
}

/** What came of it. */
export interface RunResult {
  /** The packets afterwards, as pcapng; empty without a capture. */
  readonly output: Uint8Array;
}

/** Room for the log of a program that is refused. */
const LOG_SIZE = 64 << 20;

/** Loads the object and runs the program. */
export function runObject(job: RunJob): RunResult {
  const { flags } = job;
  const kernel = makeKernel(flags);
  // The run fails with that message.
  kernel.vm.onBudget = undefined;
  const time = new RunClock(kernel, flags);
  // What the program prints goes beside its results.
  kernel.vm.onTrace = (line) => console.error(formatTraceLine(line));
  const spec = readObject(job.bytes, { name: job.name, target: kernel.vmlinux });
  const wanted = flags.prog === undefined ? spec.programs[0] : spec.programs.find((prog) => prog.name === flags.prog);
  if (wanted === undefined) {
    const names = spec.programs.map((prog) => prog.name).join(', ');
    throw new Errno(ENOENT, `${job.name} has no program ${flags.prog ?? ''}; it has ${names || 'none'}`);
  }
  const caller = new LocalCaller({ memory: 1 << 30 });
  const loaded = loadObject(kernel, caller, spec, {
    logLevel: 1,
    logSize: LOG_SIZE,
    logFailures: true,
    only: new Set([wanted.name]),
  });
  const attempt = loaded.programs.find((prog) => prog.spec === wanted || prog.spec.name === wanted.name);
  if (attempt === undefined || attempt.fd < 0) {
    const reason = attempt?.log.trimEnd() ?? '';
    throw new Errno(
      -(attempt?.fd ?? -EINVAL),
      `Cannot load ${wanted.name}: ${errnoName(attempt?.fd ?? -EINVAL)}\n${reason}`,
    );
  }
  const prog = caller.objectOf(attempt.fd);
  if (!(prog instanceof BpfProg)) throw new Errno(EINVAL, `Cannot run ${wanted.name}`);
  if (flags.step === true) traceSteps(prog, (line) => job.write(line));
  const maps = [...loaded.maps].flatMap(([name, fd]) => {
    const map = caller.objectOf(fd);
    return map?.kind === 'map' ? [{ name, map: map as BpfMap }] : [];
  });
  let mismatch: Error | undefined;
  prog.vm.onMismatch = (error) => {
    mismatch ??= error;
  };
  try {
    const result = asCaller(kernel, prog.vm, caller, () =>
      job.capture === undefined ? runEvent(job, prog, time) : { output: runCapture(job, prog, maps, time) },
    );
    if (mismatch !== undefined) throw new Errno(EIO, mismatch.message);
    return result;
  } catch (error) {
    throw error instanceof ProgramAborted ? new Errno(EINTR, endOf(error)) : error;
  } finally {
    caller.exit();
  }
}

/** Why a run was ended by force, and what to do about it. */
function endOf({ message }: ProgramAborted): string {
  return message.endsWith('(budget)') ? `${message}; --run-budget gives it more` : message;
}

function parseJson(text: string, option: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Errno(EINVAL, `${option}: ${JSON.stringify(text)} is not JSON`);
  }
}

function eventOf(flags: RunFlags): ProgEvent {
  const { data, ctx, args } = flags;
  if (data !== undefined && (/[^0-9a-f\s]/i.test(data) || data.replace(/\s/g, '').length % 2 !== 0)) {
    throw new Errno(EINVAL, '--data: hex digits, two a byte, are wanted');
  }
  return {
    ...(data === undefined ? {} : { data: Uint8Array.from(Buffer.from(data.replace(/\s/g, ''), 'hex')) }),
    ...(ctx === undefined ? {} : { ctx: parseJson(ctx, '--ctx') as Record<string, FieldValue> }),
    ...(args === undefined ? {} : { args: parseJson(args, '--args') as readonly FieldValue[] }),
  };
}

function runEvent(job: RunJob, prog: BpfProg, time: RunClock): RunResult {
  const { flags } = job;
  const runner = progRunner(prog);
  try {
    const event = eventOf(flags);
    let outcome: ProgOutcome = runner.run(event);
    time.ran();
    for (let i = 1; i < flags.repeat; i++) {
      outcome = runner.run(event);
      time.ran();
    }
    const { data, ...rest } = outcome;
    const shown = { ...rest, ...(data === undefined ? {} : { data: Buffer.from(data).toString('hex') }) };
    if (flags.json === true) job.write(JSON.stringify(shown));
    else for (const [name, value] of Object.entries(shown)) job.write(`${name.padEnd(9)} ${textOf(value)}`);
    return { output: new Uint8Array(0) };
  } finally {
    runner.release();
  }
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
