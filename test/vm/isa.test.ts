/** The cases of test/golden/isa, on both engines. */
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { asm } from './lib/asm.ts';
import { testVm, trustedProg } from './lib/facts.ts';

const DIRECTORY = 'test/golden/isa';
const vm = testVm();

for (const file of readdirSync(DIRECTORY)) {
  const [, ...cases] = readFileSync(`${DIRECTORY}/${file}`, 'utf8').split(/^== /m);
  for (const text of cases) {
    const name = text.slice(0, text.indexOf('\n'));
    const [source = '', wanted = ''] = text.slice(name.length).split('=>');
    t.test(name, (t) => {
      for (const engine of ['interp', 'jit'] as const) {
        const prog = trustedProg(vm, asm(source), engine);
        t.equal(`0x${prog.run64(0).toString(16)}`, `0x${BigInt(wanted.trim()).toString(16)}`, engine);
      }
      t.end();
    });
  }
}
