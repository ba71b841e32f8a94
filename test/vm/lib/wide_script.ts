/**
 * A case of the wide fuzzer as a script of commands (see native/fuzz_kernel.c), and a
 * machine of ours that runs such scripts through bpf(2): the real verifier, the real
 * test runs.
 */
import { seededRandom } from '../../../base/env.ts';
import type { Btf } from '../../../btf/btf.ts';
import { BTF_KIND } from '../../../btf/kinds.ts';
import { Kernel } from '../../../syscall/kernel.ts';
import { LocalCaller } from '../../../syscall/local_caller.ts';
import { BPF_CMD } from '../../../uapi/bpf.ts';
import { BpfProg, type EngineName } from '../../../vm/prog.ts';
import type { MapDesc, VerifierInput, VerifierResult } from '../../../vm/verifier/types.ts';
import { verifySteps } from '../../../vm/verifier/verify.ts';
import { decodeHex, hex } from './hex.ts';
import { functionTypes, TYPE_IDS } from './wide_btf.ts';
import { KFUNCS, KTYPES } from './wide_emit.ts';
import { isDumped, isPercpu, OUTERS, PROG_ARRAY, RODATA, RODATA_TEXT, WIDE_MAPS } from './wide_maps.ts';
import type { WideCase, WideProgram } from './wide_program.ts';

const ATTR_SIZE = 168;
/** Pauses of the verifier after which a program is given up as too complex (-EAGAIN): it would take both verifiers seconds. */
const STEPS_MAX = 300;
export const TOO_COMPLEX = 'err 11';
/** Room for packets that grow. */
const DATA_SIZE = 1 << 16;

/** The instructions with numbers of maps of the script and ids of the kernel's types. */
function resolve({ insns, typeIds }: WideProgram, maps: readonly number[], btf: Btf): Uint8Array {
  const bytes = insns.slice();
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += 8) {
    const src = bytes[at + 1]! >> 4;
    if (bytes[at] === 0x18) {
      if (src === 1 || src === 2) view.setInt32(at + 4, maps.indexOf(view.getInt32(at + 4, true)), true);
      at += 8;
    } else if (bytes[at] === 0x85 && src === 2) {
      view.setInt32(at + 4, btf.find(KFUNCS[view.getInt32(at + 4, true)]!, BTF_KIND.FUNC), true);
    }
  }
  for (const [insn, type] of typeIds) view.setInt32(insn * 8 + 4, btf.find(KTYPES[type]!, BTF_KIND.STRUCT), true);
  return bytes;
}

/** The commands of a case. `btf`: the types of the kernel that runs it. */
export function scriptOf(test: WideCase, btf: Btf): string[] {
  const { maps, progs, kind } = test;
  const script = maps.map((number) => {
    const { type, keySize, valueSize, maxEntries, flags, inner, valueType } = WIDE_MAPS[number]!;
    const types = valueType === undefined ? '' : ` ${TYPE_IDS.int} ${valueType}`;
    return `m ${type} ${keySize} ${valueSize} ${maxEntries} ${flags} ${inner === undefined ? -1 : maps.indexOf(inner)}${types}`;
  });
  for (const { map, key, value } of test.entries) script.push(`u ${maps.indexOf(map)} ${key} ${value}`);
  if (maps.includes(RODATA)) {
    const text = Buffer.alloc(64);
    text.write(RODATA_TEXT, 'latin1');
    script.push(`u ${maps.indexOf(RODATA)} 00000000 ${text.toString('hex')}`, `f ${maps.indexOf(RODATA)}`);
  }
  for (const outer of OUTERS)
    if (maps.includes(outer)) script.push(`i ${maps.indexOf(outer)} 1 ${maps.indexOf(WIDE_MAPS[outer]!.inner!)}`);
  for (const prog of progs)
    script.push(
      `p ${kind.type}:${kind.attach ?? 0}:${kind.flags ?? 0} ${hex(resolve(prog, maps, btf))} ${prog.starts}`,
    );
  const main = progs.length - 1;
  if (maps.includes(PROG_ARRAY)) {
    for (let i = 0; i <= main; i++) script.push(`s ${maps.indexOf(PROG_ARRAY)} ${i === main ? 3 : i + 1} ${i}`);
  }
  // A second run meets what the first has left in the maps.
  for (let i = 0; i < 2; i++)
    script.push(`r ${main} ${kind.hasData ? hex(test.packet) : '-'} ${kind.ctxOut} 0 ${kind.ctxIn ?? '-'}`);
  for (const [index, number] of maps.entries()) if (isDumped(number)) script.push(`d ${index}`);
  script.push('c');
  return script;
}

/** Elements in an order that is always the same; those of queues (which have no key) stay as they are. */
export function sortedAnswer(answer: string): string {
  return answer.includes('=') ? answer.split(' ').filter(Boolean).sort().join(' ') : answer.trim();
}

/** Functions and their types from `START[:ID],...`. */
function funcInfo(starts: string): Int32Array<ArrayBuffer> {
  return Int32Array.from(
    starts.split(',').flatMap((start, i) => {
      const [insn, type] = start.split(':').map(Number);
      return [insn!, type ?? 3 + i];
    }),
  );
}

type Field = readonly [offset: number, size: 4 | 8, value: number];

function attrOf(...fields: readonly Field[]): Uint8Array {
  const bytes = new Uint8Array(ATTR_SIZE);
  const view = new DataView(bytes.buffer);
  for (const [offset, size, value] of fields) {
    if (size === 8) view.setBigUint64(offset, BigInt(value), true);
    else view.setInt32(offset, value | 0, true);
  }
  return bytes;
}

interface ScriptMap {
  readonly fd: number;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
}

/** Our kernel. */
export class WideMachine {
  readonly kernel: Kernel;
  readonly #caller = new LocalCaller({ memory: 1 << 26 });
  /** Descriptor of {@link functionTypes}. */
  readonly #btf: number;
  #maps: ScriptMap[] = [];
  #progs: number[] = [];
  /** Results of the verifier for the programs of the script, in their order. */
  #verified: { result: VerifierResult; maps: MapDesc[] }[] = [];
  #first = true;
  #loads = 0;
  /** Exceptions inside ourselves. */
  readonly bugs: unknown[] = [];

  constructor(vmlinux: Uint8Array, cpus: number) {
    let now = 1_000_000_000n;
    const tick = (): bigint => {
      now += 1000n;
      return now;
    };
    this.kernel = new Kernel({
      cpus,
      memory: 64 << 20,
      poison: true,
      clock: { monotonic: tick, boottime: tick, realtime: tick },
      random: seededRandom(1),
      vmlinux,
      verify: (input) => this.#verify(input),
    });
    this.kernel.onBug = (error) => this.bugs.push(error);
    const types = functionTypes();
    this.#btf = this.#bpf(BPF_CMD.BTF_LOAD, attrOf([0, 8, this.#caller.put(types)], [16, 4, types.length])).result;
  }

  #bpf(cmd: number, attr: Uint8Array): { result: number; attr: Uint8Array } {
    const at = this.#caller.put(attr);
    const result = this.kernel.bpf(cmd, attr, attr.length, at, this.#caller);
    return { result, attr: this.#caller.bytes(at, attr.length) };
  }

  /**
   * The verifier, once for programs that are loaded again: the second engine's maps take the
   * place of the first one's.
   */
  #verify(input: VerifierInput): VerifierResult {
    const again = this.#verified[this.#loads++];
    if (again === undefined || this.#first) {
      const work = verifySteps(input);
      let step = work.next(false);
      for (let turns = 0; step.done !== true; turns++) step = work.next(turns > STEPS_MAX);
      const result = step.value;
      this.#verified.push({ result, maps: this.#mapObjects() });
      return result;
    }
    const { result, maps } = again;
    const now = this.#mapObjects();
    const replaced = (map: MapDesc): MapDesc => now[maps.indexOf(map)] ?? map;
    for (const aux of result.aux) if (aux.map !== undefined) aux.map = replaced(aux.map);
    return { ...result, usedMaps: result.usedMaps.map(replaced) };
  }

  #mapObjects(): MapDesc[] {
    return this.#maps.map(({ fd }) => this.#caller.objectOf(fd) as unknown as MapDesc);
  }

  /** The answers to a script on both engines. */
  both(script: readonly string[]): { interp: string[]; jit: string[] } {
    this.#verified = [];
    this.#loads = 0;
    const interp = this.run(script, 'interp');
    this.#first = false;
    this.#loads = 0;
    const jit = this.run(script, 'jit');
    this.#first = true;
    this.#verified = [];
    return { interp, jit };
  }

  /** The answers to a script with programs on one engine. */
  run(script: readonly string[], engine: EngineName): string[] {
    return script.map((line) => {
      this.#caller.reset();
      return this.#command(line, engine);
    });
  }

  #command(line: string, engine: EngineName): string {
    const [name, ...words] = line.split(' ');
    const number = (i: number): number => Number(words[i]);
    const bytes = (i: number): number => (words[i] === '-' ? 0 : this.#caller.put(decodeHex(words[i] ?? '')));
    switch (name) {
      case 'm': {
        const inner = number(5);
        const fields: Field[] = [0, 1, 2, 3, 4].map((i) => [4 * i, 4, number(i)]);
        if (inner >= 0) fields.push([20, 4, this.#maps[inner]!.fd]);
        if (number(7) > 0) fields.push([48, 4, this.#btf], [52, 4, number(6)], [56, 4, number(7)]);
        if (words.length > 8) fields.push([64, 8, Number.parseInt(words[8] ?? '', 16)]);
        const { result } = this.#bpf(BPF_CMD.MAP_CREATE, attrOf(...fields));
        this.#maps.push({ fd: result, type: number(0), keySize: number(1), valueSize: number(2) });
        return said(result);
      }
      case 'u':
        return this.#update(number(0), bytes(1), bytes(2));
      case 'i':
      case 's': {
        const word = (value: number): number => this.#caller.put(new Uint8Array(Int32Array.of(value).buffer));
        const fd = name === 'i' ? this.#maps[number(2)]?.fd : this.#progs[number(2)];
        return this.#update(number(0), word(number(1)), word(fd ?? -1));
      }
      case 'f':
        return said(this.#bpf(BPF_CMD.MAP_FREEZE, attrOf([0, 4, this.#maps[number(0)]!.fd])).result);
      case 'p':
        return this.#load((words[0] ?? '').split(':').map(Number), words[1] ?? '', funcInfo(words[2] ?? '0'), engine);
      case 'r':
        return this.#test(
          this.#progs[number(0)] ?? -1,
          words[1] ?? '',
          number(2),
          Number(words[3] ?? 0),
          words[4] ?? '-',
        );
      case 't':
        return this.#stream(this.#progs[number(0)] ?? -1, number(1));
      case 'd':
        return this.#dump(this.#maps[number(0)]!);
      default:
        for (const fd of this.#progs) this.#caller.close(fd);
        for (const { fd } of this.#maps) this.#caller.close(fd);
        this.#progs = [];
        this.#maps = [];
        return 'ok';
    }
  }

  #update(map: number, key: number, value: number): string {
    const fields: Field[] = [
      [0, 4, this.#maps[map]!.fd],
      [8, 8, key],
      [16, 8, value],
    ];
    return said(this.#bpf(BPF_CMD.MAP_UPDATE_ELEM, attrOf(...fields)).result);
  }

  #load(kind: readonly number[], code: string, info: Int32Array<ArrayBuffer>, engine: EngineName): string {
    const insns = decodeHex(code);
    const view = new DataView(insns.buffer);
    for (let at = 0; at < insns.length; at += 8) {
      if (insns[at] !== 0x18) continue;
      const src = insns[at + 1]! >> 4;
      if (src === 1 || src === 2) view.setInt32(at + 4, this.#maps[view.getInt32(at + 4, true)]?.fd ?? -1, true);
      at += 8;
    }
    const { result } = this.#bpf(
      BPF_CMD.PROG_LOAD,
      attrOf(
        [0, 4, kind[0] ?? 0],
        [68, 4, kind[1] ?? 0],
        [44, 4, kind[2] ?? 0],
        [4, 4, insns.length / 8],
        [8, 8, this.#caller.put(insns)],
        [16, 8, this.#caller.put(Buffer.from('GPL\0'))],
        [72, 4, this.#btf],
        [76, 4, 8],
        [80, 8, this.#caller.put(new Uint8Array(info.buffer))],
        [88, 4, info.length / 2],
      ),
    );
    if (result < 0) return said(result);
    const prog = this.#caller.objectOf(result);
    if (prog instanceof BpfProg) prog.useEngine(engine);
    this.#progs.push(result);
    return 'ok';
  }

  #test(fd: number, packet: string, ctxSize: number, flags: number, context: string): string {
    const ctx = ctxSize === 0 ? 0 : this.#caller.alloc(ctxSize);
    const fields: Field[] = [
      [0, 4, fd],
      [44, 4, ctxSize],
      [56, 8, ctx],
      [64, 4, flags],
    ];
    let room = 0;
    if (packet !== '-') {
      const data = decodeHex(packet);
      room = this.#caller.alloc(DATA_SIZE);
      fields.push([8, 4, data.length], [12, 4, DATA_SIZE], [16, 8, this.#caller.put(data)], [24, 8, room]);
    }
    if (context !== '-') {
      const bytes = decodeHex(context);
      fields.push([40, 4, bytes.length], [48, 8, this.#caller.put(bytes)]);
    }
    const { result, attr } = this.#bpf(BPF_CMD.PROG_TEST_RUN, attrOf(...fields));
    if (result < 0) return said(result);
    const view = new DataView(attr.buffer);
    const out = this.#caller.bytes(room, view.getUint32(12, true));
    return `${view.getUint32(4, true)} ${hex(out)} ${ctx === 0 ? '' : hex(this.#caller.bytes(ctx, ctxSize))}`.trim();
  }

  #stream(fd: number, stream: number): string {
    const room = this.#caller.alloc(DATA_SIZE);
    const fields: Field[] = [
      [0, 8, room],
      [8, 4, DATA_SIZE],
      [12, 4, stream],
      [16, 4, fd],
    ];
    const { result } = this.#bpf(BPF_CMD.PROG_STREAM_READ_BY_FD, attrOf(...fields));
    return result < 0 ? said(result) : hex(this.#caller.bytes(room, result));
  }

  #dump({ fd, type, keySize, valueSize }: ScriptMap): string {
    const size = isPercpu(type) ? Math.ceil(valueSize / 8) * 8 * this.kernel.nrCpus : valueSize;
    const key = this.#caller.alloc(Math.max(keySize, 8));
    const value = this.#caller.alloc(size);
    const isQueue = keySize === 0;
    const parts: string[] = [];
    for (let n = 0; n < 5000; n++) {
      if (isQueue) {
        const { result } = this.#bpf(BPF_CMD.MAP_LOOKUP_AND_DELETE_ELEM, attrOf([0, 4, fd], [16, 8, value]));
        if (result < 0) break;
        parts.push(hex(this.#caller.bytes(value, size)));
        continue;
      }
      const next = attrOf([0, 4, fd], [8, 8, n === 0 ? 0 : key], [16, 8, key]);
      if (this.#bpf(BPF_CMD.MAP_GET_NEXT_KEY, next).result < 0) break;
      this.#bpf(BPF_CMD.MAP_LOOKUP_ELEM, attrOf([0, 4, fd], [8, 8, key], [16, 8, value]));
      parts.push(`${hex(this.#caller.bytes(key, keySize))}=${hex(this.#caller.bytes(value, size))}`);
    }
    return parts.join(' ');
  }
}

function said(result: number): string {
  return result < 0 ? `err ${-result}` : 'ok';
}
