import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { cannotExec, exec, run, scratch, which } from './util.ts';

t.setTimeout(120_000);

const skip = cannotExec(true) || (which('bpftool') === undefined && 'needs the package bpftool');
const env = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };

const SCRIPT = `
  bpftool map create /sys/fs/bpf/m type hash key 4 value 2 entries 2 name m
  bpftool map update pinned /sys/fs/bpf/m key 1 0 0 0 value 7 8
  bpftool map lookup pinned /sys/fs/bpf/m key 1 0 0 0
  bpftool map delete pinned /sys/fs/bpf/m key 9 0 0 0`;

t.test('--trace prints decoded calls', { skip }, async (t) => {
  const { stderr } = await exec(['--trace', 'text'], ['sh', '-c', SCRIPT], { env });
  const has = (line: RegExp) => t.match(stderr, line);
  has(
    /^\d+ bpf\(BPF_MAP_CREATE, \{map_type=BPF_MAP_TYPE_HASH, key_size=4, value_size=2, max_entries=2, map_name="m"\}, \d+\) = 3<map 1 "m"> <\d\.\d{6}>$/m,
  );
  has(/^\d+ bpf\(BPF_OBJ_PIN, \{pathname="\/sys\/fs\/bpf\/m", bpf_fd=3<map 1 "m">\}, 16\) = 0 </m);
  has(/^\d+ bpf\(BPF_OBJ_GET, \{pathname="\/sys\/fs\/bpf\/m"\}, 16\) = 3<map 1 "m"> </m);
  has(/BPF_MAP_UPDATE_ELEM, \{map_fd=3<map 1 "m">, key="01000000", value="0708"\}, 32\) = 0 </);
  has(
    /BPF_MAP_LOOKUP_ELEM, \{map_fd=3<map 1 "m">, key="01000000", value=0x[0-9a-f]+\}, 32\) => \{value="0708"\} = 0 </,
  );
  has(/BPF_MAP_DELETE_ELEM, \{map_fd=3<map 1 "m">, key="09000000"\}, 32\) = -1 ENOENT \(No such file or directory\) </);
  has(/BPF_PROG_LOAD, \{prog_type=BPF_PROG_TYPE_SOCKET_FILTER, insn_cnt=2, insns=0x[0-9a-f]+\[2\], license="GPL"/);
  // Where the attr ends before a field, there is nothing that could have come back in it.
  const short = [...stderr.matchAll(/PROG_LOAD, .*, (\d+)\)(.*)/g)].filter(([, size]) => Number(size) <= 140);
  t.ok(short.length > 0);
  for (const [, , back] of short) t.notMatch(back, 'log_true_size');
});

t.test('--trace-json prints one object a line', { skip }, async (t) => {
  const { stderr } = await exec(['--trace', 'json'], ['sh', '-c', SCRIPT], { env });
  const calls = stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const lookup = calls.find(({ cmd }) => cmd === 'BPF_MAP_LOOKUP_ELEM');
  t.match(lookup, { attr: { map_fd: 3, key: '01000000' }, out: { value: '0708' }, ret: 0 });
  const missing = calls.find(({ cmd }) => cmd === 'BPF_MAP_DELETE_ELEM');
  t.match(missing, { ret: -1, errno: 'ENOENT' });
  const created = calls.find(({ cmd }) => cmd === 'BPF_MAP_CREATE');
  t.match(created, { attr: { map_type: 'BPF_MAP_TYPE_HASH', map_name: 'm' }, ret: 3, object: 'map 1 "m"' });
});

t.test('--fail makes the named call fail, --stats counts', { skip }, async (t) => {
  const failed = await exec(['--fail', 'BPF_OBJ_PIN:1=ENOSPC', '--stats'], ['sh', '-c', SCRIPT], { env });
  t.match(failed.stderr, "Error: can't pin the object (/sys/fs/bpf/m): No space left on device");
  t.match(failed.stderr, / {8}1 {8}1 .* BPF_OBJ_PIN$/m);
  const script = 'bpftool map create /sys/fs/bpf/m type hash key 4 value 2 entries 2 name m; echo $?';
  const each = await exec(['--fail', 'MAP_CREATE:each=ENOMEM'], ['sh', '-c', script], { env });
  t.equal(each.stdout, '0\n255\n');
  t.match(each.stderr, /call {4}1 {2}BPF_MAP_CREATE +ENOMEM {2}exit 0, as without the fault/);
  t.match(each.stderr, '1 run: 1 ended as without a fault, 0 with another status, 0 by a signal');
});

t.test('a command joins a running server and its pins stay', { skip }, async (t) => {
  const dir = scratch(t);
  const cli = join(import.meta.dirname, '..', '..', 'cli', 'main.js');
  const script = `
    "$1" "$2" mount "$3/m" > "$3/log" 2>&1 & server=$!
    for i in 1 2 3 4 5 6 7 8 9 10; do [ -e "$3/m/bpf.ctl" ] && break; sleep 0.3; done
    "$1" "$2" exec --mount "$3/m" --trace="$3/trace" -- bpftool map create /sys/fs/bpf/kept type hash key 4 value 4 entries 1 name kept
    echo "status $?"; ls "$3/m"
    "$1" "$2" exec --mount "$3/m" -- bpftool map show pinned /sys/fs/bpf/kept | head -1
    kill $server; wait $server`;
  const command = ['sh', '-c', script, 'sh', process.execPath, cli, dir];
  const outcome = await run(command[0] as string, command.slice(1), { env });
  t.match(outcome.stdout, 'status 0\nbpf.ctl\nkept\n1: hash ', outcome.stderr);
  t.match(readFileSync(join(dir, 'trace'), 'utf8'), 'BPF_OBJ_PIN, {pathname="/sys/fs/bpf/kept"');
});
