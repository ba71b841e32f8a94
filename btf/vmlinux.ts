/**
 * The kernel's own BTF (`vmlinux`): as the machine's kernel gives it, or a small one
 * of our own where there is none. The core does no IO: the bytes of
 * /sys/kernel/btf/vmlinux are handed in.
 *
 * It is 5 MB and trusted as far as the kernel trusts it: one pass finds where the
 * records start, and nothing is decoded before it is asked for. What is broken is
 * refused as a whole.
 */
import { Btf } from './btf.ts';
import { scanBtf } from './scan.ts';

/** Name of the object, as struct bpf_btf_info has it. */
const NAME = 'vmlinux';

/** BTF of the kernel from the bytes of /sys/kernel/btf/vmlinux, or undefined when they are no whole BTF. */
export function parseVmlinux(bytes: Uint8Array): Btf | undefined {
  const table = scanBtf(bytes);
  return table === undefined ? undefined : new Btf(table, undefined, NAME, true);
}
