/** Calls of bpf_snprintf, bpf_strtol, bpf_strtoul and bpf_strncmp with inputs of all kinds. */
import type { Random } from '../../../base/env.ts';
import { asm } from './asm.ts';

/** One call. */
export interface HelperCase {
  readonly helper: 'snprintf' | 'strtol' | 'strtoul' | 'strncmp';
  /** The format or first string as hex, with its NUL. */
  readonly text: string;
  /** 256 bytes as hex: 64-bit arguments (snprintf), the number's text or the second string. */
  readonly data: string;
  /** Arguments that are addresses in the data (snprintf): [index of the argument, offset]. */
  readonly pointers: readonly (readonly [number, number])[];
  /** Size of the output buffer, of the text; flags. */
  readonly size: number;
  readonly count: number;
  readonly flags: number;
}

/** Maps of a case: 0 the text, 1 the output, 2 the data. */
export const OUT = 1;

/** The program that makes the call; r0 is its result. */
export function programOf(test: HelperCase): Uint8Array {
  if (test.helper === 'snprintf') {
    const pointers = test.pointers.map(
      ([index, off]) => `r1 = mapval[2]+${off}; r2 = mapval[2]+0; *(u64 *)(r2 + ${index * 8}) = r1`,
    );
    return asm(`${pointers.join('\n')}
      r1 = mapval[1]+0; r2 = ${test.size}; r3 = mapval[0]+0; r4 = mapval[2]+0; r5 = ${test.count * 8}; call 165; exit`);
  }
  if (test.helper === 'strncmp') {
    return asm(`r1 = mapval[2]+0; r2 = ${test.size}; r3 = mapval[0]+0; call 182; exit`);
  }
  return asm(`r1 = mapval[2]+0; r2 = ${test.size}; r3 = ${test.flags}; r4 = r10; r4 += -8; *(u64 *)(r10 - 8) = 0
    call ${test.helper === 'strtol' ? 105 : 106}
    r1 = *(u64 *)(r10 - 8); r2 = mapval[1]+0; *(u64 *)(r2 + 0) = r1; exit`);
}

function hex(text: string): string {
  return [...text].map((char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}

const CONVERSIONS = [
  '%d',
  '%i',
  '%u',
  '%x',
  '%X',
  '%ld',
  '%lu',
  '%lx',
  '%lld',
  '%llu',
  '%llx',
  '%5d',
  '%-6u',
  '%08x',
  '%+d',
  '% d',
  '%-08d',
  '%3c',
  '%c',
  '%016llx',
  '%s',
  '%10s',
  '%-10s',
  '%pI4',
  '%pi4',
  '%pI6',
  '%pi6',
  '%pks',
  '%pus',
  '%20llu',
  '%1x',
  '%#x',
  '%.3d',
  '%5%',
  '%%',
  '%',
  '%l',
  '%lls',
  '%hd',
  '%o',
  '%f',
  '%n',
  '%pX',
  '%px',
  '%psx',
  '%sx',
  '%s,',
  '%pI',
  '%pi7',
  '%zu',
  '%llX',
  '%lX',
  '%lc',
  '%0',
  '% ',
  '%+5d',
  '%-5d|',
  '%05d',
  '%+05d',
  '%2147483648d',
];
const WORDS = ['a=', ' ', ', ', 'x', '\n', '\t', 'value: ', '[', ']', ''];

function snprintfCase(random: Random): HelperCase {
  const below = (n: number): number => random.u32() % n;
  let text = '';
  const pointers: [number, number][] = [];
  const args: bigint[] = [];
  const strings = 128;
  for (let i = 0; i < 1 + below(4); i++) {
    text += WORDS[below(WORDS.length)];
    const conversion = CONVERSIONS[below(CONVERSIONS.length)]!;
    text += conversion;
    if (conversion === '%%' || conversion === '%5%') continue;
    if (/^%-?\d*s|%p[Iik]/.test(conversion)) pointers.push([args.length, strings + below(100)]);
    const edge = below(4);
    const value =
      edge === 0
        ? BigInt(below(300))
        : edge === 1
          ? -BigInt(below(300))
          : (BigInt(random.u32()) << 32n) | BigInt(random.u32());
    // A character that is a NUL would end the comparison of texts.
    args.push(conversion.includes('c') ? BigInt(0x41 + below(26)) : BigInt.asUintN(64, value));
  }
  text += WORDS[below(WORDS.length)];
  if (below(40) === 0) text += '\x01';
  if (below(40) === 0) text += '\xc3';
  const count = below(15) === 0 ? below(5) : args.length;
  const bytes = new Uint8Array(256);
  const view = new DataView(bytes.buffer);
  args.slice(0, 12).forEach((value, i) => {
    view.setBigUint64(i * 8, value, true);
  });
  for (let i = strings; i < 255; i++) bytes[i] = below(12) === 0 ? 0 : 0x20 + below(95);
  return {
    helper: 'snprintf',
    text: hex(`${text}\0`),
    data: Buffer.from(bytes).toString('hex'),
    pointers,
    // The kernel's own answer changes from call to call when a string meets a small buffer.
    size: pointers.length === 0 && below(6) === 0 ? 1 + below(12) : 200,
    count,
    flags: 0,
  };
}

const NUMBERS = [
  '0',
  '123',
  '-123',
  ' 42',
  '\t\n -7',
  '0x1f',
  '0X1F',
  '-0x10',
  '017',
  '-017',
  '08',
  '0xg',
  '0x',
  'abc',
  '',
  '-',
  ' ',
  '+5',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775808',
  '-9223372036854775809',
  '18446744073709551615',
  '18446744073709551616',
  '99999999999999999999999',
  '12abc',
  '1 2',
  'ff',
  '7f',
  '0b101',
  '--1',
  '- 1',
  '000000000000000000000000000000000000000000000000000000000000000000001',
  '0x8000000000000000',
  '-0x8000000000000000',
  '1777777777777777777777',
];

function numberCase(random: Random): HelperCase {
  const below = (n: number): number => random.u32() % n;
  const number = NUMBERS[below(NUMBERS.length)]!;
  return {
    helper: below(2) === 0 ? 'strtol' : 'strtoul',
    text: '00',
    data: hex(number),
    pointers: [],
    size: Math.max(1, number.length + below(3) - 1),
    count: 0,
    flags: [0, 0, 8, 10, 16, 2, 32, 7][below(8)]!,
  };
}

function compareCase(random: Random): HelperCase {
  const below = (n: number): number => random.u32() % n;
  const word = 'prefix'.slice(0, 1 + below(6));
  const other = below(2) === 0 ? word : word + String.fromCharCode(0x61 + below(200));
  return {
    helper: 'strncmp',
    text: hex(`${word}\0`),
    data: hex(`${other}\0`),
    pointers: [],
    size: 1 + below(9),
    count: 0,
    flags: 0,
  };
}

/** A number of cases of all kinds. */
export function randomCases(random: Random, count: number): HelperCase[] {
  return Array.from({ length: count }, (_, i) =>
    i % 5 < 3 ? snprintfCase(random) : i % 5 === 3 ? numberCase(random) : compareCase(random),
  );
}
