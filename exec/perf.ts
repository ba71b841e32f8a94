/**
 * Perf events that programs write to: perf_event_open(2) of PERF_TYPE_SOFTWARE,
 * PERF_COUNT_SW_BPF_OUTPUT, which perf buffers of libbpf and others are made of.
 *
 * The event is an object with a memfd like others. Its first mmap(2) gives the memfd its
 * size: a page that describes the ring (`struct perf_event_mmap_page`), then 2^n pages of
 * records. Source: man perf_event_open(2), include/uapi/linux/perf_event.h.
 */
import type { Clock } from '../base/env.ts';
import { BpfObject } from '../base/object.ts';
import { PAGE_SIZE } from '../mm/arena.ts';
import { EINVAL, ENOTTY } from '../uapi/errno.ts';
import { CONTINUE, type ExecNative } from './native.ts';

/** What is read of `struct perf_event_attr`: up to and with wakeup_events. */
export const PERF_ATTR_SIZE = 56;
export const PERF_FLAG_FD_CLOEXEC = 8;
export const PERF_EVENT_IOC_ENABLE = 0x2400;
export const PERF_EVENT_IOC_DISABLE = 0x2401;
export const PERF_EVENT_IOC_ID = 0x80082407;
export const PERF_EVENT_IOC_SET_BPF = 0x40042408;
export const PERF_EVENT_IOC_QUERY_BPF = 0xc008240a;
/** Most programs that PERF_EVENT_IOC_QUERY_BPF tells of (`BPF_TRACE_MAX_PROGS`). */
export const PERF_QUERY_MAX = 64;
const PERF_EVENT_IOC_REFRESH = 0x2402;

const ATTR = { type: 0, config: 8, sampleType: 24, flags: 40, wakeup: 48 } as const;
export const PERF_TYPE_SOFTWARE = 1;
const PERF_COUNT_SW_BPF_OUTPUT = 10;
/** Bit of the attr: wake up by bytes, not by records. */
const WATERMARK = 1 << 14;

/** ioctls that turn an event on and off, which ours is always: ENABLE, DISABLE, RESET, PAUSE_OUTPUT. */
const SWITCHES: ReadonlySet<number> = new Set([PERF_EVENT_IOC_ENABLE, PERF_EVENT_IOC_DISABLE, 0x2403, 0x40042409]);

/** Offsets in the ring's page. */
const PAGE = { dataHead: 1024, dataTail: 1032, dataOffset: 1040, dataSize: 1048 } as const;

const PERF_RECORD_LOST = 2;
const PERF_RECORD_SAMPLE = 9;
const PERF_RECORD_MISC_KERNEL = 1;
const HEADER_SIZE = 8;
const LOST_SIZE = 24;
/** A record's size is 16 bits. */
const RECORD_MAX = 65528;

/** Bits of sample_type, in the order their fields have in a record, and the bytes of each. */
const SAMPLE_FIELDS: readonly (readonly [number, number, 'id' | 'time' | 'cpu' | 'zero'])[] = [
  [1 << 16, 8, 'id'],
  [1 << 0, 8, 'zero'],
  [1 << 1, 8, 'zero'],
  [1 << 2, 8, 'time'],
  [1 << 3, 8, 'zero'],
  [1 << 6, 8, 'id'],
  [1 << 9, 8, 'id'],
  [1 << 7, 8, 'cpu'],
  [1 << 8, 8, 'zero'],
];
const PERF_SAMPLE_RAW = 1 << 10;

/** ioctl(2) of a tracepoint or probe: it is on or off as you like; samples it has none to refresh. 0 or -errno. */
export function probeControl(request: number): number {
  if (request === PERF_EVENT_IOC_REFRESH) return -EINVAL;
  return SWITCHES.has(request) ? 0 : -ENOTTY;
}

/** Whether an attr asks for an event that programs write to. */
export function isBpfOutput(attr: Uint8Array): boolean {
  const view = new DataView(attr.buffer, attr.byteOffset);
  return (
    view.getUint32(ATTR.type, true) === PERF_TYPE_SOFTWARE &&
    view.getBigUint64(ATTR.config, true) === BigInt(PERF_COUNT_SW_BPF_OUTPUT)
  );
}

let nextId = 1;

/** One event, with its ring once it has been mapped. */
export class PerfEvent extends BpfObject {
  readonly kind = 'perf_event';
  /** Called when a reader should be woken. */
  readonly waiters = new Set<(event: PerfEvent) => void>();
  readonly #native: ExecNative;
  readonly #clock: Clock;
  readonly #sampleType: number;
  readonly #watermark: boolean;
  readonly #wakeup: number;
  #ring: DataView | undefined;
  #bytes = new Uint8Array(0);
  /** Size of the data in bytes, a power of two. */
  #size = 0;
  /** Where the next record goes; never read back from the page. */
  #head = 0;
  #lost = 0;
  /** Records, and the head, at the last wake-up. */
  #unseen = 0;
  #woken = 0;

  constructor(native: ExecNative, clock: Clock, attr: Uint8Array) {
    super();
    this.id = nextId++;
    const view = new DataView(attr.buffer, attr.byteOffset);
    this.#native = native;
    this.#clock = clock;
    this.#sampleType = view.getUint32(ATTR.sampleType, true);
    this.#watermark = (view.getUint32(ATTR.flags, true) & WATERMARK) !== 0;
    this.#wakeup = view.getUint32(ATTR.wakeup, true);
  }

  /** Records that the reader has not taken. */
  get hasData(): boolean {
    return this.#ring !== undefined && this.#head !== this.#tail();
  }

  /** The answer to mmap(2): CONTINUE when the file has the size asked for (`perf_mmap`), else -errno. */
  map(fd: number, length: number, offset: number): number {
    const pages = Math.ceil(length / PAGE_SIZE) - 1;
    if (offset !== 0 || pages < 0 || (pages & (pages - 1)) !== 0) return -EINVAL;
    const bytes = (pages + 1) * PAGE_SIZE;
    if (this.#ring !== undefined) return bytes === this.#ring.byteLength ? CONTINUE : -EINVAL;
    const buffer = this.#native.supMapFile(fd, bytes);
    if (typeof buffer === 'number') return buffer;
    this.#ring = new DataView(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#size = pages * PAGE_SIZE;
    this.#ring.setBigUint64(PAGE.dataOffset, BigInt(PAGE_SIZE), true);
    this.#ring.setBigUint64(PAGE.dataSize, BigInt(this.#size), true);
    return CONTINUE;
  }

  /** ioctl(2) PERF_EVENT_IOC_*: 0 or -errno. */
  control(request: number): number {
    return SWITCHES.has(request) ? 0 : -ENOTTY;
  }

  /** Its id, as PERF_EVENT_IOC_ID stores it. */
  idBytes(): Uint8Array {
    return new Uint8Array(BigUint64Array.of(BigInt(this.id)).buffer);
  }

  /** Appends a sample with raw data; counted as lost when there is no room: a ring is never quite full (`perf_event_output`). */
  output(cpu: number, data: Uint8Array): void {
    if (this.#ring === undefined || this.#size === 0) return;
    // The raw part with its length word is a multiple of 8, padding included in the length.
    const raw = Math.ceil((data.length + 4) / 8) * 8;
    let size = HEADER_SIZE + ((this.#sampleType & PERF_SAMPLE_RAW) !== 0 ? raw : 0);
    for (const [bit, bytes] of SAMPLE_FIELDS) if ((this.#sampleType & bit) !== 0) size += bytes;
    const needed = size + (this.#lost > 0 ? LOST_SIZE : 0);
    if (size > RECORD_MAX || this.#head + needed - this.#tail() >= this.#size) {
      this.#lost++;
      return;
    }
    if (this.#lost > 0) this.#put(this.#lostRecord());
    this.#put(this.#sample(size, cpu, data, raw));
    this.#ring.setBigUint64(PAGE.dataHead, BigInt(this.#head), true);
    this.#wake();
  }

  #lostRecord(): Uint8Array {
    const record = new Uint8Array(LOST_SIZE);
    const view = header(record, PERF_RECORD_LOST, 0);
    view.setBigUint64(8, BigInt(this.id), true);
    view.setBigUint64(16, BigInt(this.#lost), true);
    this.#lost = 0;
    return record;
  }

  #sample(size: number, cpu: number, data: Uint8Array, raw: number): Uint8Array {
    const record = new Uint8Array(size);
    const view = header(record, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_KERNEL);
    let at = HEADER_SIZE;
    for (const [bit, bytes, what] of SAMPLE_FIELDS) {
      if ((this.#sampleType & bit) === 0) continue;
      if (what === 'id') view.setBigUint64(at, BigInt(this.id), true);
      else if (what === 'time') view.setBigUint64(at, this.#clock.monotonic(), true);
      else if (what === 'cpu') view.setUint32(at, cpu, true);
      at += bytes;
    }
    if ((this.#sampleType & PERF_SAMPLE_RAW) === 0) return record;
    view.setUint32(at, raw - 4, true);
    record.set(data, at + 4);
    return record;
  }

  #put(record: Uint8Array): void {
    const at = this.#head % this.#size;
    const first = Math.min(record.length, this.#size - at);
    this.#bytes.set(record.subarray(0, first), PAGE_SIZE + at);
    this.#bytes.set(record.subarray(first), PAGE_SIZE);
    this.#head += record.length;
    this.#unseen++;
  }

  /** `perf_output_begin`: every so many records, or so many bytes; by default half of the ring. */
  #wake(): void {
    const due =
      this.#watermark || this.#wakeup === 0
        ? this.#head - this.#woken > (this.#wakeup === 0 ? this.#size / 2 : Math.min(this.#wakeup, this.#size))
        : this.#unseen >= this.#wakeup;
    if (!due) return;
    this.#unseen = 0;
    this.#woken = this.#head;
    for (const waiter of this.waiters) waiter(this);
  }

  /** How far the reader is. What it writes is not trusted: a nonsense position means no room. */
  #tail(): number {
    const tail = Number(this.#ring?.getBigUint64(PAGE.dataTail, true) ?? 0n);
    return tail <= this.#head && tail >= this.#head - this.#size ? tail : this.#head - this.#size;
  }

  protected override release(): void {
    this.#ring = undefined;
    this.#bytes = new Uint8Array(0);
  }
}

function header(record: Uint8Array, type: number, misc: number): DataView {
  const view = new DataView(record.buffer);
  view.setUint32(0, type, true);
  view.setUint16(4, misc, true);
  view.setUint16(6, record.length, true);
  return view;
}
