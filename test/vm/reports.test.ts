/**
 * What the kernel writes into a program's stream of errors. The texts are those of Linux
 * 6.18's format strings; the program's name and addresses are ours.
 */
import t from 'tap';
import { builtinBtf } from '../../btf/builtin.ts';
import { BPF_MAP_TYPE as MT, BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import { ScriptWriter } from './lib/script_cases.ts';
import { TYPE_IDS } from './lib/wide_btf.ts';
import { WideMachine } from './lib/wide_script.ts';

const PACKET = '5a'.repeat(64);
const WHO = 'CPU: 0 UID: 0 PID: 1 Comm: init\nCall trace:\nbpf_prog_[0-9a-f]{16}_f\\+0x0/0x[0-9a-f]+\n\n';
const ARENA_START = '7fff00000000';
const lookup = (reg: number): string =>
  `*(u32 *)(r10 - 4) = 0; r2 = r10; r2 += -4; r1 = map[0]; call 1; if r0 == 0 goto out; r${reg} = r0`;
const lock = (name: string, irq: string): string => `
  ${lookup(6)}
  ${lookup(7)}
  r1 = r6; r2 = r10; r2 += -16; call kfunc ${name}_lock${irq === '' ? '' : '_irqsave'}; if r0 != 0 goto out
  r1 = r7; r2 = r10; r2 += -24; call kfunc ${name}_lock${irq === '' ? '' : '_irqsave'}; if r0 == 0 goto both
  r8 = r0; r1 = r6; r2 = r10; r2 += -16; call kfunc ${name}_unlock${irq}; r0 = r8; exit
  both: r1 = r7; r2 = r10; r2 += -24; call kfunc ${name}_unlock${irq}; r1 = r6; r2 = r10; r2 += -16; call kfunc ${name}_unlock${irq}
  out: r0 = 77; exit`;
const lockMap = `m ${MT.ARRAY} 4 16 1 0 -1 ${TYPE_IDS.int} ${TYPE_IDS.resilient}`;
const arenaMap = `m ${MT.ARENA} 0 0 10 1024 -1 0 0 ${ARENA_START}`;
const deadlock = (irq: string): string =>
  `ERROR: AA or ABBA deadlock detected for bpf_res_spin_lock${irq}\nAttempted lock   = (0x[0-9a-f]+)\nTotal held locks = 1\nHeld lock\\[ 0\\] = \\1\n${WHO}`;
const arena = (what: string, at: string): string => `ERROR: Arena ${what} access at unmapped address 0x${at}\n${WHO}`;

interface Report {
  readonly title: string;
  readonly map?: string;
  readonly type: number | string;
  readonly text: string;
  readonly result: number;
  readonly wanted: string;
}

const REPORTS: readonly Report[] = [
  {
    title: 'may_goto out of time',
    type: PT.SCHED_CLS,
    text: 'r0 = 0; top: may_goto out; goto top; out: exit',
    result: 0,
    wanted: `ERROR: Timeout detected for may_goto instruction\n${WHO}`,
  },
  {
    title: 'a lock taken twice',
    map: lockMap,
    type: PT.SCHED_CLS,
    text: lock('bpf_res_spin', ''),
    result: -35 >>> 0,
    wanted: deadlock(''),
  },
  {
    title: 'a lock taken twice without interrupts',
    map: lockMap,
    type: PT.SCHED_CLS,
    text: lock('bpf_res_spin', '_irqrestore'),
    result: -35 >>> 0,
    wanted: deadlock('_irqsave'),
  },
  {
    title: 'a load and a store where an arena has no pages',
    map: arenaMap,
    type: `${PT.SYSCALL}:0:16`,
    text: `r1 = map[0]; r2 = 0x${ARENA_START.slice(0, -4)}3008 ll; r2 = cast_kern(r2)
      r3 = *(u64 *)(r2 + 0); *(u32 *)(r2 + 16) = r3; *(u8 *)(r2 - 8) = 5; r0 = r3; exit`,
    result: 0,
    wanted: arena('READ', '7fff00003008') + arena('WRITE', '7fff00003018') + arena('WRITE', '7fff00003000'),
  },
  {
    title: 'atomics where an arena has no pages',
    map: arenaMap,
    type: `${PT.SYSCALL}:0:16`,
    text: `r1 = map[0]; r2 = 0x${ARENA_START.slice(0, -4)}3008 ll; r2 = cast_kern(r2); r3 = 7
      r1 = xchg u64 (r2 + 0); lock *(u64 *)(r2 + 8) += r3; r0 = r1; exit`,
    result: 0,
    wanted: arena('READ', '7fff00003008') + arena('WRITE', '7fff00003010'),
  },
];

const machine = new WideMachine(builtinBtf(), 2);
const writer = new ScriptWriter(machine.kernel.vmlinux!);

for (const { title, map, type, text, result, wanted } of REPORTS) {
  t.test(title, (t) => {
    const script = [...(map === undefined ? [] : [map]), writer.prog(type, text)];
    script.push(`r 0 ${type === PT.SCHED_CLS ? PACKET : '-'} 0 0 -`, 't 0 2', 't 0 2', 'c');
    const answers = machine.both(script);
    for (const engine of ['interp', 'jit'] as const) {
      const [run, stream, after] = answers[engine].slice(-4);
      t.equal(run?.split(' ')[0], `${result}`, `${engine}: the result`);
      t.match(Buffer.from(stream ?? '', 'hex').toString(), new RegExp(`^${wanted}$`), `${engine}: the report`);
      t.equal(after, '', 'each byte is read once');
    }
    t.end();
  });
}

t.test('a stream holds so many bytes, however often a program goes wrong', (t) => {
  const text = `r1 = map[0]; r2 = 0x${ARENA_START.slice(0, -4)}3008 ll; r2 = cast_kern(r2); r6 = 4000
    top: r3 = *(u64 *)(r2 + 0); r6 += -1; if r6 != 0 goto top; r0 = 0; exit`;
  const script = [arenaMap, writer.prog(`${PT.SYSCALL}:0:16`, text), 'r 0 - 0 0 -', 't 0 2', 't 0 2', 'c'];
  const { interp, jit } = machine.both(script);
  t.equal(interp[2]?.trim(), '0');
  t.ok((jit[3]?.length ?? 0) / 2 < 100_000);
  t.same(interp.slice(3), jit.slice(3));
  t.end();
});
t.same(machine.bugs, []);
