/**
 * Links a program with the functions it calls: each is appended once, in the order in
 * which they are first met, and the calls become relative to the instruction.
 */
import { EINVAL, Errno } from '../uapi/errno.ts';
import { BPF_PSEUDO_CALL, BPF_PSEUDO_FUNC } from '../vm/insn.ts';
import { Code, INSN_SIZE, OP_CALL } from './code.ts';
import type { Func } from './functions.ts';
import type { Fixup } from './spec.ts';

/** Most instructions of one linked program. */
const MAX_INSNS = 1_000_000;

/** A linked program. */
export interface Linked {
  readonly insns: Uint8Array;
  readonly fixups: Fixup[];
  readonly funcInfo: Uint8Array;
  readonly lineInfo: Uint8Array;
}

/** Links `main`; `extra` are functions that are appended though nothing calls them. */
export function linkProgram(main: Func, functions: readonly Func[], extra: readonly Func[]): Linked {
  const byPlace = new Map(functions.map((func) => [`${func.section.index}:${func.start}`, func]));
  const placed: Func[] = [];
  const starts = new Map<Func, number>();
  let length = 0;
  const place = (func: Func): void => {
    starts.set(func, length);
    placed.push(func);
    length += func.code.length;
    if (length > MAX_INSNS)
      throw new Errno(
        EINVAL,
        `Cannot link ${main.name}: with what it calls it has more than ${MAX_INSNS} instructions`,
      );
  };
  place(main);
  // Depth first, with a list instead of recursion: chains of calls may be long.
  const pending: [Func, number][] = [[main, 0]];
  for (let top = pending.pop(); top !== undefined; top = pending.pop()) {
    const [func, next] = top;
    const reference = func.references[next];
    if (reference === undefined) continue;
    pending.push([func, next + 1]);
    const target = targetOf(byPlace, main, func, next);
    if (starts.has(target)) continue;
    place(target);
    pending.push([target, 0]);
  }
  for (const func of extra) if (!starts.has(func)) place(func);
  return assemble(byPlace, main, placed, starts, length);
}

function targetOf(byPlace: ReadonlyMap<string, Func>, main: Func, func: Func, index: number): Func {
  const reference = func.references[index]!;
  const target = byPlace.get(`${reference.section}:${reference.target}`);
  if (target === undefined)
    throw new Errno(
      EINVAL,
      `Cannot link ${main.name}: instruction ${reference.insn} of ${func.name} calls into the middle of nothing`,
    );
  return target;
}

function assemble(
  byPlace: ReadonlyMap<string, Func>,
  main: Func,
  placed: readonly Func[],
  starts: ReadonlyMap<Func, number>,
  length: number,
): Linked {
  const code = new Code(new Uint8Array(length * INSN_SIZE));
  const fixups: Fixup[] = [];
  const funcInfo: Uint8Array[] = [];
  const lineInfo: Uint8Array[] = [];
  for (const func of placed) {
    const start = starts.get(func)!;
    code.bytes.set(func.code.bytes, start * INSN_SIZE);
    for (const [index, reference] of func.references.entries()) {
      const insn = start + reference.insn;
      // A relocation of CO-RE may have poisoned the call.
      const isCall = code.op(insn) === OP_CALL;
      code.setImm(insn, starts.get(targetOf(byPlace, main, func, index))! - insn - 1);
      code.setSrc(insn, isCall ? BPF_PSEUDO_CALL : BPF_PSEUDO_FUNC);
      if (!isCall) code.setImm(insn + 1, 0);
    }
    for (const fixup of func.fixups) fixups.push({ ...fixup, insn: start + fixup.insn });
    funcInfo.push(...func.funcInfo.map((record) => moved(record, start)));
    lineInfo.push(...func.lineInfo.map((record) => moved(record, start)));
  }
  return { insns: code.bytes, fixups, funcInfo: concat(funcInfo), lineInfo: concat(lineInfo) };
}

/** A record for instructions that start later. */
function moved(record: Uint8Array, by: number): Uint8Array {
  const copy = record.slice();
  const view = new DataView(copy.buffer);
  view.setUint32(0, view.getUint32(0, true) + by, true);
  return copy;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
