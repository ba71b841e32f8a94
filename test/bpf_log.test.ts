import t from 'tap';
import { BPF_LOG_FIXED, BpfLog, latin1 } from '../base/bpf_log.ts';
import { ENOSPC } from '../uapi/errno.ts';

t.test('BpfLog.valid() wants level, buffer and size to go together', async (t) => {
  t.ok(BpfLog.valid(0, false, 0));
  t.ok(BpfLog.valid(1, false, 0), 'only the true size is asked for');
  t.ok(BpfLog.valid(15, true, 1));
  t.ok(BpfLog.valid(1, true, 0x3fffffff));
  t.notOk(BpfLog.valid(1, true, 0x40000000));
  t.notOk(BpfLog.valid(0, true, 8), 'a buffer without a level');
  t.notOk(BpfLog.valid(1, true, 0));
  t.notOk(BpfLog.valid(1, false, 8));
  t.notOk(BpfLog.valid(16, true, 8));
});

t.test('finish() gives the whole text with its NUL', async (t) => {
  const log = new BpfLog(1, 64);
  log.write('one\n');
  log.write('two\n');
  const { err, trueSize, bytes } = log.finish();
  t.equal(err, 0);
  t.equal(trueSize, 9);
  t.equal(latin1(bytes), 'one\ntwo\n\0');
});

t.test('a log that is too small keeps the tail', async (t) => {
  for (let size = 1; size < 12; size++) {
    const log = new BpfLog(1, size);
    log.write('abcd');
    log.write('efgh');
    const { err, trueSize, bytes } = log.finish();
    t.equal(err, size < 9 ? -ENOSPC : 0);
    t.equal(trueSize, 9);
    t.equal(latin1(bytes), `${'abcdefgh'.slice(Math.max(0, 9 - size))}\0`, `size ${size}`);
  }
});

t.test('BPF_LOG_FIXED keeps the head', async (t) => {
  for (let size = 1; size < 12; size++) {
    const log = new BpfLog(1 | BPF_LOG_FIXED, size);
    log.write('abcd');
    log.write('efgh');
    const { err, trueSize, bytes } = log.finish();
    t.equal(err, size < 9 ? -ENOSPC : 0);
    t.equal(trueSize, 9);
    t.equal(latin1(bytes), `${'abcdefgh'.slice(0, size - 1)}\0`, `size ${size}`);
  }
});

t.test('reset() drops text, and the true size stays the largest there was', async (t) => {
  const log = new BpfLog(1, 64);
  log.write('keep ');
  const position = log.position;
  log.write('this goes away again');
  log.reset(position);
  log.write('new');
  t.equal(log.text(), 'keep new');
  t.equal(log.finish().trueSize, 26);
});

t.test('reset() to before the ring starts leaves an empty log', async (t) => {
  const log = new BpfLog(1, 8);
  log.write('0123456789');
  log.reset(1);
  t.equal(log.text(), '');
  log.write('x');
  t.equal(log.text(), 'x');
});

t.test('one print is cut at 1023 bytes', async (t) => {
  const log = BpfLog.unbounded(1);
  log.write('x'.repeat(2000));
  log.write('\n');
  t.equal(log.text(), `${'x'.repeat(1023)}\n`);
});

t.test('without a buffer only the true size is known; without a level nothing', async (t) => {
  const log = new BpfLog(1, 0);
  log.write('abc');
  t.same({ ...log.finish(), bytes: log.finish().bytes.length }, { err: 0, trueSize: 4, bytes: 0 });
  const none = BpfLog.none();
  none.write('abc');
  t.equal(none.needed, false);
  t.equal(none.finish().trueSize, 0);
});

t.test('a large buffer takes memory only as it fills', async (t) => {
  const log = new BpfLog(1, 0x3fffffff);
  log.write('abc');
  t.equal(log.finish().bytes.length, 4);
});
