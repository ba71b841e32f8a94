/** `--engine both`: runs are made twice from the same state, and differences are told. */
import t from 'tap';
import { BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import { BothEngines } from '../../vm/both.ts';
import { SKB_HEADROOM, SKB_TAILROOM, Skb } from '../../vm/contexts/skb.ts';
import type { Engine } from '../../vm/engine.ts';
import { BpfException } from '../../vm/vm.ts';
import { asm } from './lib/asm.ts';
import { trustedProg } from './lib/facts.ts';
import { machine } from './lib/machine.ts';

const COUNTER = `*(u32 *)(r10 - 4) = 0
   r1 = map[0]; r2 = r10; r2 += -4; call 1
   if r0 == 0 goto out
   r1 = *(u64 *)(r0 + 0); r1 += 1; *(u64 *)(r0 + 0) = r1
   *(u64 *)(r10 - 16) = 7
   r1 = map[1]; r2 = r10; r2 += -16; r3 = r10; r3 += -16; r4 = 0; call 2
   r1 = map[1]; r2 = r10; r2 += -16; call 3
   r1 = map[2]; r2 = r10; r2 += -16; r3 = 0; call 87
   call 7
   out:
   exit`;

const MAPS = [
  [BPF_MAP_TYPE.ARRAY, 4, 8, 1],
  [BPF_MAP_TYPE.HASH, 8, 8, 4],
  [BPF_MAP_TYPE.QUEUE, 0, 8, 4],
] as const;

/** A program with both engines, of which one may be another. */
function setUp(source: string, wrong?: (right: Engine, bytes: Uint8Array, ctx: number) => Engine) {
  const { vm, maps } = machine(...MAPS.map((spec) => [...spec] as [number, number, number, number]));
  const told: string[] = [];
  vm.onMismatch = (error) => told.push(error.message);
  const prog = trustedProg(vm, asm(source), 'both', { maps, name: 'subject' });
  const ctx = vm.env.arena.alloc(1024);
  const right = prog.jit;
  const engine = new BothEngines(vm, prog, prog.interp, wrong?.(right, vm.env.arena.u8, ctx) ?? right);
  const run = (): number => {
    vm.begin(prog, ctx);
    try {
      return engine.run(ctx);
    } finally {
      vm.end();
    }
  };
  return { vm, maps, told, prog, ctx, run };
}

t.test('a program runs once as far as anyone can see', (t) => {
  const { vm, maps, told, prog, ctx } = setUp(COUNTER);
  t.equal(prog.engine, 'both');
  const results = [1, 2, 3].map(() => prog.run64(ctx));
  const [array, , queue] = maps;
  const key = vm.env.arena.alloc(8);
  t.equal(vm.env.arena.i32[array!.ops.lookup!(array!, key) >> 2], 3, 'the counter was raised once a run');
  let length = 0;
  while (queue!.ops.pop!(queue!, key) === 0) length++;
  t.equal(length, 3, 'one element was pushed a run');
  t.equal(new Set(results).size, 3, 'random numbers go on from run to run');
  t.same(told, []);
  t.end();
});

t.test('another return value is told', (t) => {
  const { told, run } = setUp('r0 = 5; exit', (right) => ({
    ...asEngine(right),
    run: (ctx) => right.run(ctx) + 1,
  }));
  t.equal(run(), 6, 'the second engine makes the run that counts');
  t.match(told, [/'subject': .* r0 = 0x5 and r0 = 0x6/]);
  t.end();
});

t.test('another byte in the context or in a map is told', (t) => {
  const inContext = setUp('r0 = 0; exit', (right, bytes) => ({
    ...asEngine(right),
    run(ctx) {
      bytes[ctx + 3] = 9;
      return right.run(ctx);
    },
  }));
  inContext.run();
  t.match(inContext.told, [/byte 3 of the context is 0 and 9/]);
  const inMap = setUp(COUNTER, (right, bytes) => ({
    ...asEngine(right),
    run(ctx) {
      const result = right.run(ctx);
      const map = inMap.maps[0]!;
      bytes[map.ops.lookup!(map, inMap.vm.scratch + 64)]! ^= 0x80;
      return result;
    },
  }));
  inMap.run();
  t.match(inMap.told, [/byte 0 of map .* is 1 and 129/]);
  t.end();
});

t.test('a fault of one engine is told and thrown', (t) => {
  const { told, run, vm } = setUp('r0 = 0; exit', (right) => ({
    ...asEngine(right),
    run: () => {
      throw new WebAssembly.RuntimeError('unreachable');
    },
  }));
  t.throws(run, /unreachable/);
  t.match(told, [/r0 = 0x0 and a fault/]);
  t.equal(vm.depth, 0);
  t.end();
});

t.test('a packet that grows until it cannot has all its room again', (t) => {
  const lengths = (['interp', 'jit', 'both'] as const).map((name) => {
    const { vm } = machine();
    const told: string[] = [];
    vm.onMismatch = (error) => told.push(error.message);
    const skb = new Skb(vm);
    skb.init(64, SKB_HEADROOM, SKB_TAILROOM);
    skb.sync();
    const source = `r6 = r1; r7 = 64; r8 = 0
      again:
      r1 = r6; r2 = 64; r3 = 0; call 43
      if r0 != 0 goto next
      r8 += 1
      next:
      r7 += -1
      if r7 != 0 goto again
      r0 = r8
      exit`;
    const grown = trustedProg(vm, asm(source), name).run(skb.ctx);
    t.same(told, [], name);
    t.equal(skb.len, 64 + 64 * grown, name);
    return grown;
  });
  t.ok(lengths[0]! > 1 && lengths[0]! < 64, `the limit was met, after ${lengths[0]}`);
  t.same(lengths, [lengths[0], lengths[0], lengths[0]]);
  t.end();
});

t.test('two sockets have two cookies', (t) => {
  const { vm } = machine();
  const prog = trustedProg(vm, asm('call 46; exit'), 'both');
  const packets = [new Skb(vm), new Skb(vm)];
  const cookies = [...packets, ...packets].map((skb) => prog.run(skb.ctx));
  t.same(cookies, [1, 2, 1, 2]);
  t.end();
});

t.test('memory of the machine that a run was the first to ask for stays its own', (t) => {
  const { vm, run } = setUp('r1 = 0; call 175; exit');
  const regs = run();
  t.not(regs, 0);
  t.not(vm.env.arena.allocPages(vm.percpuBytes() / 4096), regs);
  t.equal(run(), regs);
  t.end();
});

t.test('streams, statistics and an exception are those of one run', (t) => {
  const { vm, prog, ctx, told } = setUp('r0 = 0; exit');
  const seen: unknown[] = [];
  const both = asEngine({
    ...asEngine(prog.jit),
    run() {
      seen.push([vm.exception, vm.helperState.size, prog.recursionMisses]);
      prog.stream(1)?.push(Uint8Array.of(65));
      prog.recursionMisses++;
      vm.helperState.set('test', []);
      vm.exception = new BpfException(1, 0);
      return 0;
    },
  });
  const engine = new BothEngines(vm, prog, both, both);
  engine.run(ctx);
  t.same(seen, [
    [undefined, 0, 0],
    [undefined, 0, 0],
  ]);
  engine.run(ctx);
  t.equal(
    prog.stream(1)?.read(10, () => 0),
    2,
    'a byte a run',
  );
  t.equal(prog.recursionMisses, 2);
  t.same(told, []);
  t.end();
});

function asEngine(engine: Engine): Engine {
  return {
    name: engine.name,
    run: (ctx) => engine.run(ctx),
    repeat: (ctx, count) => engine.repeat(ctx, count),
    call: (subprog) => engine.call(subprog),
    release: () => {},
  };
}
