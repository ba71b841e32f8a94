/** Files of the kernel that are supplied where the machine has none. */
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { builtinBtf } from '../../btf/builtin.ts';
import { parseVmlinux } from '../../btf/vmlinux.ts';
import { SUPPLIED_PMU, suppliedFile, suppliedTracepoint } from '../../exec/supplied.ts';

const btf = parseVmlinux(builtinBtf())!;
const text = (path: string): string | undefined => {
  const bytes = suppliedFile(btf, 4, path);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('latin1');
};

t.test('numbers of tracepoints lead back to them', async (t) => {
  const cases: readonly (readonly [string, string, number])[] = [
    ['sched/sched_switch', 'sched_switch', 64],
    ['raw_syscalls/sys_enter', 'sys_enter', 64],
    ['syscalls/sys_enter_openat', 'sys_enter_openat', 64],
    ['syscalls/sys_exit_bpf', 'sys_exit_bpf', 24],
  ];
  for (const [path, name, recordSize] of cases) {
    const id = text(`/sys/kernel/tracing/events/${path}/id`);
    t.match(id, /^\d+\n$/, path);
    t.equal(text(`/sys/kernel/debug/tracing/events/${path}/id`), id);
    t.same(suppliedTracepoint(btf, BigInt(id ?? 0)), { name, recordSize }, path);
  }
  t.equal(text('/sys/kernel/tracing/events/sched/nothing/id'), undefined);
  t.equal(text('/sys/kernel/tracing/events/syscalls/sys_enter_nothing/id'), undefined);
  t.equal(text('/sys/kernel/tracing/events/sched/sched_switch/format'), undefined);
  for (const id of [0n, 3n, 5n, 1n << 40n, BigInt(btf.find('task_struct', 4)) << 2n])
    t.equal(suppliedTracepoint(btf, id), undefined, `${id} is none`);
});

t.test('numbers of probes, and the configuration', async (t) => {
  t.equal(text('/sys/bus/event_source/devices/kprobe/type'), `${SUPPLIED_PMU.kprobe}\n`);
  t.equal(text('/sys/bus/event_source/devices/uprobe/format/retprobe'), 'config:0\n');
  t.equal(text('/sys/bus/event_source/devices/kprobe/other'), undefined);
  const config = gunzipSync(suppliedFile(btf, 4, '/proc/config.gz')!).toString();
  t.match(config, /^CONFIG_BPF_SYSCALL=y\n/m);
  t.match(config, /^CONFIG_NR_CPUS=4\n/m);
  t.equal(config.replace(/^CONFIG_\w+=\w+\n/gm, ''), '', 'nothing that loaders cannot read');
});
