/**
 * What the compiler makes of small programs, as text (test/golden/jit/*.wat): a change
 * of the generated code shows as a difference to read. `UPDATE_GOLDEN=1` writes them anew.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import t from 'tap';
import { ArenaMap } from '../../maps/arena_map.ts';
import { ArrayMap } from '../../maps/arraymap.ts';
import { HTAB_STATE, HtabMap } from '../../maps/hashtab.ts';
import { HtabLruMap } from '../../maps/htab_lru_map.ts';
import type { BpfMap } from '../../maps/map.ts';
import { BASE_HI } from '../../mm/arena.ts';
import { BPF_F_MAP, BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import { compile } from '../../vm/jit/jit.ts';
import { PTR_KIND } from '../../vm/verifier/types.ts';
import { BpfException, SCRATCH, type Vm } from '../../vm/vm.ts';
import { asm } from './lib/asm.ts';
import { trustedFacts, trustedProg } from './lib/facts.ts';
import { machine } from './lib/machine.ts';

interface Wabt {
  readWasm(bytes: Uint8Array, options: object): { toText(options: object): string };
}
const wabt = await (createRequire(import.meta.url)('wabt') as () => Promise<Wabt>)();

const FEATURES = { tail_call: true, sign_extension: true, bulk_memory: true, exceptions: true };

const UPDATE = process.env['UPDATE_GOLDEN'] === '1';

/** An update of key 1. */
const UPDATE_KEY = `*(u32 *)(r10 - 4) = 1; *(u64 *)(r10 - 16) = 5
  r1 = map[0]; r2 = r10; r2 += -4; r3 = r10; r3 += -16; r4 = 0; call 2;`;

/** Name, source, maps, and the context loads that give pointers: [instruction, offset of the pointer]. */
const PROGRAMS: readonly {
  readonly name: string;
  readonly source: string;
  readonly maps?: [number, number, number, number, number?][];
  readonly pointers?: readonly (readonly [number, number])[];
  /** Loads through pointers to kernel structures. */
  readonly probes?: readonly number[];
  /** Accesses through pointers of a BPF arena. */
  readonly arena?: readonly number[];
  /** Its helper throws an exception. */
  readonly throws?: boolean;
}[] = [
  { name: 'alu', source: 'r0 = 5; r0 += 7; w0 *= 3; r0 s>>= 1; r0 = -r0; exit' },
  { name: 'division', source: 'r0 = *(u64 *)(r1 + 0); r2 = *(u64 *)(r1 + 8); r0 /= r2; w0 s%= w2; r0 /= 10; exit' },
  { name: 'bytes', source: 'r0 = *(u32 *)(r1 + 0); r0 = be16 r0; r0 = bswap64 r0; r0 = le32 r0; exit' },
  {
    name: 'packet',
    source: `r2 = *(u32 *)(r1 + 0); r3 = *(u32 *)(r1 + 4); r0 = 1
      r4 = r2; r4 += 14; if r4 > r3 goto out
      r0 = *(u16 *)(r2 + 12); *(u8 *)(r2 + 0) = 7
      out: 
      exit`,
    pointers: [
      [0, 0],
      [1, 8],
    ],
  },
  { name: 'loop', source: 'r0 = 0; r1 = 10; again:\n r0 += r1; r1 -= 1; if r1 != 0 goto again; exit' },
  {
    name: 'nested_branches',
    source: `r0 = *(u32 *)(r1 + 0); if r0 > 10 goto big; if r0 == 3 goto three
      r0 = 0; goto done
      three: 
      r0 = 33; goto done
      big: 
      r0 = 100
      done: 
      r0 += 1; exit`,
  },
  {
    name: 'stack',
    source: '*(u64 *)(r10 - 8) = 1; r1 = 2; lock *(u64 *)(r10 - 8) += r1; r0 = *(u64 *)(r10 - 8); exit',
  },
  { name: 'call_inlined', source: 'r1 = 5; call double; r0 += 1; exit\n double: \n r0 = r1; r0 += r0; exit' },
  {
    name: 'array_lookup',
    source:
      '*(u32 *)(r10 - 4) = 1; r1 = map[0]; r2 = r10; r2 += -4; call 1; if r0 == 0 goto out; r0 = *(u64 *)(r0 + 0); out: \n exit'.replace(
        'out: ',
        '\n out:',
      ),
    maps: [[BPF_MAP_TYPE.ARRAY, 4, 8, 4]],
  },
  {
    name: 'hash_lookup',
    source:
      '*(u32 *)(r10 - 4) = 1; r1 = map[0]; r2 = r10; r2 += -4; call 1; if r0 == 0 goto out; r0 = *(u64 *)(r0 + 0)\n out: \n exit',
    maps: [[BPF_MAP_TYPE.HASH, 4, 8, 4]],
  },
  {
    // A key that exists moves to this CPU's spare element; a new one takes a free one.
    name: 'hash_update',
    source: `${UPDATE_KEY} r1 = map[0]; r2 = r10; r2 += -4; call 3; exit`,
    maps: [[BPF_MAP_TYPE.HASH, 4, 8, 4]],
  },
  {
    // The key is padded with zeros; the value is too long to be copied in pieces; elements are not preallocated.
    name: 'hash_update_on_demand',
    source: `${UPDATE_KEY} exit`,
    maps: [[BPF_MAP_TYPE.HASH, 3, 72, 4, BPF_F_MAP.NO_PREALLOC]],
  },
  { name: 'percpu_hash_update', source: `${UPDATE_KEY} exit`, maps: [[BPF_MAP_TYPE.PERCPU_HASH, 4, 8, 4]] },
  { name: 'array_update', source: `${UPDATE_KEY} exit`, maps: [[BPF_MAP_TYPE.ARRAY, 4, 20, 4]] },
  { name: 'percpu_array_update', source: `${UPDATE_KEY} exit`, maps: [[BPF_MAP_TYPE.PERCPU_ARRAY, 4, 8, 4]] },
  {
    // The oldest free element of this CPU, which is pending then; a pending one comes back to the list.
    name: 'lru_update',
    source: `${UPDATE_KEY} r1 = map[0]; r2 = r10; r2 += -4; call 3; exit`,
    maps: [[BPF_MAP_TYPE.LRU_HASH, 4, 8, 4]],
  },
  // What has no form of its own is an import.
  {
    name: 'imported_update',
    source: `${UPDATE_KEY} exit`,
    maps: [[BPF_MAP_TYPE.LRU_HASH, 4, 8, 4, BPF_F_MAP.NO_COMMON_LRU]],
  },
  { name: 'bpf_loop', source: 'r1 = 5; r2 = func body; r3 = 0; r4 = 0; call 181; exit\n body: \n r0 = 0; exit' },
  {
    name: 'may_goto',
    source: 'r0 = 0; again: \n r0 += 1; may_goto out; goto again\n out: \n exit',
  },
  {
    name: 'tail_call',
    source: 'r2 = map[0]; r3 = 1; call 12; r0 = 0; exit',
    maps: [[BPF_MAP_TYPE.PROG_ARRAY, 4, 4, 4]],
  },
  {
    // Two ways into a loop: there is no single header, so a dispatcher has to do.
    name: 'irreducible',
    source: `r0 = *(u64 *)(r1 + 0); if r0 > 5 goto b
      a:
      r0 += 1; if r0 > 100 goto out
      b:
      r0 += 2; if r0 < 50 goto a
      out:
      exit`,
  },
  {
    // The stack pointer is left where the callback goes on.
    name: 'callback',
    source: `r1 = map[0]; r2 = func visit; r3 = r10; r3 += -8; r4 = 0; *(u64 *)(r10 - 8) = 0; call 164; exit
      visit:
      r0 = 0; exit`,
    maps: [[BPF_MAP_TYPE.HASH, 4, 8, 4]],
  },
  { name: 'exception', source: 'r1 = 42; call 999; r0 = 2; exit', throws: true },
  { name: 'faulting_load', source: 'r2 = *(u64 *)(r1 + 8); r0 = *(s16 *)(r2 - 4); exit', probes: [1] },
  {
    name: 'packet_load',
    source: 'r6 = r1; r8 = 2; r0 = skb[r8 + 3].u16; exit',
  },
  { name: 'packet_load_absolute', source: 'r6 = r1; r0 = skb[14].u8; r7 = r0; r0 = skb[26].u32; r0 += r7; exit' },
  {
    // What a function's tail call began may throw: that ends at the call of the function.
    name: 'guarded_call',
    source: 'call jump; r0 += 1; exit\n jump: \n r2 = map[0]; r3 = 1; call 12; r0 = 0; exit',
    maps: [[BPF_MAP_TYPE.PROG_ARRAY, 4, 4, 4]],
  },
  {
    name: 'arena',
    source: `r2 = cast_kern(r1); r3 = *(u32 *)(r2 + 8); r4 = *(s16 *)(r2 - 2)
      *(u64 *)(r2 + 16) = r3; *(u8 *)(r2 + 24) = 7; lock *(u64 *)(r2 + 32) += r3; r3 = xchg u64 (r2 + 40)
      r0 = cast_user(r2); exit`,
    maps: [[BPF_MAP_TYPE.ARENA, 0, 0, 4, BPF_F_MAP.MMAPABLE]],
    arena: [1, 2, 3, 4, 5, 6],
  },
  {
    name: 'atomics',
    source: `*(u64 *)(r10 - 8) = 1; r1 = 2
      r1 = fetch_add u64 (r10 - 8)
      r1 = xchg u32 (r10 - 8)
      r0 = 3; cmpxchg u64 (r10 - 8) r1
      r1 = acquire u8 (r10 - 8)
      release u16 (r10 - 8) r1
      exit`,
  },
  {
    name: 'atomics_more',
    source: `*(u64 *)(r10 - 8) = 1; r1 = 2
      lock *(u64 *)(r10 - 8) += r1; lock *(u32 *)(r10 - 8) |= r1; lock *(u64 *)(r10 - 8) &= r1; lock *(u32 *)(r10 - 8) ^= r1
      r1 = fetch_add u32 (r10 - 8); r1 = fetch_or u64 (r10 - 8); r1 = fetch_and u32 (r10 - 8); r1 = fetch_xor u64 (r10 - 8)
      r1 = xchg u64 (r10 - 8); r0 = 3; cmpxchg u32 (r10 - 8) r1
      r1 = acquire u16 (r10 - 8); r1 = acquire u32 (r10 - 8); r1 = acquire u64 (r10 - 8)
      release u8 (r10 - 8) r1; release u32 (r10 - 8) r1; release u64 (r10 - 8) r1
      exit`,
  },
];

/** The entries (`run`, `repeat`, `call0`) are the same in every module. */
function withoutEntries(text: string): string {
  const entry = / {2}\(func \(;\d+;\) \(export "(?:run|repeat|call\d+)"\)[\s\S]*?\n(?= {2}\(func|\)|$)/g;
  return `${text.replace(entry, '').trimEnd()}\n`;
}

/** Addresses that depend on what else was allocated, and what to call them. */
function addresses(vm: Vm, maps: readonly BpfMap[]): (readonly [number, string])[] {
  const found: (readonly [number, string])[] = [
    [vm.scratch, 'scratch'],
    [vm.scratch + SCRATCH.CPU, 'scratch.cpu'],
  ];
  maps.forEach((map, i) => {
    found.push([map.addr, `map${i}`]);
    if (map instanceof ArrayMap) found.push([map.values, `map${i}.values`], [map.values + 4, `map${i}.values+4`]);
    if (map instanceof HtabMap) {
      found.push([map.table << 2, `map${i}.table`]);
      found.push([(map.state + HTAB_STATE.count) << 2, `map${i}.count`]);
      found.push([(map.state + HTAB_STATE.free) << 2, `map${i}.free`]);
      found.push([(map.state + HTAB_STATE.heads) << 2, `map${i}.heads`]);
      found.push([map.extra << 2, `map${i}.extra`]);
    }
    if (map instanceof HtabLruMap) {
      const { lru } = map;
      found.push([lru.firstNode, `map${i}.nodes`], [lru.elements, `map${i}.elements`]);
      const [local] = lru.locals;
      if (local !== undefined) found.push([local.free, `map${i}.free.next`], [local.free + 4, `map${i}.free.prev`]);
    }
    if (map instanceof ArenaMap) found.push([map.pages, `map${i}.pages`], [map.inUse, `map${i}.inUse`]);
  });
  return found;
}

/** Addresses by their names; as low half of a pointer constant, too. */
function named(text: string, names: readonly (readonly [number, string])[]): string {
  let out = text;
  for (const [address, name] of names) {
    const pointer = BigInt.asIntN(64, (BigInt(BASE_HI) << 32n) | BigInt(address));
    out = out.replaceAll(new RegExp(`(?<=[ =])(${address}|${pointer})(?![0-9])`, 'g'), `$${name}`);
  }
  return out;
}

/** A helper that never returns. */
const THROWING: Vm['tables'] = {
  helper: () => ({
    name: 'throw',
    doc: '',
    args: 'l',
    ret: 'void',
    fn: (_vm, lo = 0, hi = 0) => {
      throw new BpfException(lo, hi);
    },
  }),
  kfunc: () => undefined,
};

for (const { name, source, maps: specs = [], pointers = [], probes = [], arena = [], throws = false } of PROGRAMS) {
  t.test(`code of ${name}`, (t) => {
    const { vm, maps } = machine(...specs);
    const bytes = asm(source);
    const facts = trustedFacts(bytes, maps);
    for (const [insn, off] of pointers) {
      facts.aux[insn]!.ptrKind = PTR_KIND.CTX;
      facts.aux[insn]!.ctxPtr = off;
    }
    for (const insn of arena) facts.aux[insn]!.ptrKind = PTR_KIND.ARENA;
    for (const insn of probes) facts.aux[insn]!.ptrKind = PTR_KIND.BTF_PROBE;
    if (throws) (vm as { tables: Vm['tables'] }).tables = THROWING;
    const prog = trustedProg(vm, bytes, 'interp', { maps, ...facts });
    const module = wabt.readWasm(compile(vm, prog.linked).bytes.slice(), FEATURES);
    const text = named(withoutEntries(module.toText({ foldExprs: true, inlineExport: true })), addresses(vm, maps));
    const path = `test/golden/jit/${name}.wat`;
    if (UPDATE || !existsSync(path)) {
      mkdirSync('test/golden/jit', { recursive: true });
      writeFileSync(path, text);
    }
    t.equal(text, readFileSync(path, 'utf8'));
    t.end();
  });
}
