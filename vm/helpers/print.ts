/** Helpers that print (man bpf-helpers): to the trace, to a buffer, to an iterator's file. */
import { BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import { EINVAL, EOVERFLOW } from '../../uapi/errno.ts';
import type { HelperRecord } from '../helper.ts';
import { fireTracepoint } from '../trampoline.ts';
import { pointerBits, type Vm } from '../vm.ts';
import { formatText, readArgs, readFormat } from './format.ts';

/** Characters of one line of the trace (`BPF_TRACE_PRINTK_SIZE`). */
const TRACE_MAX = 1024;
/** What a trace shows of where programs run, by their type (`trace_print_lat_fmt`; asked of 6.18). */
const CONTEXT_FLAGS: ReadonlyMap<number, string> = new Map([
  ...[PT.RAW_TRACEPOINT, PT.RAW_TRACEPOINT_WRITABLE, PT.TRACEPOINT].map((type) => [type, '...2.'] as const),
  ...[PT.XDP, PT.SCHED_CLS, PT.SCHED_ACT, PT.SOCKET_FILTER, PT.CGROUP_SKB, PT.LWT_IN, PT.LWT_OUT, PT.LWT_XMIT].map(
    (type) => [type, 'b..11'] as const,
  ),
]);

/** A format without its NUL at the end is refused. */
const LATIN1 = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** The format of helpers that are told its size: its last byte must be the NUL. */
function sizedFormat(vm: Vm, at: number, size: number): string | number {
  if (size <= 0 || vm.env.arena.u8[at + size - 1] !== 0) return -EINVAL;
  return readFormat(vm, at, size);
}

/** Adds a line to the trace: the length of the text. */
function trace(vm: Vm, format: string | number, args: readonly bigint[]): number {
  if (typeof format === 'number') return format;
  const text = formatText(vm, format, args);
  if (typeof text === 'number') return text;
  const line = text.slice(0, TRACE_MAX - 1);
  const { comm, pid } = vm.task;
  const flags = CONTEXT_FLAGS.get(vm.current?.type ?? 0) ?? '...11';
  vm.onTrace?.({ comm, pid, cpu: vm.env.cpu, time: vm.env.clock.monotonic(), text: line, flags });
  traceEvent(vm, line);
  return line.length;
}

/** The tracepoint `bpf_trace_printk`, with the address of the text. */
function traceEvent(vm: Vm, line: string): void {
  if (!vm.tracepoints.has('bpf_trace_printk')) return;
  const { arena } = vm.env;
  const size = line.length + 1;
  const text = arena.alloc(size);
  if (text === 0) return;
  arena.u8.set(LATIN1(`${line}\0`), text);
  try {
    fireTracepoint(vm, 'bpf_trace_printk', [pointerBits(text)]);
  } finally {
    arena.free(text, size);
  }
}

function word(lo: number, hi: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

/** bpf_trace_printk: up to three arguments, which need not all be used. */
function tracePrintk(vm: Vm, at = 0, size = 0, lo1 = 0, hi1 = 0, lo2 = 0, hi2 = 0, lo3 = 0, hi3 = 0): number {
  return trace(vm, sizedFormat(vm, at, size), [word(lo1, hi1), word(lo2, hi2), word(lo3, hi3)]);
}

function traceVprintk(vm: Vm, at = 0, size = 0, data = 0, length = 0): number {
  const args = readArgs(vm, data, length);
  return typeof args === 'number' ? args : trace(vm, sizedFormat(vm, at, size), args);
}

/** bpf_snprintf: the length of the whole text with its NUL, cut to the buffer. */
function snprintf(vm: Vm, buffer = 0, size = 0, format = 0, data = 0, length = 0): number {
  const args = readArgs(vm, data, length);
  if (typeof args === 'number') return args;
  const text = readFormat(vm, format, 4096);
  if (typeof text === 'number') return text;
  const out = formatText(vm, text, args);
  if (typeof out === 'number') return out;
  if (size > 0) {
    const bytes = LATIN1(out.slice(0, size - 1));
    vm.env.arena.u8.set(bytes, buffer);
    vm.env.arena.u8[buffer + bytes.length] = 0;
  }
  return out.length + 1;
}

function seqPrintf(vm: Vm, seq = 0, at = 0, size = 0, data = 0, length = 0): number {
  const args = readArgs(vm, data, length);
  if (typeof args === 'number') return args;
  const format = sizedFormat(vm, at, size);
  if (typeof format === 'number') return format;
  const text = formatText(vm, format, args);
  if (typeof text === 'number') return text;
  return vm.seqFiles.get(seq)?.write(LATIN1(text)) === false ? -EOVERFLOW : 0;
}

function seqWrite(vm: Vm, seq = 0, data = 0, length = 0): number {
  const bytes = vm.env.arena.u8.slice(data, data + length);
  return vm.seqFiles.get(seq)?.write(bytes) === false ? -EOVERFLOW : 0;
}

export const PRINT_HELPERS: readonly HelperRecord[] = [
  {
    id: 6,
    name: 'trace_printk',
    doc: 'Prints a line to the trace, with up to three arguments.',
    args: 'iilll',
    ret: 'int',
    fn: tracePrintk,
  },
  { id: 177, name: 'trace_vprintk', doc: 'Prints a line to the trace.', args: 'iiii', ret: 'int', fn: traceVprintk },
  {
    id: 165,
    name: 'snprintf',
    doc: 'Formats into a buffer: length with the NUL.',
    args: 'iiiii',
    ret: 'int',
    fn: snprintf,
  },
  { id: 126, name: 'seq_printf', doc: 'Formats into an iterator’s file.', args: 'iiiii', ret: 'int', fn: seqPrintf },
  { id: 127, name: 'seq_write', doc: 'Writes to an iterator’s file.', args: 'iii', ret: 'int', fn: seqWrite },
];
