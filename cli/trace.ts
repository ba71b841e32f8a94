/** `bpf-emu trace`: what programs print with bpf_printk, as `cat trace_pipe` shows it. */
import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { ask, openControl } from '../fs/ctl_client.ts';
import type { SessionCommand } from '../syscall/ctl_json/session.ts';
import { CAP } from '../uapi/capability.ts';
import { EPERM, Errno } from '../uapi/errno.ts';
import type { TraceBuffer, TraceRead } from '../vm/trace.ts';
import { chooseMount } from './common.ts';

/** Lines in one reply. */
const LINES_A_REPLY = 100;
const POLL_MS = 100;

/** `EMU_TRACE {"since": N}`: the lines from number N on; without it only the number of the next one. */
export function traceCommand(buffer: TraceBuffer): SessionCommand {
  const since = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'the number of a line' };
  const run: SessionCommand['run'] = (fields, caller): TraceRead => {
    // As for trace_pipe, which is root's alone.
    if (caller.uid !== 0 && !caller.hasCap(CAP.DAC_OVERRIDE))
      throw new Errno(EPERM, 'only root may read what programs print');
    return typeof fields['since'] === 'number'
      ? buffer.read(fields['since'], LINES_A_REPLY)
      : { lines: [], next: buffer.end, lost: 0 };
  };
  return { fields: { since }, run };
}

interface TraceOptions {
  readonly mount?: string;
  readonly once?: boolean;
}

async function trace(options: TraceOptions): Promise<void> {
  const fd = openControl(chooseMount(options.mount));
  try {
    let since = options.once === true ? 0 : ask<TraceRead>(fd, { cmd: 'EMU_TRACE' }).next;
    for (;;) {
      const { lines, next, lost } = ask<TraceRead>(fd, { cmd: 'EMU_TRACE', since });
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
