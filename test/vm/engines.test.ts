/** What the engines do beyond plain arithmetic, the same on both. */
import t from 'tap';
import type { BpfMap } from '../../maps/map.ts';
import { BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import type { BpfProg, EngineName } from '../../vm/prog.ts';
import { type InsnAux, PTR_KIND } from '../../vm/verifier/types.ts';
import { BpfException, CTX_EXT, ProgramAborted, type Vm } from '../../vm/vm.ts';
import { asm } from './lib/asm.ts';
import { trustedFacts, trustedProg } from './lib/facts.ts';
import { machine, putProg } from './lib/machine.ts';

/** The assertions of a check. */
interface Tap {
  equal(found: unknown, wanted: unknown, ...message: [] | [string]): unknown;
}

const ENGINES: readonly EngineName[] = ['interp', 'jit'];
/** Runs one source on both engines, in machines of their own; calls back with each result. */
function both(
  name: string,
  source: string,
  check: (t: Tap, run: { r0: bigint; vm: Vm; maps: readonly BpfMap[]; ctx: number; prog: BpfProg }) => void,
  options: {
    maps?: [number, number, number, number][];
    prepare?: (prog: { vm: Vm; maps: readonly BpfMap[]; ctx: number; aux: readonly InsnAux[] }) => void;
    exceptionCb?: number;
  } = {},
): void {
  for (const engine of ENGINES) {
    t.test(`${name} (${engine})`, (t) => {
      const { vm, maps } = machine(...(options.maps ?? []));
      const ctx = vm.env.arena.alloc(1024);
      const bytes = asm(source);
      const facts = trustedFacts(bytes, maps);
      const subprogs = facts.subprogs.map((subprog, index) => ({
        ...subprog,
        isExceptionCb: index === options.exceptionCb,
      }));
      options.prepare?.({ vm, maps, ctx, aux: facts.aux });
      const prog = trustedProg(vm, bytes, engine, { maps, aux: facts.aux, subprogs });
      const stack = vm.sp;
      check(t, { r0: prog.run64(ctx), vm, maps, ctx, prog });
      t.equal(vm.sp, stack, 'the stack is where it was');
      t.equal(vm.depth, 0);
      t.end();
    });
  }
}

both(
  'an array lookup gives the value, and NULL beyond the end',
  `r6 = 0
   r7 = 0
   next:
   *(u32 *)(r10 - 4) = r6
   r1 = map[0]; r2 = r10; r2 += -4; call 1
   if r0 == 0 goto out
   r1 = *(u64 *)(r0 + 0); r7 += r1
   r6 += 1
   goto next
   out:
   r7 <<= 8; r7 |= r6
   r0 = r7; exit`,
  (t, { r0 }) => t.equal(r0, (60n << 8n) | 3n),
  {
    maps: [[BPF_MAP_TYPE.ARRAY, 4, 8, 3]],
    prepare: ({ vm, maps }) => {
      for (let i = 0; i < 3; i++) {
        vm.env.arena.i32[(vm.scratch + 64) >> 2] = i;
        vm.env.arena.view.setBigUint64(maps[0]!.ops.lookup!(maps[0]!, vm.scratch + 64), BigInt(10 * (i + 1)), true);
      }
      vm.env.arena.i32[(vm.scratch + 64) >> 2] = 0;
    },
  },
);

both(
  'a per-CPU array gives the value of the CPU the program runs on',
  `*(u32 *)(r10 - 4) = 1
   r1 = map[0]; r2 = r10; r2 += -4; call 1
   r1 = 7; *(u64 *)(r0 + 0) = r1
   r0 = 0; exit`,
  (t, { vm, maps }) => {
    const key = vm.env.arena.alloc(8);
    vm.env.arena.i32[key >> 2] = 1;
    t.equal(vm.env.arena.i32[maps[0]!.ops.lookupPercpu!(maps[0]!, key, 1) >> 2], 7);
    t.equal(vm.env.arena.i32[maps[0]!.ops.lookupPercpu!(maps[0]!, key, 0) >> 2], 0);
  },
  {
    maps: [[BPF_MAP_TYPE.PERCPU_ARRAY, 4, 8, 2]],
    prepare: ({ vm }) => {
      (vm.env as { cpu: number }).cpu = 1;
    },
  },
);

for (const type of [BPF_MAP_TYPE.HASH, BPF_MAP_TYPE.PERCPU_HASH, BPF_MAP_TYPE.LRU_HASH]) {
  for (const keySize of [1, 2, 3, 4, 5, 8, 11, 12, 13, 16, 23, 24, 31, 40, 64, 72]) {
    both(
      `hash of type ${type} with keys of ${keySize} bytes finds what was put in`,
      `r6 = 0
       fill:
       *(u8 *)(r10 - 80) = r6
       *(u8 *)(r10 - ${81 - keySize}) = r6
       *(u64 *)(r10 - 88) = r6
       r1 = map[0]; r2 = r10; r2 += -80; r3 = r10; r3 += -88; r4 = 0; call 2
       if r0 != 0 goto bad
       r6 += 1
       if r6 < 20 goto fill
       r7 = 0
       find:
       r6 -= 1
       *(u8 *)(r10 - 80) = r6
       *(u8 *)(r10 - ${81 - keySize}) = r6
       r1 = map[0]; r2 = r10; r2 += -80; call 1
       if r0 == 0 goto bad
       r1 = *(u64 *)(r0 + 0); r7 += r1
       if r6 != 0 goto find
       *(u8 *)(r10 - 80) = 99
       *(u8 *)(r10 - ${81 - keySize}) = 99
       r1 = map[0]; r2 = r10; r2 += -80; call 1
       if r0 != 0 goto bad
       *(u8 *)(r10 - 80) = 3
       *(u8 *)(r10 - ${81 - keySize}) = 3
       r1 = map[0]; r2 = r10; r2 += -80; call 3
       if r0 != 0 goto bad
       r1 = map[0]; r2 = r10; r2 += -80; call 3
       r7 <<= 32
       w0 = w0
       r0 |= r7; exit
       bad:
       r0 = -1; exit`,
      (t, { r0 }) => t.equal(r0, (190n << 32n) | 0xfffffffen),
      {
        maps: [[type, keySize, 8, 32]],
        prepare: ({ vm }) => {
          vm.env.arena.u8.fill(0, vm.stackBottom, vm.stackTop);
        },
      },
    );
  }
}

both(
  'flags of an update with a bit above 32 are refused',
  `*(u64 *)(r10 - 8) = 0
   r1 = map[0]; r2 = r10; r2 += -8; r3 = r2; r4 = 0x100000000 ll; call 2
   exit`,
  (t, { r0 }) => t.equal(BigInt.asIntN(64, r0), -22n),
  { maps: [[BPF_MAP_TYPE.HASH, 8, 8, 4]] },
);

both(
  'a function has r6 to r9 and a stack of its own',
  `r6 = 1; r7 = 2; r8 = 3; r9 = 4
   *(u64 *)(r10 - 8) = 5
   r1 = 10; r2 = 20; r3 = 30; r4 = 40; r5 = 50
   call add
   r0 += r6; r0 += r7; r0 += r8; r0 += r9
   r1 = *(u64 *)(r10 - 8); r0 += r1
   exit
   add:
   r6 = 100; r7 = 100; r8 = 100; r9 = 100
   *(u64 *)(r10 - 8) = 100
   r0 = r1; r0 += r2; r0 += r3; r0 += r4; r0 += r5
   exit`,
  (t, { r0 }) => t.equal(r0, 165n),
);

both(
  'a jump to the operation after a move meets it alone, and a move to its own operand doubles it',
  `r2 = 5; r6 = 0; r7 = 3
   goto second
   first:
   r2 = r7
   second:
   r2 += r7
   r6 <<= 8; r6 |= r2
   if r6 < 0x10000 goto first
   r3 = r6; r3 += r3
   w4 = w6; w4 <<= w4
   r0 = r3; r0 ^= r4
   exit`,
  (t, { r0 }) => t.equal(r0, (0x80606n * 2n) ^ BigInt.asUintN(32, 0x80606n << 6n)),
);

both(
  'bpf_loop calls back with the index until it returns non-zero',
  `r1 = 100; r2 = func body; r3 = r10; r3 += -8; r4 = 0
   *(u64 *)(r10 - 8) = 0
   call 181
   r1 = *(u64 *)(r10 - 8); r1 <<= 32; r0 |= r1
   exit
   body:
   r3 = *(u64 *)(r2 + 0); r3 += r1; *(u64 *)(r2 + 0) = r3
   r0 = 0
   if r1 != 9 goto done
   r0 = 1
   done:
   exit`,
  (t, { r0 }) => t.equal(r0, (45n << 32n) | 10n),
);

both(
  'bpf_loop refuses flags and more than 8 Mi turns',
  `r6 = 0
   r1 = 1; r2 = func body; r3 = 0; r4 = 1; call 181
   r6 = r0
   r1 = 8388609; r2 = func body; r3 = 0; r4 = 0; call 181
   r0 *= 1000; r0 += r6; exit
   body:
   r0 = 0; exit`,
  // A loop that is written out gives -E2BIG in 32 bits.
  (t, { r0 }) => t.equal(BigInt.asIntN(64, r0), 0xfffffff9n * 1000n - 22n),
);

both(
  'bpf_loop with flags that are not known is a call: 32 bits of its turns count, and -E2BIG is 64 bits',
  `r6 = 0
   r9 = 0
   r1 = 0x100000003 ll; r2 = func body; r3 = 0; r4 = r9; call 181
   r6 = r0
   r1 = 8388609; r2 = func body; r3 = 0; r4 = r9; call 181
   r0 *= 1000; r0 += r6; exit
   body:
   r0 = 0; exit`,
  (t, { r0 }) => t.equal(BigInt.asIntN(64, r0), -6997n),
);

both(
  'bpf_for_each_map_elem visits every element of a hash',
  `r6 = r10
   *(u64 *)(r10 - 8) = 0
   *(u64 *)(r10 - 16) = 5
   *(u64 *)(r10 - 24) = 50
   r1 = map[0]; r2 = r10; r2 += -16; r3 = r10; r3 += -24; r4 = 0; call 2
   *(u64 *)(r10 - 16) = 6
   *(u64 *)(r10 - 24) = 60
   r1 = map[0]; r2 = r10; r2 += -16; r3 = r10; r3 += -24; r4 = 0; call 2
   r1 = map[0]; r2 = func visit; r3 = r10; r3 += -8; r4 = 0; call 164
   r1 = *(u64 *)(r10 - 8); r0 += r1
   exit
   visit:
   r1 = *(u64 *)(r2 + 0); r2 = *(u64 *)(r3 + 0); r2 *= r1
   r1 = *(u64 *)(r4 + 0); r1 += r2; *(u64 *)(r4 + 0) = r1
   r0 = 0; exit`,
  (t, { r0 }) => t.equal(r0, 612n),
  { maps: [[BPF_MAP_TYPE.HASH, 8, 8, 4]] },
);

both(
  'may_goto ends a loop after a quarter of a second',
  `r0 = 0
   again:
   r0 += 1
   may_goto out
   goto again
   out:
   exit`,
  (t, { r0, vm }) => {
    t.equal(r0 > 0xffffn * 2n, true, 'the clock was looked at more than once');
    t.equal(vm.now() > 0, true);
  },
  {
    prepare: ({ vm }) => {
      let time = 1000;
      vm.now = () => {
        time += 0.6;
        return time;
      };
    },
  },
);

both(
  'a load through a stray pointer reads 0, a good one the memory',
  `r2 = r1
   r0 = *(u64 *)(r2 + 8)
   r3 = 0xffff888000000010 ll
   r4 = *(u64 *)(r3 + 0); r0 += r4
   r3 = 0x1234 ll
   r4 = *(u32 *)(r3 + 0); r0 += r4
   r3 = 0xffff8880fffffff0 ll
   r4 = *(u8 *)(r3 + 15); r0 += r4
   exit`,
  (t, { r0 }) => t.equal(r0, 77n),
  {
    prepare: ({ vm, ctx, aux }) => {
      vm.env.arena.i32[(ctx + 8) >> 2] = 77;
      for (const i of [1, 4, 8, 12]) aux[i]!.ptrKind = PTR_KIND.BTF_PROBE;
    },
  },
);

both(
  'a pointer field of the context is loaded from its extension',
  'r0 = *(u32 *)(r1 + 4); exit',
  (t, { r0 }) => t.equal(r0, 0xffff888000012345n),
  {
    prepare: ({ vm, ctx, aux }) => {
      vm.env.arena.view.setBigUint64(ctx + CTX_EXT + 16, 0xffff888000012345n, true);
      aux[0]!.ptrKind = PTR_KIND.CTX;
      aux[0]!.ctxPtr = 16;
    },
  },
);

both(
  'packet loads read big-endian from the machine, or end the program with 0',
  `r6 = r1
   r0 = skb[12].u16
   r7 = r0
   r8 = 2
   r0 = skb[r8 + 3].u8
   r7 += r0
   r0 = r7
   r9 = r0
   r0 = skb[5000].u32
   r0 = r9; exit`,
  (t, { r0 }) => t.equal(r0, 0n),
  {
    prepare: ({ vm }) => {
      vm.loadAbs = (_vm, _ctx, offset, size) => (offset < 100 ? offset * 10 + size : -1);
    },
  },
);

both(
  'packet loads give the value to r0',
  'r6 = r1; r8 = 2; r0 = skb[r8 + 3].u32; exit',
  (t, { r0 }) => t.equal(r0, 0xfffffff4n),
  {
    prepare: ({ vm }) => {
      vm.loadAbs = (_vm, _ctx, offset, size) => (offset === 5 ? 0xfffffff0 + size : -1);
    },
  },
);

both(
  'atomics of 8 to 64 bits',
  `*(u64 *)(r10 - 8) = 10
   r1 = 5
   lock *(u64 *)(r10 - 8) += r1
   r1 = fetch_add u64 (r10 - 8)
   r6 = r1
   r1 = 0xf0
   r1 = fetch_or u32 (r10 - 8)
   r6 <<= 8; r6 |= r1
   r1 = xchg u32 (r10 - 8)
   r6 <<= 8; r6 |= r1
   r0 = r1
   r0 = 30; r2 = 1
   cmpxchg u64 (r10 - 8) r2
   r6 <<= 8; r6 |= r0
   r1 = acquire u8 (r10 - 8)
   r6 <<= 8; r6 |= r1
   r3 = 0x99
   release u16 (r10 - 8) r3
   r1 = *(u32 *)(r10 - 8)
   r6 <<= 8; r6 |= r1
   r0 = r6; exit`,
  (t, { r0 }) => t.equal(r0.toString(16), 'f14f4141499'),
);

both(
  'an exception unwinds functions and gives its cookie to the exception callback',
  `r2 = func handler
   call thrower
   r0 = 1; exit
   thrower:
   r1 = 42; call 999
   r0 = 2; exit
   handler:
   r0 = r1; r0 += 100; exit`,
  (t, { r0 }) => t.equal(r0, 142n),
  {
    exceptionCb: 2,
    prepare: ({ vm }) => {
      (vm as { tables: Vm['tables'] }).tables = {
        helper: () => ({
          name: 'throw',
          doc: '',
          args: 'l',
          ret: 'void',
          throws: true,
          fn: (vm, lo = 0, hi = 0) => throwIt(vm, lo, hi),
        }),
        kfunc: () => undefined,
      };
    },
  },
);

function throwIt(vm: Vm, lo: number, hi: number): never {
  vm.exception = new BpfException(lo, hi);
  throw vm.exception;
}

for (const engine of ENGINES) {
  t.test(`tail calls stop at 33 and fall through (${engine})`, (t) => {
    const { vm, maps } = machine([BPF_MAP_TYPE.PROG_ARRAY, 4, 4, 4]);
    const source = `r6 = r1
      r0 = *(u64 *)(r1 + 0); r0 += 1; *(u64 *)(r1 + 0) = r0
      r2 = map[0]; r3 = 0; call 12
      r0 = *(u64 *)(r6 + 0); exit`;
    const prog = trustedProg(vm, asm(source), engine, { maps });
    putProg(maps[0]!, 0, prog);
    const ctx = vm.env.arena.alloc(64);
    t.equal(prog.run64(ctx), 34n);
    t.equal(prog.run64(ctx), 68n, 'the count begins anew with each run');
    t.end();
  });

  t.test(`a tail call in a function returns to the function's caller (${engine})`, (t) => {
    const { vm, maps } = machine([BPF_MAP_TYPE.PROG_ARRAY, 4, 4, 4]);
    putProg(maps[0]!, 1, trustedProg(vm, asm('r6 = 99; r0 = 7; exit'), engine));
    const source = `r6 = 1
      r7 = r1
      r2 = 1; call f
      r6 += r0
      r1 = r7; r2 = 0; call f
      r6 *= 100; r6 += r0
      r1 = r7; r2 = 5; call f
      r6 *= 100; r6 += r0
      r0 = r6; exit
      f:
      r3 = r2; r2 = map[0]; call 12
      r0 = 3; exit`;
    const prog = trustedProg(vm, asm(source), engine, { maps });
    t.equal(prog.run64(vm.env.arena.alloc(64)), 80303n);
    t.end();
  });

  t.test(`an exception ends the main program it is thrown in, which a function's tail call began (${engine})`, (t) => {
    const { vm, maps } = machine([BPF_MAP_TYPE.PROG_ARRAY, 4, 4, 4]);
    (vm as { tables: Vm['tables'] }).tables = {
      helper: () => ({
        name: 'throw',
        doc: '',
        args: 'l',
        ret: 'void',
        fn: (vm, lo = 0, hi = 0) => throwIt(vm, lo, hi),
      }),
      kfunc: () => undefined,
    };
    const run = (source: string): bigint =>
      trustedProg(vm, asm(source), engine, { maps }).run64(vm.env.arena.alloc(64));
    putProg(maps[0]!, 0, trustedProg(vm, asm('r6 = 77; r1 = 42; call 999; r0 = 2; exit'), engine));
    putProg(maps[0]!, 1, trustedProg(vm, asm('r0 = 5; exit'), engine));
    const functions = `f:
      r6 = 1; r2 = map[0]; call 12
      r0 = 3; exit
      g:
      call f
      r0 += 100; exit`;
    const slot = (n: number): string => `r3 = ${n};`;
    t.equal(run(`r6 = r1; r7 = 1000; ${slot(0)} call f; r0 += r7; exit\n ${functions}`), 1042n, 'its caller goes on');
    t.equal(run(`r6 = r1; ${slot(0)} call g; r0 += 1; exit\n ${functions}`), 143n, 'two functions below');
    t.equal(
      run(`r6 = r1; ${slot(1)} call g; r1 = 9; call 999; r0 = 1; exit\n ${functions}`),
      9n,
      'one of its own ends it',
    );
    t.equal(
      run(`${slot(0)} r2 = map[0]; call 12; r0 = 1; exit`),
      42n,
      'a tail call of the main function leaves nobody',
    );
    const h = 'h: \n call f; r1 = 8; call 999; r0 = 1; exit';
    t.equal(run(`${slot(1)} call h; r0 = 1; exit\n ${functions}\n ${h}`), 8n, 'thrown by a function after such a call');
    t.equal(vm.mainSerial, 0);
    t.equal(vm.depth, 0);
    t.end();
  });

  t.test(`functions that make tail calls leave their callers' frames behind, 33 times (${engine})`, (t) => {
    const { vm, maps } = machine([BPF_MAP_TYPE.PROG_ARRAY, 4, 4, 4]);
    const source = `r6 = r1
      call f
      r0 += 1; exit
      f:
      call g
      r0 += 1; exit
      g:
      r2 = map[0]; r3 = 0; call 12
      r0 = 0; exit`;
    const prog = trustedProg(vm, asm(source), engine, { maps });
    putProg(maps[0]!, 0, prog);
    t.equal(prog.run64(vm.env.arena.alloc(64)), 68n, 'two frames for each of 34 programs');
    t.end();
  });

  t.test(`a program that does not end is ended by the budget (${engine})`, (t) => {
    const { vm } = machine();
    const source = `r6 = 100000
      again:
      r1 = 8000000; r2 = func body; r3 = 0; r4 = 0; call 181
      r6 -= 1
      if r6 != 0 goto again
      r0 = 0; exit
      body:
      r0 = 0; exit`;
    let time = 0;
    vm.now = () => {
      time += 500;
      return time;
    };
    const prog = trustedProg(vm, asm(source), engine, { name: 'spin' });
    const stack = vm.sp;
    t.throws(() => prog.run(vm.env.arena.alloc(64)), {
      name: 'ProgramAborted',
      message: /Program 'spin' was ended.*budget/,
    });
    t.equal(vm.sp, stack);
    t.equal(vm.depth, 0);
    t.end();
  });

  t.test(`an access outside the arena ends the program (${engine})`, (t) => {
    const { vm } = machine();
    const prog = trustedProg(vm, asm('r1 = 0x7fffffff ll; r0 = *(u64 *)(r1 + 8); exit'), engine);
    t.throws(() => prog.run(vm.env.arena.alloc(64)), ProgramAborted);
    t.equal(vm.depth, 0);
    t.end();
  });

  t.test(`statistics count runs while they are on (${engine})`, (t) => {
    const { vm } = machine();
    const prog = trustedProg(vm, asm('r0 = 0; exit'), engine);
    prog.run(0);
    t.equal(prog.runCnt, 0);
    vm.statsEnabled = 1;
    prog.run(0);
    prog.run(0);
    t.equal(prog.runCnt, 2);
    t.end();
  });
}

t.test('a hook sees every instruction of a run, and costs the next run nothing', (t) => {
  const { vm } = machine();
  const prog = trustedProg(
    vm,
    asm('r0 = 1; if r0 == 1 goto out; r0 = 2; out: ; r0 += 1; exit'.replace('out: ;', 'out:;')),
    'jit',
  );
  const seen: [number, number][] = [];
  vm.hook = (_prog, insn, regs) => seen.push([insn, regs[0]!]);
  t.equal(prog.run(0), 2);
  vm.hook = undefined;
  t.equal(prog.run(0), 2);
  t.same(seen, [
    [0, 0],
    [1, 1],
    [3, 1],
    [4, 2],
  ]);
  t.end();
});

t.test('the interpreter has room for any number of constants', (t) => {
  const { vm } = machine();
  const count = 140_000;
  const bytes = new Uint8Array((count + 4) * 8);
  bytes.set(asm('r0 = 0; *(u64 *)(r10 - 8) = 0'));
  const view = new DataView(bytes.buffer);
  let sum = 0n;
  for (let i = 0; i < count; i++) {
    bytes[16 + i * 8] = 0x07;
    view.setInt32(16 + i * 8 + 4, i * 3, true);
    sum += BigInt(i * 3);
  }
  bytes.set(asm('if r0 == 123456789 goto out; out: exit'), 16 + count * 8);
  const prog = trustedProg(vm, bytes, 'interp');
  t.equal(prog.run64(0), sum);
  t.end();
});
