import t from 'tap';
import { SeqReader, type SeqRecords } from '../../fs/seq_file.ts';
import type { ShowSink } from '../../maps/map.ts';

/** Records as a pinned map has them: once the end is reached, there is nothing more. */
class Lines implements SeqRecords {
  readonly lines: string[];
  #at = 0;
  #done = false;

  constructor(lines: string[]) {
    this.lines = lines;
  }

  start(index: number): boolean {
    if (this.#done) return false;
    this.#at = index;
    return true;
  }

  next(): boolean {
    if (this.#done) return false;
    this.#at++;
    this.#done = this.#at >= this.lines.length;
    return !this.#done;
  }

  show(out: ShowSink): void {
    out.text(this.lines[this.#at] ?? '');
  }
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${i}: ${i * 3}\n`);
}

/** Reads until nothing comes: the sizes of the reads, and the text. */
function readAll(reader: SeqReader, size: number): { sizes: number[]; text: string } {
  const out = new Uint8Array(size);
  const sizes: number[] = [];
  let text = '';
  for (let position = 0; ; ) {
    const length = reader.read(position, out);
    if (length <= 0) return { sizes, text };
    sizes.push(length);
    text += Buffer.from(out.subarray(0, length)).toString('latin1');
    position += length;
  }
}

function pread(reader: SeqReader, position: number, size: number): string {
  const out = new Uint8Array(size);
  return Buffer.from(out.subarray(0, reader.read(position, out))).toString('latin1');
}

t.test('a read gives whole records that fit into a page, whatever more is asked for', (t) => {
  const lines = numbered(2000);
  const { sizes, text } = readAll(new SeqReader(new Lines(lines)), 65536);
  t.equal(text, lines.join(''));
  t.ok(sizes.slice(0, -1).every((size) => size < 4096 && size > 4080));
  let at = 0;
  for (const size of sizes) {
    at += size;
    t.equal(text[at - 1], '\n', 'ends with a record');
  }
  t.end();
});

t.test('a small read leaves the rest of the buffer to the next ones', (t) => {
  const lines = numbered(500);
  for (const size of [1, 7, 50, 100, 4095])
    t.equal(readAll(new SeqReader(new Lines(lines)), size).text, lines.join(''));
  t.end();
});

t.test('a record larger than a page enlarges the buffer', (t) => {
  const lines = ['a\n', `${'b'.repeat(10_000)}\n`, 'c\n'];
  const { sizes, text } = readAll(new SeqReader(new Lines(lines)), 65536);
  t.equal(text, lines.join(''));
  t.same(sizes, [2, 10_003], 'the big one takes what still fits along');
  t.end();
});

t.test('a record that fills the page exactly counts as too large', (t) => {
  const lines = [`${'x'.repeat(4095)}\n`, `${'y'.repeat(4094)}\n`];
  t.same(readAll(new SeqReader(new Lines(lines)), 65536).sizes, [4096 + 4095], 'the buffer doubles, then both fit');
  t.end();
});

t.test('pread goes to any position until the end was reached once', (t) => {
  const lines = numbered(300);
  const text = lines.join('');
  const reader = new SeqReader(new Lines(lines));
  t.equal(pread(reader, 0, 50), text.slice(0, 50));
  t.equal(pread(reader, 50, 50), text.slice(50, 100));
  t.equal(pread(reader, 10, 50), text.slice(10, 60));
  t.equal(pread(reader, 1000, 33), text.slice(1000, 1033));
  t.equal(pread(reader, 100_000, 10), '');
  t.equal(pread(reader, 0, 4096), '', 'nothing more after the end');
  t.end();
});

t.test('the buffer is a snapshot: later records are read when they are reached', (t) => {
  const lines = numbered(2000);
  const reader = new SeqReader(new Lines(lines));
  const first = pread(reader, 0, 6);
  lines[1] = 'changed but buffered\n';
  lines[1999] = 'changed in time\n';
  let text = first;
  for (let part = pread(reader, text.length, 4096); part !== ''; part = pread(reader, text.length, 4096)) text += part;
  t.notMatch(text, /buffered/);
  t.match(text, /changed in time\n$/);
  t.end();
});

t.test('a record that no buffer can hold ends the reading', (t) => {
  const reader = new SeqReader(new Lines([`${'z'.repeat(5 << 20)}\n`]));
  t.equal(pread(reader, 0, 100), '');
  t.equal(pread(reader, 5, 100), '');
  t.end();
});
