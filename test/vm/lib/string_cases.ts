/**
 * Kernel functions on strings, and iterators over bits: strings of all kinds, without an
 * end, and at addresses where there is none.
 */
import { BPF_MAP_TYPE as MT, BPF_PROG_TYPE as PT } from '../../../uapi/bpf.ts';
import { product } from './product.ts';
import type { ScriptCase, ScriptWriter } from './script_cases.ts';

/** Maps: results, texts, a text longer than strings may be. */
const [RESULTS, TEXTS, LONG] = [0, 1, 2];
const LONG_SIZE = 65_600;

const STRINGS = [
  ...['', 'a', 'A', 'abc', 'aBc', 'abcabcabd', 'abd', 'cab', ' bc', '\u00e9x', '\u0080', 'x\u00e9', 'zz'],
  // Letters of either case, a letter without one, and the two signs among them.
  ...['\u00c9x', '\u00df', '\u00de', '\u00fe', '\u00d7', '\u00f7', '\u00ff'],
];
const OFFSETS = STRINGS.map((_, i) => STRINGS.slice(0, i).reduce((at, text) => at + text.length + 1, 0));

/** How an argument that is an address is loaded. */
const TEXT_ARGS: readonly string[] = OFFSETS.map((off) => `mapval[${TEXTS}]+${off}`);
/** The long text from here on has fewer characters than the longest string, as many, or one more. */
const LONG_ARGS: readonly string[] = [0, LONG_SIZE - 65_537, LONG_SIZE - 65_536, LONG_SIZE - 65_535].map(
  (off) => `mapval[${LONG}]+${off}`,
);
const NO_ARGS: readonly string[] = [
  ...['0 ll', '1 ll', '0xfff ll', '0x1000 ll', '0x7fffdeadb000 ll', '0x7ffffffff000 ll', '0x800000000000 ll'],
  ...['0xffff000000000000 ll', '0xffff7fffffffffff ll', '0xffffffffff600000 ll', '0xffffffffff600fff ll'],
  '0xffffffffff5fffff ll',
];
const COUNTS = ['0', '1', '2', '3', '4', '9', '65535', '65536', '65537', '-1', '0x100000000 ll', '0x7fffffff'];
const CHARS = ['0', '0x61', '0x62', '0xe9', '-23', '0x161', '0x7a'];

/** A function: what its arguments after the first are. */
const FUNCTIONS: Readonly<Record<string, readonly ('text' | 'count' | 'char')[]>> = {
  bpf_strlen: [],
  bpf_strnlen: ['count'],
  bpf_strchr: ['char'],
  bpf_strchrnul: ['char'],
  bpf_strrchr: ['char'],
  bpf_strnchr: ['count', 'char'],
  bpf_strcmp: ['text'],
  bpf_strcasecmp: ['text'],
  bpf_strspn: ['text'],
  bpf_strcspn: ['text'],
  bpf_strstr: ['text'],
  bpf_strnstr: ['text', 'count'],
};

const PER_PROGRAM = 128;

function setUp(): string[] {
  const texts = Buffer.from(`${STRINGS.join('\0')}\0`, 'latin1')
    .toString('hex')
    .padEnd(128, '0');
  return [
    `m ${MT.ARRAY} 4 ${8 * PER_PROGRAM} 1 0 -1`,
    `m ${MT.ARRAY} 4 64 1 0 -1`,
    `m ${MT.ARRAY} 4 ${LONG_SIZE} 1 0 -1`,
    `u ${TEXTS} 00000000 ${texts}`,
  ];
}

/** Calls one after the other, what each returned in the results. */
function calls(writer: ScriptWriter, name: string, args: readonly string[][], long: boolean): string[] {
  const lines = args.map(
    (values, i) => `${values.map((value, arg) => `r${arg + 1} = ${value}`).join('; ')}
      call kfunc ${name}; r1 = mapval[${RESULTS}]+${8 * i}; *(u64 *)(r1 + 0) = r0`,
  );
  const script = setUp();
  if (long) script.push(`u ${LONG} 00000000 ${'78'.repeat(LONG_SIZE - 1)}00`);
  script.push(writer.prog(PT.SCHED_CLS, `${lines.join('\n')}\n r0 = 0; exit`), `r 0 ${'5a'.repeat(64)} 0`);
  script.push(`d ${RESULTS}`, 'c');
  return script;
}

/** Words of a stack that is all known: what the iterator gave is added up. */
function bitsCase(writer: ScriptWriter, memory: string, words: number, change: boolean): string[] {
  return [
    ...setUp(),
    writer.prog(
      PT.SCHED_CLS,
      `r8 = 0; r7 = 0
      *(u64 *)(r10 - 16) = 0x11; *(u64 *)(r10 - 8) = -1; *(u64 *)(r10 - 24) = 0x40000000; *(u64 *)(r10 - 32) = 0
      r1 = r10; r1 += -64; r2 = ${memory}; ${memory === 'r10' ? 'r2 += -32' : ''}
      r3 = ${words}; call kfunc bpf_iter_bits_new; r6 = r0
      top: r1 = r10; r1 += -64; call kfunc bpf_iter_bits_next; if r0 == 0 goto out
      r1 = *(u32 *)(r0 + 0); r8 *= 33; r8 += r1; r7 += 1
      ${change ? '*(u64 *)(r10 - 16) = -1; *(u64 *)(r10 - 32) = -1' : ''}
      goto top
      out: r1 = r10; r1 += -64; call kfunc bpf_iter_bits_destroy
      r1 = mapval[${RESULTS}]+0; *(u64 *)(r1 + 0) = r6; *(u64 *)(r1 + 8) = r7; *(u64 *)(r1 + 16) = r8
      r0 = 0; exit`,
    ),
    `r 0 ${'5a'.repeat(64)} 0`,
    `d ${RESULTS}`,
    'c',
  ];
}

export function stringCases(writer: ScriptWriter): ScriptCase[] {
  const cases: ScriptCase[] = [];
  const anything = { count: COUNTS, char: CHARS };
  for (const [name, rest] of Object.entries(FUNCTIONS)) {
    const lists = (first: readonly string[], second: readonly string[]): string[][] =>
      product([first, ...rest.map((kind) => (kind === 'text' ? second : anything[kind]))]);
    const all = [
      ...lists(TEXT_ARGS, TEXT_ARGS),
      ...lists(NO_ARGS, TEXT_ARGS.slice(2, 4)),
      ...(rest[0] === 'text' ? [...lists(TEXT_ARGS.slice(0, 4), NO_ARGS), ...lists(NO_ARGS, NO_ARGS.slice(0, 1))] : []),
    ];
    for (let i = 0; i < all.length; i += PER_PROGRAM) {
      const some = all.slice(i, i + PER_PROGRAM);
      cases.push({ title: `${name}, ${i} to ${i + some.length}`, script: calls(writer, name, some, false) });
    }
    const long = [
      ...lists(LONG_ARGS, [...LONG_ARGS, ...TEXT_ARGS.slice(0, 2)]),
      ...lists(TEXT_ARGS.slice(0, 2), LONG_ARGS),
    ];
    const some = long.filter((_, i) => long.length <= PER_PROGRAM || i % 3 === 0).slice(0, PER_PROGRAM);
    cases.push({ title: `${name}, long`, script: calls(writer, name, some, true) });
  }
  for (const memory of ['r10', ...NO_ARGS.filter((arg) => !arg.startsWith('0xffffffffff5'))]) {
    for (const words of [0, 1, 2, 3, 4, 511, 512, -1]) {
      if (memory === 'r10' && words > 4) continue;
      for (const change of [false, true])
        cases.push({ title: `bits of ${memory}, ${words} words`, script: bitsCase(writer, memory, words, change) });
    }
  }
  return cases;
}
