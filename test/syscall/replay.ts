/**
 * Replays recorded bpf(2) sequences (test/golden/syscall) against the dispatcher and
 * tells where the answers differ. The format is described in the recordings' own
 * notes: one JSON object a line, `{id, steps: [{cmd, attr, ret, errno, out, …}]}`.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { seededRandom } from '../../base/env.ts';
import type { ForeignFile } from '../../base/object.ts';
import { COMMAND_ATTRS } from '../../syscall/attr_table.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { LocalCaller } from '../../syscall/local_caller.ts';
import { BPF_CMD } from '../../uapi/bpf.ts';
import { CAP, CAP_FULL_SET } from '../../uapi/capability.ts';
import { errnoName } from '../../uapi/errno.ts';
import { fileSystem, type ReplayFs } from './replay_fs.ts';

/** A pointer value of a recorded attr. */
interface Spec {
  fd?: string;
  id?: string;
  add?: number;
  str?: string;
  raw?: string;
  pid?: string;
  buf?: string;
  fill?: string;
  len?: number;
  out?: number;
  fix?: [number, string, string, number?][];
}

/** One recorded call. */
export interface Step {
  cmd: string;
  attr: Record<string, number | Spec>;
  size?: number;
  tail?: [number, string];
  attr_null?: number;
  ret: number | 'fd';
  errno: number;
  as?: string;
  out?: Record<string, string | number | { text: string | null }>;
  sym?: Record<string, [number, string][]>;
  mask?: Record<string, [number, number][] | number>;
  soft?: number;
}

/** One recorded sequence. */
export interface Sequence {
  id: string;
  steps: Step[];
}

/** A step whose answer differs from the kernel's. */
export interface Difference {
  readonly step: number;
  readonly cmd: string;
  readonly message: string;
}

interface Layout {
  [command: string]: { [field: string]: [number, number] };
}

const GOLDEN = new URL('../../../test/golden/syscall/', import.meta.url);
const LAYOUT = (JSON.parse(readFileSync(new URL('layout.json', GOLDEN), 'utf8')) as { layout: Layout }).layout;
const ATTR_SIZE = 168;
const GUARD = 8192;

/** The sequences of one recorded file, such as `create`, or of a file of JSON lines. */
export function sequences(file: string): Sequence[] {
  const packed = file.endsWith('.jsonl') ? undefined : new URL(`golden-${file}.jsonl.gz`, GOLDEN);
  const text = packed === undefined ? readFileSync(file, 'utf8') : gunzipSync(readFileSync(packed)).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Sequence);
}

/** A kernel like the one that was recorded: two possible CPUs. */
export function replayKernel(): Kernel {
  let now = 1_000_000_000n;
  const tick = (): bigint => {
    now += 1000n;
    return now;
  };
  const kernel = new Kernel({
    cpus: 2,
    memory: 512 << 20,
    poison: true,
    clock: { monotonic: tick, boottime: tick, realtime: tick },
    random: seededRandom(1),
  });
  kernel.onBug = (error) => {
    throw error;
  };
  return kernel;
}

/** Runs one sequence on a kernel and returns the steps that differ. */
export function replay(kernel: Kernel, sequence: Sequence): Difference[] {
  const run = new Run(kernel);
  const found: Difference[] = [];
  try {
    sequence.steps.forEach((step, index) => {
      const message = run.step(step);
      if (message !== undefined && step.soft === undefined) found.push({ step: index, cmd: step.cmd, message });
    });
  } finally {
    run.end();
  }
  return found;
}

const OTHER_FILE: ForeignFile = { kind: 'foreign', what: 'other', dev: 1, ino: 1, path: '' };
const CAP_BITS: Readonly<Record<string, number>> = CAP;

/** One sequence in progress. */
class Run {
  readonly #kernel: Kernel;
  readonly #caller: LocalCaller;
  readonly #fs: ReplayFs;
  readonly #fds = new Map<string, number>();
  readonly #ids = new Map<string, number>();
  #inode = 100;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#fs = fileSystem();
    this.#caller = new LocalCaller({
      caps: CAP_FULL_SET & ~(1n << BigInt(CAP.SYS_RESOURCE)),
      paths: (caller) => this.#fs.paths(caller),
    });
    for (let fd = 0; fd < 3; fd++) this.#caller.installForeign(OTHER_FILE);
  }

  end(): void {
    this.#caller.exit();
    this.#fs.end(this.#kernel);
  }

  /** Runs one step: what differs, or undefined. */
  step(step: Step): string | undefined {
    this.#caller.reset();
    if (step.cmd.startsWith('@')) return this.#pseudo(step.cmd.slice(1), step.attr as Record<string, never>);
    const number = step.cmd.startsWith('#') ? Number(step.cmd.slice(1)) : BPF_CMD[step.cmd as keyof typeof BPF_CMD];
    const layout = LAYOUT[step.cmd] ?? {};
    const size = step.size ?? ATTR_SIZE;
    const tail = step.tail;
    const length = Math.max(size, ATTR_SIZE, tail === undefined ? 0 : tail[0] + tail[1].length / 2);
    const buffers = new Map<string, { addr: number; length: number; before: Buffer }>();
    const attr = Buffer.alloc(length);
    for (const [name, value] of Object.entries(step.attr)) {
      const [offset, bytes] = layout[name] as [number, number];
      if (typeof value === 'object' && value.raw !== undefined) {
        Buffer.from(value.raw, 'hex').copy(attr, offset, 0, bytes);
        continue;
      }
      putLe(attr, offset, bytes, typeof value === 'number' ? BigInt(value) : this.#value(name, value, buffers));
    }
    if (tail !== undefined) Buffer.from(tail[1], 'hex').copy(attr, tail[0]);
    const uaddr = this.#caller.put(attr);
    const given = step.attr_null !== undefined ? undefined : attr.subarray(0, Math.min(size, 4096));
    const result = this.#kernel.bpf(number, given, size, step.attr_null !== undefined ? 0 : uaddr, this.#caller);
    const after = Buffer.from(this.#caller.bytes(uaddr, attr.length));
    const message = this.#compare(step, result, after, layout, buffers);
    if (COMMAND_ATTRS[number]?.returns !== undefined && result >= 0) {
      if (step.as === undefined) this.#caller.close(result);
      else this.#bind(step.as, result);
    }
    return message;
  }

  #bind(name: string, fd: number): void {
    const old = this.#fds.get(name);
    if (old !== undefined) this.#caller.close(old);
    this.#fds.set(name, fd);
    const object = this.#caller.objectOf(fd);
    if (object !== undefined) this.#ids.set(name, object.id);
  }

  #value(name: string, spec: Spec, buffers: Map<string, { addr: number; length: number; before: Buffer }>): bigint {
    if (spec.fd !== undefined) return BigInt(this.#fds.get(spec.fd) ?? 0x7ffffff0);
    if (spec.id !== undefined) return BigInt((this.#ids.get(spec.id) ?? 0x7ffffff0) + (spec.add ?? 0));
    if (spec.pid !== undefined) return BigInt(this.#caller.tid);
    if (spec.str !== undefined) {
      return BigInt(this.#caller.put(Buffer.from(`${this.#fs.path(spec.str)}\0`, 'latin1')));
    }
    const bytes = expand(spec);
    for (const [offset, kind, target, length] of spec.fix ?? []) {
      if (kind === 'buf') {
        const before = Buffer.alloc(length ?? 0, 0xaa);
        const addr = this.#caller.put(Buffer.concat([before, Buffer.alloc(GUARD)]));
        buffers.set(target, { addr, length: before.length, before });
        putLe(bytes, offset, 8, BigInt(addr));
      } else bytes.writeUInt32LE(((kind === 'fd' ? this.#fds : this.#ids).get(target) ?? 0x7ffffff0) >>> 0, offset);
    }
    const addr = this.#caller.put(Buffer.concat([bytes, Buffer.alloc(GUARD)]));
    buffers.set(name, { addr, length: bytes.length, before: bytes });
    return BigInt(addr);
  }

  #compare(
    step: Step,
    result: number,
    attr: Buffer,
    layout: Record<string, [number, number]>,
    buffers: Map<string, { addr: number; length: number; before: Buffer }>,
  ): string | undefined {
    const errno = result < 0 ? -result : 0;
    if (errno !== step.errno) {
      const shown = (e: number): string => (e === 0 ? 'success' : errnoName(e));
      return `${shown(errno)}, wanted ${shown(step.errno)}`;
    }
    if (step.ret !== 'fd' && errno === 0 && result !== step.ret) return `result ${result}, wanted ${step.ret}`;
    for (const [name, want] of Object.entries(step.out ?? {})) {
      if (name === 'x86_jited_len') continue;
      if (name.startsWith('attr.')) {
        const [offset, size] = layout[name.slice(5)] as [number, number];
        const got = size === 8 ? Number(attr.readBigUInt64LE(offset)) : attr.readUIntLE(offset, size);
        if (want === 'id:?') continue;
        const wanted = typeof want === 'string' ? this.#ids.get(want.slice(3)) : want;
        if (got !== wanted) return `${name} ${got}, wanted ${String(wanted)}`;
        continue;
      }
      const buffer = buffers.get(name);
      if (buffer === undefined) return `${name}: nothing was passed`;
      const got = Buffer.from(this.#caller.bytes(buffer.addr, buffer.length));
      const message =
        typeof want === 'object' ? compareText(got, want.text) : this.#compareBytes(step, name, got, want);
      if (message !== undefined) return `${name}: ${message}`;
    }
    return undefined;
  }

  #compareBytes(step: Step, name: string, got: Buffer, want: string | number): string | undefined {
    const wanted = Buffer.from(String(want), 'hex');
    const compared = name === 'xlated' ? got.subarray(0, wanted.length) : got;
    for (const [offset, symbol] of step.sym?.[name] ?? []) {
      wanted.writeUInt32LE((this.#ids.get(symbol.slice(3)) ?? 0) >>> 0, offset);
    }
    const masks = step.mask?.[name];
    for (const [offset, length] of Array.isArray(masks) ? masks : []) {
      const end = Math.min(offset + length, wanted.length, compared.length);
      if (offset < end) {
        wanted.fill(0, offset, end);
        compared.fill(0, offset, end);
      }
    }
    return wanted.equals(compared)
      ? undefined
      : `\n   got ${compared.toString('hex')}\n  want ${wanted.toString('hex')}`;
  }

  /** Steps that are no bpf(2): what the recorder did in between. */
  #pseudo(name: string, attr: Record<string, never>): string | undefined {
    const args = attr as Record<string, string | number | string[]>;
    switch (name) {
      case 'close': {
        const fd = this.#fds.get(String(args['fd'])) ?? -1;
        this.#fds.delete(String(args['fd']));
        this.#caller.close(fd);
        return undefined;
      }
      case 'cpu':
        this.#caller.cpu = Number(args['cpu']);
        return undefined;
      case 'become': {
        this.#caller.uid = Number(args['uid']);
        this.#caller.caps = (args['caps'] as string[]).reduce(
          (set, cap) => set | (1n << BigInt(CAP_BITS[cap] ?? 63)),
          0n,
        );
        return undefined;
      }
      case 'mkdir':
        this.#fs.mkdir(String(args['path']));
        return undefined;
      case 'rmdir':
        this.#fs.rmdir(this.#kernel, String(args['path']));
        return undefined;
      case 'open_dir':
        this.#fds.set(String(args['as']), this.#caller.installForeign(this.#fs.open(String(args['path']))));
        return undefined;
      case 'socket':
      case 'pidfd_self':
      case 'perf_event_open': {
        const what = name === 'socket' ? 'socket' : name === 'pidfd_self' ? 'pidfd' : 'perf_event';
        const file: ForeignFile = { ...OTHER_FILE, what, ino: this.#inode++, pid: this.#caller.tid };
        this.#fds.set(String(args['as']), this.#caller.installForeign(file));
        return undefined;
      }
      case 'expect_id_delta': {
        const delta = (this.#ids.get(String(args['b'])) ?? 0) - (this.#ids.get(String(args['a'])) ?? 0);
        return delta === args['delta'] ? undefined : `ids ${delta} apart, wanted ${String(args['delta'])}`;
      }
      default:
        return undefined;
    }
  }
}

function expand(spec: Spec): Buffer {
  if (spec.fill !== undefined) return Buffer.alloc(spec.len ?? 0, Number.parseInt(spec.fill, 16));
  const bytes = Buffer.from(spec.buf ?? '', 'hex');
  return Buffer.concat([bytes, Buffer.alloc(Math.max((spec.len ?? 0) - bytes.length, 0))]);
}

function compareText(got: Buffer, want: string | null): string | undefined {
  const nul = got.indexOf(0);
  const raw = got.toString('latin1', 0, nul === -1 ? got.length : nul);
  if (want === null) return got.every((byte) => byte === 0xaa) ? undefined : `untouched wanted, got ${raw}`;
  const text = raw
    .replace(/verification time \d+ usec/g, 'verification time N usec')
    .replace(/0xffff[0-9a-f]{12}/g, '0xPTR');
  return text === want ? undefined : `text differs\n${text}\n--- wanted\n${want}`;
}

function putLe(bytes: Buffer, offset: number, size: number, value: bigint): void {
  const masked = BigInt.asUintN(size * 8, value);
  if (size === 8) bytes.writeBigUInt64LE(masked, offset);
  else bytes.writeUIntLE(Number(masked), offset, size);
}
