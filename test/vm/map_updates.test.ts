/**
 * Updates, deletes and lookups of the maps that compiled programs handle themselves, against
 * the interpreter, which goes through maps/: random operations on two machines alike give
 * the same results and leave the same bytes, down to the lists of free elements.
 */
import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { BPF_ELEM, BPF_F_MAP, BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import type { EngineName } from '../../vm/prog.ts';
import { SCRATCH } from '../../vm/vm.ts';
import { asm } from './lib/asm.ts';
import { trustedProg } from './lib/facts.ts';
import { machine } from './lib/machine.ts';

const { HASH, PERCPU_HASH, LRU_HASH, LRU_PERCPU_HASH, ARRAY, PERCPU_ARRAY } = BPF_MAP_TYPE;
const { NO_PREALLOC, NO_COMMON_LRU } = BPF_F_MAP;

/** Type, size of keys, size of values, entries, flags. */
const MAPS: readonly [number, number, number, number, number][] = [
  [HASH, 4, 8, 8, 0],
  [HASH, 8, 16, 6, 0],
  [HASH, 16, 4, 16, 0],
  [HASH, 1, 1, 4, 0],
  [HASH, 3, 7, 8, 0],
  [HASH, 13, 64, 8, 0],
  [HASH, 24, 65, 8, 0],
  [HASH, 40, 200, 8, 0],
  [HASH, 64, 24, 8, 0],
  [HASH, 65, 24, 8, 0],
  [HASH, 4, 8, 8, NO_PREALLOC],
  [HASH, 12, 40, 8, NO_PREALLOC],
  [PERCPU_HASH, 4, 8, 8, 0],
  [PERCPU_HASH, 6, 20, 8, NO_PREALLOC],
  [LRU_HASH, 4, 8, 8, 0],
  [LRU_HASH, 16, 4, 64, 0],
  [LRU_HASH, 8, 80, 5, NO_COMMON_LRU],
  [LRU_PERCPU_HASH, 4, 8, 8, 0],
  [ARRAY, 4, 8, 8, 0],
  [ARRAY, 4, 3, 8, 0],
  [ARRAY, 4, 100, 8, 0],
  [PERCPU_ARRAY, 4, 8, 8, 0],
  [PERCPU_ARRAY, 4, 21, 8, 0],
];

const SOURCES = {
  update: 'r6 = r1; r1 = map[0]; r2 = r6; r3 = r6; r3 += 128; r4 = *(u64 *)(r6 + 448); call 2; exit',
  // The value is the map's own, a little on: an update may overlap with what it writes.
  self: `r6 = r1; r1 = map[0]; r2 = r6; call 1; if r0 == 0 goto out
    r3 = r0; r7 = *(u64 *)(r6 + 456); r3 += r7; r1 = map[0]; r2 = r6; r4 = 0; call 2
    out: exit`,
  remove: 'r2 = r1; r1 = map[0]; call 3; exit',
  lookup: 'r2 = r1; r1 = map[0]; call 1; exit',
};
const NAMES = Object.keys(SOURCES) as (keyof typeof SOURCES)[];

/** Flags of updates: the common ones, those that lock, and some that mean nothing. */
const PLAIN = [0n, 0n, 0n, 1n, 2n];
const ODD = [3n, BigInt(BPF_ELEM.F_LOCK), 5n, 8n, 1n << 32n, (1n << 32n) | 1n, 0xffffffffffffffffn];
const OPERATIONS = 500;
/** Room for what maps allocate as they grow. */
const CHUNKS = 128 << 10;

/** A machine with one map and a program for each operation. */
function setUp(spec: (typeof MAPS)[number], engine: EngineName) {
  const { vm, maps } = machine([...spec]);
  const progs = NAMES.map((name) => trustedProg(vm, asm(SOURCES[name]), engine, { maps, name }));
  return { vm, progs, ctx: vm.env.arena.alloc(1024) };
}

/** A machine's memory but the stack of programs and the words that are not for anyone after a run: what is in use, or all of it. */
function memory({ vm, ctx }: ReturnType<typeof setUp>, all = false): Buffer {
  const { arena } = vm.env;
  arena.u8.fill(0, vm.stackBottom, vm.stackTop);
  arena.u8.fill(0, vm.scratch, vm.scratch + SCRATCH.SIZE);
  return Buffer.from(arena.buffer, 0, all ? arena.size : Math.max(ctx, vm.stackTop) + CHUNKS);
}

for (const spec of MAPS) {
  const [type, keySize, valueSize, entries, flags] = spec;
  t.test(`type ${type}, keys of ${keySize}, values of ${valueSize} bytes, flags ${flags}`, (t) => {
    const random = seededRandom(keySize * 1000 + valueSize);
    const below = (limit: number): number => random.u32() % limit;
    const both = [setUp(spec, 'interp'), setUp(spec, 'jit')];
    for (const { progs } of both) for (const prog of progs) t.equal(prog.engine, prog.jited ? 'jit' : 'interp');
    const results = new Map<string, number>();
    for (let turn = 0; turn < OPERATIONS; turn++) {
      const key = Uint8Array.from({ length: 128 }, () => 0);
      key[0] = below(entries * 2);
      key[keySize - 1]! |= below(2) === 0 ? 0 : 1;
      const value = Uint8Array.from({ length: 256 }, () => random.u32() & 255);
      const which = below(NAMES.length);
      const flagsOf = below(8) === 0 ? ODD : PLAIN;
      const update = flagsOf[below(flagsOf.length)]!;
      const cpu = below(4) === 0 ? 1 : 0;
      const shift = below(12);
      const [expected, found] = both.map(({ vm, progs, ctx }) => {
        const { arena } = vm.env;
        arena.u8.set(key, ctx);
        arena.u8.set(value, ctx + 128);
        arena.view.setBigUint64(ctx + 448, update, true);
        arena.view.setBigUint64(ctx + 456, BigInt(shift), true);
        (vm.env as { cpu: number }).cpu = cpu;
        return BigInt.asIntN(64, progs[which]!.run64(ctx));
      });
      const name = `${NAMES[which]} ${expected! < -4095n ? 'pointer' : expected}`;
      results.set(name, (results.get(name) ?? 0) + 1);
      const what = `turn ${turn}: ${NAMES[which]} of key ${key[0]}, flags ${update}, CPU ${cpu}`;
      if (found !== expected) t.fail(what, { expected: `${expected}`, found: `${found}` });
      const [one, other] = both.map((machine) => memory(machine, turn === OPERATIONS - 1));
      if (one!.compare(other!) !== 0) {
        const at = one!.findIndex((byte, i) => byte !== other![i]);
        t.fail(`${what}: memory differs at ${at}`, { expected: one![at], found: other![at] });
        break;
      }
    }
    t.comment([...results].map(([name, count]) => `${name}: ${count}`).join(', '));
    t.ok(results.size >= 7, 'enough kinds of results');
    t.end();
  });
}
