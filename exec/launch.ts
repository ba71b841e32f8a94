/**
 * Starts a command under the launcher (native/launcher.c) and takes over the
 * descriptors it has made: the seccomp listener and, for a mount of the command's
 * own, /dev/fuse. The command goes on when {@link Launch.go} is called.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Duplex } from 'node:stream';
import { EIO, Errno, errnoName } from '../uapi/errno.ts';
import type { ExecNative } from './native.ts';

/** What the launcher is told. */
export interface LaunchOptions {
  /** The launcher's path. */
  readonly launcher: string;
  /** The command and its arguments. */
  readonly command: readonly string[];
  /** Mount options of a file system of its own (`allow_other,…`). */
  readonly fuse?: string;
  /** Or the directory of a running mount. */
  readonly bind?: string;
  /** What the command reads at /sys/kernel/btf/vmlinux; without: what the machine's kernel tells. */
  readonly vmlinux?: Uint8Array | undefined;
  /** For descriptors that may not be copied: they are sent over a socket then. */
  readonly native?: ExecNative;
  /** CPU the command is bound to. */
  readonly cpu?: number;
  /** Numbers of system calls that are sent here to be looked at. */
  readonly watch?: readonly number[];
  /** Process that reads the command's memory; default: this one. */
  readonly server?: number;
}

/** A command that waits to be let go. */
export interface Launch {
  readonly pid: number;
  /** Numbers of the launcher's descriptors, in the launcher: fuse is -1 when it made no mount. */
  readonly fuse: number;
  readonly listener: number;
  /** `st_dev` of the file system at its /sys/fs/bpf; 0 when it made no mount. */
  readonly dev: number;
  /** The command has no namespaces of its own: nothing could be mounted for it. */
  readonly bare: boolean;
  /** Takes over one of {@link listener} and {@link fuse}. */
  take(native: ExecNative, which: 'listener' | 'fuse'): number;
  /** The command keeps its rights (it runs as root); else it is root in a user namespace of its own. */
  readonly root: boolean;
  /** Lets the command run. */
  go(): void;
  /** Ends what is left of the command; before {@link go}: the launcher ends with 125. */
  end(): void;
  /** Leaves what is left of the command alone: its server goes on. */
  release(): void;
  /** The exit status, as a shell has it: 128 + n for signal n. */
  readonly status: Promise<number>;
  /** Whether a signal ended it; to be asked afterwards. */
  readonly wasKilled: () => boolean;
}

/** Signals that are passed on to the command. Those of the terminal reach it without us. */
const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGWINCH'] as const;
/** Signals that the terminal sends to the command too: it decides, we wait for it. */
const LEFT_TO_COMMAND = ['SIGINT', 'SIGQUIT'] as const;

const REPORT = /^fuse=(-?\d+) dev=(\d+) listener=(\d+) root=([01]) bare=([01])$/;

/** Starts the launcher and waits for its report; undefined when it failed (it has said why). */
export async function launch(options: LaunchOptions): Promise<Launch | { readonly status: number }> {
  const args = ['--report', '3', '--server', String(options.server ?? process.pid)];
  if (options.fuse !== undefined) args.push('--fuse', options.fuse);
  if (options.bind !== undefined) args.push('--bind', options.bind);
  if (options.cpu !== undefined) args.push('--cpu', String(options.cpu));
  if (options.watch !== undefined) args.push('--watch', options.watch.join(','));
  const { vmlinux } = options;
  if (vmlinux !== undefined) args.push('--btf', '4');
  const ends = options.native?.supSocketPair() ?? -1;
  const passed = new Passed(options.native, typeof ends === 'number' ? -1 : ends[0]);
  if (typeof ends !== 'number') args.push('--pass', '5');
  const child = spawn(options.launcher, [...args, '--', ...options.command], {
    stdio: [
      'inherit',
      'inherit',
      'inherit',
      'pipe',
      vmlinux === undefined ? 'ignore' : 'pipe',
      typeof ends === 'number' ? 'ignore' : ends[1],
    ],
  });
  if (typeof ends !== 'number') options.native?.supCloseFd(ends[1]);
  if (vmlinux !== undefined) {
    const types = child.stdio[4] as Duplex;
    // A launcher that fails says so by its exit status.
    types.on('error', () => {});
    types.end(vmlinux);
  }
  const status = exitStatus(child);
  const channel = child.stdio[3] as Duplex;
  channel.on('error', () => {});
  const line = await Promise.race([firstLine(channel), status]);
  if (typeof line === 'number') {
    // What the launcher has started waits for our end.
    channel.destroy();
    passed.drop();
    return { status: line };
  }
  const match = REPORT.exec(line);
  if (match === null || child.pid === undefined) {
    channel.destroy();
    passed.drop();
    return { status: await status };
  }
  const stopForwarding = forwardSignals(child);
  const { pid } = child;
  const numbers = { listener: Number(match[3]), fuse: Number(match[1]) };
  return {
    pid,
    bare: match[5] === '1',
    take: (native, which) => passed.take(which) ?? takeDescriptor(native, pid, numbers[which]),
    fuse: numbers.fuse,
    dev: Number(match[2]),
    listener: numbers.listener,
    root: match[4] === '1',
    go: () => channel.write('g'),
    end: () => channel.destroy(),
    release: () => channel.end('d'),
    status: status.finally(stopForwarding),
    wasKilled: () => child.signalCode !== null,
  };
}

/** What the launcher has sent over a socket: its listener, then /dev/fuse where it has opened it. */
class Passed {
  readonly #native: ExecNative | undefined;
  readonly #socket: number;
  #fds: (number | undefined)[] | undefined;

  /** Owns the socket; -1: nothing is sent. */
  constructor(native: ExecNative | undefined, socket: number) {
    this.#native = native;
    this.#socket = socket;
  }

  /** Gives one of them away, once. */
  take(which: 'listener' | 'fuse'): number | undefined {
    this.#receive();
    const index = which === 'listener' ? 0 : 1;
    const fd = this.#fds?.[index];
    if (fd !== undefined && this.#fds !== undefined) this.#fds[index] = undefined;
    return fd;
  }

  /** Closes what nobody has taken. */
  drop(): void {
    this.#receive();
    for (const fd of this.#fds ?? []) if (fd !== undefined) this.#native?.supCloseFd(fd);
    this.#fds = [];
  }

  /** Takes them off the socket and closes it. */
  #receive(): void {
    if (this.#fds !== undefined || this.#native === undefined || this.#socket < 0) return;
    this.#fds = [...this.#native.supTakePassed(this.#socket)];
    this.#native.supCloseFd(this.#socket);
  }
}

/** Copies a descriptor of the launcher into this process. */
export function takeDescriptor(native: ExecNative, pid: number, fd: number): number {
  const taken = native.supGetFd(pid, fd);
  if (taken < 0)
    throw new Errno(
      -taken,
      `cannot take over a descriptor of the command (pidfd_getfd: ${errnoName(taken)}). The server must run as the same user or as root; ` +
        'in a container give it --cap-add SYS_PTRACE or --security-opt seccomp=unconfined',
    );
  return taken;
}

function exitStatus(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Errno(EIO, `cannot start the launcher: ${error.message}`)));
    child.once('exit', (code, signal) => resolve(signal === null ? (code ?? 0) : 128 + constants.signals[signal]));
  });
}

function firstLine(channel: Duplex): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    channel.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
    });
    channel.once('end', () => resolve(''));
  });
}

function forwardSignals(child: ChildProcess): () => void {
  const handlers: (readonly [NodeJS.Signals, () => void])[] = [
    ...FORWARDED.map((signal) => [signal, () => void child.kill(signal)] as const),
    ...LEFT_TO_COMMAND.map((signal) => [signal, () => {}] as const),
  ];
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}
