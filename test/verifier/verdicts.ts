/**
 * Runs recorded verdicts of Linux 6.18 (the corpus beside the repository) against the
 * emulated kernel and scores them: verdict, errno, last log line, the same without
 * CAP_PERFMON. A tool and a library: `node dist/test/verifier/verdicts.js --list 20`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync, inflateSync } from 'node:zlib';
import { seededRandom } from '../../base/env.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { LocalCaller } from '../../syscall/local_caller.ts';
import { CAP, CAP_FULL_SET } from '../../uapi/capability.ts';
import { verify } from '../../vm/verifier/verify.ts';

const ORACLE = process.env['BPF_EMU_ORACLE'] ?? new URL('../../../../shared/oracle', import.meta.url).pathname;
const VMLINUX = '/sys/kernel/btf/vmlinux';

/** Where the corpus is, or why it is not there. */
export function corpusMissing(): string | undefined {
  if (!existsSync(`${ORACLE}/verifier/corpus.jsonl.gz`)) return 'the recorded corpus is not beside the repository';
  if (!existsSync(VMLINUX)) return 'this kernel has no BTF';
  return undefined;
}

export interface Event {
  op: string;
  id?: string;
  errno: number;
  [key: string]: unknown;
}

export interface Case {
  key: string;
  suite: string;
  area: string;
  verdict: string;
  errno: number;
  errno_noperfmon: number;
  log: string;
  log_noperfmon: string;
  main: string;
  env_blocked: boolean;
  unstable: string[];
  events: Event[];
}

function lines<T>(path: string): T[] {
  const text = gunzipSync(readFileSync(path)).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

/** All cases, with the blobs put in. */
export function loadCases(): Case[] {
  const blobs = new Map(
    lines<{ sha: string; data: string }>(`${ORACLE}/verifier/blobs.jsonl.gz`).map((b) => [b.sha, b.data]),
  );
  const cases = lines<Case>(`${ORACLE}/verifier/corpus.jsonl.gz`);
  for (const c of cases) {
    for (const event of c.events) {
      for (const key of Object.keys(event)) {
        if (key.endsWith('_sha')) event[key.slice(0, -4)] = blobs.get(event[key] as string);
      }
    }
  }
  return cases;
}

function dataOf(event: Event, name: string): Uint8Array | undefined {
  const z = event[`${name}_z`];
  if (typeof z === 'string') return new Uint8Array(inflateSync(Buffer.from(z, 'base64')));
  const hex = event[name];
  return typeof hex === 'string' ? new Uint8Array(Buffer.from(hex, 'hex')) : undefined;
}

const BTF_LOAD = 18;
const MAP_CREATE = 0;
const MAP_UPDATE = 2;
const MAP_FREEZE = 22;
const PROG_LOAD = 5;
const ATTR_SIZE = 168;
const PERCPU_MAPS = new Set([5, 6, 10, 21]);
const BIG_PROG = 100000;
const FUNC = 12;
const VAR = 14;
const TYPEDEF = 8;

/** What one load answered. */
export interface Loaded {
  errno: number;
  log: string;
}

export interface Outcome {
  main: Loaded | undefined;
  noperfmon: Loaded | undefined;
  /** Errors thrown by the verifier. */
  bugs: unknown[];
  other: string[];
}

const vmlinux = existsSync(VMLINUX) ? new Uint8Array(readFileSync(VMLINUX)) : undefined;

/** One kernel for all cases: parsing vmlinux takes a while. */
let shared: { kernel: Kernel; bugs: unknown[] } | undefined;

function theKernel(): { kernel: Kernel; bugs: unknown[] } {
  if (shared !== undefined) return shared;
  const bugs: unknown[] = [];
  const kernel = new Kernel({
    cpus: 2,
    clock: {
      monotonic: () => process.hrtime.bigint(),
      boottime: () => process.hrtime.bigint(),
      realtime: () => BigInt(Date.now()) * 1000000n,
    },
    random: seededRandom(1),
    verify: (input) => verify({ ...input, onBug: (error) => bugs.push(error) }),
    vmlinux,
  });
  shared = { kernel, bugs };
  return shared;
}

function btfId(kernel: Kernel, ref: string): number {
  const [what, name] = [ref.slice(0, ref.indexOf(':')), ref.slice(ref.indexOf(':') + 1)];
  const kinds = what === 'btf' ? [VAR, FUNC] : name.startsWith('btf_trace_') ? [TYPEDEF] : [FUNC];
  for (const kind of kinds) {
    const id = kernel.vmlinux?.find(name, kind) ?? 0;
    if (id !== 0) return id;
  }
  return 0;
}

class Replay {
  readonly kernel: Kernel;
  readonly caller: LocalCaller;
  readonly fds = new Map<string, number>();
  readonly mapTypes = new Map<string, number>();
  readonly outcome: Outcome;
  readonly noperfmon: boolean;
  readonly level: number;
  readonly c: Case;

  constructor(kernel: Kernel, bugs: unknown[], c: Case, noperfmon: boolean, level: number) {
    this.kernel = kernel;
    this.c = c;
    this.noperfmon = noperfmon;
    this.level = level;
    this.outcome = { main: undefined, noperfmon: undefined, bugs, other: [] };
    const caps = c.suite.startsWith('tv') ? CAP_FULL_SET & ~(1n << BigInt(CAP.SYS_ADMIN)) : CAP_FULL_SET;
    this.caller = new LocalCaller({ caps, memory: 256 << 20 });
    for (let fd = 0; fd < 3; fd++) {
      this.caller.installForeign({ kind: 'foreign', what: 'other', dev: 1, ino: fd + 1, path: '' });
    }
  }

  put(bytes: Uint8Array | undefined): number {
    return bytes === undefined || bytes.length === 0 ? 0 : this.caller.put(bytes);
  }

  fd(ref: unknown): number {
    return typeof ref === 'string' ? (this.fds.get(ref) ?? -1) : ((ref as number | undefined) ?? 0);
  }

  bpf(cmd: number, fill: (view: DataView) => void): number {
    const attr = new Uint8Array(ATTR_SIZE);
    fill(new DataView(attr.buffer));
    const addr = this.caller.put(attr);
    return this.kernel.bpf(cmd, attr, ATTR_SIZE, addr, this.caller);
  }

  run(): void {
    for (const event of this.c.events) {
      const ret = this.event(event);
      if (ret === undefined) continue;
      if (event.id !== undefined && ret >= 0) this.fds.set(event.id, ret);
      const errno = ret < 0 ? -ret : 0;
      if (event.id !== this.c.main && errno !== event.errno) {
        this.outcome.other.push(
          `${event.op} ${event.id ?? event['map'] ?? ''}: errno ${errno} instead of ${event.errno}`,
        );
      }
    }
    this.caller.exit();
  }

  private event(event: Event): number | undefined {
    const n = (name: string): number => (event[name] as number | undefined) ?? 0;
    switch (event.op) {
      case 'btf': {
        const data = dataOf(event, 'data')!;
        return this.bpf(BTF_LOAD, (v) => {
          v.setUint32(0, this.put(data), true);
          v.setUint32(16, data.length, true);
        });
      }
      case 'map':
        this.mapTypes.set(event.id!, n('type'));
        return this.bpf(MAP_CREATE, (v) => {
          v.setUint32(0, n('type'), true);
          v.setUint32(4, n('key'), true);
          v.setUint32(8, n('value'), true);
          v.setUint32(12, n('max'), true);
          v.setUint32(16, n('flags'), true);
          v.setInt32(20, this.fd(event['inner']), true);
          const name = Buffer.from((event['name'] as string | undefined) ?? '', 'latin1');
          for (let i = 0; i < Math.min(16, name.length); i++) v.setUint8(28 + i, name[i]!);
          v.setInt32(48, this.fd(event['btf']), true);
          v.setUint32(52, n('btf_key'), true);
          v.setUint32(56, n('btf_value'), true);
          v.setBigUint64(64, BigInt(n('extra')), true);
        });
      case 'update': {
        const key = dataOf(event, 'key');
        let value = dataOf(event, 'value') ?? new Uint8Array(0);
        const ref = event['prog'] ?? event['map_value'];
        if (ref !== undefined) {
          value = new Uint8Array(4);
          new DataView(value.buffer).setInt32(0, this.fd(ref), true);
        }
        if (PERCPU_MAPS.has(this.mapTypes.get(event['map'] as string) ?? 0)) {
          const wide = new Uint8Array(((value.length + 7) & ~7) * 2);
          wide.set(value);
          value = wide;
        }
        return this.bpf(MAP_UPDATE, (v) => {
          v.setInt32(0, this.fd(event['map']), true);
          v.setUint32(8, this.put(key), true);
          v.setUint32(16, this.put(value), true);
          v.setUint32(24, n('flags'), true);
        });
      }
      case 'freeze':
        return this.bpf(MAP_FREEZE, (v) => v.setInt32(0, this.fd(event['map']), true));
      case 'prog':
        return this.prog(event);
      default:
        return undefined;
    }
  }

  private prog(event: Event): number {
    const insns = dataOf(event, 'insns')!;
    const view = new DataView(insns.buffer);
    for (const [i, ref] of event['relocs'] as [number, string][]) {
      if (ref.startsWith('kfunc:?')) continue;
      view.setInt32(8 * i + 4, ref.includes(':') ? btfId(this.kernel, ref) : this.fd(ref), true);
    }
    const func = dataOf(event, 'func_info');
    const line = dataOf(event, 'line_info');
    const funcRec = (event['func_info_rec'] as number | undefined) ?? 0;
    const lineRec = (event['line_info_rec'] as number | undefined) ?? 0;
    const pInsns = this.put(insns);
    const pFunc = this.put(func);
    const pLine = this.put(line);
    const license = event['license'] as string | null;
    const pLicense = license === null ? 0 : this.put(Buffer.from(`${license}\0`, 'latin1'));
    const attach = event['attach_btf'] as string | undefined;
    const load = (level: number, room = 1 << 18): Loaded & { fd: number } => {
      const size = level === 0 ? 0 : room;
      const log = level === 0 ? 0 : this.caller.alloc(size);
      const fd = this.bpf(PROG_LOAD, (v) => {
        v.setUint32(0, event['type'] as number, true);
        v.setUint32(4, event['insn_cnt'] as number, true);
        v.setUint32(8, pInsns, true);
        v.setUint32(16, pLicense, true);
        v.setUint32(24, level, true);
        v.setUint32(28, size, true);
        v.setUint32(32, log, true);
        v.setUint32(44, event['flags'] as number, true);
        const name = Buffer.from((event['name'] as string | undefined) ?? '', 'latin1');
        for (let i = 0; i < Math.min(16, name.length); i++) v.setUint8(48 + i, name[i]!);
        v.setUint32(68, event['attach_type'] as number, true);
        v.setInt32(72, this.fd(event['btf']), true);
        v.setUint32(76, funcRec, true);
        v.setUint32(80, pFunc, true);
        v.setUint32(88, Math.floor((func?.length ?? 0) / (funcRec || 1)), true);
        v.setUint32(92, lineRec, true);
        v.setUint32(96, pLine, true);
        v.setUint32(104, Math.floor((line?.length ?? 0) / (lineRec || 1)), true);
        v.setUint32(108, attach === undefined ? 0 : btfId(this.kernel, `attach:${attach}`), true);
        v.setInt32(112, this.fd(event['attach_prog']), true);
      });
      let text = '';
      if (log !== 0) {
        const bytes = Buffer.from(this.caller.bytes(log, size));
        const end = bytes.indexOf(0);
        text = bytes.subarray(0, end < 0 ? size : end).toString('latin1');
      }
      // ENOSPC: the log did not fit.
      if (fd === -28 && room < 1 << 25) return load(level, 1 << 25);
      return { fd, errno: fd < 0 ? -fd : 0, log: text };
    };
    const isMain = event.id === this.c.main;
    const big = (event['insn_cnt'] as number) > BIG_PROG;
    const first = load(isMain ? (big ? 4 : this.level) : 0);
    if (isMain) {
      this.outcome.main = first;
      if (this.noperfmon && !big) {
        const saved = this.caller.caps;
        this.caller.caps &= ~((1n << BigInt(CAP.PERFMON)) | (1n << BigInt(CAP.SYS_ADMIN)));
        const second = load(1);
        this.outcome.noperfmon = second;
        if (second.fd >= 0) this.caller.close(second.fd);
        this.caller.caps = saved;
      }
    }
    return first.fd;
  }
}

/** Why a case is not scored, or undefined. */
export function skipReason(c: Case): string | undefined {
  const { kernel } = theKernel();
  if (c.env_blocked) return 'refused before the verifier on the recording machine';
  if (c.verdict === 'none') return 'never reached the kernel';
  if (c.errno === 9 && c.events.some((e) => e.op === 'btf' && e.errno !== 0)) return 'BTF refused';
  for (const event of c.events) {
    for (const key of ['fd_array', 'core_relo_cnt', 'ifindex', 'struct_ops']) if (event[key]) return key;
    for (const [, ref] of (event['relocs'] as [number, string][] | undefined) ?? []) {
      if (ref.includes('?module')) return 'kfunc of a module';
      if (ref.includes(':') && !ref.startsWith('kfunc:?') && btfId(kernel, ref) === 0) return 'name not in vmlinux';
    }
    const attach = event['attach_btf'] as string | undefined;
    if (attach && btfId(kernel, `attach:${attach}`) === 0) return 'name not in vmlinux';
  }
  return undefined;
}

export function runCase(c: Case, noperfmon: boolean, level = 1): Outcome {
  const { kernel, bugs } = theKernel();
  bugs.length = 0;
  const replay = new Replay(kernel, bugs, c, noperfmon, level);
  replay.run();
  return { ...replay.outcome, bugs: [...bugs] };
}

/** The last line that means something; kernel addresses masked. */
export function lastLine(text: string | undefined, count: number): string | undefined {
  if (text === undefined) return undefined;
  const all = text.split('\n');
  const tail = all
    .slice(-count - (text.endsWith('\n') ? 1 : 0))
    .filter((s) => s !== '' && !/^(processed|verification|stack depth)/.test(s));
  return tail[tail.length - 1]?.replace(/(?<= )(?<!; )0xffff[0-9a-f]{12}\b/g, 'ADDR');
}

export function masked(line: string | undefined): string | undefined {
  return line?.replace(/0x[0-9a-f]+|-?\d+/g, 'N');
}

export interface Score {
  readonly names: readonly string[];
  readonly total: Map<string, number>;
  readonly good: Map<string, number>;
  readonly failures: { c: Case; what: string; want: unknown; got: unknown }[];
  readonly bugs: { key: string; error: unknown }[];
  readonly skipped: Map<string, number>;
  readonly seconds: number;
}

const FIELDS = ['verdict', 'errno', 'message', 'masked', 'tail', 'other', 'np-errno', 'np-msg', 'np-masked'];

/** Scores all the cases given. */
export function score(cases: readonly Case[]): Score {
  const total = new Map<string, number>();
  const good = new Map<string, number>();
  const failures: Score['failures'] = [];
  const bugs: Score['bugs'] = [];
  const skipped = new Map<string, number>();
  const start = performance.now();
  const unstableNames: Record<string, string> = {
    log: 'message',
    errno_noperfmon: 'np-errno',
    log_noperfmon: 'np-msg',
  };
  for (const c of cases) {
    const skip = skipReason(c);
    if (skip !== undefined) {
      skipped.set(skip, (skipped.get(skip) ?? 0) + 1);
      continue;
    }
    const unstable = new Set(c.unstable.map((u) => unstableNames[u] ?? u));
    const out = runCase(c, true);
    for (const error of out.bugs) bugs.push({ key: c.key, error });
    const add = (what: string, want: unknown, got: unknown): void => {
      if (unstable.has(what)) return;
      total.set(what, (total.get(what) ?? 0) + 1);
      if (JSON.stringify(want) === JSON.stringify(got)) good.set(what, (good.get(what) ?? 0) + 1);
      else failures.push({ c, what, want, got });
    };
    const errno = out.main?.errno ?? -1;
    add('verdict', c.verdict, errno === 0 ? 'accept' : 'reject');
    add('errno', c.errno, errno);
    add('other', [], out.other);
    const line = lastLine(c.log, 6);
    if (line !== undefined) {
      const got = lastLine(out.main?.log, 6);
      add('message', line, got);
      if (!unstable.has('message')) add('masked', masked(line), masked(got));
    }
    const mask = (s: string | undefined): string | undefined =>
      s?.replace(/(?<= )(?<!; )0xffff[0-9a-f]{12}\b/g, 'ADDR').replace(/verification time \d+/, 'verification time N');
    if (!unstable.has('message')) {
      const have = mask(out.main?.log);
      const want = mask(c.log)!;
      add('tail', want, have?.slice(-want.length));
    }
    if (c.errno_noperfmon !== -1) {
      add('np-errno', c.errno_noperfmon, out.noperfmon?.errno);
      const np = lastLine(c.log_noperfmon, 4);
      if (np !== undefined) {
        const got = lastLine(out.noperfmon?.log, 4);
        add('np-msg', np, got);
        if (!unstable.has('np-msg')) add('np-masked', masked(np), masked(got));
      }
    }
  }
  return { names: FIELDS, total, good, failures, bugs, skipped, seconds: (performance.now() - start) / 1000 };
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : (process.argv[at + 1] ?? '');
}

function main(): void {
  const missing = corpusMissing();
  if (missing !== undefined) {
    console.log(missing);
    return;
  }
  const ids = option('ids');
  const area = option('area');
  let cases = loadCases();
  if (ids !== undefined) cases = cases.filter((c) => new RegExp(ids).test(c.key));
  if (area !== undefined) cases = cases.filter((c) => new RegExp(area).test(c.area));
  if (process.argv.includes('--show')) {
    for (const c of cases) {
      const out = runCase(c, true, Number(option('level') ?? '1'));
      console.log(
        `== ${c.key} want ${c.errno} got ${out.main?.errno} np want ${c.errno_noperfmon} got ${out.noperfmon?.errno}`,
      );
      console.log('-- want', c.log, '-- got', out.main?.log.slice(-6000));
      if (process.argv.includes('--np'))
        console.log('-- want np', c.log_noperfmon, '-- got np', out.noperfmon?.log.slice(-4000));
      for (const error of out.bugs) console.log(error);
      console.log(out.other);
    }
    return;
  }
  const result = score(cases);
  const what = option('what');
  const list = Number(option('list') ?? '0');
  const failing = result.failures.filter((f) => what === undefined || f.what === what);
  for (const f of failing.slice(0, list)) {
    console.log(
      `${f.c.key} [${f.c.area}] ${f.what}\n    want ${JSON.stringify(f.want)}\n    got  ${JSON.stringify(f.got)}`,
    );
  }
  if (process.argv.includes('--groups')) {
    const groups = new Map<string, number>();
    for (const f of failing) {
      const key = `${f.what}: want ${masked(String(f.want))} | got ${masked(String(f.got))}`;
      groups.set(key, (groups.get(key) ?? 0) + 1);
    }
    for (const [key, n] of [...groups].sort((a, b) => b[1] - a[1]).slice(0, list || 40)) console.log(`${n} ${key}`);
  }
  const seen = new Map<string, { n: number; key: string }>();
  for (const { key, error } of result.bugs) {
    const text = error instanceof Error ? (error.stack ?? '').split('\n').slice(0, 3).join(' | ') : String(error);
    const entry = seen.get(text);
    if (entry === undefined) seen.set(text, { n: 1, key });
    else entry.n++;
  }
  for (const [text, { n, key }] of seen) console.log(`BUG ${n} (${key}) ${text}`);
  console.log(`skipped ${JSON.stringify([...result.skipped])}`);
  for (const name of result.names) {
    const total = result.total.get(name) ?? 0;
    const good = result.good.get(name) ?? 0;
    console.log(`${name.padEnd(10)} ${good}/${total} ${((100 * good) / (total || 1)).toFixed(1)} %`);
  }
  console.log(`${result.seconds.toFixed(1)} s`);
}

if (process.argv[1]?.endsWith('test/verifier/verdicts.js')) main();
