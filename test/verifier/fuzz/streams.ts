/** Instruction streams that nobody would write: random ones, and programs with bits turned. */
import type { Random } from '../../../base/env.ts';
import { EDGES } from './gen.ts';
import { generateProgram } from './generate.ts';
import { FuzzMachine } from './machine.ts';
import type { FuzzProgram, Word } from './program.ts';

/** Variants of one program. */
const VARIANTS = 24;
/** Opcodes that exist, more or less; the rest comes by turned bits. */
const CLASSES = [0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07];
const TYPES = 40;
const LEVELS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 6];

/** What the streams came to. */
export interface StreamTotals {
  count: number;
  accepted: number;
  /** Longest load, in milliseconds, and the number of the stream. */
  longest: number;
  longestAt: number;
  /** What was wrong: answers that are no errno, exceptions. */
  readonly wrong: string[];
}

function randomWord(random: Random): Word {
  const pick = <T>(list: readonly T[]): T => list[random.u32() % list.length]!;
  const op = random.u32() % 4 === 0 ? random.u32() & 255 : (random.u32() & 0xf8) | pick(CLASSES);
  const reg = (): number => (random.u32() % 20 === 0 ? random.u32() & 15 : random.u32() % 11);
  const off = random.u32() % 3 === 0 ? (random.u32() << 16) >> 16 : (random.u32() % 16) - 8;
  const imm = random.u32() % 3 === 0 ? random.u32() | 0 : random.u32() % 2 === 0 ? pick(EDGES) : random.u32() % 220;
  return [op, reg(), reg(), off, imm];
}

/** A program of random instructions; most end, so that something is looked at. */
function randomStream(random: Random): Word[] {
  const words: Word[] = Array.from({ length: 1 + (random.u32() % 40) }, () => randomWord(random));
  if (random.u32() % 8 !== 0) words.unshift([0xbf, 6, 1, 0, 0], [0xb7, 0, 0, 0, 0]);
  if (random.u32() % 8 !== 0) words.push([0xb7, 0, 0, 0, 0], [0x95, 0, 0, 0, 0]);
  return words;
}

/** A program with a few instructions changed. */
function mutated(random: Random, program: FuzzProgram): FuzzProgram {
  const words = [...program.words];
  for (let left = random.u32() % 2 === 0 ? 1 : 1 + (random.u32() % 4); left > 0; left--) {
    const at = random.u32() % words.length;
    const [op, dst, src, off, imm] = words[at]!;
    const other = words[random.u32() % words.length]!;
    switch (random.u32() % 10) {
      case 0:
        words[at] = [op ^ (1 << (random.u32() & 7)), dst, src, off, imm];
        break;
      case 1:
        words[at] = [op, random.u32() % 11, src, off, imm];
        break;
      case 2:
        words[at] = [op, dst, random.u32() % 11, off, imm];
        break;
      case 3:
        words[at] = [op, dst, src, ((off ^ (1 << (random.u32() & 15))) << 16) >> 16, imm];
        break;
      case 4:
        words[at] = [op, dst, src, off, imm ^ (1 << (random.u32() & 31))];
        break;
      case 5:
        words[at] = other;
        break;
      case 6:
        words.splice(at, 1);
        if (words.length === 0) words.push(other);
        break;
      case 7:
        words.splice(at, 0, other);
        break;
      case 8:
        words[at] = randomWord(random);
        break;
      default:
        words[at] = [op, src & 15, dst & 15, (imm << 16) >> 16, off];
    }
  }
  const type = random.u32() % 16 === 0 ? random.u32() % TYPES : program.type;
  const flags = random.u32() % 16 === 0 ? random.u32() & 0xff : 0;
  const perfmon = random.u32() % 4 !== 0;
  // Functions begin where they did, whether that is so or not.
  const funcs = program.funcs?.map(({ start, kind }) => ({
    start: random.u32() % 30 === 0 ? random.u32() % 64 : start,
    kind,
  }));
  return { ...program, type, flags, perfmon, words, funcs };
}

/** A machine that gives up early: what is looked for is faults, not verdicts. */
export function streamMachine(): FuzzMachine {
  const machine = new FuzzMachine(undefined, undefined, 4_000);
  machine.logSize = 16_384;
  return machine;
}

/** Loads `count` streams. */
export function runStreams(machine: FuzzMachine, random: Random, count: number): StreamTotals {
  const totals: StreamTotals = { count: 0, accepted: 0, longest: 0, longestAt: 0, wrong: [] };
  const load = (program: FuzzProgram): void => {
    const level = LEVELS[random.u32() % LEVELS.length]!;
    const started = performance.now();
    try {
      const { fd } = machine.open(program, level);
      if (fd >= 0) {
        totals.accepted++;
        machine.caller.close(fd);
      } else if (!(fd > -4096)) totals.wrong.push(`stream ${totals.count}: the answer is ${fd}`);
    } catch (error) {
      totals.wrong.push(`stream ${totals.count}: ${error instanceof Error ? error.stack : error}`);
    }
    const took = performance.now() - started;
    if (took > totals.longest) {
      totals.longest = took;
      totals.longestAt = totals.count;
    }
    totals.count++;
  };
  while (totals.count < count && totals.wrong.length < 10) {
    const base = generateProgram(random);
    for (let i = 0; i < VARIANTS && totals.count < count; i++) {
      if (random.u32() % 4 === 0) load({ ...base, funcs: undefined, words: randomStream(random) });
      else load(mutated(random, base));
    }
  }
  for (const bug of machine.bugs.splice(0))
    totals.wrong.push(`an exception: ${bug instanceof Error ? bug.stack : bug}`);
  return totals;
}
