/**
 * Replays the recorded verdicts of the kernel's verifier (the oracle's `verifier`
 * folder, which is not part of this project) against bpf(2) of the emulator and scores
 * them. corpus_main.ts is the command, corpus.test.ts the test.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, inflateSync } from 'node:zlib';
import { seededRandom } from '../../base/env.ts';
import { BTF_KIND } from '../../btf/btf.ts';
import { hostClock } from '../../native/host.ts';
import { Kernel, type KernelOptions } from '../../syscall/kernel.ts';
import { LocalCaller } from '../../syscall/local_caller.ts';
import { BPF_CMD } from '../../uapi/bpf.ts';
import { CAP, CAP_FULL_SET } from '../../uapi/capability.ts';
import { ENOSPC } from '../../uapi/errno.ts';

/** The verifier folder of the oracle, or undefined when it is not there. */
export function corpusFolder(): string | undefined {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const folder = join(process.env['BPF_EMU_ORACLE'] ?? join(root, '..', 'shared', 'oracle'), 'verifier');
  return existsSync(join(folder, 'corpus.jsonl.gz')) ? folder : undefined;
}

/** One recorded call; the fields depend on `op`. */
export interface CorpusEvent {
  readonly op: 'btf' | 'map' | 'update' | 'freeze' | 'prog' | 'run';
  readonly id?: string;
  readonly errno: number;
  readonly [field: string]: unknown;
}

/** One program with what the kernel decided. */
export interface CorpusCase {
  readonly key: string;
  readonly area: string;
  readonly suite: string;
  readonly main: string;
  readonly verdict: string;
  readonly errno: number;
  readonly errno_noperfmon: number;
  readonly log: string;
  readonly log_noperfmon: string;
  readonly env_blocked?: boolean;
  readonly unstable?: readonly string[];
  readonly expect_retval: readonly unknown[] | null;
  readonly events: readonly CorpusEvent[];
}

/** What a field of a case was recorded as and what came now. */
export type Scores = Map<string, readonly [unknown, unknown]>;

/** Logs that are longer lose their beginning; what is scored is their end. */
const LOG_SIZE = 1 << 20;
/** Room for a log that does not fit, as it was recorded with. */
const LOG_SIZE_MAX = 48 << 20;
const BIG_PROGRAM = 100_000;
const OUT_SIZE = 256;
const ARENA = 33;
const PERCPU_MAPS = new Set([5, 6, 10, 21]);

/** Reads the cases, with the large fields in place. */
export function readCorpus(folder: string): CorpusCase[] {
  const lines = (name: string): Record<string, unknown>[] =>
    gunzipSync(readFileSync(join(folder, name)))
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const blobs = new Map(lines('blobs.jsonl.gz').map((blob) => [blob['sha'], blob['data']]));
  const cases = lines('corpus.jsonl.gz') as unknown as CorpusCase[];
  for (const { events } of cases) {
    for (const event of events as unknown as Record<string, unknown>[]) {
      for (const field of Object.keys(event)) {
        if (field.endsWith('_sha')) event[field.slice(0, -4)] = blobs.get(event[field]);
      }
    }
  }
  return cases;
}

/** Bytes of a field of an event, or undefined. */
function bytesOf(event: CorpusEvent, field: string): Uint8Array | undefined {
  const packed = event[`${field}_z`];
  if (typeof packed === 'string') return inflateSync(Buffer.from(packed, 'base64'));
  const hex = event[field];
  return typeof hex === 'string' ? Buffer.from(hex, 'hex') : undefined;
}

/** The last line of a log that says something, kernel addresses masked. */
function lastLine(log: string, lines: number): string | undefined {
  const tail = log
    .split('\n')
    .slice(-lines - (log.endsWith('\n') ? 1 : 0))
    .filter((line) => line !== '' && !/^(processed|verification|stack depth)/.test(line))
    .pop();
  return tail?.replace(/(?<= )(?<!; )0xffff[0-9a-f]{12}\b/g, 'ADDR');
}

function masked(line: unknown): unknown {
  return typeof line === 'string' ? line.replace(/0x[0-9a-f]+|-?\d+/g, 'N') : line;
}

/** Writes attr fields: [offset, size, value]. */
function attrOf(fields: readonly (readonly [number, 4 | 8, number | bigint])[]): Uint8Array {
  const bytes = new Uint8Array(168);
  const view = new DataView(bytes.buffer);
  for (const [offset, size, value] of fields) {
    if (size === 8) view.setBigUint64(offset, BigInt.asUintN(64, BigInt(value)), true);
    else view.setUint32(offset, Number(value) >>> 0, true);
  }
  return bytes;
}

/** Replays cases on one emulated kernel. */
export class CorpusReplay {
  readonly kernel: Kernel;
  /** Loads each program once, without a log: for what programs do rather than what the verifier says. */
  quick = false;

  constructor(verify: KernelOptions['verify'], vmlinux: Uint8Array | undefined) {
    this.kernel = new Kernel({
      cpus: 2,
      memory: 2 ** 30,
      clock: hostClock(),
      random: seededRandom(1),
      vmlinux,
      ...(verify === undefined ? {} : { verify }),
    });
  }

  /** Why a case is not scored, or undefined. */
  skipReason(test: CorpusCase): string | undefined {
    if (test.env_blocked === true) return 'refused before the verifier on the recording machine';
    if (test.verdict === 'none') return 'the program never reached the kernel';
    if (test.errno === 9 && test.events.some((event) => event.op === 'btf' && event.errno !== 0))
      return 'EBADF only because the kernel refused the BTF';
    for (const field of ['fd_array', 'core_relo_cnt', 'ifindex', 'struct_ops']) {
      if (test.events.some((event) => Boolean(event[field]))) return `${field} not recorded in full`;
    }
    for (const event of test.events) {
      for (const reference of references(event)) {
        if (reference.includes('?module')) return 'kfunc of a module';
        if (this.btfId(reference) === 0) return 'name not in the vmlinux BTF';
      }
    }
    return undefined;
  }

  /** BTF id behind `kfunc:NAME`, `btf:NAME` or `attach:NAME`; 0 when there is none. */
  btfId(reference: string): number {
    const colon = reference.indexOf(':');
    const what = reference.slice(0, colon);
    const name = reference.slice(colon + 1);
    const kinds =
      what === 'btf'
        ? [BTF_KIND.VAR, BTF_KIND.FUNC]
        : [name.startsWith('btf_trace_') ? BTF_KIND.TYPEDEF : BTF_KIND.FUNC];
    for (const kind of kinds) {
      const id = this.kernel.vmlinux?.find(name, kind) ?? 0;
      if (id !== 0) return id;
    }
    return 0;
  }

  /** Replays one case: every field that is scored, recorded and got. */
  run(test: CorpusCase, noperfmon: boolean): Scores {
    const replay = new CaseReplay(this, test, noperfmon);
    try {
      return replay.run();
    } finally {
      replay.close();
    }
  }
}

function references(event: CorpusEvent): string[] {
  const relocs = (event['relocs'] ?? []) as readonly (readonly [number, string])[];
  const found = relocs
    .map(([, reference]) => reference)
    .filter((one) => one.includes(':') && !one.startsWith('kfunc:?'));
  if (typeof event['attach_btf'] === 'string' && event['attach_btf'] !== '')
    found.push(`attach:${event['attach_btf']}`);
  return found;
}

class CaseReplay {
  readonly #replay: CorpusReplay;
  readonly #test: CorpusCase;
  readonly #noperfmon: boolean;
  readonly #caller: LocalCaller;
  readonly #fds = new Map<string, number>();
  readonly #mapTypes = new Map<string, number>();
  readonly #scores: Scores = new Map();
  readonly #runs: [CorpusEvent, number, number, string | null][] = [];

  constructor(replay: CorpusReplay, test: CorpusCase, noperfmon: boolean) {
    this.#replay = replay;
    this.#test = test;
    this.#noperfmon = noperfmon;
    this.#caller = new LocalCaller({ memory: replay.quick ? 2 ** 24 : 2 ** 28, caps: this.#caps() });
    // Standard input, output and error: some programs name descriptor 0 as a map.
    for (let fd = 0; fd < 3; fd++)
      this.#caller.installForeign({ kind: 'foreign', what: 'other', dev: 1, ino: fd + 1, path: '' });
  }

  #caps(): bigint {
    return this.#test.suite.startsWith('tv') ? CAP_FULL_SET & ~(1n << BigInt(CAP.SYS_ADMIN)) : CAP_FULL_SET;
  }

  close(): void {
    this.#caller.exit();
  }

  run(): Scores {
    const other: unknown[] = [];
    this.#test.events.forEach((event, index) => {
      this.#caller.reset();
      const result = this.#do(event);
      if (event.id !== undefined && result >= 0) this.#fds.set(event.id, result);
      const errno = result < 0 ? -result : 0;
      if (event.op !== 'run' && event.id !== this.#test.main && errno !== event.errno)
        other.push([index, event.op, event.errno, errno]);
    });
    this.#scores.set('other', [[], other]);
    this.#scoreRuns();
    for (const field of this.#unscored()) {
      this.#scores.delete(field);
      if (field === 'message') this.#scores.delete('masked');
      if (field === 'np-msg') this.#scores.delete('np-masked');
    }
    return this.#scores;
  }

  #scoreRuns(): void {
    if (this.#runs.length === 0) return;
    const recorded = this.#runs.map(([event]) => [event.errno, event['retval']]);
    this.#scores.set('retval', [recorded, this.#runs.map(([, errno, retval]) => [errno, retval])]);
    const withData = this.#runs.filter(([event]) => 'data_out' in event);
    if (withData.length > 0)
      this.#scores.set('data', [withData.map(([event]) => event['data_out']), withData.map(([, , , data]) => data)]);
  }

  #unscored(): string[] {
    const names: Record<string, string> = { log: 'message', errno_noperfmon: 'np-errno', log_noperfmon: 'np-msg' };
    const fields = (this.#test.unstable ?? []).map((field) => names[field] ?? field);
    const { events } = this.#test;
    const address = [0xcafe4a, 'POINTER_VALUE'].includes(this.#test.expect_retval?.[0] as number);
    const isArena = events.some((event) => event.op === 'map' && event['type'] === ARENA && !event['extra']);
    if (address || isArena) fields.push('retval');
    return fields;
  }

  #bpf(cmd: number, attr: Uint8Array): number {
    const uaddr = this.#caller.put(attr);
    return this.#replay.kernel.bpf(cmd, attr, attr.length, uaddr, this.#caller);
  }

  #ptr(bytes: Uint8Array | undefined): number {
    return bytes === undefined ? 0 : this.#caller.put(bytes.length === 0 ? new Uint8Array(8) : bytes);
  }

  /** `m0` stands for its descriptor, or -1 when that call failed; a number for itself. */
  #fd(reference: unknown): number {
    return typeof reference === 'string' ? (this.#fds.get(reference) ?? -1) : Number(reference ?? 0);
  }

  #do(event: CorpusEvent): number {
    switch (event.op) {
      case 'btf': {
        const data = bytesOf(event, 'data') ?? new Uint8Array(0);
        return this.#bpf(
          BPF_CMD.BTF_LOAD,
          attrOf([
            [0, 8, this.#ptr(data)],
            [16, 4, data.length],
          ]),
        );
      }
      case 'map':
        return this.#map(event);
      case 'update':
        return this.#update(event);
      case 'freeze':
        return this.#bpf(BPF_CMD.MAP_FREEZE, attrOf([[0, 4, this.#fd(event['map'])]]));
      case 'prog':
        return this.#prog(event);
      case 'run':
        return this.#testRun(event);
    }
  }

  #map(event: CorpusEvent): number {
    const number = (field: string): number => Number(event[field] ?? 0);
    this.#mapTypes.set(event.id ?? '', number('type'));
    const attr = attrOf([
      [0, 4, number('type')],
      [4, 4, number('key')],
      [8, 4, number('value')],
      [12, 4, number('max')],
      [16, 4, number('flags')],
      [20, 4, this.#fd(event['inner'])],
      [48, 4, this.#fd(event['btf'])],
      [52, 4, number('btf_key')],
      [56, 4, number('btf_value')],
      [64, 8, number('extra')],
    ]);
    attr.set(Buffer.from(String(event['name'] ?? ''), 'latin1').subarray(0, 16), 28);
    return this.#bpf(BPF_CMD.MAP_CREATE, attr);
  }

  #update(event: CorpusEvent): number {
    const key = bytesOf(event, 'key');
    let value = bytesOf(event, 'value') ?? new Uint8Array(0);
    const reference = event['prog'] ?? event['map_value'];
    if (reference !== undefined) value = Buffer.from(Int32Array.of(this.#fd(reference)).buffer);
    if (PERCPU_MAPS.has(this.#mapTypes.get(String(event['map'])) ?? 0)) {
      const padded = new Uint8Array(((value.length + 7) & ~7) * 2);
      padded.set(value);
      value = padded;
    }
    return this.#bpf(
      BPF_CMD.MAP_UPDATE_ELEM,
      attrOf([
        [0, 4, this.#fd(event['map'])],
        [8, 8, this.#ptr(key)],
        [16, 8, this.#ptr(value)],
        [24, 8, Number(event['flags'] ?? 0)],
      ]),
    );
  }

  #prog(event: CorpusEvent): number {
    const insns = Uint8Array.from(bytesOf(event, 'insns') ?? []);
    const view = new DataView(insns.buffer);
    for (const [index, reference] of (event['relocs'] ?? []) as readonly (readonly [number, string])[]) {
      if (reference.startsWith('kfunc:?')) continue;
      const value = reference.includes(':') ? this.#replay.btfId(reference) : this.#fd(reference);
      view.setUint32(8 * index + 4, value >>> 0, true);
    }
    const func = bytesOf(event, 'func_info') ?? new Uint8Array(0);
    const line = bytesOf(event, 'line_info') ?? new Uint8Array(0);
    const funcRecord = Number(event['func_info_rec'] ?? 0);
    const lineRecord = Number(event['line_info_rec'] ?? 0);
    const { license } = event as { license?: string | null };
    const insnCount = Number(event['insn_cnt']);
    const attach = event['attach_btf'];
    const fixed = [
      [0, 4, Number(event['type'])],
      [4, 4, insnCount],
      [8, 8, this.#ptr(insns)],
      [16, 8, license == null ? 0 : this.#ptr(Buffer.from(`${license}\0`, 'latin1'))],
      [44, 4, Number(event['flags'] ?? 0)],
      [68, 4, Number(event['attach_type'] ?? 0)],
      [72, 4, this.#fd(event['btf'])],
      [76, 4, funcRecord],
      [80, 8, func.length === 0 ? 0 : this.#ptr(func)],
      [88, 4, Math.floor(func.length / (funcRecord || 1))],
      [92, 4, lineRecord],
      [96, 8, line.length === 0 ? 0 : this.#ptr(line)],
      [104, 4, Math.floor(line.length / (lineRecord || 1))],
      [108, 4, typeof attach === 'string' && attach !== '' ? this.#replay.btfId(`attach:${attach}`) : 0],
      [112, 4, this.#fd(event['attach_prog'])],
    ] as const;
    const name = Buffer.from(String(event['name'] ?? ''), 'latin1').subarray(0, 16);
    const load = (logBuffer: number, level: number, room: number): { result: number; logSize: number } => {
      const attr = attrOf([...fixed, [24, 4, level], [28, 4, level === 0 ? 0 : room], [32, 8, logBuffer]]);
      attr.set(name, 48);
      const uaddr = this.#caller.put(attr);
      const result = this.#replay.kernel.bpf(BPF_CMD.PROG_LOAD, attr, attr.length, uaddr, this.#caller);
      const trueSize = Buffer.from(this.#caller.bytes(uaddr + 140, 4)).readUInt32LE(0);
      return { result, logSize: Math.min(trueSize, room) };
    };
    const isMain = event.id === this.#test.main;
    const fd = load(0, 0, 0).result;
    if (isMain) {
      const errno = fd < 0 ? -fd : 0;
      this.#scores.set('verdict', [this.#test.verdict, errno === 0 ? 'accept' : 'reject']);
      this.#scores.set('errno', [this.#test.errno, errno]);
      if (this.#replay.quick) return fd;
      const logged = (level: number, room = LOG_SIZE): { errno: number; log: string } => {
        const logBuffer = this.#caller.alloc(room);
        const { result, logSize } = load(logBuffer, level, room);
        if (result >= 0) this.#caller.close(result);
        if (result === -ENOSPC && room < LOG_SIZE_MAX) return logged(level, LOG_SIZE_MAX);
        // The true size counts what was printed on the way and forgotten again; the text ends before.
        const text = Buffer.from(this.#caller.bytes(logBuffer, logSize));
        const end = text.indexOf(0);
        const log = text.subarray(0, end < 0 ? text.length : end).toString('latin1');
        return { errno: result < 0 ? -result : 0, log };
      };
      const { log } = logged(insnCount > BIG_PROGRAM ? 4 : 1);
      this.#scoreLine('message', 'masked', lastLine(this.#test.log, 6), lastLine(log.slice(-2500), 6));
      if (this.#noperfmon && insnCount <= BIG_PROGRAM && this.#test.errno_noperfmon !== -1) {
        const before = this.#caller.caps;
        this.#caller.caps &= ~((1n << BigInt(CAP.PERFMON)) | (1n << BigInt(CAP.SYS_ADMIN)));
        const without = logged(1);
        this.#caller.caps = before;
        this.#scores.set('np-errno', [this.#test.errno_noperfmon, without.errno]);
        this.#scoreLine(
          'np-msg',
          'np-masked',
          lastLine(this.#test.log_noperfmon, 4),
          lastLine(without.log.slice(-1500), 4),
        );
      }
    }
    return fd;
  }

  #scoreLine(exact: string, mask: string, recorded: string | undefined, got: string | undefined): void {
    if (recorded === undefined) return;
    this.#scores.set(exact, [recorded, got]);
    this.#scores.set(mask, [masked(recorded), masked(got)]);
  }

  #testRun(event: CorpusEvent): number {
    const data = bytesOf(event, 'data_in');
    const context = bytesOf(event, 'ctx_in');
    const hasData = data !== undefined && data.length > 0;
    const out = hasData ? this.#caller.put(new Uint8Array(OUT_SIZE)) : 0;
    const attr = attrOf([
      [0, 4, this.#fd(event['prog'])],
      [8, 4, data?.length ?? 0],
      [12, 4, hasData ? OUT_SIZE : 0],
      [16, 8, this.#ptr(data)],
      [24, 8, out],
      [32, 4, Number(event['repeat'] ?? 0)],
      [40, 4, context?.length ?? 0],
      [48, 8, this.#ptr(context)],
      [64, 4, Number(event['flags'] ?? 0)],
    ]);
    const uaddr = this.#caller.put(attr);
    const result = this.#replay.kernel.bpf(BPF_CMD.PROG_TEST_RUN, attr, attr.length, uaddr, this.#caller);
    const errno = result < 0 ? -result : 0;
    const after = this.#caller.bytes(uaddr, attr.length);
    const view = new DataView(after.buffer, after.byteOffset, after.length);
    const size = Math.min(view.getUint32(12, true), OUT_SIZE);
    const text =
      errno !== 0 || out === 0 ? (errno !== 0 ? null : '') : Buffer.from(this.#caller.bytes(out, size)).toString('hex');
    this.#runs.push([event, errno, view.getUint32(4, true), text]);
    return errno === 0 ? -1 : result;
  }
}

/** Totals of many cases: of each field how many were scored and how many agreed. */
export class Totals {
  readonly scored = new Map<string, number>();
  readonly equal = new Map<string, number>();

  add(scores: Scores): string[] {
    const differing: string[] = [];
    for (const [field, [want, got]] of scores) {
      this.scored.set(field, (this.scored.get(field) ?? 0) + 1);
      if (JSON.stringify(want) === JSON.stringify(got)) this.equal.set(field, (this.equal.get(field) ?? 0) + 1);
      else differing.push(field);
    }
    return differing;
  }

  /** Share of cases that agree in a field, in per cent; 100 when none was scored. */
  percent(field: string): number {
    const scored = this.scored.get(field) ?? 0;
    return scored === 0 ? 100 : (100 * (this.equal.get(field) ?? 0)) / scored;
  }

  toString(): string {
    return [...this.scored.keys()]
      .map(
        (field) =>
          `${field} ${this.percent(field).toFixed(1)} % (${this.equal.get(field) ?? 0}/${this.scored.get(field)})`,
      )
      .join('\n');
  }
}
