/** The types that programs and maps of the fuzzers name: one BTF object for all of them. */

/** Most functions of a program. */
const FUNCS_MAX = 64;
const [INT, PTR, STRUCT, FUNC, FUNC_PROTO, DECL_TAG, TYPE_TAG] = [1, 2, 4, 12, 13, 17, 18];

/** Layout of the structs: offsets of their members, in bytes. */
export const NODE = { list: 0, tree: 24, refcount: 56, key: 64, value: 72, size: 80 } as const;
export const HEAD = { lock: 0, list: 8, tree: 24, kptr: 40, size: 48 } as const;
export const LOCKED = { lock: 0, a: 8, b: 16, size: 24 } as const;
export const TIMED = { timer: 0, a: 16, size: 24 } as const;

class Types {
  readonly words: number[] = [];
  strings = '\0';
  count = 0;

  name(text: string): number {
    const known = this.strings.indexOf(`\0${text}\0`);
    if (known >= 0) return known + 1;
    this.strings += `${text}\0`;
    return this.strings.length - text.length - 1;
  }

  add(name: string, kind: number, vlen: number, size: number, ...rest: readonly number[]): number {
    this.words.push(name === '' ? 0 : this.name(name), (kind << 24) | vlen, size, ...rest);
    return ++this.count;
  }

  struct(
    name: string,
    size: number,
    ...members: readonly (readonly [name: string, type: number, off: number])[]
  ): number {
    const rest = members.flatMap(([member, type, off]) => [this.name(member), type, off * 8]);
    return this.add(name, STRUCT!, members.length, size, ...rest);
  }

  tag(text: string, type: number, component: number): void {
    this.add(text, DECL_TAG!, 0, type, component);
  }

  bytes(): Uint8Array {
    const { words, strings } = this;
    const bytes = new Uint8Array(24 + words.length * 4 + strings.length);
    const header = [0x0001eb9f, 24, 0, words.length * 4, words.length * 4, strings.length];
    new Int32Array(bytes.buffer, 0, 6 + words.length).set([...header, ...words]);
    bytes.set(Buffer.from(strings, 'latin1'), 24 + words.length * 4);
    return bytes;
  }
}

function make() {
  const types = new Types();
  const int = types.add('int', INT!, 0, 4, 0x01000020);
  const noArgs = types.add('', FUNC_PROTO!, 0, int);
  for (let i = 0; i < FUNCS_MAX; i++) types.add('f', FUNC!, 0, noArgs);
  const u64 = types.add('u64', INT!, 0, 8, 64);
  const cookie = types.add('', FUNC_PROTO!, 1, u64, types.name('cookie'), u64);
  const skb = types.add('', PTR!, 0, types.struct('__sk_buff', 4));
  const withCtx = types.add('', FUNC_PROTO!, 1, int, types.name('ctx'), skb);
  const main = types.add('main', FUNC!, 0, noArgs);
  const callback = types.add('cb', FUNC!, 1, cookie);
  const global = types.add('g', FUNC!, 1, noArgs);
  const globalCtx = types.add('gc', FUNC!, 1, withCtx);
  types.tag('exception_callback:cb', main, -1);
  const lock = types.struct('bpf_spin_lock', 4);
  const node = types.struct(
    'node_data',
    NODE.size,
    ['list', types.struct('bpf_list_node', 24), NODE.list],
    ['tree', types.struct('bpf_rb_node', 32), NODE.tree],
    ['refcount', types.struct('bpf_refcount', 4), NODE.refcount],
    ['key', u64, NODE.key],
    ['value', u64, NODE.value],
  );
  const kptr = types.add('', PTR!, 0, types.add('kptr', TYPE_TAG!, 0, node));
  const head = types.struct(
    'head_data',
    HEAD.size,
    ['lock', lock, HEAD.lock],
    ['list', types.struct('bpf_list_head', 16), HEAD.list],
    ['tree', types.struct('bpf_rb_root', 16), HEAD.tree],
    ['kptr', kptr, HEAD.kptr],
  );
  types.tag('contains:node_data:list', head, 1);
  types.tag('contains:node_data:tree', head, 2);
  const locked = types.struct(
    'locked_data',
    LOCKED.size,
    ['lock', lock, 0],
    ['a', u64, LOCKED.a],
    ['b', u64, LOCKED.b],
  );
  const timed = types.struct(
    'timed_data',
    TIMED.size,
    ['timer', types.struct('bpf_timer', 16), 0],
    ['a', u64, TIMED.a],
  );
  const resilient = types.struct('res_locked', 16, ['lock', types.struct('bpf_res_spin_lock', 4), 0], ['a', u64, 8]);
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
