/** Pieces of programs that call: helpers, kernel functions, functions of the program, loops. */
import { CTX, type Gen, NONE, OTHER, pointerTo, SCALAR, type Slot, SOCK, type Val } from './gen.ts';
import { access, keyOf, unlessNull, useValue, variable } from './memory.ts';
import { FUZZ_MAPS, KFUNCS, type KfuncName, MAP } from './program.ts';
import { bounded } from './scalars.ts';

const SKB_TYPES = [1, 3, 4, 8];
const TRACING = [2, 5, 7, 17];

function kfunc(g: Gen, name: KfuncName, result: Val = NONE): void {
  g.put(0x85, 0, 2, 0, KFUNCS.indexOf(name));
  g.called(result);
}

function helper(g: Gen, id: number, result: Val = SCALAR): void {
  g.put(0x85, 0, 0, 0, id);
  g.called(result);
}

/** A pointer to slot `at` in a register. */
function slotPointer(g: Gen, reg: number, at: number): void {
  g.put(0xbf, reg, 10);
  g.put(0x07, reg, 0, 0, -8 * at);
}

/** `count` slots of numbers, at the lowest address the result; 0: no room. */
function numbers(g: Gen, count: number): number {
  const first = g.freeSlots(count);
  if (first === 0) return 0;
  const low = first + count - 1;
  for (let at = first; at <= low; at++) {
    const held = g.slots.get(at);
    if (held !== undefined && held !== 'busy' && held.kind === 'scalar' && !g.chance(3)) continue;
    g.put(0x7a, 10, 0, -8 * at, g.imm());
    g.slots.set(at, SCALAR);
  }
  return low;
}

/** Takes slots for something the program must not touch. */
function busy(g: Gen, count: number): number {
  const first = g.freeSlots(count);
  if (first === 0) return 0;
  for (let at = first; at < first + count; at++) g.slots.set(at, 'busy');
  return first + count - 1;
}

function release(g: Gen, low: number, count: number): void {
  for (let at = low - count + 1; at <= low; at++) g.slots.delete(at);
}

/** The simplest helpers. */
export function plainHelper(g: Gen): void {
  const ids = TRACING.includes(g.type) ? [5, 7, 8, 14, 15, 35, 125, 118] : [5, 7, 8, 125, 118];
  helper(g, g.pick(ids));
}

/** bpf_map_update_elem, bpf_map_delete_elem. */
export function mapUpdate(g: Gen): void {
  const map = g.pick(FUZZ_MAPS.filter(({ fd }) => [1, 2, 10].includes(fd)));
  const remove = map.fd === 2 && g.chance(3);
  const low = remove ? 1 : numbers(g, map.value >> 3);
  if (low === 0) return;
  for (const reg of [0, 1, 2, 3, 4, 5]) if (g.pinned.has(reg)) return;
  slotPointer(g, 3, low);
  g.set(3, OTHER);
  const pinned = [3].filter((reg) => !g.pinned.has(reg));
  for (const reg of pinned) g.pinned.add(reg);
  const done = keyOf(g, map.key, 2);
  for (const reg of pinned) g.pinned.delete(reg);
  g.set(3, NONE);
  if (!done) return;
  if (!remove && g.chance(4)) {
    const ptr = g.find('value');
    if (ptr >= 6 && g.regs[ptr]!.room >= map.value) g.put(0xbf, 3, ptr);
  }
  g.lddw(1, 1, map.fd);
  g.movImm(4, g.below(3));
  helper(g, remove ? 3 : 2);
}

/** bpf_map_push_elem, pop, peek. */
export function queue(g: Gen): void {
  const low = numbers(g, 1);
  if (low === 0) return;
  slotPointer(g, 2, low);
  g.lddw(1, 1, MAP.QUEUE);
  g.movImm(3, 0);
  helper(g, g.pick([87, 88, 89]));
}

/** bpf_ringbuf_output, bpf_ringbuf_query. */
export function ringbufOutput(g: Gen): void {
  const low = numbers(g, 3);
  if (low === 0) return;
  const size = bounded(g, 24);
  g.mov(3, size);
  if (g.perfmon && g.chance(2)) {
    // Length 0 is allowed.
  }
  slotPointer(g, 2, low);
  g.lddw(1, 1, MAP.RINGBUF);
  g.movImm(4, 0);
  helper(g, 130);
}

/** Memory of the ring buffer, kept for a while. */
export function ringbufReserve(g: Gen): void {
  const keep = g.saved(pointerTo('value', 8));
  if (keep < 0 || g.depth > 3) return;
  const size = g.pick([8, 16, 24, 40]);
  g.lddw(1, 1, MAP.RINGBUF);
  g.movImm(2, size);
  g.movImm(3, 0);
  helper(g, 131, NONE);
  const value = pointerTo('value', size);
  unlessNull(g, value, () => {
    g.put(0xbf, keep, 0);
    g.set(keep, value);
    g.set(0, NONE);
    held(g, keep, () => {
      access(g, keep);
      if (g.chance(2)) variable(g, keep);
      if (g.chance(2)) g.body(1 + g.below(2));
    });
    if (g.slip()) return;
    g.mov(1, keep);
    g.movImm(2, 0);
    helper(g, g.pick([132, 133]), NONE);
    g.set(keep, NONE);
  });
  g.set(keep, NONE);
  forget(g, 'value');
}

/** Slots and registers may hold copies of what was released. */
function forget(g: Gen, ...kinds: readonly string[]): void {
  g.regs = g.regs.map((reg) => (kinds.includes(reg.kind) ? NONE : reg));
  for (const [at, slot] of g.slots) if (slot !== 'busy' && kinds.includes(slot.kind)) g.slots.delete(at);
}

/** `inside` with `reg` kept as it is and without an exit. */
function held(g: Gen, reg: number, inside: () => void): void {
  const fresh = reg >= 0 && !g.pinned.has(reg);
  if (fresh) g.pinned.add(reg);
  g.held++;
  inside();
  g.held--;
  if (fresh) g.pinned.delete(reg);
}

/** bpf_spin_lock of a map value. */
export function spinLock(g: Gen): void {
  const keep = g.saved(pointerTo('value', 8));
  if (keep < 0 || g.type === 1 || TRACING.includes(g.type)) return;
  if (!keyOf(g, 4, 2)) return;
  g.lddw(1, 1, MAP.LOCKED);
  helper(g, 1, NONE);
  unlessNull(g, OTHER, () => {
    g.put(0xbf, keep, 0);
    g.set(0, NONE);
    g.put(0xbf, 1, keep);
    g.put(0x07, 1, 0, 0, 4);
    helper(g, 93, NONE);
    g.set(keep, pointerTo('value', 0));
    g.locked = true;
    held(g, keep, () => {
      const dst = g.scalar(keep);
      g.put(0x79, dst, keep, 8 + 8 * g.below(5));
      g.put(0x7b, keep, g.scalar(keep), 8 + 8 * g.below(5));
      if (g.slip()) g.put(0x61, dst, keep, 4);
      if (g.chance(2)) g.body(1);
    });
    g.locked = false;
    g.put(0xbf, 1, keep);
    g.put(0x07, 1, 0, 0, 4);
    if (!g.slip()) helper(g, 94, NONE);
    g.set(keep, NONE);
  });
  g.set(keep, NONE);
}

/** bpf_sk_lookup_tcp, fields of the socket, bpf_sk_release. */
export function socket(g: Gen): void {
  const ctx = g.find('ctx');
  const keep = g.saved(SOCK);
  if (ctx < 0 || keep < 0 || keep === ctx || ![3, 4, 6].includes(g.type)) return;
  const low = numbers(g, 2);
  if (low === 0) return;
  g.mov(1, ctx);
  slotPointer(g, 2, low);
  g.movImm(3, 12);
  g.put(0xb7, 4, 0, 0, -1);
  g.movImm(5, 0);
  helper(g, g.pick([84, 85, 99]), NONE);
  unlessNull(g, SOCK, () => {
    g.put(0xbf, keep, 0);
    g.set(keep, SOCK);
    g.set(0, NONE);
    held(g, keep, () => {
      const dst = g.scalar(keep);
      g.put(0x61, dst, keep, g.pick([0, 4, 8, 12, 16, 20, 24, 44]));
      if (g.chance(2)) g.body(1);
    });
    if (g.slip()) return;
    g.mov(1, keep);
    helper(g, 86);
    g.set(keep, NONE);
  });
  g.set(keep, NONE);
  forget(g, 'sock');
}

/** bpf_skb_load_bytes, bpf_skb_store_bytes, bpf_xdp_load_bytes, bpf_csum_diff and helpers that move packets. */
export function packetHelper(g: Gen): void {
  const ctx = g.find('ctx');
  if (ctx < 0) return;
  const isSkb = SKB_TYPES.includes(g.type);
  if (!isSkb && g.type !== 6) return;
  const kind = g.below(5);
  const low = numbers(g, 2);
  if (low === 0) return;
  if (kind < 2) {
    // A length that is a register.
    const len = bounded(g, 15, ctx);
    g.mov(4, len);
    if (!g.perfmon || g.chance(2)) g.put(0x07, 4, 0, 0, 1);
    g.mov(1, ctx);
    slotPointer(g, 3, low);
    g.movImm(2, g.below(20));
    helper(g, isSkb ? 26 : 189);
    return;
  }
  if (kind === 2 && [3, 4, 6].includes(g.type)) {
    const len = bounded(g, 16, ctx);
    g.put(0x57, len, 0, 0, 12);
    g.mov(2, len);
    slotPointer(g, 1, low);
    for (const reg of [3, 4, 5]) g.movImm(reg, 0);
    helper(g, 28);
    return;
  }
  if (g.held > 0 || g.loops > 0 || g.pinned.size > 1) return;
  g.mov(1, ctx);
  if (g.type === 6) {
    g.movImm(2, g.pick([0, 4, -4, 16]));
    helper(g, g.pick([44, 65]));
  } else if (g.type === 3 || g.type === 4) {
    g.movImm(2, g.below(100));
    g.movImm(3, 0);
    helper(g, g.pick([39, 38]));
  } else return;
  g.packetChanged();
}

/** bpf_perf_event_output. */
export function eventOutput(g: Gen): void {
  const ctx = g.find('ctx');
  const low = numbers(g, 2);
  if (ctx < 0 || low === 0 || g.type === 1 || g.type === 8) return;
  g.mov(1, ctx);
  slotPointer(g, 4, low);
  g.lddw(2, 1, MAP.EVENTS);
  g.put(0xb4, 3, 0, 0, -1);
  g.movImm(5, 1 + g.below(16));
  helper(g, 25);
}

/** bpf_strtol, bpf_snprintf, bpf_get_current_comm, bpf_probe_read_kernel. */
export function textHelper(g: Gen): void {
  const low = numbers(g, 3);
  if (low === 0) return;
  if (TRACING.includes(g.type) && g.chance(2)) {
    slotPointer(g, 1, low);
    const len = bounded(g, 23);
    g.mov(2, len);
    g.put(0x07, 2, 0, 0, 1);
    if (g.chance(2)) helper(g, 16);
    else {
      g.movImm(3, 0);
      helper(g, 113);
    }
    return;
  }
  if (g.perfmon && g.chance(2)) {
    slotPointer(g, 1, low);
    g.movImm(2, 1 + g.below(24));
    g.movImm(3, 0);
    helper(g, g.pick([113, 115]));
    return;
  }
  if (TRACING.includes(g.type)) return;
  slotPointer(g, 1, low);
  g.movImm(2, 1 + g.below(16));
  g.movImm(3, 0);
  slotPointer(g, 4, low - 2);
  helper(g, g.pick([105, 106]));
}

/** bpf_tail_call. */
export function tailCall(g: Gen): void {
  const ctx = g.find('ctx');
  if (ctx < 0 || g.held > 0 || g.loops > 0 || g.callDepth > 0) return;
  const index = g.scalar(ctx);
  g.mov(3, index);
  if (ctx !== 1) g.mov(1, ctx);
  g.lddw(2, 1, MAP.PROGS);
  helper(g, 12, NONE);
}

/** A lookup in a map of maps, then in the inner map. */
export function mapOfMaps(g: Gen): void {
  if (!keyOf(g, 4, 2)) return;
  g.lddw(1, 1, MAP.OUTER);
  helper(g, 1, NONE);
  unlessNull(g, OTHER, () => {
    g.pinned.add(0);
    const done = keyOf(g, 4, 2);
    g.pinned.delete(0);
    if (!done) return;
    g.put(0xbf, 1, 0);
    helper(g, 1, NONE);
    useValue(g, pointerTo('value', 16));
  });
}

/** bpf_map_lookup_percpu_elem. */
export function percpuLookup(g: Gen): void {
  if (!keyOf(g, 4, 2)) return;
  g.lddw(1, 1, MAP.PERCPU);
  g.movImm(3, 0);
  helper(g, 195, NONE);
  useValue(g, pointerTo('value', 24));
}

/** A dynptr of a map value or of the ring buffer, used and given back. */
export function dynptr(g: Gen): void {
  if (g.depth > 3) return;
  const fromRing = g.chance(2);
  const low = busy(g, 2);
  if (low === 0) return;
  if (fromRing) {
    const size = g.chance(2) ? 16 : -1;
    if (size < 0) g.mov(2, bounded(g, 63));
    else g.movImm(2, size);
    g.lddw(1, 1, MAP.RINGBUF);
    g.movImm(3, 0);
    slotPointer(g, 4, low);
    helper(g, 198);
  } else {
    g.lddw(1, 2, MAP.BIG, 0);
    g.movImm(2, g.pick([8, 16]));
    g.movImm(3, 0);
    slotPointer(g, 4, low);
    helper(g, 197);
  }
  if (fromRing) g.held++;
  for (let i = 1 + g.below(3); i > 0; i--) useDynptr(g, low);
  if (fromRing) {
    g.held--;
    slotPointer(g, 1, low);
    g.movImm(2, 0);
    if (!g.slip()) helper(g, g.pick([199, 200]), NONE);
    forget(g, 'value');
    release(g, low, 2);
  }
}

function useDynptr(g: Gen, low: number): void {
  const kind = g.below(8);
  if (kind < 2) {
    const data = numbers(g, 2);
    if (data === 0) return;
    slotPointer(g, 1, data);
    g.movImm(2, 1 + g.below(16));
    slotPointer(g, 3, low);
    g.movImm(4, g.below(8));
    g.movImm(5, 0);
    helper(g, 201);
  } else if (kind < 4) {
    const data = numbers(g, 2);
    if (data === 0) return;
    slotPointer(g, 1, low);
    g.movImm(2, g.below(8));
    slotPointer(g, 3, data);
    g.movImm(4, 1 + g.below(16));
    g.movImm(5, 0);
    helper(g, 202);
  } else if (kind === 4) {
    const size = 1 + g.below(16);
    slotPointer(g, 1, low);
    g.movImm(2, g.below(4));
    g.movImm(3, size);
    helper(g, 203, NONE);
    unlessNull(g, pointerTo('value', size), () => access(g, 0));
  } else if (kind === 5) {
    slotPointer(g, 1, low);
    kfunc(g, g.pick(['bpf_dynptr_size', 'bpf_dynptr_is_null', 'bpf_dynptr_is_rdonly']), SCALAR);
  } else if (kind === 6) {
    slotPointer(g, 1, low);
    g.movImm(2, g.below(4));
    g.movImm(3, 4 + g.below(8));
    kfunc(g, 'bpf_dynptr_adjust', SCALAR);
  } else {
    const data = numbers(g, 2);
    if (data === 0) return;
    const size = 1 + g.below(16);
    slotPointer(g, 1, low);
    g.movImm(2, g.below(4));
    slotPointer(g, 3, data);
    g.movImm(4, size);
    kfunc(g, 'bpf_dynptr_slice', NONE);
    unlessNull(g, pointerTo('value', size, 0, true), () => access(g, 0));
  }
}

/** A region of RCU, without preemption, without interrupts. */
export function region(g: Gen): void {
  if (g.depth > 3 || g.locked) return;
  const kind = g.below(3);
  const low = kind === 2 ? busy(g, 1) : 1;
  if (low === 0) return;
  if (kind === 2) slotPointer(g, 1, low);
  kfunc(g, (['bpf_rcu_read_lock', 'bpf_preempt_disable', 'bpf_local_irq_save'] as const)[kind]!);
  g.held++;
  g.body(1 + g.below(3));
  g.held--;
  if (kind === 2) slotPointer(g, 1, low);
  if (!g.slip()) kfunc(g, (['bpf_rcu_read_unlock', 'bpf_preempt_enable', 'bpf_local_irq_restore'] as const)[kind]!);
  if (kind === 2) release(g, low, 1);
}

/** What is in the frame while a loop's body is written: it stays what it is. */
function inLoop(g: Gen, inside: () => void): void {
  const pinned = new Set(g.pinned);
  const scalarOnly = new Set(g.scalarOnly);
  const pinnedSlots = new Set(g.pinnedSlots);
  for (let reg = 6; reg < 10; reg++) {
    if (g.regs[reg]!.kind === 'scalar') g.scalarOnly.add(reg);
    else if (g.regs[reg]!.kind !== 'none') g.pinned.add(reg);
  }
  for (const [at, slot] of g.slots) if (slot !== 'busy' && slot.kind !== 'scalar') g.pinnedSlots.add(at);
  g.loops++;
  if (g.loops === 1) g.ways = 1;
  const before: ReadonlyMap<number, Slot> = new Map(g.slots);
  inside();
  g.loops--;
  for (const [at, slot] of g.slots) if (before.get(at) === undefined && slot !== 'busy') g.slots.delete(at);
  g.pinned = pinned;
  g.scalarOnly = scalarOnly;
  g.pinnedSlots = pinnedSlots;
}

/** Nothing is known of r0 to r5 at the top of a loop. */
function clobber(g: Gen): void {
  for (let reg = 0; reg <= 5; reg++) g.set(reg, NONE);
}

/** A loop with a counter. */
export function countedLoop(g: Gen): void {
  const counter = g.saved(SCALAR);
  if (counter < 0 || g.loops > 1 || (g.loops > 0 && g.chance(2))) return;
  g.put(0xb7, counter, 0, 0, 0);
  g.set(counter, SCALAR);
  clobber(g);
  const top = g.at;
  g.pinned.add(counter);
  inLoop(g, () => g.body(1 + g.below(2)));
  g.pinned.delete(counter);
  g.put(0x07, counter, 0, 0, g.pick([1, 1, 2, 3]));
  const op = g.pick([0xa5, 0xa6, 0xc5, 0x55, 0xb5]);
  const most = op === 0x55 ? 6 : g.pick([2, 3, 4, 6]);
  g.put(op, counter, 0, top - g.at - 1, most);
  clobber(g);
}

/** A loop that may_goto ends. */
export function mayGoto(g: Gen): void {
  if (!g.perfmon && !g.chance(6)) return;
  if (g.loops > 0 || g.callDepth > 0) return;
  clobber(g);
  const top = g.at;
  const out = g.put(0xe5);
  inLoop(g, () => g.body(1 + g.below(2)));
  g.put(0x05, 0, 0, top - g.at - 1);
  g.land(out);
  clobber(g);
}

/** A loop over bpf_iter_num. */
export function iterator(g: Gen): void {
  if (!g.perfmon && !g.chance(6)) return;
  if (g.loops > 0 || g.depth > 2) return;
  const low = busy(g, 1);
  if (low === 0) return;
  slotPointer(g, 1, low);
  g.movImm(2, g.pick([0, 0, -3, 5]));
  if (g.chance(2)) g.movImm(3, g.pick([1, 10, 100]));
  else g.mov(3, g.scalar(1, 2));
  kfunc(g, 'bpf_iter_num_new', SCALAR);
  clobber(g);
  g.held++;
  const top = g.at;
  slotPointer(g, 1, low);
  kfunc(g, 'bpf_iter_num_next', NONE);
  const out = g.put(0x15, 0);
  inLoop(g, () => {
    g.set(0, pointerTo('key', 4, 0, true));
    if (g.chance(2)) {
      const dst = g.saved(SCALAR);
      if (dst >= 0) {
        g.put(0x61, dst, 0);
        g.set(dst, SCALAR);
      }
    }
    g.set(0, NONE);
    g.body(1 + g.below(2));
  });
  g.put(0x05, 0, 0, top - g.at - 1);
  g.land(out);
  clobber(g);
  g.held--;
  slotPointer(g, 1, low);
  if (!g.slip()) kfunc(g, 'bpf_iter_num_destroy');
  release(g, low, 1);
}

/** bpf_loop, bpf_for_each_map_elem: a callback with a piece of the frame. */
export function callback(g: Gen): void {
  if (!g.perfmon && !g.chance(6)) return;
  if (g.pending.length > 5 || g.callDepth > 1 || g.loops > 0 || g.locked) return;
  const low = numbers(g, 2);
  if (low === 0) return;
  const each = g.chance(2);
  const area = pointerTo('value', 16);
  if (each) {
    const map = g.pick(FUZZ_MAPS.filter(({ fd }) => [1, 2].includes(fd)));
    const at = g.lddw(2, 4, 0);
    g.lddw(1, 1, map.fd);
    slotPointer(g, 3, low);
    g.movImm(4, 0);
    helper(g, 164);
    g.pending.push({
      places: [at],
      kind: 'static',
      args: [OTHER, pointerTo('key', map.key, 0, true), pointerTo('value', map.value), area],
      returns: [0, 1],
      depth: g.callDepth + 1,
    });
    return;
  }
  if (g.chance(2)) g.movImm(1, g.pick([1, 4, 100]));
  else g.mov(1, g.scalar());
  const at = g.lddw(2, 4, 0);
  slotPointer(g, 3, low);
  g.movImm(4, 0);
  helper(g, 181);
  g.pending.push({ places: [at], kind: 'static', args: [SCALAR, area], returns: [0, 1], depth: g.callDepth + 1 });
}

/** A call of a function of the program. */
export function call(g: Gen): void {
  if (g.pending.length > 5 || g.callDepth > 2 || g.locked) return;
  const kind = g.below(5);
  if (kind === 0 && g.held === 0) {
    // A global function with two numbers.
    const known = g.pending.find((one) => one.kind === 'globalScalar' && one.depth === g.callDepth + 1);
    g.mov(1, g.scalar());
    g.mov(2, g.scalar(1));
    const at = g.put(0x85, 0, 1);
    g.called();
    if (known !== undefined) known.places.push(at);
    else
      g.pending.push({
        places: [at],
        kind: 'globalScalar',
        args: [SCALAR, SCALAR],
        returns: undefined,
        depth: g.callDepth + 1,
      });
    return;
  }
  if (kind === 1 && g.held === 0) {
    const low = numbers(g, 2);
    if (low === 0) return;
    g.mov(2, g.scalar());
    const value = g.find('value');
    if (value > 2 && g.regs[value]!.room >= 16) g.mov(1, value);
    else slotPointer(g, 1, low);
    const at = g.put(0x85, 0, 1);
    g.called();
    g.pending.push({
      places: [at],
      kind: 'globalMem',
      args: [pointerTo('other', 16), SCALAR],
      returns: undefined,
      depth: g.callDepth + 1,
    });
    return;
  }
  // A static function sees what the caller has.
  const args: Val[] = [];
  for (let reg = 1; reg <= 2; reg++) {
    const src = g.find('scalar', 'value', 'ctx');
    if (src > reg || src === 0) {
      g.mov(reg, src);
      args.push(g.regs[src]!.kind === 'none' ? SCALAR : g.regs[src]!);
    } else if (g.chance(2)) {
      const low = numbers(g, 2);
      if (low === 0) return;
      slotPointer(g, reg, low);
      args.push(pointerTo('value', 16));
    } else {
      g.movImm(reg, g.imm());
      args.push(SCALAR);
    }
    g.set(reg, args[reg - 1]!);
    g.pinned.add(reg);
  }
  g.pinned.delete(1);
  g.pinned.delete(2);
  const at = g.put(0x85, 0, 1);
  g.called();
  g.pending.push({ places: [at], kind: 'static', args, returns: undefined, depth: g.callDepth + 1 });
}

/** BPF_LD_ABS, BPF_LD_IND: the context in r6. */
export function loadAbs(g: Gen): void {
  if (![1, 3, 4].includes(g.type) || g.regs[6] !== CTX || g.held > 0 || g.callDepth > 0) return;
  if (g.chance(2)) g.put(g.pick([0x20, 0x28, 0x30]), 0, 0, 0, g.below(64));
  else {
    const src = bounded(g, 31);
    g.put(g.pick([0x40, 0x48, 0x50]), 0, src, 0, g.below(16));
  }
  g.called();
}
