/** Pages of a BPF arena: taken, used through casts, given back; the same on both engines. */
import t from 'tap';
import { mapOps } from '../../maps/index.ts';
import { BpfMap } from '../../maps/map.ts';
import { BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import { createVm } from '../../vm/helpers/index.ts';
import { PTR_KIND } from '../../vm/verifier/types.ts';
import { asm } from './lib/asm.ts';
import { testVm, trustedFacts, trustedProg } from './lib/facts.ts';

const USER_START = 0x1001_0ff0_0000n;

/** Takes two pages, writes to both through kernel pointers, frees the first, reads both again. */
const SOURCE = `
  r1 = map[0]; r2 = 0; r3 = 1; r4 = -1; r5 = 0
  raw 8520000000000000
  r6 = r0
  r1 = map[0]; r2 = 0; r3 = 1; r4 = -1; r5 = 0
  raw 8520000000000000
  r7 = r0
  r8 = cast_kern(r6); r9 = cast_kern(r7)
  r1 = 11; *(u64 *)(r8 + 8) = r1
  r1 = 22; lock *(u64 *)(r9 + 8) += r1
  r1 = map[0]; r2 = r6; r3 = 1
  raw 8520000001000000
  r1 = *(u64 *)(r8 + 8)
  r2 = *(u64 *)(r9 + 8)
  r0 = r1; r0 <<= 8; r0 |= r2
  r3 = cast_user(r8)
  if r3 != r6 goto bad
  r3 = r7; r3 -= r6
  r0 <<= 16; r0 |= r3
  exit
  bad: 
  r0 = -1; exit`;

for (const engine of ['interp', 'jit'] as const) {
  t.test(`pages of an arena (${engine})`, (t) => {
    const byId = new Map<number, BpfMap>();
    const vm = createVm(testVm(undefined, byId).env);
    const attr = {
      mapType: BPF_MAP_TYPE.ARENA,
      keySize: 0,
      valueSize: 0,
      maxEntries: 4,
      mapFlags: 1 << 10,
      numaNode: 0,
      mapExtra: USER_START,
      innerMap: -9,
    };
    const map = mapOps(BPF_MAP_TYPE.ARENA)?.alloc(attr, vm.env, { hasCap: () => true });
    if (!(map instanceof BpfMap)) throw new Error(`No arena: ${map}`);
    map.id = 1;
    vm.env.arena.i32[map.addr >> 2] = 1;
    byId.set(1, map);
    const bytes = asm(SOURCE);
    const facts = trustedFacts(bytes, [map]);
    const call = (n: number) => [...bytes.keys()].filter((at) => at % 8 === 0 && bytes[at] === 0x85)[n]! / 8;
    facts.aux[call(0)]!.kfunc = 'bpf_arena_alloc_pages';
    facts.aux[call(1)]!.kfunc = 'bpf_arena_alloc_pages';
    facts.aux[call(2)]!.kfunc = 'bpf_arena_free_pages';
    bytes.forEach((opcode, at) => {
      if (at % 8 === 0 && [0x7b, 0xdb, 0x79].includes(opcode)) facts.aux[at / 8]!.ptrKind = PTR_KIND.ARENA;
    });
    const before = vm.env.arena.used;
    const prog = trustedProg(vm, bytes, engine, { maps: [map], ...facts });
    t.equal(prog.run64(0), (22n << 16n) | 4096n, 'a freed page reads 0');
    t.equal(prog.run64(0), (22n << 16n) | 8192n, 'a page that was given back is taken again');
    prog.put();
    t.equal(vm.env.arena.used < before, true, 'memory is given back');
    t.end();
  });
}
