/** Helpers that are given addresses at the edges of the emulated kernel's memory: an errno and zeros, never a fault. */
import t from 'tap';
import { BASE_HI } from '../../mm/arena.ts';
import { EFAULT, ERANGE } from '../../uapi/errno.ts';
import { asm } from './lib/asm.ts';
import { trustedProg } from './lib/facts.ts';
import { machine } from './lib/machine.ts';

const FIRST_MAPPED = 65536;
const SIZES = [0, 1, 7, 8, 64];
const [READ, READ_STR] = [113, 115];

for (const engine of ['interp', 'jit'] as const) {
  t.test(`bpf_probe_read_kernel and _str (${engine})`, async (t) => {
    const { vm } = machine();
    const { arena } = vm.env;
    const ctx = arena.alloc(256);
    const out = ctx + 64;
    // Text without an end, up to the last byte there is.
    arena.u8.fill(0x61, arena.size - 256);
    const low = [0, 1, FIRST_MAPPED - 8, FIRST_MAPPED - 1, FIRST_MAPPED, 0x7fffffff, 0x80000000, 0xffffffff];
    const edges = [-256, -64, -9, -8, -7, -1, 0, 1, 8].map((n) => arena.size + n);
    for (const helper of [READ, READ_STR]) {
      for (const size of SIZES) {
        const source = `r6 = r1; r3 = *(u64 *)(r6 + 0); r2 = ${size}; r1 = r6; r1 += 64; call ${helper}; exit`;
        const prog = trustedProg(vm, asm(source), engine, {});
        for (const address of [...low, ...edges].filter((one) => one <= 0xffffffff)) {
          arena.view.setBigUint64(ctx, (BigInt(BASE_HI) << 32n) | BigInt(address), true);
          arena.u8.fill(0xff, out, out + 72);
          const isMapped = address >= FIRST_MAPPED && address + size <= arena.size;
          const result = prog.run(ctx) | 0;
          const what = `helper ${helper}, ${size} bytes at 0x${address.toString(16)} of 0x${arena.size.toString(16)}`;
          const bytes = arena.u8.slice(out, out + size);
          if (size === 0) t.equal(result, 0, what);
          else if (isMapped && address >= arena.size - 256) {
            t.equal(result, helper === READ ? 0 : size, what);
            const wanted = new Uint8Array(size).fill(0x61);
            if (helper === READ_STR) wanted[size - 1] = 0;
            t.strictSame(bytes, wanted, what);
          } else if (!isMapped) {
            t.equal(result, -EFAULT, what);
            t.ok(
              bytes.every((byte) => byte === 0),
              `${what}: zeros`,
            );
          }
          t.equal(arena.u8[out + size], 0xff, `${what}: nothing behind`);
        }
      }
    }
    for (const high of [0, 0x7fff, 0x8000, 0xffff7fff]) {
      const prog = trustedProg(
        vm,
        asm(`r6 = r1; r3 = *(u64 *)(r6 + 0); r2 = 8; r1 = r6; r1 += 64; call ${READ}; exit`),
        engine,
        {},
      );
      arena.view.setBigUint64(ctx, (BigInt(high) << 32n) | BigInt(ctx), true);
      t.equal(prog.run(ctx) | 0, -ERANGE, `high half 0x${high.toString(16)}: no address of a kernel`);
    }
  });
}
