import t from 'tap';
import { BpfLog } from '../../base/bpf_log.ts';
import { seededRandom } from '../../base/env.ts';
import { loadBtf } from '../../btf/parse.ts';
import { readObject } from '../../elf/read.ts';
import { findSection } from '../../elf/sec_table.ts';
import { BPF_ATTACH_TYPE, BPF_F_MAP, BPF_MAP_TYPE, BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { Errno } from '../../uapi/errno.ts';
import { fixture, golden } from './fixtures.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

t.test('readObject() makes of maps.bpf.o what libbpf makes of it', async (t) => {
  const spec = readObject(fixture('maps'), { name: 'maps' });
  const libbpf = golden<Record<string, { insns: string; func_info: number; line_info: number }>>('elf-maps');
  t.same(spec.programs.map((program) => program.name).sort(), Object.keys(libbpf).sort());
  for (const program of spec.programs) {
    const insns = program.insns.slice();
    const view = new DataView(insns.buffer);
    for (const { insn, kind, offset } of program.fixups) {
      insns[insn * 8 + 1] = (insns[insn * 8 + 1] ?? 0) | (kind === 'map' ? 0x10 : 0x20);
      view.setUint32(insn * 8 + 4, 0, true);
      view.setUint32(insn * 8 + 12, offset, true);
    }
    t.equal(hex(insns), libbpf[program.name]?.insns, program.name);
    t.equal(program.funcInfo.length / program.funcInfoRecSize, libbpf[program.name]?.func_info);
    t.equal(program.lineInfo.length / program.lineInfoRecSize, libbpf[program.name]?.line_info);
  }
});

t.test('maps come from their BTF definitions', async (t) => {
  const { maps } = readObject(fixture('maps'), { name: 'maps' });
  const by = (name: string) => maps.find((map) => map.name === name);
  t.match(by('stats'), { type: BPF_MAP_TYPE.HASH, keySize: 4, valueSize: 16, maxEntries: 1024 });
  t.ok((by('stats')?.keyTypeId ?? 0) > 0 && (by('stats')?.valueTypeId ?? 0) > 0);
  t.match(by('plain'), { type: BPF_MAP_TYPE.ARRAY, valueSize: 8, flags: BPF_F_MAP.RDONLY_PROG, keyTypeId: 0 });
  t.match(by('outer'), { type: BPF_MAP_TYPE.ARRAY_OF_MAPS, valueSize: 4, inner: { valueSize: 8, maxEntries: 2 } });
  t.same(by('outer')?.slots, [
    [1, 'in0'],
    [3, 'in1'],
  ]);
  t.same(by('jumps')?.slots, [[2, 'drop_next']]);
});

t.test('sections of globals become maps', async (t) => {
  const { maps } = readObject(fixture('maps'), { name: 'maps' });
  const by = (name: string) => maps.find((map) => map.name === name);
  t.match(by('maps.data'), { valueSize: 4, maxEntries: 1, flags: BPF_F_MAP.MMAPABLE, frozen: false });
  t.equal(hex(by('maps.data')?.contents ?? new Uint8Array(0)), '07000000');
  t.match(by('maps.rodata'), { flags: BPF_F_MAP.MMAPABLE | BPF_F_MAP.RDONLY_PROG, frozen: true });
  t.equal(by('.data.custom')?.contents?.[0], 5);
  t.ok(by('maps.bss')?.contents?.every((byte) => byte === 0));
});

t.test('the BTF of an object is made fit for BTF_LOAD', async (t) => {
  for (const name of ['maps', 'core', 'extern']) {
    const spec = readObject(fixture(name), { name });
    const log = BpfLog.unbounded(1);
    t.type(loadBtf(spec.btf, log), 'object', `${name}: ${log.text().slice(-200)}`);
  }
});

t.test('what the kernel is to supply', async (t) => {
  const spec = readObject(fixture('extern'), {
    name: 'extern',
    kconfig: { CONFIG_BPF_SYSCALL: 'y' },
    kernelVersion: 0x61200,
  });
  const config = spec.maps.find((map) => map.name === 'extern.kconfig');
  // The two integers in the order of their names, then the bool.
  t.equal(hex(config?.contents ?? new Uint8Array(0)), '00000000' + '00120600' + '01');
  t.ok(config?.frozen);
  const classify = spec.programs.find((program) => program.name === 'classify');
  t.same(
    classify?.fixups.filter((fixup) => fixup.kind !== 'map_value').map((fixup) => [fixup.kind, fixup.name, fixup.weak]),
    [
      ['kfunc', 'bpf_rcu_read_lock', false],
      ['kfunc', 'bpf_rcu_read_unlock', false],
      ['ksym', 'bpf_no_such_function', true],
      ['kfunc', 'bpf_no_such_function', true],
    ],
  );
  t.equal(spec.license, 'Dual BSD/GPL');
  t.equal(spec.programs.find((program) => program.name === 'only_when_asked')?.optional, true);
});

t.test('findSection() knows what a section name says', async (t) => {
  const type = (name: string) => findSection(name)?.def.type;
  t.equal(type('xdp'), BPF_PROG_TYPE.XDP);
  t.equal(type('socket'), BPF_PROG_TYPE.SOCKET_FILTER);
  t.equal(findSection('xdp.frags')?.def.frags, true);
  t.same(findSection('kprobe/do_unlinkat')?.target, 'do_unlinkat');
  t.same(findSection('tp/syscalls/sys_enter_open')?.target, 'syscalls/sys_enter_open');
  t.equal(findSection('fentry.s/vfs_read')?.def.sleepable, true);
  t.equal(findSection('cgroup/connect4')?.def.attachType, BPF_ATTACH_TYPE.CGROUP_INET4_CONNECT);
  t.equal(findSection('?tc')?.def.type, BPF_PROG_TYPE.SCHED_CLS);
  t.equal(findSection('iter/task')?.def.attachBtf, 'iter');
  t.equal(findSection('nothing'), undefined);
  t.equal(findSection('kprobes'), undefined);
});

t.test('a broken object is refused with a sentence', async (t) => {
  t.throws(() => readObject(new Uint8Array(10)), { message: /does not start with an ELF header/ });
  const bytes = fixture('maps');
  bytes[18] = 62;
  t.throws(() => readObject(bytes), { message: 'Cannot read the ELF object: its machine is 62, 247 (BPF) is wanted' });
});

const seed = Number(process.env['BPF_EMU_SEED'] ?? Date.now() % 1_000_000_007);

t.test(`mutated objects throw nothing but an Errno (seed ${seed})`, async (t) => {
  const random = seededRandom(seed);
  const originals = ['maps', 'core', 'extern'].map(fixture);
  let read = 0;
  for (let i = 0; i < 3000; i++) {
    const bytes = (originals[i % originals.length] as Uint8Array).slice();
    for (let j = random.u32() % 8; j >= 0; j--) bytes[random.u32() % bytes.length] = random.u32() & 0xff;
    try {
      readObject(i % 50 === 0 ? bytes.subarray(0, random.u32() % bytes.length) : bytes);
      read++;
    } catch (error) {
      if (error instanceof Errno) continue;
      t.fail(`seed ${seed}, object ${i}: ${error instanceof Error ? error.stack : error}`);
      return;
    }
  }
  t.ok(read > 100, `${read} of 3000 could be read`);
});
