import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { builtinBtf } from '../../btf/builtin.ts';
import { loadObject } from '../../elf/load.ts';
import { readObject } from '../../elf/read.ts';
import { kernelValue } from '../../elf/struct_ops.ts';
import type { StructOpsMap } from '../../maps/struct_ops.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { LocalCaller } from '../../syscall/local_caller.ts';
import { BPF_ATTACH_TYPE, BPF_CMD, BPF_F_MAP } from '../../uapi/bpf.ts';
import { EEXIST, EINVAL, ENOLINK } from '../../uapi/errno.ts';
import { fixture } from '../elf/fixtures.ts';

const clock = { monotonic: () => 0n, boottime: () => 0n, realtime: () => 0n };

/** A kernel, and a maker of struct_ops maps that hold the programs of struct_ops.bpf.o under a name. */
function setUp() {
  const kernel = new Kernel({ memory: 32 << 20, clock, random: seededRandom(1), vmlinux: builtinBtf() });
  const vmlinux = kernel.vmlinux;
  const caller = new LocalCaller();
  if (vmlinux === undefined) throw new Error('the built-in BTF is broken');
  /** bpf(2) with 32-bit words, and addresses as bigint. */
  const bpf = (cmd: number, ...words: (number | bigint)[]): number => {
    const attr = new Uint8Array(168);
    const view = new DataView(attr.buffer);
    let at = 0;
    for (const word of words) {
      if (typeof word === 'bigint') view.setBigUint64(at, word, true);
      else view.setUint32(at, word >>> 0, true);
      at += typeof word === 'bigint' ? 8 : 4;
    }
    return kernel.bpf(cmd, attr, attr.length, caller.put(attr), caller);
  };
  const newMap = (name: string, flags: number = BPF_F_MAP.LINK): number => {
    const spec = readObject(fixture('struct_ops'), { target: vmlinux });
    const [map] = spec.maps.filter((one) => one.structOps !== undefined);
    if (map?.structOps === undefined) throw new Error('the object has no struct_ops');
    map.flags = flags;
    const loaded = loadObject(kernel, caller, spec);
    map.structOps.data.set(Buffer.from(name.padEnd(16, '\0')), 24);
    const fdOf = (program: string) => loaded.programs.find((one) => one.spec.name === program)?.fd ?? -1;
    const { bytes } = kernelValue(map.structOps, vmlinux, fdOf);
    const fd = loaded.maps.get('mine') ?? -1;
    const key = caller.put(new Uint8Array(4));
    const err = bpf(BPF_CMD.MAP_UPDATE_ELEM, fd, 0, BigInt(key), BigInt(caller.put(bytes)), 0n);
    if (err < 0) throw new Error(`update: ${err}`);
    return fd;
  };
  const link = (fd: number): number => bpf(BPF_CMD.LINK_CREATE, fd, 0, BPF_ATTACH_TYPE.STRUCT_OPS, 0);
  return { kernel, caller, bpf, newMap, link };
}

t.test('a link registers the structure of its map until it goes', async (t) => {
  const { caller, newMap, link } = setUp();
  const first = newMap('one');
  const second = newMap('one');
  const fd = link(first);
  t.ok(fd >= 0);
  t.equal(link(first), -EEXIST);
  t.equal(link(second), -EEXIST, 'the name is taken');
  caller.close(fd);
  t.ok(link(second) >= 0);
});

t.test('only maps made with BPF_F_LINK can be linked', async (t) => {
  const { newMap, link } = setUp();
  t.equal(link(newMap('plain', 0)), -EINVAL);
});

t.test('LINK_UPDATE puts another map of the same name in; LINK_DETACH ends it', async (t) => {
  const { caller, bpf, newMap, link } = setUp();
  const [first, second, other] = [newMap('one'), newMap('one'), newMap('two')];
  const fd = link(first);
  const update = (map: number): number => bpf(BPF_CMD.LINK_UPDATE, fd, map, 0, 0);
  t.equal(update(other), -EINVAL, 'another name');
  t.equal(update(second), 0);
  const refs = (map: number): number => {
    const object = caller.objectOf(map) as StructOpsMap;
    return object.refcnt - object.usercnt;
  };
  t.same([refs(first), refs(second)], [0, 1]);
  t.equal(bpf(BPF_CMD.LINK_DETACH, fd), 0);
  t.equal(bpf(BPF_CMD.LINK_DETACH, fd), 0);
  t.equal(update(first), -ENOLINK);
  t.ok(link(first) >= 0, 'the name is free');
});
