/** Recordings of a real kernel that are replayed through exec, where they are at hand. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cannotExec, cannotRunPython, ROOT } from './util.ts';

/** Where the recordings are: BPF_EMU_ORACLE, or beside the project. */
export const ORACLE = resolve(ROOT, process.env['BPF_EMU_ORACLE'] ?? '../shared/oracle');

/** All of them, which takes a minute, are replayed when their place is named; else a part. */
export const ALL = process.env['BPF_EMU_ORACLE'] !== undefined;

/** Why they cannot be replayed here, or false. */
export function cannotReplay(part: string): string | false {
  if (!existsSync(join(ORACLE, part))) return `no recordings in ${ORACLE} (BPF_EMU_ORACLE names another place)`;
  return cannotExec(true) || cannotRunPython();
}

/** The ids that docs/coverage/exec.md explains. */
export function knownDifferences(): ReadonlySet<string> {
  const text = readFileSync(join(ROOT, 'docs', 'coverage', 'exec.md'), 'utf8');
  const ids = new Set<string>();
  for (const line of text.split('\n')) {
    const cell = /^\| ([a-zA-Z0-9_., ]+) \|/.exec(line)?.[1];
    for (const id of cell?.split(', ') ?? []) if (id.includes('.')) ids.add(id);
  }
  return ids;
}
