/** `bpf-emu run`: runs a program of an object file on captured packets, or on one event. */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import { fileError } from '../native/file_error.ts';
import { EIO, Errno } from '../uapi/errno.ts';
import { EXIT, parseCount, readInput } from './common.ts';
import { engineOption, kernelOptions, runBudgetOption } from './flags.ts';
import type { RunFlags } from './run_flags.ts';

/** Adds the command. */
export function addRunCommand(program: Command): void {
  const command = program
    .command('run <object>')
    .summary('run a program on packets or on an event')
    .description(
      'Loads an ELF object into an emulated kernel of its own and runs one of its programs: on the packets of a capture, or on one event given by --data, --ctx and --args.',
    )
    .option('--prog <name>', 'the program to run (default: the only one, or the first)')
    .option('--pcap <file>', 'packets to run it on: pcap or pcapng')
    .option('--out <file>', 'write the packets afterwards as pcapng, with the verdict as comment')
    .option('--data <hex>', 'packet, trace record, message or context, as hex')
    .option('--ctx <json>', 'fields of the context by name: {"mark":1,"user_ip4":"10.0.0.1"}')
    .option('--args <json>', 'arguments of a raw tracepoint or traced function: [1,"0xff"]')
    .addOption(new Option('--repeat <n>', 'how often').default(1).argParser(parseCount(1)))
    .option('--each', 'a line for each packet: verdict, what changed in it and in the maps')
    .option('--step', 'a line for each instruction: registers that changed')
    .addOption(engineOption())
    .option('--json', 'answer with JSON');
  for (const option of [runBudgetOption(), ...kernelOptions()]) command.addOption(option);
  command.action(async (object: string, flags: RunFlags) => {
    const { runObject } = await import('./run_object.ts');
    const bytes = new Uint8Array(readInput(object));
    const capture = flags.pcap === undefined ? undefined : new Uint8Array(readInput(flags.pcap));
    const job = { bytes, name: basename(object), capture };
    const { engine = 'jit' } = flags;
    // Both kernels need the same seed.
    const common = engine === 'both' ? { ...flags, seed: flags.seed ?? 1 } : flags;
    const lines: string[] = [];
    const write = (line: string): void => {
      lines.push(line);
      console.log(line);
    };
    const result = runObject({ ...job, flags: { ...common, engine: engine === 'both' ? 'jit' : engine }, write });
    if (engine === 'both') {
      // A kernel of its own for each engine, with the same seed: what they print and write must be the same.
      const again: string[] = [];
      const other = runObject({ ...job, flags: { ...common, engine: 'interp' }, write: (line) => again.push(line) });
      const at = lines.findIndex((line, i) => timeless(line) !== timeless(again[i] ?? ''));
      if (at >= 0 || lines.length !== again.length || !Buffer.from(result.output).equals(other.output)) {
        const what = at < 0 ? 'packets' : `line ${at + 1}: ${JSON.stringify(again[at])}`;
        throw new Errno(EIO, `The interpreter does not agree with the compiler (${what})`);
      }
    }
    if (flags.out !== undefined) writeOutput(flags.out, result.output);
    process.exitCode = result.failed ? EXIT.failure : EXIT.ok;
  });
}

function writeOutput(file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes);
  } catch (error) {
    throw fileError(`write ${file}`, error);
  }
}

/** A line without the times in it. */
function timeless(line: string): string {
  return line.replace(/\d+ ns|"(?:ns|duration)\w*":\s*\d+/g, '');
}
