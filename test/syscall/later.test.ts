/** Work that runs after its program (timers, work queues, task work), and the streams of programs. */
import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { builtinBtf } from '../../btf/builtin.ts';
import { loadObject } from '../../elf/load.ts';
import { readObject } from '../../elf/read.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { LocalCaller } from '../../syscall/local_caller.ts';
import { BPF_CMD } from '../../uapi/bpf.ts';
import { EBUSY, EFAULT, ENOENT, ENOSPC } from '../../uapi/errno.ts';
import { fixture } from '../elf/fixtures.ts';
import { attrOf } from '../vm/lib/run_case.ts';

const SIZE = 168;
const VALUE = 64;

/** later.bpf.o in a kernel whose clock the test sets. */
function setUp() {
  const time = { now: 1000n };
  const tick = (): bigint => time.now;
  const kernel = new Kernel({
    memory: 64 << 20,
    clock: { monotonic: tick, boottime: tick, realtime: tick },
    random: seededRandom(1),
    vmlinux: builtinBtf(),
  });
  const caller = new LocalCaller();
  const vmlinux = kernel.vmlinux;
  if (vmlinux === undefined) throw new Error('the built-in BTF is broken');
  const loaded = loadObject(kernel, caller, readObject(fixture('later'), { target: vmlinux }));
  const bpf = (cmd: number, attr: Uint8Array): number => kernel.bpf(cmd, attr, SIZE, caller.put(attr), caller);
  const fdOf = (name: string): number => loaded.programs.find((one) => one.spec.name === name)?.fd ?? -1;
  /** Runs a program on four words: what it returned, and the words afterwards. */
  const run = (name: string, words: readonly number[] = []): [retval: number, words: number[]] => {
    const ctx = caller.put(new Uint8Array(Int32Array.from({ length: 4 }, (_, i) => words[i] ?? 0).buffer));
    const attr = attrOf([0, fdOf(name)], [40, 16], [48, ctx, true]);
    const addr = caller.put(attr);
    const result = kernel.bpf(BPF_CMD.PROG_TEST_RUN, attr, SIZE, addr, caller);
    if (result !== 0) throw new Error(`run: ${result}`);
    const retval = new DataView(caller.bytes(addr, 8).buffer).getInt32(4, true);
    return [retval, [...new Int32Array(caller.bytes(ctx, 16).buffer)]];
  };
  /** How often the callbacks of element 1 added their key + 1. */
  const ran = (): bigint[] => {
    const value = caller.put(new Uint8Array(VALUE));
    const key = caller.put(Uint8Array.of(1, 0, 0, 0));
    bpf(BPF_CMD.MAP_LOOKUP_ELEM, attrOf([0, loaded.maps.get('elems') ?? -1], [8, key, true], [16, value, true]));
    return [...new BigUint64Array(caller.bytes(value, VALUE).buffer)].slice(5);
  };
  const stream = (id: number, room: number, buffer = caller.put(new Uint8Array(room))): string | number => {
    const count = bpf(
      BPF_CMD.PROG_STREAM_READ_BY_FD,
      attrOf([0, buffer, true], [8, room], [12, id], [16, fdOf('prints')]),
    );
    return count < 0 ? count : Buffer.from(caller.bytes(buffer, count)).toString();
  };
  const closeMap = (): number => caller.close(loaded.maps.get('elems') ?? -1);
  return { time, kernel, run, ran, stream, closeMap };
}

t.test('task work and work items run when their program has ended, timers when their time has come', async (t) => {
  const { time, kernel, run, ran } = setUp();
  t.same(run('later'), [0, [0, -EBUSY, 0, 0]]);
  t.same(ran(), [0n, 0n, 0n], 'nothing runs by itself');
  t.equal(kernel.vm.timers.run(time.now), 2);
  t.same(ran(), [2n, 0n, 2n]);
  time.now += 999_999n;
  t.equal(kernel.vm.timers.run(time.now), 0);
  time.now += 1n;
  t.equal(kernel.vm.timers.run(time.now), 1);
  t.same(ran(), [2n, 2n, 2n]);
  t.same(run('later'), [0, [0, -EBUSY, -EBUSY, -EBUSY]], 'task work again, the others are there already');
});

t.test('timers and work end with the last descriptor of their map, though programs have it still', async (t) => {
  const { time, kernel, run, closeMap } = setUp();
  run('later');
  t.ok(kernel.vm.timers.nextDue !== undefined);
  closeMap();
  t.equal(kernel.vm.timers.nextDue, undefined);
  time.now += 1_000_000_000n;
  t.equal(kernel.vm.timers.run(time.now), 0);
});

t.test('a stream gives each byte once, and takes no more than 100,000', async (t) => {
  const { run, stream } = setUp();
  t.same(run('prints', [1]), [0, [1, -ENOENT, 0, 0]]);
  t.equal(stream(2, 100), '');
  t.equal(stream(1, 5), '42 an');
  t.equal(stream(1, 100), 'd text\n');
  t.equal(stream(1, 100), '');
  t.equal(stream(3, 100), -ENOENT);
  t.equal(stream(0, 100), -ENOENT);
  const LINE = '42 and text\n'.length;
  let lines = 0;
  while (run('prints', [2])[0] === 0) lines++;
  t.equal(lines, Math.floor(99_999 / LINE));
  t.equal(run('prints', [2])[0], -ENOSPC);
  t.equal(stream(2, 100, 1), -EFAULT, 'the buffer is not there; nothing is lost');
  t.equal(String(stream(2, 200_000)).length, lines * LINE);
  t.equal(run('prints', [2])[0], 0);
  t.equal(run('prints', [-1])[0], -ENOENT);
});
