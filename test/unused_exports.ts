/**
 * Names that a file exports and no other file imports: nobody needs them, or nobody
 * outside. Types may be named by what the file exports besides. Part of the lint step;
 * it reads the source as biome formats it, where imports and exports always look alike.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Tables of the kernel's numbers are complete, whoever uses them. */
const COMPLETE = /^uapi\//;

const EXPORT = /^export (?:abstract |async )?(const|let|class|function\*?|interface|type) (\w+)/gm;
const EXPORT_LIST = /^export (?:type )?\{([^}]*)\}(?: from '([^']+)')?;/gm;
const IMPORT = /^(?:import|export) (?:type )?\{([^}]*)\} from '(\.[^']+)';/gm;
const IMPORT_ALL = /(?:\* as (\w+) from|import\() ?'(\.[^']+)'/g;

/** The names in the braces of an import or export: as they are called in the file that has them. */
function namesIn(braces: string): string[] {
  return braces.split(',').flatMap((item) => /^\s*(?:type )?(\w+)/.exec(item)?.[1] ?? []);
}

/** Folders without source of ours. */
const FOREIGN = /^(?:node_modules|dist|build|\..*)$/;
const files = readdirSync('.', { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !FOREIGN.test(entry.name))
  .flatMap(({ name }) => readdirSync(name, { recursive: true, encoding: 'utf8' }).map((path) => join(name, path)))
  .filter((path) => path.endsWith('.ts'));
const sources = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));
const imported = new Set<string>();
const importedWhole = new Set<string>();
for (const [file, text] of sources) {
  const target = (path: string): string => normalize(join(dirname(file), path)).replace(/\.js$/, '.ts');
  for (const [, braces, path] of text.matchAll(IMPORT))
    for (const name of namesIn(braces ?? '')) imported.add(`${target(path ?? '')} ${name}`);
  for (const [, , path] of text.matchAll(IMPORT_ALL)) importedWhole.add(target(path ?? ''));
}
let unused = 0;
for (const [file, text] of sources) {
  if (COMPLETE.test(file) || importedWhole.has(file)) continue;
  const exported = [...text.matchAll(EXPORT_LIST)].flatMap(([, braces]) => namesIn(braces ?? ''));
  for (const [, kind, name = ''] of text.matchAll(EXPORT)) {
    const isType = kind === 'interface' || kind === 'type';
    if (!isType || [...text.matchAll(new RegExp(`\\b${name}\\b`, 'g'))].length === 1) exported.push(name);
  }
  for (const name of exported) {
    if (imported.has(`${file} ${name}`)) continue;
    unused++;
    console.log(`${file}: ${name} is exported, but no other file imports it`);
  }
}
process.exitCode = unused === 0 ? 0 : 1;
