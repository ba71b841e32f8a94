/** Kernel functions on CPU masks, tasks, cgroups and frames, called as the engines call them. */
import t from 'tap';
import { E2BIG, EACCES, EINVAL, ENOENT } from '../../uapi/errno.ts';
import { XdpBuff } from '../../vm/contexts/xdp.ts';
import { dynptrInit } from '../../vm/helpers/dynptr.ts';
import { createVm, KFUNCS } from '../../vm/helpers/index.ts';
import { testVm } from './lib/facts.ts';

const vm = createVm(testVm().env);
const { arena } = vm.env;

function call(name: string, ...args: number[]): number {
  const kfunc = KFUNCS.get(name);
  if (kfunc === undefined) throw new Error(`No kfunc ${name}`);
  return kfunc.fn(vm, ...args);
}
const mask = (name: string, ...args: number[]): number => call(`bpf_cpumask_${name}`, ...args);

t.test('CPU masks of a machine with two CPUs', async (t) => {
  const used = arena.used;
  const [a, b, c] = [mask('create'), mask('create'), mask('create')];
  t.equal(mask('empty', a), 1);
  t.equal(mask('first', a), 2, 'nothing found: the number of CPUs');
  mask('set_cpu', 1, a);
  mask('set_cpu', 5, a);
  t.same(
    [0, 1, 5].map((cpu) => mask('test_cpu', cpu, a)),
    [0, 1, 0],
    'CPUs that do not exist are ignored',
  );
  t.same([mask('first', a), mask('first_zero', a), mask('weight', a)], [1, 0, 1]);
  t.equal(mask('test_and_set_cpu', 0, b), 0);
  t.equal(mask('test_and_set_cpu', 0, b), 1);
  t.equal(mask('and', c, a, b), 0, 'no CPU in common');
  t.equal(mask('intersects', a, b), 0);
  mask('or', c, a, b);
  t.equal(mask('full', c), 1);
  t.equal(mask('subset', a, c), 1);
  t.equal(mask('subset', c, a), 0);
  mask('xor', c, c, a);
  t.equal(mask('equal', c, b), 1);
  t.equal(mask('first_and', c, b), 0);
  mask('copy', c, a);
  t.equal(mask('equal', c, a), 1);
  mask('setall', c);
  mask('clear', c);
  t.equal(mask('empty', c), 1);
  arena.u8.set([3, 0, 0, 0, 0, 0, 0, 0], b);
  t.equal(mask('populate', c, b, 8), 0);
  t.equal(mask('full', c), 1);
  t.equal(mask('populate', c, b, 4), -EACCES);
  t.equal(mask('populate', c, b + 4, 8), -EINVAL);
  t.equal(mask('acquire', a), a);
  for (const one of [a, a, b, c]) mask('release', one);
  t.equal(arena.used, used, 'all are freed with their last reference');
});

t.test('tasks and cgroups', async (t) => {
  const task = call('bpf_task_from_pid', vm.task.pid);
  t.not(task, 0);
  t.equal(call('bpf_task_from_pid', 424242), 0);
  t.equal(call('bpf_task_acquire', task), task);
  const root = call('bpf_cgroup_from_id', 1, 0);
  t.not(root, 0);
  t.equal(call('bpf_cgroup_from_id', 99, 0), 0);
  t.equal(call('bpf_cgroup_ancestor', root, 0), root);
  t.equal(call('bpf_cgroup_ancestor', root, 1), 0);
  t.equal(call('bpf_task_under_cgroup', task, root), 1);
});

t.test('bpf_xdp_pull_data moves bytes out of the fragments', async (t) => {
  const xdp = new XdpBuff(vm);
  xdp.init(256, 100, 0);
  for (const [length, byte] of [
    [50, 1],
    [60, 2],
  ] as const) {
    const page = xdp.addFrag(length);
    arena.u8.fill(byte, page, page + length);
  }
  t.equal(call('bpf_xdp_pull_data', xdp.ctx, 20), 0, 'there already');
  t.equal(xdp.dataEnd - xdp.data, 100);
  t.equal(call('bpf_xdp_pull_data', xdp.ctx, 211), -EINVAL, 'longer than the packet');
  t.equal(call('bpf_xdp_pull_data', xdp.ctx, 160), 0);
  t.equal(xdp.dataEnd - xdp.data, 160);
  t.equal(xdp.length, 210);
  t.same([arena.u8[xdp.data + 149], arena.u8[xdp.data + 150]], [1, 2]);
  t.equal(xdp.frags.length, 1);
  xdp.release();
});

t.test('lookups that find nothing say why', async (t) => {
  const options = arena.alloc(16);
  t.equal(call('bpf_skb_ct_lookup', 0, 0, 0, options, 12), 0);
  t.equal(arena.view.getInt32(options + 4, true), -ENOENT);
  arena.free(options, 16);
});

t.test('dynptrs of frames with fragments: in place where bytes lie in a row, and copies may overlap', async (t) => {
  const xdp = new XdpBuff(vm);
  xdp.init(256, 1000, 0);
  const page = xdp.addFrag(2000);
  const fill = (at: number, count: number, first: number): void => {
    for (let i = 0; i < count; i++) arena.u8[at + i] = (first + i) & 255;
  };
  fill(xdp.data, 1000, 0);
  fill(page, 2000, 1000);
  xdp.sync();
  const ptr = arena.alloc(16);
  const buffer = arena.alloc(64);
  const outer = vm.current;
  t.equal(call('bpf_dynptr_from_xdp', xdp.ctx, 0, 0, ptr), 0);
  t.equal(call('bpf_dynptr_slice', ptr, 1010, buffer, 8), page + 10, 'in the fragment');
  t.equal(call('bpf_dynptr_slice', ptr, 996, buffer, 8), buffer, 'over its border: a copy');
  t.same(
    [...arena.u8.slice(buffer, buffer + 8)],
    [996, 997, 998, 999, 1000, 1001, 1002, 1003].map((n) => n & 255),
  );
  t.equal(call('bpf_dynptr_slice', ptr, 2996, buffer, 8), 0, 'beyond the end');
  const none = arena.alloc(16);
  arena.zero(none, 16);
  t.equal(call('bpf_dynptr_memset', none, 0, 1, 7), -E2BIG);
  t.equal(call('bpf_dynptr_memset', none, 0, 0, 7), 0);
  vm.current = outer;
  const local = arena.alloc(16);
  const bytes = arena.alloc(600);
  fill(bytes, 600, 0);
  dynptrInit(vm, local, bytes, 0, 0, 600);
  t.equal(call('bpf_dynptr_copy', local, 2, local, 0, 500), 0);
  t.same([...arena.u8.slice(bytes, bytes + 6)], [0, 1, 0, 1, 2, 3]);
  t.equal(arena.u8[bytes + 501], 499 & 255, 'as memmove');
  xdp.release();
});

t.test('an int of a kernel function has no sign in the high half of r0', async (t) => {
  t.equal(KFUNCS.get('bpf_dynptr_memset')?.ret, 'uint');
  t.notOk([...KFUNCS.values()].some((kfunc) => kfunc.ret === 'int'));
});
