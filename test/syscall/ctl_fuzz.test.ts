/**
 * Random and damaged JSON lines against a session: each gets one reply line that is
 * JSON with `ok`, nothing throws. The seed is printed and can be given as FUZZ_SEED.
 */
import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { COMMAND_ATTRS } from '../../syscall/attr_table.ts';
import { CtlSession } from '../../syscall/ctl_json/session.ts';
import { FdTable } from '../../syscall/fd_table.ts';
import { Kernel } from '../../syscall/kernel.ts';

const LINES = 4_000;
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);

/** Lines that work, to be damaged. */
const GOOD: readonly Readonly<Record<string, unknown>>[] = [
  { cmd: 'BPF_MAP_CREATE', as: 'm', map_type: 'hash', key_size: 4, value_size: 8, max_entries: 4, map_name: 'm' },
  { cmd: 'BPF_MAP_CREATE', as: 'a', map_type: 'array', key_size: 4, value_size: 4, max_entries: 4 },
  { cmd: 'BPF_MAP_CREATE', as: 'p', map_type: 'percpu_array', key_size: 4, value_size: 4, max_entries: 4 },
  { cmd: 'BPF_MAP_CREATE', as: 'q', map_type: 'queue', key_size: 0, value_size: 4, max_entries: 4 },
  { cmd: 'BPF_MAP_UPDATE_ELEM', map_fd: '$m', key: '01000000', value: '0200000000000000', flags: ['any'] },
  { cmd: 'BPF_MAP_UPDATE_ELEM', map_fd: '$p', key: 1, value: [1, 2] },
  { cmd: 'BPF_MAP_LOOKUP_ELEM', map_fd: '$m', key: 1 },
  { cmd: 'BPF_MAP_GET_NEXT_KEY', map_fd: '$m', key: null },
  { cmd: 'BPF_MAP_LOOKUP_BATCH', map_fd: '$a', count: 3 },
  { cmd: 'BPF_MAP_UPDATE_BATCH', map_fd: '$a', keys: [0, 1], values: [[1, 0, 0, 0], 2] },
  { cmd: 'BPF_BTF_LOAD', as: 'b', btf: '9feb01001800000000000000', btf_log_level: 'level1' },
  { cmd: 'BPF_PROG_LOAD', as: 'g', prog_type: 'xdp', insns: 'b7000000010000009500000000000000', license: 'GPL' },
  { cmd: 'BPF_OBJ_GET_INFO_BY_FD', bpf_fd: '$m' },
  { cmd: 'BPF_OBJ_GET_INFO_BY_FD', bpf_fd: '$g', info_len: 64 },
  { cmd: 'BPF_PROG_QUERY', target_fd: 0, attach_type: 0 },
  { cmd: 'BPF_OBJ_PIN', bpf_fd: '$m', pathname: '/sys/fs/bpf/m' },
  { cmd: 'close', fd: '$m' },
];

const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  1,
  -1,
  4,
  255,
  4096,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e300,
  -0.5,
  '',
  'x',
  '$m',
  '$nobody',
  '0x10',
  '00',
  '0102',
  'hash',
  'é',
  '\0',
  '𝕏',
  'x'.repeat(300),
  [],
  [1],
  [1, 2, 3, 4],
  ['any', 'f_lock'],
  [[[]]],
  {},
  { a: 1 },
  { base64: 'AQI=' },
  { base64: '?' },
]; // prettier-ignore

t.test('any line gets one reply and nothing throws', (t) => {
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  const below = (n: number): number => random.u32() % n;
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const tick = (): bigint => 1n;
  const kernel = new Kernel({
    cpus: 2,
    memory: 64 << 20,
    clock: { monotonic: tick, boottime: tick, realtime: tick },
    random,
  });
  const fds = new FdTable(64);
  const ctl = new CtlSession(kernel, { fds });
  const fields = COMMAND_ATTRS.flatMap((command) => command.fields);
  let ok = 0;
  let wrong = 0;
  for (let i = 0; i < LINES; i++) {
    const request: Record<string, unknown> = { ...pick(GOOD) };
    if (below(10) === 0) request['cmd'] = `BPF_${pick(COMMAND_ATTRS).name}`;
    for (let changes = below(3); changes > 0; changes--) {
      const name = below(4) === 0 ? pick(fields) : pick(Object.keys(request));
      if (below(5) === 0) delete request[name];
      else request[name] = pick(VALUES);
    }
    let line = JSON.stringify(request);
    if (below(10) === 0) line = line.slice(0, below(line.length));
    if (below(10) === 0) {
      const at = below(line.length);
      line = line.slice(0, at) + String.fromCharCode(below(0x250)) + line.slice(at + below(3));
    }
    line = line.replaceAll('\n', ' ');
    const bytes = Uint8Array.from([...new TextEncoder().encode(line), 10]);
    if (below(50) === 0) bytes[below(bytes.length - 1)] = 0x80 + below(0x80);
    const reply = ctl.write(bytes);
    if (line.trim() === '' && reply === '') continue;
    const parsed = JSON.parse(reply) as { ok?: unknown; message?: unknown };
    if (parsed.ok === true) ok++;
    else if (parsed.ok !== false || typeof parsed.message !== 'string' || parsed.message.length > 600) wrong++;
    if (!reply.endsWith('\n') || reply.indexOf('\n') !== reply.length - 1) wrong++;
  }
  t.equal(wrong, 0, 'every reply is one line with ok and a message');
  t.ok(ok > LINES / 20, `${ok} lines succeeded`);
  ctl.close();
  t.equal(kernel.maps.size + kernel.progs.size + kernel.btfs.size, 0, 'nothing is left');
  t.end();
});
