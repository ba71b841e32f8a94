/** `bpf-emu run`: runs a program of an object file on captured packets, or on one event. */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { type Command, Option } from 'commander';
import { fileError } from '../native/file_error.ts';
import { EINVAL, Errno } from '../uapi/errno.ts';
import { EXIT, OBJECT_MAX, parseCount, readInput } from './common.ts';
import { engineOption, kernelOptions, runBudgetOption } from './flags.ts';
import type { RunFlags } from './run_flags.ts';

/** Largest capture that is unpacked. */
const UNPACKED_MAX = 2 ** 31 - 1;

/** Adds the command. */
export function addRunCommand(program: Command): void {
  const command = program
    .command('run <object>')
    .summary('run a program on packets or on an event')
    .description(
      'Loads an ELF object into an emulated kernel of its own and runs one of its programs: on the packets of a capture, or on one event given by --data, --ctx and --args.',
    )
    .option('--prog <name>', 'the program to run (default: the only one, or the first)')
    .option('--pcap <file>', 'packets to run it on: pcap or pcapng, also packed with gzip')
    .option('--out <file>', 'write the packets afterwards as pcapng, with the verdict as comment')
    .option('--data <hex>', 'packet, trace record, message or context, as hex')
    .option('--ctx <json>', 'fields of the context by name: {"mark":1,"user_ip4":"10.0.0.1"}')
    .option('--args <json>', 'arguments of a raw tracepoint or traced function: [1,"0xff"]')
    .addOption(new Option('--repeat <n>', 'how often').default(1).argParser(parseCount(1)))
    .option('--each', 'a line for each packet: verdict, what changed in it and in the maps')
    .option('--step', 'a line for each instruction: registers that changed, the source it comes from')
    .addOption(engineOption())
    .option('--json', 'answer with JSON; with --each one object a line');
  for (const option of [runBudgetOption(), ...kernelOptions()]) command.addOption(option);
  command.addHelpText(
    'after',
    `
Examples:
  bpf-emu run lb.bpf.o --pcap in.pcap --out out.pcapng
  bpf-emu run lb.bpf.o --pcap in.pcap --each --json | jq 'select(.verdict == "XDP_DROP")'
  bpf-emu run drop.bpf.o --data ffffffffffff0200000000010800 --step
  bpf-emu run connect.bpf.o --ctx '{"user_family":2,"user_ip4":"10.0.0.1","user_port":80}'
  bpf-emu run exec.bpf.o --args '[1,{"text":"/bin/sh"}]'`,
  );
  command.action(async (object: string, flags: RunFlags) => {
    const { runObject } = await import('./run_object.ts');
    refuseMixtures(flags);
    const bytes = new Uint8Array(readInput(object, OBJECT_MAX));
    const capture = flags.pcap === undefined ? undefined : unpacked(readInput(flags.pcap), flags.pcap);
    const write = (line: string): void => console.log(line);
    const { output } = runObject({ bytes, name: basename(object), capture, flags, write });
    if (flags.out !== undefined) writeOutput(flags.out, output);
    process.exitCode = EXIT.ok;
  });
}

/** Options that mean nothing together. */
function refuseMixtures(flags: RunFlags): void {
  const { pcap, data, ctx, args, out, each } = flags;
  if (pcap === undefined && out !== undefined)
    throw new Errno(EINVAL, '--out writes the packets of a capture: give one with --pcap');
  if (pcap === undefined && each === true)
    throw new Errno(EINVAL, '--each is for the packets of a capture: give one with --pcap');
  if (pcap !== undefined && (data ?? ctx ?? args) !== undefined)
    throw new Errno(EINVAL, '--pcap gives the packets: --data, --ctx and --args are for one event, without it');
}

/** A capture that was packed with gzip, as tcpdump and Wireshark take it too; what is cut off is taken as far as it goes. */
function unpacked(bytes: Buffer, name: string): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    return new Uint8Array(gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: UNPACKED_MAX }));
  } catch (error) {
    throw new Errno(EINVAL, `cannot unpack ${name}: ${(error as Error).message}`);
  }
}

function writeOutput(file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes);
  } catch (error) {
    throw fileError(`write ${file}`, error);
  }
}
