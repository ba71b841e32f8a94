/**
 * Samples of the machine's perf events: how they are asked for, and read from a ring (struct
 * perf_event_attr, PERF_RECORD_SAMPLE, struct perf_event_mmap_page of
 * include/uapi/linux/perf_event.h; registers of arch/x86/include/uapi/asm/perf_regs.h).
 */
import { PAGE_SIZE } from '../mm/arena.ts';

/** Size of the attr that is known here, and offsets in it. */
const ATTR_SIZE = 128;
const AT = {
  type: 0,
  config: 8,
  period: 16,
  sampleType: 24,
  flags: 40,
  config2: 64,
  clockId: 92,
  regs: 96,
} as const;
/** use_clockid, and CLOCK_MONOTONIC: what bpf_ktime_get_ns tells. */
const USE_CLOCKID = 1 << 25;
/** comm, task and sample_id_all: records of names and of new threads, with the sample's fields behind them. */
const NAMES = (1 << 9) | (1 << 13) | (1 << 18);
const CLOCK_MONOTONIC = 1;
/** PERF_SAMPLE_TID, _TIME, _CPU, _RAW, _IDENTIFIER, _REGS_INTR: in a record the identifier comes first. */
const SAMPLE_TYPE = (1 << 1) | (1 << 2) | (1 << 7) | (1 << 10) | (1 << 16) | (1 << 18);
const PERF_RECORD_COMM = 3;
const PERF_RECORD_FORK = 7;
const PERF_RECORD_SAMPLE = 9;
const HEADER_SIZE = 8;

/** Offsets in a ring's first page. */
const PAGE = { dataHead: 1024, dataTail: 1032 } as const;

/** ax, bx, cx, dx, si, di, bp, sp, ip, flags, cs, ss, r8 to r15: all that struct pt_regs has but orig_ax. */
const REGS_MASK = 0xff0fffn;
/** Offset in struct pt_regs of each, in that order. */
const PT_REGS_AT = [80, 40, 88, 96, 104, 112, 32, 152, 128, 144, 136, 160, 72, 64, 56, 48, 24, 16, 8, 0] as const;
const ORIG_AX = 120;

/** The attr of an event whose samples {@link readSamples} understands; `period` 0: it tells of names. */
export function sampleAttr(type: number, config: bigint, config2: bigint, period: bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(ATTR_SIZE));
  view.setUint32(AT.type, type, true);
  view.setBigUint64(AT.config, config, true);
  view.setBigUint64(AT.period, period, true);
  view.setBigUint64(AT.sampleType, BigInt(SAMPLE_TYPE), true);
  view.setUint32(AT.flags, period === 0n ? USE_CLOCKID | NAMES : USE_CLOCKID, true);
  view.setBigUint64(AT.config2, config2, true);
  view.setInt32(AT.clockId, CLOCK_MONOTONIC, true);
  view.setBigUint64(AT.regs, REGS_MASK, true);
  return new Uint8Array(view.buffer);
}

/** One thing that has happened. */
export interface Sample {
  /** Of the event, as the machine numbers it. */
  readonly id: number;
  readonly pid: number;
  readonly tid: number;
  /** Nanoseconds of CLOCK_MONOTONIC. */
  readonly time: bigint;
  readonly cpu: number;
  /** The record of a tracepoint. */
  readonly raw: Uint8Array;
  /** Writes struct pt_regs. */
  fillRegisters(to: DataView, at: number): void;
}

/** A thread has a name from now on: its own, or that of the thread that made it. */
export interface Named {
  readonly tid: number;
  readonly time: bigint;
  readonly name: string | { readonly of: number };
}

/** Takes all samples and names out of a ring. */
export function readSamples(pages: ArrayBuffer, to: Sample[], names: Named[]): void {
  const page = new DataView(pages, 0, PAGE_SIZE);
  const data = new Uint8Array(pages, PAGE_SIZE);
  const head = Number(page.getBigUint64(PAGE.dataHead, true));
  let tail = Number(page.getBigUint64(PAGE.dataTail, true));
  while (tail < head) {
    const header = new DataView(copy(data, tail, HEADER_SIZE).buffer);
    const size = header.getUint16(6, true);
    if (size < HEADER_SIZE) break;
    const type = header.getUint32(0, true);
    if (type === PERF_RECORD_SAMPLE) {
      const sample = parse(copy(data, tail, size));
      if (sample !== undefined) to.push(sample);
    } else if (type === PERF_RECORD_COMM || type === PERF_RECORD_FORK) {
      names.push(parseName(type, copy(data, tail, size)));
    }
    tail += size;
  }
  page.setBigUint64(PAGE.dataTail, BigInt(head), true);
}

/** Bytes of a ring, which may go over its end. */
function copy(data: Uint8Array, from: number, size: number): Uint8Array {
  const at = from % data.length;
  const bytes = new Uint8Array(size);
  const first = Math.min(size, data.length - at);
  bytes.set(data.subarray(at, at + first));
  bytes.set(data.subarray(0, size - first), first);
  return bytes;
}

/**
 * COMM: process and thread, then the name; FORK: process, parent, thread, thread of the
 * parent. Behind them the sample's fields: process and thread, time, CPU, id.
 */
function parseName(type: number, record: Uint8Array): Named {
  const view = new DataView(record.buffer);
  const time = view.getBigUint64(record.length - 24, true);
  if (type === PERF_RECORD_FORK) return { tid: view.getUint32(16, true), time, name: { of: view.getUint32(20, true) } };
  const text = String.fromCharCode(...record.subarray(16, 32));
  return { tid: view.getUint32(12, true), time, name: text.slice(0, text.indexOf('\0')) };
}

/** Offsets in a record, up to the raw data. */
const RECORD = { id: 8, pid: 16, tid: 20, time: 24, cpu: 32, rawSize: 40, raw: 44 } as const;

function parse(record: Uint8Array): Sample | undefined {
  if (record.length < RECORD.raw) return undefined;
  const view = new DataView(record.buffer);
  const rawEnd = RECORD.raw + view.getUint32(RECORD.rawSize, true);
  // The kind of registers, 0 for none, then the registers.
  const regs = rawEnd + 8;
  const hasRegs = regs + PT_REGS_AT.length * 8 <= record.length && view.getBigUint64(rawEnd, true) !== 0n;
  return {
    id: Number(view.getBigUint64(RECORD.id, true)),
    pid: view.getUint32(RECORD.pid, true),
    tid: view.getUint32(RECORD.tid, true),
    time: view.getBigUint64(RECORD.time, true),
    cpu: view.getUint32(RECORD.cpu, true),
    raw: record.subarray(RECORD.raw, rawEnd),
    fillRegisters(to: DataView, at: number): void {
      if (!hasRegs) return;
      PT_REGS_AT.forEach((offset, i) => {
        to.setBigUint64(at + offset, view.getBigUint64(regs + 8 * i, true), true);
      });
      to.setBigInt64(at + ORIG_AX, -1n, true);
    },
  };
}
