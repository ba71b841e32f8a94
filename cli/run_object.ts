/** The work of `bpf-emu run`: load an object, run one of its programs, tell what happened. */
import { loadObject } from '../elf/load.ts';
import { readObject } from '../elf/read.ts';
import type { BpfMap } from '../maps/map.ts';
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
import { LINKTYPE, type Packet, readCapture } from './pcap/read.ts';
import { type OutPacket, pcapngHeader, pcapngPacket } from './pcap/write.ts';
import type { RunFlags } from './run.ts';
import { makeKernel } from './server.ts';

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

/** Packets are Ethernet frames; one without that header gets one of zeroes. */
function ethernet(packet: Packet): Uint8Array {
  const { data, linkType } = packet;
  if (linkType === LINKTYPE.ETHERNET) return data;
  const payload = linkType === LINKTYPE.LINUX_SLL ? data.subarray(16) : data;
  const known =
    linkType === LINKTYPE.LINUX_SLL ||
    linkType === LINKTYPE.RAW ||
    linkType === LINKTYPE.IPV4 ||
    linkType === LINKTYPE.IPV6;
  if (!known)
    throw new Errno(EINVAL, `The capture has link type ${linkType}: Ethernet, raw IP or Linux cooked is wanted`);
  const frame = new Uint8Array(14 + payload.length);
  const type = (payload[0] ?? 0) >> 4 === 6 ? 0x86dd : 0x0800;
  frame[12] = type >> 8;
  frame[13] = type & 0xff;
  frame.set(payload, 14);
  return frame;
}

/** Loads the object and runs the program. */
export function runObject(job: RunJob): RunResult {
  const { flags } = job;
  const kernel = makeKernel(flags);
  // What the program prints goes beside its results.
  kernel.vm.onTrace = (line) => console.error(formatTraceLine(line));
  const spec = readObject(job.bytes, { name: job.name, target: kernel.vmlinux });
  const wanted = flags.prog === undefined ? spec.programs[0] : spec.programs.find((prog) => prog.name === flags.prog);
  if (wanted === undefined) {
    const names = spec.programs.map((prog) => prog.name).join(', ');
    throw new Errno(ENOENT, `${job.name} has no program ${flags.prog ?? ''}; it has ${names || 'none'}`);
  }
  const caller = new LocalCaller({ memory: 1 << 30 });
  const loaded = loadObject(kernel, caller, spec, { logLevel: 1, only: new Set([wanted.name]) });
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
      job.capture === undefined ? runEvent(job, prog) : runCapture(job, prog, maps),
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

function runEvent(job: RunJob, prog: BpfProg): RunResult {
  const { flags } = job;
  const runner = progRunner(prog);
  try {
    const event = eventOf(flags);
    let outcome: ProgOutcome = runner.run(event);
    for (let i = 1; i < flags.repeat; i++) outcome = runner.run(event);
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

/** What packets were answered with, and how long it took. */
class Tally {
  readonly counts = new Map<number, number>();
  /** Packets that could not be given to the program. */
  refused = 0;
  milliseconds = 0;
  last = 0;
}

/** Runs the program on packets; why the last one that could not be run was refused. */
function runAll(runner: XdpRunner | SkbRunner, frames: readonly Uint8Array[], tally: Tally): string | undefined {
  let refusal: string | undefined;
  const start = performance.now();
  for (const frame of frames) {
    try {
      tally.last = runner.runPacket(frame);
    } catch (error) {
      if (!(error instanceof Errno)) throw error;
      tally.refused++;
      refusal = error.message;
      continue;
    }
    tally.counts.set(tally.last, (tally.counts.get(tally.last) ?? 0) + 1);
  }
  tally.milliseconds += performance.now() - start;
  return refusal;
}

/** A program over every packet of a capture, `repeat` times. */
function runCapture(
  job: RunJob,
  prog: BpfProg,
  maps: readonly { readonly name: string; readonly map: BpfMap }[],
): RunResult {
  const { flags } = job;
  const { packets, warning } = readCapture(job.capture ?? new Uint8Array(0));
  const runner = progRunner(prog);
  if (!(runner instanceof XdpRunner) && !(runner instanceof SkbRunner)) {
    runner.release();
    throw new Errno(EINVAL, `${prog.name} takes no packets: give an event with --data, --ctx or --args`);
  }
  if (warning !== '') job.write(`warning: ${warning}`);
  const frames = packets.map(ethernet);
  const tally = new Tally();
  const out: OutPacket[] = [];
  const watch = flags.each === true ? new MapWatch(maps) : undefined;
  try {
    for (let round = 1; round <= flags.repeat; round++) {
      const last = round === flags.repeat;
      if (flags.each !== true && (flags.out === undefined || !last)) {
        runAll(runner, frames, tally);
        continue;
      }
      for (const [index, frame] of frames.entries()) {
        const refusal = runAll(runner, [frame], tally);
        if (refusal !== undefined) {
          if (flags.each === true) job.write(`${index + 1}  ${refusal}`);
          continue;
        }
        const after = runner.packet();
        const verdict = verdictName(prog.type, tally.last) ?? String(tally.last);
        if (flags.each === true) job.write(packetLine(index + 1, verdict, frame, after, watch?.changes() ?? []));
        if (last) out.push({ time: packets[index]!.time, data: after, comment: verdict });
      }
    }
  } finally {
    runner.release();
  }
  summary(job, prog, tally);
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

function summary(job: RunJob, prog: BpfProg, { counts, refused, milliseconds }: Tally): void {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const average = total === 0 ? 0 : Math.round((milliseconds * 1e6) / total);
  if (job.flags.json === true) {
    const verdicts = Object.fromEntries(
      [...counts].map(([retval, count]) => [verdictName(prog.type, retval) ?? String(retval), count]),
    );
    job.write(JSON.stringify({ packets: total, refused, verdicts, ns_per_packet: average }));
    return;
  }
  for (const [retval, count] of [...counts].sort((a, b) => b[1] - a[1])) {
    job.write(`${String(count).padStart(9)}  ${verdictName(prog.type, retval) ?? `returned ${retval}`}`);
  }
  if (refused > 0) job.write(`${String(refused).padStart(9)}  not run: cut off in their headers`);
  job.write(`${String(total).padStart(9)}  packets, ${average} ns each`);
}
