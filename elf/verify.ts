/**
 * `bpf-emu verify`: each program of an object, whether the kernel would take it, and in
 * one line why not.
 */
import type { Kernel } from '../syscall/kernel.ts';
import { LocalCaller } from '../syscall/local_caller.ts';
import { BPF_PROG_TYPE } from '../uapi/bpf.ts';
import { errnoName, strerror } from '../uapi/errno.ts';
import type { Kconfig } from './externs.ts';
import { type LoadOptions, loadObject } from './load.ts';
import { readObject } from './read.ts';
import type { ObjectSpec } from './spec.ts';

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
  readonly kconfig?: Kconfig;
  /** Where they are loaded; nothing is left in it. */
  readonly kernel: Kernel;
}

/** Verifies all programs of an object. Throws an Errno when the object cannot be read or its maps not be made. */
export function verifyObject(bytes: Uint8Array, options: VerifyOptions): Verdict[] {
  const spec = readObject(bytes, {
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.kconfig === undefined ? {} : { kconfig: options.kconfig }),
    target: options.kernel.vmlinux,
  });
  return verifySpec(spec, options);
}

/** Verifies bare instructions (8 bytes each) as a program of a type. */
export function verifyInsns(insns: Uint8Array, type: number, options: VerifyOptions): Verdict[] {
  const name = options.name ?? 'prog';
  const spec: ObjectSpec = {
    name,
    license: 'GPL',
    kernVersion: 0,
    maps: [],
    btf: new Uint8Array(0),
    programs: [
      {
        name,
        section: '',
        type,
        attachType: 0,
        flags: 0,
        target: '',
        attachBtf: undefined,
        optional: false,
        insns,
        fixups: [],
        funcInfo: new Uint8Array(0),
        funcInfoRecSize: 0,
        lineInfo: new Uint8Array(0),
        lineInfoRecSize: 0,
      },
    ],
  };
  return verifySpec(spec, options);
}

function verifySpec(spec: ObjectSpec, options: VerifyOptions): Verdict[] {
  const caller = new LocalCaller({ memory: 1 << 30 });
  const only = options.only ?? new Set(spec.programs.map((program) => program.name));
  const loaded = loadObject(options.kernel, caller, spec, { logLevel: 1, ...options, only });
  const verdicts = loaded.programs.map(({ spec: program, fd, log }): Verdict => {
    const errno = fd < 0 ? -fd : 0;
    const last = reasonOf(log);
    const isUntyped = program.type === 0 && options.type === undefined;
    const why = isUntyped
      ? `section "${program.section}" names no program type; give one with --type`
      : strerror(errno);
    const refusal = `${errnoName(errno)}: ${last === '' ? why : last}`;
    return {
      program: program.name,
      section: program.section,
      type: typeName(program.type || (options.type ?? 0)),
      accepted: errno === 0,
      errno,
      reason: errno === 0 ? statisticsOf(log) : refusal,
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
