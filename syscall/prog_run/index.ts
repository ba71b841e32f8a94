/**
 * EMU_PROG_RUN: runs any program on an event the caller describes, through the control
 * file and `bpf-emu run`.
 *
 *     {"cmd":"EMU_PROG_RUN","prog_id":7,"data":"ffffffffffff…","repeat":1000}
 *     {"cmd":"EMU_PROG_RUN","prog_fd":3,"ctx":{"user_ip4":"10.0.0.1","user_port":80}}
 */
import type { Work } from '../../base/work.ts';
import { BPF_ATTACH_TYPE as AT, BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import { CAP } from '../../uapi/capability.ts';
import { EINTR, EINVAL, ENOENT, ENOTSUPP, EPERM, Errno } from '../../uapi/errno.ts';
import { BpfProg } from '../../vm/prog.ts';
import { PROG_TYPE_NAMES } from '../../vm/progtypes/index.ts';
import { ProgramAborted } from '../../vm/vm.ts';
import type { Fields } from '../ctl_json/schema.ts';
import type { SessionCommand } from '../ctl_json/session.ts';
import { hex } from '../ctl_json/text.ts';
import { progOf } from '../fd.ts';
import type { Kernel } from '../kernel.ts';
import type { LocalCaller } from '../local_caller.ts';
import { workAsCaller } from '../run_context.ts';
import type { FieldValue, ProgEvent, ProgOutcome, ProgRunner } from './event.ts';
import { FlowRunner, FunctionRunner, IterRunner, NetfilterRunner } from './hook_runner.ts';
import { SkbRunner, XdpRunner } from './packet_runner.ts';
import { isMemoryType, isRecordType, MemoryRunner, RecordRunner } from './record_runner.ts';

const SKB_TYPES: ReadonlySet<number> = new Set([
  PT.SOCKET_FILTER,
  PT.SCHED_CLS,
  PT.SCHED_ACT,
  PT.CGROUP_SKB,
  PT.LWT_IN,
  PT.LWT_OUT,
  PT.LWT_XMIT,
  PT.LWT_SEG6LOCAL,
  PT.SK_SKB,
]);

/** Most repetitions of one command: the mount must go on answering. */
const REPEAT_MAX = 10_000_000;
/** Milliseconds the repetitions may take. */
const RUN_BUDGET_MS = 10_000;
/** Milliseconds between two pauses for others. */
const BATCH_MS = 1;

/** Name of a program type, for messages. */
function progTypeName(type: number): string {
  return PROG_TYPE_NAMES[type] ?? String(type);
}

/** A runner for a program; throws Errno (ENOTSUPP) for the types that have none. Release it after use. */
export function progRunner(prog: BpfProg): ProgRunner {
  if (prog.type === PT.XDP) return new XdpRunner(prog);
  if (SKB_TYPES.has(prog.type)) return new SkbRunner(prog);
  if (isRecordType(prog.type)) return new RecordRunner(prog);
  if (prog.type === PT.TRACING && prog.expectedAttachType === AT.TRACE_ITER) return new IterRunner(prog);
  if (isMemoryType(prog.type)) return new MemoryRunner(prog);
  if (prog.type === PT.NETFILTER) return new NetfilterRunner(prog);
  if (prog.type === PT.FLOW_DISSECTOR) return new FlowRunner(prog);
  if (prog.type === PT.EXT) return new FunctionRunner(prog);
  throw new Errno(ENOTSUPP, `Programs of type ${progTypeName(prog.type)} cannot be run on an event`);
}

function hexBytes(value: unknown): Uint8Array {
  if (Array.isArray(value) && value.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256)) {
    return Uint8Array.from(value as number[]);
  }
  const text = typeof value === 'string' ? value.replace(/\s+/g, '') : '';
  if (typeof value !== 'string' || text.length % 2 !== 0 || /[^0-9a-f]/i.test(text)) {
    throw new Errno(EINVAL, 'data: hex text or a list of bytes is wanted');
  }
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

/** The program a command names: `prog_fd` or `prog_id`. */
function progOfFields(kernel: Kernel, caller: LocalCaller, fields: Readonly<Record<string, unknown>>): BpfProg {
  const { prog_fd: fd, prog_id: id } = fields;
  let prog: unknown;
  // As for BPF_PROG_GET_FD_BY_ID: a number is no right to the program.
  if (typeof id === 'number' && !caller.hasCap(CAP.SYS_ADMIN))
    throw new Errno(EPERM, 'prog_id is for those with CAP_SYS_ADMIN: others name a program of their own with prog_fd');
  if (typeof id === 'number') prog = kernel.progs.find(id) ?? -ENOENT;
  else if (typeof fd === 'number') prog = progOf(caller, fd);
  else throw new Errno(EINVAL, 'prog_fd or prog_id: the number of a program is wanted');
  if (typeof prog === 'number') throw new Errno(prog, `There is no program ${String(id ?? fd)}`);
  if (!(prog instanceof BpfProg)) throw new Errno(EINVAL, 'The program cannot be run');
  return prog;
}

function eventOf(fields: Readonly<Record<string, unknown>>): ProgEvent {
  const { data, ctx, args } = fields;
  return {
    ...(data === undefined ? {} : { data: hexBytes(data) }),
    ...(ctx === undefined ? {} : { ctx: ctx as Readonly<Record<string, FieldValue>> }),
    ...(args === undefined ? {} : { args: args as readonly FieldValue[] }),
  };
}

const PROGRAM = { type: 'integer', minimum: 0, maximum: 0x7fffffff, description: 'the number of a program' } as const;

/** What an EMU_PROG_RUN line may say. */
const FIELDS: Fields = {
  prog_fd: PROGRAM,
  prog_id: PROGRAM,
  data: { type: ['string', 'array'], description: 'hex text or a list of bytes' },
  ctx: { type: 'object', description: 'an object of fields' },
  args: { type: 'array', description: 'a list of arguments' },
  repeat: {
    type: 'integer',
    minimum: 1,
    maximum: REPEAT_MAX,
    description: `a whole number from 1 to ${REPEAT_MAX}`,
  },
};

/** The command for the sessions of the control file. */
export function emuProgRun(kernel: Kernel): SessionCommand {
  function* run(fields: Readonly<Record<string, unknown>>, caller: LocalCaller): Work<object> {
    const prog = progOfFields(kernel, caller, fields);
    const event = eventOf(fields);
    const repeat = typeof fields['repeat'] === 'number' ? fields['repeat'] : 1;
    const runner = progRunner(prog);
    prog.get();
    try {
      return reply(yield* workAsCaller(kernel, prog.vm, caller, repeated(prog, runner, event, repeat)));
    } catch (error) {
      if (error instanceof ProgramAborted) throw new Errno(EINTR, error.message);
      throw error;
    } finally {
      runner.release();
      prog.put();
    }
  }
  return { fields: FIELDS, run };
}

interface Repeated {
  readonly outcome: ProgOutcome;
  readonly runs: number;
  readonly duration: number;
}

function* repeated(prog: BpfProg, runner: ProgRunner, event: ProgEvent, repeat: number): Work<Repeated> {
  const { vm } = prog;
  let spent = 0;
  let batch = 1;
  for (let runs = 0; ; ) {
    const start = vm.now();
    const until = Math.min(runs + batch, repeat);
    let outcome: ProgOutcome;
    do outcome = runner.run(event);
    while (++runs < until);
    const took = vm.now() - start;
    spent += took;
    if (runs === repeat || spent >= RUN_BUDGET_MS) return { outcome, runs, duration: Math.round((spent * 1e6) / runs) };
    if (took < BATCH_MS) batch *= 2;
    if (yield) throw new Errno(EINTR, 'A signal broke the repetitions off');
  }
}

function reply({ outcome, runs, duration }: Repeated): object {
  const { retval, verdict, data, ctx, redirect, newValue, text } = outcome;
  return {
    retval,
    ...(verdict === undefined ? {} : { verdict }),
    ...(data === undefined ? {} : { data: hex(data) }),
    ...(ctx === undefined ? {} : { ctx }),
    ...(redirect === undefined ? {} : { redirect }),
    ...(text === undefined ? {} : { text }),
    ...(newValue === undefined ? {} : { new_value: newValue }),
    runs,
    duration,
  };
}
