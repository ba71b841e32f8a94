/**
 * Programs on functions and tracepoints really run: test runs of tracing programs call the
 * kernel's test functions, the end of a test run fires `bpf_test_finish`.
 */
import t from 'tap';
import { BPF_ATTACH_TYPE as AT, BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import { EBUSY, EFAULT, EINVAL } from '../../uapi/errno.ts';
import { Client } from './tracing_client.ts';

/** Keeps the first `count` words of the context. */
function keeps(count: number): string {
  const lines = ['r2 = mapval[0]+0'];
  for (let i = 0; i < count; i++) lines.push(`r3 = *(u64 *)(r1 + ${8 * i})`, `*(u64 *)(r2 + ${8 * i}) = r3`);
  return `${lines.join('\n')}\nr0 = 0\nexit`;
}
/** Appends a digit to the number in the value. */
const appends = (digit: number, r0 = 0): string =>
  `r2 = mapval[0]+0\nr3 = *(u64 *)(r2 + 0)\nr3 *= 10\nr3 += ${digit}\n*(u64 *)(r2 + 0) = r3\nr0 = ${r0}\nexit`;

const fentry = (func: string) => ({ type: AT.TRACE_FENTRY, func });
const fexit = (func: string) => ({ type: AT.TRACE_FEXIT, func });
const fmodRet = (func: string) => ({ type: AT.MODIFY_RETURN, func });

t.test('fentry and fexit see arguments and result of the test functions', async (t) => {
  const client = new Client();
  const before = client.load(PT.TRACING, keeps(6), fentry('bpf_fentry_test6'));
  t.ok(before > 0, 'loaded');
  t.same(client.run(before), [0, 0]);
  t.same(client.words()[0], 0n, 'not attached: not run');
  const link = client.attach(before);
  t.ok(link > 0, 'attached');
  t.same(client.run(before), [0, 0]);
  t.same(client.words().slice(0, 7), [16n, 17n, 18n, 19n, 20n, 21n, 0n]);
  client.close(link);
  const after = client.load(PT.TRACING, keeps(6), fexit('bpf_fentry_test5'));
  client.attach(after);
  t.same(client.run(after), [0, 0]);
  t.same(client.words().slice(0, 6), [11n, 12n, 13n, 14n, 15n, 65n]);
});

t.test('fmod_ret stands in for the function when it returns something', async (t) => {
  const client = new Client();
  const quiet = client.load(PT.TRACING, 'r0 = 0\nexit', fmodRet('bpf_modify_return_test'));
  t.same(client.run(quiet), [0, (2 << 16) | 33]);
  client.attach(quiet);
  t.same(client.run(quiet), [0, (2 << 16) | 33], 'a result of 0 lets the function run');
  const loud = client.load(PT.TRACING, 'r0 = 10\nexit', fmodRet('bpf_modify_return_test2'));
  const link = client.attach(loud);
  t.same(client.run(loud), [0, (1 << 16) | 14], 'one side effect less, and its result');
  client.close(link);
  t.same(client.run(loud), [0, (2 << 16) | 33], 'the link is gone');
  const breaks = client.load(PT.TRACING, 'r0 = 1\nexit', fmodRet('bpf_fentry_test1'));
  client.attach(breaks);
  const any = client.load(PT.TRACING, 'r0 = 0\nexit', fentry('bpf_fentry_test2'));
  t.same(client.run(any)[0], -EFAULT, 'a test function that returned something else');
});

t.test('the program that was attached last runs first; one program cannot be attached twice', async (t) => {
  const client = new Client();
  const first = client.load(PT.TRACING, appends(1), fentry('bpf_fentry_test1'));
  const second = client.load(PT.TRACING, appends(2), fentry('bpf_fentry_test1'));
  const third = client.load(PT.TRACING, appends(3), fexit('bpf_fentry_test1'));
  client.attach(first);
  client.attach(second);
  client.attach(third);
  t.equal(client.attach(second), -EBUSY);
  client.run(first);
  t.equal(client.words()[0], 213n);
});

t.test('a program reads its cookie', async (t) => {
  const client = new Client();
  const source = 'call 174\nr2 = mapval[0]+0\n*(u64 *)(r2 + 0) = r0\nr0 = 0\nexit';
  const fd = client.load(PT.TRACING, source, fentry('bpf_fentry_test1'));
  t.ok(client.link(fd, AT.TRACE_FENTRY, 77) > 0);
  client.run(fd);
  t.equal(client.words()[0], 77n);
});

t.test('the end of a test run fires bpf_test_finish, whose programs may change the result', async (t) => {
  const client = new Client();
  const packet = new Uint8Array(64);
  const xdp = client.load(PT.XDP, 'r0 = 2\nexit');
  const counter = client.load(PT.RAW_TRACEPOINT, appends(1));
  t.equal(client.attach(counter, 'nosuch'), -2);
  const link = client.attach(counter, 'bpf_test_finish');
  t.same(client.run(xdp, packet), [0, 2]);
  t.same(client.run(xdp, new Uint8Array(5))[0], -EINVAL, 'refused before it ran');
  t.same(client.words()[0], 1n);
  client.close(link);
  client.run(xdp, packet);
  t.same(client.words()[0], 1n, 'closed');
  const writer = client.load(PT.RAW_TRACEPOINT_WRITABLE, 'r3 = *(u64 *)(r1 + 0)\n*(u32 *)(r3 + 0) = -7\nr0 = 0\nexit');
  t.equal(client.attach(writer, 'bpf_trigger_tp'), -EINVAL, 'nothing to write there');
  t.ok(client.attach(writer, 'bpf_test_finish') > 0);
  t.equal(client.run(xdp, packet)[0], -7);
  const positive = client.load(
    PT.RAW_TRACEPOINT_WRITABLE,
    'r3 = *(u64 *)(r1 + 0)\n*(u32 *)(r3 + 0) = 42\nr0 = 0\nexit',
  );
  t.ok(client.attach(positive, 'bpf_test_finish') > 0);
  t.equal(client.run(xdp, packet)[0], 42, 'of any sign');
});

t.test('a program on a function that it calls itself is missed, not run', async (t) => {
  const client = new Client();
  // The program prints; the tracepoint of printing runs it again.
  const source = `
    *(u64 *)(r10 - 8) = 0x6968
    r1 = r10
    r1 += -8
    r2 = 3
    call 6
    ${appends(1)}`;
  const fd = client.load(PT.RAW_TRACEPOINT, source);
  t.ok(client.attach(fd, 'bpf_trace_printk') > 0);
  const printer = client.load(PT.RAW_TRACEPOINT, source);
  client.run(printer);
  t.equal(client.words()[0], 11n, 'once for itself, once for the tracepoint');
  const prog = client.caller.objectOf(fd) as unknown as { recursionMisses: number };
  t.equal(prog.recursionMisses, 1);
});
