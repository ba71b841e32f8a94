/**
 * Contexts of the tracing types and of syscall programs: registers, records, argument
 * arrays (`kprobe_prog_is_valid_access`, `tp_prog_is_valid_access`,
 * `raw_tp_prog_is_valid_access`, `pe_prog_is_valid_access`, `syscall_prog_is_valid_access`).
 */
import { PTR_TO_TP_BUFFER, SCALAR_VALUE } from '../verifier/flags.ts';
import type { CtxAccess } from '../verifier/types.ts';

/** sizeof(struct pt_regs) on x86_64. */
export const PT_REGS_SIZE = 168;
/** The registers in it, by name. */
export const PT_REGS: readonly { readonly name: string; readonly off: number; readonly size: number }[] = [
  'r15',
  'r14',
  'r13',
  'r12',
  'bp',
  'bx',
  'r11',
  'r10',
  'r9',
  'r8',
  'ax',
  'cx',
  'dx',
  'si',
  'di',
  'orig_ax',
  'ip',
  'cs',
  'flags',
  'sp',
  'ss',
].map((name, i) => ({ name, off: 8 * i, size: 8 }));
/** `PERF_MAX_TRACE_SIZE`: a tracepoint record is shorter than this. */
export const PERF_MAX_TRACE_SIZE = 8192;
/** `MAX_BPF_FUNC_ARGS` values of 8 bytes. */
export const RAW_TP_CTX_SIZE = 96;
/** sizeof(struct bpf_perf_event_data): registers, then sample_period and addr. */
export const PERF_EVENT_CTX_SIZE = 184;
/** A syscall program's context: whatever the caller gives, below 64 KiB. */
export const SYSCALL_CTX_MAX = 65535;

const SCALAR: CtxAccess = { regType: SCALAR_VALUE, fieldSize: 0 };
const SCALAR8: CtxAccess = { regType: SCALAR_VALUE, fieldSize: 8 };

/** kprobe: struct pt_regs, read only. */
export function kprobeAccess(off: number, size: number, write: boolean): CtxAccess | undefined {
  if (off < 0 || write || off % size !== 0 || off + size > PT_REGS_SIZE) return undefined;
  return SCALAR;
}

/** tracepoint: the record behind its first 8 bytes, which belong to the kernel. */
export function tracepointAccess(off: number, size: number, write: boolean): CtxAccess | undefined {
  if (off < 8 || off >= PERF_MAX_TRACE_SIZE || write || off % size !== 0) return undefined;
  return SCALAR;
}

/** raw_tracepoint: the arguments as 64-bit values. */
export function rawTpAccess(off: number, size: number, write: boolean): CtxAccess | undefined {
  if (off < 0 || off >= RAW_TP_CTX_SIZE || write || off % size !== 0) return undefined;
  return SCALAR;
}

/** raw_tracepoint_writable: the first argument is a buffer that may be written. */
export function rawTpWritableAccess(off: number, size: number, write: boolean): CtxAccess | undefined {
  if (off === 0) {
    if (size !== 8 || write) return undefined;
    return { regType: PTR_TO_TP_BUFFER, fieldSize: 0 };
  }
  return rawTpAccess(off, size, write);
}

/** perf_event: registers as longs, then the sample's period and address. */
export function perfEventAccess(off: number, size: number, write: boolean): CtxAccess | undefined {
  if (off < 0 || off >= PERF_EVENT_CTX_SIZE || write || off % size !== 0) return undefined;
  if (off < PT_REGS_SIZE) return size === 8 ? SCALAR : undefined;
  return SCALAR8;
}

/** syscall: the caller's own structure, read and written freely. */
export function syscallAccess(off: number, size: number, _write: boolean): CtxAccess | undefined {
  if (off < 0 || off >= SYSCALL_CTX_MAX || off % size !== 0) return undefined;
  return SCALAR;
}
