/** Runs text cases: at the emulator, and at this machine's kernel when it may be asked. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../../base/env.ts';
import { BTF_KIND } from '../../btf/btf.ts';
import { builtinTypes, hostClock, hostTypes } from '../../native/host.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { LocalCaller } from '../../syscall/local_caller.ts';
import { BPF_CMD } from '../../uapi/bpf.ts';
import { ERRNO_TABLE } from '../../uapi/errno.ts';
import { noKernelBpf } from '../kernel_bpf.ts';
import {
  CaseCompiler,
  type KernelIds,
  lastMessage,
  lineMatches,
  maskLog,
  missingPost,
  type Op,
  parseCases,
  type TextCase,
} from './textcase.ts';

const FOLDER = new URL('../../../test/verifier/cases/', import.meta.url);
const SCRIPT = fileURLToPath(new URL('../../../test/verifier/kernel_load.py', import.meta.url));

/** What calls answered: one number each, up to the first that failed, and the log of the last load. */
export interface Answer {
  readonly rets: readonly number[];
  readonly log: string;
}

/** Files of cases, by name. */
export function caseFiles(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.txt'))
    .sort();
}

/** Path of a file of cases. */
export function casePath(file: string): string {
  return fileURLToPath(new URL(file, FOLDER));
}

/** Cases of a file. */
export function readCases(file: string): TextCase[] {
  return parseCases(readFileSync(new URL(file, FOLDER), 'utf8'));
}

/** Messages that have no case, from the list of them with reasons. */
export function unsaidMessages(): string[] {
  const lines = readFileSync(new URL('unsaid.def', FOLDER), 'utf8').split('\n');
  return lines.filter((line) => line.startsWith('  ')).map((line) => line.trim());
}

/** The kernel that the cases were recorded with: places of fields and stable fixes are its. */
const RECORDED = '6.18.44';

/** Why this machine's kernel cannot be asked, or undefined. */
export function noKernel(): string | undefined {
  if (process.env['CASES_KERNEL'] === '0') return 'CASES_KERNEL=0';
  if (!release().startsWith(RECORDED)) return `this kernel is ${release()}, not ${RECORDED}`;
  // The calls have the ids of its types.
  if (hostTypes() === undefined) return 'the kernel does not tell its types';
  return noKernelBpf();
}

/** The emulated kernel for text cases. */
export class CaseMachine {
  readonly #kernel: Kernel;
  readonly #caller = new LocalCaller({ memory: 1 << 24 });
  /** Exceptions inside the verifier. */
  readonly bugs: unknown[] = [];
  readonly compiler: CaseCompiler;

  constructor() {
    const host = release().startsWith(RECORDED) ? hostTypes() : undefined;
    this.#kernel = new Kernel({
      cpus: 2,
      memory: 1 << 28,
      clock: hostClock(),
      random: seededRandom(1),
      vmlinux: (host ?? builtinTypes()).bytes,
    });
    this.#kernel.vm.engine = 'interp';
    this.#kernel.onBug = (error) => this.bugs.push(error);
    const presets = parseCases(readFileSync(new URL('maps.def', FOLDER), 'utf8'));
    this.compiler = new CaseCompiler(presets, this.#ids);
  }

  readonly #ids: KernelIds = (what, name) => {
    const kinds = {
      func: [BTF_KIND.FUNC],
      var: [BTF_KIND.VAR],
      any: [BTF_KIND.FUNC, BTF_KIND.TYPEDEF, BTF_KIND.STRUCT],
    }[what];
    if (/^\d+$/.test(name)) return Number(name);
    for (const kind of kinds) {
      const id = this.#kernel.vmlinux?.find(name, kind) ?? 0;
      if (id > 0) return id;
    }
    throw new Error(`the kernel has no ${name}`);
  };

  /** Makes the calls, up to the first that fails. */
  run(ops: readonly Op[]): Answer {
    const rets: number[] = [];
    const caller = this.#caller;
    let logText = '';
    for (const op of ops) {
      caller.reset();
      const attr = op.attr.slice();
      const view = new DataView(attr.buffer);
      const data = op.data.map(({ bytes }) => bytes.slice());
      for (const fd of op.fds) {
        const into = fd.data === undefined ? view : new DataView(data[fd.data]!.buffer);
        into.setInt32(fd.at, rets[fd.op]!, true);
      }
      op.data.forEach(({ at }, i) => {
        if (at >= 0) view.setBigUint64(at, BigInt(caller.put(data[i]!)), true);
      });
      let log = 0;
      if (op.log !== undefined && view.getUint32(op.log.at - 8, true) !== 0) {
        log = caller.alloc(op.log.size);
        view.setBigUint64(op.log.at, BigInt(log), true);
      }
      caller.caps = op.caps;
      const ret = this.#kernel.bpf(op.cmd, attr, attr.length, caller.put(attr), caller);
      if (log !== 0) {
        const bytes = Buffer.from(caller.bytes(log, op.log!.size));
        logText = bytes.subarray(0, bytes.indexOf(0)).toString('latin1');
      }
      rets.push(ret);
      if (ret < 0) break;
    }
    rets.forEach((ret, i) => {
      if (ret >= 0 && MAKES_FD.has(ops[i]!.cmd)) caller.close(ret);
    });
    return { rets, log: logText };
  }
}

const MAKES_FD: ReadonlySet<number> = new Set([BPF_CMD.MAP_CREATE, BPF_CMD.PROG_LOAD, BPF_CMD.BTF_LOAD]);

/** Makes the calls of many cases at this machine's kernel. */
export function askKernel(cases: readonly (readonly Op[])[]): Answer[] {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const input = cases.map((ops) =>
    JSON.stringify({
      ops: ops.map((op) => ({
        cmd: op.cmd,
        attr: hex(op.attr),
        data: op.data.map(({ at, bytes }) => [at, hex(bytes)]),
        fds: op.fds.map(({ data, at, op: number }) => [data ?? -1, at, number]),
        caps: Number(op.caps),
        ...(op.log === undefined ? {} : { log: op.log.at }),
      })),
    }),
  );
  const run = spawnSync('python3', [SCRIPT], { input: input.join('\n'), encoding: 'utf8', maxBuffer: 1 << 30 });
  if (run.status !== 0) throw new Error(`the kernel cannot be asked: ${run.error?.message ?? run.stderr.trim()}`);
  return run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);
}

/** What a load answered, as a case writes it. */
export function errnoName(ret: number): string {
  if (ret >= 0) return '0';
  return Object.entries(ERRNO_TABLE).find(([, [number]]) => number === -ret)?.[0] ?? `${-ret}`;
}

/** How an answer differs from what a case says, or undefined. */
export function differs(test: TextCase, ops: readonly Op[], answer: Answer): string | undefined {
  const ret = answer.rets[answer.rets.length - 1]!;
  if (answer.rets.length < ops.length)
    return `call ${answer.rets.length - 1} of the preparation fails: ${errnoName(ret)}`;
  const errno = test.words.get('errno')?.[0];
  if (errno !== errnoName(ret)) return `errno is ${errnoName(ret)}, not ${errno}; "${lastMessage(answer.log)}"`;
  const log = maskLog(answer.log);
  const message = test.words.get('message')?.[0];
  const last = lastMessage(log);
  if (message !== undefined && !lineMatches(message, last.trim().replace(/\s+/g, ' ')))
    return `message is "${last}", not "${message}"`;
  const missing = missingPost(test, log);
  return missing === undefined ? undefined : `"${missing}" is not in the log`;
}
