/**
 * C declarations to BTF: the subset of C that describes types. For the built-in types
 * of a kernel that are there when the machine has none.
 *
 *     typedef unsigned int u32;
 *     enum color { RED, BLUE = 7 };
 *     struct point { int x, y; struct point *next; unsigned a:3, b:5; union { … }; };
 *     int function(const char *name__str, void *p);
 *
 * Offsets follow from the C rules on x86_64. A struct that is only mentioned is an
 * empty one. What C has no words for:
 *
 *     struct inside : 24;                      of this size, its members do not matter
 *     struct outside : 64 { int a; };          larger than its members
 *     struct places { int a; @16 int b; @20.3 unsigned c:2; };    at this byte, and bit of it
 *     enum small : 1 { ONE };                  of this size
 *     extern int variable;                     one for each CPU, in the section .data..percpu
 */
import { BtfBuilder } from './build.ts';
import { BTF_INT_BOOL, BTF_INT_SIGNED, BTF_KIND } from './kinds.ts';

/** The integer types by their words in order of the alphabet, as compilers sort them out. */
const INTS: Readonly<Record<string, readonly [name: string, size: number, encoding: number]>> = {
  char: ['char', 1, BTF_INT_SIGNED],
  'char unsigned': ['unsigned char', 1, 0],
  'char signed': ['signed char', 1, BTF_INT_SIGNED],
  short: ['short int', 2, BTF_INT_SIGNED],
  'short unsigned': ['short unsigned int', 2, 0],
  int: ['int', 4, BTF_INT_SIGNED],
  unsigned: ['unsigned int', 4, 0],
  'int unsigned': ['unsigned int', 4, 0],
  long: ['long int', 8, BTF_INT_SIGNED],
  'int long unsigned': ['long unsigned int', 8, 0],
  'long unsigned': ['long unsigned int', 8, 0],
  'long long': ['long long int', 8, BTF_INT_SIGNED],
  'long long unsigned': ['long long unsigned int', 8, 0],
  _Bool: ['_Bool', 1, BTF_INT_BOOL],
  __int128: ['__int128', 16, BTF_INT_SIGNED],
  '__int128 unsigned': ['__int128 unsigned', 16, 0],
};
const INT_WORDS: ReadonlySet<string> = new Set([
  'char',
  'short',
  'int',
  'long',
  'signed',
  'unsigned',
  '_Bool',
  '__int128',
]);

/** A type as it is written. */
interface CType {
  readonly kind: 'void' | 'int' | 'struct' | 'union' | 'enum' | 'typedef' | 'ptr' | 'array' | 'const' | 'proto';
  readonly name: string;
  readonly of?: CType;
  readonly count?: number;
  readonly members?: readonly CMember[];
  readonly values?: readonly (readonly [string, bigint])[];
  readonly params?: readonly CMember[];
  /** Bytes, where they are told. */
  readonly size?: number;
}

interface CMember {
  readonly name: string;
  readonly type: CType;
  /** Width of a bitfield, 0 for none. */
  readonly bits: number;
  /** Offset in bits, where it is told. */
  readonly at?: number;
}

/** How a struct or union is laid out: offsets of its members in bits, the rest in bytes. */
interface Places {
  readonly offsets: readonly number[];
  readonly size: number;
  readonly align: number;
}

const VOID: CType = { kind: 'void', name: '' };

/** Turns declarations into the bytes of a BTF object. Throws an Error that says where they are wrong. */
export function parseC(source: string): Uint8Array {
  const parser = new Parser(source);
  parser.run();
  return new Emitter(parser).bytes();
}

class Parser {
  /** Definitions by `struct NAME`, `union NAME`, `enum NAME`, or the name of a typedef. */
  readonly named = new Map<string, CType>();
  readonly functions: (readonly [name: string, type: CType])[] = [];
  readonly variables: (readonly [name: string, type: CType])[] = [];
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(source: string) {
    this.#tokens = source.replace(/\/\*.*?\*\//gs, ' ').match(/\w+|\.\.\.|[^\s\w]/g) ?? [];
  }

  run(): void {
    while (this.#at < this.#tokens.length) this.#declaration();
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? '';
  }

  #next(): string {
    return this.#tokens[this.#at++] ?? '';
  }

  #take(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#at++;
    return true;
  }

  #expect(token: string): void {
    if (this.#take(token)) return;
    const near = this.#tokens.slice(Math.max(0, this.#at - 6), this.#at + 3).join(' ');
    throw new Error(`Cannot parse: ${token} is wanted near "${near}"`);
  }

  #declaration(): void {
    const isTypedef = this.#take('typedef');
    const isVariable = this.#take('extern');
    const base = this.#base();
    if (this.#take(';')) {
      // The values of an enumeration without a name have names.
      if (base.kind === 'enum' && base.name === '') this.named.set(`enum #${this.#at}`, base);
      return;
    }
    const { name, type } = this.#declarator(base);
    this.#expect(';');
    if (isTypedef) this.named.set(name, { kind: 'typedef', name, of: type });
    else (isVariable ? this.variables : this.functions).push([name, type]);
  }

  /** What a declaration begins with. */
  #base(): CType {
    if (this.#take('const')) return { kind: 'const', name: '', of: this.#base() };
    const word = this.#next();
    if (word === 'void') return VOID;
    if (word === 'struct' || word === 'union') return this.#composite(word);
    if (word === 'enum') return this.#enum();
    if (!INT_WORDS.has(word)) return { kind: 'typedef', name: word };
    const words = [word];
    while (INT_WORDS.has(this.#peek())) words.push(this.#next());
    return { kind: 'int', name: words.sort().join(' ') };
  }

  #composite(kind: 'struct' | 'union'): CType {
    const name = /^[{:]$/.test(this.#peek()) ? '' : this.#next();
    const size = this.#size();
    const key = `${kind} ${name}`;
    if (!this.#take('{')) {
      if (size !== undefined) this.named.set(key, { kind, name, members: [], size });
      else if (!this.named.has(key)) this.named.set(key, { kind, name, members: [] });
      return { kind, name };
    }
    const members: CMember[] = [];
    while (!this.#take('}')) this.#members(members);
    const type: CType = { kind, name, members, ...(size === undefined ? {} : { size }) };
    if (name !== '') this.named.set(key, type);
    return type;
  }

  /** Members up to a semicolon. */
  #members(members: CMember[]): void {
    let at: number | undefined;
    if (this.#take('@')) {
      at = Number(this.#next()) * 8;
      if (this.#take('.')) at += Number(this.#next());
    }
    let place: { readonly at?: number } = at === undefined ? {} : { at };
    const base = this.#base();
    if (this.#take(';')) {
      members.push({ name: '', type: base, bits: 0, ...place });
      return;
    }
    do {
      const one = this.#declarator(base);
      members.push({ ...one, bits: this.#take(':') ? Number(this.#next()) : 0, ...place });
      // The others follow it.
      place = {};
    } while (this.#take(','));
    this.#expect(';');
  }

  /** A size behind a name, before the members; a bitfield without a name is something else. */
  #size(): number | undefined {
    const isSize = this.#peek() === ':' && /^(?:\{|;)$/.test(this.#tokens[this.#at + 2] ?? '');
    if (!isSize) return undefined;
    this.#at++;
    return Number(this.#next());
  }

  #enum(): CType {
    const name = /^[{:]$/.test(this.#peek()) ? '' : this.#next();
    const size = this.#size() ?? 4;
    if (!this.#take('{')) return { kind: 'enum', name };
    const values: [string, bigint][] = [];
    let value = 0n;
    while (!this.#take('}')) {
      const one = this.#next();
      if (this.#take('=')) value = this.#take('-') ? -BigInt(this.#next()) : BigInt(this.#next());
      values.push([one, value++]);
      if (!this.#take(',') && this.#peek() !== '}') this.#expect('}');
    }
    const type: CType = { kind: 'enum', name, values, size };
    if (name !== '') this.named.set(`enum ${name}`, type);
    return type;
  }

  /** Pointers, the name, and what stands behind it. */
  #declarator(base: CType): { name: string; type: CType } {
    let type = base;
    while (this.#take('*')) {
      type = { kind: 'ptr', name: '', of: type };
      if (this.#take('const')) type = { kind: 'const', name: '', of: type };
    }
    if (this.#take('(')) {
      let depth = 0;
      while (this.#take('*')) depth++;
      const isConst = this.#take('const');
      const name = this.#name();
      const counts = this.#counts();
      this.#expect(')');
      let func = this.#params(type);
      for (; depth > 0; depth--) func = { kind: 'ptr', name: '', of: func };
      if (isConst) func = { kind: 'const', name: '', of: func };
      return { name, type: arrayOf(func, counts) };
    }
    const name = this.#name();
    if (this.#peek() === '(') return { name, type: this.#params(type) };
    return { name, type: arrayOf(type, this.#counts()) };
  }

  /** A name, or none. */
  #name(): string {
    return /^[A-Za-z_]/.test(this.#peek()) ? this.#next() : '';
  }

  /** Lengths of an array, the outermost first. */
  #counts(): number[] {
    const counts: number[] = [];
    while (this.#take('[')) {
      counts.push(this.#peek() === ']' ? 0 : Number(this.#next()));
      this.#expect(']');
    }
    return counts;
  }

  #params(returns: CType): CType {
    this.#expect('(');
    const params: CMember[] = [];
    if (this.#peek() === 'void' && this.#tokens[this.#at + 1] === ')') this.#at++;
    while (!this.#take(')')) {
      if (this.#take('...')) params.push({ name: '', type: VOID, bits: 0 });
      else params.push({ ...this.#declarator(this.#base()), bits: 0 });
      this.#take(',');
    }
    return { kind: 'proto', name: '', of: returns, params };
  }
}

function arrayOf(type: CType, counts: readonly number[]): CType {
  return counts.reduceRight<CType>((of, count) => ({ kind: 'array', name: '', of, count }), type);
}

/** Gives types ids: what has a name first, in order; the rest as it is met. */
class Emitter {
  readonly #builder = new BtfBuilder();
  readonly #named: ReadonlyMap<string, CType>;
  readonly #functions: Parser['functions'];
  readonly #variables: Parser['variables'];
  readonly #ids = new Map<string, number>();
  readonly #records: (() => void)[] = [];
  readonly #laid = new Map<CType, Places>();

  constructor(parser: Parser) {
    this.#named = parser.named;
    this.#functions = parser.functions;
    this.#variables = parser.variables;
  }

  bytes(): Uint8Array {
    for (const type of this.#named.values()) this.#id(type);
    for (const [name, type] of this.#functions) {
      const proto = this.#id(type);
      this.#records.push(() => this.#builder.func(name, proto, 0));
    }
    this.#perCpu();
    // Records that are met on the way go to the end.
    for (let i = 0; i < this.#records.length; i++) this.#records[i]!();
    return this.#builder.bytes();
  }

  /** Variables, and the section that they lie in one after the other. */
  #perCpu(): void {
    if (this.#variables.length === 0) return;
    let end = 0;
    const section = this.#variables.map(([name, type]) => {
      const id = this.#id(type);
      const variable = this.#records.push(() => this.#builder.variable(name, id));
      const { size, align } = this.#measure(type);
      const offset = Math.ceil(end / align) * align;
      end = offset + size;
      return [variable, offset, size] as const;
    });
    this.#records.push(() => this.#builder.datasec('.data..percpu', end, section));
  }

  /** What tells one type from another. */
  #key(type: CType): string {
    if (type.kind === 'typedef') return type.name;
    if (type.name !== '') return `${type.kind} ${type.name}`;
    if (type.kind === 'ptr' || type.kind === 'const') return `${type.kind} ${this.#id(type.of ?? VOID)}`;
    if (type.kind === 'array') return `array ${this.#id(type.of ?? VOID)} ${type.count}`;
    return '';
  }

  #id(type: CType): number {
    if (type.kind === 'void') return 0;
    const key = this.#key(type);
    const known = key === '' ? undefined : this.#ids.get(key);
    if (known !== undefined) return known;
    const full = this.#resolve(type);
    const id = this.#records.push(() => this.#emit(full));
    if (key !== '') this.#ids.set(key, id);
    return id;
  }

  /** The definition of what is only mentioned. */
  #resolve(type: CType): CType {
    if (type.kind === 'int' || type.name === '') return type;
    const key = type.kind === 'typedef' ? type.name : `${type.kind} ${type.name}`;
    const found = this.#named.get(key);
    if (found !== undefined) return found;
    if (type.kind === 'typedef') throw new Error(`Cannot parse: there is no type ${type.name}`);
    return { ...type, members: type.members ?? [], values: type.values ?? [] };
  }

  #emit(type: CType): void {
    const b = this.#builder;
    const of = (): number => this.#id(type.of ?? VOID);
    if (type.kind === 'int') b.int(...this.#int(type));
    else if (type.kind === 'typedef') b.typedef(type.name, of());
    else if (type.kind === 'ptr') b.ptr(of());
    else if (type.kind === 'const') b.modifier(BTF_KIND.CONST, of());
    else if (type.kind === 'array') b.array(of(), this.#id({ kind: 'int', name: 'int' }), type.count ?? 0);
    else if (type.kind === 'enum') this.#enum(type);
    else if (type.kind === 'proto')
      b.proto(
        of(),
        (type.params ?? []).map((one) => [one.name, this.#id(one.type)] as const),
      );
    else this.#struct(type);
  }

  #enum({ name, size = 4, values = [] }: CType): void {
    const signed = values.some(([, value]) => value < 0n);
    if (size > 4) this.#builder.enum64(name, size, values, signed);
    else
      this.#builder.enum(
        name,
        size,
        values.map(([one, value]) => [one, Number(value)] as const),
        signed,
      );
  }

  #int(type: CType): readonly [string, number, number] {
    const int = INTS[type.name];
    if (int === undefined) throw new Error(`Cannot parse: there is no integer type "${type.name}"`);
    return int;
  }

  #struct(type: CType): void {
    const places = this.#places(type);
    // Nameless bitfields only make room: a compiler leaves them out of the types.
    const members = (type.members ?? []).flatMap((one, index) => {
      const place = places.offsets[index] ?? 0;
      if (one.bits > 0 && one.name === '') return [];
      const id = this.#id(one.type);
      return [one.bits === 0 ? ([one.name, id, place] as const) : ([one.name, id, place, one.bits] as const)];
    });
    this.#builder.struct(type.name, places.size, members, type.kind === 'union' ? BTF_KIND.UNION : BTF_KIND.STRUCT);
  }

  /** Offsets of the members in bits, size and alignment in bytes. */
  #places(type: CType): Places {
    const known = this.#laid.get(type);
    if (known !== undefined) return known;
    const places = this.#layOut(type);
    this.#laid.set(type, places);
    return places;
  }

  #layOut(type: CType): Places {
    const offsets: number[] = [];
    let end = 0;
    let largest = 0;
    let align = 1;
    for (const member of type.members ?? []) {
      const { size, align: own } = this.#measure(member.type);
      if (type.kind === 'union') end = 0;
      // A bitfield starts where it fits into a word of its type; anything else where it is aligned.
      const fits = member.bits > 0 && Math.floor(end / (size * 8)) === Math.floor((end + member.bits - 1) / (size * 8));
      if (member.at !== undefined) end = member.at;
      else if (!fits) end = Math.ceil(end / (own * 8)) * own * 8;
      offsets.push(end);
      end += member.bits > 0 ? member.bits : size * 8;
      largest = Math.max(largest, end);
      align = Math.max(align, own);
    }
    const { size = Math.ceil(largest / 8 / align) * align } = type;
    // Of a struct whose members are not told, the size lets guess the alignment.
    if (type.members?.length === 0) while (align < 8 && size % (align * 2) === 0 && size > 0) align *= 2;
    return { offsets, size, align };
  }

  #measure(type: CType): { size: number; align: number } {
    const full = this.#resolve(type);
    const inner = full.of ?? VOID;
    if (full.kind === 'int') return { size: this.#int(full)[1], align: this.#int(full)[1] };
    if (full.kind === 'ptr') return { size: 8, align: 8 };
    if (full.kind === 'enum') return { size: full.size ?? 4, align: full.size ?? 4 };
    if (full.kind === 'typedef' || full.kind === 'const') return this.#measure(inner);
    if (full.kind === 'struct' || full.kind === 'union') return this.#places(full);
    if (full.kind !== 'array') return { size: 1, align: 1 };
    const element = this.#measure(inner);
    return { size: element.size * (full.count ?? 0), align: element.align };
  }
}
