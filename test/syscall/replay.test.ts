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
  ids: [['ids/info/prog_arrays', 'counts of the verifier']],
  fuzz: [],
  cgroup: [],
  misc: [
    ['unpriv/bpf_net', 'log of the verifier'],
    ['unpriv/sys_admin', 'log of the verifier'],
  ],
};

for (const [file, pending] of Object.entries(PENDING)) {
  t.test(`the recorded sequences of "${file}" give the kernel's answers`, (t) => {
    const kernel = replayKernel();
    const before = kernel.arena.used;
    let steps = 0;
    for (const sequence of sequences(file)) {
      steps += sequence.steps.length;
      const excuse = pending.find(([start]) => sequence.id.startsWith(start));
      const [first, ...rest] = replay(kernel, sequence);
      if (excuse !== undefined) {
        t.ok(first, `${sequence.id} differs (${excuse[1]}); when it does not any more, take it off the list`);
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
