/** `bpf-emu trace`: what programs print with bpf_printk, as `cat trace_pipe` shows it. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { SessionCommand } from '../syscall/ctl_json/session.ts';
import { EINVAL, EIO, Errno } from '../uapi/errno.ts';
import type { TraceBuffer, TraceRead } from '../vm/trace.ts';
import { chooseMount } from './common.ts';

/** Lines in one reply: with a line of at most 1 KiB a reply stays well below what one read takes. */
const LINES_A_REPLY = 100;
const REPLY_MAX = 1 << 18;
const POLL_MS = 100;

/** `EMU_TRACE {"since": N}`: the lines from number N on; without it only the number of the next one. */
export function traceCommand(buffer: TraceBuffer): SessionCommand {
  return ({ since }): TraceRead => {
    if (since === undefined) return { lines: [], next: buffer.end, lost: 0 };
    if (typeof since !== 'number' || !Number.isSafeInteger(since) || since < 0) {
      throw new Errno(EINVAL, `since is ${JSON.stringify(since)}, the number of a line is wanted`);
    }
    return buffer.read(since, LINES_A_REPLY);
  };
}

function ask(fd: number, since: number | undefined): TraceRead {
  writeSync(fd, `${JSON.stringify({ cmd: 'EMU_TRACE', since })}\n`);
  const bytes = Buffer.alloc(REPLY_MAX);
  const reply = JSON.parse(bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, null))) as {
    ok: boolean;
    error?: string;
  } & TraceRead;
  if (!reply.ok) throw new Errno(EIO, `the server does not answer EMU_TRACE: ${reply.error ?? ''}`);
  return reply;
}

interface TraceOptions {
  readonly mount?: string;
  readonly once?: boolean;
}

async function trace(options: TraceOptions): Promise<void> {
  const fd = openSync(join(chooseMount(options.mount), 'bpf.ctl'), 'r+');
  try {
    let since = options.once === true ? 0 : ask(fd, undefined).next;
    for (;;) {
      const { lines, next, lost } = ask(fd, since);
      if (lost > 0 && since > 0) console.error(`${lost} lines were lost`);
      for (const line of lines) console.log(line);
      since = next;
      if (lines.length > 0) continue;
      if (options.once === true) return;
      await sleep(POLL_MS);
    }
  } finally {
    closeSync(fd);
  }
}

/** Adds the command to the program. */
export function addTraceCommand(program: Command): void {
  program
    .command('trace')
    .summary('show what programs print with bpf_printk')
    .description('Prints the lines of bpf_trace_printk as they come, in the format of trace_pipe. Ctrl-C ends it.')
    .option('-m, --mount <dir>', 'the mount to talk to')
    .option('-1, --once', 'print the lines that are kept and end')
    .action(trace);
}
