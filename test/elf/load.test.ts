import { readFileSync } from 'node:fs';
import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { BTF_KIND, type Btf } from '../../btf/btf.ts';
import { builtinBtf } from '../../btf/builtin.ts';
import { loadObject } from '../../elf/load.ts';
import { readObject } from '../../elf/read.ts';
import type { StructOpsSpec } from '../../elf/spec.ts';
import { kernelValue, slotOf } from '../../elf/struct_ops.ts';
import { reasonOf } from '../../elf/verify.ts';
import type { BpfMap } from '../../maps/map.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { LocalCaller } from '../../syscall/local_caller.ts';
import { BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import { fixture } from './fixtures.ts';

/** Where the operations stand in the value: the common part has a cache line to itself. */
const DATA = 64;

const clock = { monotonic: () => 0n, boottime: () => 0n, realtime: () => 0n };

function newKernel(): Kernel {
  let vmlinux: Uint8Array | undefined;
  try {
    vmlinux = new Uint8Array(readFileSync('/sys/kernel/btf/vmlinux'));
  } catch {
    // A machine without it: nothing here needs it.
  }
  return new Kernel({ cpus: 2, memory: 64 << 20, clock, random: seededRandom(1), vmlinux });
}

t.test('loadObject() makes the maps of an object, with contents and types', async (t) => {
  const kernel = newKernel();
  const caller = new LocalCaller();
  const spec = readObject(fixture('maps'), { name: 'maps', target: kernel.vmlinux });
  const loaded = loadObject(kernel, caller, spec, { logLevel: 1, logSize: 65536 });
  t.ok(loaded.btf >= 0);
  const map = (name: string) => caller.objectOf(loaded.maps.get(name) ?? -1) as BpfMap;
  t.equal(map('stats').name, 'stats');
  t.ok(map('stats').btfValueTypeId > 0);
  t.equal(map('events').maxEntries, 2, 'one slot a CPU');
  t.equal(map('maps.rodata').frozen, true);
  t.equal(map('maps.data').frozen, false);
  const key = kernel.arena.alloc(8);
  const value = map('maps.data').ops.lookup?.(map('maps.data'), key) ?? 0;
  t.equal(kernel.arena.u32[value >> 2], 7);
  kernel.arena.u32[key >> 2] = 3;
  t.ok((map('outer').ops.lookup?.(map('outer'), key) ?? 0) > 0, 'the slot that the object fills');
  kernel.arena.free(key, 8);
  caller.exit();
  t.equal(kernel.maps.size, 0, 'nothing is left');
});

t.test('a structure of operations becomes a map for the kernel’s structure', async (t) => {
  const kernel = new Kernel({ memory: 16 << 20, clock, random: seededRandom(1), vmlinux: builtinBtf() });
  const caller = new LocalCaller();
  const spec = readObject(fixture('struct_ops'), { target: kernel.vmlinux });
  const loaded = loadObject(kernel, caller, { ...spec, programs: [] });
  const map = caller.objectOf(loaded.maps.get('mine') ?? -1) as BpfMap;
  t.equal(map.mapType, BPF_MAP_TYPE.STRUCT_OPS);
  const ops = spec.maps.find((one) => one.name === 'mine')?.structOps;
  t.same(ops?.programs, [
    ['ssthresh', 'my_ssthresh'],
    ['cong_avoid', 'my_cong_avoid'],
    ['undo_cwnd', 'my_undo_cwnd'],
  ]);
  const type = kernel.vmlinux?.type(kernel.vmlinux.find('tcp_congestion_ops', BTF_KIND.STRUCT));
  const index = type?.members.findIndex((member) => member.name === 'undo_cwnd');
  t.same(slotOf(spec.maps, 'my_undo_cwnd', kernel.vmlinux), { typeId: type?.id, index });
  const value = kernelValue(ops as StructOpsSpec, kernel.vmlinux as Btf, () => 77);
  const at = DATA + (type?.members.find((member) => member.name === 'undo_cwnd')?.bitOffset ?? 0) / 8;
  t.equal(value.bytes[at], 77);
  const name = DATA + (type?.members.find((member) => member.name === 'name')?.bitOffset ?? 0) / 8;
  t.equal(Buffer.from(value.bytes.subarray(name, name + 4)).toString(), 'mine');
  caller.exit();
});

t.test('a map that cannot be made is named', async (t) => {
  const kernel = newKernel();
  const spec = readObject(fixture('maps'), { name: 'maps' });
  const stats = spec.maps.find((map) => map.name === 'stats');
  if (stats !== undefined) stats.maxEntries = 0;
  t.throws(() => loadObject(kernel, new LocalCaller(), spec), { message: 'Cannot create map stats: Invalid argument' });
});

t.test('reasonOf() finds the line that says why', async (t) => {
  const log =
    'func#0 @0\n0: R1=ctx() R10=fp0\n0: (95) exit\nR0 !read_ok\nprocessed 1 insns (limit 1000000) max_states_per_insn 0\n';
  t.equal(reasonOf(log), 'R0 !read_ok');
  t.equal(reasonOf(''), '');
});
