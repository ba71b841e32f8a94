import { readFileSync } from 'node:fs';
import t from 'tap';
import { LINUX_6_18 } from '../../base/profile.ts';
import { COMMAND_ATTRS } from '../../syscall/attr_table.ts';

const golden = JSON.parse(
  readFileSync(new URL('../../../test/golden/syscall/layout.json', import.meta.url), 'utf8'),
) as { commands: string[]; layout: Record<string, Record<string, [number, number]>> };

/** Fields of the inner union of LINK_CREATE that the recording names without their arm. */
const LINK_CREATE_ARMS: Readonly<Record<string, string>> = {
  bpf_cookie: 'perf_event.bpf_cookie',
  tracing_cookie: 'tracing.cookie',
  relative_fd: 'cgroup.relative_fd',
  expected_revision: 'cgroup.expected_revision',
  nf_pf: 'netfilter.pf',
  nf_hooknum: 'netfilter.hooknum',
  nf_priority: 'netfilter.priority',
  nf_flags: 'netfilter.flags',
};

t.test('COMMAND_ATTRS has every command of Linux 6.18 at its number', (t) => {
  t.equal(COMMAND_ATTRS.length, LINUX_6_18.nrCommands);
  for (const [number, command] of COMMAND_ATTRS.entries()) {
    t.equal(command.number, number);
    t.equal(command.name, golden.commands[number]);
  }
  t.end();
});

t.test('every field recorded from the kernel has the same offset and size', (t) => {
  for (const command of COMMAND_ATTRS) {
    for (const [recorded, [offset, size]] of Object.entries(golden.layout[command.name] ?? {})) {
      const name = command.name === 'LINK_CREATE' ? (LINK_CREATE_ARMS[recorded] ?? recorded) : recorded;
      const field = command.arm.fields.find((candidate) => candidate.name === name);
      t.same([field?.offset, field?.size], [offset, size], `${command.name}.${recorded}`);
    }
  }
  t.end();
});

t.test('checkFrom is where the kernel starts to want zeros', (t) => {
  // Asked of Linux 6.18.44 by setting one byte after the other.
  const measured: Record<string, number> = {
    MAP_CREATE: 92,
    MAP_LOOKUP_ELEM: 32,
    MAP_DELETE_ELEM: 16,
    MAP_GET_NEXT_KEY: 24,
    MAP_FREEZE: 4,
    MAP_UPDATE_BATCH: 56,
    PROG_LOAD: 168,
    OBJ_PIN: 20,
    PROG_ATTACH: 32,
    PROG_DETACH: 32,
    PROG_TEST_RUN: 76,
    PROG_GET_NEXT_ID: 8,
    PROG_GET_FD_BY_ID: 4,
    LINK_GET_FD_BY_ID: 4,
    MAP_GET_FD_BY_ID: 12,
    BTF_GET_FD_BY_ID: 16,
    OBJ_GET_INFO_BY_FD: 16,
    PROG_QUERY: 64,
    RAW_TRACEPOINT_OPEN: 24,
    BTF_LOAD: 40,
    TASK_FD_QUERY: 48,
    LINK_CREATE: 60,
    LINK_UPDATE: 16,
    LINK_DETACH: 4,
    ENABLE_STATS: 4,
    ITER_CREATE: 8,
    PROG_BIND_MAP: 12,
    TOKEN_CREATE: 8,
    PROG_STREAM_READ_BY_FD: 20,
  };
  for (const command of COMMAND_ATTRS) {
    const expected = measured[command.name];
    if (expected !== undefined) t.equal(command.checkFrom, expected, command.name);
  }
  t.end();
});
