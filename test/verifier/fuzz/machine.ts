/** An emulated kernel for the programs of the fuzzers, and the kernel of this machine. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Random, seededRandom } from '../../../base/env.ts';
import { LINUX_6_18 } from '../../../base/profile.ts';
import { BTF_KIND } from '../../../btf/btf.ts';
import { builtinBtf } from '../../../btf/builtin.ts';
import { hostClock, possibleCpus } from '../../../native/host.ts';
import { Kernel, type KernelOptions } from '../../../syscall/kernel.ts';
import { LocalCaller } from '../../../syscall/local_caller.ts';
import { BPF_CMD } from '../../../uapi/bpf.ts';
import { CAP, CAP_FULL_SET } from '../../../uapi/capability.ts';
import { disasmInsn } from '../../../vm/disasm.ts';
import { decodeInsns } from '../../../vm/insn.ts';
import { noKernelBpf } from '../../kernel_bpf.ts';
import { encode, FUZZ_BTF, FUZZ_MAPS, type FuzzProgram, funcInfo, isSecondHalf, KFUNCS, mapNumber } from './program.ts';

/** What came of a load. */
export interface Verdict {
  /** 0 or a positive errno. */
  readonly errno: number;
  /** Hash of the log with addresses masked; empty without a log. */
  readonly hash: string;
  /** The end of the log. */
  readonly last: string;
  /** The whole log, when it was asked for. */
  readonly log?: string;
}

const SCRIPT = fileURLToPath(new URL('../../../../test/verifier/fuzz/kernel_load.py', import.meta.url));
const VMLINUX = '/sys/kernel/btf/vmlinux';
const LOG_SIZE = 1 << 20;
/** Time the kernel has for a program. */
const SECONDS = 1;
const ATTR_SIZE = 168;
const NO_PERFMON = CAP_FULL_SET & ~((1n << BigInt(CAP.PERFMON)) | (1n << BigInt(CAP.SYS_ADMIN)));

/** Bytes of an attr from (offset, size, value). */
export function attrOf(fields: readonly (readonly [offset: number, size: 4 | 8, value: number])[]): Uint8Array {
  const bytes = new Uint8Array(ATTR_SIZE);
  const view = new DataView(bytes.buffer);
  for (const [offset, size, value] of fields) {
    if (size === 8) view.setBigUint64(offset, BigInt(value), true);
    else view.setUint32(offset, value, true);
  }
  return bytes;
}

/** The kernel's own types: of this machine, or those that are built in. */
function vmlinux(): Uint8Array {
  return existsSync(VMLINUX) ? new Uint8Array(readFileSync(VMLINUX)) : builtinBtf();
}

/** The last line of a log that says something. */
export function lastLine(log: string): string {
  const lines = log.split('\n').filter((line) => line !== '' && !/^(processed|verification|stack depth)/.test(line));
  return lines.at(-1) ?? '';
}

function masked(log: Buffer): string {
  return log
    .toString('latin1')
    .replace(/0xffff[0-9a-f]{12}/g, 'ADDR')
    .replace(/peak_states \d+/g, 'peak_states N');
}

/** The emulated kernel, with the maps of {@link FUZZ_MAPS}. */
export class FuzzMachine {
  readonly kernel: Kernel;
  readonly caller = new LocalCaller({ memory: 1 << 25 });
  readonly #maps = new Map<number, number>();
  readonly #kfuncs: readonly number[];
  readonly #btf: number;
  /** Room for a log, in bytes. */
  logSize = LOG_SIZE;
  /** Exceptions inside the verifier. */
  readonly bugs: unknown[] = [];

  /** `limit`: instructions processed before a program is too large, when not the kernel's. */
  constructor(random: Random = seededRandom(1), verify?: KernelOptions['verify'], limit?: number) {
    this.kernel = new Kernel({
      cpus: possibleCpus(),
      memory: 1 << 28,
      clock: hostClock(),
      random,
      vmlinux: vmlinux(),
      ...(limit === undefined ? {} : { profile: { ...LINUX_6_18, maxProcessedInsns: limit } }),
      ...(verify === undefined ? {} : { verify }),
    });
    this.kernel.onBug = (error) => this.bugs.push(error);
    this.kernel.vm.engine = 'interp';
    this.#kfuncs = KFUNCS.map((name) => this.kernel.vmlinux?.find(name, BTF_KIND.FUNC) ?? 0);
    const { bytes, int } = FUZZ_BTF;
    this.#btf = this.#must(
      BPF_CMD.BTF_LOAD,
      attrOf([
        [0, 8, this.caller.put(bytes)],
        [16, 4, bytes.length],
      ]),
    );
    for (const { fd, type, key, value, max, flags, btfValue, inner } of FUZZ_MAPS) {
      const typed = btfValue !== 0;
      const words = [type, key, value, max, flags, this.#maps.get(inner) ?? 0].map(
        (word, i) => [4 * i, 4, word] as const,
      );
      const btf = typed
        ? ([
            [48, 4, this.#btf],
            [52, 4, int],
            [56, 4, btfValue],
          ] as const)
        : [];
      this.#maps.set(fd, this.#must(BPF_CMD.MAP_CREATE, attrOf([...words, ...btf])));
    }
  }

  #must(cmd: number, attr: Uint8Array): number {
    const result = this.bpf(cmd, attr);
    if (result < 0) throw new Error(`bpf(2) command ${cmd}: ${result}`);
    return result;
  }

  /** Descriptor of a map of {@link FUZZ_MAPS}. */
  mapFd(number: number): number {
    return this.#maps.get(number) ?? -1;
  }

  bpf(cmd: number, attr: Uint8Array): number {
    return this.kernel.bpf(cmd, attr, attr.length, this.caller.put(attr), this.caller);
  }

  /** The bytes of a program for this machine or any other, whose maps have the numbers they have in programs. */
  insns(program: FuzzProgram, ownMaps: boolean): Uint8Array {
    return encode(
      program.words,
      (fd) => (ownMaps ? this.#mapOf(program, fd) : mapNumber(program, fd)),
      (index) => this.#kfuncs[index] ?? 0,
    );
  }

  #mapOf(program: FuzzProgram, fd: number): number {
    const number = mapNumber(program, fd);
    let own = this.#maps.get(number);
    const like = FUZZ_MAPS.find((map) => map.fd === fd);
    if (own === undefined && like !== undefined && number !== fd) {
      own = this.#must(
        BPF_CMD.MAP_CREATE,
        attrOf([like.type, like.key, like.value, like.max].map((n, i) => [4 * i, 4, n])),
      );
      this.#maps.set(number, own);
    }
    return own ?? -1;
  }

  /** Loads a program: its descriptor or -errno, and the log. */
  open(program: FuzzProgram, level: number, insns = this.insns(program, true)): { fd: number; log: Buffer } {
    const { caller } = this;
    caller.reset();
    const log = level === 0 ? 0 : caller.alloc(this.logSize);
    const info = funcInfo(program);
    caller.caps = program.perfmon ? CAP_FULL_SET : NO_PERFMON;
    const fd = this.bpf(
      BPF_CMD.PROG_LOAD,
      attrOf([
        [0, 4, program.type],
        [4, 4, insns.length >> 3],
        [8, 8, caller.put(insns)],
        [16, 8, caller.put(Uint8Array.of(0x47, 0x50, 0x4c, 0))],
        [24, 4, level],
        [28, 4, level === 0 ? 0 : this.logSize],
        [32, 8, log],
        [44, 4, program.flags],
        [68, 4, program.attachType],
        [72, 4, info.length === 0 ? 0 : this.#btf],
        [76, 4, info.length === 0 ? 0 : 8],
        [80, 8, info.length === 0 ? 0 : caller.put(info)],
        [88, 4, info.length >> 3],
      ]),
    );
    caller.caps = CAP_FULL_SET;
    if (log === 0) return { fd, log: Buffer.alloc(0) };
    const text = Buffer.from(caller.bytes(log, this.logSize));
    return { fd, log: text.subarray(0, text.indexOf(0)) };
  }

  /** The verdict on a program. */
  load(program: FuzzProgram, level: number, whole = false): Verdict {
    const { fd, log } = this.open(program, level);
    if (fd >= 0) this.caller.close(fd);
    const errno = fd < 0 ? -fd : 0;
    if (level === 0) return { errno, hash: '', last: '' };
    const text = masked(log);
    return {
      errno,
      hash: createHash('md5').update(text, 'latin1').digest('hex'),
      last: text.slice(-600),
      ...(whole ? { log: text } : {}),
    };
  }

  /** The program as text. */
  text(program: FuzzProgram): string {
    const insns = decodeInsns(this.insns(program, false));
    const names = {
      call: (i: number) => `#${program.words[i]![4]}`,
      imm64: (i: number) => BigInt(program.words[i]![4]),
    };
    return program.words
      .flatMap((_, i) => (isSecondHalf(program.words, i) ? [] : [`${i}: ${disasmInsn(insns, i, names)}`]))
      .join('\n');
  }

  /** Verdicts of this machine's kernel, or why there are none. */
  askKernel(programs: readonly FuzzProgram[], level: number, whole = false): Verdict[] | string {
    const reason = noKernelBpf();
    if (reason !== undefined) return reason;
    if (!release().startsWith('6.18.')) return `this kernel is ${release()}, not 6.18`;
    if (!existsSync(VMLINUX)) return 'the kernel does not tell its types';
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
    const setup = {
      btf: hex(FUZZ_BTF.bytes),
      int: FUZZ_BTF.int,
      maps: FUZZ_MAPS.map((m) => [m.fd, m.type, m.key, m.value, m.max, m.flags, m.btfValue, m.inner]),
    };
    const lines = programs.map((program) =>
      JSON.stringify({
        insns: hex(this.insns(program, false)),
        type: program.type,
        attach: program.attachType,
        flags: program.flags,
        level,
        perfmon: program.perfmon,
        func_info: hex(funcInfo(program)),
        whole,
        seconds: SECONDS,
      }),
    );
    const run = spawnSync('python3', [SCRIPT], {
      input: [JSON.stringify(setup), ...lines].join('\n'),
      encoding: 'latin1',
      maxBuffer: 1 << 30,
    });
    if (run.status !== 0) return `the kernel cannot be asked: ${run.error?.message ?? run.stderr.trim()}`;
    return run.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Verdict);
  }
}
