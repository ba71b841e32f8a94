/** `bpf-emu btf`: prints BTF as C or one type a line. */
import { type Command, Option } from 'commander';
import type { Btf } from '../btf/btf.ts';
import { EINVAL, ENOENT, Errno } from '../uapi/errno.ts';
import { btfSection } from './btf_file.ts';
import { OBJECT_MAX, readInput } from './common.ts';

interface BtfFlags {
  readonly format: 'c' | 'raw';
  readonly builtin?: boolean;
  readonly type: readonly string[];
}

const VMLINUX = '/sys/kernel/btf/vmlinux';

/** Adds the command. */
export function addBtfCommand(program: Command): void {
  program
    .command('btf [file]')
    .summary('print BTF as C declarations')
    .description(
      `Prints the types of a BTF file or of an ELF object with BTF (default: ${VMLINUX}, or the built-in types where there is none).`,
    )
    .addOption(new Option('--format <name>', 'C declarations, or one type a line').choices(['c', 'raw']).default('c'))
    .option('--builtin', 'the types that stand in where the kernel tells none')
    .option(
      '--type <name>',
      'only the types of this name, with what they need',
      (name, before: string[]) => [...before, name],
      [],
    )
    .action(async (file: string | undefined, flags: BtfFlags) => {
      // Names are bytes: written as they are.
      process.stdout.write(Buffer.from(await text(file, flags), 'latin1'));
    });
}

async function text(file: string | undefined, flags: BtfFlags): Promise<string> {
  const { Btf } = await import('../btf/btf.ts');
  const { referencesInside, scanBtf } = await import('../btf/scan.ts');
  const { builtinTypes, defaultTypes } = await import('../native/host.ts');
  const own = flags.builtin === true ? builtinTypes() : file === undefined ? defaultTypes() : undefined;
  const name = own?.source === 'builtin' ? 'the built-in BTF' : (file ?? VMLINUX);
  const bytes = own?.bytes ?? btfSection(readInput(name, OBJECT_MAX), name);
  const table = scanBtf(new Uint8Array(bytes));
  if (table === undefined || !referencesInside(table))
    throw new Errno(EINVAL, `${name} is broken: its types are not whole`);
  const btf = new Btf(table);
  const ids = chosen(btf, flags.type, name);
  if (flags.format === 'raw') {
    const { dumpRaw, dumpType } = await import('../btf/raw_dump.ts');
    return ids === undefined ? dumpRaw(btf) : ids.map((id) => dumpType(btf, btf.type(id) ?? btf.types[0]!)).join('');
  }
  const { printC, printHeader } = await import('../btf/c_printer.ts');
  return ids === undefined ? printHeader(btf) : printC(btf, ids);
}

/** The types that are asked for; undefined for all. */
function chosen(btf: Btf, names: readonly string[], file: string): number[] | undefined {
  if (names.length === 0) return undefined;
  return names.flatMap((name) => {
    const ids = btf.findAll(name.replace(/^(struct|union|enum) /, ''));
    if (ids.length === 0) throw new Errno(ENOENT, `${file} has no type ${name}`);
    return ids;
  });
}
