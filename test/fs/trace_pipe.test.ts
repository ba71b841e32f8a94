/** bpf.trace_pipe: what programs print, read as a file. */
import t from 'tap';
import { FakeMount, type Reply, takeApart } from './fake.ts';

const O_NONBLOCK = 0o4000;
const POLLIN = 1;

function line(text: string) {
  return { comm: 'demo', pid: 7, cpu: 1, time: 1_000_000n, text, flags: '...11' };
}

/** The file opened on a mount of its own. */
function opened() {
  const mount = new FakeMount();
  const looked = mount.ask('LOOKUP', 1, [], 'bpf.trace_pipe\0');
  const node = looked?.body.readUInt32LE(0) ?? 0;
  const handle = mount.ask('OPEN', node, [0, 0])?.body.readUInt32LE(0) ?? 0;
  const read = (size: number, flags = 0): Reply | undefined =>
    mount.ask('READ', node, [handle, 0, 0, 0, size, 0, 0, 0, flags, 0]);
  const poll = (wake: boolean): number =>
    mount.ask('POLL', node, [handle, 0, 9, 0, wake ? 1 : 0, POLLIN])?.body.readUInt32LE(0) ?? -1;
  return { mount, node, handle, read, poll };
}

t.test('a read gives whole lines in the format of trace_pipe, and each only once', (t) => {
  const { mount, read } = opened();
  mount.printed.push(line('one'));
  mount.printed.push(line('two'));
  const text = read(4096)?.body.toString();
  t.equal(
    text,
    '            demo-7       [001] ...11     0.001000: bpf_trace_printk: one\n' +
      '            demo-7       [001] ...11     0.001000: bpf_trace_printk: two\n',
  );
  t.equal(read(4096, O_NONBLOCK)?.error, 'EAGAIN');
  mount.printed.push(line('three'));
  t.equal(read(10)?.body.length, 10, 'less than a line');
  t.match(read(4096)?.body.toString(), /three\n$/, 'the rest of it');
  t.same(mount.bugs, []);
  t.end();
});

t.test('a read waits for a line; a poll is woken by one; a signal ends the wait', (t) => {
  const { mount, read, poll } = opened();
  t.equal(poll(true), 0);
  t.equal(read(4096), undefined, 'it waits');
  mount.printed.push(line('now'));
  t.match(takeApart(mount.sent.shift() as Buffer).body.toString(), /now\n$/);
  mount.printed.push(line('again'));
  t.equal(mount.sent.length, 1, 'a notification');
  t.equal(poll(false) & POLLIN, POLLIN);
  read(4096);
  t.equal(poll(false), 0);
  mount.sent.length = 0;
  t.equal(read(4096), undefined);
  mount.ask('INTERRUPT', 0, [77, 0]);
  t.equal(takeApart(mount.sent.shift() as Buffer).error, 'EINTR');
  t.same(mount.bugs, []);
  t.end();
});

t.test('it is not listed, and cannot be made, moved or removed', (t) => {
  const { mount, node } = opened();
  const dir = mount.ask('OPENDIR', 1, [0, 0])?.body.readUInt32LE(0) ?? 0;
  const listed = mount.ask('READDIR', 1, [dir, 0, 0, 0, 4096, 0, 0, 0, 0, 0])?.body.toString('latin1') ?? '';
  t.notMatch(listed, 'trace_pipe');
  t.equal(mount.ask('UNLINK', 1, [], 'bpf.trace_pipe\0')?.error, 'EPERM');
  t.equal(mount.ask('RENAME', 1, [1, 0], 'bpf.trace_pipe\0x\0')?.error, 'EPERM');
  t.equal(mount.ask('LINK', 1, [node, 0], 'x\0')?.error, 'EPERM');
  t.equal(mount.ask('LOOKUP', 1, [], 'bpf.other\0')?.error, 'EPERM');
  t.same(mount.bugs, []);
  t.end();
});
