/**
 * Programs on the functions of a program, and in place of one: what runs, with which
 * arguments and result, on both engines; and nothing is left when the links are gone.
 */
import t from 'tap';
import { BtfBuilder } from '../../btf/build.ts';
import { builtinBtf } from '../../btf/builtin.ts';
import { LocalCaller } from '../../syscall/local_caller.ts';
import { BPF_ATTACH_TYPE as AT, BPF_CMD, BPF_MAP_TYPE, BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import { EBUSY, EINVAL } from '../../uapi/errno.ts';
import { BpfProg, type EngineName } from '../../vm/prog.ts';
import { asm } from '../vm/lib/asm.ts';
import { attrOf, stillKernel } from '../vm/lib/run_case.ts';

const SIZE = 168;
const VALUE = 64;

/** An XDP program with a function of two arguments, and a client that attaches to it. */
function setUp(engine: EngineName) {
  const kernel = stillKernel(builtinBtf());
  const caller = new LocalCaller({ memory: 8 << 20 });
  const bpf = (cmd: number, attr: Uint8Array): number => kernel.bpf(cmd, attr, SIZE, caller.put(attr), caller);
  const b = new BtfBuilder();
  const int = b.int('int', 4, 1);
  const long = b.int('long', 8, 1);
  const xdp = b.ptr(b.struct('xdp_md', 4, [['data', int, 0]]));
  const entry = b.func('entry', b.proto(int, [['ctx', xdp]]));
  const add = b.func(
    'add',
    b.proto(int, [
      ['a', int],
      ['b', int],
    ]),
  );
  const traced = b.func('traced', b.proto(int, [['ctx', b.ptr(long)]]));
  const btf = bpf(BPF_CMD.BTF_LOAD, attrOf([0, caller.put(b.bytes()), true], [16, b.bytes().length]));
  const map = bpf(BPF_CMD.MAP_CREATE, attrOf([0, BPF_MAP_TYPE.ARRAY], [4, 4], [8, VALUE], [12, 1]));
  const load = (
    type: number,
    source: string,
    funcs: readonly (readonly [number, number])[],
    attachType = 0,
    target: readonly [fd: number, btfId: number] = [0, 0],
  ): number => {
    const insns = asm(source);
    const view = new DataView(insns.buffer, insns.byteOffset);
    for (let at = 0; at < insns.length; at += 8) {
      if (insns[at] !== 0x18) continue;
      if (insns[at + 1]! >> 4 === 2) view.setInt32(at + 4, map, true);
      at += 8;
    }
    const records = new Uint8Array(Uint32Array.from(funcs.flat()).buffer);
    const license = caller.put(Uint8Array.from([71, 80, 76, 0]));
    const fd = bpf(
      BPF_CMD.PROG_LOAD,
      attrOf(
        [0, type],
        [4, insns.length / 8],
        [8, caller.put(insns), true],
        [16, license, true],
        [68, attachType],
        [72, btf],
        [76, 8],
        [80, caller.put(records), true],
        [88, funcs.length],
        [108, target[1]],
        [112, target[0]],
      ),
    );
    const prog = caller.objectOf(fd);
    if (!(prog instanceof BpfProg)) throw new Error(`load: ${fd}`);
    prog.useEngine(engine);
    return fd;
  };
  // Two calls of add: 5 + 1000, and what comes of that + 2.
  const main = 'r1 = 5\nr2 = 1000\ncall add\nr1 = r0\nr2 = 2\ncall add\nexit\nadd:\nr0 = r1\nr0 += r2\nexit';
  const target = load(PT.XDP, main, [
    [0, entry],
    [7, add],
  ]);
  const on = (func: number, type: number, source: string, progType: number = PT.TRACING): number =>
    load(progType, source, [[0, progType === PT.EXT ? add : traced]], type, [target, func]);
  const link = (fd: number): number => bpf(BPF_CMD.LINK_CREATE, attrOf([0, fd], [8, 0]));
  const attach = (fd: number): number => bpf(BPF_CMD.RAW_TRACEPOINT_OPEN, attrOf([8, fd]));
  const run = (): number => {
    const attr = attrOf([0, target], [8, 64], [16, caller.put(new Uint8Array(64)), true]);
    const addr = caller.put(attr);
    const result = kernel.bpf(BPF_CMD.PROG_TEST_RUN, attr, SIZE, addr, caller);
    if (result !== 0) throw new Error(`run: ${result}`);
    return new DataView(caller.bytes(addr, 8).buffer).getUint32(4, true);
  };
  const words = (): number[] => {
    const value = caller.put(new Uint8Array(VALUE));
    bpf(BPF_CMD.MAP_LOOKUP_ELEM, attrOf([0, map], [8, caller.put(new Uint8Array(4)), true], [16, value, true]));
    return [...new BigUint64Array(caller.bytes(value, VALUE).buffer)].map(Number);
  };
  return { caller, entry, add, on, link, attach, run, words };
}

/** Counts in word `index` of the value, and keeps what is at `offset` of the context behind it. */
const notes = (index: number, offset: number): string => `
  r3 = *(u64 *)(r1 + ${offset})
  r2 = mapval[0]+0
  *(u64 *)(r2 + ${8 * index + 8}) = r3
  r3 = *(u64 *)(r2 + ${8 * index})
  r3 += 1
  *(u64 *)(r2 + ${8 * index}) = r3
  r0 = 0
  exit`;

for (const engine of ['interp', 'jit'] as const) {
  t.test(`programs before and after a program and a function of it (${engine})`, async (t) => {
    const { caller, entry, add, on, attach, run, words } = setUp(engine);
    t.equal(run(), 1007);
    const links = [
      attach(on(entry, AT.TRACE_FEXIT, notes(0, 8))),
      attach(on(add, AT.TRACE_FENTRY, notes(2, 0))),
      attach(on(add, AT.TRACE_FEXIT, notes(4, 16))),
    ];
    t.ok(
      links.every((fd) => fd > 0),
      `attached: ${links}`,
    );
    t.equal(run(), 1007);
    t.same(words(), [1, 1007, 2, 1005, 2, 1007, 0, 0]);
    for (const fd of links) caller.close(fd);
    t.equal(run(), 1007);
    t.same(words(), [1, 1007, 2, 1005, 2, 1007, 0, 0], 'nothing runs any more');
  });

  t.test(`a program in place of a function (${engine})`, async (t) => {
    const { caller, add, on, attach, link, run } = setUp(engine);
    const product = on(add, 0, 'r0 = r1\nr0 *= r2\nexit', PT.EXT);
    const fd = link(product);
    t.ok(fd > 0, 'attached');
    t.equal(run(), 10_000);
    const tracer = on(add, AT.TRACE_FENTRY, 'r0 = 0\nexit');
    t.equal(attach(tracer), -EBUSY, 'what is replaced cannot be traced');
    t.equal(link(product), -EINVAL, 'it was attached where it was loaded for');
    caller.close(fd);
    t.equal(run(), 1007);
    const trace = attach(tracer);
    t.ok(trace > 0, 'now it can');
    t.equal(run(), 1007);
  });
}
