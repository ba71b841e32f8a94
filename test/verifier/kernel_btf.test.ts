/**
 * Programs whose contexts and targets the kernel's BTF describes: what Linux 6.18
 * answered (test/golden/kernel-btf.jsonl.gz, made by kernel_btf.py) and what comes
 * here, byte for byte. Offsets of members and the like are those of one kernel: the test
 * runs with the types of the kernel that was recorded, and is left out with others.
 */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { hostClock } from '../../native/host.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { LocalCaller } from '../../syscall/local_caller.ts';
import { BPF_CMD } from '../../uapi/bpf.ts';

const GOLDEN = new URL('../../../test/golden/kernel-btf.jsonl.gz', import.meta.url);
const VMLINUX = '/sys/kernel/btf/vmlinux';
const KIND: Readonly<Record<string, number>> = { int: 1, struct: 4, union: 5, enum: 6, typedef: 8, func: 12, var: 14 };
const LOG_SIZE = 1 << 15;

type Ref = string | number;

interface Request {
  readonly op: 'btf' | 'map' | 'prog' | 'rawtp' | 'link' | 'close';
  readonly group: string;
  readonly id?: string;
  readonly errno: number;
  readonly log?: string;
  readonly hex?: string;
  readonly kind?: readonly number[];
  readonly vtype?: Ref;
  readonly type?: number;
  readonly attach_type?: number;
  readonly insns?: string;
  readonly relocs?: readonly (readonly [number, Ref])[];
  readonly attach?: Ref;
  readonly attach_btf_id?: Ref;
  readonly attach_prog?: Ref;
  readonly btf?: Ref;
  readonly func_info?: string;
  readonly line_info?: string;
  readonly core_relos?: string;
  readonly core_relo_cnt?: number;
  readonly core_relo_rec_size?: number;
  readonly flags?: number;
  readonly license?: string;
  readonly level?: number;
  readonly prog?: Ref;
  readonly name?: string;
  readonly target?: Ref;
  readonly target_btf_id?: Ref;
}

class Machine {
  readonly kernel: Kernel;
  readonly #caller = new LocalCaller({ memory: 1 << 20 });
  readonly #fds = new Map<string, number>();
  fault: unknown;

  constructor() {
    this.kernel = new Kernel({
      cpus: 2,
      memory: 1 << 28,
      clock: hostClock(),
      random: seededRandom(1),
      vmlinux: readFileSync(VMLINUX),
    });
    this.kernel.onBug = (error) => {
      this.fault ??= error;
    };
    for (let fd = 0; fd < 3; fd++)
      this.#caller.installForeign({ kind: 'foreign', what: 'other', dev: 1, ino: fd + 1, path: '' });
  }

  ref(what: Ref | undefined): number {
    if (typeof what !== 'string') return what ?? 0;
    const [kind = '', name] = what.split(':');
    return name === undefined ? (this.#fds.get(what) ?? -1) : (this.kernel.vmlinux?.find(name, KIND[kind] ?? 0) ?? 0);
  }

  #bpf(cmd: number, fields: readonly (readonly [offset: number, size: 4 | 8, value: number])[]): number {
    const attr = new Uint8Array(168);
    const view = new DataView(attr.buffer);
    for (const [offset, size, value] of fields) {
      if (size === 8) view.setBigUint64(offset, BigInt(value), true);
      else view.setUint32(offset, value, true);
    }
    return this.kernel.bpf(cmd, attr, attr.length, this.#caller.put(attr), this.#caller);
  }

  #bytes(hex: string): number {
    return this.#caller.put(Buffer.from(hex === '' ? '00' : hex, 'hex'));
  }

  #load(q: Request): readonly [fd: number, log: string] {
    const insns = new Uint8Array(Buffer.from(q.insns ?? '', 'hex'));
    const view = new DataView(insns.buffer);
    for (const [index, what] of q.relocs ?? []) view.setInt32(index * 8 + 4, this.ref(what), true);
    const level = q.level ?? 2;
    const log = level === 0 ? 0 : this.#caller.alloc(LOG_SIZE);
    const lineInfo = q.line_info ?? '';
    const funcInfo = q.func_info ?? '';
    const relos = q.core_relos ?? '';
    const fd = this.#bpf(BPF_CMD.PROG_LOAD, [
      [0, 4, q.type ?? 0],
      [4, 4, insns.length / 8],
      [8, 8, this.#caller.put(insns)],
      [16, 8, this.#caller.put(Buffer.from(`${q.license ?? 'GPL'}\0`))],
      [24, 4, level],
      [28, 4, level === 0 ? 0 : LOG_SIZE],
      [32, 8, log],
      [44, 4, q.flags ?? 0],
      [68, 4, q.attach_type ?? 0],
      [72, 4, this.ref(q.btf)],
      [76, 4, funcInfo === '' ? 0 : 8],
      [80, 8, this.#bytes(funcInfo)],
      [88, 4, funcInfo.length / 16],
      [92, 4, lineInfo === '' ? 0 : 16],
      [96, 8, this.#bytes(lineInfo)],
      [104, 4, lineInfo.length / 32],
      [108, 4, this.ref(q.attach ?? q.attach_btf_id)],
      [112, 4, this.ref(q.attach_prog)],
      [116, 4, q.core_relo_cnt ?? relos.length / 32],
      [128, 8, this.#bytes(relos)],
      [136, 4, q.core_relos === undefined ? 0 : (q.core_relo_rec_size ?? 16)],
    ]);
    if (log === 0) return [fd, ''];
    const text = Buffer.from(this.#caller.bytes(log, LOG_SIZE));
    return [fd, text.subarray(0, text.indexOf(0)).toString('latin1')];
  }

  #call(q: Request): readonly [fd: number, log: string] {
    switch (q.op) {
      case 'btf':
        return [
          this.#bpf(BPF_CMD.BTF_LOAD, [
            [0, 8, this.#bytes(q.hex ?? '')],
            [16, 4, (q.hex ?? '').length / 2],
          ]),
          '',
        ];
      case 'map': {
        const words = (q.kind ?? []).map((word, i) => [4 * i, 4, word] as const);
        return [this.#bpf(BPF_CMD.MAP_CREATE, [...words, [60, 4, this.ref(q.vtype)]]), ''];
      }
      case 'prog':
        return this.#load(q);
      case 'rawtp': {
        const name = q.name === undefined ? 0 : this.#caller.put(Buffer.from(`${q.name}\0`));
        return [
          this.#bpf(BPF_CMD.RAW_TRACEPOINT_OPEN, [
            [0, 8, name],
            [8, 4, this.ref(q.prog)],
          ]),
          '',
        ];
      }
      case 'link':
        return [
          this.#bpf(BPF_CMD.LINK_CREATE, [
            [0, 4, this.ref(q.prog)],
            [4, 4, this.ref(q.target)],
            [8, 4, q.attach_type ?? 0],
            [16, 4, this.ref(q.target_btf_id)],
          ]),
          '',
        ];
      case 'close':
        this.#caller.close(this.#fds.get(q.id ?? '') ?? -1);
        this.#fds.delete(q.id ?? '');
        return [0, ''];
    }
  }

  /** Runs a request: errno and log, BTF ids of the kernel masked. */
  run(q: Request): { readonly errno: number; readonly log?: string } {
    this.#caller.reset();
    const [fd, log] = this.#call(q);
    if (fd >= 0 && q.op !== 'close') {
      if (q.id === undefined) this.#caller.close(fd);
      else this.#fds.set(q.id, fd);
    }
    const errno = fd < 0 ? -fd : 0;
    if (q.log === undefined) return { errno };
    return { errno, log: masked(log) };
  }
}

/** As the recorder masks: ids of the kernel's types, and its list of CO-RE candidates. */
function masked(log: string): string {
  return log
    .replace(/btf_id \d+ type/g, 'btf_id N type')
    .replace(/(found target candidate|matching candidate #\d+ <\w+>) \[\d+\]/g, '$1 [N]')
    .replace(/(_cand_cache:).*/g, '$1');
}

const [recorded, ...requests] = gunzipSync(readFileSync(GOLDEN))
  .toString('utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Request & { readonly btf: readonly number[] });

function reasonToSkip(): string | false {
  if (!existsSync(VMLINUX)) return `${VMLINUX} is not there`;
  const head = new DataView(readFileSync(VMLINUX).buffer);
  const lengths = [head.getUint32(12, true), head.getUint32(20, true)];
  return lengths.join() === recorded?.btf.join() ? false : 'the types of this kernel are not those that were recorded';
}

const skip = reasonToSkip();

t.test('programs on types of the kernel are decided as Linux 6.18 did', { skip }, (t) => {
  const machine = new Machine();
  const missing = (q: Request): boolean =>
    [q.attach, q.vtype, ...(q.relocs ?? []).map(([, what]) => what)].some(
      (what) => typeof what === 'string' && what.includes(':') && machine.ref(what) === 0,
    );
  const groups = new Map<string, { same: number; left: number; first?: readonly [unknown, unknown, Request] }>();
  for (const q of requests) {
    const group = groups.get(q.group) ?? { same: 0, left: 0 };
    groups.set(q.group, group);
    if (missing(q)) {
      group.left++;
      continue;
    }
    const want = q.log === undefined ? { errno: q.errno } : { errno: q.errno, log: q.log };
    const got = machine.run(q);
    if (got.errno === want.errno && got.log === want.log) group.same++;
    else group.first ??= [got, want, q];
  }
  for (const [name, { same, left, first }] of groups) {
    if (first !== undefined) t.same(first[0], first[1], `${name}: ${JSON.stringify(first[2]).slice(0, 400)}`);
    t.equal(first, undefined, `${name}: ${same} requests answered as recorded, ${left} left out for types not there`);
  }
  t.equal(machine.fault, undefined, 'no fault of our own');
  t.end();
});
