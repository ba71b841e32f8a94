/**
 * BPF_PROG_TEST_RUN with random attributes (sizes, pointers, contexts, flags) for every
 * type, as Linux 6.18 answered: errno, return value, sizes, data and context.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { LocalCaller } from '../../syscall/local_caller.ts';
import { BPF_CMD, BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { decodeHex } from '../vm/lib/hex.ts';

/** Attributes of one call: data in, its size, whether there is room for data, … */
interface Attrs {
  readonly di: string | null;
  readonly dsz: number;
  readonly do: boolean;
  readonly dos: number;
  readonly rep: number;
  readonly dur: number;
  readonly ci: string | null;
  readonly cin: number;
  readonly co: number | null;
  readonly cos: number;
  readonly fl: number;
  readonly cpu: number;
  readonly bs: number;
}

type Row = [
  key: number,
  insns: string,
  attach: number,
  attrs: Attrs,
  errno: number,
  retval: number,
  dataSizeOut: number,
  ctxSizeOut: number,
  dataOut: string,
  ctxOut: string,
  ctxIn: string,
];

const rows = JSON.parse(
  gunzipSync(readFileSync(new URL('../../../test/golden/test_run_attrs.json.gz', import.meta.url))).toString(),
) as Row[];

const ATTR_SIZE = 168;
const ROOM = 120_000;
const SLEEPABLE = 1 << 4;
const XDP_HAS_FRAGS = 1 << 5;

function kernel(): Kernel {
  const tick = (): bigint => 1000n;
  return new Kernel({
    cpus: 2,
    memory: 64 << 20,
    poison: true,
    clock: { monotonic: tick, boottime: tick, realtime: tick },
    random: seededRandom(1),
  });
}

/** What differs from the kernel's answer, or undefined. */
function check(kernel: Kernel, row: Row): string | undefined {
  const [key, insns, attach, attrs, errno, retval, dataSizeOut, ctxSizeOut, dataOut, ctxOut, ctxIn] = row;
  const type = Math.floor(key);
  const caller = new LocalCaller({ memory: 1 << 23 });
  const view = new DataView(new ArrayBuffer(ATTR_SIZE));
  const bytes = new Uint8Array(view.buffer);
  const put32 = (offset: number, value: number): void => view.setUint32(offset, value, true);
  const put64 = (offset: number, value: number): void => view.setBigUint64(offset, BigInt(value), true);
  /** Bytes with more mapped memory behind them, as in the recording. */
  const give = (hex: string | null): number => {
    if (hex === null) return 0;
    const addr = caller.put(new Uint8Array(hex.length / 2 + 200_000));
    caller.write(addr, decodeHex(hex));
    return addr;
  };
  const hexAt = (addr: number, hex: string): string => Buffer.from(caller.bytes(addr, hex.length / 2)).toString('hex');
  try {
    put32(0, type);
    put32(4, insns.length / 16);
    put64(8, give(insns));
    put64(16, give('47504c00'));
    put32(44, type === BPF_PROG_TYPE.SYSCALL ? SLEEPABLE : key > 6 && key < 7 ? XDP_HAS_FRAGS : 0);
    put32(68, attach);
    const fd = kernel.bpf(BPF_CMD.PROG_LOAD, bytes, ATTR_SIZE, caller.put(bytes), caller);
    if (fd < 0) return `load: ${fd}`;
    bytes.fill(0);
    const dataAddr = attrs.do ? caller.put(new Uint8Array(ROOM).fill(0xaa)) : 0;
    const ctxInAddr = give(attrs.ci);
    const ctxAddr = attrs.co === null ? 0 : caller.put(new Uint8Array(attrs.co + 100).fill(0xaa));
    put32(0, fd);
    put32(8, attrs.dsz);
    put32(12, attrs.dos);
    put64(16, give(attrs.di));
    put64(24, dataAddr);
    put32(32, attrs.rep);
    put32(36, attrs.dur);
    put32(40, attrs.cin);
    put32(44, attrs.cos);
    put64(48, ctxInAddr);
    put64(56, ctxAddr);
    put32(64, attrs.fl);
    put32(68, attrs.cpu);
    put32(72, attrs.bs);
    const addr = caller.put(bytes);
    const result = kernel.bpf(BPF_CMD.PROG_TEST_RUN, bytes, ATTR_SIZE, addr, caller);
    if (-Math.min(result, 0) !== errno) return `result ${result}, wanted ${-errno}`;
    const after = new DataView(caller.bytes(addr, ATTR_SIZE).buffer);
    const found = [after.getUint32(4, true), after.getUint32(12, true), after.getUint32(44, true)];
    const wanted = [retval, dataSizeOut, ctxSizeOut];
    if (String(found) !== String(wanted)) return `retval, sizes ${found}, wanted ${wanted}`;
    if (hexAt(dataAddr, dataOut) !== dataOut && dataOut !== '') return 'data_out';
    if (hexAt(ctxAddr, ctxOut) !== ctxOut && ctxOut !== '') return 'ctx_out';
    if (hexAt(ctxInAddr, ctxIn) !== ctxIn && ctxIn !== '') return 'ctx_in afterwards';
    return undefined;
  } finally {
    caller.exit();
  }
}

t.test('random attributes are answered as by the kernel', async (t) => {
  const k = kernel();
  const wrong: string[] = [];
  for (const [index, row] of rows.entries()) {
    const message = check(k, row);
    if (message !== undefined)
      wrong.push(`row ${index}, type ${row[0]}: ${message} ${JSON.stringify(row[3]).slice(0, 200)}`);
  }
  t.ok(rows.length > 800, `${rows.length} calls`);
  t.same(wrong.slice(0, 5), [], `${wrong.length} differ`);
});
