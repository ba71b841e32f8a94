import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { BtfBuilder } from '../../btf/build.ts';
import { CtlSession } from '../../syscall/ctl_json/session.ts';
import { hex } from '../../syscall/ctl_json/text.ts';
import { FdTable } from '../../syscall/fd_table.ts';
import { Kernel } from '../../syscall/kernel.ts';

function kernel(): Kernel {
  const clock = () => 0n;
  return new Kernel({
    cpus: 2,
    memory: 64 << 20,
    poison: true,
    clock: { monotonic: clock, boottime: clock, realtime: clock },
    random: seededRandom(7),
  });
}

/** A session that speaks objects. */
function session(of = kernel()): (request: unknown) => Record<string, unknown> {
  const ctl = new CtlSession(of);
  return (request) => JSON.parse(ctl.writeLine(JSON.stringify(request))) as Record<string, unknown>;
}

const HASH = { cmd: 'BPF_MAP_CREATE', as: 'm', map_type: 'hash', key_size: 4, value_size: 8, max_entries: 4 };

t.test('a session creates a map, stores, looks up, walks and deletes', (t) => {
  const ask = session();
  t.same(ask(HASH), { ok: true, fd: 0, as: 'm' });
  t.same(ask({ cmd: 'BPF_MAP_UPDATE_ELEM', map_fd: '$m', key: '01000000', value: [2, 0, 0, 0, 0, 0, 0, 0] }), {
    ok: true,
  });
  t.same(ask({ cmd: 'MAP_LOOKUP_ELEM', map_fd: '$m', key: 1 }), { ok: true, value: '0200000000000000' });
  t.same(ask({ cmd: 'BPF_MAP_GET_NEXT_KEY', map_fd: '$m' }), { ok: true, next_key: '01000000' });
  t.same(ask({ cmd: 'BPF_MAP_UPDATE_ELEM', map_fd: '$m', key: 1, value: 3, flags: 'noexist' }), {
    ok: false,
    errno: 'EEXIST',
    message: 'BPF_MAP_UPDATE_ELEM: File exists',
  });
  t.same(ask({ cmd: 'BPF_MAP_DELETE_ELEM', map_fd: '$m', key: 1 }), { ok: true });
  t.equal(ask({ cmd: 'BPF_MAP_LOOKUP_ELEM', map_fd: '$m', key: 1 })['errno'], 'ENOENT');
  t.same(ask({ cmd: 'close', fd: '$m' }), { ok: true });
  t.match(ask({ cmd: 'BPF_MAP_LOOKUP_ELEM', map_fd: '$m', key: 1 })['message'], /field "map_fd": found "\$m"/);
  t.end();
});

t.test('a wrong field gets one line with field, found and wanted', (t) => {
  const ask = session();
  const cases: [unknown, RegExp][] = [
    [{ ...HASH, key_size: 'four' }, /^field "key_size": found "four", wanted a number from 0 to 4294967295$/],
    [{ ...HASH, key_size: -1 }, /^field "key_size": found -1, wanted a number/],
    [{ ...HASH, key_size: 2 ** 32 }, /^field "key_size": found 4294967296/],
    [{ ...HASH, key_size: 1.5 }, /^field "key_size": found 1.5/],
    [{ ...HASH, map_type: 'hsh' }, /^field "map_type": found "hsh", wanted a name such as "hash"/],
    [{ ...HASH, map_flags: 'nope' }, /^field "map_flags": found "nope", wanted flags such as/],
    [{ ...HASH, keysize: 4 }, /^field "keysize": found 4, wanted only fields of BPF_MAP_CREATE: key_size/],
    [{ ...HASH, as: 'a b' }, /^field "as": found "a b", wanted a name/],
    [{ ...HASH, map_name: 'x'.repeat(17) }, /^field "map_name": .* wanted text of at most 16 bytes/],
    [{ ...HASH, btf_fd: '$nobody' }, /^field "btf_fd": found "\$nobody", wanted the name of an open descriptor/],
    [{ cmd: 'BPF_NOTHING' }, /^field "cmd": found "BPF_NOTHING"/],
    [{ cmd: '__proto__' }, /^field "cmd"/],
    [[], /^field "cmd"/],
    [null, /^field "cmd"/],
    [{ cmd: 'BPF_MAP_FREEZE', as: 'x', map_fd: 0 }, /^field "as": found "x", wanted no name/],
  ];
  for (const [request, message] of cases) {
    const reply = ask(request);
    t.equal(reply['errno'], 'EINVAL');
    t.match(reply['message'], message);
  }
  t.equal(ask({ ...HASH, map_name: 'x'.repeat(16) })['message'], 'BPF_MAP_CREATE: Invalid argument');
  t.end();
});

t.test('with BTF, keys and values are plain JSON', (t) => {
  const ask = session();
  const btf = new BtfBuilder();
  const int = btf.int('int', 4, 1);
  const char = btf.int('char', 1, 1);
  const u64 = btf.int('unsigned long long', 8);
  const name = btf.array(char, int, 8);
  const value = btf.struct('pair', 24, [
    ['count', u64, 0],
    ['name', name, 64],
    ['low', int, 128, 4],
    ['high', int, 132, 28],
  ]);
  const loaded = ask({ cmd: 'BPF_BTF_LOAD', as: 'btf', btf: hex(btf.bytes()) });
  t.equal(loaded['ok'], true, JSON.stringify(loaded));
  const map = { ...HASH, value_size: 24, btf_fd: '$btf', btf_key_type_id: int, btf_value_type_id: value };
  t.equal(ask(map)['ok'], true);
  const stored = { count: 7, name: 'abc', low: -2, high: 5 };
  t.same(ask({ cmd: 'BPF_MAP_UPDATE_ELEM', map_fd: '$m', key: -3, value: stored }), { ok: true });
  t.same(ask({ cmd: 'BPF_MAP_LOOKUP_ELEM', map_fd: '$m', key: -3 }), {
    ok: true,
    value: '070000000000000061626300000000005e00000000000000',
    value_json: stored,
  });
  t.match(
    ask({ cmd: 'BPF_MAP_UPDATE_ELEM', map_fd: '$m', key: 1, value: { cnt: 1 } })['message'],
    /^field "value.cnt": found 1, wanted one of the members count, name, low, high$/,
  );
  t.match(ask({ cmd: 'BPF_MAP_UPDATE_ELEM', map_fd: '$m', key: 1, value: { low: 9 } })['message'], /from -8 to 7$/);
  t.end();
});

t.test('per-CPU values are lists, batches too', (t) => {
  const ask = session();
  ask({ ...HASH, map_type: 'BPF_MAP_TYPE_PERCPU_HASH' });
  t.same(ask({ cmd: 'BPF_MAP_UPDATE_ELEM', map_fd: '$m', key: 1, value: [5, 6] }), { ok: true });
  t.same(ask({ cmd: 'BPF_MAP_LOOKUP_ELEM', map_fd: '$m', key: 1 })['value'], ['0500000000000000', '0600000000000000']);
  t.match(ask({ cmd: 'BPF_MAP_UPDATE_ELEM', map_fd: '$m', key: 1, value: [5] })['message'], /a list of 2 values/);
  ask({ ...HASH, map_type: 'array', as: 'a' });
  t.same(ask({ cmd: 'BPF_MAP_UPDATE_BATCH', map_fd: '$a', keys: [0, 1], values: [10, 11] }), { ok: true, count: 2 });
  const batch = ask({ cmd: 'BPF_MAP_LOOKUP_BATCH', map_fd: '$a', count: 3 });
  t.same(batch['values'], ['0a00000000000000', '0b00000000000000', '0000000000000000']);
  t.equal(batch['out_batch'], '02000000');
  const rest = ask({ cmd: 'BPF_MAP_LOOKUP_BATCH', map_fd: '$a', count: 3, in_batch: '02000000' });
  t.equal(rest['errno'], 'ENOENT');
  t.equal(rest['count'], 1);
  t.end();
});

t.test('info is shown field by field', (t) => {
  const ask = session();
  ask({ ...HASH, map_name: 'counts' });
  t.match(ask({ cmd: 'BPF_OBJ_GET_INFO_BY_FD', bpf_fd: '$m' }), {
    ok: true,
    info_len: 104,
    info: { type: 'BPF_MAP_TYPE_HASH', id: 1, key_size: 4, name: 'counts' },
  });
  t.same(ask({ cmd: 'BPF_MAP_GET_NEXT_ID' }), { ok: true, next_id: 1 });
  t.end();
});

t.test('programs, links and cgroup lists are shown too', (t) => {
  const fds = new FdTable();
  fds.install({ kind: 'foreign', what: 'cgroup', dev: 1, ino: 77, path: '/cg' });
  const of = kernel();
  const ctl = new CtlSession(of, { fds });
  const ask = (request: unknown): Record<string, unknown> =>
    JSON.parse(ctl.writeLine(JSON.stringify(request))) as Record<string, unknown>;
  ask({ ...HASH, map_type: 'array', key_size: 4 });
  const insns = 'b7000000010000009500000000000000';
  const load = { cmd: 'BPF_PROG_LOAD', as: 'p', prog_type: 'cgroup_skb', insns, license: 'GPL', prog_name: 'pass' };
  t.match(ask(load), { ok: true, as: 'p' });
  t.same(ask({ cmd: 'BPF_PROG_BIND_MAP', prog_fd: '$p', map_fd: '$m' }), { ok: true });
  t.match(ask({ cmd: 'BPF_OBJ_GET_INFO_BY_FD', bpf_fd: '$p' }), {
    info: { type: 'BPF_PROG_TYPE_CGROUP_SKB', name: 'pass', nr_map_ids: 1, map_ids: [1], gpl_compatible: 1 },
  });
  const link = { cmd: 'BPF_LINK_CREATE', as: 'l', prog_fd: '$p', target_fd: 0, attach_type: 'cgroup_inet_egress' };
  t.match(ask(link), { ok: true, as: 'l' });
  t.match(ask({ cmd: 'BPF_OBJ_GET_INFO_BY_FD', bpf_fd: '$l' }), {
    info: { type: 'BPF_LINK_TYPE_CGROUP', prog_id: 1, cgroup_id: 77, attach_type: 'BPF_CGROUP_INET_EGRESS' },
  });
  t.match(ask({ cmd: 'BPF_PROG_QUERY', target_fd: 0, attach_type: 'cgroup_inet_egress' }), {
    attach_flags: 'BPF_F_ALLOW_MULTI',
    prog_cnt: 1,
    prog_ids: [1],
    revision: 2,
  });
  ctl.close();
  t.equal(of.progs.size + of.links.size + of.maps.size, 0);
  t.end();
});

t.test('write() takes lines in any portions', (t) => {
  const ctl = new CtlSession(kernel());
  const bytes = new TextEncoder().encode(`${JSON.stringify(HASH)}\n\n{"cmd":"BPF_MAP_FREEZE","map_fd":"$m"}\n{"cmd"`);
  let replies = '';
  for (const byte of bytes) replies += ctl.write(Uint8Array.of(byte));
  t.equal(replies, '{"ok":true,"fd":0,"as":"m"}\n{"ok":true}\n');
  t.equal(ctl.hasPartialLine, true);
  t.end();
});

t.test('hostile lines get a clear error and nothing grows', (t) => {
  const ctl = new CtlSession(kernel());
  const ask = (line: string): Record<string, unknown> => JSON.parse(ctl.writeLine(line)) as Record<string, unknown>;
  t.match(ask('{"cmd":"BPF_MAP_CREATE"')['message'], /^field "line": .*wanted one JSON object/);
  t.match(ask('[['.repeat(100_000))['message'], /at most 64 levels/);
  t.match(ask(`{"cmd":"BPF_MAP_LOOKUP_ELEM","key":${'"['.repeat(1000)}`)['errno'], 'EINVAL');
  t.match(ask(`"${'x'.repeat(1_000_000)}`)['message'], /\(1000001 characters\)|…/);
  t.match(ask(JSON.stringify({ ...HASH, map_name: 'y'.repeat(1_000_000) }))['message'], /characters\)/);
  t.match(JSON.parse(ctl.write(Uint8Array.of(0x22, 0xff, 0xfe, 0x22, 0x0a))), { ok: false, errno: 'EILSEQ' });
  const chunk = new Uint8Array(8 << 20).fill(0x20);
  for (let i = 0; i < 8; i++) t.equal(ctl.write(chunk), '');
  t.match(JSON.parse(ctl.write(Uint8Array.of(0x0a))), { ok: false, errno: 'E2BIG' });
  t.match(ask('{"cmd":"BPF_MAP_FREEZE","map_fd":99}'), { ok: false, errno: 'EBADF' });
  t.match(ask('{"cmd":"BPF_PROG_QUERY","prog_cnt":4294967295}')['message'], /at most/);
  t.end();
});

t.test('descriptors may be shared with another door, and names are replaced', (t) => {
  const fds = new FdTable(4);
  const of = kernel();
  const ctl = new CtlSession(of, { fds });
  const ask = (request: unknown): Record<string, unknown> =>
    JSON.parse(ctl.writeLine(JSON.stringify(request))) as Record<string, unknown>;
  for (let i = 0; i < 20; i++) t.equal(ask(HASH)['ok'], true, 'the old map of the name is closed');
  t.equal(fds.open, 1);
  t.equal(of.maps.size, 1);
  for (let i = 0; i < 3; i++) ask({ ...HASH, as: `m${i}` });
  t.equal(ask({ ...HASH, as: 'z' })['errno'], 'EMFILE');
  ctl.close();
  t.equal(of.maps.size, 0);
  t.end();
});
