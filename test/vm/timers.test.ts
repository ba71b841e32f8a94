/** Timers and work queues of programs, on a clock that the test moves. */
import t from 'tap';
import type { BpfMap } from '../../maps/map.ts';
import { BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import { freeMapField } from '../../vm/map_fields.ts';
import { driveTimers } from '../../vm/timers.ts';
import { asm } from './lib/asm.ts';
import { trustedFacts, trustedProg } from './lib/facts.ts';
import { machine } from './lib/machine.ts';

/** Starts the timer in the value of key 5 for `r6` nanoseconds; the callback counts in the value and adds the key. */
const SOURCE = `
  *(u64 *)(r10 - 8) = 5
  r1 = map[0]; r2 = r10; r2 += -8; call 1
  if r0 == 0 goto out
  r7 = r0
  r1 = r7; r2 = map[0]; r3 = 1; call 169
  r8 = r0
  r1 = r7; r2 = func tick; call 170
  r1 = r7; r2 = 1000; r3 = 0; call 171
  r0 = r8
  out:
  exit
  tick:
  r4 = *(u64 *)(r2 + 0)
  r5 = *(u64 *)(r3 + 16); r5 += r4; *(u64 *)(r3 + 16) = r5
  r0 = 0; exit`;

for (const engine of ['interp', 'jit'] as const) {
  t.test(`a timer calls back with map, key and value when its time has come (${engine})`, (t) => {
    const { vm, maps } = machine([BPF_MAP_TYPE.HASH, 8, 24, 4]);
    const map = maps[0] as BpfMap;
    const clock = { now: 5000n };
    (vm.env as { clock: unknown }).clock = { monotonic: () => clock.now, boottime: () => 0n, realtime: () => 0n };
    const arena = vm.env.arena;
    const key = arena.alloc(8);
    arena.view.setBigUint64(key, 5n, true);
    map.ops.update!(map, key, arena.alloc(24), 0);
    const value = map.ops.lookup!(map, key);
    const bytes = asm(SOURCE);
    const prog = trustedProg(vm, bytes, engine, { maps, ...trustedFacts(bytes, maps) });
    t.equal(prog.run(0), 0);
    t.equal(vm.timers.nextDue, 6000n);
    t.equal(vm.timers.run(5999n), 0);
    t.equal(arena.view.getBigUint64(value + 16, true), 0n);
    t.equal(vm.timers.run(6000n), 1);
    t.equal(arena.view.getBigUint64(value + 16, true), 5n);
    t.equal(vm.timers.nextDue, undefined);
    t.equal(prog.run(0) | 0, -16, 'a second bpf_timer_init is -EBUSY');
    t.equal(vm.timers.cancel(value), 1);
    t.equal(vm.timers.run(1n << 60n), 0);
    t.end();
  });
}

t.test('driveTimers() asks the host for the time that is left', (t) => {
  const { vm, maps } = machine([BPF_MAP_TYPE.HASH, 8, 24, 4]);
  const waits: number[] = [];
  driveTimers(
    vm,
    (milliseconds) => {
      waits.push(milliseconds);
      return () => waits.push(-1);
    },
    () => t.fail('no error'),
  );
  const prog = trustedProg(vm, asm('r0 = 0; exit'), 'jit');
  vm.timers.init(64, maps[0] as BpfMap, 'bpf_timer');
  vm.timers.setCallback(64, 64, prog, 0);
  vm.timers.start(64, vm.env.clock.monotonic() + 2_500_000n);
  vm.timers.start(64, vm.env.clock.monotonic() + 1_000_000n);
  t.same(waits, [3, -1, 1]);
  t.end();
});

/** The callback stores where its key is, as seen from the value, and the CPU; then it starts itself again. */
const AGAIN = `
  *(u64 *)(r10 - 8) = 5
  r1 = map[0]; r2 = r10; r2 += -8; call 1
  if r0 == 0 goto out
  r7 = r0
  r1 = r7; r2 = map[0]; r3 = 1; call 169
  r1 = r7; r2 = func tick; call 170
  r1 = r7; r2 = 0; r3 = 0; call 171
  out:
  r0 = 0
  exit
  tick:
  r6 = r3
  r3 -= r2; *(u64 *)(r6 + 16) = r3
  r1 = *(u64 *)(r6 + 24); r1 += 1; *(u64 *)(r6 + 24) = r1
  call 8
  *(u64 *)(r6 + 32) = r0
  r1 = r6; r2 = 1000; r3 = 0; call 171
  r0 = 0; exit`;

for (const engine of ['interp', 'jit'] as const) {
  t.test(`a callback runs on the CPU of its start and has the key of the element, and catches up (${engine})`, (t) => {
    const { vm, maps } = machine([BPF_MAP_TYPE.HASH, 8, 40, 4]);
    const map = maps[0] as BpfMap;
    const { arena } = vm.env;
    const key = arena.alloc(8);
    arena.view.setBigUint64(key, 5n, true);
    map.ops.update!(map, key, arena.alloc(40), 0);
    const value = map.ops.lookup!(map, key);
    const bytes = asm(AGAIN);
    const prog = trustedProg(vm, bytes, engine, { maps, ...trustedFacts(bytes, maps) });
    // A clock on which 700 ns go by from one look to the next.
    const clock = { now: 0n };
    const monotonic = (): bigint => {
      clock.now += 700n;
      return clock.now;
    };
    (vm.env as { clock: unknown }).clock = { monotonic, boottime: () => 0n, realtime: () => 0n };
    driveTimers(
      vm,
      () => () => {},
      (error) => t.fail(String(error)),
    );
    vm.env.cpu = 1;
    prog.run(0);
    vm.env.cpu = 0;
    vm.timers.catchUp?.();
    t.equal(arena.view.getBigUint64(value + 16, true), 8n);
    t.ok(arena.view.getBigUint64(value + 24, true) > 20n, 'started for 1000 ns again and again');
    t.equal(arena.view.getBigUint64(value + 32, true), 1n);
    t.equal(vm.env.cpu, 0);
    t.end();
  });
}

t.test('timers of a map end when no client can reach it any more', (t) => {
  const { vm, maps } = machine([BPF_MAP_TYPE.HASH, 8, 24, 4]);
  const map = maps[0] as BpfMap;
  map.record = { fields: [{ kind: 'bpf_timer', offset: 0, size: 16 }] } as never;
  map.freeField = freeMapField(vm);
  const { arena } = vm.env;
  const key = arena.alloc(8);
  map.ops.update!(map, key, arena.alloc(24), 0);
  const value = map.ops.lookup!(map, key);
  const prog = trustedProg(vm, asm('r0 = 0; exit'), 'jit');
  vm.timers.init(value, map, 'bpf_timer');
  vm.timers.setCallback(value, value, prog, 0);
  vm.timers.start(value, 1n);
  map.get();
  map.getUser();
  t.equal(vm.timers.nextDue, 1n);
  map.putUser();
  while (map.usercnt > 0) map.putUser();
  t.equal(vm.timers.nextDue, undefined);
  t.notOk(vm.timers.has(value));
  t.end();
});
