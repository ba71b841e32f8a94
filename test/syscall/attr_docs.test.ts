import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { attrDocs } from '../../syscall/attr_docs.ts';

const page = new URL('../../../docs/BPF_ATTR.md', import.meta.url);

t.test('docs/BPF_ATTR.md is what the attr table says', (t) => {
  const wanted = attrDocs();
  if (process.env['UPDATE'] === '1') writeFileSync(page, wanted);
  t.equal(readFileSync(page, 'utf8'), wanted, 'write it anew with UPDATE=1');
  t.end();
});
