/** `bpf-emu status`: the mounts there are, and what their emulated kernels hold. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { errnoNumber } from '../uapi/errno.ts';
import { EXIT, formatBytes, mountedDirectories } from './common.ts';
import type { StatusReply } from './server.ts';

/** Asks the server of a mount; a string says why it did not answer. */
function ask(dir: string): StatusReply | string {
  let fd: number;
  try {
    fd = openSync(join(dir, 'bpf.ctl'), 'r+');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return code === 'ENOTCONN' || errnoNumber(code) === undefined
      ? `its server is gone; "bpf-emu umount ${dir}" clears it away`
      : `cannot open bpf.ctl (${code})`;
  }
  try {
    writeSync(fd, '{"cmd":"EMU_STATUS"}\n');
    const bytes = Buffer.alloc(1 << 16);
    return JSON.parse(bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, null))) as StatusReply;
  } finally {
    closeSync(fd);
  }
}

function describe(dir: string, reply: StatusReply | string): string {
  if (typeof reply === 'string') return `${dir}: ${reply}`;
  const lines = [
    `${dir}: bpf-emu ${reply.version} as Linux ${reply.kernel}, process ${reply.pid}, up ${reply.uptime} s, ${reply.cpus} CPUs`,
  ];
  const { maps, progs, links, btfs } = reply.objects;
  lines.push(`  objects  ${maps} maps, ${progs} programs, ${links} links, ${btfs} BTF`);
  if (reply.vmlinux_btf !== 'host')
    lines.push(`  types    ${reply.vmlinux_btf === 'builtin' ? 'built in (--vmlinux-btf)' : reply.vmlinux_btf}`);
  const { arena, used, peak, resident } = reply.memory;
  lines.push(
    `  memory   ${formatBytes(used)} of ${formatBytes(arena)} in use (at most ${formatBytes(peak)}), ${formatBytes(resident)} resident`,
  );
  for (const mount of reply.mounts) {
    const options = mount.options === '' ? '' : `, options ${mount.options}`;
    lines.push(
      `  mount    ${mount.dir}: ${mount.pins} pins, ${mount.openFiles} open files, ${mount.requests} requests served${options}`,
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
        const reply = ask(dir);
        if (typeof reply === 'string') process.exitCode = EXIT.failure;
        console.log(
          options.json === true
            ? JSON.stringify({ dir, ...(typeof reply === 'string' ? { error: reply } : reply) })
            : describe(dir, reply),
        );
      }
    });
}
