/** Writes the pages of docs/coverage that are made from tables. */
import { writeFileSync } from 'node:fs';
import { helpersMarkdown } from './helpers_md.ts';

writeFileSync(new URL('../../../docs/coverage/helpers.md', import.meta.url), helpersMarkdown());
