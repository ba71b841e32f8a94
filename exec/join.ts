/**
 * `bpf-emu exec --mount DIR`: the command joins the emulated kernel of a running
 * server, so that what it pins is seen by all who look at the mount.
 *
 * The client starts the launcher, which binds DIR over /sys/fs/bpf in a mount
 * namespace of its own, and names the launcher's listener to the server by one JSON
 * line on the control file, `{"cmd":"EMU_EXEC","pid":PID,"fd":N}`; the server copies the
 * descriptor (pidfd_getfd(2)) and answers the command's calls from then on.
 */
import { closeSync, fstat, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ask, openControl } from '../fs/ctl_client.ts';
import type { SessionCommand } from '../syscall/ctl_json/session.ts';
import { EINVAL, EPERM, Errno, ESRCH } from '../uapi/errno.ts';
import { isEach, parseFault } from './fault.ts';
import { launch, takeDescriptor } from './launch.ts';
import type { ExecNative } from './native.ts';
import { EXIT_CANNOT_RUN } from './run.ts';
import type { Supervisor } from './supervisor.ts';
import { Watch } from './watch.ts';
import { watchedNumbers } from './watched_calls.ts';

/** Names of the commands on the control file. */
export const EMU_EXEC = 'EMU_EXEC';
export const EMU_EXEC_OUTPUT = 'EMU_EXEC_OUTPUT';
export const EMU_VMLINUX_BTF = 'EMU_VMLINUX_BTF';

/** Bytes of the kernel's types in one reply. */
const TYPES_STEP = 1 << 18;

/** How often a client asks for output and looks whether its server is still there, in milliseconds. */
const WATCH_MS = 200;
/** Output that waits to be fetched; what is beyond it is dropped. */
const OUTPUT_MAX = 16 << 20;

const NUMBER = { type: 'integer', minimum: 0, description: 'a whole number' } as const;
const PID = { type: 'integer', minimum: 1, description: 'the number of a process' } as const;
/** What an EMU_EXEC line may say. */
const EXEC_FIELDS = {
  pid: PID,
  fd: NUMBER,
  fail: { type: 'array', items: { type: 'string' }, description: 'a list of faults such as "MAP_CREATE:1=ENOMEM"' },
  trace: { enum: ['text', 'json'], description: '"text" or "json"' },
  stats: { type: 'boolean', description: 'true or false' },
} as const;

/** One joined command, on the server's side. */
interface Joined {
  readonly watch: Watch;
  readonly pid: number;
  /** The user who may fetch what is told of it. */
  readonly uid: number;
  lines: string[];
  /** Characters in them. */
  size: number;
  ended: boolean;
}

/**
 * The server's side: the control-file commands that take over a listener and give back
 * traces and reports. `vmlinux` are the types of the kernel where they are not the
 * machine's; `supervisor` is made when first needed.
 */
export function execSessionCommands(
  native: ExecNative,
  vmlinux: Uint8Array | undefined,
  supervisor: () => Supervisor,
): readonly (readonly [string, SessionCommand])[] {
  const joined = new Map<number, Joined>();
  const start: SessionCommand['run'] = (fields, caller) => {
    const { pid, fd } = fields;
    if (!isNumber(pid) || !isNumber(fd)) throw new Errno(EINVAL, 'EMU_EXEC wants "pid" and "fd", both whole numbers');
    const owner = uidOf(pid);
    if (caller.uid !== 0 && caller.uid !== owner)
      throw new Errno(EPERM, `process ${pid} belongs to another user: only root may hand over its calls`);
    const session: Joined = {
      watch: watchOf(fields, (line) => append(session, line)),
      pid,
      uid: owner,
      lines: [],
      size: 0,
      ended: false,
    };
    const listener = takeDescriptor(native, pid, fd);
    // Capabilities count in the server's own user namespace; a user's server makes its own children root.
    const own = process.geteuid?.() !== 0 && owner === process.geteuid?.();
    supervisor().attach(listener, native.supUserNs(own ? pid : 0), session.watch.observers, () => {
      session.ended = true;
      // Nobody may come to fetch it.
      setTimeout(() => joined.delete(pid), 10_000).unref();
    });
    joined.set(pid, session);
    return { server: process.pid };
  };
  const output: SessionCommand['run'] = ({ pid }, caller) => {
    const session = typeof pid === 'number' ? joined.get(pid) : undefined;
    if (session === undefined) throw new Errno(ESRCH, 'EMU_EXEC_OUTPUT wants the "pid" of a command that joined');
    if (caller.uid !== 0 && caller.uid !== session.uid)
      throw new Errno(EPERM, `process ${session.pid} belongs to another user: only root may read its calls`);
    const { lines, ended } = session;
    session.lines = [];
    session.size = 0;
    if (ended) joined.delete(session.pid);
    return { lines, text: ended ? session.watch.report() : '', ended };
  };
  return [
    [EMU_EXEC, { fields: EXEC_FIELDS, run: start }],
    [EMU_EXEC_OUTPUT, { fields: { pid: PID }, run: output }],
    [EMU_VMLINUX_BTF, { fields: { offset: NUMBER }, run: ({ offset = 0 }) => typesReply(vmlinux, offset) }],
  ];
}

/** A part of the kernel's types from an offset on, in base64; `size` is that of the whole, 0: the machine's are meant. */
function typesReply(vmlinux: Uint8Array | undefined, offset: unknown): object {
  if (vmlinux === undefined) return { size: 0, data: '' };
  if (typeof offset !== 'number' || !Number.isInteger(offset) || offset < 0)
    throw new Errno(EINVAL, `${EMU_VMLINUX_BTF} wants "offset", a whole number`);
  const data = Buffer.from(vmlinux.subarray(offset, offset + TYPES_STEP)).toString('base64');
  return { size: vmlinux.length, data };
}

/** The types of the server's kernel; undefined when they are the machine's. */
function fetchTypes(control: number): Uint8Array | undefined {
  const parts: Buffer[] = [];
  for (let offset = 0; ; ) {
    const { size, data } = ask<{ size: unknown; data: unknown }>(control, { cmd: EMU_VMLINUX_BTF, offset });
    if (typeof data !== 'string' || data === '') break;
    const part = Buffer.from(data, 'base64');
    parts.push(part);
    offset += part.length;
    if (typeof size !== 'number' || offset >= size) break;
  }
  return parts.length === 0 ? undefined : Buffer.concat(parts);
}

function append(session: Joined, line: string): void {
  if (session.size + line.length > OUTPUT_MAX) return;
  session.size += line.length;
  session.lines.push(line);
}

function watchOf(fields: Readonly<Record<string, unknown>>, line: (line: string) => void): Watch {
  const { fail, trace, stats } = fields;
  const rules = Array.isArray(fail) ? fail.filter((rule) => typeof rule === 'string').map(parseFault) : [];
  const faults = rules.filter((rule) => !isEach(rule));
  if (faults.length < rules.length)
    throw new Errno(EINVAL, 'a fault with :each needs an emulated kernel of its own for each run: use --ephemeral');
  return new Watch({ faults, stats: stats === true, ...(trace === 'text' || trace === 'json' ? { trace } : {}) }, line);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 31;
}

/** The real user id of a process. */
function uidOf(pid: number): number {
  try {
    const match = /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    if (match !== null) return Number(match[1]);
  } catch {
    // told below
  }
  throw new Errno(ESRCH, `there is no process ${pid} here: client and server must share a pid namespace`);
}

/** What the client is told. */
export interface JoinOptions {
  readonly native: ExecNative;
  readonly launcher: string;
  readonly command: readonly string[];
  /** Directory of the running mount. */
  readonly mount: string;
  readonly cpu?: number;
  /** Names of system calls that programs may wait for, besides the usual ones ({@link watchedNumbers}). */
  readonly syscalls?: string;
  /** Fault rules, as `--fail` takes them. */
  readonly fail?: readonly string[];
  readonly trace?: 'text' | 'json';
  readonly stats?: boolean;
  /** Where traced lines go; default: standard error. */
  readonly traceLine?: (line: string) => void;
}

/** The client's side: runs the command against the server of a mount; its exit status. */
export async function joinCommand(options: JoinOptions): Promise<number> {
  try {
    return await runJoined(options);
  } catch (error) {
    if (!(error instanceof Errno)) throw error;
    process.stderr.write(`bpf-emu exec: ${error.message}\n`);
    return EXIT_CANNOT_RUN;
  }
}

async function runJoined(options: JoinOptions): Promise<number> {
  const control = openControl(options.mount);
  try {
    const server = serverOf(control);
    const started = await launch({
      launcher: options.launcher,
      command: options.command,
      bind: options.mount,
      vmlinux: fetchTypes(control),
      ...(typeof server === 'number' ? { server } : {}),
      watch: watchedNumbers(options.syscalls ?? ''),
      ...(options.cpu === undefined ? {} : { cpu: options.cpu }),
    });
    if (!('pid' in started)) return started.status;
    const { pid } = started;
    const print = (text: string): void => {
      process.stderr.write(text);
    };
    const { traceLine } = options;
    const report = (lines: readonly string[], text: string): void => {
      for (const line of lines)
        if (traceLine === undefined) print(`${line}\n`);
        else traceLine(line);
      if (text !== '') print(text);
    };
    const isWatched = options.trace !== undefined || options.stats === true;
    try {
      const { fail, trace, stats } = options;
      ask(control, { cmd: EMU_EXEC, pid, fd: started.listener, fail, trace, stats });
    } catch (error) {
      started.end();
      throw error;
    }
    started.go();
    const timer = setInterval(() => {
      fstat(control, (error) => {
        if (error === null) return;
        print(`bpf-emu exec: the server of ${options.mount} is gone, so the command ends\n`);
        clearInterval(timer);
        process.kill(pid, 'SIGKILL');
      });
      if (isWatched) fetchOutput(control, pid, report);
    }, WATCH_MS);
    const status = await started.status.finally(() => clearInterval(timer));
    if (isWatched) await lastOutput(control, pid, report);
    started.release();
    return status;
  } finally {
    closeSync(control);
  }
}

/** A reply to EMU_EXEC_OUTPUT. */
interface Output {
  readonly lines: unknown;
  readonly text: unknown;
  readonly ended: unknown;
}

/** Takes traced lines, and the report at the end. */
type Report = (lines: readonly string[], text: string) => void;

/** Prints what has been reported; whether that was all. */
function fetchOutput(control: number, pid: number, report: Report): boolean {
  const { lines, text, ended } = ask<Output>(control, { cmd: EMU_EXEC_OUTPUT, pid });
  report(Array.isArray(lines) ? lines.map(String) : [], typeof text === 'string' ? text : '');
  return ended === true;
}

/** The command has ended; what it left running may go on, so the rest is waited for a moment only. */
async function lastOutput(control: number, pid: number, report: Report): Promise<void> {
  for (let i = 0; i < 10 && !fetchOutput(control, pid, report); i++) await delay(20);
}

/** Process id of the server, where it tells. */
function serverOf(control: number): unknown {
  try {
    return ask<{ pid: unknown }>(control, { cmd: 'EMU_STATUS' }).pid;
  } catch {
    return undefined;
  }
}
