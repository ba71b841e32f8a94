/** What the verifier can say: the texts in its sources that go into the log. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Sources besides vm/verifier that write to the log of a load. */
const OTHERS = ['syscall/prog_load.ts'];
/** Letters that a text needs to be a message rather than a part of a state. */
const MIN_LETTERS = 8;

/** One message: where it is, its text with `…` for what is filled in. */
export interface Message {
  readonly file: string;
  readonly text: string;
  readonly pattern: RegExp;
}

function sources(): string[] {
  const folder = join(ROOT, 'vm', 'verifier');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return [
    ...files.filter((name) => name.endsWith('.ts')).map((name) => join('vm', 'verifier', name)),
    ...OTHERS,
  ].sort();
}

/** The end of a template literal's `${…}` that starts at `at`. */
function endOfHole(text: string, at: number): number {
  let depth = 1;
  let i = at;
  for (; i < text.length && depth > 0; i++) {
    if (text[i] === '{') depth++;
    else if (text[i] === '}') depth--;
  }
  return i;
}

/** String literals of a source that end in a newline or are handed to `verbose`, holes as `…`. */
function literals(source: string): string[] {
  const found: string[] = [];
  const starts = /(verbose\(\s*)?(['"`])/g;
  const text = source.replace(/^\s*(\/?\*.*|\/\/.*)$/gm, '');
  for (let match = starts.exec(text); match !== null; match = starts.exec(text)) {
    const quote = match[2]!;
    let out = '';
    let i = starts.lastIndex;
    while (i < text.length && text[i] !== quote) {
      if (text[i] === '\\') {
        out += text[i + 1] === 'n' ? '\n' : text[i + 1];
        i += 2;
      } else if (quote === '`' && text.startsWith('${', i)) {
        out += '…';
        i = endOfHole(text, i + 2);
      } else if (quote !== '`' && text[i] === '\n') break;
      else out += text[i++];
    }
    starts.lastIndex = i + 1;
    if (match[1] !== undefined || out.endsWith('\n')) found.push(out);
  }
  return found;
}

/** All messages, each once. */
export function messages(): Message[] {
  const seen = new Map<string, Message>();
  for (const file of sources()) {
    for (const literal of literals(readFileSync(join(ROOT, file), 'utf8'))) {
      for (const line of literal.split('\n')) {
        const text = line.trim();
        if (text.replace(/[^a-zA-Z]/g, '').length < MIN_LETTERS || seen.has(text)) continue;
        const escaped = text.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
        seen.set(text, { file, text, pattern: new RegExp(escaped.join('.*')) });
      }
    }
  }
  return [...seen.values()];
}
