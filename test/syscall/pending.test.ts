/** Commands that take long, for a caller that can be answered later: others come in between, and references are exact. */
import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { monotonicMs, PENDING } from '../../base/work.ts';
import { hostClock } from '../../native/host.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { LocalCaller } from '../../syscall/local_caller.ts';
import type { PendingCall } from '../../syscall/pending.ts';
import { BPF_CMD, BPF_MAP_TYPE, BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { EAGAIN, EINTR } from '../../uapi/errno.ts';

const ATTR_SIZE = 64;

interface Machine {
  readonly kernel: Kernel;
  readonly caller: LocalCaller;
  call(cmd: number, fields: readonly (readonly [offset: number, value: number | bigint])[]): number;
}

function machine(mayWait = true): Machine {
  const kernel = new Kernel({ cpus: 1, memory: 64 << 20, poison: true, clock: hostClock(), random: seededRandom(1) });
  const caller = new LocalCaller({ mayWait });
  const call: Machine['call'] = (cmd, fields) => {
    const attr = new Uint8Array(ATTR_SIZE);
    const view = new DataView(attr.buffer);
    for (const [offset, value] of fields) {
      if (typeof value === 'bigint') view.setBigUint64(offset, value, true);
      else view.setUint32(offset, value, true);
    }
    return kernel.bpf(cmd, attr, attr.length, caller.put(attr), caller);
  };
  return { kernel, caller, call };
}

function insn(code: number, regs: number, off: number, imm: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes[0] = code;
  bytes[1] = regs;
  bytes.writeInt16LE(off, 2);
  bytes.writeInt32LE(imm, 4);
  return bytes;
}

/** Names a map, then counts to `turns`: two instructions of the verifier for each. */
function counting(map: number, turns: number): Uint8Array {
  const insns = [insn(0x18, 0x11, 0, map), insn(0, 0, 0, 0), insn(0xb7, 0, 0, 0), insn(0x07, 0, 0, 1)];
  return Buffer.concat([...insns, insn(0xa5, 0, -2, turns), insn(0x95, 0, 0, 0)]);
}

function load({ caller, call }: Machine, insns: Uint8Array): number {
  return call(BPF_CMD.PROG_LOAD, [
    [0, BPF_PROG_TYPE.SOCKET_FILTER],
    [4, insns.length / 8],
    [8, BigInt(caller.put(insns))],
    [16, BigInt(caller.put(new TextEncoder().encode('GPL\0')))],
  ]);
}

function makeMap({ call }: Machine, type: number = BPF_MAP_TYPE.ARRAY, entries = 1): number {
  return call(BPF_CMD.MAP_CREATE, [
    [0, type],
    [4, 4],
    [8, 8],
    [12, entries],
  ]);
}

/** Goes on to the end; at the second pause `between` runs. */
function drive(pending: PendingCall, between?: () => void, signal = false): number {
  for (let slices = 0; ; slices++) {
    if (slices === 1) between?.();
    const result = pending.run(monotonicMs() + 1, signal);
    if (result !== PENDING) return result;
  }
}

const LONG = 30_000;

t.test('a load goes on while others call, and holds its map when the descriptor is closed', async (t) => {
  const it = machine();
  const fd = makeMap(it);
  t.equal(load(it, counting(fd, LONG)), PENDING);
  const pending = it.kernel.takePending();
  t.throws(() => it.kernel.takePending(), 'it is taken once');
  const result = drive(pending, () => {
    it.caller.close(fd);
    t.equal(it.kernel.maps.size, 1, 'the load holds it');
    t.ok(makeMap(it) >= 0, 'others go on');
  });
  t.ok(result >= 0);
  t.equal(it.kernel.progs.size, 1);
  t.equal(it.kernel.maps.size, 2, 'the program holds it');
  it.caller.exit();
  t.strictSame([it.kernel.maps.size, it.kernel.progs.size], [0, 0]);
});

t.test('a signal ends a load with EAGAIN and gives everything back', async (t) => {
  const it = machine();
  const fd = makeMap(it);
  const map = it.caller.objectOf(fd);
  t.equal(load(it, counting(fd, LONG)), PENDING);
  const pending = it.kernel.takePending();
  t.equal(map?.refcnt, 2, 'the descriptor and the load');
  t.equal(pending.run(0, true), -EAGAIN);
  t.equal(map?.refcnt, 1);
  it.caller.exit();
  t.strictSame([it.kernel.maps.size, it.kernel.progs.size], [0, 0]);
});

t.test('a caller that cannot wait gets its result at once', async (t) => {
  const it = machine(false);
  t.ok(load(it, counting(makeMap(it), 20_000)) >= 0);
});

t.test('a short load never pauses', async (t) => {
  const it = machine();
  t.ok(load(it, counting(makeMap(it), 20)) >= 0);
});

t.test('several go on at once, each with its own attr', async (t) => {
  const it = machine();
  const calls = [LONG, 2 * LONG, LONG].map((turns) => {
    t.equal(load(it, counting(makeMap(it), turns)), PENDING);
    return it.kernel.takePending();
  });
  const results = calls.map(() => PENDING as number);
  while (results.includes(PENDING)) {
    for (const [i, call] of calls.entries()) if (results[i] === PENDING) results[i] = call.run(0, false);
  }
  t.equal(new Set(results).size, 3);
  t.ok(results.every((fd) => fd >= 0));
  it.caller.exit();
  t.strictSame([it.kernel.maps.size, it.kernel.progs.size], [0, 0]);
});

t.test('the repetitions of a test run: a signal ends them with EINTR, the arena is as before', async (t) => {
  const it = machine();
  const prog = load(it, Buffer.concat([insn(0xb7, 0, 0, 7), insn(0x95, 0, 0, 0)]));
  const data = BigInt(it.caller.put(new Uint8Array(64)));
  const run = (repeat: number): number =>
    it.call(BPF_CMD.PROG_TEST_RUN, [
      [0, prog],
      [8, 64],
      [16, data],
      [32, repeat],
    ]);
  t.equal(run(1), 0);
  const { used } = it.kernel.arena;
  t.equal(run(0xffffffff), PENDING);
  const pending = it.kernel.takePending();
  t.equal(pending.run(monotonicMs() + 1, false), PENDING);
  t.equal(it.caller.close(prog), 0, 'the run holds its program');
  t.equal(it.kernel.progs.size, 1);
  t.equal(run(1) < 0, true, 'the descriptor is gone');
  t.equal(pending.run(0, true), -EINTR);
  t.equal(it.kernel.progs.size, 0);
  t.ok(it.kernel.arena.used <= used, 'the packet is given back');
});

t.test('a batch over a large map goes on between others, on buffers of its own', async (t) => {
  const it = machine();
  const entries = 200_000;
  const fd = makeMap(it, BPF_MAP_TYPE.ARRAY, entries);
  const keys = Buffer.alloc(entries * 4);
  const values = Buffer.alloc(entries * 8);
  for (let i = 0; i < entries; i++) {
    keys.writeUInt32LE(i, i * 4);
    values.writeUInt32LE(i * 3, i * 8);
  }
  const batch = (cmd: number, keysAt: number, valuesAt: number): number =>
    it.call(cmd, [
      [8, BigInt(it.caller.put(new Uint8Array(8)))],
      [16, BigInt(keysAt)],
      [24, BigInt(valuesAt)],
      [32, entries],
      [36, fd],
    ]);
  const disturb = (): void => {
    const other = makeMap(it);
    const key = BigInt(it.caller.put(new Uint8Array(4)));
    const value = it.caller.alloc(8);
    it.call(BPF_CMD.MAP_LOOKUP_ELEM, [
      [0, other],
      [8, key],
      [16, BigInt(value)],
    ]);
    it.caller.close(other);
  };
  disturb();
  const { used } = it.kernel.arena;
  const finish = (result: number): number => (result === PENDING ? drive(it.kernel.takePending(), disturb) : result);
  t.equal(finish(batch(BPF_CMD.MAP_UPDATE_BATCH, it.caller.put(keys), it.caller.put(values))), 0);
  const keysOut = it.caller.alloc(keys.length);
  const valuesOut = it.caller.alloc(values.length);
  t.equal(finish(batch(BPF_CMD.MAP_LOOKUP_BATCH, keysOut, valuesOut)), 0);
  t.ok(Buffer.from(it.caller.bytes(valuesOut, values.length)).equals(values), 'all values arrive');
  t.equal(it.kernel.arena.used, used);
});
