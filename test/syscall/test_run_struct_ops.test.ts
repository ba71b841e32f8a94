/** BPF_PROG_TEST_RUN of struct_ops programs, as Linux 6.18 answered. */
import t from 'tap';
import { builtinBtf } from '../../btf/builtin.ts';
import { BTF_KIND } from '../../btf/kinds.ts';
import { LocalCaller } from '../../syscall/local_caller.ts';
import { BPF_CMD, BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { EFAULT, EINVAL, ENOTSUP } from '../../uapi/errno.ts';
import { asm } from '../vm/lib/asm.ts';
import { attrOf, stillKernel } from '../vm/lib/run_case.ts';

const SIZE = 168;
const kernel = stillKernel(builtinBtf());
const caller = new LocalCaller();

function load(struct: string, member: string, source: string): number {
  const id = kernel.vmlinux!.find(struct, BTF_KIND.STRUCT);
  const index = kernel.vmlinux!.type(id)!.members.findIndex((one) => one.name === member);
  const insns = asm(source);
  const license = caller.put(Uint8Array.from([71, 80, 76, 0]));
  const attr = attrOf(
    [0, BPF_PROG_TYPE.STRUCT_OPS],
    [4, insns.length / 8],
    [8, caller.put(insns), true],
    [16, license, true],
    [68, index],
    [108, id],
  );
  return kernel.bpf(BPF_CMD.PROG_LOAD, attr, SIZE, caller.put(attr), caller);
}

/** Runs a program with these arguments: what the command answers, and the result. */
function run(fd: number, args: readonly number[], more: readonly (readonly [number, number])[] = []): [number, number] {
  const ctx = caller.put(new Uint8Array(BigUint64Array.from(args, BigInt).buffer));
  const attr = attrOf([0, fd], [40, args.length * 8], [48, args.length === 0 ? 0 : ctx, true], ...more);
  const addr = caller.put(attr);
  const result = kernel.bpf(BPF_CMD.PROG_TEST_RUN, attr, SIZE, addr, caller);
  return [result, new DataView(caller.bytes(addr, SIZE).buffer).getUint32(4, true)];
}

const state = (value: number): number => caller.put(Uint8Array.of(value, 0, 0, 0, 0, 0, 0, 0));

t.test('test_1 may have no state', async (t) => {
  const source = 'r1 = *(u64 *)(r1 + 0)\nif r1 == 0 goto none\nr0 = *(u32 *)(r1 + 0)\nexit\nnone:\nr0 = 9\nexit';
  const fd = load('bpf_dummy_ops', 'test_1', source);
  t.ok(fd >= 0, 'loaded');
  t.same(run(fd, [state(119)]), [0, 119]);
  t.same(run(fd, [0]), [0, 9]);
  t.same(run(fd, [1]), [-EFAULT, 0]);
  t.same(run(fd, []), [-EINVAL, 0]);
  t.same(run(fd, [0, 0]), [-EINVAL, 0]);
  t.same(
    run(
      fd,
      [0],
      [
        [32, 5],
        [64, 1],
        [68, 1],
        [72, 3],
      ],
    ),
    [0, 9],
    'repeat, flags, cpu and batch size are not looked at',
  );
});

t.test('test_2 is given five arguments, and its state comes back', async (t) => {
  const fd = load(
    'bpf_dummy_ops',
    'test_2',
    'r2 = *(u64 *)(r1 + 0)\n*(u32 *)(r2 + 0) = 90\nr0 = *(u64 *)(r1 + 32)\nexit',
  );
  t.ok(fd >= 0, 'loaded');
  const at = state(1);
  t.same(run(fd, [at, 1, 2, 3, 4]), [0, 4]);
  t.equal(caller.bytes(at, 1)[0], 90);
  t.same(run(fd, [0, 1, 2, 3, 4]), [-EINVAL, 0], 'it wants a state');
  t.same(run(fd, [at, 1, 2, 3]), [-EINVAL, 0]);
});

t.test('other structures cannot be called', async (t) => {
  const fd = load('tcp_congestion_ops', 'init', 'r0 = 0\nexit');
  t.ok(fd >= 0, 'loaded');
  t.same(run(fd, [0]), [-ENOTSUP, 0]);
});
