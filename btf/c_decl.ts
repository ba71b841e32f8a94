/** C declarations of BTF types: what stands in a member, a parameter, a typedef, and the definitions themselves. */
import type { Btf, BtfType } from './btf.ts';
import { CLayout, padding } from './c_layout.ts';
import { type CNames, isEnum } from './c_names.ts';
import { BTF_KIND, inSet, kindSet } from './kinds.ts';

const COMPOSITE = kindSet(BTF_KIND.STRUCT, BTF_KIND.UNION);
/** Kinds that a declaration goes through to the type it starts with. */
const CHAIN = kindSet(
  BTF_KIND.PTR,
  BTF_KIND.CONST,
  BTF_KIND.VOLATILE,
  BTF_KIND.RESTRICT,
  BTF_KIND.TYPE_TAG,
  BTF_KIND.FUNC_PROTO,
  BTF_KIND.ARRAY,
);
const QUALIFIER: Readonly<Record<number, string>> = {
  [BTF_KIND.CONST]: 'const',
  [BTF_KIND.VOLATILE]: 'volatile',
  [BTF_KIND.RESTRICT]: 'restrict',
};
/** Longest chain, and deepest nesting of nameless structs. */
const MAX_CHAIN = 64;
const MAX_DEPTH = 64;
/** Deepest nesting of declarations: parameters of parameters, members of nameless structs. */
const MAX_PARAMS = 16;
const MAX_DECLARATIONS = 1_500_000;

/** Writes declarations of one BTF object. */
export class CDeclarations {
  readonly #btf: Btf;
  readonly #names: CNames;
  readonly #layout: CLayout;
  #nesting = 0;
  /** Prototypes whose declaration is being written. */
  readonly #protos = new Set<number>();
  /** Declarations still to be written; a kernel's types take a tenth of them. */
  #left = MAX_DECLARATIONS;

  constructor(btf: Btf, names: CNames) {
    this.#btf = btf;
    this.#names = names;
    this.#layout = new CLayout(btf);
  }

  /** `TYPE NAME`, with what C puts around and behind the name; no name: the type alone. `level` indents what is defined inside. */
  declare(id: number, name: string, level: number): string {
    if (this.#nesting > MAX_PARAMS || this.#left-- <= 0) return '...';
    this.#nesting++;
    const text = this.#declaration(id, name, level);
    this.#nesting--;
    return text;
  }

  #declaration(id: number, name: string, level: number): string {
    const chain: number[] = [];
    const entered: number[] = [];
    for (let at = id; chain.length < MAX_CHAIN; ) {
      const type = this.#type(at);
      const isProto = type?.kind === BTF_KIND.FUNC_PROTO;
      // A function that takes or returns itself: C cannot say it, void has to do.
      chain.push(isProto && this.#protos.has(at) ? 0 : at);
      if (chain.at(-1) === 0 || type === undefined || !inSet(CHAIN, type.kind)) break;
      if (isProto) {
        this.#protos.add(at);
        entered.push(at);
      }
      at = type.type;
    }
    const text = this.#chain(chain, name, level);
    for (const proto of entered) this.#protos.delete(proto);
    return text;
  }

  #type(id: number): BtfType | undefined {
    return this.#btf.type(id);
  }

  /** Writes a chain from its end, the type the declaration starts with. Takes the chain apart. */
  #chain(chain: number[], name: string, level: number): string {
    let text = '';
    let afterPointer = true;
    for (let id = chain.pop(); id !== undefined; id = chain.pop()) {
      const type = this.#type(id);
      if (type === undefined) return text;
      if (type.kind === BTF_KIND.ARRAY) return text + this.#array(type, chain, name, afterPointer, level);
      if (type.kind === BTF_KIND.FUNC_PROTO) return text + this.#function(type, chain, name, afterPointer, level);
      if (type.kind === BTF_KIND.PTR) text += afterPointer ? '*' : ' *';
      else if (QUALIFIER[type.kind] !== undefined) text += ` ${QUALIFIER[type.kind]}`;
      else text += this.#qualifiers(chain) + this.#base(type, level);
      afterPointer = type.kind === BTF_KIND.PTR;
    }
    return text + (name !== '' && !afterPointer ? ` ${name}` : name);
  }

  /** The qualifiers of the type that the declaration starts with stand before it. */
  #qualifiers(chain: number[]): string {
    let text = '';
    for (let word = this.#qualifier(chain); word !== undefined; word = this.#qualifier(chain)) {
      text += `${word} `;
      chain.pop();
    }
    return text;
  }

  #qualifier(chain: readonly number[]): string | undefined {
    const kind = this.#type(chain.at(-1) ?? 0)?.kind;
    return kind === undefined || chain.length === 0 ? undefined : QUALIFIER[kind];
  }

  /** Compilers repeat an element's qualifiers at arrays and functions, where they mean nothing. */
  #dropQualifiers(chain: number[]): void {
    while (this.#qualifier(chain) !== undefined) chain.pop();
  }

  #base(type: BtfType, level: number): string {
    if (type.id === 0) return 'void';
    if (type.kind === BTF_KIND.TYPE_TAG) return ` __attribute__((btf_type_tag("${type.name}")))`;
    if (type.kind === BTF_KIND.FWD) return `${type.kindFlag ? 'union' : 'struct'} ${this.#names.of(type.id)}`;
    if (type.kind === BTF_KIND.TYPEDEF) return this.#names.of(type.id);
    if (inSet(COMPOSITE, type.kind)) return type.name === '' ? this.composite(type, level) : this.tag(type);
    if (isEnum(type)) return type.name === '' ? this.enum(type, level) : `enum ${this.#names.of(type.id)}`;
    return type.name;
  }

  #array(type: BtfType, chain: number[], name: string, afterPointer: boolean, level: number): string {
    this.#dropQualifiers(chain);
    if (chain.length === 0) return `${name !== '' && !afterPointer ? ` ${name}` : name}[${type.nelems}]`;
    const space = name !== '' && !afterPointer ? ' ' : '';
    const inner = this.#type(chain.at(-1) as number)?.kind === BTF_KIND.ARRAY;
    const text = this.#chain(chain, name, level);
    return `${space}${inner ? text : `(${text})`}[${type.nelems}]`;
  }

  #function(type: BtfType, chain: number[], name: string, afterPointer: boolean, level: number): string {
    this.#dropQualifiers(chain);
    const plain = name !== '' && !afterPointer ? ` ${name}` : name;
    const head = chain.length > 0 ? ` (${this.#chain(chain, name, level)})` : plain;
    const { params } = type;
    if (params.length === 0) return `${head}(void)`;
    if (params.length === 1 && params[0]?.type === 0) return `${head}()`;
    const list = params.map((param, index) =>
      index === params.length - 1 && param.type === 0 ? '...' : this.declare(param.type, param.name, level),
    );
    return `${head}(${list.join(', ')})`;
  }

  /** `struct NAME`. */
  tag(type: BtfType): string {
    const name = this.#names.of(type.id);
    return `${type.kind === BTF_KIND.STRUCT ? 'struct' : 'union'}${type.name === '' ? '' : ` ${name}`}`;
  }

  /** The definition of a struct or union. */
  composite(type: BtfType, level: number): string {
    const isStruct = type.kind === BTF_KIND.STRUCT;
    const packed = isStruct && this.#layout.packed(type);
    const lines: string[] = [];
    let end = 0;
    let afterBitfield = false;
    if (level > MAX_DEPTH) return `${this.tag(type)} {}`;
    const head = `${this.tag(type)} {`;
    for (const member of type.members) {
      const isBitfield = member.bitfieldSize !== 0;
      const align = packed ? 1 : this.#layout.align(member.type);
      lines.push(...padding(end, member.bitOffset, align, afterBitfield && isBitfield));
      const suffix = isBitfield ? `: ${member.bitfieldSize}` : '';
      lines.push(`${this.declare(member.type, member.name, level + 1)}${suffix};`);
      end = member.bitOffset + (isBitfield ? member.bitfieldSize : this.#layout.bits(member.type));
      afterBitfield = isBitfield;
    }
    if (isStruct) lines.push(...padding(end, type.size * 8, packed ? 1 : this.#layout.align(type.id), false));
    const body = lines.map((line) => `\n${'\t'.repeat(level + 1)}${line}`).join('');
    const close = type.members.length > 0 || type.size > 0 ? `\n${'\t'.repeat(level)}}` : '}';
    return `${head}${body}${close}${packed ? ' __attribute__((packed))' : ''}`;
  }

  /** The definition of an enum. */
  enum(type: BtfType, level: number): string {
    const head = `enum${type.name === '' ? '' : ` ${this.#names.of(type.id)}`}`;
    if (type.enumerators.length === 0) return head;
    const suffix = type.kind === BTF_KIND.ENUM64 ? (type.kindFlag ? 'LL' : 'ULL') : '';
    const lines = type.enumerators.map(
      (one) => `\n${'\t'.repeat(level + 1)}${this.#names.enumerator(one.name)} = ${one.value}${suffix},`,
    );
    return `${head} {${lines.join('')}\n${'\t'.repeat(level)}}${enumMode(type)}`;
  }

  /** The definition of a typedef. */
  typedef(type: BtfType): string {
    const name = this.#names.of(type.id);
    // Old compilers describe it as a name for void, which the language cannot say.
    if (type.type === 0 && name === '__gnuc_va_list') return `typedef __builtin_va_list ${name}`;
    return `typedef ${this.declare(type.type, name, 0)}`;
  }
}

/** What makes an enum as small or as large as it is, where its values do not. */
function enumMode(type: BtfType): string {
  if (type.size === 1) return ' __attribute__((mode(byte)))';
  if (type.size !== 8) return '';
  const wide =
    type.kind === BTF_KIND.ENUM64 && type.enumerators.some((one) => BigInt.asUintN(64, one.value) >> 32n !== 0n);
  return wide ? '' : ' __attribute__((mode(word)))';
}
