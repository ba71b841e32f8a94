import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { BTF_KIND } from '../../btf/btf.ts';
import { builtinBtf } from '../../btf/builtin.ts';
import { BASE_HI } from '../../mm/arena.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { EFAULT, EINVAL, ENOENT } from '../../uapi/errno.ts';
import { createVm, HELPERS } from '../../vm/helpers/index.ts';

const clock = { monotonic: () => 0n, boottime: () => 0n, realtime: () => 0n };
const kernel = new Kernel({ memory: 16 << 20, clock, random: seededRandom(1), vmlinux: builtinBtf() });
const vm = createVm(kernel);
const { arena } = kernel;
const snprintfBtf = HELPERS.get(149)?.fn ?? (() => 1);
const out = arena.alloc(256);
const value = arena.alloc(64);
const ptr = arena.alloc(16);

/** Calls bpf_snprintf_btf for the value as a type: the result and the text. */
function print(name: string, flags: number, size = 256, ptrSize = 16, hi = BASE_HI): [number, string] {
  arena.view.setUint32(ptr, value, true);
  arena.view.setUint32(ptr + 4, hi >>> 0, true);
  arena.view.setInt32(ptr + 8, name === '' ? -1 : kernel.vmlinux?.find(name, BTF_KIND.STRUCT) || 1 << 20, true);
  const result = snprintfBtf(vm, out, size, ptr, ptrSize, flags, 0);
  const end = arena.u8.indexOf(0, out);
  return [result, Buffer.from(arena.u8.subarray(out, end)).toString('latin1')];
}

t.test('bpf_snprintf_btf writes a value by its type', async (t) => {
  arena.view.setUint32(value, 7, true);
  arena.view.setUint32(value + 8, 9, true);
  const [length, text] = print('xdp_md', 1);
  t.equal(text, '(struct xdp_md){.data = (__u32)7,.data_meta = (__u32)9,}');
  t.equal(length, text.length);
  t.same(print('xdp_md', 1, 10), [length, '(struct x'], 'cut, with the whole length');
});

t.test('bpf_snprintf_btf refuses what the kernel refuses', async (t) => {
  t.equal(print('xdp_md', 16)[0], -EINVAL);
  t.equal(print('xdp_md', 0, 256, 8)[0], -EINVAL);
  t.equal(print('', 0)[0], -EINVAL);
  t.equal(print('no_such_struct', 0)[0], -ENOENT);
  t.equal(print('xdp_md', 0, 256, 16, 0)[0], -EFAULT);
});
