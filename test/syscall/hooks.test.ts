/**
 * Programs on the hooks of security modules that bpf(2) passes: they see its arguments and
 * can refuse; programs on the functions around them see the result.
 */
import t from 'tap';
import { BTF_KIND } from '../../btf/kinds.ts';
import { isWatched } from '../../syscall/hooks.ts';
import { BPF_ATTACH_TYPE as AT, BPF_CMD, BPF_MAP_TYPE, BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import { EBADF, EFAULT, EINVAL, EPERM } from '../../uapi/errno.ts';
import { attrOf } from '../vm/lib/run_case.ts';
import { Client } from './tracing_client.ts';

const lsm = (hook: string) => ({ type: AT.LSM_MAC, func: `bpf_lsm_${hook}` });
const HASH = attrOf([0, BPF_MAP_TYPE.HASH], [4, 4], [8, 4], [12, 1]);
const ARRAY = attrOf([0, BPF_MAP_TYPE.ARRAY], [4, 4], [8, 4], [12, 1]);

/** Refuses with -EPERM when a value is found: `loads` leaves it in r3. */
const refuses = (loads: string, value: number): string =>
  `${loads}\nr0 = 0\nif r3 != ${value} goto out\nr0 = -1\nout:\nexit`;

/** Loads a program and attaches it. */
function put(client: Client, type: number, source: string, attach: { type: number; func: string }): number {
  const fd = client.load(type, source, attach);
  if (fd < 0) throw new Error(`loading: ${fd}`);
  const link = client.attach(fd);
  if (link < 0) throw new Error(`attaching: ${link}`);
  return link;
}

function offsetOf(client: Client, struct: string, name: string): number {
  const btf = client.kernel.vmlinux!;
  const member = btf.type(btf.find(struct, BTF_KIND.STRUCT))?.members.find((one) => one.name === name);
  if (member === undefined) throw new Error(`no ${struct}.${name}`);
  return member.bitOffset / 8;
}

t.test('bpf: a program sees command, attr and size, and refuses before the command is looked at', async (t) => {
  const client = new Client();
  t.notOk(isWatched(client.kernel));
  const isHash = refuses('r2 = *(u64 *)(r1 + 8)\nr3 = *(u32 *)(r2 + 0)', BPF_MAP_TYPE.HASH);
  const link = put(client, PT.LSM, isHash, lsm('bpf'));
  t.ok(client.bpf(BPF_CMD.MAP_CREATE, ARRAY) > 0);
  t.equal(client.bpf(BPF_CMD.MAP_CREATE, HASH), -EPERM);
  t.equal(client.bpf(999, HASH), -EPERM, 'even one that does not exist');
  t.equal(
    client.kernel.bpf(BPF_CMD.MAP_CREATE, undefined, 144, 8, client.caller),
    -EFAULT,
    'not one that cannot be read',
  );
  client.close(link);
  t.ok(client.bpf(BPF_CMD.MAP_CREATE, HASH) > 0, 'the link is gone');
  t.notOk(isWatched(client.kernel), 'and calls are as cheap as before');
  const sizes = put(client, PT.LSM, refuses('r3 = *(u32 *)(r1 + 16)', 168), lsm('bpf'));
  t.equal(client.bpf(BPF_CMD.MAP_CREATE, HASH), -EPERM, 'the size');
  t.equal(client.kernel.bpf(BPF_CMD.MAP_CREATE, HASH, 72, client.caller.put(HASH), client.caller) > 0, true);
  t.equal(client.kernel.bpf(999, HASH, 72, client.caller.put(HASH), client.caller), -EINVAL);
  client.close(sizes);
});

t.test('bpf_map_create: the map is there, without an id; refused, nothing is left of it', async (t) => {
  const client = new Client();
  const at = offsetOf(client, 'bpf_map', 'max_entries');
  const link = put(
    client,
    PT.LSM,
    refuses(`r2 = *(u64 *)(r1 + 0)\nr3 = *(u32 *)(r2 + ${at})`, 77),
    lsm('bpf_map_create'),
  );
  const used = client.kernel.arena.used;
  t.equal(client.bpf(BPF_CMD.MAP_CREATE, attrOf([0, BPF_MAP_TYPE.HASH], [4, 4], [8, 4], [12, 77])), -EPERM);
  t.equal(client.kernel.arena.used, used, 'its memory is free');
  t.equal(client.kernel.maps.size, 1);
  t.ok(client.bpf(BPF_CMD.MAP_CREATE, HASH) > 0);
  client.close(link);
});

t.test('bpf_map: descriptors for writing can be refused', async (t) => {
  const client = new Client();
  const id = client.kernel.maps.nextAfter(0);
  const link = put(client, PT.LSM, refuses('r3 = *(u32 *)(r1 + 8)\nr3 &= 2', 2), lsm('bpf_map'));
  t.equal(client.bpf(BPF_CMD.MAP_GET_FD_BY_ID, attrOf([0, id])), -EPERM);
  t.ok(client.bpf(BPF_CMD.MAP_GET_FD_BY_ID, attrOf([0, id], [8, 8])) > 0, 'for reading it is given');
  t.equal(client.bpf(BPF_CMD.MAP_CREATE, HASH), -EPERM);
  t.equal(client.kernel.maps.size, 1, 'the map that nobody got is gone');
  client.close(link);
});

t.test('bpf_prog_load and bpf_prog: a program type can be refused', async (t) => {
  const client = new Client();
  const type = offsetOf(client, 'bpf_prog', 'type');
  const isXdp = refuses(`r2 = *(u64 *)(r1 + 0)\nr3 = *(u32 *)(r2 + ${type})`, PT.XDP);
  const link = put(client, PT.LSM, isXdp, lsm('bpf_prog_load'));
  const progs = client.kernel.progs.size;
  t.equal(client.load(PT.XDP, 'r0 = 1\nexit'), -EPERM);
  t.equal(client.load(PT.XDP, 'r0 = r9\nexit'), -EPERM, 'before the verifier');
  const filter = client.load(PT.SOCKET_FILTER, 'r0 = 1\nexit');
  t.ok(filter > 0);
  client.close(link);
  const given = put(client, PT.LSM, isXdp, lsm('bpf_prog'));
  t.equal(client.load(PT.XDP, 'r0 = r9\nexit') < -1, true, 'what the verifier refuses does not come so far');
  t.equal(client.load(PT.XDP, 'r0 = 1\nexit'), -EPERM);
  t.equal(client.kernel.progs.size, progs + 2, 'nothing is left of it');
  client.close(given);
});

t.test('functions around the hooks: fentry, fexit and fmod_ret', async (t) => {
  const client = new Client();
  const keep =
    'r3 = *(u64 *)(r1 + 0)\nif r3 != 3 goto out\nr2 = mapval[0]+0\n*(u64 *)(r2 + 0) = r3\nr3 = *(u64 *)(r1 + 32)\n*(u64 *)(r2 + 8) = r3\nout:\nr0 = 0\nexit';
  put(client, PT.TRACING, keep, { type: AT.TRACE_FEXIT, func: 'security_bpf' });
  put(client, PT.LSM, refuses('r3 = *(u32 *)(r1 + 0)', BPF_CMD.PROG_QUERY), lsm('bpf'));
  t.equal(client.bpf(BPF_CMD.PROG_QUERY, new Uint8Array(168)), -EPERM);
  const modify = 'r3 = *(u32 *)(r1 + 0)\nr0 = 0\nif r3 != 3 goto out\nr0 = -9\nout:\nexit';
  put(client, PT.TRACING, modify, { type: AT.MODIFY_RETURN, func: 'security_bpf' });
  t.equal(client.bpf(BPF_CMD.MAP_DELETE_ELEM, new Uint8Array(168)), -EBADF, 'stands in for the function');
  t.same(client.words().slice(0, 2), [3n, BigInt.asUintN(64, BigInt(-EBADF))], 'which fexit sees');
});

t.test('programs on sys_enter and sys_exit see the call and its result', async (t) => {
  const client = new Client();
  const keep = (at: number) =>
    `r2 = mapval[0]+0\nr3 = *(u64 *)(r1 + 8)\n*(u64 *)(r2 + ${at}) = r3\nr3 = *(u64 *)(r2 + ${at + 8})\nr3 += 1\n*(u64 *)(r2 + ${at + 8}) = r3\nr0 = 0\nexit`;
  const enter = client.attach(client.load(PT.RAW_TRACEPOINT, keep(0)), 'sys_enter');
  const exit = client.attach(client.load(PT.RAW_TRACEPOINT, keep(16)), 'sys_exit');
  t.ok(enter > 0 && exit > 0);
  const before = client.words();
  t.equal(client.bpf(999, new Uint8Array(168)), -EINVAL);
  const after = client.words();
  t.same([after[0], after[2]], [321n, BigInt.asUintN(64, BigInt(-EINVAL))]);
  // The calls that read the value count too, and see themselves come in but not go out.
  t.same([after[1]! - before[1]!, after[3]! - before[3]!], [2n, 2n]);
  for (const link of [enter, exit]) client.close(link);
  t.notOk(isWatched(client.kernel), 'calls are as cheap as before');
});
