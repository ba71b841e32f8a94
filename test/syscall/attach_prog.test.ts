/**
 * Programs on functions of programs, and in place of them: what PROG_LOAD and LINK_CREATE
 * allow and how they refuse (`bpf_check_attach_target`). Hooks and functions of the kernel
 * by the rules that its BTF does not tell.
 */
import t from 'tap';
import { BtfBuilder } from '../../btf/build.ts';
import { parseC } from '../../btf/c_parse.ts';
import { BTF_KIND } from '../../btf/kinds.ts';
import type { Kernel } from '../../syscall/kernel.ts';
import { LocalCaller } from '../../syscall/local_caller.ts';
import { BPF_ATTACH_TYPE as AT, BPF_CMD, BPF_MAP_TYPE, BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import { EBADF, EBUSY, EINVAL } from '../../uapi/errno.ts';
import { asm } from '../vm/lib/asm.ts';
import { attrOf, stillKernel } from '../vm/lib/run_case.ts';

const SIZE = 168;
const LOG_SIZE = 1 << 16;

/** Types of the kernel that the programs here need. */
const VMLINUX = parseC(`
struct file { int f_flags; };
struct inode { int i_mode; };
struct sk_buff { int len; };
struct xdp_buff { int frame_sz; };
struct big { long a; long b; long c; };
union security_list_options {
  int (*file_open)(struct file *file);
  int (*inode_rename)(struct inode *inode);
  int (*sk_alloc_security)(struct file *file);
  void (*task_free)(struct file *file);
  int (*getprocattr)(struct file *file);
};
int bpf_lsm_file_open(struct file *file);
int bpf_lsm_inode_rename(struct inode *inode);
int bpf_lsm_sk_alloc_security(struct file *file);
void bpf_lsm_task_free(struct file *file);
int bpf_lsm_getprocattr(struct file *file);
int bpf_lsm_verify_prog(struct file *file);
int vfs_read(struct file *file, long pos);
int security_file_open(struct file *file);
long __x64_sys_getpid(struct file *regs);
void migrate_disable(void);
void do_exit(long code);
int takes_big(struct big value);
`);

interface Load {
  readonly type: number;
  readonly source: string;
  readonly attachType?: number;
  readonly btf?: number;
  /** Type ids of the program's functions, by their first instruction. */
  readonly funcs?: readonly (readonly [insn: number, typeId: number])[];
  readonly attachProg?: number;
  readonly attachId?: number;
  readonly flags?: number;
  readonly license?: string;
}

class Client {
  readonly kernel: Kernel = stillKernel(VMLINUX);
  readonly caller = new LocalCaller({ memory: 8 << 20 });
  log = '';

  bpf(cmd: number, attr: Uint8Array): number {
    return this.kernel.bpf(cmd, attr, SIZE, this.caller.put(attr), this.caller);
  }

  btf(bytes: Uint8Array): number {
    return this.bpf(BPF_CMD.BTF_LOAD, attrOf([0, this.caller.put(bytes), true], [16, bytes.length]));
  }

  func(name: string): number {
    return this.kernel.vmlinux!.find(name, BTF_KIND.FUNC);
  }

  load(how: Load): number {
    const insns = asm(how.source);
    const log = this.caller.put(new Uint8Array(LOG_SIZE));
    const records = Uint32Array.from((how.funcs ?? []).flat());
    const fd = this.bpf(
      BPF_CMD.PROG_LOAD,
      attrOf(
        [0, how.type],
        [4, insns.length / 8],
        [8, this.caller.put(insns), true],
        [16, this.caller.put(new TextEncoder().encode(`${how.license ?? 'GPL'}\0`)), true],
        [24, 2],
        [28, LOG_SIZE],
        [32, log, true],
        [44, how.flags ?? 0],
        [68, how.attachType ?? 0],
        [72, how.btf ?? 0],
        [76, 8],
        [80, this.caller.put(new Uint8Array(records.buffer)), true],
        [88, (how.funcs ?? []).length],
        [108, how.attachId ?? 0],
        [112, how.attachProg ?? 0],
      ),
    );
    const text = Buffer.from(this.caller.bytes(log, LOG_SIZE));
    this.log = text.subarray(0, text.indexOf(0)).toString('latin1');
    return fd;
  }

  /** The reason of a refusal: the line before the statistics. */
  get reason(): string {
    return this.log.trimEnd().split('\n').at(-2) ?? '';
  }

  link(fd: number, target = 0, btfId = 0, type = 0): number {
    return this.bpf(BPF_CMD.LINK_CREATE, attrOf([0, fd], [4, target], [8, type], [16, btfId]));
  }
}

/** Types of the programs: an entry, a global and a static function, and others that do not fit. */
function types() {
  const b = new BtfBuilder();
  const int = b.int('int', 4, 1);
  const long = b.int('long', 8, 1);
  const skb = b.ptr(b.struct('__sk_buff', 4, [['len', int, 0]]));
  const xdp = b.ptr(b.struct('xdp_md', 4, [['data', int, 0]]));
  const onSkb = b.proto(int, [['skb', skb]]);
  const ids = {
    entry: b.func('entry', onSkb),
    twice: b.func('twice', b.proto(int, [['x', int]])),
    hidden: b.func('hidden', b.proto(int, [['x', int]]), 0),
    other: b.func('other', onSkb),
    onXdp: b.func('on_xdp', b.proto(int, [['ctx', xdp]])),
    noArgs: b.func('no_args', b.proto(int, [])),
    wide: b.func('wide', b.proto(int, [['x', long]])),
    number: b.func('number', b.proto(int, [['x', int]])),
    pointerResult: b.func('pointer_result', b.proto(skb, [['skb', skb]])),
    absent: b.func('absent', onSkb),
    traced: b.func('traced', b.proto(int, [['ctx', b.ptr(long)]])),
  };
  b.declTag('arg:ctx', ids.traced, 0);
  return { bytes: b.bytes(), ids };
}

const TARGET = `
  r1 = 1
  call twice
  call hidden
  r0 = 0
  exit
twice:
  r0 = r1
  r0 += r1
  exit
hidden:
  r0 = 7
  exit`;

function withTarget() {
  const client = new Client();
  const { bytes, ids } = types();
  const btf = client.btf(bytes);
  const target = client.load({
    type: PT.SCHED_CLS,
    source: TARGET,
    btf,
    funcs: [
      [0, ids.entry],
      [5, ids.twice],
      [8, ids.hidden],
    ],
  });
  const ext = (id: number, attachId: number, source = 'r0 = 0\nexit'): number =>
    client.load({ type: PT.EXT, source, btf, funcs: [[0, id]], attachProg: target, attachId });
  const trace = (attachType: number, attachId: number, source = 'r0 = 0\nexit'): number =>
    client.load({ type: PT.TRACING, attachType, source, attachProg: target, attachId });
  return { client, ids, btf, target, ext, trace };
}

t.test('an extension replaces a global function of the same type', (t) => {
  const { client, ids, btf, target, ext } = withTarget();
  t.ok(target >= 0, 'target loaded');
  t.ok(ext(ids.number, ids.twice) >= 0, 'int of an int');
  const main = ext(ids.other, ids.entry);
  t.ok(main >= 0, `the main function: ${client.log}`);
  const refusals: readonly (readonly [number, number, string])[] = [
    [ids.number, ids.hidden, 'Cannot replace static functions'],
    [ids.hidden, ids.twice, 'hidden() is not a global function'],
    [ids.noArgs, ids.twice, 'no_args() has 0 args while twice() has 1 args'],
    [ids.wide, ids.twice, 'arg0 in wide() has size 8 while twice() has 4'],
    [ids.other, ids.twice, 'arg0 in other() is PTR while twice() has INT'],
    [ids.onXdp, ids.entry, "arg0 on_xdp(struct xdp_md *) doesn't match entry(struct __sk_buff *)"],
    [ids.pointerResult, ids.entry, "Return type PTR of pointer_result() doesn't match type INT of entry()"],
    [ids.other, ids.absent, "Subprog absent doesn't exist"],
    [ids.other, 9999, 'attach_btf_id 9999 is invalid'],
  ];
  for (const [id, attachId, reason] of refusals) {
    t.equal(ext(id, attachId), -EINVAL, reason);
    t.equal(client.reason, reason);
  }
  client.load({ type: PT.EXT, source: 'r0 = 0\nexit', attachProg: target, attachId: ids.entry });
  t.equal(client.reason, 'Program extension requires BTF');
  client.load({
    type: PT.EXT,
    source: 'r0 = 0\nexit',
    btf,
    funcs: [[0, ids.other]],
    attachId: client.func('vfs_read'),
  });
  t.equal(client.reason, 'Cannot replace kernel functions');
  client.load({
    type: PT.EXT,
    source: 'r0 = 0\nexit',
    btf,
    funcs: [[0, ids.other]],
    attachProg: main,
    attachId: ids.other,
  });
  t.equal(client.reason, 'Cannot recursively attach');
  t.end();
});

t.test('an extension follows the rules of what it replaces', (t) => {
  const { client, ids, ext } = withTarget();
  t.ok(ext(ids.other, ids.entry, 'r0 = *(u32 *)(r1 + 0)\nexit') >= 0, 'a field of __sk_buff');
  t.equal(ext(ids.other, ids.entry, 'r0 = *(u32 *)(r1 + 1)\nexit'), -13);
  t.match(client.log, /invalid bpf_context access off=1 size=4/);
  t.ok(
    ext(ids.other, ids.entry, 'r2 = 0\nr3 = 0\nr4 = 0\ncall 44\nr0 = 0\nexit') < 0,
    'helpers too: no bpf_xdp_adjust_head here',
  );
  t.equal(ext(ids.other, ids.entry, 'r2 = 8\nr3 = 0\ncall 38\nr0 = 0\nexit'), -EINVAL);
  t.equal(client.reason, 'Extension program changes packet data, while original does not');
  t.match(ext(ids.number, ids.twice, 'r0 = r1\nexit') >= 0, true, 'its argument is a number');
  t.match(client.log, /Validating number\(\) func#0\.\.\./);
  t.end();
});

t.test('tracing programs on functions of programs', (t) => {
  const { client, ids, target, trace } = withTarget();
  const entry = trace(AT.TRACE_FENTRY, ids.entry, 'r2 = *(u64 *)(r1 + 0)\nr0 = 0\nexit');
  t.ok(entry >= 0, client.log);
  t.match(client.log, /R2=ptr_sk_buff\(\)/, "the context is the kernel's");
  t.ok(trace(AT.TRACE_FEXIT, ids.twice, 'r2 = *(u64 *)(r1 + 0)\nr3 = *(u64 *)(r1 + 8)\nr0 = 0\nexit') >= 0);
  t.equal(trace(AT.TRACE_FENTRY, ids.twice, 'r2 = *(u64 *)(r1 + 8)\nr0 = 0\nexit'), -13);
  t.match(client.log, /func 'twice' doesn't have 2-th argument/);
  t.equal(trace(AT.TRACE_FENTRY, ids.entry, 'r0 = 1\nexit'), -EINVAL, 'they return nothing');
  t.equal(trace(AT.MODIFY_RETURN, ids.entry), -EINVAL);
  t.equal(client.reason, "can't modify return codes of BPF programs");
  t.equal(trace(AT.TRACE_RAW_TP, ids.entry), -EINVAL);
  t.equal(client.reason, 'Only FENTRY/FEXIT progs are attachable to another BPF prog');
  const sleepable = client.load({
    type: PT.TRACING,
    attachType: AT.TRACE_FENTRY,
    source: 'r0 = 0\nexit',
    attachProg: target,
    attachId: ids.entry,
    flags: 16,
  });
  t.equal(sleepable, -EINVAL);
  t.equal(client.reason, 'entry is not sleepable');
  const bare = client.load({ type: PT.SCHED_CLS, source: 'r0 = 0\nexit' });
  client.load({ type: PT.TRACING, attachType: AT.TRACE_FENTRY, source: 'r0 = 0\nexit', attachProg: bare, attachId: 1 });
  t.equal(client.reason, 'Tracing program can only be attached to another program annotated with BTF');
  t.end();
});

t.test('programs on tracing programs: one deep', (t) => {
  const { client, ids, btf } = withTarget();
  const on = (attachProg: number, attachId: number): number =>
    client.load({
      type: PT.TRACING,
      attachType: AT.TRACE_FENTRY,
      source: 'r0 = 0\nexit',
      btf,
      funcs: [[0, ids.traced]],
      attachProg,
      attachId,
    });
  const first = on(0, client.func('vfs_read'));
  t.ok(first >= 0, client.log);
  const second = on(first, ids.traced);
  t.ok(second >= 0, client.log);
  t.equal(on(second, ids.traced), -EINVAL);
  t.equal(client.reason, 'Cannot nest tracing program attach more than once');
  client.load({
    type: PT.EXT,
    source: 'r0 = 0\nexit',
    btf,
    funcs: [[0, ids.traced]],
    attachProg: first,
    attachId: ids.traced,
  });
  t.equal(client.reason, 'Cannot extend fentry/fexit');
  t.end();
});

t.test('LINK_CREATE with a target checks it as PROG_LOAD did', (t) => {
  const { client, ids, btf, target, ext } = withTarget();
  const again = client.load({
    type: PT.SCHED_CLS,
    source: TARGET,
    btf,
    funcs: [
      [0, ids.entry],
      [5, ids.twice],
      [8, ids.hidden],
    ],
  });
  const xdp = client.load({ type: PT.XDP, source: 'r0 = 2\nexit', btf, funcs: [[0, ids.onXdp]] });
  const prog = ext(ids.number, ids.twice);
  t.equal(client.link(prog, target), -EINVAL, 'a descriptor without an id');
  t.equal(client.link(prog, 0, ids.twice), -EINVAL, 'an id without a descriptor');
  t.equal(client.link(prog, 999, ids.twice), -EBADF);
  t.equal(client.link(prog, again, ids.entry), -EINVAL, 'a function of another type');
  t.equal(client.link(prog, xdp, ids.onXdp), -EINVAL, 'a program of another type');
  const array = client.bpf(BPF_CMD.MAP_CREATE, attrOf([0, BPF_MAP_TYPE.PROG_ARRAY], [4, 4], [8, 4], [12, 1]));
  const put = (fd: number): number => {
    const [key, value] = [client.caller.put(new Uint8Array(4)), client.caller.put(Uint8Array.of(fd, 0, 0, 0))];
    return client.bpf(BPF_CMD.MAP_UPDATE_ELEM, attrOf([0, array], [8, key, true], [16, value, true]));
  };
  t.equal(put(again), 0);
  t.equal(client.link(prog, again, ids.twice), -EBUSY, 'a target of tail calls is not extended');
  t.equal(put(target), 0, 'the other one takes its place');
  t.ok(client.link(prog, again, ids.twice) >= 0, 'the same function of another program');
  t.equal(put(again), -EBUSY, 'what is extended is no target of tail calls');
  t.equal(put(prog), -EINVAL, 'nor is an extension');
  t.equal(client.link(prog, again, ids.twice), -EBUSY, 'it is replaced already');
  t.end();
});

t.test('the info of a program names the types of its target until it is attached', (t) => {
  const { client, ids, btf, ext } = withTarget();
  const prog = ext(ids.number, ids.twice);
  const info = (fd: number, length: number): Uint32Array => {
    const at = client.caller.put(new Uint8Array(length));
    t.equal(client.bpf(BPF_CMD.OBJ_GET_INFO_BY_FD, attrOf([0, fd], [4, length], [8, at, true])), 0);
    return new Uint32Array(client.caller.bytes(at, length).slice().buffer);
  };
  const btfId = info(btf, 32)[3];
  // attach_btf_obj_id and attach_btf_id of struct bpf_prog_info.
  const target = (): readonly (number | undefined)[] => [...info(prog, 232).subarray(55, 57)];
  t.same(target(), [btfId, ids.twice]);
  t.ok(client.link(prog) >= 0);
  t.same(target(), [0, ids.twice]);
  t.end();
});

t.test('hooks of the LSM by name', (t) => {
  const client = new Client();
  const load = (name: string, source = 'r0 = 0\nexit', more: Partial<Load> = {}): number =>
    client.load({ type: PT.LSM, attachType: AT.LSM_MAC, source, attachId: client.func(name), ...more });
  t.ok(load('bpf_lsm_file_open', 'r2 = *(u64 *)(r1 + 0)\nr0 = 0\nexit') >= 0, client.log);
  t.match(client.log, /R2=trusted_ptr_file\(\)/);
  t.ok(load('bpf_lsm_sk_alloc_security', 'r2 = *(u64 *)(r1 + 0)\nr0 = 0\nexit') >= 0);
  t.match(client.log, /R2=ptr_file\(\)/, 'an object that is being made');
  t.ok(load('bpf_lsm_file_open', 'r0 = *(u64 *)(r1 + 8)\nexit') >= 0, 'what the hook returned');
  t.match(client.log, /R0=scalar\(smin=smin32=-4095,smax=smax32=0\)/);
  t.equal(load('bpf_lsm_file_open', 'r0 = 1\nexit'), -EINVAL);
  t.match(client.log, /At program exit the register R0 has smin=1 smax=1 should have been in \[-4095, 0\]/);
  t.ok(load('bpf_lsm_task_free', 'exit') >= 0, 'no result');
  t.equal(load('bpf_lsm_file_open', undefined, { license: 'MIT' }), -EINVAL);
  t.equal(client.reason, 'LSM programs must have a GPL compatible license');
  t.equal(load('bpf_lsm_getprocattr'), -EINVAL);
  t.match(client.reason, /points to disabled hook bpf_lsm_getprocattr$/);
  t.equal(load('bpf_lsm_verify_prog'), -EINVAL);
  t.match(client.reason, /points to wrong type name bpf_lsm_verify_prog$/);
  t.equal(load('vfs_read'), -EINVAL);
  t.match(client.reason, /points to wrong type name vfs_read$/);
  t.equal(load('bpf_lsm_task_free', 'exit', { flags: 16 }), -EINVAL);
  t.equal(client.reason, 'bpf_lsm_task_free is not sleepable');
  t.ok(load('bpf_lsm_file_open', 'r0 = 0\nexit', { flags: 16 }) >= 0, 'may sleep');
  const cgroup = { attachType: AT.LSM_CGROUP };
  t.ok(load('bpf_lsm_file_open', 'r0 = 1\nexit', cgroup) >= 0);
  t.equal(load('bpf_lsm_task_free', 'r0 = 0\nexit', cgroup), -EINVAL);
  t.match(client.log, /Note, BPF_LSM_CGROUP that attach to void LSM hooks can't modify return value!/);
  t.end();
});

t.test('functions of the kernel that tracing programs may be on', (t) => {
  const client = new Client();
  const load = (name: string, attachType: number, flags = 0, source = 'r0 = 0\nexit'): number =>
    client.load({ type: PT.TRACING, attachType, source, attachId: client.func(name), flags });
  t.ok(load('vfs_read', AT.TRACE_FENTRY, 0, 'r2 = *(u64 *)(r1 + 0)\nr0 = 0\nexit') >= 0, client.log);
  t.match(client.log, /R2=ptr_file\(\)/, 'arguments of functions are not trusted');
  const refused: readonly (readonly [string, number, number, string])[] = [
    ['migrate_disable', AT.TRACE_FENTRY, 0, "Attaching tracing programs to function 'migrate_disable' is rejected."],
    ['do_exit', AT.TRACE_FEXIT, 0, "Attaching fexit/fmod_ret to __noreturn function 'do_exit' is rejected."],
    ['vfs_read', AT.MODIFY_RETURN, 0, 'vfs_read() is not modifiable'],
    ['vfs_read', AT.TRACE_FENTRY, 16, 'vfs_read is not sleepable'],
    ['takes_big', AT.TRACE_FENTRY, 0, 'The function takes_big arg0 type STRUCT is unsupported.'],
  ];
  for (const [name, type, flags, reason] of refused) {
    t.equal(load(name, type, flags), -EINVAL, reason);
    t.equal(client.reason, reason);
  }
  t.ok(load('do_exit', AT.TRACE_FENTRY) >= 0);
  t.ok(load('security_file_open', AT.MODIFY_RETURN) >= 0);
  t.ok(load('__x64_sys_getpid', AT.MODIFY_RETURN) >= 0);
  t.ok(load('__x64_sys_getpid', AT.TRACE_FENTRY, 16) >= 0);
  t.end();
});
