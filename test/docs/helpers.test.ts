/** docs/coverage/helpers.md says what the tables say. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { helpersMarkdown } from './helpers_md.ts';

t.test('docs/coverage/helpers.md is up to date', async (t) => {
  const found = readFileSync(new URL('../../../docs/coverage/helpers.md', import.meta.url), 'utf8');
  t.ok(found === helpersMarkdown(), 'else run: node dist/test/docs/write.js');
});
