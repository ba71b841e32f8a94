/**
 * Context fields of every program type and attach type, against what `is_valid_access`
 * of Linux 6.18 answers for each offset below 400, each size, reading and writing.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { progType } from '../../vm/progtypes/index.ts';
import { sockAccess } from '../../vm/progtypes/sock.ts';
import * as flags from '../../vm/verifier/flags.ts';
import type { CtxAccess, ProgContext } from '../../vm/verifier/types.ts';

type Recorded = Record<string, Record<string, string>>;
const golden = JSON.parse(
  gunzipSync(readFileSync(new URL('../../../test/golden/ctx_access.json.gz', import.meta.url))).toString(),
) as Recorded;

const SOCKETS: Readonly<Record<string, number>> = {
  sock: flags.PTR_TO_SOCKET,
  sock_common: flags.PTR_TO_SOCK_COMMON,
  tcp_sock: flags.PTR_TO_TCP_SOCK,
  xdp_sock: flags.PTR_TO_XDP_SOCK,
};

function context(type: number, expectedAttachType: number): ProgContext {
  const caps = { bpf: true, perfmon: true, netAdmin: true, sysAdmin: true };
  return { type, expectedAttachType, sleepable: false, caps, gplCompatible: true, attachFuncName: '', devBound: false };
}

const SINGLE_OFFSETS = 400;

/** Access as the recording has it: `offset -> "REG fieldSize"`. */
function parse(recorded: Record<string, string>): Map<string, string> {
  const all = new Map<string, string>();
  for (const [key, ranges] of Object.entries(recorded)) {
    const [access, reg, fieldSize] = key.split(' ');
    const size = Number(access!.slice(1));
    for (const range of ranges.split(' ')) {
      const [first, last] = range.split('-').map(Number);
      for (let off = first!; off <= (last ?? first!); off += size)
        all.set(`${access}@${off}`, `${reg} ${fieldSize ?? 0}`);
    }
  }
  return all;
}

function regName(regType: number): string {
  for (const [name, value] of Object.entries(flags)) {
    if (value === regType && /^(PTR_TO_|SCALAR_VALUE)/.test(name)) return name;
  }
  return String(regType);
}

t.test('ctxAccess() allows what the kernel allows, and calls it the same', async (t) => {
  t.ok(Object.keys(golden).length > 50, 'recorded');
  for (const [key, recorded] of Object.entries(golden)) {
    const [typeText, attach] = key.split(':');
    const type = Number(typeText);
    if (typeText === '31') continue;
    const prog = context(type, Number(attach));
    const socket = SOCKETS[typeText!];
    const access = (off: number, size: number, write: boolean): CtxAccess | undefined => {
      if (socket === undefined) return progType(type)!.ctxAccess(off, size, write, prog);
      return write ? undefined : sockAccess(socket, off, size, prog);
    };
    const kernel = parse(recorded);
    const wrong: string[] = [];
    for (const write of socket === undefined ? [false, true] : [false]) {
      for (const size of [1, 2, 4, 8]) {
        for (let off = 0; off < SINGLE_OFFSETS; off++) {
          const at = `${write ? 'W' : 'R'}${size}@${off}`;
          const ours = access(off, size, write);
          const name = ours === undefined ? undefined : `${regName(ours.regType)} ${ours.fieldSize}`;
          if (name !== kernel.get(at)) wrong.push(`${at}: ${name}, kernel ${kernel.get(at)}`);
        }
      }
    }
    t.same(wrong, [], `type ${key}`);
  }
});
