/** A client of tracing tests: loads programs, attaches them, and keeps what they see in an array of one value. */
import { builtinBtf } from '../../btf/builtin.ts';
import { BTF_KIND } from '../../btf/kinds.ts';
import type { Kernel } from '../../syscall/kernel.ts';
import { LocalCaller } from '../../syscall/local_caller.ts';
import { BPF_CMD, BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import { asm } from '../vm/lib/asm.ts';
import { attrOf, stillKernel } from '../vm/lib/run_case.ts';

const SIZE = 168;
const VALUE = 64;

/** A process with one array of one value, which programs keep what they see in. */
export class Client {
  readonly kernel: Kernel = stillKernel(builtinBtf());
  readonly caller = new LocalCaller({ memory: 8 << 20 });
  readonly map: number;

  constructor() {
    this.map = this.bpf(BPF_CMD.MAP_CREATE, attrOf([0, BPF_MAP_TYPE.ARRAY], [4, 4], [8, VALUE], [12, 1]));
  }

  bpf(cmd: number, attr: Uint8Array): number {
    return this.kernel.bpf(cmd, attr, SIZE, this.caller.put(attr), this.caller);
  }

  /** Loads a program; `mapval[0]` in it is the array's value. */
  load(type: number, source: string, attach: { type?: number; func?: string } = {}): number {
    const insns = asm(source);
    const view = new DataView(insns.buffer, insns.byteOffset);
    for (let at = 0; at < insns.length; at += 8) {
      if (insns[at] !== 0x18) continue;
      if (insns[at + 1]! >> 4 === 2) view.setInt32(at + 4, this.map, true);
      at += 8;
    }
    const func = attach.func === undefined ? 0 : this.kernel.vmlinux!.find(attach.func, BTF_KIND.FUNC);
    const license = this.caller.put(Uint8Array.from([71, 80, 76, 0]));
    const fields = attrOf(
      [0, type],
      [4, insns.length / 8],
      [8, this.caller.put(insns), true],
      [16, license, true],
      [68, attach.type ?? 0],
      [108, func],
    );
    return this.bpf(BPF_CMD.PROG_LOAD, fields);
  }

  attach(fd: number, name = ''): number {
    const addr = name === '' ? 0 : this.caller.put(new TextEncoder().encode(`${name}\0`));
    return this.bpf(BPF_CMD.RAW_TRACEPOINT_OPEN, attrOf([0, addr, true], [8, fd]));
  }

  link(fd: number, type: number, cookie: number): number {
    return this.bpf(BPF_CMD.LINK_CREATE, attrOf([0, fd], [8, type], [24, cookie, true]));
  }

  /** A test run without input: its result and retval. */
  run(fd: number, packet?: Uint8Array): [result: number, retval: number] {
    const fields = attrOf(
      [0, fd],
      ...(packet === undefined
        ? []
        : ([
            [8, packet.length],
            [16, this.caller.put(packet), true],
          ] as const)),
    );
    const addr = this.caller.put(fields);
    const result = this.kernel.bpf(BPF_CMD.PROG_TEST_RUN, fields, SIZE, addr, this.caller);
    return [result, new DataView(this.caller.bytes(addr, SIZE).buffer).getUint32(4, true)];
  }

  /** Words of the array's value. */
  words(): bigint[] {
    const value = this.caller.put(new Uint8Array(VALUE));
    const key = this.caller.put(new Uint8Array(4));
    this.bpf(BPF_CMD.MAP_LOOKUP_ELEM, attrOf([0, this.map], [8, key, true], [16, value, true]));
    return [...new BigUint64Array(this.caller.bytes(value, VALUE).buffer)];
  }

  close(fd: number): void {
    this.caller.close(fd);
  }
}
