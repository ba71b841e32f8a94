/** `bpf-emu run --pcap`: a program on every packet of a capture. */
import type { BpfMap } from '../maps/map.ts';
import { progRunner } from '../syscall/prog_run/index.ts';
import { SkbRunner, XdpRunner } from '../syscall/prog_run/packet_runner.ts';
import { verdictName } from '../syscall/prog_run/verdicts.ts';
import { EINVAL, Errno } from '../uapi/errno.ts';
import type { BpfProg } from '../vm/prog.ts';
import { ProgramAborted } from '../vm/vm.ts';
import { type Frame, Frames } from './frames.ts';
import { type MapChange, MapWatch, mapChangeText } from './map_watch.ts';
import { LINKTYPE, readCapture } from './pcap/read.ts';
import { PcapngWriter } from './pcap/write.ts';
import type { RunClock } from './run_clock.ts';
import type { RunJob } from './run_object.ts';

/** Runs of changed bytes that a line shows. */
const RUNS_SHOWN = 4;
/** With fewer packets an average says how long it took to get going. */
const PACKETS_TIMED = 1000;

/** What packets were answered with, and how long it took. */
class Tally {
  readonly counts = new Map<number, number>();
  /** Packets that could not be given to the program, by reason. */
  readonly refusals = new Map<string, number>();
  milliseconds = 0;
  /** Packets of which only the beginning was captured. */
  partial = 0;
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
    if (error instanceof ProgramAborted) throw new ProgramAborted(`Packet ${frame.number}: ${error.message}`);
    if (!(error instanceof Errno)) throw error;
    tally.refuse(error.message);
    return error.message;
  }
  if (frame.packet.wireLength > frame.packet.data.length) tally.partial++;
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

/** Bytes of a packet that a program changed. */
interface ByteChange {
  readonly at: number;
  readonly before: string;
  readonly after: string;
}

/** What came of one packet. */
interface PacketReport {
  readonly packet: number;
  readonly verdict: string;
  /** Lengths before and after, where they differ. */
  readonly length?: readonly [number, number];
  readonly bytes?: readonly ByteChange[];
  readonly maps?: readonly MapChange[];
}

/** A program over every packet of a capture, `repeat` times; the packets afterwards, when they are wanted. */
export function runCapture(
  job: RunJob,
  prog: BpfProg,
  maps: readonly { readonly name: string; readonly map: BpfMap }[],
  time: RunClock,
): Uint8Array {
  const { flags } = job;
  const { packets, warning } = readCapture(job.capture ?? new Uint8Array(0));
  const runner = progRunner(prog);
  if (!(runner instanceof XdpRunner) && !(runner instanceof SkbRunner)) {
    runner.release();
    throw new Errno(EINVAL, `${prog.name} takes no packets: give an event with --data, --ctx or --args`);
  }
  if (warning !== '') console.error(`bpf-emu: warning: ${warning}`);
  const tally = new Tally();
  const frames = new Frames(packets, (reason) => tally.refuse(reason));
  const out = flags.out === undefined ? undefined : new PcapngWriter(LINKTYPE.ETHERNET);
  const watch = flags.each === true ? new MapWatch(maps) : undefined;
  const tell = (report: PacketReport | { readonly packet: number; readonly refused: string }): void =>
    job.write(
      flags.json === true
        ? JSON.stringify(report)
        : 'verdict' in report
          ? packetLine(report)
          : `${report.packet}  ${report.refused}`,
    );
  try {
    for (let round = 1; round <= flags.repeat; round++) {
      const last = round === flags.repeat;
      if (watch === undefined && (out === undefined || !last)) {
        runAll(runner, frames, tally, time);
        continue;
      }
      for (let i = 0; i < frames.length; i++) {
        const frame = frames.at(i);
        if (frame === undefined) continue;
        const start = performance.now();
        const refused = runFrame(runner, frame, tally, time);
        tally.milliseconds += performance.now() - start;
        if (refused !== undefined) {
          if (watch !== undefined) tell({ packet: frame.number, refused });
          continue;
        }
        const after = runner.packet();
        const verdict = verdictName(prog.type, tally.last) ?? String(tally.last);
        if (watch !== undefined) tell(reportOf(frame, verdict, after, watch.changes()));
        if (last) out?.packet(frame.packet.time, after, verdict);
      }
    }
  } finally {
    runner.release();
  }
  if (tally.partial > 0)
    console.error(
      `bpf-emu: warning: captured in part (snaplen), so that the program saw only that part: ${tally.partial} of the packets`,
    );
  summary(job, prog, tally, time.isFixed);
  return out?.bytes() ?? new Uint8Array(0);
}

function reportOf(frame: Frame, verdict: string, after: Uint8Array, maps: readonly MapChange[]): PacketReport {
  const before = frame.data;
  const bytes = changedBytes(before, after);
  return {
    packet: frame.number,
    verdict,
    ...(before.length === after.length ? {} : { length: [before.length, after.length] as const }),
    ...(bytes.length === 0 ? {} : { bytes }),
    ...(maps.length === 0 ? {} : { maps }),
  };
}

/** Runs of bytes that differ, as far as both go. */
function changedBytes(before: Uint8Array, after: Uint8Array): ByteChange[] {
  const found: ByteChange[] = [];
  const end = Math.min(before.length, after.length);
  const hex = (bytes: Uint8Array, from: number, to: number): string =>
    Buffer.from(bytes.subarray(from, to)).toString('hex');
  for (let at = 0; at < end; at++) {
    if (before[at] === after[at]) continue;
    let to = at;
    while (to < end && before[to] !== after[to]) to++;
    found.push({ at, before: hex(before, at, to), after: hex(after, at, to) });
    at = to;
  }
  return found;
}

function packetLine({ packet, verdict, length, bytes = [], maps = [] }: PacketReport): string {
  const parts = [`${packet}`, verdict];
  if (length !== undefined) parts.push(`length ${length[0]} -> ${length[1]}`);
  const runs = bytes.slice(0, RUNS_SHOWN).map(({ at, before, after }) => `${at}: ${before} -> ${after}`);
  if (bytes.length > RUNS_SHOWN) runs.push('…');
  if (runs.length > 0) parts.push(`bytes ${runs.join(', ')}`);
  return [...parts, ...maps.map(mapChangeText)].join('  ');
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
  const isTimed = !isFixed && total >= PACKETS_TIMED;
  job.write(`${String(total).padStart(9)}  packets${isTimed ? `, ${average} ns each` : ''}`);
}
