/**
 * Exceptions and tail calls: a program that throws, in one of its functions, with or
 * without an exception callback, reached from another program in all the ways there are.
 */
import { BPF_MAP_TYPE as MT, BPF_PROG_TYPE as PT } from '../../../uapi/bpf.ts';
import type { ScriptCase, ScriptWriter } from './script_cases.ts';

/** Throws r1 + 1, in one of the places a program can. */
const THROW = 'r1 = 5; call kfunc bpf_throw';
const LOOP = (callback: string): string => `r1 = 3; r2 = func ${callback}; r3 = 0; r4 = 0; call 181`;

/** How a program throws: its main function's part (r1 is the context), and its other functions. */
const THROWERS: Readonly<Record<string, readonly [main: string, functions: string]>> = {
  main: [`${THROW}`, ''],
  sub: ['call f_throw', `f_throw: ${THROW}; r0 = 1; exit`],
  global: ['call g_throw', `g_throw: ${THROW}; r0 = 1; exit`],
  callback: [LOOP('f_cb'), `f_cb: ${THROW}; r0 = 0; exit`],
  'sub of a callback': [LOOP('f_cb'), `f_cb: call f_throw; r0 = 0; exit\n f_throw: ${THROW}; r0 = 0; exit`],
  'sub of a sub': ['call f_one', `f_one: r6 = 7; call f_throw; r0 = r6; exit\n f_throw: ${THROW}; r0 = 0; exit`],
  nothing: ['r0 = 77', ''],
};

/** A tail call to a slot of map 0; falls through to what follows. */
const tail = (slot: number): string => `r2 = map[0]; r3 = ${slot}; call 12`;

/** Ways from the main function (the context in r1) to the tail call of slot 1. */
const PATHS: Readonly<Record<string, readonly [main: string, functions: string]>> = {
  main: [`${tail(1)}; r0 = 4`, ''],
  sub: ['call f_tail', `f_tail: ${tail(1)}; r0 = 2; exit`],
  'sub of a sub': ['call f_mid', `f_mid: r7 = 9; call f_tail; r0 += r7; exit\n f_tail: ${tail(1)}; r0 = 2; exit`],
  global: ['call gc_tail', `gc_tail: ${tail(1)}; r0 = 2; exit`],
};

const CALLBACKS: Readonly<Record<string, string>> = {
  none: '',
  adds: 'cb: r0 = r1; r0 += 100; exit',
  calls: 'cb: call f_late; r0 += 1000; exit\n f_late: r0 = r1; exit',
};

/** The main function that has r6 to r9 to lose, around a part of it. */
function program(part: string, functions: string, callback: string, after = ''): string {
  return `r6 = 0x10000; r7 = 0x20000; r8 = 0x40000; r9 = 0x80000
    ${part}
    ${after}
    r0 += r6; r0 += r7; r0 += r8; r0 += r9; exit
    ${functions}
    ${callback}`;
}

/** What the caller does when it goes on: nothing, or an exception of its own, never or always. */
const AFTER: Readonly<Record<string, string>> = {
  'goes on': '',
  'never throws': 'if r0 != 0x12345 goto on; r1 = 8; call kfunc bpf_throw; on:',
  throws: 'r1 = r0; call kfunc bpf_throw',
};

export function exceptionCases(writer: ScriptWriter): ScriptCase[] {
  const cases: ScriptCase[] = [];
  const add = (title: string, programs: readonly string[]): void => {
    const script = [`m ${MT.PROG_ARRAY} 4 4 4 0 -1`];
    // The last one is run; the first is in slot 1, and so on.
    for (const text of programs) script.push(writer.prog(PT.SCHED_CLS, text));
    programs.forEach((_, i) => {
      script.push(`s 0 ${i + 1} ${i}`);
    });
    script.push(`r ${programs.length - 1} ${'5a'.repeat(64)} 0`, 'c');
    cases.push({ title, script });
  };
  for (const [where, [part, functions]] of Object.entries(THROWERS)) {
    for (const [callback, text] of Object.entries(CALLBACKS)) {
      const thrower = program(part, functions, text);
      add(`thrown in ${where}, exception callback ${callback}`, [thrower]);
      // Callbacks may not throw.
      if (where.endsWith('callback')) continue;
      for (const [path, [call, callFunctions]] of Object.entries(PATHS)) {
        for (const [own, ownText] of Object.entries(CALLBACKS)) {
          for (const [after, afterText] of Object.entries(AFTER)) {
            if (where !== 'main' && after !== 'goes on' && callback === 'calls') continue;
            add(`thrown in ${where}, callback ${callback}; called from ${path}, which ${after}, callback ${own}`, [
              thrower,
              program(call, callFunctions, ownText, afterText),
            ]);
          }
        }
      }
    }
  }
  return cases;
}
