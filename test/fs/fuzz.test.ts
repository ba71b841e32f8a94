/**
 * 100,000 requests made of random bytes and of valid requests with random damage. Every
 * reply must be well formed, nothing may throw, and nothing may be left behind.
 * BPF_EMU_SEED repeats a run.
 */
import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { OPCODES } from '../../fs/opcodes.ts';
import { IN_HEADER_SIZE } from '../../fs/protocol.ts';
import { FakeMount, makeRequest } from './fake.ts';

const COUNT = 100_000;
const seed = Number(process.env['BPF_EMU_SEED'] ?? Date.now() % 0x7fffffff);

const NAMES = ['a', 'b', 'c', 'bpf.ctl', 'x.y', '.', '..', 'long'.repeat(70), 'a\xff', ''];
const LINES = [
  '{"cmd":"BPF_MAP_CREATE","map_type":"array","key_size":4,"value_size":4,"max_entries":2}\n',
  '{"cmd":"close","fd":0}\n',
  '{"cmd":',
  '[[[[[[',
  '"\xff\xfe"\n',
  '\n',
];

t.test(`${COUNT} damaged requests (seed ${seed})`, (t) => {
  const mount = new FakeMount();
  const random = seededRandom(seed);
  const below = (limit: number): number => random.u32() % limit;
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
  const known = OPCODES.flatMap((operation, opcode) => (operation === undefined ? [] : [opcode]));
  // Small numbers hit nodes and files that exist; the others are edges.
  const word = (): number => pick([below(4), below(16), 0xffffffff, 0x80000000, 0xbf00 | below(256), random.u32()]);

  const makeOne = (): Buffer => {
    const opcode = below(20) === 0 ? random.u32() : pick(known);
    const fixed = ((OPCODES[opcode]?.size ?? IN_HEADER_SIZE) - IN_HEADER_SIZE) / 4;
    const fields = Array.from({ length: fixed + (below(8) === 0 ? below(4) : 0) }, word);
    const tail = pick([
      `${pick(NAMES)}\0`,
      `${pick(NAMES)}\0${pick(NAMES)}\0`,
      pick(LINES),
      '',
      '\0'.repeat(below(200)),
    ]);
    // A WRITE or IOCTL mostly claims the size it has.
    if (opcode === 16 && below(4) !== 0) fields[4] = tail.length;
    if (opcode === 39 && below(4) !== 0) fields[6] = tail.length;
    const bytes = makeRequest(opcode, below(6), fields, tail);
    const damage = below(6);
    if (damage === 0) bytes.writeUInt32LE(random.u32(), below(bytes.length - 3));
    if (damage === 1) return bytes.subarray(0, below(bytes.length + 1));
    return bytes;
  };

  let replies = 0;
  let errors = 0;
  for (let i = 0; i < COUNT; i++) {
    const reply = mount.send(makeOne());
    if (reply !== undefined) replies++;
    if (reply?.error !== undefined) errors++;
    if (mount.bugs.length > 0) break;
    if (mount.sent.length > 1000) mount.sent.length = 0;
  }
  t.same(mount.bugs, [], 'no handler threw');
  t.ok(replies > COUNT / 2, `${replies} replies, ${errors} of them errors`);
  t.ok(replies - errors > COUNT / 20, 'many requests do something');

  mount.server.sb.destroy();
  t.equal(mount.kernel.maps.size, 0, 'no object is left');
  t.equal(mount.server.sb.buffered, 0, 'no bytes are left');
  t.equal(mount.server.sb.files.size, 0, 'no file is left');
  t.end();
});
