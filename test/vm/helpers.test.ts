/** Helpers on strings give what the kernel gave, on both engines (recorded by record_helpers.ts). */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { mapOps } from '../../maps/index.ts';
import { BpfMap } from '../../maps/map.ts';
import { createVm } from '../../vm/helpers/index.ts';
import type { EngineName } from '../../vm/prog.ts';
import { fromHex, testVm, trustedProg } from './lib/facts.ts';
import { type HelperCase, OUT, programOf } from './lib/helper_cases.ts';

/** A case with the kernel's answer: refused at load, or r0 and the output buffer. */
type Recorded = HelperCase & { readonly refused?: number; readonly r0?: number; readonly out?: string };

const cases = gunzipSync(readFileSync('test/golden/helpers/strings.jsonl.gz'))
  .toString()
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded);

const byId = new Map<number, BpfMap>();
const vm = createVm(testVm(undefined, byId).env);

/** Runs a case: r0 as an int32, and the output. */
function run(test: Recorded, engine: EngineName): { r0: number; out: string } {
  const maps = [test.text, 'ee'.repeat(256), test.data].map((content, index) => {
    const attr = {
      mapType: 2,
      keySize: 4,
      valueSize: 256,
      maxEntries: 1,
      mapFlags: 0,
      numaNode: 0,
      mapExtra: 0n,
      innerMap: -9,
    };
    const map = mapOps(2)?.alloc(attr, vm.env, { hasCap: () => true });
    if (!(map instanceof BpfMap)) throw new Error(`Cannot create the map: ${map}`);
    map.id = index + 1;
    vm.env.arena.i32[map.addr >> 2] = map.id;
    byId.set(map.id, map);
    vm.env.arena.u8.set(fromHex(content), map.ops.lookup!(map, vm.scratch + 64));
    return map;
  });
  const prog = trustedProg(vm, programOf(test), engine, { maps });
  const r0 = prog.run(0) | 0;
  const at = maps[OUT]!.ops.lookup!(maps[OUT]!, vm.scratch + 64);
  const out = Buffer.from(vm.env.arena.u8.subarray(at, at + 256)).toString('hex');
  prog.put();
  return { r0, out };
}

for (const engine of ['interp', 'jit'] as const) {
  for (const helper of ['snprintf', 'strtol', 'strtoul', 'strncmp'] as const) {
    t.test(`bpf_${helper} (${engine})`, (t) => {
      let agreed = 0;
      const wanted = cases.filter((test) => test.helper === helper);
      for (const test of wanted) {
        const { r0, out } = run(test, engine);
        const title = `${Buffer.from(test.text, 'hex')} ${helper === 'snprintf' ? '' : Buffer.from(test.data, 'hex')}`;
        if (test.refused !== undefined ? r0 === -test.refused : r0 === test.r0 && out === test.out) agreed++;
        else t.fail(title, { found: { r0, out }, wanted: { refused: test.refused, r0: test.r0, out: test.out } });
      }
      t.equal(agreed, wanted.length, 'calls that gave what the kernel gave');
      t.end();
    });
  }
}
