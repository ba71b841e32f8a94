/**
 * A pinned map opened as a file: two lines of warning, then every element as its type
 * prints it (`bpffs_map_open`, `map_seq_next`, `map_seq_show`).
 */
import type { BpfObject } from '../base/object.ts';
import { BpfMap, type ShowSink } from '../maps/map.ts';
import { EIO, ENOMEM } from '../uapi/errno.ts';
import { OpenFile } from './file.ts';
import type { Inode } from './inode.ts';
import type { FuseReply, FuseRequest } from './message.ts';
import { FOPEN, OUT_HEADER_SIZE } from './protocol.ts';
import { SeqReader, type SeqRecords } from './seq_file.ts';

const O_ACCMODE = 3;

const BANNER = '# WARNING!! The output is for debug purpose only\n' + '# WARNING!! The output format will change\n';

/** The records of a map: the banner, then its elements in the order of GET_NEXT_KEY. */
class MapRecords implements SeqRecords {
  readonly #map: BpfMap;
  readonly #key: number;
  /** The banner is the current record. */
  #atBanner = true;
  /** The end was reached once: nothing more is read from this open file. */
  #done = false;

  constructor(map: BpfMap, key: number) {
    this.#map = map;
    this.#key = key;
  }

  start(index: number): boolean {
    if (this.#done) return false;
    this.#atBanner = index === 0;
    return true;
  }

  next(): boolean {
    if (this.#done) return false;
    const after = this.#atBanner ? 0 : this.#key;
    this.#atBanner = false;
    const { ops } = this.#map;
    if (ops.nextKey === undefined || ops.nextKey(this.#map, after, this.#key) < 0) this.#done = true;
    return !this.#done;
  }

  show(out: ShowSink): void {
    if (this.#atBanner) out.text(BANNER);
    else this.#map.ops.showElem?.(this.#map, this.#key, out);
  }
}

/** A pinned map that was opened; keeps the map alive. */
class SeqMapFile extends OpenFile {
  /**
   * A seq file can be read at an offset (pread) but neither be sought nor written at
   * one. FUSE has one switch for all three: it is set where reading matters less.
   */
  readonly openFlags: number;
  readonly #map: BpfMap;
  readonly #key: number;
  readonly #reader: SeqReader;

  constructor(inode: Inode, map: BpfMap, key: number, flags: number) {
    super(inode);
    this.openFlags = FOPEN.DIRECT_IO | FOPEN.NOFLUSH | ((flags & O_ACCMODE) === 0 ? 0 : FOPEN.NONSEEKABLE);
    this.#map = map;
    this.#key = key;
    this.#reader = new SeqReader(new MapRecords(map, key));
    map.getUser();
  }

  override read(_request: FuseRequest, reply: FuseReply, offset: number, size: number): number {
    return this.#reader.read(offset, reply.bytes.subarray(OUT_HEADER_SIZE, OUT_HEADER_SIZE + size));
  }

  override release(): void {
    super.release();
    this.#map.env.arena.free(this.#key, this.#map.keySize);
    this.#map.putUser();
  }
}

/** Opens a pin (`flags` of open(2)) for reading, or -EIO when its object cannot be printed (`bpffs_obj_open`). */
export function openSeqFile(inode: Inode, object: BpfObject, flags: number): OpenFile | number {
  if (!(object instanceof BpfMap) || object.btf === undefined || object.ops.showElem === undefined) return -EIO;
  const key = object.env.arena.alloc(object.keySize);
  return key === 0 ? -ENOMEM : new SeqMapFile(inode, object, key, flags);
}
