/** What OBJ_GET_INFO_BY_FD shows of programs, as Linux 6.18 showed it (golden/syscall/xlated.json). */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { LocalCaller } from '../../syscall/local_caller.ts';
import { BPF_CMD } from '../../uapi/bpf.ts';

interface Recorded {
  readonly name: string;
  readonly type: number;
  readonly attach: number;
  readonly insns: string;
  readonly xlated: string;
}

const GOLDEN = new URL('../../../test/golden/syscall/xlated.json', import.meta.url);
const clock = { monotonic: () => 0n, boottime: () => 0n, realtime: () => 0n };
const ROOM = 1 << 16;
const CALL = 0x85;

const kernel = new Kernel({ memory: 32 << 20, clock, random: seededRandom(1), vmlinux: undefined });
const caller = new LocalCaller();

/** bpf(2) with 32-bit words, and addresses as bigint. */
function bpf(cmd: number, ...words: (number | bigint)[]): number {
  const attr = new Uint8Array(168);
  const view = new DataView(attr.buffer);
  let at = 0;
  for (const word of words) {
    if (typeof word === 'bigint') view.setBigUint64(at, word, true);
    else view.setUint32(at, word >>> 0, true);
    at += typeof word === 'bigint' ? 8 : 4;
  }
  return kernel.bpf(cmd, attr, attr.length, caller.put(attr), caller);
}

function shown(program: Recorded): string {
  const insns = Buffer.from(program.insns, 'hex');
  const [code, license] = [caller.put(insns), caller.put(Buffer.from('GPL\0'))];
  const name = [0, 0, 0, 0];
  const head = [program.type, insns.length / 8, BigInt(code), BigInt(license), 0, 0, 0n, 0, 0] as const;
  const fd = bpf(BPF_CMD.PROG_LOAD, ...head, ...name, 0, program.attach);
  if (fd < 0) return `load: ${fd}`;
  const out = caller.alloc(ROOM);
  const info = new Uint8Array(232);
  const view = new DataView(info.buffer);
  view.setUint32(20, ROOM, true);
  view.setBigUint64(32, BigInt(out), true);
  const at = caller.put(info);
  const err = bpf(BPF_CMD.OBJ_GET_INFO_BY_FD, fd, info.length, BigInt(at));
  if (err < 0) return `info: ${err}`;
  const length = Buffer.from(caller.bytes(at + 20, 4)).readUInt32LE(0);
  const bytes = Buffer.from(caller.bytes(out, length));
  // The recording has no addresses of functions.
  for (let i = 0; i < length; i += 8) if (bytes[i] === CALL && bytes[i + 1]! >> 4 !== 1) bytes.fill(0, i + 4, i + 8);
  return bytes.toString('hex');
}

const lines = (hex: string): string[] => hex.match(/.{1,16}/g) ?? [];

for (const program of JSON.parse(readFileSync(GOLDEN, 'utf8')) as Recorded[]) {
  t.test(program.name, (t) => {
    t.same(lines(shown(program)), lines(program.xlated));
    t.end();
  });
}
