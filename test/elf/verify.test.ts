import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { builtinBtf } from '../../btf/builtin.ts';
import { verifyInsns, verifyObject } from '../../elf/verify.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { fixture } from './fixtures.ts';

const clock = { monotonic: () => 0n, boottime: () => 0n, realtime: () => 0n };
const kernel = new Kernel({ cpus: 2, memory: 64 << 20, clock, random: seededRandom(1), vmlinux: builtinBtf() });

t.test('verifyObject() gives a verdict on every program', async (t) => {
  const verdicts = verifyObject(fixture('maps'), { name: 'maps', kernel });
  t.same(
    verdicts.map(({ program, section, type, accepted }) => [program, section, type, accepted]),
    [
      ['drop_next', 'xdp', 'XDP', true],
      ['count', 'xdp', 'XDP', true],
      ['filter', 'socket', 'SOCKET_FILTER', true],
    ],
  );
  for (const { reason } of verdicts) t.match(reason, /^processed \d+ insns/);
});

t.test('a program that is refused has its reason in one line', async (t) => {
  const [probe] = verifyObject(fixture('core'), { name: 'core', kernel });
  t.match(probe, { program: 'probe', type: 'RAW_TRACEPOINT', accepted: false, errno: 13 });
  t.equal(probe?.reason, "EACCES: R6 invalid mem access 'scalar'");
  t.match(probe?.log, /processed \d+ insns/);
});

t.test('programs of a structure of operations are verified for their slots', async (t) => {
  const verdicts = verifyObject(fixture('struct_ops'), { kernel });
  t.same(
    verdicts.map(({ type }) => type),
    ['STRUCT_OPS', 'STRUCT_OPS', 'STRUCT_OPS'],
  );
});

t.test('bare instructions are verified as a program of a type', async (t) => {
  const ret = Uint8Array.of(0xb7, 0, 0, 0, 1, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);
  t.match(verifyInsns(ret, BPF_PROG_TYPE.XDP, { kernel }), [{ accepted: true, type: 'XDP' }]);
  const exit = ret.subarray(8);
  t.match(verifyInsns(exit, BPF_PROG_TYPE.XDP, { kernel }), [{ accepted: false, reason: 'EACCES: R0 !read_ok' }]);
  t.equal(kernel.progs.size, 0, 'nothing is left');
});
