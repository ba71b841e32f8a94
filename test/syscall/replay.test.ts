/**
 * The recorded answers of Linux 6.18 against the dispatcher: every step that does not
 * depend on the machine must be equal. What cannot be is listed here with the reason.
 */
import t from 'tap';
import { replay, replayKernel, sequences } from './replay.ts';

/** Sequences that are not equal yet, by the start of their id. */
const PENDING: Readonly<Record<string, readonly (readonly [id: string, reason: string])[]>> = {
  create: [],
  elem: [],
  ids: [],
  fuzz: [],
  cgroup: [],
  misc: [],
  testrun: [],
  xlated: [],
  random: [],
  load: [
    ['load/prog/bswap', 'log'],
    ['load/prog/stack_ok', 'log: live stack slots at level 2'],
    ['load/prog/stack_uninit', 'log: live stack slots at level 2'],
    ['load/prog/stack512', 'log: live stack slots at level 2'],
    ['load/prog/spill_fill', 'log: live stack slots at level 2'],
    ['load/prog/pkt_ok_cls', 'log'],
    ['load/prog/pcpu_lookup', 'log'],
    ['load/prog/helper_0', 'log'],
    ['load/prog/queue_push', 'log'],
    ['load/prog/subprog/', 'log'],
    ['load/prog/jset_jmp32', 'log'],
    ['load/prog/may_goto', 'log'],
    ['load/prog/ptr_cmp', 'log'],
    ['load/caps/bpf+net_admin', 'log of speculative execution'],
  ],
};

/** A million instructions, four times: run by `replay_show.js load`, not here. */
const SLOW: ReadonlySet<string> = new Set(['load/prog/loop_nobound']);

for (const [file, pending] of Object.entries(PENDING)) {
  t.test(`the recorded sequences of "${file}" give the kernel's answers`, (t) => {
    const kernel = replayKernel();
    const before = kernel.arena.used;
    let steps = 0;
    for (const sequence of sequences(file)) {
      if (SLOW.has(sequence.id)) continue;
      steps += sequence.steps.length;
      const excuse = pending.find(([start]) => `${sequence.id}/`.startsWith(start));
      const [first, ...rest] = replay(kernel, sequence);
      if (excuse !== undefined) {
        if (first === undefined) t.comment(`${sequence.id} is equal now: take it off the list (${excuse[1]})`);
        else t.comment(`${sequence.id}: ${rest.length + 1} steps differ (${excuse[1]})`);
      } else if (first !== undefined) {
        t.fail(`${sequence.id} step ${first.step} ${first.cmd}: ${first.message} (and ${rest.length} more)`);
      }
    }
    t.comment(`${steps} steps`);
    t.equal(kernel.maps.size + kernel.progs.size + kernel.links.size + kernel.btfs.size, 0, 'no object is left');
    t.ok(kernel.arena.used - before < 1 << 20, `no memory is left over (${kernel.arena.used - before} bytes)`);
    t.end();
  });
}
