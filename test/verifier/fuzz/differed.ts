/**
 * Programs that once differed, as text: what the kernel answered, and one instruction a line
 * as 16 hexadecimal digits, its text behind it. Maps and kernel functions have the numbers of
 * program.ts.
 */
import { decode, encode, type FuncKind, type FuzzProgram } from './program.ts';

/** A program with what the kernel said of it. */
export interface Differed {
  /** What differed, in a sentence. */
  readonly title: string;
  readonly program: FuzzProgram;
  readonly errno: number;
  /** The last line of the log of level 2 that says something. */
  readonly last: string;
  /** Hash of the whole log; undefined where it depends on the machine. */
  readonly log: string | undefined;
}

/** Numbers of kernel functions and of processors are the machine's. */
export function dependsOnMachine({ words }: FuzzProgram): boolean {
  return words.some(([op, , src, , imm]) => op === 0x85 && (src === 2 || (src === 0 && imm === 8)));
}

/** The text of a case; `text` is the program's, a line an instruction. */
export function formatDiffered({ title, program, errno, last, log }: Differed, text: string): string {
  const { type, attachType, perfmon, flags, words, funcs } = program;
  const lines = new Map(text.split('\n').map((line) => [Number(line.slice(0, line.indexOf(':'))), line]));
  const hex = Buffer.from(encode(words)).toString('hex');
  return [
    `# ${title}`,
    `type ${type} attach ${attachType} perfmon ${Number(perfmon)} flags ${flags}`,
    ...(funcs === undefined ? [] : [`funcs ${funcs.map(({ start, kind }) => `${kind}@${start}`).join(' ')}`]),
    `errno ${errno}`,
    `last ${last}`,
    ...(log === undefined ? [] : [`log ${log}`]),
    'code',
    ...words.map((_, i) => `${hex.slice(i * 16, i * 16 + 16)}  ${lines.get(i) ?? ''}`.trimEnd()),
    '',
  ].join('\n');
}

function field(text: string, name: string): string {
  const found = new RegExp(`^${name} ?(.*)$`, 'm').exec(text);
  if (found === null) throw new Error(`A case has no "${name}"`);
  return found[1]!;
}

/** A case from its text. */
export function parseDiffered(text: string): Differed {
  const [, type, attachType, perfmon, flags] = /^type (\d+) attach (\d+) perfmon (\d) flags (\d+)$/m.exec(text) ?? [];
  const funcs = /^funcs (.*)$/m
    .exec(text)?.[1]
    ?.split(' ')
    .map((one) => {
      const [kind, start] = one.split('@');
      return { kind: kind as FuncKind, start: Number(start) };
    });
  const code = text.slice(text.indexOf('\ncode\n') + 6);
  const hex = code
    .split('\n')
    .map((line) => line.slice(0, 16))
    .join('');
  return {
    title: text.slice(2, text.indexOf('\n')),
    program: {
      type: Number(type),
      attachType: Number(attachType),
      perfmon: perfmon === '1',
      flags: Number(flags),
      words: decode(new Uint8Array(Buffer.from(hex, 'hex'))),
      funcs,
    },
    errno: Number(field(text, 'errno')),
    last: field(text, 'last'),
    log: /^log ([0-9a-f]{32})$/m.exec(text)?.[1],
  };
}
