/**
 * Which program may call which helper, against what Linux 6.18 answered to a load of
 * `call N` for every program type, attach type and helper (recorded with CAP_SYS_ADMIN
 * and with CAP_BPF + CAP_NET_ADMIN alone).
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { HELPER_MAX_ID, HELPER_PROTOS, helperName } from '../../vm/helpers/protos.ts';
import { helperProto } from '../../vm/helpers/protos_access.ts';
import type { ProgContext, VerifierCaps } from '../../vm/verifier/types.ts';

const ALL: VerifierCaps = { bpf: true, perfmon: true, netAdmin: true, sysAdmin: true };
const BPF_ONLY: VerifierCaps = { bpf: true, perfmon: false, netAdmin: true, sysAdmin: false };

function context(type: number, expectedAttachType: number, caps: VerifierCaps): ProgContext {
  return { type, expectedAttachType, sleepable: false, caps, gplCompatible: true, attachFuncName: '', devBound: false };
}

type Recorded = Record<string, Record<string, string>>;
const golden = JSON.parse(
  gunzipSync(readFileSync(new URL('../../../test/golden/helper_access.json.gz', import.meta.url))).toString(),
) as Recorded;

t.test('helperProto() gives each program the helpers the kernel gave it', async (t) => {
  for (const [name, caps] of [
    ['all', ALL],
    ['bpf', BPF_ONLY],
  ] as const) {
    const recorded = golden[name] ?? {};
    t.ok(Object.keys(recorded).length > 40, `${name}: recorded`);
    for (const [key, hex] of Object.entries(recorded)) {
      const [type, attach] = key.split(':').map(Number);
      const bits = Buffer.from(hex, 'hex');
      const wrong: string[] = [];
      for (let id = 1; id < HELPER_MAX_ID; id++) {
        const kernel = ((bits[id >> 3]! >> (id & 7)) & 1) === 1;
        const ours = helperProto(id, context(type!, attach!, caps)) !== undefined;
        if (kernel !== ours) wrong.push(`${kernel ? 'lacks' : 'has'} ${helperName(id)}`);
      }
      t.same(wrong, [], `${name}: program type ${type}, attach type ${attach}`);
    }
  }
});

t.test('prototypes stand at their ids and have at most five arguments', async (t) => {
  t.equal(HELPER_MAX_ID, 212);
  t.equal(helperName(0), 'unspec');
  t.equal(helperName(212), undefined);
  t.same(
    HELPER_PROTOS.filter((p, i) => p.id !== i + 1 || p.args.length > 5),
    [],
  );
});
