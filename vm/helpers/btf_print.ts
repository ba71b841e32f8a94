/** Helpers that print a value by its type in the kernel's BTF (`bpf_snprintf_btf`, `bpf_seq_printf_btf`). */
import { BTF_F_ALL, showNamed } from '../../btf/show.ts';
import { EFAULT, EINVAL, ENOENT } from '../../uapi/errno.ts';
import type { HelperRecord } from '../helper.ts';
import type { Vm } from '../vm.ts';
import { isMapped } from './probe.ts';

/** `struct btf_ptr`: pointer, type id, flags (none are known). */
const BTF_PTR_SIZE = 16;

/** The text of the value that a `struct btf_ptr` at `ptr` names, or -errno (`bpf_btf_printf_prepare`). */
function valueText(vm: Vm, ptr: number, ptrSize: number, flagsLo: number, flagsHi: number): string | number {
  const { arena, vmlinux } = vm.env;
  if ((flagsLo & ~BTF_F_ALL) !== 0 || flagsHi !== 0 || ptrSize !== BTF_PTR_SIZE || vmlinux === undefined)
    return -EINVAL;
  const id = arena.view.getInt32(ptr + 8, true);
  if (id <= 0) return -EINVAL;
  if (vmlinux.type(id) === undefined) return -ENOENT;
  const at = arena.view.getInt32(ptr, true);
  const size = vmlinux.typeIdSize(id)?.size ?? 0;
  if (!isMapped(vm, at, arena.view.getInt32(ptr + 4, true), size)) return -EFAULT;
  return showNamed(vmlinux, id, arena.u8, at, flagsLo);
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** The length of the whole text without its NUL; what fits is written. */
function snprintfBtf(vm: Vm, out = 0, size = 0, ptr = 0, ptrSize = 0, flagsLo = 0, flagsHi = 0): number {
  const text = valueText(vm, ptr, ptrSize, flagsLo, flagsHi);
  if (typeof text === 'number') return text;
  if (size > 0) {
    const bytes = bytesOf(text.slice(0, size - 1));
    vm.env.arena.u8.set(bytes, out);
    vm.env.arena.u8[out + bytes.length] = 0;
  }
  return text.length;
}

function seqPrintfBtf(vm: Vm, seq = 0, ptr = 0, ptrSize = 0, flagsLo = 0, flagsHi = 0): number {
  const text = valueText(vm, ptr, ptrSize, flagsLo, flagsHi);
  if (typeof text === 'number') return text;
  vm.seqFiles.get(seq)?.write(bytesOf(text));
  return 0;
}

export const BTF_PRINT_HELPERS: readonly HelperRecord[] = [
  {
    id: 149,
    name: 'snprintf_btf',
    doc: 'Writes a value of a kernel type into a buffer: length of the whole text.',
    args: 'iiiil',
    ret: 'int',
    fn: snprintfBtf,
  },
  {
    id: 150,
    name: 'seq_printf_btf',
    doc: 'Writes a value of a kernel type into an iterator’s file.',
    args: 'iiil',
    ret: 'int',
    fn: seqPrintfBtf,
  },
];
