/** Runs programs whose context is a record: cgroup hooks, messages, registers, trace records, arguments. */
import { BPF_ATTACH_TYPE as AT, BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import { E2BIG, EINVAL, ENOMEM, Errno } from '../../uapi/errno.ts';
import { Arguments } from '../../vm/contexts/arguments.ts';
import { BufferContext, MessageContext, RecordContext, SysctlContext } from '../../vm/contexts/record.ts';
import type { BpfProg } from '../../vm/prog.ts';
import { CGROUP_DEV_CTX, SOCK_ADDR_CTX, SOCK_OPS_CTX, SOCKOPT_CTX, SYSCTL_CTX } from '../../vm/progtypes/cgroup.ts';
import { SK_LOOKUP_CTX, SK_MSG, SK_MSG_CTX, SK_REUSEPORT_CTX } from '../../vm/progtypes/net.ts';
import { BPF_SOCK, BPF_SOCK_SIZE, SOCK_FIELDS } from '../../vm/progtypes/sock.ts';
import {
  PERF_EVENT_CTX_SIZE,
  PERF_MAX_TRACE_SIZE,
  PT_REGS,
  PT_REGS_SIZE,
  RAW_TP_CTX_SIZE,
  SYSCALL_CTX_MAX,
} from '../../vm/progtypes/trace.ts';
import { ArgumentMemory } from './arguments.ts';
import type { FieldValue, ProgEvent, ProgOutcome, ProgRunner } from './event.ts';
import { type FieldPlace, FieldTable } from './fields.ts';
import { verdictName } from './verdicts.ts';

const SOCK_TABLE = new FieldTable(SOCK_FIELDS);
/** Room behind an option's value, which a program may lengthen. */
const OPTVAL_ROOM = 4096;
const MESSAGE_MAX = 1 << 20;
/** Offset of optlen in struct bpf_sockopt. */
const OPTLEN = 32;

/** What a type's record is made of. */
interface RecordType {
  readonly fields: FieldTable;
  /** Offset of the socket pointer, or -1. */
  readonly sk: number;
  /** Offsets of a pair of pointers to data, or -1. */
  readonly data: number;
  readonly dataEnd: number;
  make(prog: BpfProg): RecordContext;
}

function plain(fields: readonly FieldPlace[], sk = -1): RecordType {
  const scalars = fields.filter(
    (field) =>
      !['sk', 'data', 'data_end', 'optval', 'optval_end', 'migrating_sk', 'skb_data', 'skb_data_end'].includes(
        field.name,
      ),
  );
  return { fields: new FieldTable(scalars), sk, data: -1, dataEnd: -1, make: (prog) => new RecordContext(prog.vm) };
}

function withData(fields: readonly FieldPlace[], sk: number, data: number, make: RecordType['make']): RecordType {
  return { ...plain(fields, sk), data, dataEnd: data + 8, make };
}

const RECORDS: ReadonlyMap<number, RecordType> = new Map<number, RecordType>([
  [PT.CGROUP_SOCK_ADDR, plain(SOCK_ADDR_CTX.fields, 64)],
  [PT.CGROUP_DEVICE, plain(CGROUP_DEV_CTX.fields)],
  [PT.SOCK_OPS, plain(SOCK_OPS_CTX.fields, 184)],
  [PT.SK_LOOKUP, plain(SK_LOOKUP_CTX.fields)],
  [PT.CGROUP_SYSCTL, { ...plain(SYSCTL_CTX.fields), make: (prog) => new SysctlContext(prog.vm) }],
  [PT.CGROUP_SOCKOPT, withData(SOCKOPT_CTX.fields, 0, 8, (prog) => new BufferContext(prog.vm))],
  [PT.SK_MSG, withData(SK_MSG_CTX.fields, SK_MSG.sk, SK_MSG.data, (prog) => new MessageContext(prog.vm))],
  [PT.SK_REUSEPORT, withData(SK_REUSEPORT_CTX.fields, 40, 0, (prog) => new BufferContext(prog.vm))],
]);

/** Whether a type's context is one of the records here. */
export function isRecordType(type: number): boolean {
  return RECORDS.has(type);
}

function bytesOf(value: FieldValue | undefined, name: string): Uint8Array | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw new Errno(EINVAL, `ctx.${name}: text is wanted`);
  return Uint8Array.from(value, (c) => c.charCodeAt(0) & 0xff);
}

/** Runs programs of cgroup hooks and the like. */
export class RecordRunner implements ProgRunner {
  readonly #prog: BpfProg;
  readonly #record: RecordType;
  readonly #context: RecordContext;

  constructor(prog: BpfProg) {
    const record = RECORDS.get(prog.type);
    if (record === undefined) throw new Errno(EINVAL, `Programs of type ${prog.type} have no record`);
    this.#prog = prog;
    this.#record = record;
    this.#context = record.make(prog);
  }

  run(event: ProgEvent): ProgOutcome {
    const context = this.#context;
    const { arena } = this.#prog.vm.env;
    context.clear();
    context.sock.reset();
    const { sk, name, value, new_value: next, ...fields } = event.ctx ?? {};
    this.#record.fields.write(arena, context.ctx, fields);
    if (sk !== undefined) {
      if (typeof sk !== 'object' || Array.isArray(sk))
        throw new Errno(EINVAL, 'ctx.sk: an object of socket fields is wanted');
      SOCK_TABLE.write(arena, context.sock.addr, sk as Readonly<Record<string, FieldValue>>);
    }
    if (this.#record.sk >= 0) context.setPtr(this.#record.sk, context.sock.addr);
    if (context instanceof SysctlContext) {
      context.name = typeof name === 'string' ? name : '';
      context.current = bytesOf(value, 'value') ?? new Uint8Array(0);
      context.next = bytesOf(next, 'new_value');
      context.updated = false;
      if (context.next !== undefined) context.set32(0, 1);
    }
    if (context instanceof BufferContext) this.#giveData(context, event.data ?? new Uint8Array(0));
    const retval = this.#prog.run(context.ctx);
    return this.#outcome(retval);
  }

  #giveData(context: BufferContext, data: Uint8Array): void {
    if (data.length > MESSAGE_MAX)
      throw new Errno(E2BIG, `data: ${data.length} bytes found, at most ${MESSAGE_MAX} are taken`);
    context.fill(data, this.#prog.type === PT.CGROUP_SOCKOPT ? OPTVAL_ROOM : 0);
    context.setPtr(this.#record.data, context.data);
    context.setPtr(
      this.#record.dataEnd,
      this.#prog.type === PT.CGROUP_SOCKOPT ? context.buffer + context.size : context.dataEnd,
    );
    if (this.#prog.type === PT.SK_MSG) context.set32(SK_MSG.size, data.length);
    if (this.#prog.type === PT.CGROUP_SOCKOPT && context.get32(OPTLEN) === 0) context.set32(OPTLEN, data.length);
  }

  #outcome(retval: number): ProgOutcome {
    const context = this.#context;
    const { arena } = this.#prog.vm.env;
    const verdict = verdictName(this.#prog.type, retval);
    const bytes = (data: Uint8Array): string => String.fromCharCode(...data);
    return {
      retval,
      ...(verdict === undefined ? {} : { verdict }),
      ctx: this.#record.fields.read(arena, context.ctx),
      ...(context instanceof SysctlContext && context.updated
        ? { newValue: bytes(context.next ?? new Uint8Array(0)) }
        : {}),
      ...(context instanceof BufferContext ? { data: this.#dataOf(context) } : {}),
    };
  }

  #dataOf(context: BufferContext): Uint8Array {
    const { u8 } = this.#prog.vm.env.arena;
    if (this.#prog.type !== PT.CGROUP_SOCKOPT) {
      const length = this.#prog.type === PT.SK_MSG ? context.get32(SK_MSG.size) : context.dataEnd - context.data;
      return u8.slice(context.buffer, context.buffer + length);
    }
    const length = Math.min(Math.max(context.get32(OPTLEN) | 0, 0), context.size);
    return u8.slice(context.buffer, context.buffer + length);
  }

  release(): void {
    this.#context.release();
  }
}

const REGS = new FieldTable(PT_REGS);
const PERF = new FieldTable([
  ...PT_REGS,
  { name: 'sample_period', off: PT_REGS_SIZE, size: 8 },
  { name: 'addr', off: PT_REGS_SIZE + 8, size: 8 },
]);
const SOCK_CTX = new FieldTable(SOCK_FIELDS);

/** How the memory of the types with a context of plain bytes is given. */
interface MemoryType {
  readonly max: number;
  /** Fields by name, when there are names. */
  readonly fields?: FieldTable;
  /** The context has this size even if less is given. */
  readonly fixed?: number;
  /** A list of 64-bit values is taken. */
  readonly args?: boolean;
}

const MEMORY: ReadonlyMap<number, MemoryType> = new Map<number, MemoryType>([
  [PT.KPROBE, { max: PT_REGS_SIZE, fixed: PT_REGS_SIZE, fields: REGS }],
  [PT.PERF_EVENT, { max: PERF_EVENT_CTX_SIZE, fixed: PERF_EVENT_CTX_SIZE, fields: PERF }],
  [PT.CGROUP_SOCK, { max: BPF_SOCK_SIZE, fixed: BPF_SOCK_SIZE, fields: SOCK_CTX }],
  [PT.TRACEPOINT, { max: PERF_MAX_TRACE_SIZE }],
  [PT.RAW_TRACEPOINT, { max: RAW_TP_CTX_SIZE, fixed: RAW_TP_CTX_SIZE, args: true }],
  [PT.RAW_TRACEPOINT_WRITABLE, { max: RAW_TP_CTX_SIZE, fixed: RAW_TP_CTX_SIZE, args: true }],
  [PT.TRACING, { max: RAW_TP_CTX_SIZE, fixed: RAW_TP_CTX_SIZE, args: true }],
  [PT.STRUCT_OPS, { max: RAW_TP_CTX_SIZE, fixed: RAW_TP_CTX_SIZE, args: true }],
  [PT.LSM, { max: RAW_TP_CTX_SIZE, fixed: RAW_TP_CTX_SIZE, args: true }],
  [PT.SYSCALL, { max: SYSCALL_CTX_MAX }],
]);

/** Whether a type's context is plain memory. */
export function isMemoryType(type: number): boolean {
  return MEMORY.has(type);
}

/** The arguments of an event; the last of a function that has returned is its result. */
function argumentsOf(prog: BpfProg, values: readonly bigint[]): Arguments {
  const attach = prog.expectedAttachType;
  const returned = prog.type === PT.TRACING && (attach === AT.TRACE_FEXIT || attach === AT.MODIFY_RETURN);
  return returned ? new Arguments(values.slice(0, -1), values.at(-1)) : new Arguments(values);
}

/** Runs tracing and syscall programs on memory the caller gives. */
export class MemoryRunner implements ProgRunner {
  readonly #prog: BpfProg;
  readonly #type: MemoryType;

  constructor(prog: BpfProg) {
    const type = MEMORY.get(prog.type);
    if (type === undefined) throw new Errno(EINVAL, `Programs of type ${prog.type} take no memory`);
    this.#prog = prog;
    this.#type = type;
  }

  run(event: ProgEvent): ProgOutcome {
    const { arena } = this.#prog.vm.env;
    const { max, fixed, fields, args } = this.#type;
    const data = event.data ?? new Uint8Array(0);
    if (data.length > max) throw new Errno(E2BIG, `data: ${data.length} bytes found, at most ${max} are taken`);
    if (event.ctx !== undefined && fields === undefined)
      throw new Errno(EINVAL, 'ctx: this type has no fields; give data');
    if (event.args !== undefined && args !== true) throw new Errno(EINVAL, 'args: this type has no arguments');
    const size = Math.max(fixed ?? data.length, 8);
    const block = arena.alloc(size);
    if (block === 0) throw new Errno(ENOMEM, 'No arena memory for the context');
    const memory = new ArgumentMemory(this.#prog.vm, this.#prog);
    try {
      arena.zero(block, size);
      arena.u8.set(data, block);
      if (event.ctx !== undefined) fields?.write(arena, block, event.ctx);
      const given = event.args ?? [];
      if (given.length * 8 > size) throw new Errno(E2BIG, `args: at most ${size / 8} are taken`);
      const values = given.map((value, i) => memory.value(value, i));
      values.forEach((value, i) => {
        arena.u64[(block >> 3) + i] = value;
      });
      if (args === true) this.#prog.vm.contexts.set(block, argumentsOf(this.#prog, values));
      if (this.#prog.type === PT.CGROUP_SOCK && event.ctx?.['state'] === undefined) {
        arena.i32[(block + BPF_SOCK.rxQueueMapping) >> 2] = -1;
      }
      const retval = this.#prog.run(block);
      const verdict = verdictName(this.#prog.type, retval);
      return {
        retval,
        ...(verdict === undefined ? {} : { verdict }),
        ...(fields !== undefined ? { ctx: fields.read(arena, block) } : {}),
        ...(fields === undefined && args !== true ? { data: arena.u8.slice(block, block + size) } : {}),
      };
    } finally {
      memory.release();
      this.#prog.vm.contexts.delete(block);
      arena.free(block, size);
    }
  }

  release(): void {}
}
