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
import { BTF_KIND_MAX } from './kinds.ts';
import { BTF_TYPE_SIZE, BtfTable, tailSize } from './table.ts';

/** Name of the object, as struct bpf_btf_info has it. */
const NAME = 'vmlinux';

/** BTF of the kernel from the bytes of /sys/kernel/btf/vmlinux, or undefined when they are no whole BTF. */
export function parseVmlinux(bytes: Uint8Array): Btf | undefined {
  if (bytes.length < 24) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hdrLen = view.getUint32(4, true);
  const start = hdrLen + view.getUint32(8, true);
  const end = start + view.getUint32(12, true);
  const strings = hdrLen + view.getUint32(16, true);
  const stringsLength = view.getUint32(20, true);
  if (view.getUint16(0, true) !== 0xeb9f || end > bytes.length || strings + stringsLength > bytes.length)
    return undefined;
  if (stringsLength === 0 || bytes[strings + stringsLength - 1] !== 0) return undefined;
  const table = new BtfTable(bytes, strings, stringsLength, (end - start) >>> 4);
  let at = start;
  while (at + BTF_TYPE_SIZE <= end) {
    const info = view.getUint32(at + 4, true);
    if (((info >>> 24) & 0x1f) > BTF_KIND_MAX) return undefined;
    table.add(at);
    at += BTF_TYPE_SIZE + tailSize(info);
  }
  return at === end ? new Btf(table, undefined, NAME, true) : undefined;
}
