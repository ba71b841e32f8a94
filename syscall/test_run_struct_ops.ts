/**
 * Test runs of struct_ops programs: those of `bpf_dummy_ops` can be called, others answer
 * -EOPNOTSUPP (`bpf_struct_ops_test_run`, net/bpf/bpf_dummy_struct_ops.c; asked of 6.18).
 */
import { BTF_KIND, type Btf, type BtfType } from '../btf/btf.ts';
import { EFAULT, EINVAL, ENOMEM, ENOTSUP } from '../uapi/errno.ts';
import { pointerBits } from '../vm/vm.ts';
import { LoadedProg } from './loaded_prog.ts';
import { TEST_AT, type TestRun } from './test_run_common.ts';

const WORD = 8;
/** sizeof(struct bpf_dummy_ops_state). */
const STATE_SIZE = 4;
/** The operation whose state may be NULL (its stub names the argument `cb__nullable`). */
const NULLABLE = 'test_1';

/** The operation a program is, or undefined: it is none of bpf_dummy_ops. */
function operationOf(run: TestRun): { readonly name: string; readonly args: number } | undefined {
  const facts = run.prog instanceof LoadedProg ? run.prog.facts : undefined;
  const btf: Btf | undefined = facts?.attachBtf ?? run.kernel.vmlinux;
  const ops = facts === undefined ? undefined : btf?.type(facts.attachBtfId);
  if (ops?.name !== 'bpf_dummy_ops') return undefined;
  const member = ops.members[run.prog.expectedAttachType];
  const pointer: BtfType | undefined = member === undefined ? undefined : btf?.type(btf.skipModifiers(member.type));
  const proto = pointer?.kind === BTF_KIND.PTR ? btf?.type(btf.skipModifiers(pointer.type)) : undefined;
  return member === undefined || proto === undefined ? undefined : { name: member.name, args: proto.params.length };
}

/** Calls the program as the operation it is: the context has its arguments, the first of them the state's address. */
export function testRunStructOps(run: TestRun): number {
  const { attr, caller, prog, kernel } = run;
  const operation = operationOf(run);
  if (operation === undefined) return -ENOTSUP;
  const { arena } = kernel;
  const size = operation.args * WORD;
  if (attr.get(TEST_AT.ctx_size_in) !== size) return -EINVAL;
  const block = arena.alloc(size + WORD);
  if (block === 0) return -ENOMEM;
  try {
    const state = block + size;
    arena.zero(state, WORD);
    if (caller.read(attr.addr(TEST_AT.ctx_in), arena.u8.subarray(block, state)) < 0) return -EFAULT;
    const user = Number(arena.view.getBigUint64(block, true));
    const stateBytes = arena.u8.subarray(state, state + STATE_SIZE);
    if (user !== 0 && caller.read(user, stateBytes) < 0) return -EFAULT;
    if (user === 0 && operation.name !== NULLABLE) return -EINVAL;
    arena.view.setBigUint64(block, user === 0 ? 0n : pointerBits(state), true);
    const retval = prog.run(block);
    if (user !== 0 && caller.write(user, stateBytes) < 0) return -EFAULT;
    return attr.put(caller, TEST_AT.retval, retval) < 0 ? -EFAULT : 0;
  } finally {
    arena.free(block, size + WORD);
  }
}
