/**
 * Arguments of functions, tracepoints and operations as a caller writes them: numbers, and
 * descriptions of what a pointer leads to.
 *
 *     [1, "0xffff", {"pid":5,"comm":"bash"}, {"text":"/etc/passwd"}, {"hex":"00ff"}, {"struct":"file","f_flags":2}]
 *
 * An object is a structure of the kernel: the one the parameter points to by BTF, or the
 * one `struct` names. Its fields that are pointers can be objects too.
 */
import { BTF_KIND, type Btf, type BtfType } from '../../btf/btf.ts';
import { encodeJson, problemText } from '../../btf/json.ts';
import { EINVAL, ENOMEM, Errno } from '../../uapi/errno.ts';
import { pointerBits, type Vm } from '../../vm/vm.ts';
import { LoadedProg } from '../loaded_prog.ts';
import type { FieldValue } from './event.ts';
import { toBigInt } from './fields.ts';

/** Structures within structures that are followed. */
const DEPTH_MAX = 16;
/** Bytes of one text or buffer. */
const BYTES_MAX = 1 << 16;
const TRACE_PREFIX = 'btf_trace_';

type Fields = Readonly<Record<string, FieldValue>>;

/** The parameters of what a program is attached to: their types in a BTF; undefined where that is not known. */
export interface Parameters {
  readonly btf: Btf;
  readonly types: readonly number[];
}

/** What the program's context is made of, by the BTF it was loaded with. */
function parametersOf(prog: LoadedProg): Parameters | undefined {
  const { attachBtf, attachBtfId } = prog.facts;
  const target = attachBtf?.type(attachBtfId);
  if (attachBtf === undefined || target === undefined) return undefined;
  const protoOf = (type: BtfType | undefined): BtfType | undefined => {
    if (type === undefined || type.kind === BTF_KIND.FUNC_PROTO) return type;
    const inner = type.kind === BTF_KIND.FUNC || type.kind === BTF_KIND.TYPEDEF || type.kind === BTF_KIND.PTR;
    return inner ? protoOf(attachBtf.type(type.type)) : undefined;
  };
  // Programs of struct_ops name the structure, and the operation by its number.
  const operation = target.kind === BTF_KIND.STRUCT ? target.members[prog.expectedAttachType]?.type : attachBtfId;
  const types = (protoOf(attachBtf.type(operation ?? 0))?.params ?? []).map((param) => param.type);
  return { btf: attachBtf, types: target.name.startsWith(TRACE_PREFIX) ? types.slice(1) : types };
}

/** The memory behind the arguments of one event. */
export class ArgumentMemory {
  readonly #vm: Vm;
  readonly #parameters: Parameters | undefined;
  readonly #blocks: { readonly at: number; readonly size: number }[] = [];

  constructor(vm: Vm, prog: unknown) {
    this.#vm = vm;
    this.#parameters = prog instanceof LoadedProg ? parametersOf(prog) : undefined;
  }

  /** The 64 bits of argument `index`. Throws Errno naming it when it cannot be given. */
  value(given: FieldValue, index: number): bigint {
    const name = `args[${index}]`;
    if (typeof given !== 'object' || Array.isArray(given)) return BigInt.asUintN(64, toBigInt(given, name));
    const { btf, types } = this.#parameters ?? {};
    const pointee = btf === undefined ? undefined : pointeeOf(btf, types?.[index]);
    return pointerBits(this.#object(given as Fields, btf ?? this.#vm.env.vmlinux, pointee, name, 0));
  }

  /** Memory with what an object describes: its address. */
  #object(given: Fields, btf: Btf | undefined, typeId: number | undefined, name: string, depth: number): number {
    if (depth > DEPTH_MAX) throw new Errno(EINVAL, `${name}: structures lie in each other too deeply`);
    const { text, hex, struct, ...fields } = given;
    if (typeof text === 'string') return this.#bytes(Buffer8.ofText(`${text}\0`), name);
    if (typeof hex === 'string') return this.#bytes(Buffer8.ofHex(hex, name), name);
    const named = typeof struct === 'string' ? btf?.find(struct, BTF_KIND.STRUCT) : undefined;
    if (typeof struct === 'string' && (named ?? 0) === 0)
      throw new Errno(EINVAL, `${name}: the kernel has no struct ${struct}`);
    const id = named ?? typeId;
    const type = id === undefined ? undefined : btf?.type(id);
    if (btf === undefined || id === undefined || type === undefined || type.size === 0)
      throw new Errno(
        EINVAL,
        `${name}: it is not known what this points to; say {"struct":NAME,…}, {"text":…} or {"hex":…}`,
      );
    const bytes = new Uint8Array(type.size);
    const plain = this.#withPointers(fields, btf, type, name, depth);
    const problem = encodeJson(btf, id, plain, bytes);
    if (problem !== undefined) throw new Errno(EINVAL, `${name}: ${problemText(problem)}`);
    return this.#bytes(bytes, name);
  }

  /** The fields with objects for pointers replaced by addresses. */
  #withPointers(fields: Fields, btf: Btf, type: BtfType, name: string, depth: number): Record<string, unknown> {
    const plain: Record<string, unknown> = {};
    for (const [field, value] of Object.entries(fields)) {
      plain[field] = value;
      if (typeof value !== 'object' || Array.isArray(value)) continue;
      const member = memberType(btf, type, field, 0);
      const inner = member === undefined ? undefined : btf.type(btf.skipModifiers(member));
      const path = `${name}.${field}`;
      if (inner?.kind === BTF_KIND.PTR) {
        const at = this.#object(value as Fields, btf, pointeeOf(btf, member), path, depth + 1);
        plain[field] = `0x${pointerBits(at).toString(16)}`;
      } else if (inner?.kind === BTF_KIND.STRUCT || inner?.kind === BTF_KIND.UNION) {
        plain[field] = this.#withPointers(value as Fields, btf, inner, path, depth + 1);
      }
    }
    return plain;
  }

  #bytes(bytes: Uint8Array, name: string): number {
    const size = Math.max(bytes.length, 8);
    if (bytes.length > BYTES_MAX) throw new Errno(EINVAL, `${name}: at most ${BYTES_MAX} bytes are taken`);
    const { arena } = this.#vm.env;
    const at = arena.alloc(size);
    if (at === 0) throw new Errno(ENOMEM, `No arena memory for ${name}`);
    arena.zero(at, size);
    arena.u8.set(bytes, at);
    this.#blocks.push({ at, size });
    return at;
  }

  release(): void {
    for (const { at, size } of this.#blocks.splice(0)) this.#vm.env.arena.free(at, size);
  }
}

/** Bytes from what JSON can say. */
const Buffer8 = {
  ofText: (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0) & 0xff),
  ofHex(text: string, name: string): Uint8Array {
    const digits = text.replace(/\s+/g, '');
    if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits))
      throw new Errno(EINVAL, `${name}.hex: hex digits, two a byte, are wanted`);
    return Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  },
};

/** The type a pointer leads to, or undefined: it is no pointer. */
function pointeeOf(btf: Btf, typeId: number | undefined): number | undefined {
  const type = typeId === undefined ? undefined : btf.type(btf.skipModifiers(typeId));
  return type?.kind === BTF_KIND.PTR ? btf.skipModifiers(type.type) : undefined;
}

/** Type of a member, also of one in a nameless member. */
function memberType(btf: Btf, type: BtfType, name: string, depth: number): number | undefined {
  if (depth > DEPTH_MAX) return undefined;
  for (const member of type.members) {
    if (member.name === name) return member.type;
    const inner = member.name === '' ? btf.type(btf.skipModifiers(member.type)) : undefined;
    const found = inner === undefined ? undefined : memberType(btf, inner, name, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
