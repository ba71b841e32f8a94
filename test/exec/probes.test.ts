/** Tracepoints and uprobes: perf_event_open(2), PERF_EVENT_IOC_SET_BPF, links and TASK_FD_QUERY, against the kernel here. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { cannotAskKernel, cannotExec, cannotRunPython, FIXTURES, run, which } from './util.ts';

t.setTimeout(120_000);

const MAIN = join(dirname(fileURLToPath(import.meta.url)), 'main.js');
const SCRIPT = join(FIXTURES, 'probes.py');
const MOUNT = 'test -f /sys/kernel/tracing/trace || mount -t tracefs t /sys/kernel/tracing';

function cannotProbe(): string | false {
  const noPython = cannotRunPython();
  if (noPython !== false) return noPython;
  if (!existsSync('/sys/bus/event_source/devices/uprobe/type')) return 'this kernel has no uprobes';
  return spawnSync('unshare', ['-m', 'sh', '-c', MOUNT]).status === 0 ? false : 'tracefs cannot be mounted';
}

/** What is known of every kernel that has these. */
const EXPECTED = [
  /^== tracepoint sched\/sched_switch fd\nkp link -22 flags -22 at -95\ntp link ok \(0, 7, \['0x5'/m,
  /^tpfar link -13 flags -22 at -22$/m,
  /^kp set -22 tp set 0 pe set -22 rtp set -22 bad set -9 tp2 set -17 tpfar set -13 \(0, 12, True, 1/m,
  /^== uprobe fd\nkp link ok .* again -17 upd -22 det -95 .*'name:\\t\/bin\/cat', 'offset:\\t0x2000'/m,
  /^wrong \[-2, -22, -22, -22, -22, -22\] -14$/m,
  /^not perf -9 -9 -9$/m,
];

t.test('programs on tracepoints and probes', { skip: cannotExec(false) || cannotProbe() }, async (t) => {
  const line = `${MOUNT} && "$@" python3 ${SCRIPT}`;
  const emulated = await run('unshare', ['-m', 'sh', '-c', line, 'sh', process.execPath, MAIN, '--']);
  for (const expected of EXPECTED) t.match(emulated.stdout, expected, String(expected));
  await t.test('as on the kernel here', { skip: cannotAskKernel() }, async (t) => {
    const real = await run('unshare', ['-m', 'sh', '-c', line, 'sh']);
    t.equal(emulated.stdout, real.stdout, emulated.stderr + real.stderr);
  });
});

t.test('TASK_FD_QUERY of another process', { skip: cannotExec(false) || which('python3') === undefined }, async (t) => {
  const script = join(FIXTURES, 'fd_query.py');
  const emulated = await run(process.execPath, [MAIN, '--', 'python3', script]);
  const open = "(0, 12, True, 0, b'sched_switch')";
  const none = (errno: number): string => `(${errno}, 64, False, 0, b'')`;
  const first = [open, none(-524), none(-524), none(-524), none(-9), none(-2), open, none(-2)];
  t.equal(emulated.stdout, `True ${first.join(' ')}\n${open} ${none(-9)}\n${none(-2)}\n`, emulated.stderr);
  await t.test('as on the kernel here', { skip: cannotAskKernel() }, async (t) => {
    const real = await run('python3', [script]);
    t.equal(emulated.stdout, real.stdout, real.stderr);
  });
});
