/** bpf_trace_printk from the program to the reader. */
import t from 'tap';
import { traceCommand } from '../../cli/trace.ts';
import { LocalCaller } from '../../syscall/local_caller.ts';
import { BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import { TraceBuffer, type TraceRead } from '../../vm/trace.ts';
import { asm } from './lib/asm.ts';
import { trustedProg } from './lib/facts.ts';
import { machine } from './lib/machine.ts';

for (const engine of ['interp', 'jit'] as const) {
  t.test(`a line goes from the program to EMU_TRACE (${engine})`, (t) => {
    const { vm, maps } = machine([BPF_MAP_TYPE.ARRAY, 4, 32, 1]);
    const format = 'turn %d of %llu\n\0';
    vm.env.arena.u8.set(Buffer.from(format), maps[0]!.ops.lookup!(maps[0]!, vm.scratch + 64));
    vm.task = { ...vm.task, pid: 42, comm: 'demo' };
    const buffer = new TraceBuffer();
    vm.onTrace = buffer.push;
    const source = `r1 = mapval[0]+0; r2 = ${format.length}; r3 = -3; r4 = 0x100000000 ll; r5 = 0; call 6; exit`;
    const prog = trustedProg(vm, asm(source), engine, { maps });
    t.equal(prog.run(0), 'turn -3 of 4294967296\n'.length);
    prog.run(0);
    const { run: ask } = traceCommand(buffer);
    const caller = new LocalCaller();
    t.same(ask({}, caller), { lines: [], next: 2, lost: 0 });
    const { lines, next, lost } = ask({ since: 1 }, caller) as TraceRead;
    t.same([next, lost], [2, 0]);
    const other = new LocalCaller({ uid: 1000, caps: 0n });
    t.throws(() => ask({ since: 0 }, other), { code: 'EPERM' }, 'others than root read nothing');
    t.same(lines, ['            demo-42      [000] b..11     1.000000: bpf_trace_printk: turn -3 of 4294967296\n']);
    t.end();
  });
}

t.test('TraceBuffer forgets the oldest lines and counts them', (t) => {
  const buffer = new TraceBuffer();
  const line = { comm: 'x', pid: 1, cpu: 0, time: 0n, text: 'y'.repeat(1000), flags: '...11' };
  for (let i = 0; i < 5000; i++) buffer.push(line);
  t.equal(buffer.end, 5000);
  const { lines, lost, next } = buffer.read(10, 3);
  t.equal(lines.length, 3);
  t.equal(next, 10 + lost + 3);
  t.equal(lost > 3000, true);
  t.same(buffer.read(9999, 3), { lines: [], next: 5000, lost: 0 });
  t.end();
});

t.test('TraceBuffer.take() gives whole lines, as many as are wanted, and tells of those that are lost', (t) => {
  const buffer = new TraceBuffer();
  const line = { comm: 'x', pid: 1, cpu: 0, time: 0n, text: 'y'.repeat(946), flags: '...11' };
  const SIZE = 1016;
  t.equal(buffer.take(100), '');
  for (let i = 0; i < 10; i++) buffer.push(line);
  t.equal(buffer.take(1).length, SIZE);
  t.equal(buffer.take(SIZE + 1).length, 2 * SIZE);
  t.equal(buffer.take(65536).length, 7 * SIZE);
  t.equal(buffer.unread, false);
  for (let i = 0; i < 5000; i++) buffer.push({ ...line, text: 'z'.repeat(1000) });
  t.match(buffer.take(1), /^CPU:0 \[LOST \d+ EVENTS\]\n$/);
  t.match(buffer.take(1), /: z+\n$/);
  t.end();
});
