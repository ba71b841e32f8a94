/**
 * Kernel functions about things the emulated kernel has none of (files, extended attributes,
 * TCP congestion, statistics of cgroups), and the few of its own that test.
 */
import { EINVAL, ENOENT, ENOTSUP, EPERM } from '../../uapi/errno.ts';
import type { HelperImpl, RetKind } from '../helper.ts';
import { fireTracepoint } from '../trampoline.ts';
import type { Vm } from '../vm.ts';
import { formatText, MAX_ARGS, readArgs, readFormat } from './format.ts';

/** Characters of one line (`MAX_BPRINTF_BUF`). */
const LINE_MAX = 1024;

/** bpf_stream_vprintk: (stream, format, arguments, their size). */
function streamVprintk(vm: Vm, id = 0, format = 0, data = 0, size = 0): number {
  const stream = vm.current?.stream(id);
  if (stream === undefined) return -ENOENT;
  const length = size >>> 0;
  if ((length & 7) !== 0 || length > MAX_ARGS * 8 || (length > 0 && data === 0)) return -EINVAL;
  const args = readArgs(vm, data, length);
  if (typeof args === 'number') return args;
  const text = readFormat(vm, format, LINE_MAX);
  if (typeof text === 'number') return text;
  const line = formatText(vm, text, args);
  if (typeof line === 'number') return line;
  return stream.push(Uint8Array.from(line.slice(0, LINE_MAX - 1), (char) => char.charCodeAt(0)));
}

/** bpf_modify_return_test_tp: fires a tracepoint with its argument and returns that; programs may stand in for it. */
function modifyReturnTestTp(vm: Vm, nonce = 0): number {
  const name = 'bpf_modify_return_test_tp';
  const arg = BigInt(nonce | 0);
  const body = (): bigint => {
    fireTracepoint(vm, 'bpf_trigger_tp', [arg]);
    return arg;
  };
  const result = vm.functions.get(name)?.call(vm, [arg], body) ?? body();
  return Number(BigInt.asIntN(32, result));
}

/** The name of an extended attribute programs may ask for (`match_security_bpf_prefix`). */
function xattrName(vm: Vm, at: number, prefixes: readonly string[]): boolean {
  const name = String.fromCharCode(...vm.env.arena.u8.subarray(at, at + 16));
  return prefixes.some((prefix) => name.startsWith(prefix));
}

const READABLE = ['user.', 'security.bpf.'];
const WRITABLE = ['security.bpf.'];

/** There are no files with attributes: names that are allowed answer as a file system without them. */
const xattr =
  (prefixes: readonly string[]) =>
  (vm: Vm, _object = 0, name = 0): number =>
    xattrName(vm, name, prefixes) ? -ENOTSUP : -EPERM;

const nothing = (): number => 0;

function of(name: string, doc: string, args: string, ret: RetKind, fn: HelperImpl['fn'] = nothing): HelperImpl {
  return { name, doc, args, ret, fn };
}

const NO_TCP = 'No TCP connections: as for one without traffic.';
/** Congestion control: functions without result, by name and arguments. */
const TCP_VOID: readonly (readonly [name: string, args: string])[] = [
  ['bbr_init', 'i'],
  ['bbr_main', 'iiii'],
  ['bbr_cwnd_event', 'ii'],
  ['bbr_set_state', 'ii'],
  ['cubictcp_init', 'i'],
  ['cubictcp_cong_avoid', 'iii'],
  ['cubictcp_state', 'ii'],
  ['cubictcp_cwnd_event', 'ii'],
  ['cubictcp_acked', 'ii'],
  ['tcp_cong_avoid_ai', 'iii'],
  ['tcp_reno_cong_avoid', 'iii'],
];
/** Those with one, and what it is for a connection whose fields are all zero. */
const TCP_VALUES: readonly (readonly [name: string, args: string, value: (...args: number[]) => number])[] = [
  ['bbr_sndbuf_expand', 'i', () => 3],
  ['bbr_undo_cwnd', 'i', () => 0],
  ['bbr_ssthresh', 'i', () => 0],
  ['bbr_min_tso_segs', 'i', () => 1],
  ['cubictcp_recalc_ssthresh', 'i', () => 2],
  ['tcp_reno_ssthresh', 'i', () => 2],
  ['tcp_reno_undo_cwnd', 'i', () => 0],
  ['tcp_slow_start', 'ii', (_sk = 0, acked = 0) => acked],
];

export const KERNEL_KFUNCS: readonly HelperImpl[] = [
  of('bpf_stream_vprintk_impl', 'Writes to a stream of the program.', 'iiii', 'int', streamVprintk),
  of('bpf_modify_return_test_tp', 'Fires `bpf_trigger_tp`; returns its argument.', 'i', 'int', modifyReturnTestTp),
  of('__bpf_trap', 'Stands where no program comes to.', '', 'void'),
  of('bpf_kfunc_call_test_release', 'Nothing.', 'i', 'void'),
  of('bpf_kfunc_call_memb_release', 'Nothing.', 'i', 'void'),
  of('bpf_get_task_exe_file', 'The program of a task is not known: NULL.', 'i', 'ptr'),
  of('bpf_put_file', 'Nothing.', 'i', 'void'),
  of('bpf_path_d_path', 'Paths are not known: -EINVAL.', 'iii', 'int', () => -EINVAL),
  of('bpf_get_dentry_xattr', 'No extended attributes: -EOPNOTSUPP.', 'iii', 'int', xattr(READABLE)),
  of('bpf_get_file_xattr', 'No extended attributes: -EOPNOTSUPP.', 'iii', 'int', xattr(READABLE)),
  of('bpf_set_dentry_xattr', 'No extended attributes: -EOPNOTSUPP.', 'iiii', 'int', xattr(WRITABLE)),
  of('bpf_remove_dentry_xattr', 'No extended attributes: -EOPNOTSUPP.', 'ii', 'int', xattr(WRITABLE)),
  of('css_rstat_updated', 'No statistics: nothing.', 'ii', 'void'),
  of('css_rstat_flush', 'No statistics: nothing.', 'i', 'void'),
  ...TCP_VOID.map(([name, args]) => of(name, NO_TCP, args, 'void')),
  ...TCP_VALUES.map(([name, args, value]) => of(name, NO_TCP, args, 'uint', (_vm, ...rest) => value(...rest))),
];
