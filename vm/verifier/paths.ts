/**
 * The paths that wait to be explored (`push_stack`, `pop_stack`, `update_branch_counts`).
 */
import { EFAULT, ENOENT, ENOMEM } from '../../uapi/errno.ts';
import type { Env } from './env.ts';
import { resetLiveCallchain } from './liveness.ts';
import { incompleteMarks, maybeExitScc } from './scc.ts';
import { VState } from './state.ts';

/** `BPF_COMPLEXITY_LIMIT_JMP_SEQ`. */
const LIMIT_JMP_SEQ = 8192;

/** A copy of the current state that will be explored from `insnIdx`; undefined when there are too many. */
export function pushStack(env: Env, insnIdx: number, prevInsnIdx: number, speculative: boolean): VState | undefined {
  const state = new VState();
  state.copyFrom(env.cur!);
  state.speculative ||= speculative;
  env.stack.push({ state, insnIdx, prevInsnIdx, logPos: env.log.position });
  if (env.stack.length > LIMIT_JMP_SEQ) {
    env.verbose(`The sequence of ${env.stack.length} jumps is too complex.\n`);
    return undefined;
  }
  if (state.parent !== undefined) state.parent.branches++;
  return state;
}

/** What {@link pushStack} failed with. */
export const TOO_COMPLEX = -ENOMEM;
/** The same for a conditional jump, which the kernel answers in another way (`check_cond_jmp_op`). */
export const TOO_MANY_JUMPS = -EFAULT;

/** A path ends: counts up its ancestors (`update_branch_counts`). */
export function updateBranchCounts(env: Env, state: VState): number {
  let sl: VState | undefined = state;
  while (sl !== undefined) {
    sl.branches--;
    if (sl.branches > 0) break;
    const err = maybeExitScc(env, sl);
    if (err < 0) return err;
    if (sl.onFreeList && !incompleteMarks(env, sl)) {
      sl.onFreeList = false;
      env.freeListSize--;
    }
    sl = sl.parent;
  }
  return 0;
}

/** Takes up the path pushed last; -ENOENT when there is none. */
export function popStack(env: Env, popLog: boolean): number {
  const elem = env.stack.pop();
  if (elem === undefined) return -ENOENT;
  env.cur = elem.state;
  resetLiveCallchain(env);
  if (popLog) env.log.reset(elem.logPos);
  env.insnIdx = elem.insnIdx;
  env.lastIdx = elem.prevInsnIdx;
  return 0;
}
