import t from 'tap';
import { OPCODES } from '../../fs/opcodes.ts';
import { IN_HEADER_SIZE, OP, REPLY_BUFFER_SIZE } from '../../fs/protocol.ts';
import { traceLine } from '../../fs/trace.ts';
import { FakeMount, makeRequest } from './fake.ts';

t.test('INIT agrees on the version and asks for what is needed', (t) => {
  const mount = new FakeMount();
  // prettier-ignore
  const reply = mount.ask('INIT', 0, [
    7,
    45, // major, minor
    131072, // max_readahead
    0xffffffff, // flags
    0xffffffff, // flags2
    ...new Array(11).fill(0),
  ]);
  t.equal(reply?.unique, 77);
  t.equal(reply?.body.length, 64);
  t.same([reply?.body.readUInt32LE(0), reply?.body.readUInt32LE(4)], [7, 45]);
  const flags = reply?.body.readUInt32LE(12) ?? 0;
  t.ok((flags & 0x40000000) !== 0 && (flags & 0x40) !== 0, 'INIT_EXT and DONT_MASK');
  t.notOk(flags & 0x10000, 'no writeback cache');
  t.equal(reply?.body.readUInt16LE(28), 32, 'max_pages');
  t.equal(mount.ask('INIT', 0, [8, 0, 0, 0])?.body.readUInt32LE(0), 7, 'a newer major version is told ours');
  t.equal(mount.ask('INIT', 0, [7, 12, 0, 0])?.error, 'EPROTO', 'too old');
  t.end();
});

t.test('a request that is not whole is refused', (t) => {
  const mount = new FakeMount();
  t.equal(mount.send(Buffer.alloc(0)), undefined, 'nothing');
  t.equal(mount.send(Buffer.alloc(39)), undefined, 'less than a header: nobody can be answered');
  const lookup = makeRequest('LOOKUP', 1, [], 'bpf.ctl\0');
  t.equal(mount.send(lookup)?.error, undefined, 'whole');
  for (let length = IN_HEADER_SIZE; length < lookup.length; length++) {
    t.equal(mount.send(lookup.subarray(0, length))?.error, 'EIO', `cut off at ${length}`);
  }
  const longer = Buffer.concat([lookup, Buffer.alloc(8)]);
  t.equal(mount.send(longer)?.error, 'EIO', 'longer than it says');
  t.equal(mount.ask('LOOKUP', 1, [], 'no-end')?.error, 'EINVAL', 'a name without its end');
  t.equal(mount.ask('RENAME', 1, [1, 0], 'one\0')?.error, 'EINVAL', 'a name missing');
  t.equal(mount.ask('SYMLINK', 1, [], 'name\0target')?.error, 'EINVAL', 'a target without its end');
  t.same(mount.bugs, []);
  t.end();
});

t.test('every operation refuses a body that is too short', (t) => {
  const mount = new FakeMount();
  for (const [opcode, operation] of OPCODES.entries()) {
    if (operation === undefined || operation.size === IN_HEADER_SIZE) continue;
    const bytes = makeRequest(opcode, 1, []);
    const reply = mount.send(bytes);
    if (['FORGET', 'BATCH_FORGET', 'INTERRUPT'].includes(operation.name)) t.equal(reply, undefined, operation.name);
    else t.equal(reply?.error, 'EINVAL', operation.name);
  }
  t.same(mount.bugs, []);
  t.end();
});

t.test('unknown operations, nodes and files have their errors', (t) => {
  const mount = new FakeMount();
  t.equal(mount.ask(4096, 0, [])?.error, 'ENOSYS', 'CUSE_INIT');
  t.equal(mount.ask(63, 1, [])?.error, 'ENOSYS');
  t.equal(mount.ask(0xffffffff, 1, [])?.error, 'ENOSYS');
  t.equal(mount.ask('GETATTR', 999, [0, 0, 0, 0])?.error, 'ENOENT');
  t.equal(mount.ask('READ', 2, [5, 0, 0, 0, 100, 0, 0, 0, 0, 0])?.error, 'EBADF', 'a file that is not open');
  t.equal(mount.ask('READDIR', 1, [5, 0, 0, 0, 100, 0, 0, 0, 0, 0])?.error, 'EBADF');
  t.equal(mount.ask('RELEASE', 2, [5, 0, 0, 0, 0, 0])?.error, undefined, 'RELEASE never fails');
  t.equal(mount.ask('RENAME2', 1, [1, 0, 4, 0], 'a\0b\0')?.error, 'EINVAL', 'RENAME_WHITEOUT');
  const high = makeRequest('GETATTR', 1, [0, 0, 0, 0]);
  high.writeUInt32LE(1, 20);
  t.equal(mount.send(high)?.error, 'ENOENT', 'a node number above 32 bits');
  t.same(mount.bugs, []);
  t.end();
});

t.test('WRITE and IOCTL with sizes that do not fit the request are refused', (t) => {
  const mount = new FakeMount();
  const handle = mount.ask('OPEN', 2, [2, 0])?.body.readUInt32LE(0) ?? 0;
  t.equal(mount.ask('WRITE', 2, [handle, 0, 0, 0, 100, 0, 0, 0, 0, 0], 'short')?.error, 'EINVAL');
  t.equal(mount.ask('WRITE', 2, [handle, 0, 0, 0, 0xffffffff, 0, 0, 0, 0, 0], 'short')?.error, 'EINVAL');
  t.equal(mount.ask('IOCTL', 2, [handle, 0, 0, 0xc020bf01, 0, 0, 32, 32], 'short')?.error, 'EINVAL');
  const reply = mount.ask('IOCTL', 2, [handle, 0, 0, 0xc020bf01, 0, 0, 32, 32], '\0'.repeat(32));
  t.equal(reply?.error, undefined);
  t.equal(reply?.body.readInt32LE(0), -9, 'MAP_LOOKUP_ELEM with a closed descriptor: EBADF');
  t.end();
});

t.test('reading replies stay within what was asked for', (t) => {
  const mount = new FakeMount();
  for (let i = 0; i < 100; i++) mount.ask('MKDIR', 1, [0o755, 0o22], `entry-number-${i}\0`);
  const handle = mount.ask('OPENDIR', 1, [0, 0])?.body.readUInt32LE(0) ?? 0;
  for (const size of [0, 1, 24, 31, 32, 100, 4096, 0xffffffff]) {
    for (const opcode of ['READDIR', 'READDIRPLUS'] as const) {
      const reply = mount.ask(opcode, 1, [handle, 0, 0, 0, size, 0, 0, 0, 0, 0]);
      t.ok(
        reply !== undefined && reply.body.length <= size && reply.body.length <= REPLY_BUFFER_SIZE,
        `${opcode} ${size}`,
      );
    }
  }
  t.end();
});

t.test('the trace shows a request in one line', (t) => {
  const mount = new FakeMount();
  const lines: string[] = [];
  mount.server.trace = (line) => lines.push(line);
  mount.ask('MKDIR', 1, [0o755, 0o22], 'sub\0');
  mount.ask('LOOKUP', 1, [], 'a\nb\0');
  mount.ask('FORGET', 1, [3, 0]);
  mount.ask(99, 1, []);
  mount.ask('IOCTL', 2, [9, 0, 0, 0xc050bf00, 0x1000, 0, 80, 80], '\0'.repeat(80));
  t.same(lines, [
    '77 MKDIR node=1 mode=0755 umask=022 "sub" [1000:1000 tid 4242] = 128',
    '77 LOOKUP node=1 "a\\nb" [1000:1000 tid 4242] = ENOENT',
    '77 FORGET node=1 nlookup=3 [1000:1000 tid 4242] = -',
    '77 opcode-99 node=1 [1000:1000 tid 4242] = ENOSYS',
    '77 IOCTL node=2 fh=9 cmd=BPF_MAP_CREATE arg=4096 in=80 out=80 [1000:1000 tid 4242] = ENOTTY',
  ]);
  mount.server.request.length = 40;
  t.match(traceLine(mount.server.request, -22), /= EINVAL$/, 'also when cut off');
  t.equal(mount.server.statistics()['MKDIR'], 1);
  t.equal(mount.server.total, 4, 'unknown numbers above the table are not counted');
  t.end();
});

t.test('the table has every opcode it names, once', (t) => {
  const names = OPCODES.flatMap((operation) => (operation === undefined ? [] : [operation.name]));
  t.equal(new Set(names).size, names.length);
  for (const [opcode, operation] of OPCODES.entries()) {
    if (operation !== undefined) t.equal(OP[operation.name as keyof typeof OP], opcode, operation.name);
  }
  t.end();
});
