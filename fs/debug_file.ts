/**
 * `maps.debug` and `progs.debug` in the root of every bpffs: lists of all maps and
 * programs, which a kernel built with CONFIG_BPF_PRELOAD makes by iterators of its own.
 */
import { HtabMap } from '../maps/hashtab.ts';
import type { Kernel } from '../syscall/kernel.ts';
import { LoadedProg } from '../syscall/loaded_prog.ts';
import type { DebugName } from './debug_name.ts';
import { OpenFile } from './file.ts';
import type { Inode } from './inode.ts';
import type { FuseReply, FuseRequest } from './message.ts';
import { FOPEN, OUT_HEADER_SIZE } from './protocol.ts';

/** The table, with the heading above it where there is anything below. */
function debugText(kernel: Kernel, name: DebugName): string {
  const [heading, lines] = name === 'maps.debug' ? mapLines(kernel) : progLines(kernel);
  return lines.length === 0 ? '' : [heading, ...lines].map((line) => `${line}\n`).join('');
}

function mapLines(kernel: Kernel): [heading: string, lines: string[]] {
  const lines = kernel.maps.values().map((map) => {
    const entries = map instanceof HtabMap ? map.count : 0;
    const columns = [String(map.id).padStart(4), map.name.padEnd(16)];
    return `${columns.join(' ')}  ${String(map.maxEntries).padStart(10)}   ${String(entries).padStart(10)}`;
  });
  return ['  id name             max_entries  cur_entries', lines];
}

function progLines(kernel: Kernel): [heading: string, lines: string[]] {
  const progs = kernel.progs.values().filter((prog) => prog instanceof LoadedProg) as LoadedProg[];
  const lines = progs.map((prog) => {
    const { dstProg, attachBtf, attachBtfId } = prog.facts;
    const target = attachBtf?.type(attachBtfId)?.name ?? '';
    return `${String(prog.id).padStart(4)} ${fullName(prog).padEnd(16)} ${target} ${dstProg?.name ?? ''}`;
  });
  return ['  id name             attached', lines];
}

/** The name of the first function, which may be longer than that of the program. */
function fullName(prog: LoadedProg): string {
  const { btf, funcInfo } = prog.facts;
  const first = funcInfo.length < 8 ? 0 : new DataView(funcInfo.buffer, funcInfo.byteOffset).getUint32(4, true);
  return btf?.type(first)?.name || prog.name;
}

/** One open of a list: what there was when it was first read. */
export class DebugFile extends OpenFile {
  readonly openFlags = FOPEN.DIRECT_IO | FOPEN.NOFLUSH;
  readonly #kernel: Kernel;
  readonly #name: DebugName;
  #text: Buffer | undefined;
  #at = 0;

  constructor(inode: Inode, kernel: Kernel, name: DebugName) {
    super(inode);
    this.#kernel = kernel;
    this.#name = name;
  }

  override read(_request: FuseRequest, reply: FuseReply, _offset: number, size: number): number {
    this.#text ??= Buffer.from(debugText(this.#kernel, this.#name), 'latin1');
    const count = this.#text.copy(reply.bytes, OUT_HEADER_SIZE, this.#at, this.#at + size);
    this.#at += count;
    return count;
  }
}
