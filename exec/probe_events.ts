/**
 * perf_event_open(2) of what programs are attached to: tracepoints, and probes in kernel
 * functions and in programs. What the attr names is looked for as the kernel would; the
 * event itself never happens. Files are only touched by other threads, since a path of the
 * caller's may lead to a file system that this one serves.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { BTF_KIND, type Btf } from '../btf/btf.ts';
import type { PerfProbe } from '../syscall/perf_link.ts';
import { EINVAL, ENOENT } from '../uapi/errno.ts';
import { seenPath } from './probed_file.ts';
import { readText } from './proc.ts';
import { SUPPLIED_PMU, suppliedTracepoint } from './supplied.ts';

const PERF_TYPE_TRACEPOINT = 2;
/** Offsets in struct perf_event_attr. */
const AT = { type: 0, config: 8, config1: 56, config2: 64 } as const;
/** What is read of it. */
export const PROBE_ATTR_SIZE = 72;
/** `config`: bit 0 asks for returns, the upper half is where a semaphore lies. */
const IS_RETURN = 1n;
const REF_CTR_SHIFT = 32n;
const PATH_MAX = 4095;
const SYMBOL_MAX = 511;
const TRACEFS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];
const NOTHING = { name: '', offset: 0n, refCtrOffset: 0n, recordSize: 0 } as const;

/** Number of a kind of events (/sys/bus/event_source/devices/NAME/type); -1 where this machine has none. */
function pmuType(name: string): number {
  const text = readText(`/sys/bus/event_source/devices/${name}/type`);
  return text === '' ? -1 : Number(text);
}

/** What one tracepoint is called, and how long its records are. */
interface Tracepoint {
  readonly name: string;
  readonly recordSize: number;
}

/** Makes events of attrs. */
export class ProbeEvents {
  /** Numbers of the two kinds on this machine, and those that callers see. */
  readonly #machine = { kprobe: pmuType('kprobe'), uprobe: pmuType('uprobe') } as const;
  readonly #kprobe: number;
  readonly #uprobe: number;
  readonly #tracepoints = new Map<bigint, Tracepoint>();
  /** Where the machine's tracepoints are, by number. */
  readonly #places = new Map<bigint, string>();
  readonly #types: Btf | undefined;

  /** `types` are those of the emulated kernel where it stands alone: what they tell counts too. */
  constructor(types?: Btf) {
    this.#types = types;
    const { kprobe, uprobe } = this.#machine;
    this.#kprobe = kprobe < 0 && types !== undefined ? SUPPLIED_PMU.kprobe : kprobe;
    this.#uprobe = uprobe < 0 && types !== undefined ? SUPPLIED_PMU.uprobe : uprobe;
  }

  /** Whether an attr asks for an event of these kinds. */
  isProbe(attr: Uint8Array): boolean {
    const type = new DataView(attr.buffer, attr.byteOffset).getUint32(AT.type, true);
    return type === PERF_TYPE_TRACEPOINT || (type !== 0 && (type === this.#kprobe || type === this.#uprobe));
  }

  /**
   * What an attr means for thread `tid`, or -errno. `text` reads a string of the caller:
   * undefined when it cannot be read; it is called before this returns.
   */
  find(
    attr: Uint8Array,
    tid: number,
    text: (addr: number, max: number) => string | number,
  ): Promise<PerfProbe | number> {
    const view = new DataView(attr.buffer, attr.byteOffset);
    const type = view.getUint32(AT.type, true);
    const config = view.getBigUint64(AT.config, true);
    if (type === PERF_TYPE_TRACEPOINT) return this.#tracepoint(type, config, tid);
    const addr = Number(view.getBigUint64(AT.config1, true));
    const offset = view.getBigUint64(AT.config2, true);
    const refCtrOffset = config >> REF_CTR_SHIFT;
    const isReturn = (config & IS_RETURN) !== 0n;
    if (type === this.#uprobe) {
      const path = addr === 0 ? -EINVAL : text(addr, PATH_MAX);
      const kind = isReturn ? 'uretprobe' : 'uprobe';
      return uprobe({ ...NOTHING, kind, type, config, offset, refCtrOffset, name: '' }, path, tid);
    }
    const symbol = addr === 0 ? '' : text(addr, SYMBOL_MAX);
    const kind = isReturn ? 'kretprobe' : 'kprobe';
    return kprobe({ ...NOTHING, kind, type, config, offset, name: '' }, symbol, this.#types);
  }

  async #tracepoint(type: number, config: bigint, tid: number): Promise<PerfProbe | number> {
    if (!this.#tracepoints.has(config)) await this.#readFormat(tid, config);
    const supplied = this.#types === undefined ? undefined : suppliedTracepoint(this.#types, config);
    const found = this.#tracepoints.get(config) ?? supplied;
    return found === undefined ? -EINVAL : { ...NOTHING, ...found, kind: 'tracepoint', type, config };
  }

  /** Whether the machine knows a probe by the same numbers. */
  isMachines({ kind, type, config }: PerfProbe): boolean {
    if (kind === 'tracepoint') return this.#tracepoints.has(config);
    return type === (kind === 'kprobe' || kind === 'kretprobe' ? this.#machine.kprobe : this.#machine.uprobe);
  }

  /** Reads what is known of a tracepoint, if the caller sees one of this number. */
  async #readFormat(tid: number, wanted: bigint): Promise<void> {
    const root = `/proc/${tid}/root`;
    if (!this.#places.has(wanted)) await this.#readIds(root);
    const place = this.#places.get(wanted);
    if (place === undefined) return;
    const format = await contents(`${root}${place}/format`);
    this.#tracepoints.set(wanted, { name: place.slice(place.lastIndexOf('/') + 1), recordSize: recordSize(format) });
  }

  /** Reads the numbers of all tracepoints: whoever asks for one often asks for many. */
  async #readIds(root: string): Promise<void> {
    for (const dir of TRACEFS) {
      const events = `${dir}/events`;
      for (const system of await names(root + events)) {
        const all = await names(`${root}${events}/${system}`);
        await Promise.all(
          all.map(async (name) => {
            const place = `${events}/${system}/${name}`;
            const id = await contents(`${root}${place}/id`);
            if (/^\d+\n?$/.test(id)) this.#places.set(BigInt(id.trim()), place);
          }),
        );
      }
      if (this.#places.size > 0) return;
    }
  }
}

/** End of the last field that a tracepoint's `format` lists. */
function recordSize(format: string): number {
  const ends = [...format.matchAll(/offset:(\d+);\s*size:(\d+);/g)].map(([, at, size]) => Number(at) + Number(size));
  return Math.max(0, ...ends);
}

/** The file must be there, a regular one, and long enough (`perf_uprobe_event_init`). */
async function uprobe(probe: PerfProbe, path: string | number, tid: number): Promise<PerfProbe | number> {
  if (typeof path === 'number') return path;
  if (path === '' || probe.refCtrOffset % 2n !== 0n) return -EINVAL;
  try {
    const file = await stat(seenPath(tid, path));
    if (!file.isFile() || BigInt.asIntN(64, probe.offset) > BigInt(file.size)) return -EINVAL;
  } catch (error) {
    return (error as NodeJS.ErrnoException).errno ?? -EINVAL;
  }
  return { ...probe, name: path };
}

/** The function must be one of the machine's kernel, or of the types of one that stands alone. */
async function kprobe(probe: PerfProbe, symbol: string | number, types: Btf | undefined): Promise<PerfProbe | number> {
  if (typeof symbol === 'number') return symbol;
  if (symbol === '') return probe;
  if (types !== undefined && types.find(symbol, BTF_KIND.FUNC) > 0) return { ...probe, name: symbol };
  const symbols = await contents('/proc/kallsyms');
  return new RegExp(`^[0-9a-f]+ \\w ${symbol.replace(/[^\w.]/g, '\\$&')}(?:\\s|$)`, 'm').test(symbols)
    ? { ...probe, name: symbol }
    : -ENOENT;
}

async function names(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch {
    return [];
  }
}

async function contents(file: string): Promise<string> {
  try {
    return await readFile(file, 'latin1');
  } catch {
    return '';
  }
}
