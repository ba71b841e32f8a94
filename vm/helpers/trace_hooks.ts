/**
 * Helpers of tracing and syscall programs about where they run: arguments of the traced
 * function, names of the kernel, paths (man bpf-helpers; kernel/trace/bpf_trace.c,
 * kernel/bpf/syscall.c). Functions are not really traced: the arguments are those of
 * the event that was given.
 */
import { EINVAL, ENAMETOOLONG, ENOENT, ENOTSUP } from '../../uapi/errno.ts';
import { Arguments } from '../contexts/arguments.ts';
import type { HelperRecord } from '../helper.ts';
import type { Vm } from '../vm.ts';

function argumentsAt(vm: Vm, ctx: number): Arguments | undefined {
  const object = vm.contexts.get(ctx);
  return object instanceof Arguments ? object : undefined;
}

function store64(vm: Vm, to: number, value: bigint): void {
  vm.env.arena.view.setBigUint64(to, value, true);
}

/** bpf_get_func_arg: -EINVAL beyond the last. */
function getFuncArg(vm: Vm, ctx = 0, index = 0, to = 0): number {
  const values = argumentsAt(vm, ctx)?.values ?? [];
  const value = values[index >>> 0];
  if (value === undefined) return -EINVAL;
  store64(vm, to, value);
  return 0;
}

/** bpf_get_func_ret: only where the function has returned. */
function getFuncRet(vm: Vm, ctx = 0, to = 0): number {
  const result = argumentsAt(vm, ctx)?.result;
  if (result === undefined) return -ENOTSUP;
  store64(vm, to, result);
  return 0;
}

/** Text with its NUL at the end, or undefined: a name as these helpers want it. */
function nameAt(vm: Vm, from: number, size: number): string | undefined {
  const bytes = vm.env.arena.u8.subarray(from, from + size);
  if (size <= 1 || bytes[size - 1] !== 0) return undefined;
  const end = bytes.indexOf(0);
  return String.fromCharCode(...bytes.subarray(0, end));
}

/** bpf_btf_find_by_name_kind: an id of the kernel's own BTF. */
function findByNameKind(vm: Vm, from = 0, size = 0, kind = 0, flags = 0): number {
  const name = nameAt(vm, from, size);
  if (flags !== 0 || name === undefined) return vm.ret64(-EINVAL, -1);
  const id = vm.findKernelType?.(name, kind) ?? 0;
  return id === 0 ? vm.ret64(-ENOENT, -1) : vm.ret64(id, 0);
}

/** bpf_kallsyms_lookup_name: there are no addresses of kernel symbols. */
function kallsymsLookup(vm: Vm, from = 0, size = 0, flags = 0, to = 0): number {
  store64(vm, to, 0n);
  return flags !== 0 || nameAt(vm, from, size) === undefined ? -EINVAL : -ENOENT;
}

/** bpf_perf_prog_read_value: no counters behind the event. */
function readPerfValue(vm: Vm, _ctx = 0, to = 0, size = 0): number {
  vm.env.arena.u8.fill(0, to, to + size);
  return -EINVAL;
}

/** bpf_d_path: the length of the text with its NUL; only files that an iterator gave have paths. */
function dPath(vm: Vm, path = 0, to = 0, size = 0): number {
  if (size === 0) return 0;
  const text = vm.kernelObjects.get(path)?.path;
  if (text === undefined) {
    vm.env.arena.u8.fill(0, to, to + size);
    return -ENOENT;
  }
  if (text.length >= size) return -ENAMETOOLONG;
  for (let i = 0; i < text.length; i++) vm.env.arena.u8[to + i] = text.charCodeAt(i);
  vm.env.arena.u8[to + text.length] = 0;
  return text.length + 1;
}

const F_BRANCH_SIZE = 1;

function branchRecords(_vm: Vm, _ctx = 0, _to = 0, _size = 0, lo = 0, hi = 0): number {
  return hi !== 0 || (lo & ~F_BRANCH_SIZE) !== 0 ? -EINVAL : -ENOENT;
}

function zero(): number {
  return 0;
}

export const TRACE_HELPERS: readonly HelperRecord[] = [
  {
    id: 56,
    name: 'perf_prog_read_value',
    doc: 'No counters: -EINVAL.',
    args: 'iii',
    ret: 'int',
    fn: readPerfValue,
  },
  {
    id: 119,
    name: 'read_branch_records',
    doc: 'No branch stack: -ENOENT.',
    args: 'iiil',
    ret: 'int',
    fn: branchRecords,
  },
  {
    id: 147,
    name: 'd_path',
    doc: 'The path of a file that an iterator gave; others are not known: -ENOENT.',
    args: 'iii',
    ret: 'int',
    fn: dPath,
  },
  {
    id: 159,
    name: 'bprm_opts_set',
    doc: 'Options of an exec; nothing is executed.',
    args: 'il',
    ret: 'int',
    fn: (_vm, _bprm = 0, lo = 0, hi = 0) => (hi !== 0 || (lo & ~1) !== 0 ? -EINVAL : 0),
  },
  { id: 161, name: 'ima_inode_hash', doc: 'No IMA: -EOPNOTSUPP.', args: 'iii', ret: 'int', fn: () => -ENOTSUP },
  {
    id: 167,
    name: 'btf_find_by_name_kind',
    doc: "Id of a type in the kernel's BTF.",
    args: 'iiii',
    ret: 'long',
    fn: findByNameKind,
  },
  {
    id: 173,
    name: 'get_func_ip',
    doc: 'Address of the traced function: not known, 0.',
    args: 'i',
    ret: 'long',
    fn: (vm) => vm.ret64(0, 0),
  },
  {
    id: 174,
    name: 'get_attach_cookie',
    doc: 'Cookie of the link; programs given an event have none, 0.',
    args: 'i',
    ret: 'long',
    fn: (vm, ctx = 0) => vm.retBig(argumentsAt(vm, ctx)?.cookie ?? 0n),
  },
  {
    id: 179,
    name: 'kallsyms_lookup_name',
    doc: 'Address of a kernel symbol: not known, -ENOENT.',
    args: 'iiii',
    ret: 'int',
    fn: kallsymsLookup,
  },
  {
    id: 180,
    name: 'find_vma',
    doc: 'Memory areas are not known: -ENOENT.',
    args: 'ilill',
    ret: 'int',
    fn: () => -ENOENT,
  },
  { id: 183, name: 'get_func_arg', doc: 'An argument of the function.', args: 'iii', ret: 'int', fn: getFuncArg },
  { id: 184, name: 'get_func_ret', doc: 'What the function returned.', args: 'ii', ret: 'int', fn: getFuncRet },
  {
    id: 185,
    name: 'get_func_arg_cnt',
    doc: 'Number of arguments.',
    args: 'i',
    ret: 'int',
    fn: (vm, ctx = 0) => argumentsAt(vm, ctx)?.values.length ?? 0,
  },
  { id: 193, name: 'ima_file_hash', doc: 'No IMA: -EOPNOTSUPP.', args: 'iii', ret: 'int', fn: () => -ENOTSUP },
  { id: 116, name: 'tcp_send_ack', doc: 'No TCP: nothing.', args: 'ii', ret: 'int', fn: zero },
];
