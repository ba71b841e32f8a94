/**
 * The recorded answers of Linux 6.18 against the dispatcher: programs, and what they return.
 */
import { replayTest } from './replay_test.ts';

replayTest('xlated');
replayTest('testrun');
replayTest('load', [
  ['load/prog/bswap', 'log'],
  ['load/prog/stack_ok', 'log: live stack slots at level 2'],
  ['load/prog/stack_uninit', 'log: live stack slots at level 2'],
  ['load/prog/stack512', 'log: live stack slots at level 2'],
  ['load/prog/spill_fill', 'log: live stack slots at level 2'],
  ['load/prog/pkt_ok_cls', 'log'],
  ['load/prog/pcpu_lookup', 'log'],
  ['load/prog/helper_0', 'log'],
  ['load/prog/queue_push', 'log'],
  ['load/prog/jset_jmp32', 'log'],
  ['load/prog/may_goto', 'log'],
  ['load/prog/ptr_cmp', 'log'],
]);
