/** The types that programs and maps of the fuzzers name: one BTF object for all of them. */
import { BtfBuilder } from '../../../btf/build.ts';
import { BTF_INT_SIGNED } from '../../../btf/kinds.ts';

/** Most functions of a program. */
const FUNCS_MAX = 64;
/** Layout of the structs: offsets of their members, in bytes. */
export const NODE = { list: 0, tree: 24, refcount: 56, key: 64, value: 72, size: 80 } as const;
export const HEAD = { lock: 0, list: 8, tree: 24, kptr: 40, size: 48 } as const;
export const LOCKED = { lock: 0, a: 8, b: 16, size: 24 } as const;
export const TIMED = { timer: 0, a: 16, size: 24 } as const;

function make() {
  const types = new BtfBuilder();
  const struct = (
    name: string,
    size: number,
    ...members: readonly (readonly [name: string, type: number, off: number])[]
  ): number =>
    types.struct(
      name,
      size,
      members.map(([member, type, off]) => [member, type, off * 8]),
    );
  const int = types.int('int', 4, BTF_INT_SIGNED);
  const noArgs = types.proto(int, []);
  for (let i = 0; i < FUNCS_MAX; i++) types.func('f', noArgs, 0);
  const u64 = types.int('u64', 8);
  const cookie = types.proto(u64, [['cookie', u64]]);
  const skb = types.ptr(struct('__sk_buff', 4));
  const withCtx = types.proto(int, [['ctx', skb]]);
  const main = types.func('main', noArgs, 0);
  const callback = types.func('cb', cookie);
  const global = types.func('g', noArgs);
  const globalCtx = types.func('gc', withCtx);
  types.declTag('exception_callback:cb', main);
  const lock = struct('bpf_spin_lock', 4);
  const node = struct(
    'node_data',
    NODE.size,
    ['list', struct('bpf_list_node', 24), NODE.list],
    ['tree', struct('bpf_rb_node', 32), NODE.tree],
    ['refcount', struct('bpf_refcount', 4), NODE.refcount],
    ['key', u64, NODE.key],
    ['value', u64, NODE.value],
  );
  const kptr = types.ptr(types.typeTag('kptr', node));
  const head = struct(
    'head_data',
    HEAD.size,
    ['lock', lock, HEAD.lock],
    ['list', struct('bpf_list_head', 16), HEAD.list],
    ['tree', struct('bpf_rb_root', 16), HEAD.tree],
    ['kptr', kptr, HEAD.kptr],
  );
  types.declTag('contains:node_data:list', head, 1);
  types.declTag('contains:node_data:tree', head, 2);
  const locked = struct('locked_data', LOCKED.size, ['lock', lock, 0], ['a', u64, LOCKED.a], ['b', u64, LOCKED.b]);
  const timed = struct('timed_data', TIMED.size, ['timer', struct('bpf_timer', 16), 0], ['a', u64, TIMED.a]);
  const resilient = struct('res_locked', 16, ['lock', struct('bpf_res_spin_lock', 4), 0], ['a', u64, 8]);
  return {
    bytes: types.bytes(),
    ids: { resilient, int, main, callback, global, globalCtx, node, head, locked, timed },
  };
}

const made = make();

/** Ids: `int main()` with an exception callback, that callback, the global `int g()` and `int gc(struct __sk_buff *)`; structs. */
export const TYPE_IDS = made.ids;

/** The BTF: `static int f()` as many times as there can be functions, from id 3 on; then {@link TYPE_IDS}. */
export function functionTypes(): Uint8Array {
  return made.bytes;
}
