/** Loads a program through the real verifier, runs it by BPF_PROG_TEST_RUN, and says what came of it. */
import { seededRandom } from '../../../base/env.ts';
import { Kernel } from '../../../syscall/kernel.ts';
import { LocalCaller } from '../../../syscall/local_caller.ts';
import { BPF_CMD, BPF_MAP_TYPE } from '../../../uapi/bpf.ts';
import { BpfProg, type EngineName } from '../../../vm/prog.ts';
import type { CtxAnswer, CtxCase } from './ctx_cases.ts';
import { decodeHex } from './hex.ts';

const ATTR_SIZE = 168;
const VALUE_SIZE = 64;
const ROOM = 8192;

/** An attr of 32-bit (or, with `true`, 64-bit) fields by offset. */
export function attrOf(...fields: readonly (readonly [offset: number, value: number, wide?: boolean])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(ATTR_SIZE));
  for (const [offset, value, wide] of fields) {
    if (wide === true) view.setBigUint64(offset, BigInt(value), true);
    else view.setUint32(offset, value, true);
  }
  return new Uint8Array(view.buffer);
}

/** A kernel whose clock stands still. */
export function stillKernel(vmlinux?: Uint8Array): Kernel {
  const tick = (): bigint => 1000n;
  return new Kernel({
    cpus: 2,
    memory: 64 << 20,
    poison: true,
    clock: { monotonic: tick, boottime: tick, realtime: tick },
    random: seededRandom(1),
    vmlinux,
  });
}

/** bpf(2) as one caller sees it. */
export class CaseRunner {
  readonly kernel: Kernel;
  readonly engine: EngineName;

  constructor(kernel: Kernel, engine: EngineName) {
    this.kernel = kernel;
    this.engine = engine;
  }

  /** What comes of one case; map descriptor 1 is an array of one value. */
  answer(test: CtxCase): CtxAnswer {
    const caller = new LocalCaller({ memory: 1 << 20 });
    const bpf = (cmd: number, attr: Uint8Array): [result: number, addr: number] => {
      const addr = caller.put(attr);
      return [this.kernel.bpf(cmd, attr, ATTR_SIZE, addr, caller), addr];
    };
    try {
      const [map] = bpf(BPF_CMD.MAP_CREATE, attrOf([0, BPF_MAP_TYPE.ARRAY], [4, 4], [8, VALUE_SIZE], [12, 1]));
      const insns = decodeHex(test.insns);
      const view = new DataView(insns.buffer, insns.byteOffset);
      for (let at = 0; at < insns.length; at += 8) {
        if (insns[at] !== 0x18) continue;
        const src = insns[at + 1]! >> 4;
        if (src === 1 || src === 2) view.setInt32(at + 4, map, true);
        at += 8;
      }
      const license = caller.put(decodeHex('47504c00'));
      const [fd] = bpf(
        BPF_CMD.PROG_LOAD,
        attrOf(
          [0, test.type],
          [4, insns.length / 8],
          [8, caller.put(insns), true],
          [16, license, true],
          [68, test.attach],
        ),
      );
      if (fd < 0) return { load: -fd };
      const prog = caller.objectOf(fd);
      if (prog instanceof BpfProg) prog.useEngine(this.engine);
      const out = caller.put(new Uint8Array(ROOM));
      const ctx = test.ctx === null ? undefined : decodeHex(test.ctx);
      const ctxOut = caller.put(new Uint8Array(256));
      const packet = decodeHex(test.packet);
      const has = packet.length > 0;
      const [result, addr] = bpf(
        BPF_CMD.PROG_TEST_RUN,
        attrOf(
          [0, fd],
          [8, packet.length],
          [12, has ? ROOM : 0],
          [16, has ? caller.put(packet) : 0, true],
          [24, has ? out : 0, true],
          [40, ctx?.length ?? 0],
          [44, ctx?.length ?? 0],
          [48, ctx === undefined ? 0 : caller.put(ctx), true],
          [56, ctx === undefined ? 0 : ctxOut, true],
          [64, test.flags],
        ),
      );
      if (result < 0) return { errno: -result };
      const after = new DataView(caller.bytes(addr, ATTR_SIZE).buffer);
      const value = caller.put(new Uint8Array(VALUE_SIZE));
      bpf(BPF_CMD.MAP_LOOKUP_ELEM, attrOf([0, map], [8, caller.put(new Uint8Array(4)), true], [16, value, true]));
      const hexAt = (at: number, length: number): string => Buffer.from(caller.bytes(at, length)).toString('hex');
      return {
        errno: 0,
        retval: after.getUint32(4, true),
        value: hexAt(value, VALUE_SIZE),
        packet: has ? hexAt(out, after.getUint32(12, true)) : '',
        ctx: ctx === undefined ? '' : hexAt(ctxOut, after.getUint32(44, true)),
      };
    } finally {
      caller.exit();
    }
  }
}
