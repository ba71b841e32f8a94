/**
 * `bpf-emu verify`: each program of an object, whether the kernel would take it, and in
 * one line why not.
 */
import { Kernel, type KernelOptions } from '../syscall/kernel.ts';
import { LocalCaller } from '../syscall/local_caller.ts';
import { BPF_PROG_TYPE } from '../uapi/bpf.ts';
import { errnoName, strerror } from '../uapi/errno.ts';
import { type LoadOptions, loadObject } from './load.ts';
import { readObject } from './read.ts';

/** The verdict on one program. */
export interface Verdict {
  readonly program: string;
  readonly section: string;
  /** `SOCKET_FILTER`, …; `UNSPEC` when the section says none. */
  readonly type: string;
  readonly accepted: boolean;
  /** 0, or the error number. */
  readonly errno: number;
  /** Why it was refused, in one line; the statistics line of the log when it was not. */
  readonly reason: string;
  readonly log: string;
}

/** What an object is verified with. */
export interface VerifyOptions extends LoadOptions {
  readonly name?: string;
  readonly kernel: KernelOptions;
}

/** Verifies all programs of an object. Throws an Errno when the object cannot be read or its maps not be made. */
export function verifyObject(bytes: Uint8Array, options: VerifyOptions): Verdict[] {
  const kernel = new Kernel(options.kernel);
  const name = options.name === undefined ? {} : { name: options.name };
  const spec = readObject(bytes, { ...name, target: kernel.vmlinux });
  const caller = new LocalCaller({ memory: 1 << 30 });
  const only = options.only ?? new Set(spec.programs.map((program) => program.name));
  const loaded = loadObject(kernel, caller, spec, { logLevel: 1, ...options, only });
  const verdicts = loaded.programs.map(({ spec, fd, log }) => {
    const errno = fd < 0 ? -fd : 0;
    const last = reasonOf(log);
    const reason = errno === 0 ? statisticsOf(log) : `${errnoName(errno)}: ${last === '' ? strerror(errno) : last}`;
    return {
      program: spec.name,
      section: spec.section,
      type: typeName(spec.type),
      accepted: errno === 0,
      errno,
      reason,
      log,
    };
  });
  caller.exit();
  return verdicts;
}

/** The statistics at the end of a log: `processed … insns …`. */
function statisticsOf(log: string): string {
  return log.split('\n').findLast((line) => line.startsWith('processed ')) ?? '';
}

/** The line of a log that says what was decided: the last one before the statistics. */
export function reasonOf(log: string): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  const statistics = /^(processed \d+ insns|verification time|stack depth|insns processed)/;
  return lines.filter((line) => !statistics.test(line)).at(-1) ?? '';
}

function typeName(type: number): string {
  return Object.entries(BPF_PROG_TYPE).find(([, value]) => value === type)?.[0] ?? String(type);
}
