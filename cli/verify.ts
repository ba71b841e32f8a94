/** `bpf-emu verify`: whether the kernel would take the programs of an object, and why not. */
import { basename } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Verdict } from '../elf/verify.ts';
import { BPF_PROG_TYPE } from '../uapi/bpf.ts';
import { EINVAL, ENOENT, Errno } from '../uapi/errno.ts';
import { EXIT, OBJECT_MAX, readInput } from './common.ts';
import { type KernelFlags, kernelOptions } from './flags.ts';

const ELF_MAGIC = 0x7f454c46;
/** Room for a program's log. */
const LOG_SIZE = 64 << 20;

interface VerifyFlags extends KernelFlags {
  readonly prog?: string;
  readonly type?: number;
  readonly logLevel?: number;
  readonly kconfig: Record<string, string>;
  readonly json?: boolean;
}

/** Adds the command. */
export function addVerifyCommand(program: Command): void {
  const command = program
    .command('verify <file>')
    .summary('tell whether programs would be accepted')
    .description(
      'Loads the programs of an ELF object (or bare instructions, as bytes or as hex text; - reads standard input) into an emulated kernel of its own and prints a verdict a line: accepted, or the errno and the reason.',
    )
    .option('--prog <name>', 'only this program')
    .addOption(
      new Option('--type <name>', 'program type, where the section says none: xdp, socket_filter, ...').argParser(
        parseType,
      ),
    )
    .addOption(
      new Option(
        '--log-level <n>',
        'print the log of the verifier: 1, 2 (every instruction), 4 (statistics), or a sum of them; 0: none',
      ).argParser(parseLevel),
    )
    .addOption(
      new Option('--kconfig <name=value>', 'a kernel configuration value for __kconfig variables')
        .default({})
        .argParser(parseConfig),
    )
    .option('--json', 'answer with JSON');
  for (const option of kernelOptions()) command.addOption(option);
  command.action(async (file: string, flags: VerifyFlags) => {
    const verdicts = await verify(file, flags);
    if (flags.json === true) console.log(JSON.stringify(verdicts, undefined, 2));
    else for (const verdict of verdicts) report(verdict, (flags.logLevel ?? 0) !== 0);
    process.exitCode = verdicts.every((verdict) => verdict.accepted) ? EXIT.ok : EXIT.failure;
  });
}

async function verify(file: string, flags: VerifyFlags): Promise<Verdict[]> {
  const { verifyInsns, verifyObject } = await import('../elf/verify.ts');
  const { makeKernel } = await import('./server.ts');
  const bytes = readInput(file, OBJECT_MAX);
  const options = {
    // Of a file's name only what the name of a program may hold.
    name:
      file === '-'
        ? 'stdin'
        : basename(file)
            .replace(/\..*$/, '')
            .replace(/[^A-Za-z0-9_.]/g, '_'),
    kernel: makeKernel(flags),
    kconfig: flags.kconfig,
    // The reason of a refusal is in the log: it is made also where it is not printed.
    logLevel: flags.logLevel || 1,
    logSize: LOG_SIZE,
    ...(flags.type === undefined ? {} : { type: flags.type }),
    ...(flags.prog === undefined ? {} : { only: new Set([flags.prog]) }),
  };
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === ELF_MAGIC) {
    const verdicts = verifyObject(new Uint8Array(bytes), options);
    if (verdicts.length === 0) throw new Errno(ENOENT, `${file} has no program ${flags.prog ?? 'at all'}`);
    return verdicts;
  }
  if (flags.type === undefined)
    throw new Errno(EINVAL, `${file} is no ELF object: name the type of its program with --type`);
  return verifyInsns(instructions(bytes, file), flags.type, options);
}

/** Bare instructions: 8 bytes each, or the same as hex text. */
function instructions(bytes: Buffer, file: string): Uint8Array {
  const text = bytes.toString('latin1').replace(/\s+/g, '');
  const insns = /^([0-9a-f]{16})+$/i.test(text) ? Buffer.from(text, 'hex') : bytes;
  if (insns.length === 0 || insns.length % 8 !== 0)
    throw new Errno(EINVAL, `${file} holds ${insns.length} bytes, which are no whole instructions of 8`);
  return new Uint8Array(insns);
}

function report(verdict: Verdict, withLog: boolean): void {
  const { program, section, type, accepted, reason, log } = verdict;
  if (withLog) console.log(log.trimEnd());
  const where = section === '' ? type.toLowerCase() : `${section}, ${type.toLowerCase()}`;
  console.log(`${program} (${where}): ${accepted ? 'accepted' : 'refused'}: ${reason}`);
}

function parseType(text: string): number {
  const name = text.toUpperCase().replace(/^BPF_PROG_TYPE_/, '');
  const type = BPF_PROG_TYPE[name as keyof typeof BPF_PROG_TYPE];
  if (type === undefined) {
    const names = Object.keys(BPF_PROG_TYPE)
      .slice(1)
      .map((one) => one.toLowerCase());
    throw new InvalidArgumentError(`one of ${names.join(', ')} is wanted.`);
  }
  return type;
}

function parseLevel(text: string): number {
  const level = Number(text);
  if (!Number.isInteger(level) || level < 0 || level > 7) throw new InvalidArgumentError('0 to 7 is wanted.');
  return level;
}

function parseConfig(text: string, before: Record<string, string>): Record<string, string> {
  const match = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('CONFIG_NAME=value is wanted.');
  return { ...before, [match[1] as string]: match[2] as string };
}
