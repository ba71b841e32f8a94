/** Programs at the limits of the engines, and accesses that verified programs never make. */
import t from 'tap';
import { syntheticProgram } from '../../bench/engines/load_time.ts';
import { BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import type { EngineName } from '../../vm/prog.ts';
import { ProgramAborted } from '../../vm/vm.ts';
import { asm } from './lib/asm.ts';
import { trustedFacts, trustedProg } from './lib/facts.ts';
import { machine } from './lib/machine.ts';

t.test('a program of a million instructions runs in the interpreter, with a note', (t) => {
  const { vm } = machine();
  const notes: string[] = [];
  vm.onNote = (message) => notes.push(message);
  const bytes = syntheticProgram(1_000_000, 7);
  const { aux, subprogs } = trustedFacts(bytes, []);
  const prog = trustedProg(vm, bytes, 'jit', { aux, subprogs, name: 'huge' });
  const result = prog.run64(vm.env.arena.alloc(64));
  t.equal(prog.engine, 'interp');
  t.match(notes, [/^Program 'huge' of 100000\d instructions is interpreted: .*size/]);
  t.equal(result, prog.run64(vm.env.arena.alloc(64)));
  t.end();
});

t.test('a switch of 20,000 branches to one place is the same on both engines', (t) => {
  const { vm } = machine();
  const lines = ['r6 = *(u64 *)(r1 + 0)', 'r0 = 1'];
  for (let i = 0; i < 20_000; i++) lines.push(`if r6 == ${i} goto case${i % 50}`);
  lines.push('exit');
  for (let i = 0; i < 50; i++) lines.push(`case${i}:`, `r0 += ${i}`);
  lines.push('exit');
  const bytes = asm(lines.join('\n'));
  const prog = trustedProg(vm, bytes, 'jit');
  const ctx = vm.env.arena.alloc(64);
  for (const [value, wanted] of [
    [0, 1226],
    [49, 50],
    [19_999, 50],
    [20_000, 1],
  ] as const) {
    vm.env.arena.i32[ctx >> 2] = value;
    prog.useEngine('jit');
    t.equal(prog.engine, 'jit');
    t.equal(prog.run64(ctx), BigInt(wanted));
    prog.useEngine('interp');
    t.equal(prog.run64(ctx), BigInt(wanted));
  }
  t.end();
});

/** Accesses outside of the arena: no verified program makes them, but should one, it only ends itself. */
const STRAY = {
  'a load above the arena': 'r1 = 0x7ffffff0 ll; r0 = *(u64 *)(r1 + 0); exit',
  'a store above the arena': 'r1 = 0x7ffffff0 ll; r2 = 1; *(u64 *)(r1 + 0) = r2; exit',
  'a load below it': 'r1 = 16; r1 -= 4096; r0 = *(u32 *)(r1 + 0); exit',
  'an atomic above it': 'r1 = 0x7ffffff0 ll; r2 = 1; lock *(u64 *)(r1 + 0) += r2; exit',
  'a key above it':
    'r1 = map[0]; r2 = 0x7ffffff0 ll; r3 = r10; r3 += -8; *(u64 *)(r10 - 8) = 1; r4 = 0; call 2; r0 = 0; exit',
  'an instruction the verifier never reached': 'r0 = 0; goto dead; exit\n dead: \n r0 = 1; exit',
} as const;

for (const [name, source] of Object.entries(STRAY)) {
  for (const engine of ['interp', 'jit'] as EngineName[]) {
    t.test(`${name} ends the program and nothing else (${engine})`, (t) => {
      const { vm, maps } = machine([BPF_MAP_TYPE.HASH, 8, 8, 4]);
      const bytes = asm(source);
      const facts = trustedFacts(bytes, maps);
      if (name.startsWith('an instruction')) for (const at of [3, 4]) facts.aux[at]!.seen = false;
      const prog = trustedProg(vm, bytes, engine, { maps, aux: facts.aux, subprogs: facts.subprogs, name: 'stray' });
      const ctx = vm.env.arena.alloc(64);
      let error: unknown;
      try {
        prog.run64(ctx);
      } catch (thrown) {
        error = thrown;
      }
      // TypeScript reads nothing and writes nowhere outside of an array; a view and WebAssembly say so.
      if (name.startsWith('a key')) t.ok(error === undefined || error instanceof ProgramAborted, `${error}`);
      else t.ok(error instanceof ProgramAborted, `${error}`);
      t.equal(vm.depth, 0);
      t.equal(vm.sp, vm.stackTop);
      const good = trustedProg(vm, asm('r0 = 7; exit'), engine);
      t.equal(good.run64(ctx), 7n, 'the machine goes on');
      t.end();
    });
  }
}

t.test('a branch of which the verifier saw one side takes that side, as the kernel makes it', (t) => {
  for (const [dead, wanted] of [
    [[4, 5], 2n],
    [[2, 3], 1n],
  ] as const) {
    for (const engine of ['interp', 'jit'] as EngineName[]) {
      for (const value of [0, 1]) {
        const { vm, maps } = machine([BPF_MAP_TYPE.HASH, 8, 8, 4]);
        const bytes = asm(`r0 = ${value}; if r0 == 0 goto one; r0 = 2; exit\n one: \n r0 = 1; exit`);
        const facts = trustedFacts(bytes, maps);
        for (const at of dead) facts.aux[at]!.seen = false;
        const prog = trustedProg(vm, bytes, engine, {
          maps,
          aux: facts.aux,
          subprogs: facts.subprogs,
          name: 'one side',
        });
        t.equal(prog.run64(vm.env.arena.alloc(64)), wanted, `${engine}, r0 = ${value}`);
      }
    }
  }
  t.end();
});
