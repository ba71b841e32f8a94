/** `bpf-emu run --step`: each instruction, what it changed, and the line of source that it comes from. */
import { LoadedProg } from '../syscall/loaded_prog.ts';
import { type DisasmNames, disasmInsn } from '../vm/disasm.ts';
import { helperName } from '../vm/helpers/protos.ts';
import type { BpfProg } from '../vm/prog.ts';

/** `struct bpf_line_info`: instruction, file, text of the line, line << 10 | column. */
const LINE_INFO_SIZE = 16;

/** Where a program's instructions come from, as its BTF says: at the first instruction of each line. */
function sourceLines(prog: BpfProg): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  const { lineInfo, btf } = prog instanceof LoadedProg ? prog.facts : {};
  if (lineInfo === undefined || btf === undefined) return found;
  const view = new DataView(lineInfo.buffer, lineInfo.byteOffset, lineInfo.byteLength);
  for (let at = 0; at + LINE_INFO_SIZE <= view.byteLength; at += LINE_INFO_SIZE) {
    const file = (btf.table.string(view.getUint32(at + 4, true)) ?? '').replace(/^.*\//, '');
    const text = (btf.table.string(view.getUint32(at + 8, true)) ?? '').trim();
    const line = view.getUint32(at + 12, true) >>> 10;
    if (text !== '') found.set(view.getUint32(at, true), `; ${text} @ ${file}:${line}`);
  }
  return found;
}

/** How calls and constants of a program read. */
function namesOf(prog: BpfProg): DisasmNames {
  const { insns } = prog;
  return {
    call: (i) => `bpf_${helperName(insns.imm[i]!) ?? 'unknown'}#${insns.imm[i]}`,
    imm64: (i) => (BigInt(insns.imm[i + 1]! >>> 0) << 32n) | BigInt(insns.imm[i]! >>> 0),
  };
}

/** Prints each instruction before it runs, and above it what the one before changed. */
export function traceSteps(prog: BpfProg, write: (line: string) => void): void {
  const sources = new Map<BpfProg, ReadonlyMap<number, string>>();
  let shown = '';
  const before = new Int32Array(22);
  let isFirst = true;
  prog.vm.hook = (running, insn, regs) => {
    // What the registers hold before anything is written to them is nobody's business, but for these two.
    if (isFirst)
      for (const reg of [0, 2, 3, 4, 5, 6, 7, 8, 9]) before.set(regs.subarray(2 * reg, 2 * reg + 2), 2 * reg);
    isFirst = false;
    const changed: string[] = [];
    for (let reg = 0; reg <= 10; reg++) {
      const lo = regs[2 * reg]! >>> 0;
      const hi = regs[2 * reg + 1]! >>> 0;
      if (before[2 * reg] === (lo | 0) && before[2 * reg + 1] === (hi | 0)) continue;
      before[2 * reg] = lo;
      before[2 * reg + 1] = hi;
      changed.push(`r${reg}=0x${((BigInt(hi) << 32n) | BigInt(lo)).toString(16)}`);
    }
    if (changed.length > 0) write(`${' '.repeat(8)}${changed.join(' ')}`);
    const lines = sources.get(running) ?? sourceLines(running);
    sources.set(running, lines);
    const source = lines.get(insn);
    if (source !== undefined && source !== shown) write(source);
    shown = source ?? shown;
    write(`${running.name}:${String(insn).padStart(4)}: ${disasmInsn(running.insns, insn, namesOf(running))}`);
  };
}
