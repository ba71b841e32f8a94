/** `bpf-emu mount`: mounts the emulated bpffs and serves it until it is unmounted. */
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { fileError } from '../native/file_error.ts';
import { EINVAL, Errno } from '../uapi/errno.ts';
import { defaultMountPoint, EXIT, errorText, parseCount, reportError } from './common.ts';
import { engineOption, kernelOptions, runBudgetOption } from './flags.ts';
import type { MountFlags } from './mount_flags.ts';

/** What the serving process tells the one that started it with --daemon. */
type Report = { readonly mounted: string } | { readonly failed: string };

/** What a newcomer does next. */
function nextSteps(dir: string): string {
  return `mounted on ${dir}

Next:
  ls -la ${dir}
  bin/bpf-emu ctl --help            commands as JSON lines
  bin/bpf-emu exec -- bpftool map   unmodified programs
  examples/status-codes.sh          a script that does a real job
  bin/bpf-emu status                what there is
  bin/bpf-emu umount                the end`;
}

function openLog(file: string): number {
  try {
    return openSync(file, 'a');
  } catch (error) {
    throw fileError(`write the log ${file}`, error);
  }
}

/** Starts the server as a process of its own and waits until it has mounted. */
function daemonize(dir: string, flags: MountFlags): Promise<number> {
  const log = flags.log === undefined ? 'ignore' : openLog(flags.log);
  const args = process.argv.slice(1).filter((arg) => arg !== '--daemon' && arg !== '-d');
  const child = spawn(process.execPath, [...process.execArgv, ...args], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: { ...process.env, BPF_EMU_SERVE: '1' },
  });
  return new Promise((settle) => {
    child.once('error', (error) => {
      reportError(error);
      settle(EXIT.failure);
    });
    child.once('exit', (code, signal) => {
      console.error(`bpf-emu: the server ended before it had mounted on ${dir} (${signal ?? `exit code ${code}`})`);
      settle(EXIT.failure);
    });
    child.once('message', (report: Report) => {
      child.removeAllListeners();
      child.disconnect();
      child.unref();
      if ('failed' in report) {
        console.error(report.failed);
        settle(EXIT.failure);
        return;
      }
      console.log(nextSteps(report.mounted));
      settle(EXIT.ok);
    });
  });
}

/** The server's side of --daemon: reports over IPC, then goes on without a parent. */
async function serveForParent(dir: string, flags: MountFlags): Promise<number> {
  const tell = (report: Report): Promise<void> =>
    new Promise((sent) => {
      process.send?.(report, undefined, undefined, () => sent());
    });
  try {
    const { serve } = await import('./serve.ts');
    return await serve(dir, flags, (mounted) => {
      // All files that the options name are open: from now on no directory is held.
      process.chdir('/');
      tell({ mounted }).then(() => {
        if (process.connected) process.disconnect();
      });
    });
  } catch (error) {
    await tell({ failed: errorText(error) });
    return EXIT.failure;
  }
}

/** Adds the command to the program. */
export function addMountCommand(program: Command): void {
  const command = program
    .command('mount')
    .summary('mount the emulated bpffs and serve it')
    .description(
      'Mounts the emulated bpffs and serves it until it is unmounted or this process gets SIGINT or SIGTERM.\n' +
        'The default directory is /sys/fs/bpf-emu for root and $XDG_RUNTIME_DIR/bpf-emu for others.',
    )
    .argument('[dir]', 'directory to mount on; made when it does not exist')
    .option('-o, --options <list>', 'mount options as of bpffs: mode=, uid=, gid=, delegate_*=, ro, noatime …')
    .option('-d, --daemon', 'serve in the background; return when it is mounted')
    .option('-j, --join <dir>', 'one more mount over the emulated kernel of this one; its server serves both')
    .option('--log <file>', 'with --daemon: where messages of the server go')
    .option('--trace-fuse [file]', 'print every FUSE request (default: on standard error)')
    .addOption(
      new Option('--spin <microseconds>', 'wait actively for the next request: faster answers, a busy CPU')
        .default(0)
        .argParser(parseCount(0)),
    )
    .addHelpText(
      'after',
      `
Examples:
  bpf-emu mount                                  /sys/fs/bpf-emu, in the foreground
  bpf-emu mount --daemon -o mode=0770,gid=100 /mnt/bpf
  bpf-emu mount --trace-fuse ~/bpf
  bpf-emu mount --join /mnt/bpf /mnt/bpf2`,
    );
  for (const option of [engineOption(), runBudgetOption(), ...kernelOptions()]) command.addOption(option);
  command.action(async (dir: string | undefined, flags: MountFlags) => {
    if (dir === '') throw new Errno(EINVAL, 'the name of the directory is empty: name one to mount on');
    const target = resolve(dir ?? defaultMountPoint());
    if (process.env['BPF_EMU_SERVE'] === '1' && process.send !== undefined) {
      process.exitCode = await serveForParent(target, flags);
    } else if (flags.join !== undefined) {
      const { joinServer } = await import('./join.ts');
      console.log(`mounted on ${await joinServer(flags.join, target, flags.options ?? '')}`);
    } else if (flags.daemon === true) {
      process.exitCode = await daemonize(target, flags);
    } else {
      const { serve } = await import('./serve.ts');
      process.exitCode = await serve(target, flags, (mounted) => {
        console.log(`${nextSteps(mounted)}\n\nServing; press Ctrl-C to unmount.`);
      });
    }
  });
}
