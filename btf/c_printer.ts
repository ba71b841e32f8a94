/**
 * BTF as C declarations that compile: what `bpf-emu btf` prints, in the order and form
 * in which `bpftool btf dump … format c` does.
 *
 * A definition needs the definitions of what it contains, and declarations of what it
 * points at. Types are taken in the order of their ids; for each, first what it
 * contains is queued (depth first), then the queue is written. A struct that is
 * pointed at before its turn is declared in advance.
 */
import type { Btf, BtfType } from './btf.ts';
import { CDeclarations } from './c_decl.ts';
import { CNames, isEnum } from './c_names.ts';
import { BTF_KIND, inSet, kindSet } from './kinds.ts';

const COMPOSITE = kindSet(BTF_KIND.STRUCT, BTF_KIND.UNION);
const THROUGH = kindSet(BTF_KIND.VOLATILE, BTF_KIND.CONST, BTF_KIND.RESTRICT, BTF_KIND.TYPE_TAG);

const HEAD = `#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

`;
const TAIL = `#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif /* __VMLINUX_H__ */
`;

/** All types of a BTF object as one C header. */
export function printHeader(btf: Btf): string {
  return HEAD + printC(btf) + TAIL;
}

/** All types, or those with these ids and what they need, as C declarations. */
export function printC(btf: Btf, ids?: readonly number[]): string {
  const printer = new CPrinter(btf);
  if (ids !== undefined) for (const id of ids) printer.add(id);
  else for (let id = 1; id < btf.nrTypes; id++) printer.add(id);
  return printer.text();
}

/** State of a type in the order of definitions, and in writing. */
const NOT_YET = 0;
const UNDER_WAY = 1;
const DONE = 2;

/** What is done with a type is known so deep; nesting deeper than this is left out. */
const MAX_DEPTH = 2000;

class CPrinter {
  readonly #btf: Btf;
  readonly #write: CDeclarations;
  readonly #parts: string[] = [];
  readonly #ordered: Uint8Array;
  readonly #written: Uint8Array;
  /** Declared in advance, so that pointers to it may be written. */
  readonly #declared: Uint8Array;
  /** Some type refers to it: a nameless enum is then defined there. */
  readonly #referenced: Uint8Array;
  #queue: number[] = [];
  /** For pointers and prototypes: the definition they were last looked through for. */
  readonly #lookedAt = new Map<number, number>();

  constructor(btf: Btf) {
    this.#btf = btf;
    this.#write = new CDeclarations(btf, new CNames(btf));
    this.#ordered = new Uint8Array(btf.nrTypes);
    this.#written = new Uint8Array(btf.nrTypes);
    this.#declared = new Uint8Array(btf.nrTypes);
    this.#referenced = findReferenced(btf);
  }

  text(): string {
    return this.#parts.join('');
  }

  /** Writes a type with all that it needs. */
  add(id: number): void {
    this.#queue = [];
    this.#order(id, false, 0);
    for (const queued of this.#queue) this.#emit(queued, 0, 0);
  }

  #type(id: number): BtfType {
    return this.#btf.type(id) as BtfType;
  }

  /**
   * Queues the definitions that a type needs, and its own. True when it is (or will be)
   * defined; false when a declaration of it is enough so far.
   */
  #order(id: number, throughPointer: boolean, depth: number): boolean {
    if (id === 0 || depth > MAX_DEPTH) return false;
    if (this.#ordered[id] === DONE) return true;
    const type = this.#type(id);
    const { kind } = type;
    if (this.#ordered[id] === UNDER_WAY) return false;
    if (kind === BTF_KIND.PTR) {
      this.#ordered[id] = UNDER_WAY;
      const strong = this.#order(type.type, true, depth + 1);
      this.#ordered[id] = DONE;
      return strong;
    }
    if (kind === BTF_KIND.ARRAY) return this.#order(type.type, false, depth + 1);
    if (inSet(THROUGH, kind)) return this.#order(type.type, throughPointer, depth + 1);
    if (inSet(COMPOSITE, kind)) return this.#orderComposite(type, throughPointer, depth);
    if (kind === BTF_KIND.FUNC_PROTO) {
      let strong = this.#order(type.type, throughPointer, depth + 1);
      for (const param of type.params) strong = this.#order(param.type, throughPointer, depth + 1) || strong;
      return strong;
    }
    if (kind === BTF_KIND.TYPEDEF) {
      const strong = this.#order(type.type, throughPointer, depth + 1);
      if (throughPointer && !strong) return false;
      this.#queue.push(id);
      this.#ordered[id] = DONE;
      return true;
    }
    this.#ordered[id] = DONE;
    if (!isEnum(type) && kind !== BTF_KIND.FWD) return false;
    if (type.name !== '' || this.#referenced[id] === 0) this.#queue.push(id);
    return true;
  }

  #orderComposite(type: BtfType, throughPointer: boolean, depth: number): boolean {
    if (throughPointer && type.name !== '') return false;
    this.#ordered[type.id] = UNDER_WAY;
    for (const member of type.members) this.#order(member.type, false, depth + 1);
    if (type.name !== '') this.#queue.push(type.id);
    this.#ordered[type.id] = DONE;
    return true;
  }

  #put(text: string): void {
    this.#parts.push(text, ';\n\n');
  }

  /** Writes what must stand before the definition of `container` (0: this is a definition of its own), as far as `id` asks. */
  #emit(id: number, container: number, depth: number): void {
    if (id === 0 || depth > MAX_DEPTH || this.#written[id] === DONE) return;
    const type = this.#type(id);
    const { kind } = type;
    if (this.#written[id] === UNDER_WAY) this.#declareAgain(type, container);
    else if (isEnum(type)) {
      if (container === 0) this.#put(this.#write.enum(type, 0));
      this.#written[id] = DONE;
    } else if (kind === BTF_KIND.PTR || kind === BTF_KIND.ARRAY || inSet(THROUGH, kind)) {
      if (this.#isNew(id, container)) this.#emit(type.type, container, depth + 1);
    } else if (kind === BTF_KIND.FWD) {
      this.#put(this.#write.declare(id, '', 0));
      this.#written[id] = DONE;
    } else if (kind === BTF_KIND.TYPEDEF) {
      this.#written[id] = UNDER_WAY;
      this.#emit(type.type, id, depth + 1);
      if (this.#declared[id] === 0) this.#typedef(type);
      this.#written[id] = DONE;
    } else if (inSet(COMPOSITE, kind)) this.#emitComposite(type, container, depth);
    else if (kind === BTF_KIND.FUNC_PROTO) {
      if (!this.#isNew(id, container)) return;
      this.#emit(type.type, container, depth + 1);
      for (const param of type.params) this.#emit(param.type, container, depth + 1);
    } else if (kind === BTF_KIND.INT) this.#written[id] = DONE;
  }

  /** Whether a type that has no definition of its own was not yet looked through for this one. */
  #isNew(id: number, container: number): boolean {
    if (this.#lookedAt.get(id) === container) return false;
    this.#lookedAt.set(id, container);
    return true;
  }

  /** A type that is being written is needed by what it contains: a declaration has to do. */
  #declareAgain(type: BtfType, container: number): void {
    if (this.#declared[type.id] !== 0) return;
    if (inSet(COMPOSITE, type.kind)) {
      if (type.id === container || type.name === '') return;
      this.#put(this.#write.tag(type));
    } else if (type.kind === BTF_KIND.TYPEDEF) this.#typedef(type);
    else return;
    this.#declared[type.id] = 1;
  }

  #emitComposite(type: BtfType, container: number, depth: number): void {
    const { id } = type;
    this.#written[id] = UNDER_WAY;
    if (container === 0 || type.name === '') {
      const inner = type.name === '' ? container : id;
      for (const member of type.members) this.#emit(member.type, inner, depth + 1);
    } else if (this.#declared[id] === 0 && id !== container) {
      this.#put(this.#write.tag(type));
      this.#declared[id] = 1;
    }
    if (container === 0) this.#put(this.#write.composite(type, 0));
    this.#written[id] = container === 0 ? DONE : NOT_YET;
  }

  /** Compilers know this one themselves. */
  #typedef(type: BtfType): void {
    if (type.name !== '__builtin_va_list') this.#put(this.#write.typedef(type));
  }
}

/** Which types others refer to. */
function findReferenced(btf: Btf): Uint8Array {
  const referenced = new Uint8Array(btf.nrTypes);
  const refers =
    THROUGH | kindSet(BTF_KIND.PTR, BTF_KIND.TYPEDEF, BTF_KIND.FUNC, BTF_KIND.VAR, BTF_KIND.DECL_TAG, BTF_KIND.ARRAY);
  for (let id = 1; id < btf.nrTypes; id++) {
    const type = btf.type(id) as BtfType;
    if (inSet(refers, type.kind)) referenced[type.type] = 1;
    if (type.kind === BTF_KIND.ARRAY) referenced[type.indexType] = 1;
    for (const member of type.members) referenced[member.type] = 1;
    for (const param of type.params) referenced[param.type] = 1;
    for (const variable of type.vars) referenced[variable.type] = 1;
  }
  return referenced;
}
