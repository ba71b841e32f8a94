/**
 * The log's text for registers, stack slots and states, in the kernel's format.
 */
import {
  baseType,
  CONST_PTR_TO_DYNPTR,
  CONST_PTR_TO_MAP,
  MEM_ALLOC,
  MEM_PERCPU,
  MEM_RCU,
  MEM_RDONLY,
  MEM_RINGBUF,
  MEM_USER,
  NON_OWN_REF,
  NOT_INIT,
  PTR_MAYBE_NULL,
  PTR_TO_ARENA,
  PTR_TO_BTF_ID,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_PACKET,
  PTR_TO_PACKET_META,
  PTR_TO_STACK,
  PTR_TRUSTED,
  PTR_UNTRUSTED,
  SCALAR_VALUE,
} from './flags.ts';
import { type Range, S32_MAX, S32_MIN, S64_MAX, S64_MIN, s64, U32_MAX, u64 } from './range.ts';
import {
  BPF_ADD_CONST,
  DYNPTR_NAMES,
  type FuncState,
  ITER_DRAINED,
  type Reg,
  SLOT_CHARS,
  STACK_DYNPTR,
  STACK_ITER,
  STACK_SPILL,
  type VState,
} from './state.ts';
import { U64_MAX } from './tnum.ts';

const BASE_NAMES = [
  '?',
  'scalar',
  'ctx',
  'map_ptr',
  'map_value',
  'map_key',
  'fp',
  'pkt_meta',
  'pkt',
  'pkt_end',
  'flow_keys',
  'sock',
  'sock_common',
  'tcp_sock',
  'tp_buffer',
  'xdp_sock',
  'ptr_',
  'mem',
  'arena',
  'buf',
  'func',
  'dynptr_ptr',
  'insn',
] as const;

const PREFIXES: readonly (readonly [number, string])[] = [
  [MEM_RDONLY, 'rdonly_'],
  [MEM_RINGBUF, 'ringbuf_'],
  [MEM_USER, 'user_'],
  [MEM_PERCPU, 'percpu_'],
  [MEM_RCU, 'rcu_'],
  [PTR_UNTRUSTED, 'untrusted_'],
  [PTR_TRUSTED, 'trusted_'],
];

/** A register type in words (`reg_type_str`). */
export function regTypeStr(type: number): string {
  let text = '';
  for (const [flag, name] of PREFIXES) if ((type & flag) !== 0) text += name;
  text += BASE_NAMES[baseType(type)] ?? '?';
  if ((type & PTR_MAYBE_NULL) !== 0) text += baseType(type) === PTR_TO_BTF_ID ? 'or_null_' : '_or_null';
  return text;
}

/** A signed number: decimal in 16 bits, else the hex of its 64 bits. */
function snum(value: bigint): string {
  return value >= -32768n && value <= 32767n ? value.toString() : `0x${u64(value).toString(16)}`;
}

/** An unsigned number: decimal in 16 bits, else hex. */
function unum(value: bigint | number): string {
  return value <= 65535 ? value.toString() : `0x${value.toString(16)}`;
}

interface Bound {
  readonly name: string;
  /** The 64 bits that decide which bounds are printed together. */
  readonly val: bigint;
  omit: boolean;
}

/** The ranges that say something, equal ones joined (`smin=umin=1`). */
function scalarRanges(r: Range): string {
  const s32 = (n: number): bigint => (n >= -32768 && n <= 32767 ? BigInt(n) : BigInt(n >>> 0));
  const bounds: Bound[] = [
    { name: 'smin', val: u64(r.smin), omit: r.smin === S64_MIN },
    { name: 'smax', val: u64(r.smax), omit: r.smax === S64_MAX },
    { name: 'umin', val: r.umin, omit: r.umin === 0n },
    { name: 'umax', val: r.umax, omit: r.umax === U64_MAX },
    { name: 'smin32', val: u64(s32(r.s32min)), omit: r.s32min === S32_MIN },
    { name: 'smax32', val: u64(s32(r.s32max)), omit: r.s32max === S32_MAX },
    { name: 'umin32', val: BigInt(r.u32min), omit: r.u32min === 0 },
    { name: 'umax32', val: BigInt(r.u32max), omit: r.u32max === U32_MAX },
  ];
  const negative = (b: Bound): boolean => b.name[0] === 's' && s64(b.val) < 0n;
  let text = '';
  for (let i = 0; i < bounds.length; i++) {
    const first = bounds[i]!;
    if (first.omit) continue;
    if (text !== '') text += ',';
    text += `${first.name}=`;
    for (let j = i + 2; j < bounds.length; j += 2) {
      const other = bounds[j]!;
      if (other.omit || other.val !== first.val || negative(other) !== negative(first)) continue;
      other.omit = true;
      text += `${other.name}=`;
    }
    text += first.name[0] === 's' ? snum(s64(first.val)) : unum(first.val);
  }
  return text;
}

function isMapPtr(type: number): boolean {
  const base = baseType(type);
  return base === CONST_PTR_TO_MAP || base === PTR_TO_MAP_VALUE || base === PTR_TO_MAP_KEY;
}

export function typeIsNonOwningRef(type: number): boolean {
  return (type & MEM_ALLOC) !== 0 && (type & NON_OWN_REF) !== 0;
}

/** One register (`print_reg_state`). */
function regStr(reg: Reg, frameno: number): string {
  const type = reg.type;
  const bits = reg.range.bits;
  let text = type === SCALAR_VALUE && reg.precise ? 'P' : '';
  if (type === SCALAR_VALUE && bits.isConst) return text + snum(s64(bits.value));
  text += regTypeStr(type);
  if (type === PTR_TO_ARENA) return text;
  if (type === PTR_TO_STACK) {
    if (reg.frameno !== frameno) text += `[${reg.frameno}]`;
    if (bits.isConst) return text + snum(s64(u64(bits.value + BigInt(reg.off))));
  }
  if (baseType(type) === PTR_TO_BTF_ID) text += reg.btf?.type(reg.btfId)?.name ?? '';
  const parts: string[] = [];
  let idText = '';
  if (reg.id !== 0) idText = `id=${reg.id & ~BPF_ADD_CONST}`;
  if ((reg.id & BPF_ADD_CONST) !== 0) idText += reg.off >= 0 ? `+${reg.off}` : `${reg.off}`;
  if (idText !== '') parts.push(idText);
  if (reg.refObjId !== 0) parts.push(`ref_obj_id=${reg.refObjId}`);
  if (typeIsNonOwningRef(type)) parts.push('non_own_ref');
  if (isMapPtr(type) && reg.map !== undefined) {
    if (reg.map.name) parts.push(`map=${reg.map.name}`);
    parts.push(`ks=${reg.map.keySize},vs=${reg.map.valueSize}`);
  }
  if (type !== SCALAR_VALUE && reg.off !== 0) parts.push(`off=${snum(BigInt(reg.off))}`);
  if (baseType(type) === PTR_TO_PACKET || baseType(type) === PTR_TO_PACKET_META) {
    parts.push(`r=${unum(BigInt.asUintN(64, BigInt(reg.num)))}`);
  }
  if (baseType(type) === PTR_TO_MEM) parts.push(`sz=${unum(reg.num)}`);
  if (type === CONST_PTR_TO_DYNPTR) parts.push(`type=${DYNPTR_NAMES[reg.num]}`);
  if (bits.isConst) {
    if (bits.value !== 0n) parts.push(`imm=${snum(s64(bits.value))}`);
  } else {
    const ranges = scalarRanges(reg.range);
    if (ranges !== '') parts.push(ranges);
    if (!bits.isUnknown) parts.push(`var_off=${bits}`);
  }
  return `${text}(${parts.join(',')})`;
}

/** Name of an iterator from its struct: `bpf_iter_num` is `num`. */
function iterTypeStr(reg: Reg): string {
  const name = reg.btf?.type(reg.btfId)?.name ?? '';
  return name.startsWith('bpf_iter_') ? name.slice(9) : name;
}

function iterStateStr(state: number): string {
  return state === ITER_DRAINED ? 'drained' : state === 1 ? 'active' : '<invalid>';
}

/**
 * The state of one frame, without a newline (`print_verifier_state`); only the
 * registers and slots in the sets unless `all`.
 */
export function frameStr(
  state: VState,
  frame: FuncState,
  regs: number,
  slots: (spi: number) => boolean,
  all: boolean,
): string {
  let text = frame.frameno > 0 ? ` frame${frame.frameno}:` : '';
  for (let i = 0; i < frame.regs.length; i++) {
    const reg = frame.regs[i]!;
    if (reg.type === NOT_INIT || (!all && ((regs >>> i) & 1) === 0)) continue;
    text += ` R${i}=${regStr(reg, frame.frameno)}`;
  }
  for (let i = 0; i < frame.stack.length; i++) {
    if (!all && !slots(i)) continue;
    let slot = frame.stack[i]!;
    if (slot.kinds === 0) continue;
    let chars = '';
    for (let j = 0; j < 8; j++) chars += SLOT_CHARS[slot.kind(j)];
    switch (slot.kind(7)) {
      case STACK_SPILL: {
        const misc = chars.slice(0, chars.indexOf('r'));
        text += ` fp${(-i - 1) * 8}=${misc}${regStr(slot.reg, frame.frameno)}`;
        break;
      }
      case STACK_DYNPTR: {
        i++;
        slot = frame.stack[i] ?? slot;
        const reg = slot.reg;
        const parts: string[] = [];
        if (reg.id !== 0) parts.push(`id=${reg.id}`);
        if (reg.refObjId !== 0) parts.push(`ref_id=${reg.refObjId}`);
        // The kernel shows what shares memory with the mark of the first slot.
        if (reg.firstSlot) parts.push('dynptr_id=1');
        text += ` fp${(-i - 1) * 8}=dynptr_${DYNPTR_NAMES[reg.num]}(${parts.join(',')})`;
        break;
      }
      case STACK_ITER: {
        const reg = slot.reg;
        if (reg.refObjId === 0) continue;
        text += ` fp${(-i - 1) * 8}=iter_${iterTypeStr(reg)}(ref_id=${reg.refObjId},state=${iterStateStr(reg.iterState)},depth=${reg.iterDepth})`;
        break;
      }
      default:
        text += ` fp${(-i - 1) * 8}=${chars}`;
    }
  }
  if (state.refs.length > 0 && state.refs[0]!.id !== 0) {
    text += ` refs=${state.refs
      .map((r) => r.id)
      .filter((id) => id !== 0)
      .join(',')}`;
  }
  if (frame.inCallback) text += ' cb';
  if (frame.inAsyncCallback) text += ' async_cb';
  return text;
}
