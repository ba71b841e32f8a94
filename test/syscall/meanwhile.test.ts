/**
 * Others are served in the middle of a program's run: what the program has found stays what it
 * was, what others change is seen whole, what would run a program waits, nothing is lost.
 */
import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { PENDING } from '../../base/work.ts';
import { BTF_KIND } from '../../btf/kinds.ts';
import { builtinTypes, hostClock } from '../../native/host.ts';
import { CtlSession } from '../../syscall/ctl_json/session.ts';
import { IterObject } from '../../syscall/iter/link.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { LocalCaller } from '../../syscall/local_caller.ts';
import type { PendingCall } from '../../syscall/pending.ts';
import { BPF_CMD, BPF_MAP_TYPE as MT, BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import { EINTR } from '../../uapi/errno.ts';
import type { EngineName } from '../../vm/prog.ts';
import { asm } from '../vm/lib/asm.ts';

const ATTR_SIZE = 144;
const KEYS = 64;
const SLOTS = 4;

type Fields = readonly (readonly [offset: number, value: number | bigint])[];

/** A process: calls, and memory that is used again by each of them. */
class Client {
  readonly caller = new LocalCaller({ mayWait: true });
  readonly #kernel: Kernel;
  readonly #attr = this.caller.alloc(ATTR_SIZE);
  readonly key = this.caller.alloc(8);
  readonly value = this.caller.alloc(64);

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  call(cmd: number, fields: Fields): number {
    const attr = new Uint8Array(ATTR_SIZE);
    const view = new DataView(attr.buffer);
    for (const [offset, value] of fields) {
      if (typeof value === 'bigint') view.setBigUint64(offset, value, true);
      else view.setUint32(offset, value, true);
    }
    return this.#kernel.bpf(cmd, attr, attr.length, this.#attr, this.caller);
  }

  element(cmd: number, map: number, key: number, value?: Uint8Array): number {
    this.caller.write(this.key, new Uint8Array(Uint32Array.of(key).buffer));
    if (value !== undefined) this.caller.write(this.value, value);
    return this.call(cmd, [
      [0, map],
      [8, BigInt(this.key)],
      [16, cmd === BPF_CMD.MAP_DELETE_ELEM ? 0n : BigInt(this.value)],
    ]);
  }

  /** The value a lookup left. */
  found(): BigUint64Array {
    return new BigUint64Array(this.caller.bytes(this.value, 16).buffer);
  }

  map(type: number, entries: number, valueSize = 16, inner = 0): number {
    return this.call(BPF_CMD.MAP_CREATE, [
      [0, type],
      [4, 4],
      [8, valueSize],
      [12, entries],
      [20, inner],
    ]);
  }

  load(source: string): number {
    const insns = asm(source);
    const begun = this.call(BPF_CMD.PROG_LOAD, [
      [0, PT.SCHED_CLS],
      [4, insns.length / 8],
      [8, BigInt(this.caller.put(insns))],
      [16, BigInt(this.caller.put(new TextEncoder().encode('GPL\0')))],
    ]);
    const result = ended(this.#kernel, begun);
    if (result < 0) throw new Error(`load: ${result}`);
    return result;
  }

  run(prog: number): number {
    return this.call(BPF_CMD.PROG_TEST_RUN, [
      [0, prog],
      [8, 64],
      [16, BigInt(this.caller.put(new Uint8Array(64)))],
    ]);
  }
}

/** The result of a command, which may take long. */
function ended(kernel: Kernel, begun: number): number {
  if (begun !== PENDING) return begun;
  const work = kernel.takePending();
  for (;;) {
    const result = work.run(0, false);
    if (result !== PENDING) return result;
  }
}

/** Two words that belong together. */
function pair(n: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(n), BigInt.asUintN(64, ~BigInt(n))).buffer);
}

function isPair(words: BigUint64Array): boolean {
  return words[0] === BigInt.asUintN(64, ~words[1]!);
}

/** A kernel whose programs find that 3 ms have gone by at every look at the clock: others are served as often as can be. */
function makeKernel(engine: EngineName, vmlinux?: Uint8Array): Kernel {
  const clock = hostClock();
  const kernel = new Kernel({ cpus: 2, memory: 64 << 20, poison: true, clock, random: seededRandom(1), vmlinux });
  let time = 1;
  kernel.vm.now = () => {
    time += 3;
    return time;
  };
  kernel.vm.engine = engine;
  kernel.vm.budgetMs = Number.POSITIVE_INFINITY;
  return kernel;
}

/** A helper that may take long. */
const PAUSE = 'r1 = r10; r1 += -4; r2 = 4; r3 = r1; r4 = 4; r5 = 0; call 28';
/** Looks at a pair that was found, after a pause, and makes it the one of this turn. */
const USE = `
  r7 = r0
  ${PAUSE}
  r1 = *(u64 *)(r7 + 0); r2 = *(u64 *)(r7 + 8); r1 ^= r2; r1 += 1
  if r1 != 0 goto torn
  r1 = r6; *(u64 *)(r7 + 0) = r1; r1 ^= -1; *(u64 *)(r7 + 8) = r1`;

/**
 * Changes what it finds in a hash, and in maps of a map of maps; between finding and using it
 * calls a helper that may take long. Counts what it found torn in counts[1], its turns in [0].
 */
const churn = (hash: number, outer: number, counts: number, turns: number): string => `
  again:
  r1 = 0; *(u32 *)(r10 - 4) = r1
  r1 = map[${counts}]; r2 = r10; r2 += -4; call 1
  if r0 == 0 goto out
  r6 = *(u64 *)(r0 + 0); r6 += 1; *(u64 *)(r0 + 0) = r6
  if r6 >= ${turns} goto out
  r1 = r6; r1 &= ${KEYS - 1}; *(u32 *)(r10 - 4) = r1
  r1 = map[${hash}]; r2 = r10; r2 += -4; call 1
  if r0 == 0 goto missing
  ${USE}
  goto inner
  missing:
  r1 = r6; *(u64 *)(r10 - 24) = r1; r1 ^= -1; *(u64 *)(r10 - 16) = r1
  r1 = map[${hash}]; r2 = r10; r2 += -4; r3 = r10; r3 += -24; r4 = 0; call 2
  inner:
  r1 = r6; r1 &= ${SLOTS - 1}; *(u32 *)(r10 - 4) = r1
  r1 = map[${outer}]; r2 = r10; r2 += -4; call 1
  if r0 == 0 goto next
  r8 = r0
  ${PAUSE}
  r1 = 0; *(u32 *)(r10 - 4) = r1
  r1 = r8; r2 = r10; r2 += -4; call 1
  if r0 == 0 goto next
  ${USE}
  goto next
  torn:
  r1 = 1; *(u32 *)(r10 - 4) = r1
  r1 = map[${counts}]; r2 = r10; r2 += -4; call 1
  if r0 == 0 goto out
  r1 = *(u64 *)(r0 + 0); r1 += 1; *(u64 *)(r0 + 0) = r1
  next:
  may_goto out
  goto again
  out:
  r0 = 0
  exit`;

for (const engine of ['interp', 'jit'] as const) {
  t.test(`a program and others change the same maps (${engine})`, async (t) => {
    const kernel = makeKernel(engine);
    const random = seededRandom(7);
    const below = (n: number): number => random.u32() % n;
    const one = new Client(kernel);
    const other = new Client(kernel);
    const ids = {
      hash: one.map(MT.HASH, KEYS),
      inner: one.map(MT.ARRAY, 1),
      counts: one.map(MT.ARRAY, 2, 8),
      outer: 0,
    };
    ids.outer = one.map(MT.ARRAY_OF_MAPS, SLOTS, 4, ids.inner);
    const turns = 4000;
    const prog = one.load(churn(ids.hash, ids.outer, ids.counts, turns));
    const hash = other.caller.fdInstall((one.caller.fdget(ids.hash) as never) ?? t.fail());
    const outer = other.caller.fdInstall((one.caller.fdget(ids.outer) as never) ?? t.fail());
    for (const fd of [ids.hash, ids.outer]) (one.caller.fdget(fd) as unknown as { get(): void }).get();
    const tiny = other.load('r0 = 7; exit');
    // What is made once and kept.
    other.element(BPF_CMD.MAP_UPDATE_ELEM, hash, 0, pair(1));
    other.element(BPF_CMD.MAP_LOOKUP_AND_DELETE_ELEM, hash, 0);
    t.equal(ended(kernel, other.run(tiny)), 0);
    const used = kernel.arena.used;
    const kept: number[] = [];
    const pending: PendingCall[] = [];
    let served = 0;
    let torn = 0;
    const step = (): void => {
      switch (below(8)) {
        case 0:
        case 1:
          other.element(BPF_CMD.MAP_UPDATE_ELEM, hash, below(KEYS), pair(below(1e6)));
          return;
        case 2:
          other.element(BPF_CMD.MAP_DELETE_ELEM, hash, below(KEYS));
          return;
        case 3: {
          const cmd = below(2) === 0 ? BPF_CMD.MAP_LOOKUP_ELEM : BPF_CMD.MAP_LOOKUP_AND_DELETE_ELEM;
          if (other.element(cmd, hash, below(KEYS)) === 0 && !isPair(other.found())) torn++;
          return;
        }
        case 4: {
          // Takes the place of a map that the program may be using: that one goes with it.
          const map = other.map(MT.ARRAY, 1);
          other.element(BPF_CMD.MAP_UPDATE_ELEM, map, 0, pair(below(1e6)));
          other.element(BPF_CMD.MAP_UPDATE_ELEM, outer, below(SLOTS), new Uint8Array(Uint32Array.of(map).buffer));
          other.caller.close(map);
          return;
        }
        case 5:
          other.element(BPF_CMD.MAP_DELETE_ELEM, outer, below(SLOTS));
          return;
        case 6: {
          // Memory that was freed too early would be somebody else's now.
          const map = other.map(below(2) === 0 ? MT.ARRAY : MT.HASH, 1 + below(8), 16);
          other.element(BPF_CMD.MAP_UPDATE_ELEM, map, 0, new Uint8Array(16).fill(0xee));
          if (kept.length > 8) other.caller.close(kept.shift()!);
          kept.push(map);
          return;
        }
        default:
          if (pending.length > 20) return;
          t.equal(other.run(tiny), PENDING, 'another program waits');
          pending.push(kernel.takePending());
      }
    };
    let isNew = false;
    const close = kernel.doors.add({
      fd: -1,
      save: () => {
        isNew = true;
      },
      serve: () => {
        if (!isNew) return 0;
        isNew = false;
        served++;
        for (let i = 0; i < 3; i++) step();
        return 1;
      },
    });
    t.equal(ended(kernel, one.run(prog)), 0);
    close();
    t.ok(served > turns / 2, `${served} pauses`);
    t.equal(torn, 0, 'others found whole pairs');
    one.element(BPF_CMD.MAP_LOOKUP_ELEM, ids.counts, 1);
    t.equal(one.found()[0], 0n, 'the program found whole pairs');
    one.element(BPF_CMD.MAP_LOOKUP_ELEM, ids.counts, 0);
    t.equal(one.found()[0], BigInt(turns), 'it made all its turns');
    for (const work of pending) {
      let done = PENDING;
      while (done === PENDING) done = work.run(0, false);
      t.equal(done, 0, 'the others ran after it');
    }
    for (const map of kept) other.caller.close(map);
    for (let slot = 0; slot < SLOTS; slot++) other.element(BPF_CMD.MAP_DELETE_ELEM, outer, slot);
    t.equal(kernel.grace.isPending, false);
    t.equal(kernel.arena.used, used, 'all that was freed is free');
    one.caller.exit();
    other.caller.exit();
    t.strictSame([kernel.maps.size, kernel.progs.size], [0, 0]);
  });

  t.test(`a program that is taken out of a prog array while it runs goes on (${engine})`, async (t) => {
    const kernel = makeKernel(engine);
    const one = new Client(kernel);
    const array = one.map(MT.PROG_ARRAY, 1, 4);
    const counts = one.map(MT.ARRAY, 1, 8);
    const long = one.load(`
      again:
      r1 = 0; *(u32 *)(r10 - 4) = r1
      r1 = map[${counts}]; r2 = r10; r2 += -4; call 1
      if r0 == 0 goto out
      r6 = *(u64 *)(r0 + 0); r6 += 1; *(u64 *)(r0 + 0) = r6
      if r6 > 3000 goto out
      call part
      may_goto out
      goto again
      out:
      r0 = 0; exit
      part:
      r1 = r10; r1 += -8; r2 = 8; *(u64 *)(r10 - 8) = r2; r3 = r1; r4 = 8; r5 = 0; call 28
      r0 = 0; exit`);
    const first = one.load(`r2 = map[${array}]; r3 = 0; call 12; r0 = 9; exit`);
    one.element(BPF_CMD.MAP_UPDATE_ELEM, array, 0, new Uint8Array(Uint32Array.of(long).buffer));
    one.caller.close(long);
    let found = -1;
    let loaded = 0;
    const close = kernel.doors.add({
      fd: -1,
      serve: () => {
        if (found >= 0) return 0;
        one.element(BPF_CMD.MAP_DELETE_ELEM, array, 0);
        found = kernel.progs.size;
        // Handles and table slots of the one that went must not be another's yet.
        for (; loaded < 8; loaded++) one.load('call part; exit; part: \n r0 = 1; exit');
        return 0;
      },
    });
    t.equal(ended(kernel, one.run(first)), 0);
    close();
    t.equal(found, 1, 'its id is gone at once');
    one.element(BPF_CMD.MAP_LOOKUP_ELEM, counts, 0);
    t.equal(one.found()[0], 3001n, 'it went on to its end');
    t.equal(kernel.grace.isPending, false);
    t.equal(kernel.progs.size, 1 + loaded);
    one.caller.exit();
    t.strictSame([kernel.maps.size, kernel.progs.size], [0, 0]);
  });
}

/** Goes round for a quarter of a second. */
const LOOP = 'again: \n may_goto out; goto again; out: \n r0 = 0; exit';

t.test('a test run that was only taken on ends at once for a signal', async (t) => {
  const kernel = makeKernel('jit');
  const one = new Client(kernel);
  const prog = one.load(LOOP);
  const results: number[] = [];
  const close = kernel.doors.add({
    fd: -1,
    serve: () => {
      if (results.length > 0) return 0;
      results.push(one.run(prog), kernel.takePending().run(0, true));
      return 1;
    },
  });
  t.equal(ended(kernel, one.run(prog)), 0);
  close();
  t.strictSame(results, [PENDING, -EINTR]);
  one.caller.exit();
});

t.test('the reply to a line of JSON says why a run was ended', async (t) => {
  const kernel = makeKernel('jit');
  kernel.vm.budgetMs = 100;
  const session = new CtlSession(kernel);
  const ask = (fields: object): unknown => JSON.parse(session.writeLine(JSON.stringify(fields)));
  const insns = Buffer.from(asm(LOOP)).toString('hex');
  const load = { cmd: 'BPF_PROG_LOAD', prog_type: 'sched_cls', insns, insn_cnt: insns.length / 16, license: 'GPL' };
  t.match(ask({ ...load, prog_name: 'round', as: 'p' }), { ok: true });
  const test = { cmd: 'BPF_PROG_TEST_RUN', prog_fd: '$p', data_in: '00'.repeat(64) };
  t.same(ask(test), {
    ok: false,
    errno: 'EINTR',
    message:
      "BPF_PROG_TEST_RUN: Interrupted system call: Program 'round' was ended: it ran for more than 100 ms (budget)",
  });
});

t.test('others are served between the objects of an iterator', async (t) => {
  const kernel = makeKernel('jit', builtinTypes().bytes);
  const session = new CtlSession(kernel);
  const ask = (fields: object): Record<string, unknown> => JSON.parse(session.writeLine(JSON.stringify(fields)));
  for (let i = 0; i < 300; i++)
    ask({ cmd: 'BPF_MAP_CREATE', map_type: 'array', key_size: 4, value_size: 4, max_entries: 1 });
  const insns = Buffer.from(asm('r0 = 0; exit')).toString('hex');
  const load = { cmd: 'BPF_PROG_LOAD', prog_type: 'tracing', expected_attach_type: 'trace_iter', insns, insn_cnt: 2 };
  const attach_btf_id = kernel.vmlinux?.find('bpf_iter_bpf_map', BTF_KIND.FUNC);
  t.match(ask({ ...load, attach_btf_id, license: 'GPL', as: 'p' }), { ok: true });
  t.match(ask({ cmd: 'BPF_LINK_CREATE', prog_fd: '$p', target_fd: 0, attach_type: 'trace_iter', as: 'l' }), {
    ok: true,
  });
  const made = ask({ cmd: 'BPF_ITER_CREATE', link_fd: '$l' });
  const iterator = session.caller.objectOf(Number(made['fd']));
  let served = 0;
  const close = kernel.doors.add({
    fd: -1,
    serve: () => {
      served++;
      ask({ cmd: 'close', fd: served });
      return 0;
    },
  });
  t.equal(iterator instanceof IterObject && iterator.content().length, 0);
  close();
  t.ok(served >= 10, `${served} pauses`);
});

t.test('nobody is served where a run must not be disturbed', async (t) => {
  const served = (prepare: (kernel: Kernel) => void): number => {
    const kernel = makeKernel('jit');
    const one = new Client(kernel);
    let count = 0;
    kernel.doors.add({
      fd: -1,
      serve: () => {
        count++;
        return 0;
      },
    });
    prepare(kernel);
    ended(kernel, one.run(one.load(LOOP)));
    one.caller.exit();
    return count;
  };
  t.ok(served(() => {}) > 0);
  t.equal(
    served((kernel) => {
      kernel.vm.engine = 'both';
    }),
    0,
    'both engines: what others change would be taken back with the first run',
  );
  t.equal(
    served((kernel) => {
      kernel.vm.locks = 1;
    }),
    0,
    'a lock is held',
  );
  t.equal(
    served((kernel) => {
      kernel.doors.closed++;
    }),
    0,
    'the doors are closed',
  );
});
