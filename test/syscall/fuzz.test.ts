/**
 * Random attrs and pointers against the dispatcher: it never throws, answers a result
 * or an errno, and what it took it gives back. The seed is printed and can be given
 * as FUZZ_SEED.
 */
import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { BpfFile, type ForeignFile } from '../../base/object.ts';
import { COMMAND_ATTRS, type CommandAttr, TEST } from '../../syscall/attr_table.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { LOCAL_BASE, LocalCaller } from '../../syscall/local_caller.ts';
import { BPF_CMD } from '../../uapi/bpf.ts';
import { CAP_FULL_SET } from '../../uapi/capability.ts';
import { MAX_ERRNO } from '../../uapi/errno.ts';

const CALLS = 30_000;
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);

const FILES: readonly ForeignFile[] = (['cgroup', 'bpffs', 'socket', 'netns', 'pidfd', 'perf_event'] as const).map(
  (what, i) => ({ kind: 'foreign', what, dev: 9, ino: i + 1, path: what === 'cgroup' ? '/cg/a' : '', pid: 1 }),
);

const BASIC: readonly BpfCmd[] = [
  'TOKEN_CREATE',
  'ITER_CREATE',
  'OBJ_PIN',
  'OBJ_GET',
  'TASK_FD_QUERY',
  'BTF_LOAD',
  'BTF_GET_FD_BY_ID',
  'BTF_GET_NEXT_ID',
];
/** Commands that can succeed without a file system and with random bytes. */
const COMMANDS: readonly number[] = COMMAND_ATTRS.filter((command) => !BASIC.includes(command.name)).map(
  (command) => command.number,
);

/** Values that let commands come far. */
const TEMPLATES: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = {
  MAP_CREATE: {
    map_type: [1, 2, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 22, 23, 27, 30],
    key_size: [4, 4, 4, 4, 8, 0],
    value_size: [4, 4, 4, 8, 8, 3, 16, 0],
    max_entries: [1, 2, 4, 100, 4096, 0],
    map_flags: [0, 0, 0, 1, 64],
    numa_node: [0],
    map_ifindex: [0],
    btf_key_type_id: [0],
    btf_value_type_id: [0],
    btf_vmlinux_value_type_id: [0],
    excl_prog_hash_size: [32],
  },
  MAP_LOOKUP_ELEM: { key: [1], value: [1] },
  MAP_UPDATE_ELEM: { key: [1], value: [1] },
  MAP_DELETE_ELEM: { key: [1] },
  MAP_GET_NEXT_KEY: { next_key: [1] },
  MAP_LOOKUP_BATCH: { keys: [1], values: [1], out_batch: [1], count: [1, 2, 8, 100] },
  MAP_LOOKUP_AND_DELETE_BATCH: { keys: [1], values: [1], out_batch: [1], count: [1, 2, 8, 100] },
  MAP_UPDATE_BATCH: { keys: [1], values: [1], count: [1, 2, 8] },
  MAP_DELETE_BATCH: { keys: [1], values: [1], count: [1, 2, 8] },
  PROG_LOAD: { prog_type: [1, 3, 6, 8, 8, 8, 17, 22, 30], expected_attach_type: [0, 0, 36] },
  PROG_ATTACH: { attach_type: [0, 0, 0, 17], attach_flags: [0, 1, 2, 2] },
  PROG_DETACH: { attach_type: [0, 0, 0, 17] },
  PROG_QUERY: { attach_type: [0, 0, 17, 36], prog_ids: [1], prog_cnt: [0, 1, 8] },
  LINK_CREATE: { attach_type: [0, 0, 0, 17, 36] },
  OBJ_GET_INFO_BY_FD: { info: [1], info_len: [0, 16, 104, 232, 4096] },
  PROG_TEST_RUN: { data_size_in: [14, 64], data_in: [1] },
  PROG_STREAM_READ_BY_FD: { stream_id: [1, 2] },
  ENABLE_STATS: { type: [0] },
};

/** Values that are often wrong. */
const ODD: readonly number[] = [
  0, 1, 2, 3, 7, 8, 255, 4095, 4096, 65535, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
];

type BpfCmd = keyof typeof BPF_CMD;

t.test('random attrs neither throw nor leak', (t) => {
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  const below = (n: number): number => random.u32() % n;
  const tick = (): bigint => 1n;
  const kernel = new Kernel({
    cpus: 2,
    memory: 128 << 20,
    poison: true,
    clock: { monotonic: tick, boottime: tick, realtime: tick },
    random,
  });
  const caller = new LocalCaller({ caps: CAP_FULL_SET });
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  /** A descriptor of the kind a field wants, when there is one. */
  const descriptor = (kind: string): number => {
    const of: number[] = [];
    for (let fd = 0; fd < 64; fd++) {
      const file = caller.fdget(fd);
      if (file === undefined) continue;
      if (kind === 'any' || (file instanceof BpfFile && file.object.kind === kind)) of.push(fd);
    }
    return of.length === 0 ? 99 : pick(of);
  };
  let wrong = 0;
  const successes = new Uint32Array(40);
  for (let call = 0; call < CALLS; call++) {
    caller.reset();
    if (caller.fds.open < 8) for (const file of FILES) caller.installForeign(file);
    const heap = caller.alloc(1 << 14);
    for (let i = 0; i < 64; i++)
      caller.write(heap + below(1 << 12), Uint8Array.of(below(4) === 0 ? below(256) : below(4)));
    const cmd = below(10) === 0 ? below(40) : pick(COMMANDS);
    const command = COMMAND_ATTRS[cmd];
    const attr = new Uint8Array(176);
    const view = new DataView(attr.buffer);
    for (const field of command?.arm.fields ?? []) {
      if (!(command as CommandAttr).fields.includes(field.name) || field.dir === 'out') continue;
      // Of a union, only what its first member means.
      if (cmd === BPF_CMD.LINK_CREATE && field.offset >= 12) continue;
      if (field.unionWith !== undefined && field.name !== 'next_key') continue;
      const valid = TEMPLATES[command?.name ?? '']?.[field.name];
      if (field.fd !== undefined) {
        if (below(2) === 0 || ['map_fd', 'prog_fd', 'link_fd', 'bpf_fd', 'attach_bpf_fd'].includes(field.name))
          if (field.name !== 'bpf_fd' || command?.name !== 'OBJ_GET')
            view.setInt32(field.offset, descriptor(field.fd), true);
        if (field.name.endsWith('token_fd') || field.name === 'path_fd') view.setInt32(field.offset, 0, true);
      } else if (field.kind === 'ptr') {
        if (valid !== undefined || below(3) > 0) view.setBigUint64(field.offset, BigInt(heap + below(512) * 8), true);
      } else if (valid !== undefined) view.setUint32(field.offset, pick(valid), true);
      else if (field.symbols !== undefined) view.setUint32(field.offset, below(36), true);
      else if (field.id !== undefined) view.setUint32(field.offset, below(2) === 0 ? 0 : call >> below(8), true);
    }
    if (cmd === BPF_CMD.PROG_LOAD) {
      // Programs of two instructions that the stand-in for the verifier can trust.
      const insns = caller.put(Uint8Array.of(0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0));
      for (const [at, value] of [
        [8, insns],
        [16, heap],
        [32, 0],
        [80, 0],
        [96, 0],
        [120, 0],
        [128, 0],
        [152, 0],
      ] as const)
        view.setBigUint64(at, BigInt(value), true);
      for (const at of [72, 112]) view.setUint32(at, 0, true);
    }
    if (cmd === BPF_CMD.RAW_TRACEPOINT_OPEN)
      view.setBigUint64(0, BigInt(caller.put(new TextEncoder().encode('sys_enter\0'))), true);
    for (let mutations = below(3); mutations > 0; mutations--) {
      const field = pick(command?.arm.fields ?? [undefined]);
      if (field === undefined) continue;
      if (cmd === BPF_CMD.PROG_LOAD && (field.name === 'insns' || field.name === 'insn_cnt')) continue;
      if (field.kind === 'ptr') view.setBigUint64(field.offset, pointer(heap, random.u32(), below), true);
      else if (field.kind === 'char') view.setUint8(field.offset, below(256));
      else view.setUint32(field.offset, below(2) === 0 ? pick(ODD) : 1 << below(32), true);
    }
    if (below(20) === 0) view.setUint32(below(43) * 4, random.u32(), true);
    if (cmd === BPF_CMD.PROG_LOAD) view.setUint32(4, 2, true);
    // Repeating a program two billion times is allowed, and ended by a budget of seconds.
    if (cmd === BPF_CMD.PROG_TEST_RUN) view.setUint32(TEST.at.repeat, below(20), true);
    const size = below(8) === 0 ? pick([0, 4, 16, 32, 64, 120, 168, 176, 4096, 5000]) : 168;
    const uaddr = caller.put(attr);
    const bytes = below(50) === 0 ? undefined : attr.subarray(0, Math.min(size, attr.length));
    const result = kernel.bpf(cmd, bytes, size, uaddr, caller);
    if (result >= 0) successes[cmd] = (successes[cmd] as number) + 1;
    if (!Number.isInteger(result) || result < -MAX_ERRNO) wrong++;
    if (below(6) === 0 || caller.fds.open > 48) caller.close(below(64));
    if (below(500) === 0) caller.caps = below(4) === 0 ? 0n : CAP_FULL_SET;
  }
  const succeeded = COMMANDS.filter((number) => successes[number] !== 0).length;
  t.ok(succeeded >= 20, `${succeeded} commands succeeded now and then`);
  t.comment(COMMAND_ATTRS.map((command) => `${command.name} ${successes[command.number]}`).join(', '));
  t.equal(wrong, 0, 'every result is a number or an errno');
  caller.exit();
  kernel.cgroups.clear();
  kernel.netns.flowDissector?.put();
  t.equal(kernel.maps.size, 0, 'no map is left');
  t.equal(kernel.progs.size, 0, 'no program is left');
  t.equal(kernel.links.size, 0, 'no link is left');
  t.equal(kernel.btfs.size, 0, 'no BTF is left');
  t.ok(kernel.arena.used < 1 << 20, `the arena is empty again (${kernel.arena.used} bytes)`);
  t.end();
});

/** Addresses of all sorts: NULL, valid, at the end of memory, unmapped, beyond 2^53. */
function pointer(heap: number, bits: number, below: (n: number) => number): bigint {
  switch (below(8)) {
    case 0:
      return 0n;
    case 1:
      return BigInt(LOCAL_BASE - 8);
    case 2:
      return BigInt(heap + (1 << 14) - below(64));
    case 3:
      return (BigInt(bits) << 32n) | BigInt(bits);
    default:
      return BigInt(heap + below(1 << 12));
  }
}
