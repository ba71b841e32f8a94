/** What the control file's own commands let other users do. */
import t from 'tap';
import { clockCommand, makeKernel } from '../../cli/server.ts';
import { EMU_EXEC, EMU_EXEC_OUTPUT, execSessionCommands } from '../../exec/join.ts';
import type { ExecNative } from '../../exec/native.ts';
import type { Supervisor } from '../../exec/supervisor.ts';
import { CtlSession } from '../../syscall/ctl_json/session.ts';
import { CAP_FULL_SET } from '../../uapi/capability.ts';

const OTHER = { uid: 4242, caps: 0n } as const;

function ask(session: CtlSession, line: object): Record<string, unknown> {
  return JSON.parse(session.writeLine(JSON.stringify(line))) as Record<string, unknown>;
}

t.test('only who may set the time moves the clock', async (t) => {
  const kernel = makeKernel({
    memory: 16 << 20,
    vmlinuxBtf: 'builtin',
    clock: { now: 1000n, epoch: 0n, packets: false },
  });
  const session = new CtlSession(kernel, { commands: new Map([['EMU_CLOCK', clockCommand(kernel)]]) });
  Object.assign(session.caller, OTHER);
  t.match(ask(session, { cmd: 'EMU_CLOCK', advance: 1 }), { ok: false, errno: 'EPERM' });
  t.match(ask(session, { cmd: 'EMU_CLOCK' }), { ok: true, monotonic: '1000' });
  session.caller.caps = CAP_FULL_SET;
  t.match(ask(session, { cmd: 'EMU_CLOCK', advance: 1 }), { ok: true, monotonic: '1001' });
});

t.test('the traced calls of a command are for its user and for root', async (t) => {
  const native = { supGetFd: () => 0, supUserNs: () => 0 } as unknown as ExecNative;
  const supervisor = { attach: () => {} } as unknown as Supervisor;
  const kernel = makeKernel({ memory: 16 << 20, vmlinuxBtf: 'builtin' });
  const commands = new Map(execSessionCommands(native, undefined, () => supervisor));
  const session = new CtlSession(kernel, { commands });
  const pid = process.pid;
  const owner = process.getuid?.() ?? 0;
  Object.assign(session.caller, { uid: owner });
  t.match(ask(session, { cmd: EMU_EXEC, pid, fd: 0, trace: 'text' }), { ok: true, server: pid });
  t.match(ask(session, { cmd: EMU_EXEC_OUTPUT, pid }), { ok: true, lines: [], ended: false });
  Object.assign(session.caller, OTHER);
  t.match(ask(session, { cmd: EMU_EXEC_OUTPUT, pid }), { ok: false, errno: 'EPERM' });
  session.caller.uid = 0;
  t.match(ask(session, { cmd: EMU_EXEC_OUTPUT, pid }), { ok: true });
});
