import t from 'tap';
import type { ExecNative } from '../../exec/native.ts';
import { isBpfOutput, PERF_ATTR_SIZE, PerfEvent } from '../../exec/perf.ts';
import { ManualClock } from '../../native/host.ts';
import { cannotAskKernel, cannotExec, compile, exec, run, scratch, which } from './util.ts';

t.setTimeout(120_000);

const SAMPLE_RAW = 1 << 10;
const PAGE = 4096;

/** An attr of a program's output event. */
function outputAttr(sampleType: number, wakeupEvents: number): Uint8Array {
  const attr = new Uint8Array(PERF_ATTR_SIZE);
  const view = new DataView(attr.buffer);
  view.setUint32(0, 1, true);
  view.setUint32(8, 10, true);
  view.setUint32(24, sampleType, true);
  view.setUint32(48, wakeupEvents, true);
  return attr;
}

/** An event over plain memory of one page of data, and that memory. */
function mappedEvent(sampleType: number, wakeupEvents = 1): { event: PerfEvent; view: DataView } {
  const buffer = new ArrayBuffer(2 * PAGE);
  const native = { supMapFile: () => buffer } as unknown as ExecNative;
  const event = new PerfEvent(native, new ManualClock(77n), outputAttr(sampleType, wakeupEvents));
  event.map(3, 2 * PAGE, 0);
  return { event, view: new DataView(buffer) };
}

t.test('isBpfOutput() tells output events from others', async (t) => {
  t.ok(isBpfOutput(outputAttr(SAMPLE_RAW, 1)));
  t.notOk(isBpfOutput(new Uint8Array(PERF_ATTR_SIZE)));
});

t.test('output() writes samples as perf_event_open(2) describes them', async (t) => {
  const { event, view } = mappedEvent(SAMPLE_RAW | 4);
  event.output(0, Uint8Array.of(1, 2, 3));
  t.equal(view.getBigUint64(1024, true), 24n, 'data_head');
  t.equal(view.getUint32(PAGE, true), 9, 'PERF_RECORD_SAMPLE');
  t.equal(view.getUint16(PAGE + 6, true), 24, 'size of the record');
  t.equal(view.getBigUint64(PAGE + 8, true), 77n, 'time');
  t.equal(view.getUint32(PAGE + 16, true), 4, 'raw size, padded');
  t.strictSame(new Uint8Array(view.buffer, PAGE + 20, 4), Uint8Array.of(1, 2, 3, 0));
});

t.test('output() counts what finds no room, wraps, and wakes as asked', async (t) => {
  const { event, view } = mappedEvent(SAMPLE_RAW, 2);
  let wakes = 0;
  event.waiters.add(() => wakes++);
  const data = new Uint8Array(1012).fill(5);
  for (let i = 0; i < 6; i++) event.output(0, data);
  t.equal(view.getBigUint64(1024, true), 3072n, 'three records of 1024 bytes fit: a ring is never full');
  t.equal(wakes, 1);
  t.ok(event.hasData);
  view.setBigUint64(1032, 2048n, true);
  event.output(0, data);
  t.equal(view.getUint32(PAGE + 3072, true), 2, 'PERF_RECORD_LOST');
  t.equal(view.getBigUint64(PAGE + 3088, true), 3n, 'records lost');
  t.equal(view.getUint32(PAGE + 3096, true), 9);
  t.equal(view.getBigUint64(1024, true), 4120n, 'the last record wraps');
  view.setBigUint64(1032, 0xffff_ffff_ffff_ffffn, true);
  event.output(0, data);
  t.equal(view.getBigUint64(1024, true), 4120n, 'a nonsense tail leaves no room');
});

const skip = cannotExec(false) || (which('gcc') === undefined && 'needs the package gcc');

t.test('perf_event_open(2) of output events answers as a kernel', { skip: skip || cannotAskKernel() }, async (t) => {
  const client = await compile(scratch(t), 'perf');
  const emulated = await exec(['--no-mount'], [client]);
  const real = await run(client, []);
  t.equal(emulated.stdout, real.stdout, emulated.stderr);
});

t.test(
  'arguments of perf_event_open(2) that no event can have',
  { skip: cannotExec(true) || (which('python3') === undefined && 'needs the program python3') },
  async (t) => {
    // type, config, size, period, flags of the attr, flags of the call.
    const script = `
import ctypes, errno, struct
libc = ctypes.CDLL(None, use_errno=True)
def event(type, config, size=112, period=0, bits=0, flags=8):
    attr = ctypes.create_string_buffer(struct.pack("IIQQQQQ", type, size, config, period, 0, 0, bits), 8192)
    fd = libc.syscall(298, attr, -1, 0, -1, ctypes.c_ulong(flags))
    return "ok" if fd >= 0 else errno.errorcode[ctypes.get_errno()]
for type, config, period in (1, 10, 1), (1, 0, 1000000):
    print(event(type, config, 0, period), event(type, config, 63, period), event(type, config, 64, period), event(type, config, 4097, period),
          event(type, config, 0xffffffff, period), event(type, config, 112, 1 << 63), event(type, config, 112, period, 0, 16), event(type, config, 112, period, 0, 2**64 - 1))
`;
    const { stdout, stderr } = await exec([], ['python3', '-c', script]);
    const line = 'ok E2BIG ok E2BIG E2BIG EINVAL EINVAL EINVAL';
    t.equal(stdout, `${line}\n${line}\n`, stderr);
  },
);
