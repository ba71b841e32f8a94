/**
 * Reading a directory, as `dcache_readdir` does: ".", "..", then the entries newest
 * first; offsets are the number of entries given so far. Entries that come while the
 * directory is read are not seen, entries that go are left out.
 */
import { OpenFile } from './file.ts';
import type { Inode } from './inode.ts';
import type { FuseReply } from './message.ts';
import { OUT_HEADER_SIZE } from './protocol.ts';
import { DIRENT_SIZE, ENTRY_OUT_SIZE, putEntry } from './reply.ts';

const DT_DIR = 4;

/** One open directory. */
export class DirStream extends OpenFile {
  readonly openFlags = 0;
  /** The names there were when reading began, newest first; shared with other readers. */
  #names: readonly string[] = [];
  /** For each entry given out, in order, its place in the list; so an offset leads back to where it was. */
  #given: number[] = [];
  /** Names of the list that are not there any more, or anew. */
  readonly #gone = new Set<string>();

  /**
   * The kernel is not told to keep listings (FOPEN_CACHE_DIR): it would go on with what it has
   * when entries go or move meanwhile.
   */
  constructor(inode: Inode) {
    super(inode);
    inode.readers.add(this);
  }

  /** A name goes, or moves, which makes it a new one. */
  leaves(name: string): void {
    if (this.#names.length > 0) this.#gone.add(name);
  }

  override release(): void {
    super.release();
    this.inode.readers.delete(this);
  }

  /**
   * Fills the reply with entries from `offset` on, as many as fit into `size` bytes.
   * With `plus` each carries its attributes (READDIRPLUS).
   */
  list(reply: FuseReply, offset: number, size: number, plus: boolean): number {
    const end = OUT_HEADER_SIZE + Math.min(size, reply.room);
    let at = OUT_HEADER_SIZE;
    let position = offset;
    if (position <= 2) this.#rewind();
    for (; position < 2; position++) {
      const inode = position === 0 ? this.inode : (this.inode.parent ?? this.inode);
      const next = putDirent(reply, at, end, inode, position === 0 ? '.' : '..', position + 1, plus, false);
      if (next === 0) return at - OUT_HEADER_SIZE;
      at = next;
    }
    const before = position - 3;
    let place =
      position === 2 ? 0 : before < this.#given.length ? (this.#given[before] as number) + 1 : this.#seek(before);
    this.#given.length = Math.min(this.#given.length, position - 2);
    for (; place < this.#names.length; place++) {
      const name = this.#names[place] as string;
      const inode = this.#gone.has(name) ? undefined : this.inode.children?.get(name);
      if (inode === undefined) continue;
      const next = putDirent(reply, at, end, inode, name, position + 1, plus, true);
      if (next === 0) break;
      at = next;
      position++;
      this.#given.push(place);
    }
    return at - OUT_HEADER_SIZE;
  }

  #rewind(): void {
    this.#gone.clear();
    this.#names = this.inode.names();
    this.#given = [];
  }

  /** lseek(2) to somewhere not read yet: offsets count from the start of the entries. */
  #seek(index: number): number {
    if (this.#names.length === 0) this.#rewind();
    for (let i = this.#given.length; i <= index && i < this.#names.length; i++) this.#given.push(i);
    return Math.min(index + 1, this.#names.length);
  }
}

/** One `struct fuse_dirent` (or `fuse_direntplus`) at a byte of the reply: the byte after it, 0 when it does not fit. */
function putDirent(
  reply: FuseReply,
  at: number,
  end: number,
  inode: Inode,
  name: string,
  next: number,
  plus: boolean,
  counts: boolean,
): number {
  const head = plus ? ENTRY_OUT_SIZE : 0;
  const total = head + ((DIRENT_SIZE + name.length + 7) & ~7);
  if (at + total > end) return 0;
  const { u32, bytes } = reply;
  u32.fill(0, at >> 2, (at + total) >> 2);
  // "." and ".." carry no node: the kernel knows them, and would count a reference.
  if (plus && counts) putEntry(reply, at >> 2, inode);
  const word = (at + head) >> 2;
  u32[word] = inode.ino;
  reply.put64(word + 2, next);
  u32[word + 4] = name.length;
  u32[word + 5] = counts ? inode.type : DT_DIR;
  bytes.write(name, at + head + DIRENT_SIZE, 'latin1');
  return at + total;
}
