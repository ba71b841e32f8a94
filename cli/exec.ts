/** `bpf-emu exec`: runs an unmodified program against the emulator. */
import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import { type Fault, type FaultEach, parseFault } from '../exec/fault.ts';
import type { ExecNative } from '../exec/native.ts';
import type { MountHandle } from '../fs/mount.ts';
import { loadAddon } from '../native/addon.ts';
import { parseCount, usualMount } from './common.ts';
import { engineOption, type KernelFlags, kernelOptions, runBudgetOption } from './flags.ts';
import { lineSink, outliveReaders } from './output.ts';

/** The launcher, beside the addon. */
const LAUNCHER = fileURLToPath(new URL('../../build/Release/bpf-emu-launch', import.meta.url));

interface ExecFlags extends KernelFlags {
  readonly mount?: string;
  readonly ephemeral?: boolean;
  readonly fail: readonly FaultRule[];
  readonly failEach?: string | true;
  readonly trace?: string | true;
  readonly traceJson?: string | true;
  readonly stats?: boolean;
  readonly pinCpu?: number;
  readonly syscalls?: string;
}

/** A rule as it was given, and what it means. */
interface FaultRule {
  readonly text: string;
  readonly fault: Fault | FaultEach;
}

/** The mount a command joins: the one named, else the usual one when it is mounted; undefined for a kernel of its own. */
function mountToJoin(flags: ExecFlags): string | undefined {
  if (flags.mount !== undefined) return flags.mount;
  if (flags.ephemeral === true || flags.failEach !== undefined) return undefined;
  return usualMount();
}

/** Adds the command to the program. */
export function addExecCommand(program: Command): void {
  const command = program
    .command('exec')
    .summary('run an unmodified program against the emulator')
    .description(
      'Runs a command, and all processes it starts, with a bpf(2) and a /sys/fs/bpf of the emulator.\n' +
        'The exit status is that of the command; 125 when bpf-emu itself fails, 126 and 127 as env(1).',
    )
    .usage('[options] -- <command> [arg...]')
    .argument('<command>', 'the program to run')
    .argument('[arg...]', 'its arguments')
    .passThroughOptions()
    .addOption(
      new Option('--fail <rule>', 'make calls fail: CMD[:n|:n+|:each]=ERRNO (may be given several times)')
        .default([])
        .argParser((text: string, before: readonly FaultRule[]) => [...before, { text, fault: parseFault(text) }]),
    )
    .option(
      '--fail-each [error]',
      'run the command once for each call it makes, with that call failing (default ENOMEM), and report how it ended',
    )
    .option('--trace [file]', 'print each call, decoded, on standard error or into a file')
    .option('--trace-json [file]', 'the same as JSON lines')
    .option('-m, --mount <dir>', 'join the server of this mount (default: the usual one, when it is mounted)')
    .option('--ephemeral', 'start an emulated kernel for the life of the command (default: when nothing is mounted)')
    .option('--stats', 'print a table of calls at the end')
    .addOption(
      new Option('--pin-cpu <n>', 'bind the command and the server to one CPU, for short answers').argParser(
        parseCount(0),
      ),
    )
    .option(
      '--syscalls <names>',
      'system calls that programs see besides the usual ones (getpid, nanosleep, openat, execve, …): "write,read", or "all"',
    )
    .addHelpText(
      'after',
      `
Examples:
  bpf-emu exec -- bpftool map create /sys/fs/bpf/m type hash key 4 value 8 entries 16 name m
  bpf-emu exec --fail BPF_MAP_CREATE:1=ENOMEM -- ./loader`,
    );
  for (const option of [engineOption(), runBudgetOption(), ...kernelOptions()]) command.addOption(option);
  command.action(async (name: string, args: readonly string[], flags: ExecFlags) => {
    const trace: 'text' | 'json' | undefined =
      flags.traceJson !== undefined ? 'json' : flags.trace !== undefined ? 'text' : undefined;
    const traceLine = lineSink(flags.traceJson ?? flags.trace ?? true, 'w');
    outliveReaders();
    const shared = {
      native: loadAddon<ExecNative>(),
      launcher: LAUNCHER,
      command: [name, ...args],
      stats: flags.stats === true,
      ...(trace === undefined ? {} : { trace, traceLine }),
      ...(flags.syscalls === undefined ? {} : { syscalls: flags.syscalls }),
      ...(flags.pinCpu === undefined ? {} : { cpu: flags.pinCpu }),
    } as const;
    const mount = mountToJoin(flags);
    if (mount !== undefined) {
      const { joinCommand } = await import('../exec/join.ts');
      process.exitCode = await joinCommand({ ...shared, mount, fail: flags.fail.map(({ text }) => text) });
      return;
    }
    const each =
      flags.failEach === undefined
        ? []
        : [parseFault(`any:each=${flags.failEach === true ? 'ENOMEM' : flags.failEach}`)];
    const { execCommand } = await import('../exec/run.ts');
    const { mountBpffs } = await import('../fs/mount.ts');
    const { makeKernel, statusCommand, warmUpWhenIdle } = await import('./server.ts');
    const { kernelTypes } = await import('./vmlinux.ts');
    const types = kernelTypes(flags.vmlinuxBtf);
    const mounts: MountHandle[] = [];
    process.exitCode = await execCommand({
      ...shared,
      makeKernel: () => makeKernel(flags, types),
      vmlinux: types.shown,
      serve: async (kernel, mounted) => {
        const commands = new Map([['EMU_STATUS', statusCommand(kernel, types, () => mounts)]]);
        const served = await mountBpffs(kernel, { ...mounted, commands });
        mounts.push(served);
        // Most commands are short and run no program; one that has loaded some may.
        warmUpWhenIdle(kernel, () => kernel.progs.size > 0);
        return { pins: served.pins, close: () => served.over(0) };
      },
      faults: [...each, ...flags.fail.map(({ fault }) => fault)],
    });
  });
}
