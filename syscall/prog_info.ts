/**
 * The info of a program (`bpf_prog_get_info_by_fd`).
 *
 * Lengths in the structure are capacities on the way in and totals on the way out.
 * Compiled code is WebAssembly here, so its addresses and bytes are withheld, as the
 * kernel does where kernel addresses are restricted (`bpf_dump_raw_ok`).
 */
import type { Btf } from '../btf/btf.ts';
import { CAP } from '../uapi/capability.ts';
import { EFAULT, EINVAL } from '../uapi/errno.ts';
import { OP_CALL, OP_LDDW } from '../vm/insn.ts';
import { arm, char, ptr, u32, u64 } from './attr_layout.ts';
import type { Caller } from './caller.ts';
import { capable } from './fd.ts';
import type { Kernel } from './kernel.ts';
import { LoadedProg } from './loaded_prog.ts';
import type { UserStruct } from './user_struct.ts';

const out = 'out';

/** `struct bpf_prog_info`. */
export const PROG_INFO = arm('bpf_prog_info', [
  u32('type', 'type of the program'),
  u32('id', 'id'),
  char('tag', 8, 'digest of the instructions'),
  u32('jited_prog_len', 'bytes of compiled code', { dir: 'inout' }),
  u32('xlated_prog_len', 'bytes of instructions', { dir: 'inout' }),
  ptr('jited_prog_insns', { dir: out, what: 'compiled code', length: { field: 'jited_prog_len' } }),
  ptr('xlated_prog_insns', { dir: out, what: 'instructions', length: { field: 'xlated_prog_len' } }),
  u64('load_time', 'nanoseconds since boot'),
  u32('created_by_uid', 'user who loaded it'),
  u32('nr_map_ids', 'number of maps', { dir: 'inout' }),
  ptr('map_ids', { dir: out, what: 'ids of the maps', length: { field: 'nr_map_ids', each: 4 } }),
  char('name', 16, 'name'),
  u32('ifindex', 'net device it is bound to'),
  u32('gpl_compatible', 'bit 0: license'),
  u64('netns_dev', 'net namespace of the device'),
  u64('netns_ino', 'net namespace of the device'),
  u32('nr_jited_ksyms', 'number of functions', { dir: 'inout' }),
  u32('nr_jited_func_lens', 'number of functions', { dir: 'inout' }),
  ptr('jited_ksyms', { dir: out, what: 'addresses', length: { field: 'nr_jited_ksyms', each: 8 } }),
  ptr('jited_func_lens', { dir: out, what: 'lengths', length: { field: 'nr_jited_func_lens', each: 4 } }),
  u32('btf_id', 'BTF of the program'),
  u32('func_info_rec_size', 'bytes of a record: 8'),
  ptr('func_info', { dir: out, what: 'func_info records', length: { field: 'nr_func_info', each: 8 } }),
  u32('nr_func_info', 'number of func_info records', { dir: 'inout' }),
  u32('nr_line_info', 'number of line_info records', { dir: 'inout' }),
  ptr('line_info', { dir: out, what: 'line_info records', length: { field: 'nr_line_info', each: 16 } }),
  ptr('jited_line_info', { dir: out, what: 'addresses of lines', length: { field: 'nr_jited_line_info', each: 8 } }),
  u32('nr_jited_line_info', 'number of addresses', { dir: 'inout' }),
  u32('line_info_rec_size', 'bytes of a record: 16'),
  u32('jited_line_info_rec_size', 'bytes of a record: 8'),
  u32('nr_prog_tags', 'number of functions', { dir: 'inout' }),
  ptr('prog_tags', { dir: out, what: 'tag of each function', length: { field: 'nr_prog_tags', each: 8 } }),
  u64('run_time_ns', 'time spent in runs'),
  u64('run_cnt', 'number of runs'),
  u64('recursion_misses', 'runs not made'),
  u32('verified_insns', 'instructions the verifier processed'),
  u32('attach_btf_obj_id', 'BTF of what it attaches to'),
  u32('attach_btf_id', 'function it attaches to'),
]);

const AT = PROG_INFO.at;
const FUNC_INFO_SIZE = 8;
const LINE_INFO_SIZE = 16;
const JITED_LINE_INFO_SIZE = 8;
const TAG_SIZE = 8;
/** Bytes of machine code an instruction comes to, on average: the length that is told of compiled code. */
const JITED_BYTES_PER_INSN = 5;

/** Fills the structure: 0 or -errno. */
export function fillProgInfo(prog: LoadedProg, info: UserStruct, caller: Caller, kernel: Kernel): number {
  const { facts } = prog;
  info.setU32(AT.type, prog.type);
  info.setU32(AT.id, prog.id);
  info.bytes.set(prog.tag, AT.tag);
  info.setU64(AT.load_time, facts.loadTime);
  info.setU32(AT.created_by_uid, facts.createdByUid);
  info.setU32(AT.gpl_compatible, ((info.u32(AT.gpl_compatible) & ~1) | (facts.gplCompatible ? 1 : 0)) >>> 0);
  info.setText(AT.name, 16, prog.name);
  const maps = Uint32Array.from(prog.usedMaps, (map) => map.id);
  if (!handOut(info, caller, AT.nr_map_ids, AT.map_ids, bytesOf(maps), 4)) return -EFAULT;
  const sizes = recordSizes(info);
  if (sizes < 0) return sizes;
  info.setU64(AT.run_time_ns, BigInt(Math.round(prog.runTimeNs)));
  info.setU64(AT.run_cnt, BigInt(prog.runCnt));
  info.setU64(AT.recursion_misses, BigInt(prog.recursionMisses));
  info.setU32(AT.verified_insns, facts.verifiedInsns);
  if (facts.btf !== undefined) info.setU32(AT.btf_id, facts.btf.id);
  if (!capable(caller, CAP.BPF)) {
    for (const at of WITHHELD) info.setU32(at, 0);
    return 0;
  }
  return fillCode(prog, info, caller, kernel);
}

/** Counts that a caller without CAP_BPF reads as 0. */
const WITHHELD = [
  AT.jited_prog_len,
  AT.xlated_prog_len,
  AT.nr_jited_ksyms,
  AT.nr_jited_func_lens,
  AT.nr_func_info,
  AT.nr_line_info,
  AT.nr_jited_line_info,
];

/** Record sizes must be ours or, without records asked for, 0 (`set_info_rec_size`). */
function recordSizes(info: UserStruct): number {
  const rows = [
    [AT.nr_func_info, AT.func_info_rec_size, FUNC_INFO_SIZE],
    [AT.nr_line_info, AT.line_info_rec_size, LINE_INFO_SIZE],
    [AT.nr_jited_line_info, AT.jited_line_info_rec_size, JITED_LINE_INFO_SIZE],
  ] as const;
  for (const [count, size, ours] of rows) {
    if ((info.u32(count) !== 0 || info.u32(size) !== 0) && info.u32(size) !== ours) return -EINVAL;
  }
  for (const [, size, ours] of rows) info.setU32(size, ours);
  return 0;
}

/** Instructions, functions and debug information. */
function fillCode(prog: LoadedProg, info: UserStruct, caller: Caller, _kernel: Kernel): number {
  const { facts, shown } = prog;
  if (!handOut(info, caller, AT.xlated_prog_len, AT.xlated_prog_insns, dumped(shown.insns, caller), 1)) return -EFAULT;
  const asked = info.u32(AT.jited_prog_len);
  info.setU32(AT.jited_prog_len, prog.jited ? (shown.insns.length / 8) * JITED_BYTES_PER_INSN : 0);
  if (asked !== 0 && prog.jited) info.setU64(AT.jited_prog_insns, 0n);
  withhold(info, AT.nr_jited_ksyms, AT.jited_ksyms, prog.funcCount);
  withhold(info, AT.nr_jited_func_lens, AT.jited_func_lens, prog.funcCount);
  info.setU32(AT.attach_btf_id, facts.attachBtfId);
  const attachBtf = targetBtf(prog);
  if (attachBtf !== undefined) info.setU32(AT.attach_btf_obj_id, attachBtf.id);
  if (!handOut(info, caller, AT.nr_func_info, AT.func_info, shown.funcInfo, FUNC_INFO_SIZE)) return -EFAULT;
  if (!handOut(info, caller, AT.nr_line_info, AT.line_info, shown.lineInfo, LINE_INFO_SIZE)) return -EFAULT;
  withhold(info, AT.nr_jited_line_info, AT.jited_line_info, prog.jited ? shown.lineInfo.length / LINE_INFO_SIZE : 0);
  return handOut(info, caller, AT.nr_prog_tags, AT.prog_tags, prog.funcTags, TAG_SIZE) ? 0 : -EFAULT;
}

/** What calls call is an address, and nothing for callers without CAP_SYSLOG (`bpf_insn_prepare_dump`, `bpf_dump_raw_ok`). */
function dumped(insns: Uint8Array, caller: Caller): Uint8Array {
  if (caller.hasCap(CAP.SYSLOG)) return insns;
  const hidden = insns.slice();
  for (let at = 0; at < hidden.length; at += 8) {
    if (hidden[at] === OP_LDDW) at += 8;
    else if (hidden[at] === OP_CALL) hidden.fill(0, at + 4, at + 8);
  }
  return hidden;
}

/** Types of the function it is for: a program's until it is attached (`bpf_prog_get_target_btf`), or the kernel's. */
function targetBtf(prog: LoadedProg): Btf | undefined {
  const { dstProg, attachBtf } = prog.facts;
  return dstProg instanceof LoadedProg && !prog.targetTaken ? dstProg.facts.btf : attachBtf;
}

/** A list whose addresses nobody may see: its count, and NULL when it was asked for. */
function withhold(info: UserStruct, countAt: number, pointerAt: number, count: number): void {
  const asked = info.u32(countAt);
  info.setU32(countAt, count);
  if (asked !== 0 && count !== 0) info.setU64(pointerAt, 0n);
}

/** Hands out as many records as the caller has room for, and tells how many there are. */
function handOut(
  info: UserStruct,
  caller: Caller,
  countAt: number,
  pointerAt: number,
  bytes: Uint8Array,
  each: number,
): boolean {
  const room = info.u32(countAt);
  const total = bytes.length / each;
  info.setU32(countAt, total);
  const count = Math.min(room, total);
  return count === 0 || caller.write(info.addr(pointerAt), bytes.subarray(0, count * each)) === 0;
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer);
}
