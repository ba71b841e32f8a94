/** Red-black trees: nodes added and taken out anywhere, then the keys met on every way down from the root. */
import { seededRandom } from '../../../base/env.ts';
import { BPF_MAP_TYPE as MT, BPF_PROG_TYPE as PT } from '../../../uapi/bpf.ts';
import type { ScriptCase, ScriptWriter } from './script_cases.ts';
import { HEAD, NODE, TYPE_IDS } from './wide_btf.ts';

const CASES = 150;
const DEPTH = 4;
const PACKET = '5a'.repeat(64);

/** All ways of at most {@link DEPTH} steps. */
const WAYS = Array.from({ length: 2 ** (DEPTH + 1) - 1 }, (_, i) => (i + 1).toString(2).slice(1)).map((bits) =>
  [...bits].map((bit) => (bit === '0' ? 'left' : 'right')),
);

const TREE = `r1 = r8; r1 += ${HEAD.tree}`;
const KEY = NODE.key - NODE.tree;

/** Takes the lock and goes a way; r0 is the node there. Jumps to `out` when there is none. */
function go(way: readonly string[], out: string): string {
  const steps = way.map((side) => `${TREE}; r2 = r0; call kfunc bpf_rbtree_${side}; if r0 == 0 goto ${out}`);
  return `r1 = r8; call 93; ${TREE}; call kfunc bpf_rbtree_root; if r0 == 0 goto ${out}\n${steps.join('\n')}`;
}

const add = (key: number, i: number): string => `
  r1 = ${TYPE_IDS.node}; r2 = 0; call kfunc bpf_obj_new_impl; if r0 == 0 goto done_${i}
  r6 = ${key}; *(u64 *)(r0 + ${NODE.key}) = r6; r9 = r0
  r1 = r8; call 93; ${TREE}; r2 = r9; r2 += ${NODE.tree}; r3 = func f_less; r4 = 0; r5 = 0; call kfunc bpf_rbtree_add_impl
  r1 = r8; call 94
  done_${i}: r6 = 0`;

const remove = (way: readonly string[], i: number): string => `
  ${go(way, `none_${i}`)}
  ${TREE}; r2 = r0; call kfunc bpf_rbtree_remove; r9 = r0; r1 = r8; call 94; if r9 == 0 goto done_${i}
  r1 = r9; r1 += ${-NODE.tree}; r2 = 0; call kfunc bpf_obj_drop_impl; goto done_${i}
  none_${i}: r1 = r8; call 94
  done_${i}: r6 = 0`;

const look = (way: readonly string[], i: number): string => `
  ${go(way, `gone_${i}`)}
  r6 = *(u64 *)(r0 + ${KEY}); r1 = mapval[1]+${8 * i}; *(u64 *)(r1 + 0) = r6
  gone_${i}: r1 = r8; call 94`;

export function treeCases(writer: ScriptWriter): ScriptCase[] {
  const random = seededRandom(20);
  const below = (limit: number): number => random.u32() % limit;
  return Array.from({ length: CASES }, (_, number) => {
    const steps = Array.from({ length: 4 + below(26) }, (_, i) =>
      i < 4 || below(3) > 0 ? add(1 + below(number % 3 === 0 ? 8 : 1000), i) : remove(WAYS[below(15)]!, i),
    );
    const text = `r8 = mapval[0]+0
      ${steps.join('\n')}
      ${WAYS.map(look).join('\n')}
      r0 = 0; exit
      f_less: r1 = *(u64 *)(r1 + ${KEY}); r2 = *(u64 *)(r2 + ${KEY}); r0 = 1; if r1 < r2 goto yes; r0 = 0
      yes: exit`;
    const script = [
      `m ${MT.ARRAY} 4 ${HEAD.size} 1 0 -1 ${TYPE_IDS.int} ${TYPE_IDS.head}`,
      `m ${MT.ARRAY} 4 ${8 * WAYS.length} 1 0 -1`,
      writer.prog(PT.SCHED_CLS, text),
      `r 0 ${PACKET} 0 0`,
      'd 1',
      `r 0 ${PACKET} 0 0`,
      'd 1',
      'c',
    ];
    return { title: `tree ${number} of ${steps.length} steps`, script };
  });
}
