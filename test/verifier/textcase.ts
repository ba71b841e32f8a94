/**
 * Rules of the verifier as text: how a file of cases is read and what a case asks of
 * bpf(2). The words of a case (one `word: value` a line, blocks are indented):
 *
 *     == the rule, as a sentence
 *     type: xdp              program type; default socket_filter
 *     attach: trace_fentry   expected_attach_type
 *     attach_btf: name       function (or type) of the kernel to attach to
 *     caps: bpf net_admin    only these capabilities; `no_perfmon`: all but CAP_PERFMON and CAP_SYS_ADMIN
 *     flags: sleepable       BPF_F_* of the load
 *     license: Proprietary   default GPL
 *     level: 1               log level; default 2
 *     btf:                   declarations in C (ctypes.ts)
 *     maps:                  `name: hash key=8 value=48 max=4 flags=0x80 inner=name frozen excl`; value may be a C type,
 *                            more maps: cases/maps.def; `m1..65` are 65 maps
 *     code:                  instructions (asm.ts)
 *     target:                instructions of a program that is loaded before and attached to (`target_type:`,
 *                            `target_attach_btf:`, `target_func:` name of the function)
 *     fd_array: hash btf     what the descriptors of fd_array are
 *     func_info: 0 main, 2 f  records in place of those of the functions in `code`, as words; line_info: 0 1 1 1024, …;
 *                            core_relos: 0 struct_x "0:1" 0, …
 *     attr: insn_cnt=0       fields of the attr as they are
 *     kernel: WHY NOT        the kernel of the recording could not be asked; the case is what is known of it
 *     errno: EINVAL          what the load answers; 0: accepted
 *     message: …             last line of the log that is not a statistic; … stands for anything
 *     post: …                a line of the log, in the order of the log; `3: R2=1` is the state behind instruction 3
 */

import type { AttrArm } from '../../syscall/attr_layout.ts';
import { BTF_LOAD, ELEM, MAP_CREATE, PROG_LOAD } from '../../syscall/attr_table.ts';
import { BPF_ATTACH_TYPE, BPF_CMD, BPF_F_PROG, BPF_MAP_TYPE, BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { CAP, CAP_FULL_SET } from '../../uapi/capability.ts';
import { type Assembly, assemble } from './asm.ts';
import { type CTypes, declareC } from './ctypes.ts';

/** One case, as written. */
export interface TextCase {
  readonly name: string;
  /** Line of the title, from 1. */
  readonly line: number;
  readonly words: ReadonlyMap<string, readonly string[]>;
}

/** A call of bpf(2). Descriptors are named by the number of the call that answers them. */
export interface Op {
  readonly cmd: number;
  readonly attr: Uint8Array;
  /** Bytes that fields of the attr point to; at -1: none does. */
  readonly data: readonly { readonly at: number; readonly bytes: Uint8Array }[];
  /** Descriptors in the attr (data undefined) or in the bytes above. */
  readonly fds: readonly { readonly data?: number; readonly at: number; readonly op: number }[];
  /** Where the log's address and size go. */
  readonly log?: { readonly at: number; readonly size: number };
  /** Effective capabilities of the call. */
  readonly caps: bigint;
}

/** What BTF of the kernel a case needs: ids by `kind name`. */
export type KernelIds = (what: 'func' | 'var' | 'any', name: string) => number;

/** Reads a file of cases. */
export function parseCases(text: string): TextCase[] {
  const cases: { name: string; line: number; words: Map<string, string[]> }[] = [];
  let block: string[] | undefined;
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '' || line.startsWith('#')) return;
    const last = cases[cases.length - 1];
    if (line.startsWith('== ')) {
      cases.push({ name: line.slice(3).trim(), line: i + 1, words: new Map() });
      block = undefined;
    } else if (/^\s/.test(line)) {
      if (block === undefined) throw new Error(`line ${i + 1} belongs to nothing`);
      block.push(line.trim());
    } else {
      const match = /^(\w+):(?: (.*))?$/.exec(line);
      if (match === null || last === undefined) throw new Error(`line ${i + 1} is not "word: value"`);
      const values = last.words.get(match[1]!) ?? [];
      last.words.set(match[1]!, values);
      if (match[2] !== undefined) values.push(match[2].trim());
      block = values;
    }
  });
  return cases;
}

const ATTR_SIZE = 168;
const LOG_SIZE = 1 << 18;
/** Where nothing points to bytes of an op. */
const UNUSED = -1;

function upper(table: Readonly<Record<string, number>>, name: string): number {
  const value = table[name.toUpperCase()];
  if (value === undefined) throw new Error(`no such name: ${name}`);
  return value;
}

class OpBuilder {
  readonly attr = new Uint8Array(ATTR_SIZE);
  readonly data: { at: number; bytes: Uint8Array }[] = [];
  readonly fds: { data?: number; at: number; op: number }[] = [];
  readonly #arm: AttrArm;

  constructor(arm: AttrArm) {
    this.#arm = arm;
  }

  offset(name: string): number {
    const offset = this.#arm.at[name];
    if (offset === undefined) throw new Error(`no field ${name}`);
    return offset;
  }

  set(name: string, value: number | bigint | Uint8Array): this {
    const at = this.offset(name);
    const field = this.#arm.fields.find((one) => one.name === name)!;
    const view = new DataView(this.attr.buffer);
    if (typeof value === 'object') {
      if (field.kind === 'char') this.attr.set(value, at);
      else this.data.push({ at, bytes: value });
    } else if (field.size === 8) view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true);
    else view.setUint32(at, Number(value) >>> 0, true);
    return this;
  }

  /** Forgets what a field points to or whose descriptor it is; bytes stay in their place in the list. */
  drop(name: string): void {
    const at = this.offset(name);
    for (const one of this.data) if (one.at === at) one.at = UNUSED;
    const fd = this.fds.findIndex((one) => one.data === undefined && one.at === at);
    if (fd >= 0) this.fds.splice(fd, 1);
  }

  fd(name: string, op: number): this {
    this.fds.push({ at: this.offset(name), op });
    return this;
  }

  done(cmd: number, caps: bigint, log?: Op['log']): Op {
    const { attr, data, fds } = this;
    return { cmd, attr, data, fds, caps, ...(log === undefined ? {} : { log }) };
  }
}

interface MapLine {
  readonly name: string;
  readonly type: string;
  readonly fields: ReadonlyMap<string, string>;
}

function parseMap(line: string): MapLine {
  const match = /^([\w.]+): (\w+)(.*)$/.exec(line);
  if (match === null) throw new Error(`not a map: "${line}"`);
  const fields = new Map<string, string>();
  for (const [, key, value] of match[3]!.matchAll(/(\w+)(?:=((?:struct |union )?\S+))?/g))
    fields.set(key!, value ?? '1');
  return { name: match[1]!, type: match[2]!, fields };
}

/** `m1..65`: the names m1 to m65. */
function expandName(name: string): string[] {
  const match = /^(\w*?)(\d+)\.\.(\d+)$/.exec(name);
  if (match === null) return [name];
  const from = Number(match[2]);
  return Array.from({ length: Number(match[3]) - from + 1 }, (_, i) => `${match[1]}${from + i}`);
}

/** Capabilities a `caps:` word means. */
function capsOf(text: string | undefined): bigint {
  if (text === undefined) return CAP_FULL_SET;
  if (text === 'none') return 0n;
  if (text === 'no_perfmon') return CAP_FULL_SET & ~((1n << BigInt(CAP.PERFMON)) | (1n << BigInt(CAP.SYS_ADMIN)));
  return text.split(/\s+/).reduce((caps, name) => caps | (1n << BigInt(upper(CAP, name))), 0n);
}

/** Turns a case into calls; the last one is the load that is judged. */
export class CaseCompiler {
  readonly #presets: readonly TextCase[];
  readonly #ids: KernelIds;

  constructor(presets: readonly TextCase[], ids: KernelIds) {
    this.#presets = presets;
    this.#ids = ids;
  }

  compile(test: TextCase): Op[] {
    return new Compilation(test, this.#presets, this.#ids).ops();
  }
}

class Compilation {
  readonly #test: TextCase;
  readonly #presets: readonly TextCase[];
  readonly #ids: KernelIds;
  readonly #ops: Op[] = [];
  readonly #maps = new Map<string, number>();
  #declarations: string[] = [];
  #types: CTypes | undefined;
  #typeNames: string[] = [];
  #functionNames: string[] = [];
  /** Strings of CO-RE relocations, in quotes. */
  #texts: string[] = [];
  #btfOp = -1;

  constructor(test: TextCase, presets: readonly TextCase[], ids: KernelIds) {
    this.#test = test;
    this.#presets = presets;
    this.#ids = ids;
  }

  #word(name: string): string | undefined {
    return this.#test.words.get(name)?.[0];
  }

  #block(name: string): readonly string[] {
    return this.#test.words.get(name) ?? [];
  }

  #mapLine(name: string): MapLine {
    for (const line of this.#block('maps')) {
      const map = parseMap(line);
      if (expandName(map.name).includes(name)) return { ...map, name };
    }
    const preset = this.#presets.find((one) => one.name === name);
    if (preset === undefined) throw new Error(`no map ${name}`);
    const declarations = preset.words.get('btf') ?? [];
    for (const one of declarations) if (!this.#declarations.includes(one)) this.#declarations.unshift(one);
    return parseMap(`${name}: ${preset.words.get('map')![0]}`);
  }

  ops(): Op[] {
    const target = this.#test.words.has('target') ? assemble(this.#block('target')) : undefined;
    const code = assemble(this.#block('code'));
    this.#declarations = [...this.#block('btf')];
    const array = (this.#word('fd_array') ?? '')
      .split(/\s+/)
      .filter((name) => name !== '')
      .flatMap(expandName);
    const names = new Set<string>();
    for (const { kind, name } of [...(target?.references ?? []), ...code.references])
      if (kind === 'map' || kind === 'mapidx') names.add(name);
    for (const name of array) if (!/^(btf|prog|-?\d+)$/.test(name)) names.add(name);
    const lines = new Map<string, MapLine>();
    const add = (name: string): void => {
      if (lines.has(name) || name === 'btf' || name === 'nothing') return;
      const line = this.#mapLine(name);
      const inner = line.fields.get('inner');
      if (inner !== undefined) add(inner);
      lines.set(name, line);
    };
    for (const name of names) add(name);
    this.#makeBtf([...lines.values()], target, code);
    for (const line of lines.values()) this.#makeMap(line);
    let targetOp = -1;
    if (target !== undefined) {
      targetOp = this.#ops.length;
      this.#load(target, 'target_', 0, -1, array);
    }
    this.#load(code, '', target?.functions.length ?? 0, targetOp, array);
    return this.#ops;
  }

  #makeBtf(maps: readonly MapLine[], target: Assembly | undefined, code: Assembly): void {
    const wanted = new Set<string>();
    for (const { fields } of maps) {
      for (const key of ['key', 'value']) {
        const type = fields.get(key);
        if (type !== undefined && !/^\d/.test(type)) {
          wanted.add(type);
          if (key === 'value' && /^\d/.test(fields.get('key') ?? '4')) wanted.add(intOf(fields.get('key') ?? '4'));
        }
      }
    }
    for (const { kind, name } of code.references) if (kind === 'typeid') wanted.add(typeName(name));
    const relocations = (this.#word('core_relos') ?? '').split(/[\s,]+/);
    for (const token of relocations) if (/^(struct|union)_/.test(token)) wanted.add(typeName(token));
    this.#texts = relocations.filter((token) => token.startsWith('"'));
    const functions = [...(target?.functions ?? []), ...code.functions].map(({ text }) => text);
    const lines = [...(target?.lines ?? []), ...code.lines];
    const need = wanted.size > 0 || functions.length > 0 || lines.length > 0 || this.#declarations.length > 0;
    if (!need) return;
    this.#functionNames = functions.map((text) => /(\w+)\(/.exec(text)?.[1] ?? '');
    this.#typeNames = [...wanted];
    const strings = [
      ...lines.flatMap(({ file, text }) => [file, text]),
      ...this.#texts.map((text) => text.slice(1, -1)),
    ];
    this.#types = declareC(this.#declarations, functions, this.#typeNames, strings);
    this.#btfOp = this.#ops.length;
    const op = new OpBuilder(BTF_LOAD).set('btf', this.#types.bytes).set('btf_size', this.#types.bytes.length);
    this.#ops.push(op.done(BPF_CMD.BTF_LOAD, CAP_FULL_SET));
  }

  #typeId(name: string): number {
    return this.#types!.types[this.#typeNames.indexOf(name)] ?? 0;
  }

  #makeMap({ name, type, fields }: MapLine): void {
    const op = new OpBuilder(MAP_CREATE).set('map_type', upper(BPF_MAP_TYPE, type));
    const value = fields.get('value') ?? '0';
    const key = fields.get('key') ?? '4';
    if (/^\d/.test(value)) op.set('value_size', Number(value));
    else {
      const keyName = /^\d/.test(key) ? intOf(key) : key;
      const noKey = Number(key) === 0;
      op.set('btf_value_type_id', this.#typeId(value)).set('btf_key_type_id', noKey ? 0 : this.#typeId(keyName));
      op.set('value_size', this.#types!.sizes[this.#typeNames.indexOf(value)]!).fd('btf_fd', this.#btfOp);
    }
    op.set('key_size', /^\d/.test(key) ? Number(key) : this.#types!.sizes[this.#typeNames.indexOf(key)]!);
    op.set('max_entries', Number(fields.get('max') ?? 4)).set('map_flags', Number(fields.get('flags') ?? 0));
    if (fields.has('extra')) op.set('map_extra', BigInt(fields.get('extra')!));
    if (fields.has('excl')) op.set('excl_prog_hash', new Uint8Array(32)).set('excl_prog_hash_size', 32);
    const inner = fields.get('inner');
    if (inner !== undefined) op.fd('inner_map_fd', this.#maps.get(inner)!);
    this.#maps.set(name, this.#ops.length);
    this.#ops.push(op.done(BPF_CMD.MAP_CREATE, CAP_FULL_SET));
    if (fields.has('data')) {
      const bytes = new Uint8Array(Number(value));
      bytes.set(Buffer.from(fields.get('data')!, 'latin1'));
      const update = new OpBuilder(ELEM)
        .fd('map_fd', this.#maps.get(name)!)
        .set('key', new Uint8Array(4))
        .set('value', bytes);
      this.#ops.push(update.done(BPF_CMD.MAP_UPDATE_ELEM, CAP_FULL_SET));
    }
    if (fields.has('frozen')) {
      const freeze = new OpBuilder(ELEM).fd('map_fd', this.#maps.get(name)!);
      this.#ops.push(freeze.done(BPF_CMD.MAP_FREEZE, CAP_FULL_SET));
    }
  }

  #load(code: Assembly, prefix: string, firstFunction: number, targetOp: number, array: readonly string[]): void {
    const op = new OpBuilder(PROG_LOAD);
    let keepsLog = true;
    const insns = code.insns.slice();
    const view = new DataView(insns.buffer);
    op.set('prog_type', upper(BPF_PROG_TYPE, this.#word(`${prefix}type`) ?? (prefix === '' ? 'socket_filter' : 'xdp')));
    op.set('insns', insns).set('insn_cnt', insns.length / 8);
    for (const { insn, kind, name } of code.references) {
      const at = insn * 8;
      if (kind === 'map') this.#mapRef(op, at + 4, name);
      else if (kind === 'mapidx') view.setInt32(at + 4, array.indexOf(name), true);
      else if (kind === 'typeid') view.setInt32(at + 4, this.#typeId(typeName(name)), true);
      else view.setInt32(at + 4, this.#ids(kind === 'kfunc' ? 'func' : 'var', name), true);
    }
    op.set('license', Buffer.from(`${this.#word('license') ?? 'GPL'}\0`, 'latin1'));
    const attach = this.#word(`${prefix}attach`);
    if (attach !== undefined) op.set('expected_attach_type', upper(BPF_ATTACH_TYPE, attach));
    const attachBtf = this.#word(`${prefix}attach_btf`);
    if (attachBtf !== undefined) op.set('attach_btf_id', this.#ids('any', attachBtf));
    const flags = (this.#word(`${prefix}flags`) ?? '').split(/\s+/).filter((flag) => flag !== '');
    op.set(
      'prog_flags',
      flags.reduce((sum, flag) => sum | upper(BPF_F_PROG, flag), 0),
    );
    if (targetOp >= 0) {
      op.fd('attach_prog_fd', targetOp);
      const name = this.#word('target_func');
      const texts = assemble(this.#block('target')).functions;
      const at = name === undefined ? 0 : texts.findIndex(({ text }) => text.includes(`${name}(`));
      op.set('attach_btf_id', this.#types?.functions[at] ?? 0);
    }
    this.#debugInfo(op, code, prefix, firstFunction);
    if (array.length > 0 && prefix === '') {
      const bytes = new Uint8Array(array.length * 4);
      op.set('fd_array', bytes);
      const data = op.data.length - 1;
      array.forEach((name, i) => {
        if (/^-?\d+$/.test(name)) new DataView(bytes.buffer).setInt32(i * 4, Number(name), true);
        else
          op.fds.push({
            data,
            at: i * 4,
            op: name === 'btf' ? this.#btfOp : name === 'prog' ? targetOp : this.#maps.get(name)!,
          });
      });
    }
    op.set('log_level', Number(this.#word('level') ?? 2));
    op.set('log_size', LOG_SIZE);
    if (prefix === '') {
      for (const [, name, value] of (this.#word('attr') ?? '').matchAll(/(\w+)=(\S+)/g)) {
        op.drop(name!);
        if (name === 'log_buf') keepsLog = false;
        if (/^-?[0-9]/.test(value!))
          op.set(name!, BigInt(value!.replace(/^-/, '')) * (value!.startsWith('-') ? -1n : 1n));
        else op.set(name!, Buffer.from(`${value}\0`, 'latin1'));
      }
    }
    this.#ops.push(
      op.done(
        BPF_CMD.PROG_LOAD,
        prefix === '' ? capsOf(this.#word('caps')) : CAP_FULL_SET,
        keepsLog ? { at: PROG_LOAD.at.log_buf, size: LOG_SIZE } : undefined,
      ),
    );
  }

  #mapRef(op: OpBuilder, at: number, name: string): void {
    const number = name === 'btf' ? this.#btfOp : this.#maps.get(name);
    if (name !== 'nothing') op.fds.push({ data: 0, at, op: number! });
  }

  /** Rows of numbers (or names of functions, for their types) in place of the records made. */
  #records(word: string, made: readonly (readonly number[])[]): readonly (readonly number[])[] {
    const given = this.#word(word);
    if (given === undefined) return made;
    const names = this.#functionNames;
    const number = (one: string): number => {
      if (/^\d/.test(one)) return Number(one);
      if (one.startsWith('"')) return this.#types?.strings.at(this.#texts.indexOf(one) - this.#texts.length) ?? 0;
      if (/^(struct|union)_/.test(one)) return this.#typeId(typeName(one));
      return this.#types?.functions[names.indexOf(one)] ?? 0;
    };
    return given.split(',').map((row) => row.trim().split(/\s+/).map(number));
  }

  #setRecords(op: OpBuilder, field: string, count: string, size: string, rows: readonly (readonly number[])[]): void {
    if (rows.length === 0) return;
    const words = rows.flat();
    const bytes = new Uint8Array(words.length * 4);
    const view = new DataView(bytes.buffer);
    words.forEach((value, i) => {
      view.setUint32(i * 4, value >>> 0, true);
    });
    op.set(field, bytes)
      .set(count, rows.length)
      .set(size, rows[0]!.length * 4);
  }

  #debugInfo(op: OpBuilder, code: Assembly, prefix: string, firstFunction: number): void {
    if (this.#types === undefined) return;
    const { functions, strings } = this.#types;
    const funcs = code.functions.map(({ insn }, i) => [insn, functions[firstFunction + i]!]);
    const lines = code.lines.map(({ insn, line }, i) => [insn, strings[i * 2]!, strings[i * 2 + 1]!, line << 10]);
    const own = prefix === '';
    op.fd('prog_btf_fd', this.#btfOp);
    const records = (word: string, made: readonly (readonly number[])[]): readonly (readonly number[])[] =>
      own ? this.#records(word, made) : made;
    this.#setRecords(op, 'func_info', 'func_info_cnt', 'func_info_rec_size', records('func_info', funcs));
    this.#setRecords(op, 'line_info', 'line_info_cnt', 'line_info_rec_size', records('line_info', lines));
    this.#setRecords(op, 'core_relos', 'core_relo_cnt', 'core_relo_rec_size', records('core_relos', []));
  }
}

function intOf(size: string): string {
  return `u${Number(size) * 8}`;
}

/** `struct_node` in an instruction is `struct node`. */
function typeName(name: string): string {
  return name.replace(/^(struct|union)_/, '$1 ');
}

/** A log's text without what differs from machine to machine. */
export function maskLog(log: string): string {
  return log.replace(/(?<=[ =])0?x?ffff[0-9a-f]{12}\b/g, 'ADDR').replace(/(?<=\w#)\d{5,}/g, 'ID');
}

/** The last line that is no statistic; empty when there is none. */
export function lastMessage(log: string): string {
  const lines = log
    .split('\n')
    .filter((line) => line !== '' && !/^(processed \d|verification time|stack depth)/.test(line));
  return lines[lines.length - 1] ?? '';
}

function squeeze(line: string): string {
  return line.trim().replace(/\s+/g, ' ');
}

/** Whether a line is what was expected, `…` standing for anything. */
export function lineMatches(expected: string, line: string): boolean {
  const parts = squeeze(expected).split('…');
  if (parts.length === 1) return parts[0] === line;
  return new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${'$'}{}()|[\]\\]/g, '\\$&')).join('.*')}$`).test(line);
}

/** What a log is missing of the lines a case wants (`post`), or undefined. */
export function missingPost(test: TextCase, log: string): string | undefined {
  const lines = log.split('\n').map(squeeze);
  let from = 0;
  for (const expected of test.words.get('post') ?? []) {
    const state = /^(\d+): ((?:frame\d+:|R\d|fp).*)$/.exec(expected);
    const at = lines.findIndex((line, i) => {
      if (i < from) return false;
      if (lineMatches(expected, line)) return true;
      if (state === null || !line.startsWith(`${state[1]}: (`)) return false;
      const semicolon = line.lastIndexOf(' ; ');
      return semicolon >= 0 && lineMatches(state[2]!, line.slice(semicolon + 3));
    });
    if (at < 0) return expected;
    from = at;
  }
  return undefined;
}
