/**
 * Declarations in C to BTF, as far as test cases need them:
 *
 *     struct val { struct bpf_spin_lock lock; int x; struct task_struct __kptr *p; };
 *     struct head { struct bpf_list_head h __contains(node, l); };
 *     int f(struct ctx *ctx __arg_ctx, int n)         (a function, with linkage global)
 *     static int g(void *p)
 *
 * Types that are used and not declared: the integers, and structs of the kernel by name
 * (with their size where it matters, else empty).
 */
import { BtfBuilder, type NewMember } from '../../btf/build.ts';
import { BTF_KIND } from '../../btf/kinds.ts';

const INTS: Readonly<Record<string, readonly [size: number, encoding: number]>> = {
  int: [4, 1], char: [1, 1], short: [2, 1], long: [8, 1], bool: [1, 4],
  u8: [1, 0], u16: [2, 0], u32: [4, 0], u64: [8, 0], s8: [1, 1], s16: [2, 1], s32: [4, 1], s64: [8, 1],
}; // biome-ignore format: a table

/** Structs of the uapi header that map values hold: size and alignment. */
const OPAQUE: Readonly<Record<string, readonly [size: number, align: number]>> = {
  bpf_spin_lock: [4, 4], bpf_res_spin_lock: [4, 4], bpf_timer: [16, 8], bpf_wq: [16, 8], bpf_task_work: [8, 8],
  bpf_list_head: [16, 8], bpf_list_node: [24, 8], bpf_rb_root: [16, 8], bpf_rb_node: [32, 8],
  bpf_refcount: [4, 4], bpf_dynptr: [16, 8], bpf_iter_num: [8, 8],
}; // biome-ignore format: a table

/** Tags of pointed-to types and of arguments: the word in C is `__` before it. */
const TYPE_TAGS = new Set(['kptr', 'kptr_untrusted', 'percpu_kptr', 'uptr', 'percpu', 'user', 'rcu']);

interface Typed {
  readonly type: number;
  readonly size: number;
  readonly align: number;
}

class Declarations {
  readonly btf = new BtfBuilder();
  readonly #types = new Map<string, Typed>();
  readonly functions = new Map<string, number>();

  #int(name: string): Typed {
    const known = this.#types.get(name);
    if (known !== undefined) return known;
    const [size, encoding] = INTS[name]!;
    const made = { type: this.btf.int(name, size, encoding), size, align: size };
    this.#types.set(name, made);
    return made;
  }

  #struct(kind: string, name: string): Typed {
    const key = `${kind} ${name}`;
    const known = this.#types.get(key);
    if (known !== undefined) return known;
    const opaque = OPAQUE[name];
    const [size, align] = opaque ?? [0, 1];
    const members: NewMember[] = [];
    if (opaque !== undefined) {
      const unit = this.#int(align === 8 ? 'u64' : 'u32').type;
      members.push(['__opaque', this.btf.array(unit, this.#int('u32').type, size / align), 0]);
    }
    const type = this.btf.struct(name, size, members, kind === 'union' ? BTF_KIND.UNION : BTF_KIND.STRUCT);
    const made = { type, size, align };
    this.#types.set(key, made);
    return made;
  }

  /** A type before its declarator: `const struct x __kptr`. */
  base(words: string[]): Typed {
    let typed: Typed | undefined;
    const tags: string[] = [];
    let isConst = false;
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!;
      if (word === 'const') isConst = true;
      else if (word === 'struct' || word === 'union') typed = this.#struct(word, words[++i]!);
      else if (word === 'void') typed = { type: 0, size: 0, align: 1 };
      else if (word.startsWith('__') && TYPE_TAGS.has(word.slice(2))) tags.push(word.slice(2));
      else if (INTS[word] !== undefined) typed = this.#int(word);
      else if (this.#types.has(word)) typed = this.#types.get(word)!;
      else throw new Error(`unknown type: ${word}`);
    }
    if (typed === undefined) throw new Error(`no type in "${words.join(' ')}"`);
    if (isConst) typed = { ...typed, type: this.btf.modifier(BTF_KIND.CONST, typed.type) };
    for (const tag of tags) typed = { ...typed, type: this.btf.typeTag(tag, typed.type) };
    return typed;
  }

  /** `TYPE *name[N] __tag(…)`: the type, the name and the declaration tags. */
  declarator(text: string): { typed: Typed; name: string; tags: string[] } {
    const tags: string[] = [];
    const plain = text.replace(
      / __(contains|arg_\w+|exception_cb|tag)(?:\(([^)]*)\))?/g,
      (_, word: string, args?: string) => {
        if (word === 'contains') tags.push(`contains:${args!.replace(/, */, ':')}`);
        else if (word === 'exception_cb') tags.push(`exception_callback:${args}`);
        else if (word === 'tag') tags.push(args!);
        else tags.push(`arg:${word.slice(4)}`);
        return '';
      },
    );
    const match = /^(.*?)((?:\s*\*)*)\s*(?:\b(\w+))?(?:\[(\d+)\])?$/.exec(plain.trim());
    if (match === null) throw new Error(`not a declaration: "${text}"`);
    const [, before, stars, name, count] = match;
    let words = before!
      .trim()
      .split(/\s+/)
      .filter((word) => word !== '');
    let declared = name ?? '';
    if (words.length === 0 || words[words.length - 1] === 'struct') {
      words = [...words, declared];
      declared = '';
    }
    let typed = this.base(words);
    for (const star of stars!) if (star === '*') typed = { type: this.btf.ptr(typed.type), size: 8, align: 8 };
    if (count !== undefined) {
      const n = Number(count);
      typed = { type: this.btf.array(typed.type, this.#int('u32').type, n), size: typed.size * n, align: typed.align };
    }
    return { typed, name: declared, tags };
  }

  #fields(
    body: string,
    isUnion: boolean,
  ): { members: NewMember[]; tags: [number, string][]; size: number; align: number } {
    const members: NewMember[] = [];
    const tags: [number, string][] = [];
    let at = 0;
    let end = 0;
    let align = 1;
    for (const field of body.split(';')) {
      if (field.trim() === '') continue;
      const placed = /^(.*) @(\d+)$/.exec(field.trim());
      const one = this.declarator(placed?.[1] ?? field);
      if (placed !== null) at = Number(placed[2]);
      else at = Math.ceil(at / one.typed.align) * one.typed.align;
      for (const tag of one.tags) tags.push([members.length, tag]);
      members.push([one.name, one.typed.type, at * 8]);
      align = Math.max(align, one.typed.align);
      end = Math.max(end, at + one.typed.size);
      at = isUnion ? 0 : at + one.typed.size;
    }
    return { members, tags, size: Math.ceil(end / align) * align, align };
  }

  /** Declares a struct, a union, a typedef or a function that the program does not have. */
  declare(text: string): void {
    const struct = /^(struct|union) (\w+) \{(.*)\}$/s.exec(text);
    if (struct !== null) {
      const [, kind, name, body] = struct;
      const { members, tags, size, align } = this.#fields(body!, kind === 'union');
      const type = kind === 'union' ? this.btf.union(name!, size, members) : this.btf.struct(name!, size, members);
      this.#types.set(`${kind} ${name}`, { type, size, align });
      for (const [member, tag] of tags) this.btf.declTag(tag, type, member);
      return;
    }
    const typedef = /^typedef (.*)$/s.exec(text);
    if (typedef !== null) {
      const { typed, name } = this.declarator(typedef[1]!);
      this.#types.set(name, { ...typed, type: this.btf.typedef(name, typed.type) });
      return;
    }
    if (text.endsWith(')')) this.function(text);
    else throw new Error(`not a declaration: "${text}"`);
  }

  /** Declares a function: its FUNC type. */
  function(text: string): number {
    const match = /^(static )?(.*?)(\w+)\(([^)]*(?:\([^)]*\)[^)]*)*)\)((?: __\w+(?:\(\w+\))?)*)$/.exec(text);
    if (match === null) throw new Error(`not a function: "${text}"`);
    const [, isStatic, returns, name, list, after] = match;
    const params =
      list!.trim() === 'void' || list!.trim() === ''
        ? []
        : list!.split(/,(?![^(]*\))/).map((one) => this.declarator(one.trim()));
    const result = this.declarator(`${returns!.trim()}${returns!.includes('*') ? '' : ' '}x`);
    const proto = this.btf.proto(
      result.typed.type,
      params.map((one) => [one.name, one.typed.type] as const),
    );
    const type = this.btf.func(name!, proto, isStatic === undefined ? 1 : 0);
    params.forEach((one, i) => {
      for (const tag of one.tags) this.btf.declTag(tag, type, i);
    });
    if (after !== '') for (const tag of this.declarator(`int x${after}`).tags) this.btf.declTag(tag, type);
    this.functions.set(name!, type);
    return type;
  }
}

/** BTF made from C. */
export interface CTypes {
  readonly bytes: Uint8Array;
  /** Type ids of the functions given, in their order. */
  readonly functions: readonly number[];
  /** Type ids of the types asked for, in their order. */
  readonly types: readonly number[];
  /** Their sizes in bytes. */
  readonly sizes: readonly number[];
  /** Offsets of the strings asked for. */
  readonly strings: readonly number[];
}

/** Makes BTF of declarations (separated by lines), function prototypes, types that are asked for, and strings. */
export function declareC(
  declarations: readonly string[],
  functions: readonly string[],
  types: readonly string[] = [],
  strings: readonly string[] = [],
): CTypes {
  const all = new Declarations();
  for (const text of declarations) all.declare(text.trim().replace(/;$/, ''));
  const ids = functions.map((text) => all.function(text.replace(/:$/, '')));
  const asked = types.map((text) => all.declarator(`${text} x`).typed);
  const offsets = strings.map((text) => all.btf.string(text));
  return {
    bytes: all.btf.bytes(),
    functions: ids,
    types: asked.map(({ type }) => type),
    sizes: asked.map(({ size }) => size),
    strings: offsets,
  };
}
