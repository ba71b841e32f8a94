/** Maps that only one program may use (`excl_prog_hash`), as Linux 6.18 answers. */
import { createHash } from 'node:crypto';
import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { LocalCaller } from '../../syscall/local_caller.ts';
import { BPF_CMD, BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import { EACCES, EINVAL, ENOTSUPP } from '../../uapi/errno.ts';

const clock = { monotonic: () => 0n, boottime: () => 0n, realtime: () => 0n };
const MISMATCH = "program's hash doesn't match map's excl_prog_hash\n";
const kernel = new Kernel({ memory: 32 << 20, clock, random: seededRandom(1), vmlinux: undefined });
const caller = new LocalCaller();

/** bpf(2) with fields of the attr: [offset, value], addresses as bigint. */
function bpf(cmd: number, ...fields: (readonly [at: number, value: number | bigint])[]): number {
  const attr = new Uint8Array(168);
  const view = new DataView(attr.buffer);
  for (const [at, value] of fields) {
    if (typeof value === 'bigint') view.setBigUint64(at, value, true);
    else view.setUint32(at, value >>> 0, true);
  }
  return kernel.bpf(cmd, attr, attr.length, caller.put(attr), caller);
}

const insn = (op: number, regs = 0, imm = 0): Buffer => {
  const bytes = Buffer.from([op, regs, 0, 0, 0, 0, 0, 0]);
  bytes.writeInt32LE(imm, 4);
  return bytes;
};
const END = Buffer.concat([insn(0xb7), insn(0x95)]);
/** A program that names a map: by descriptor (1), its value (2), an index of fd_array (5). */
const naming = (kind: number, what: number): Buffer => Buffer.concat([insn(0x18, (kind << 4) | 1, what), insn(0), END]);
const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

function newMap(hash: Uint8Array | undefined, type: number = BPF_MAP_TYPE.ARRAY, inner = 0): number {
  const value = type === BPF_MAP_TYPE.ARRAY ? 8 : 4;
  const sizes = [
    [0, type],
    [4, 4],
    [8, value],
    [12, 1],
    [20, inner],
  ] as const;
  if (hash === undefined) return bpf(BPF_CMD.MAP_CREATE, ...sizes);
  return bpf(BPF_CMD.MAP_CREATE, ...sizes, [80, BigInt(caller.put(hash))], [88, hash.length]);
}

/** Loads a program: what came of it, and its log. */
function load(code: Uint8Array, fds: readonly number[] = [], count = 0): [ok: boolean | number, log: string] {
  const log = caller.alloc(4096);
  const array = caller.put(Buffer.from(Uint32Array.from([...fds, 0]).buffer));
  const fd = bpf(
    BPF_CMD.PROG_LOAD,
    [0, 1],
    [4, code.length / 8],
    [8, BigInt(caller.put(code))],
    [16, BigInt(caller.put(Buffer.from('GPL\0')))],
    [24, 1],
    [28, 4096],
    [32, BigInt(log)],
    [120, fds.length === 0 ? 0n : BigInt(array)],
    [148, count],
  );
  const text = Buffer.from(caller.bytes(log, 4096)).toString('latin1');
  return [fd >= 0 ? true : fd, text.slice(0, text.indexOf('\0')).replace(/processed .*\n/, '')];
}

t.test('the program with the hash may use the map, in any way it names it', (t) => {
  const fd = newMap(sha256(naming(1, 0)));
  t.same(load(naming(1, fd)), [true, '']);
  const byIndex = newMap(sha256(naming(5, 1)));
  t.same(load(naming(5, 1), [byIndex, byIndex]), [true, ''], 'an index counts, a descriptor does not');
  t.end();
});

t.test('another program may not', (t) => {
  const fd = newMap(new Uint8Array(32).fill(1));
  t.same(load(naming(1, fd)), [-EACCES, MISMATCH]);
  t.same(load(naming(2, fd)), [-EACCES, MISMATCH], 'a value');
  t.same(load(naming(5, 0), [fd]), [-EACCES, MISMATCH], 'through fd_array');
  t.same(load(END, [fd], 1), [-EACCES, MISMATCH], 'in fd_array alone');
  t.end();
});

t.test('when fd_array is looked at the hash of the program is not known yet', (t) => {
  t.same(load(END, [newMap(sha256(END))], 1), [-EACCES, MISMATCH]);
  t.same(load(END, [newMap(new Uint8Array(32))], 1), [true, '']);
  t.end();
});

t.test('such a map is in no map of maps', (t) => {
  const exclusive = newMap(new Uint8Array(32).fill(1));
  t.equal(newMap(undefined, BPF_MAP_TYPE.ARRAY_OF_MAPS, exclusive), -ENOTSUPP);
  const outer = newMap(undefined, BPF_MAP_TYPE.ARRAY_OF_MAPS, newMap(undefined));
  t.ok(outer >= 0);
  const key = caller.put(new Uint8Array(4));
  const value = caller.put(Buffer.from(Uint32Array.of(exclusive).buffer));
  t.equal(bpf(BPF_CMD.MAP_UPDATE_ELEM, [0, outer], [8, BigInt(key)], [16, BigInt(value)]), -ENOTSUPP);
  t.end();
});

t.test('a hash has 32 bytes', (t) => {
  t.equal(newMap(new Uint8Array(31)), -EINVAL);
  t.end();
});
