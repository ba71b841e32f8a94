/** Kernel functions: who may call them, as loads on Linux 6.18 showed. */
import t from 'tap';
import { BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import { KFUNC_PROTOS, kfunc } from '../../vm/kfuncs/kfuncs.ts';
import {
  KF_ACQUIRE,
  KF_ITER_NEXT,
  KF_RCU,
  KF_RET_NULL,
  KF_SLEEPABLE,
  type ProgContext,
} from '../../vm/verifier/types.ts';

/** Program types that loaded a call of the function, of those this kernel loads without a BTF target. */
const LOADED: readonly (readonly [string, readonly number[]])[] = [
  ['bpf_task_from_pid', [3, 5, 6, 7, 8, 9, 13, 15, 18, 23, 25, 31]],
  ['bpf_cpumask_create', [5, 7, 31]],
  [
    'bpf_rcu_read_lock',
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22, 23, 24, 25, 30, 31, 32],
  ],
];

t.test('kfunc() knows the types a function is registered for', async (t) => {
  const noTarget = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22, 23, 24, 25, 30, 31, 32];
  for (const [name, types] of LOADED) {
    t.same(
      noTarget.filter((type) => kfunc(name, type) !== undefined),
      types,
      name,
    );
  }
  t.equal(kfunc('bpf_no_such_function', PT.XDP), undefined);
});

t.test('flags are those of the registered sets', async (t) => {
  t.equal(kfunc('bpf_iter_num_next', PT.XDP)?.flags, KF_ITER_NEXT | KF_RET_NULL);
  t.equal(kfunc('bpf_task_acquire', PT.LSM)?.flags, KF_ACQUIRE | KF_RCU | KF_RET_NULL);
  t.equal(kfunc('bpf_copy_from_user_str', PT.SYSCALL)?.flags, KF_SLEEPABLE);
  t.equal(KFUNC_PROTOS.size, 200);
});

t.test('filters look at the attach type', async (t) => {
  const caps = { bpf: true, perfmon: true, netAdmin: true, sysAdmin: true };
  const prog = (type: number, expectedAttachType: number): ProgContext => {
    return {
      type,
      expectedAttachType,
      sleepable: false,
      caps,
      gplCompatible: true,
      attachFuncName: '',
      devBound: false,
    };
  };
  const session = kfunc('bpf_session_is_return', PT.KPROBE);
  t.same(
    [0, 42, 48, 56, 57].map((attach) => session?.allowed?.(prog(PT.KPROBE, attach))),
    [false, false, false, true, true],
  );
  t.equal(kfunc('bpf_put_file', PT.TRACING)?.allowed?.(prog(PT.TRACING, 24)), false);
  t.equal(kfunc('bpf_put_file', PT.LSM)?.allowed?.(prog(PT.LSM, 27)), true);
});
