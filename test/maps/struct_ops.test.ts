import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { BpfFile, FMODE_READ, FMODE_WRITE } from '../../base/object.ts';
import { BpfProgBase } from '../../base/prog.ts';
import { BTF_KIND } from '../../btf/btf.ts';
import { builtinBtf } from '../../btf/builtin.ts';
import type { BpfMap, MapSyscall } from '../../maps/map.ts';
import { type StructOpsMap, structOpsMapOps } from '../../maps/struct_ops.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { BPF_F_MAP, BPF_MAP_TYPE, BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { E2BIG, EBADF, EBUSY, EEXIST, EINPROGRESS, EINVAL, ENOENT, ENOTSUP, ENOTSUPP } from '../../uapi/errno.ts';

/** Where the operations stand in the value: the common part has a cache line to itself. */
const DATA = 64;

const clock = { monotonic: () => 0n, boottime: () => 0n, realtime: () => 0n };
const caller = { hasCap: () => true };

/** A program for one operation, as PROG_LOAD makes it. */
class OpProg extends BpfProgBase {
  readonly type = BPF_PROG_TYPE.STRUCT_OPS;
  readonly expectedAttachType: number;
  readonly attachFuncProto: number;
  readonly jited = false;
  readonly xdpHasFrags = false;
  readonly sleepable = false;
  readonly dstProgType = 0;

  constructor(typeId: number, index: number, id: number) {
    super();
    this.attachFuncProto = typeId;
    this.expectedAttachType = index;
    this.id = id;
  }

  protected override release(): void {}
}

function setUp(flags = 0) {
  const kernel = new Kernel({ memory: 16 << 20, clock, random: seededRandom(1), vmlinux: builtinBtf() });
  const btf = kernel.vmlinux;
  if (btf === undefined) throw new Error('the built-in BTF is broken');
  const typeId = btf.find('tcp_congestion_ops', BTF_KIND.STRUCT);
  const valueTypeId = btf.find('bpf_struct_ops_tcp_congestion_ops', BTF_KIND.STRUCT);
  const size = btf.typeIdSize(valueTypeId)?.size ?? 0;
  const attr = {
    mapType: BPF_MAP_TYPE.STRUCT_OPS,
    keySize: 4,
    valueSize: size,
    maxEntries: 1,
    mapFlags: flags,
    numaNode: -1,
    mapExtra: 0n,
    innerMap: -EBADF,
    btfVmlinuxValueTypeId: valueTypeId,
    vmlinux: btf,
  };
  const members = btf.type(typeId)?.members ?? [];
  const programs = new Map(members.map((member, index) => [member.name, new OpProg(typeId, index, 100 + index)]));
  const fds = [...programs.values()].map((prog) => new BpfFile(prog, FMODE_READ | FMODE_WRITE));
  const sys: MapSyscall = { fdget: (fd) => fds[fd - 1] };
  const newMap = () => structOpsMapOps.alloc(attr, kernel, caller) as StructOpsMap;
  const key = kernel.arena.alloc(8);
  const value = kernel.arena.alloc(size);
  /** Puts a value in: programs by the name of their member, or numbers. */
  const update = (map: BpfMap, fields: Record<string, string | number>, flags = 0): number => {
    kernel.arena.zero(value, size);
    for (const [name, field] of Object.entries(fields)) {
      const index = members.findIndex((member) => member.name === name);
      const at = value + DATA + (members[index]?.bitOffset ?? 0) / 8;
      if (name === 'name') kernel.arena.u8.set(Buffer.from(String(field)), at);
      else if (typeof field === 'number') kernel.arena.view.setInt32(at, field, true);
      else kernel.arena.view.setInt32(at, members.findIndex((member) => member.name === field) + 1, true);
    }
    return structOpsMapOps.sysUpdate?.(map, key, value, flags, sys) ?? -ENOTSUPP;
  };
  const lookup = (map: BpfMap): number[] => {
    const err = structOpsMapOps.sysLookup?.(map, key, value, 0, sys);
    return [err ?? 0, kernel.arena.view.getInt32(value, true), kernel.arena.view.getInt32(value + 4, true)];
  };
  return { kernel, attr, newMap, update, lookup, key, value };
}

const WHOLE = { name: 'mine', ssthresh: 'ssthresh', undo_cwnd: 'undo_cwnd', cong_avoid: 'cong_avoid' };

t.test('alloc() takes only values of registered structures', async (t) => {
  const { kernel, attr } = setUp();
  t.equal(structOpsMapOps.alloc({ ...attr, btfVmlinuxValueTypeId: 1 }, kernel, caller), -ENOTSUPP);
  t.equal(structOpsMapOps.alloc({ ...attr, vmlinux: undefined }, kernel, caller), -ENOTSUPP);
  t.equal(structOpsMapOps.alloc({ ...attr, valueSize: attr.valueSize - 4 }, kernel, caller), -EINVAL);
  t.equal(structOpsMapOps.allocCheck?.({ ...attr, btfVmlinuxValueTypeId: 0 }, kernel, caller), -EINVAL);
});

t.test('a value is registered, read with counts and ids, and unregistered', async (t) => {
  const { kernel, newMap, update, lookup, key, value } = setUp();
  const map = newMap();
  t.same(lookup(map), [0, 0, 0]);
  t.equal(structOpsMapOps.sysRemove?.(map, key, { fdget: () => undefined }), -ENOENT);
  t.equal(update(map, WHOLE), 0);
  t.same(lookup(map), [0, 1, 1], 'one reference, in use');
  t.equal(kernel.arena.view.getUint32(value + DATA, true), 100, 'the id of ssthresh');
  t.equal(update(map, WHOLE), -EBUSY);
  t.equal(update(newMap(), WHOLE), -EEXIST, 'the name is taken');
  t.equal(structOpsMapOps.sysRemove?.(map, key, { fdget: () => undefined }), 0);
  t.same(lookup(map), [0, 0, 2]);
  t.equal(structOpsMapOps.sysRemove?.(map, key, { fdget: () => undefined }), -EINPROGRESS);
  t.equal(update(newMap(), WHOLE), 0, 'the name is free again');
});

t.test('what is incomplete or wrong is refused, and leaves the map as it was', async (t) => {
  const { newMap, update, lookup, kernel, key } = setUp();
  const map = newMap();
  t.equal(update(map, { ...WHOLE, name: '' }), -EINVAL);
  t.equal(update(map, { ...WHOLE, name: 'a-b' }), -EINVAL);
  t.equal(update(map, { name: 'mine', ssthresh: 'ssthresh' }), -EINVAL);
  t.equal(update(map, { ...WHOLE, ssthresh: 'undo_cwnd' }), -EINVAL, 'a program of another slot');
  t.equal(update(map, { ...WHOLE, ssthresh: 99 }), -EBADF);
  t.equal(update(map, { ...WHOLE, flags: 8 }), -EINVAL);
  t.equal(update(map, { ...WHOLE, key: 1 }), -EINVAL);
  t.equal(update(map, { ...WHOLE, owner: 1 }), -EINVAL);
  t.equal(update(map, WHOLE, 1), -EINVAL);
  kernel.arena.view.setUint32(key, 1, true);
  t.equal(update(map, WHOLE), -E2BIG);
  kernel.arena.view.setUint32(key, 0, true);
  t.same(lookup(map), [0, 0, 0]);
  t.equal(map.programs.length, 0);
});

t.test('with BPF_F_LINK a value waits for its link', async (t) => {
  const { newMap, update, lookup, key } = setUp(BPF_F_MAP.LINK);
  const map = newMap();
  t.equal(update(map, WHOLE), 0);
  t.same(lookup(map), [0, 0, 3]);
  t.equal(structOpsMapOps.sysRemove?.(map, key, { fdget: () => undefined }), -ENOTSUP);
});

t.test('it is shown with the kernel’s types', async (t) => {
  const { newMap, key } = setUp();
  let text = '';
  const out = { text: (part: string) => (text += part), bytes: () => t.fail('no bytes') };
  structOpsMapOps.showElem?.(newMap(), key, out as never);
  t.match(text, /^\{\{\{\{0,\},\},BPF_STRUCT_OPS_STATE_INIT,\},\{0x0000000000000000,/);
});
