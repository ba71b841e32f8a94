/** EMU_PROG_RUN of programs that are given the kernel's own structures: by BTF, as objects. */
import t from 'tap';
import { builtinBtf } from '../../btf/builtin.ts';
import { BTF_KIND } from '../../btf/kinds.ts';
import { CtlSession } from '../../syscall/ctl_json/session.ts';
import { emuProgRun } from '../../syscall/prog_run/index.ts';
import { asm } from '../vm/lib/asm.ts';
import { stillKernel } from '../vm/lib/run_case.ts';

const kernel = stillKernel(builtinBtf());
const vmlinux = kernel.vmlinux!;
const session = new CtlSession(kernel, { commands: new Map([['EMU_PROG_RUN', emuProgRun(kernel)]]) });

type Reply = Record<string, unknown>;

function ask(line: object): Reply {
  return JSON.parse(session.writeLine(JSON.stringify(line))) as Reply;
}

/** Loads a program under the name `p`. */
function load(type: string, source: string, attach?: string, target?: string, kind: number = BTF_KIND.FUNC): void {
  const insns = Buffer.from(asm(source)).toString('hex');
  const reply = ask({
    as: 'p',
    cmd: 'BPF_PROG_LOAD',
    prog_type: type,
    insns,
    insn_cnt: insns.length / 16,
    license: 'GPL',
    log_level: 1,
    ...(attach === undefined ? {} : { expected_attach_type: attach }),
    ...(target === undefined ? {} : { attach_btf_id: vmlinux.find(target, kind) }),
  });
  if (typeof reply['fd'] !== 'number') throw new Error(JSON.stringify(reply));
}

const run = (event: object): Reply => ask({ cmd: 'EMU_PROG_RUN', prog_fd: '$p', ...event });

/** Offset of a member of a kernel structure. */
function offsetOf(struct: string, name: string): number {
  const member = vmlinux.type(vmlinux.find(struct, BTF_KIND.STRUCT))?.members.find((one) => one.name === name);
  if (member === undefined) throw new Error(`no ${struct}.${name}`);
  return member.bitOffset / 8;
}

const IPV4 = `450000280001000040060000c0a801020a000001${'00'.repeat(20)}`;

t.test('a tracing program is given structures as objects', async (t) => {
  const pid = offsetOf('task_struct', 'pid');
  load(
    'tracing',
    `r1 = *(u64 *)(r1 + 0)\nr0 = *(u32 *)(r1 + ${pid})\nexit`,
    'trace_raw_tp',
    'btf_trace_task_newtask',
    BTF_KIND.TYPEDEF,
  );
  t.match(run({ args: [{ pid: 77 }, 0] }), { ok: true, retval: 77 });
  t.match(run({ args: [{ pid: 77, nosuch: 1 }] }), { ok: false, errno: 'EINVAL', message: /args\[0\].*nosuch/ });
  t.match(run({ args: [0] }), { ok: true, retval: 0 }, 'NULL reads as 0');
  t.match(run({ args: [{ struct: 'nosuch' }] }), { ok: false, message: /no struct nosuch/ });
});

t.test('pointers in structures can be objects too', async (t) => {
  const [group, pid] = [offsetOf('task_struct', 'group_leader'), offsetOf('task_struct', 'pid')];
  load(
    'tracing',
    `r1 = *(u64 *)(r1 + 0)\nr1 = *(u64 *)(r1 + ${group})\nr0 = *(u32 *)(r1 + ${pid})\nexit`,
    'trace_raw_tp',
    'btf_trace_task_newtask',
    BTF_KIND.TYPEDEF,
  );
  t.match(run({ args: [{ pid: 5, group_leader: { pid: 6 } }, 0] }), { ok: true, retval: 6 });
});

t.test('an answer that is an errno has its name', async (t) => {
  load('lsm', 'r0 = -1\nexit', 'lsm_mac', 'bpf_lsm_file_open');
  t.match(run({ args: [{ f_flags: 2 }, 0] }), { ok: true, retval: 0xffffffff, verdict: '-EPERM' });
});

t.test('raw tracepoints have buffers and texts', async (t) => {
  const source = 'r3 = *(u64 *)(r1 + 0)\nr0 = *(u32 *)(r3 + 0)\n*(u32 *)(r3 + 0) = 9\nexit';
  load('raw_tracepoint_writable', source);
  t.match(run({ args: [{ hex: '2a000000' }] }), { ok: true, retval: 42 });
  t.match(run({ args: [{ text: 'A' }] }), { ok: true, retval: 65 });
  t.match(run({ args: [{ hex: 'zz' }] }), { ok: false, message: /args\[0\].hex/ });
  t.match(run({ args: [{ pid: 1 }] }), { ok: false, message: /not known what this points to/ });
});

t.test('a netfilter program sees the packet and the hook', async (t) => {
  const len = offsetOf('sk_buff', 'len');
  const source = `
    r2 = *(u64 *)(r1 + 0)
    r3 = *(u64 *)(r1 + 8)
    r2 = *(u8 *)(r2 + 0)
    r3 = *(u32 *)(r3 + ${len})
    r0 = 0
    if r2 != 1 goto out
    if r3 != 40 goto out
    r0 = 1
    out:
    exit`;
  load('netfilter', source, 'netfilter');
  t.match(run({ data: IPV4, ctx: { hook: 1 } }), { ok: true, retval: 1, verdict: 'NF_ACCEPT', data: IPV4 });
  t.match(run({ data: IPV4 }), { ok: true, retval: 0, verdict: 'NF_DROP' });
  t.match(run({ data: '45' }), { ok: false, errno: 'EINVAL', message: /1 bytes found, at least 20/ });
  t.match(run({ data: IPV4, ctx: { hook: 9 } }), { ok: false, message: /ctx.hook/ });
  t.match(run({ data: IPV4, ctx: { nosuch: 9 } }), { ok: false, message: /ctx.nosuch/ });
});

t.test('a flow dissector gives its keys back', async (t) => {
  const source = 'r2 = *(u64 *)(r1 + 144)\n*(u16 *)(r2 + 2) = 34\n*(u8 *)(r2 + 9) = 6\nr0 = 0\nexit';
  load('flow_dissector', source, 'flow_dissector');
  t.match(run({ data: `${'00'.repeat(12)}0800${IPV4}`, ctx: { flags: 1 } }), {
    ok: true,
    retval: 0,
    ctx: { nhoff: 14, thoff: 34, ip_proto: 6, n_proto: 8, flags: 1 },
  });
});

t.test('an iterator is given an object, and what it writes comes back', async (t) => {
  const pid = offsetOf('task_struct', 'pid');
  const source = `
    r6 = *(u64 *)(r1 + 0)
    r7 = *(u64 *)(r1 + 8)
    r1 = *(u64 *)(r6 + 0)
    if r7 == 0 goto none
    r2 = *(u32 *)(r7 + ${pid})
    r2 += 48
    *(u8 *)(r10 - 1) = r2
    r2 = r10
    r2 += -1
    r3 = 1
    call 127
    none:
    r0 = 0
    exit`;
  load('tracing', source, 'trace_iter', 'bpf_iter_task');
  t.match(run({ args: [{ pid: 7 }] }), { ok: true, retval: 0, text: '7' });
  t.match(run({ args: [0] }), { ok: true, retval: 0, text: '' }, 'the end of the objects');
  t.match(run({ args: [0, 0, 0, 0, 0, 0, 0, 0] }), { ok: false, errno: 'E2BIG' });
});
