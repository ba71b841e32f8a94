/** Opcodes of WebAssembly that the compiler emits (core spec, appendix "Index of Instructions"), and the module around them. */
import { ByteBuffer } from './buffer.ts';

export const I32 = 0x7f;
export const I64 = 0x7e;
export const F64 = 0x7c;
/** Block type: no result. */
export const VOID = 0x40;

export const W = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  br_if: 0x0d,
  br_table: 0x0e,
  return: 0x0f,
  call: 0x10,
  return_call_indirect: 0x13,
  try: 0x06,
  rethrow: 0x09,
  catch_all: 0x19,
  drop: 0x1a,
  select: 0x1b,
  local_get: 0x20,
  local_set: 0x21,
  local_tee: 0x22,
  global_get: 0x23,
  global_set: 0x24,
  i32_load: 0x28,
  i64_load: 0x29,
  i32_load8_u: 0x2d,
  i32_load16_u: 0x2f,
  i64_load8_s: 0x30,
  i64_load8_u: 0x31,
  i64_load16_s: 0x32,
  i64_load16_u: 0x33,
  i64_load32_s: 0x34,
  i64_load32_u: 0x35,
  i32_store: 0x36,
  i64_store: 0x37,
  i32_store8: 0x3a,
  i32_store16: 0x3b,
  i64_store8: 0x3c,
  i64_store16: 0x3d,
  i64_store32: 0x3e,
  i32_const: 0x41,
  i64_const: 0x42,
  f64_const: 0x44,
  i32_eqz: 0x45,
  i32_eq: 0x46,
  i32_ne: 0x47,
  i32_lt_s: 0x48,
  i32_lt_u: 0x49,
  i32_gt_s: 0x4a,
  i32_gt_u: 0x4b,
  i32_le_s: 0x4c,
  i32_le_u: 0x4d,
  i32_ge_s: 0x4e,
  i32_ge_u: 0x4f,
  i64_eqz: 0x50,
  i64_eq: 0x51,
  i64_ne: 0x52,
  i64_lt_s: 0x53,
  i64_lt_u: 0x54,
  i64_gt_s: 0x55,
  i64_gt_u: 0x56,
  i64_le_s: 0x57,
  i64_le_u: 0x58,
  i64_ge_s: 0x59,
  i64_ge_u: 0x5a,
  f64_lt: 0x63,
  f64_ge: 0x66,
  f64_convert_i32_u: 0xb8,
  i32_add: 0x6a,
  i32_sub: 0x6b,
  i32_mul: 0x6c,
  i32_div_s: 0x6d,
  i32_div_u: 0x6e,
  i32_rem_s: 0x6f,
  i32_rem_u: 0x70,
  i32_and: 0x71,
  i32_or: 0x72,
  i32_xor: 0x73,
  i32_shl: 0x74,
  i32_shr_s: 0x75,
  i32_shr_u: 0x76,
  i32_rotl: 0x77,
  i32_rotr: 0x78,
  i64_add: 0x7c,
  i64_sub: 0x7d,
  i64_mul: 0x7e,
  i64_div_s: 0x7f,
  i64_div_u: 0x80,
  i64_rem_s: 0x81,
  i64_rem_u: 0x82,
  i64_and: 0x83,
  i64_or: 0x84,
  i64_xor: 0x85,
  i64_shl: 0x86,
  i64_shr_s: 0x87,
  i64_shr_u: 0x88,
  i32_wrap_i64: 0xa7,
  i64_extend_i32_s: 0xac,
  i64_extend_i32_u: 0xad,
  i64_trunc_f64_u: 0xb1,
  i32_extend8_s: 0xc0,
  i32_extend16_s: 0xc1,
  i64_extend8_s: 0xc2,
  i64_extend16_s: 0xc3,
  i64_extend32_s: 0xc4,
  /** Opcodes of two bytes begin with this one. */
  prefix_fc: 0xfc,
  fc_memory_copy: 0x0a,
} as const;

/** An import of a compiled program. */
export interface WasmImport {
  readonly name: string;
  readonly type: number;
  readonly fn: (...args: never[]) => number | undefined;
}

/** A function of the module: its type, its locals as (count, type) pairs, its code. */
interface WasmFunction {
  readonly type: number;
  readonly locals: readonly (readonly [number, number])[];
  readonly code: ByteBuffer;
}

/** Collects types, imports and functions of one module. All imports come before the first function. */
export class ModuleBuilder {
  readonly #types: string[] = [];
  readonly imports: WasmImport[] = [];
  readonly #importIndex = new Map<string, number>();
  readonly #functions: WasmFunction[] = [];
  readonly #exports: { readonly name: string; readonly func: number }[] = [];

  /** Index of a function type. */
  type(params: readonly number[], results: readonly number[]): number {
    const key = String.fromCharCode(0x60, params.length, ...params, results.length, ...results);
    const known = this.#types.indexOf(key);
    return known >= 0 ? known : this.#types.push(key) - 1;
  }

  /** Index of an imported function; the same name is one import. */
  import(name: string, params: readonly number[], results: readonly number[], fn: WasmImport['fn']): number {
    let index = this.#importIndex.get(name);
    if (index === undefined) {
      index = this.imports.length;
      this.imports.push({ name, type: this.type(params, results), fn });
      this.#importIndex.set(name, index);
    }
    return index;
  }

  func(type: number, locals: WasmFunction['locals'], code: ByteBuffer): number {
    this.#functions.push({ type, locals, code });
    return this.imports.length + this.#functions.length - 1;
  }

  export(name: string, func: number): void {
    this.#exports.push({ name, func });
  }

  /** The module's bytes; it imports `e.memory` and `e.table` beside the functions. */
  build(): Uint8Array {
    const out = new ByteBuffer(256 + this.#functions.reduce((sum, func) => sum + func.code.length + 32, 0));
    for (const byte of [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) out.byte(byte);
    section(out, 1, (body) => {
      body.uleb(this.#types.length);
      for (const type of this.#types) for (let i = 0; i < type.length; i++) body.byte(type.charCodeAt(i));
    });
    section(out, 2, (body) => {
      body.uleb(this.imports.length + 2);
      for (const imported of this.imports) {
        body.name('e');
        body.name(imported.name);
        body.byte(0);
        body.uleb(imported.type);
      }
      for (const [name, ...kind] of [['memory', 2, 0, 1] as const, ['table', 1, 0x70, 0, 1] as const]) {
        body.name('e');
        body.name(name);
        for (const byte of kind) body.byte(byte);
      }
    });
    section(out, 3, (body) => {
      body.uleb(this.#functions.length);
      for (const func of this.#functions) body.uleb(func.type);
    });
    section(out, 7, (body) => {
      body.uleb(this.#exports.length);
      for (const { name, func } of this.#exports) {
        body.name(name);
        body.byte(0);
        body.uleb(func);
      }
    });
    section(out, 10, (body) => {
      body.uleb(this.#functions.length);
      for (const func of this.#functions) {
        const head = new ByteBuffer(32);
        head.uleb(func.locals.length);
        for (const [count, type] of func.locals) {
          head.uleb(count);
          head.byte(type);
        }
        body.uleb(head.length + func.code.length);
        body.append(head.view());
        body.append(func.code.view());
      }
    });
    return out.view();
  }
}

function section(out: ByteBuffer, id: number, fill: (body: ByteBuffer) => void): void {
  const body = new ByteBuffer();
  fill(body);
  out.byte(id);
  out.uleb(body.length);
  out.append(body.view());
}
