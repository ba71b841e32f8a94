/** The work of `bpf-emu run`: load an object, run one of its programs, tell what happened. */
import { loadObject } from '../elf/load.ts';
import { readObject } from '../elf/read.ts';
import type { BpfMap } from '../maps/map.ts';
import { ManualClock } from '../native/host.ts';
import type { Kernel } from '../syscall/kernel.ts';
import { LocalCaller } from '../syscall/local_caller.ts';
import type { FieldValue, ProgEvent, ProgOutcome } from '../syscall/prog_run/event.ts';
import { progRunner } from '../syscall/prog_run/index.ts';
import { SkbRunner, XdpRunner } from '../syscall/prog_run/packet_runner.ts';
import { verdictName } from '../syscall/prog_run/verdicts.ts';
import { asCaller } from '../syscall/run_context.ts';
import { EINVAL, ENOENT, Errno, errnoName } from '../uapi/errno.ts';
import { type DisasmNames, disasmInsn } from '../vm/disasm.ts';
import { helperName } from '../vm/helpers/protos.ts';
import { BpfProg } from '../vm/prog.ts';
import { formatTraceLine } from '../vm/task.ts';
import { MapWatch } from './map_watch.ts';
import { LINKTYPE, type Packet, type Packets, readCapture } from './pcap/read.ts';
import { type OutPacket, pcapngHeader, pcapngPacket } from './pcap/write.ts';
import type { RunFlags } from './run_flags.ts';
import { advanceClock, makeKernel } from './server.ts';

/** What there is to do. */
export interface RunJob {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly capture: Uint8Array | undefined;
  readonly flags: RunFlags;
  /** Takes lines of output. */
  write(line: string): void;
}

/** What came of it. */
export interface RunResult {
  readonly failed: boolean;
  /** The packets afterwards, as pcapng; empty without a capture. */
  readonly output: Uint8Array;
}

/** Bytes before the payload, by link type; Ethernet frames are taken as they are. */
const LINK_HEADERS: ReadonlyMap<number, number> = new Map<number, number>([
  [LINKTYPE.NULL, 4],
  [LINKTYPE.LOOP, 4],
  [LINKTYPE.RAW_BSD, 0],
  [LINKTYPE.RAW_OPENBSD, 0],
  [LINKTYPE.RAW, 0],
  [LINKTYPE.IPV4, 0],
  [LINKTYPE.IPV6, 0],
  [LINKTYPE.LINUX_SLL, 16],
  [LINKTYPE.LINUX_SLL2, 20],
]);
/** Where the cooked link types have the protocol of the payload. */
const PROTOCOL_AT: ReadonlyMap<number, number> = new Map<number, number>([
  [LINKTYPE.LINUX_SLL, 14],
  [LINKTYPE.LINUX_SLL2, 0],
]);

function linkTypeRefusal(linkType: number): string {
  return `link type ${linkType}: Ethernet, raw IP, loopback or Linux cooked is wanted`;
}

/** Packets are Ethernet frames; one without that header gets one of zeroes. Undefined: it is of another kind. */
function ethernet(packet: Packet): Uint8Array | undefined {
  const { data, linkType } = packet;
  if (linkType === LINKTYPE.ETHERNET) return data;
  const header = LINK_HEADERS.get(linkType);
  if (header === undefined) return undefined;
  const payload = data.subarray(header);
  const frame = new Uint8Array(14 + payload.length);
  const at = PROTOCOL_AT.get(linkType);
  const ip = (payload[0] ?? 0) >> 4 === 6 ? 0x86dd : 0x0800;
  frame[12] = at === undefined ? ip >> 8 : (data[at] ?? 0);
  frame[13] = at === undefined ? ip & 0xff : (data[at + 1] ?? 0);
  frame.set(payload, 14);
  return frame;
}

/** The packets of a capture as frames, each made when it is its turn. */
class Frames {
  readonly length: number;
  readonly #packets: Packets;

  /** Those of a link type without Ethernet or IP are left out and counted, unless all are. */
  constructor(packets: Packets, tally: Tally) {
    this.length = packets.length;
    this.#packets = packets;
    const strange = [...packets.linkTypes].filter((type) => type !== LINKTYPE.ETHERNET && !LINK_HEADERS.has(type));
    const [first] = strange;
    if (first === undefined) return;
    if (strange.length === packets.linkTypes.size)
      throw new Errno(EINVAL, `The capture has ${linkTypeRefusal(packets.at(0)!.linkType)}`);
    for (const { linkType } of packets) if (strange.includes(linkType)) tally.refuse(linkTypeRefusal(linkType));
  }

  at(index: number): Frame | undefined {
    const packet = this.#packets.at(index)!;
    const data = ethernet(packet);
    return data === undefined ? undefined : { number: index + 1, packet, data };
  }
}

/** Room for the log of a program that is refused. */
const LOG_SIZE = 64 << 20;

/** Loads the object and runs the program. */
export function runObject(job: RunJob): RunResult {
  const { flags } = job;
  const kernel = makeKernel(flags);
  // The run fails with that message.
  kernel.vm.onBudget = undefined;
  const time = new RunClock(kernel, flags);
  // What the program prints goes beside its results.
  kernel.vm.onTrace = (line) => console.error(formatTraceLine(line));
  const spec = readObject(job.bytes, { name: job.name, target: kernel.vmlinux });
  const wanted = flags.prog === undefined ? spec.programs[0] : spec.programs.find((prog) => prog.name === flags.prog);
  if (wanted === undefined) {
    const names = spec.programs.map((prog) => prog.name).join(', ');
    throw new Errno(ENOENT, `${job.name} has no program ${flags.prog ?? ''}; it has ${names || 'none'}`);
  }
  const caller = new LocalCaller({ memory: 1 << 30 });
  const loaded = loadObject(kernel, caller, spec, {
    logLevel: 1,
    logSize: LOG_SIZE,
    logFailures: true,
    only: new Set([wanted.name]),
  });
  const attempt = loaded.programs.find((prog) => prog.spec === wanted || prog.spec.name === wanted.name);
  if (attempt === undefined || attempt.fd < 0) {
    const reason = attempt?.log.trimEnd() ?? '';
    throw new Errno(
      -(attempt?.fd ?? -EINVAL),
      `Cannot load ${wanted.name}: ${errnoName(attempt?.fd ?? -EINVAL)}\n${reason}`,
    );
  }
  const prog = caller.objectOf(attempt.fd);
  if (!(prog instanceof BpfProg)) throw new Errno(EINVAL, `Cannot run ${wanted.name}`);
  if (flags.step === true) traceSteps(prog, job);
  const maps = [...loaded.maps].flatMap(([name, fd]) => {
    const map = caller.objectOf(fd);
    return map?.kind === 'map' ? [{ name, map: map as BpfMap }] : [];
  });
  try {
    return asCaller(kernel, prog.vm, caller, () =>
      job.capture === undefined ? runEvent(job, prog, time) : runCapture(job, prog, maps, time),
    );
  } finally {
    caller.exit();
  }
}

/** How calls and constants of a program read. */
function namesOf(prog: BpfProg): DisasmNames {
  const { insns } = prog;
  return {
    call: (i) => `bpf_${helperName(insns.imm[i]!) ?? 'unknown'}#${insns.imm[i]}`,
    imm64: (i) => (BigInt(insns.imm[i + 1]! >>> 0) << 32n) | BigInt(insns.imm[i]! >>> 0),
  };
}

/** Prints each instruction before it runs, and above it what the one before changed. */
function traceSteps(prog: BpfProg, job: RunJob): void {
  const before = new Int32Array(22);
  prog.vm.hook = (running, insn, regs) => {
    const changed: string[] = [];
    for (let reg = 0; reg <= 10; reg++) {
      const lo = regs[2 * reg]! >>> 0;
      const hi = regs[2 * reg + 1]! >>> 0;
      if (before[2 * reg] === (lo | 0) && before[2 * reg + 1] === (hi | 0)) continue;
      before[2 * reg] = lo;
      before[2 * reg + 1] = hi;
      changed.push(`r${reg}=0x${((BigInt(hi) << 32n) | BigInt(lo)).toString(16)}`);
    }
    if (changed.length > 0) job.write(`${' '.repeat(8)}${changed.join(' ')}`);
    job.write(`${running.name}:${String(insn).padStart(4)}: ${disasmInsn(running.insns, insn, namesOf(running))}`);
  };
}

function parseJson(text: string, option: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Errno(EINVAL, `${option}: ${JSON.stringify(text)} is not JSON`);
  }
}

function eventOf(flags: RunFlags): ProgEvent {
  const { data, ctx, args } = flags;
  if (data !== undefined && (/[^0-9a-f\s]/i.test(data) || data.replace(/\s/g, '').length % 2 !== 0)) {
    throw new Errno(EINVAL, '--data: hex digits, two a byte, are wanted');
  }
  return {
    ...(data === undefined ? {} : { data: Uint8Array.from(Buffer.from(data.replace(/\s/g, ''), 'hex')) }),
    ...(ctx === undefined ? {} : { ctx: parseJson(ctx, '--ctx') as Record<string, FieldValue> }),
    ...(args === undefined ? {} : { args: parseJson(args, '--args') as readonly FieldValue[] }),
  };
}

function runEvent(job: RunJob, prog: BpfProg, time: RunClock): RunResult {
  const { flags } = job;
  const runner = progRunner(prog);
  try {
    const event = eventOf(flags);
    let outcome: ProgOutcome = runner.run(event);
    time.ran();
    for (let i = 1; i < flags.repeat; i++) {
      outcome = runner.run(event);
      time.ran();
    }
    const { data, ...rest } = outcome;
    const shown = { ...rest, ...(data === undefined ? {} : { data: Buffer.from(data).toString('hex') }) };
    if (flags.json === true) job.write(JSON.stringify(shown));
    else for (const [name, value] of Object.entries(shown)) job.write(`${name.padEnd(9)} ${textOf(value)}`);
    return { failed: false, output: new Uint8Array(0) };
  } finally {
    runner.release();
  }
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/**
 * The time programs see, and the work they leave for later: task work and work items run after
 * the program, timers when the clock has come to them.
 */
class RunClock {
  readonly #kernel: Kernel;
  readonly #manual: ManualClock | undefined;
  readonly #packets: boolean;
  /** Time of the first packet: the boot of a kernel whose clock is the packets'. */
  #first: bigint | undefined;

  constructor(kernel: Kernel, flags: RunFlags) {
    this.#kernel = kernel;
    this.#manual = kernel.clock instanceof ManualClock ? kernel.clock : undefined;
    this.#packets = flags.clock?.packets === true;
  }

  /** The results are to be the same each time: no times of the machine in them. */
  get isFixed(): boolean {
    return this.#manual !== undefined;
  }

  /** A packet comes, at the time it was captured. */
  packet(packet: Packet): void {
    const { timers } = this.#kernel.vm;
    if (!this.#packets || this.#manual === undefined) return;
    const { time } = packet;
    if (this.#first === undefined) {
      this.#first = time;
      this.#manual.boot(time);
    }
    const ahead = time - this.#first - this.#manual.monotonic();
    if (ahead > 0n) advanceClock(this.#kernel, this.#manual, ahead);
    else if (timers.nextDue !== undefined) this.ran();
  }

  /** A program has run. */
  ran(): void {
    const { timers } = this.#kernel.vm;
    if (timers.nextDue !== undefined) timers.run(this.#kernel.clock.monotonic());
  }
}

/** A packet as programs get it, and as it was captured. */
interface Frame {
  /** Its number in the capture, from 1 on. */
  readonly number: number;
  readonly packet: Packet;
  readonly data: Uint8Array;
}

/** What packets were answered with, and how long it took. */
class Tally {
  readonly counts = new Map<number, number>();
  /** Packets that could not be given to the program, by reason. */
  readonly refusals = new Map<string, number>();
  milliseconds = 0;
  last = 0;

  refuse(reason: string): void {
    this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1);
  }

  get refused(): number {
    return [...this.refusals.values()].reduce((sum, count) => sum + count, 0);
  }
}

/** Runs the program on a packet: why it could not be, or undefined. */
function runFrame(runner: XdpRunner | SkbRunner, frame: Frame, tally: Tally, time: RunClock): string | undefined {
  try {
    time.packet(frame.packet);
    tally.last = runner.runPacket(frame.data);
    time.ran();
  } catch (error) {
    if (!(error instanceof Errno)) throw error;
    tally.refuse(error.message);
    return error.message;
  }
  tally.counts.set(tally.last, (tally.counts.get(tally.last) ?? 0) + 1);
  return undefined;
}

/** As {@link runFrame}, on all. */
function runAll(runner: XdpRunner | SkbRunner, frames: Frames, tally: Tally, time: RunClock): void {
  const start = performance.now();
  for (let i = 0; i < frames.length; i++) {
    const frame = frames.at(i);
    if (frame !== undefined) runFrame(runner, frame, tally, time);
  }
  tally.milliseconds += performance.now() - start;
}

/** A program over every packet of a capture, `repeat` times. */
function runCapture(
  job: RunJob,
  prog: BpfProg,
  maps: readonly { readonly name: string; readonly map: BpfMap }[],
  time: RunClock,
): RunResult {
  const { flags } = job;
  const { packets, warning } = readCapture(job.capture ?? new Uint8Array(0));
  const runner = progRunner(prog);
  if (!(runner instanceof XdpRunner) && !(runner instanceof SkbRunner)) {
    runner.release();
    throw new Errno(EINVAL, `${prog.name} takes no packets: give an event with --data, --ctx or --args`);
  }
  if (warning !== '') console.error(`bpf-emu: warning: ${warning}`);
  const tally = new Tally();
  const frames = new Frames(packets, tally);
  const out: OutPacket[] = [];
  const watch = flags.each === true ? new MapWatch(maps) : undefined;
  try {
    for (let round = 1; round <= flags.repeat; round++) {
      const last = round === flags.repeat;
      if (flags.each !== true && (flags.out === undefined || !last)) {
        runAll(runner, frames, tally, time);
        continue;
      }
      for (let i = 0; i < frames.length; i++) {
        const frame = frames.at(i);
        if (frame === undefined) continue;
        const start = performance.now();
        const refusal = runFrame(runner, frame, tally, time);
        tally.milliseconds += performance.now() - start;
        if (refusal !== undefined) {
          if (flags.each === true) job.write(`${frame.number}  ${refusal}`);
          continue;
        }
        const after = runner.packet();
        const verdict = verdictName(prog.type, tally.last) ?? String(tally.last);
        if (flags.each === true)
          job.write(packetLine(frame.number, verdict, frame.data, after, watch?.changes() ?? []));
        if (last) out.push({ time: frame.packet.time, data: after, comment: verdict });
      }
    }
  } finally {
    runner.release();
  }
  summary(job, prog, tally, time.isFixed);
  const blocks = flags.out === undefined ? [] : [...pcapngHeader(LINKTYPE.ETHERNET), ...out.map(pcapngPacket)];
  return { failed: false, output: Buffer.concat(blocks) };
}

function packetLine(
  number: number,
  verdict: string,
  before: Uint8Array,
  after: Uint8Array,
  mapChanges: readonly string[],
): string {
  const parts = [`${number}`, verdict];
  if (before.length !== after.length) parts.push(`length ${before.length} -> ${after.length}`);
  const changed: string[] = [];
  for (let i = 0; i < Math.min(before.length, after.length); i++) {
    if (before[i] === after[i]) continue;
    let end = i;
    while (end < after.length && before[end] !== after[end]) end++;
    changed.push(
      `${i}: ${Buffer.from(before.subarray(i, end)).toString('hex')} -> ${Buffer.from(after.subarray(i, end)).toString('hex')}`,
    );
    i = end;
    if (changed.length === 4) {
      changed.push('…');
      break;
    }
  }
  if (changed.length > 0) parts.push(`bytes ${changed.join(', ')}`);
  return [...parts, ...mapChanges].join('  ');
}

function summary(job: RunJob, prog: BpfProg, tally: Tally, isFixed: boolean): void {
  const { counts, refused, milliseconds } = tally;
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const average = total === 0 ? 0 : Math.round((milliseconds * 1e6) / total);
  if (job.flags.json === true) {
    const verdicts = Object.fromEntries(
      [...counts].map(([retval, count]) => [verdictName(prog.type, retval) ?? String(retval), count]),
    );
    const times = isFixed ? {} : { ns_per_packet: average };
    job.write(JSON.stringify({ packets: total, refused, verdicts, ...times }));
    return;
  }
  for (const [retval, count] of [...counts].sort((a, b) => b[1] - a[1])) {
    job.write(`${String(count).padStart(9)}  ${verdictName(prog.type, retval) ?? `returned ${retval}`}`);
  }
  for (const [reason, count] of tally.refusals) job.write(`${String(count).padStart(9)}  not run: ${reason}`);
  job.write(`${String(total).padStart(9)}  packets${isFixed ? '' : `, ${average} ns each`}`);
}
