/** `bpf-emu status`: the mounts there are, and what their emulated kernels hold. */
import { closeSync } from 'node:fs';
import type { Command } from 'commander';
import { ask, openControl } from '../fs/ctl_client.ts';
import { Errno } from '../uapi/errno.ts';
import { EXIT, formatBytes, mountedDirectories } from './common.ts';
import type { StatusReply } from './server.ts';

/** Asks the server of a mount; a string says why it did not answer. */
function statusOf(dir: string): StatusReply | string {
  try {
    const fd = openControl(dir);
    try {
      return ask<StatusReply>(fd, { cmd: 'EMU_STATUS' });
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof Errno) return error.message;
    throw error;
  }
}

/** A number of things, with the plural where it is not one. */
function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}

function describe(dir: string, reply: StatusReply | string): string {
  if (typeof reply === 'string') return reply;
  const lines = [
    `${dir}: bpf-emu ${reply.version} as Linux ${reply.kernel}, process ${reply.pid}, up ${reply.uptime} s, ${count(reply.cpus, 'CPU')}`,
  ];
  const { maps, progs, links, btfs } = reply.objects;
  lines.push(`  objects  ${count(maps, 'map')}, ${count(progs, 'program')}, ${count(links, 'link')}, ${btfs} BTF`);
  if (reply.vmlinux_btf !== 'host')
    lines.push(`  types    ${reply.vmlinux_btf === 'builtin' ? 'built in (--vmlinux-btf)' : reply.vmlinux_btf}`);
  const { arena, used, peak, resident } = reply.memory;
  lines.push(
    `  memory   ${formatBytes(used)} of ${formatBytes(arena)} in use (at most ${formatBytes(peak)}), ${formatBytes(resident)} resident`,
  );
  for (const mount of reply.mounts) {
    const options = mount.options === '' ? '' : `, options ${mount.options}`;
    lines.push(
      `  mount    ${mount.dir}: ${count(mount.pins, 'pin')}, ${count(mount.openFiles, 'open file')}, ${count(mount.requests, 'request')} served${options}`,
    );
  }
  return lines.join('\n');
}

/** Adds the command to the program. */
export function addStatusCommand(program: Command): void {
  program
    .command('status')
    .summary('show mounts, objects, memory and requests served')
    .description('Shows every mounted emulator with its objects, its memory and the requests it has served.')
    .argument('[dir...]', 'only these mounts')
    .option('--json', 'print JSON, one object a mount')
    .action((dirs: string[], options: { readonly json?: boolean }) => {
      const mounts = dirs.length > 0 ? dirs : mountedDirectories();
      if (mounts.length === 0) console.log('nothing is mounted; start with "bpf-emu mount"');
      for (const dir of mounts) {
        const reply = statusOf(dir);
        if (typeof reply === 'string') process.exitCode = EXIT.failure;
        console.log(
          options.json === true
            ? JSON.stringify({ dir, ...(typeof reply === 'string' ? { error: reply } : reply) })
            : describe(dir, reply),
        );
      }
    });
}
