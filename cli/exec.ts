/** `bpf-emu exec`: runs an unmodified program against the emulator. */
import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import { type Fault, type FaultEach, parseFault } from '../exec/fault.ts';
import { execCommand } from '../exec/run.ts';
import { mountBpffs } from '../fs/mount.ts';
import { loadAddon } from '../native/addon.ts';
import { parseCount } from './common.ts';
import { type KernelFlags, kernelOptions, makeKernel } from './server.ts';

/** The launcher, beside the addon. */
const LAUNCHER = fileURLToPath(new URL('../../build/Release/bpf-emu-launch', import.meta.url));

interface ExecFlags extends KernelFlags {
  readonly fail: readonly (Fault | FaultEach)[];
  readonly stats?: boolean;
  readonly pinCpu?: number;
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
        .argParser((text: string, before: readonly (Fault | FaultEach)[]) => [...before, parseFault(text)]),
    )
    .option('--stats', 'print a table of calls at the end')
    .addOption(
      new Option('--pin-cpu <n>', 'bind the command and the server to one CPU, for short answers').argParser(
        parseCount(0),
      ),
    )
    .addHelpText(
      'after',
      `
Examples:
  bpf-emu exec -- bpftool map create /sys/fs/bpf/m type hash key 4 value 8 entries 16 name m
  bpf-emu exec --fail BPF_MAP_CREATE:1=ENOMEM -- ./loader`,
    );
  for (const option of kernelOptions()) command.addOption(option);
  command.action(async (name: string, args: readonly string[], flags: ExecFlags) => {
    process.exitCode = await execCommand({
      native: loadAddon(),
      launcher: LAUNCHER,
      command: [name, ...args],
      makeKernel: () => makeKernel(flags),
      serve: async (kernel, fuseFd, dev) => {
        const mount = await mountBpffs(kernel, { dir: '/sys/fs/bpf', fuseFd, dev });
        return { pins: mount.pins, close: () => mount.over(0) };
      },
      faults: flags.fail,
      stats: flags.stats === true,
      ...(flags.pinCpu === undefined ? {} : { cpu: flags.pinCpu }),
    });
  });
}
