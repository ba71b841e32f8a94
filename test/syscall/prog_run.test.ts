/** EMU_PROG_RUN: programs of every kind on events given by name. */
import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { CtlSession } from '../../syscall/ctl_json/session.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { parseAddress } from '../../syscall/prog_run/fields.ts';
import { emuProgRun } from '../../syscall/prog_run/index.ts';
import { CAP_FULL_SET } from '../../uapi/capability.ts';
import { asm } from '../vm/lib/asm.ts';

const tick = (): bigint => 1000n;
const kernel = new Kernel({
  cpus: 1,
  memory: 64 << 20,
  poison: true,
  clock: { monotonic: tick, boottime: tick, realtime: tick },
  random: seededRandom(1),
});
const session = new CtlSession(kernel, { commands: new Map([['EMU_PROG_RUN', emuProgRun(kernel)]]) });

type Reply = Record<string, unknown>;

function ask(line: object): Reply {
  return JSON.parse(session.writeLine(JSON.stringify(line))) as Reply;
}

function load(type: string, source: string, attach?: string): number {
  const insns = Buffer.from(asm(source)).toString('hex');
  const reply = ask({
    cmd: 'BPF_PROG_LOAD',
    prog_type: type,
    insns,
    insn_cnt: insns.length / 16,
    license: 'GPL',
    ...(type === 'syscall' ? { prog_flags: 16 } : {}),
    ...(attach === undefined ? {} : { expected_attach_type: attach }),
    log_level: 1,
  });
  if (typeof reply['fd'] !== 'number') throw new Error(JSON.stringify(reply, null, 1).replaceAll('\\n', '\n'));
  return reply['fd'];
}

function run(fd: number, event: object): Reply {
  return ask({ cmd: 'EMU_PROG_RUN', prog_fd: fd, ...event });
}

const PACKET = `${'00'.repeat(12)}0800${'45000014000000004006000001020304050607 08'.replace(/ /g, '')}`;

t.test('an XDP program reads its frame, and the verdict has a name', async (t) => {
  const fd = load(
    'xdp',
    `
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r0 = 1
    r4 = r2
    r4 += 15
    if r4 > r3 goto out
    r0 = *(u8 *)(r2 + 14)
    r0 = 1
    out:
    exit`,
  );
  const reply = run(fd, { data: PACKET, repeat: 3 });
  t.match(reply, { ok: true, retval: 1, verdict: 'XDP_DROP', data: PACKET, runs: 3 });
  t.match(run(fd, { data: '00' }), { ok: false, errno: 'EINVAL' });
  t.match(run(fd, { data: 'xyz' }), { ok: false, errno: 'EINVAL' });
  const jumbo = '00'.repeat(12_000);
  t.equal(run(fd, { data: jumbo })['data'], jumbo, 'frames longer than a page keep their bytes');
});

t.test('a redirect is reported', async (t) => {
  const fd = load('xdp', 'r1 = 2\nr2 = 0\ncall 23\nexit');
  t.match(run(fd, { data: PACKET }), { retval: 4, verdict: 'XDP_REDIRECT', redirect: { ifindex: 2 } });
});

t.test('a classifier sees and sets fields of its context', async (t) => {
  const fd = load('sched_cls', 'r0 = *(u32 *)(r1 + 8)\n*(u32 *)(r1 + 8) = 77\n*(u32 *)(r1 + 48) = 5\nexit');
  const reply = run(fd, { data: PACKET, ctx: { mark: 2, cb: [1, 2] } });
  t.match(reply, { retval: 2, verdict: 'TC_ACT_SHOT', ctx: { mark: 77, cb: [5, 2, 0, 0, 0] } });
  t.match(run(fd, { data: PACKET, ctx: { nosuch: 1 } }), { ok: false, errno: 'EINVAL', message: /ctx.nosuch/ });
  t.match(run(fd, { data: PACKET, ctx: { ifindex: 9 } }), { ok: false, errno: 'ENODEV' });
});

t.test('connect4: address and port are rewritten', async (t) => {
  const source = 'r0 = *(u32 *)(r1 + 4)\n*(u32 *)(r1 + 4) = 0x0100007f\n*(u32 *)(r1 + 24) = 20480\nr0 = 1\nexit';
  const fd = load('cgroup_sock_addr', source, 'cgroup_inet4_connect');
  const reply = run(fd, { ctx: { user_family: 2, user_ip4: '10.0.0.1', user_port: 1 } });
  t.match(reply, { retval: 1, verdict: 'allow', ctx: { user_family: 2, user_ip4: 0x0100007f, user_port: 20480 } });
});

t.test('a sysctl program reads name and value and sets a new one', async (t) => {
  const source = `
    r6 = r1
    r2 = r10
    r2 += -16
    r3 = 16
    r4 = 1
    call 101
    r7 = r0
    *(u32 *)(r10 - 16) = 0x3332
    r1 = r6
    r2 = r10
    r2 += -16
    r3 = 3
    call 104
    r0 = 1
    if r7 == 7 goto out
    r0 = 0
    out:
    exit`;
  const fd = load('cgroup_sysctl', source);
  const reply = run(fd, { ctx: { name: 'net/ipv4/tcp_mem', value: '1', new_value: '9' } });
  t.match(reply, { retval: 1, ctx: { write: 1 }, new_value: '23\0' });
});

t.test('a socket option program sees and changes the value', async (t) => {
  const source = `
    r2 = *(u64 *)(r1 + 8)
    r3 = *(u64 *)(r1 + 16)
    *(u32 *)(r1 + 32) = 2
    r0 = 1
    r4 = r2
    r4 += 1
    if r4 > r3 goto out
    *(u8 *)(r2 + 0) = 9
    out:
    exit`;
  const fd = load('cgroup_sockopt', source, 'cgroup_setsockopt');
  t.match(run(fd, { data: '01020304', ctx: { level: 1, optname: 2 } }), { retval: 1, data: '0902' });
});

t.test('kprobe registers, tracepoint records and raw tracepoint arguments are read', async (t) => {
  t.match(run(load('kprobe', 'r0 = *(u64 *)(r1 + 112)\nexit'), { ctx: { di: 42 } }), { retval: 42 });
  t.match(run(load('tracepoint', 'r0 = *(u32 *)(r1 + 8)\nexit'), { data: `${'00'.repeat(8)}05000000` }), { retval: 5 });
  t.match(run(load('raw_tracepoint', 'r0 = *(u64 *)(r1 + 8)\nexit'), { args: [1, '0x10'] }), { retval: 16 });
  const perf = load('perf_event', 'r0 = *(u64 *)(r1 + 176)\nexit');
  t.match(run(perf, { ctx: { addr: 3, ip: 1 } }), { retval: 3 });
});

t.test('device and socket programs', async (t) => {
  t.match(run(load('cgroup_device', 'r0 = *(u32 *)(r1 + 4)\nr0 &= 1\nexit'), { ctx: { major: 1, minor: 3 } }), {
    verdict: 'allow',
  });
  const fd = load(
    'cgroup_sock',
    'r0 = *(u32 *)(r1 + 4)\nr0 >>= 1\nr0 &= 1\n*(u32 *)(r1 + 16) = 7\nexit',
    'cgroup_inet_sock_create',
  );
  t.match(run(fd, { ctx: { family: 2 } }), { retval: 1, ctx: { family: 2, mark: 7 } });
});

t.test('messages are cut and lengthened', async (t) => {
  const source = 'r2 = 1\nr3 = 2\nr4 = 0\ncall 90\nr0 = 1\nexit';
  t.match(run(load('sk_msg', source, 'sk_msg_verdict'), { data: 'aabb' }), { verdict: 'SK_PASS', data: 'aa0000bb' });
});

t.test('a syscall program calls bpf(2): a map is made, an element is stored from its own memory', async (t) => {
  const zero = Array.from({ length: 12 }, (_, i) => `*(u64 *)(r10 - ${8 * (i + 1)}) = 0`).join('\n');
  const source = `
    r6 = r1
    ${zero}
    *(u32 *)(r10 - 96) = 2
    *(u32 *)(r10 - 92) = 4
    *(u32 *)(r10 - 88) = 8
    *(u32 *)(r10 - 84) = 1
    r1 = 0
    r2 = r10
    r2 += -96
    r3 = 72
    call 166
    r7 = r0
    *(u64 *)(r10 - 8) = 77
    *(u32 *)(r10 - 16) = 0
    *(u32 *)(r10 - 96) = r7
    *(u64 *)(r10 - 88) = 0
    r1 = r10
    r1 += -16
    *(u64 *)(r10 - 88) = r1
    r1 = r10
    r1 += -8
    *(u64 *)(r10 - 80) = r1
    *(u64 *)(r10 - 72) = 0
    r1 = 2
    r2 = r10
    r2 += -96
    r3 = 32
    call 166
    *(u64 *)(r6 + 0) = r0
    r0 = r7
    exit`;
  const reply = run(load('syscall', source), { data: 'ff'.repeat(8) });
  t.match(reply, { ok: true, data: '00'.repeat(8) }, 'the update succeeded');
  const map = ask({ cmd: 'BPF_MAP_LOOKUP_ELEM', map_fd: reply['retval'], key: 0 });
  t.match(map, { ok: true, value: '4d00000000000000' });
});

t.test('a program can be named', async (t) => {
  ask({
    as: 'mine',
    cmd: 'BPF_PROG_LOAD',
    prog_type: 'xdp',
    insns: 'b700000002000000 9500000000000000',
    insn_cnt: 2,
    license: 'GPL',
  });
  t.match(ask({ cmd: 'EMU_PROG_RUN', prog_fd: '$mine', data: PACKET }), { ok: true, verdict: 'XDP_PASS' });
  t.match(ask({ cmd: 'EMU_PROG_RUN', prog_fd: '$other', data: PACKET }), {
    ok: false,
    errno: 'EINVAL',
    message: /prog_fd/,
  });
});

t.test('what cannot be run says so', async (t) => {
  t.match(ask({ cmd: 'EMU_PROG_RUN', prog_id: 9999 }), { ok: false, errno: 'ENOENT' });
  t.match(ask({ cmd: 'EMU_PROG_RUN' }), { ok: false, errno: 'EINVAL' });
  t.match(ask({ cmd: 'EMU_PROG_RUN', prog_fd: 0, repeat: -1 }), { ok: false, errno: 'EINVAL' });
  t.match(ask({ cmd: 'EMU_PROG_RUN', prog_fd: 0, repaet: 3 }), {
    ok: false,
    errno: 'EINVAL',
    field: 'repaet',
    message: 'field "repaet": found 3, wanted only fields of EMU_PROG_RUN: repeat',
  });
  t.match(ask({ cmd: 'EMU_PROG_RUN', prog_fd: 0, ctx: [] }), { field: 'ctx', message: /wanted an object of fields/ });
});

t.test('addresses in text', async (t) => {
  t.same(parseAddress('10.1.2.3'), Uint8Array.of(10, 1, 2, 3));
  t.same([...(parseAddress('fe80::1:2') ?? [])], [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2]);
  t.equal(parseAddress('::')?.length, 16);
  for (const wrong of ['1.2.3', '1.2.3.400', '1::2::3', '1:2:3', 'x::']) t.equal(parseAddress(wrong), undefined, wrong);
});

t.test('the number of a program is no right to run it', async (t) => {
  const fd = load('xdp', 'r0 = 2; exit');
  const id = Math.max(...kernel.progs.values().map((prog) => prog.id));
  const { caller } = session;
  caller.caps = 0n;
  t.match(ask({ cmd: 'EMU_PROG_RUN', prog_id: id, data: PACKET }), { ok: false, errno: 'EPERM' });
  t.match(ask({ cmd: 'EMU_PROG_RUN', prog_id: 9999, data: PACKET }), { ok: false, errno: 'EPERM' });
  t.match(run(fd, { data: PACKET }), { ok: true, retval: 2 }, 'its descriptor is');
  caller.caps = CAP_FULL_SET;
  t.match(ask({ cmd: 'EMU_PROG_RUN', prog_id: id, data: PACKET }), { ok: true });
});
