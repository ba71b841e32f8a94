/**
 * Objects that have descriptors in other programs.
 *
 * A descriptor of a map, program, link or BTF object is a memfd named as the kernel
 * names its anonymous inode, opened afresh for every descriptor that is handed out, so
 * that each has an open description of its own. It is found again by its inode number.
 * For a map whose storage can be mapped, the memfd is the storage: its pages lie in
 * the arena, and the program's mmap(2) gives it the same pages.
 *
 * The object keeps one user reference as long as any descriptor or mapping of it is
 * left outside; native/supervisor_objects.cc tells when the last one has gone.
 */
import { BpfFile, type BpfObject, FMODE_READ, FMODE_WRITE } from '../base/object.ts';
import { ArenaMap } from '../maps/arena_map.ts';
import { BpfMap } from '../maps/map.ts';
import { PAGE_SIZE } from '../mm/arena.ts';
import { BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import type { ExecNative } from './native.ts';

const O_RDONLY = 0;
const O_WRONLY = 1;
const O_RDWR = 2;
const FMODE_BOTH = FMODE_READ | FMODE_WRITE;

/** `F_SEAL_*` (include/uapi/linux/fcntl.h). */
const F_SEAL_SHRINK = 2;
const F_SEAL_GROW = 4;
const F_SEAL_WRITE = 8;
const F_SEAL_FUTURE_WRITE = 0x10;

/** The arena pages that an object shares. */
export interface SharedPages {
  readonly offset: number;
  readonly length: number;
}

/** An object with descriptors outside. */
export interface Held {
  readonly object: BpfObject;
  /** Name of its anonymous inode. */
  readonly name: string;
  readonly ino: number;
  /** Our own descriptor of the memfd. */
  readonly fd: number;
  /** One open description a mode; index FMODE_*. Each has a user reference of its own. */
  readonly files: (BpfFile | undefined)[];
  /** A descriptor with less than both rights was handed out: the mode must be asked for. */
  restricted: boolean;
  readonly pages: SharedPages | undefined;
  /** The eventfds that stand for it in epoll instances (ring buffers). */
  readonly events: number[];
}

/** Text that a descriptor gives to read(2): an iterator's output. */
interface Readable {
  content(): Uint8Array;
}

function isReadable(object: BpfObject): object is BpfObject & Readable {
  return 'content' in object && typeof object.content === 'function';
}

/** Flags of open(2) for a mode; what the kernel gives each kind (`anon_inode_getfd` calls of kernel/bpf). */
function openFlags(object: BpfObject, mode: number): number {
  if (object.kind === 'prog' || object.kind === 'perf_event') return O_RDWR;
  if (object.kind !== 'map') return O_RDONLY;
  return mode === FMODE_BOTH ? O_RDWR : mode === FMODE_WRITE ? O_WRONLY : O_RDONLY;
}

/** All of them, by inode number and by object. */
export class HeldObjects {
  readonly #native: ExecNative;
  readonly #arena: ArrayBuffer;
  readonly #byIno = new Map<number, Held>();
  readonly #arenas = new Set<ArenaMap>();
  /** One an object, and one a name of its anonymous inode: links have two. */
  readonly #byName = new Map<string, Map<BpfObject, Held>>();

  constructor(native: ExecNative, arena: ArrayBuffer) {
    this.#native = native;
    this.#arena = arena;
  }

  /** How many objects have descriptors outside. */
  get size(): number {
    return this.#byIno.size;
  }

  byIno(ino: number): Held | undefined {
    return this.#byIno.get(ino);
  }

  /**
   * Gives an object its memfd, or finds the one it has; -errno when that fails. `name` is
   * that of its anonymous inode, `ino` reads the mailbox.
   */
  hold(object: BpfObject, name: string, ino: () => number): Held | number {
    let byObject = this.#byName.get(name);
    if (byObject === undefined) {
      byObject = new Map();
      this.#byName.set(name, byObject);
    }
    const known = byObject.get(object);
    if (known !== undefined) return known;
    const pages = sharedPages(object);
    const content = isReadable(object) ? object.content() : undefined;
    const writable = pages !== undefined || content !== undefined;
    // A perf event gets its size from its first mapping.
    const seals = object.kind === 'perf_event' ? 0 : F_SEAL_SHRINK | F_SEAL_GROW | (writable ? 0 : F_SEAL_WRITE);
    const size = pages?.length ?? content?.length ?? 0;
    const fd = this.#native.supObjectCreate(`anon_inode:${name}`, size, seals);
    if (fd < 0) return fd;
    let error = 0;
    if (pages !== undefined) {
      error = this.#native.supMapPages(this.#arena, pages.offset, pages.length, fd, 0, !(object instanceof ArenaMap));
      if (object instanceof BpfMap && object.frozen) this.#native.supObjectSeal(fd, F_SEAL_FUTURE_WRITE);
    } else if (content !== undefined) error = this.#native.supObjectWrite(fd, content, 0);
    if (error < 0) {
      this.#native.supObjectFree(fd);
      return error;
    }
    object.getUser();
    if (pages !== undefined && object instanceof BpfMap)
      object.writeActive = () => this.#native.supWritableMappings(held.ino) > 0;
    if (object instanceof ArenaMap) {
      object.locate = () => BigInt(this.#native.supMappingStart(held.ino));
      this.#arenas.add(object);
      object.client = {
        touched: (seen) => this.#native.supPagesTouched(fd, seen),
        drop: (page, count) => this.#native.supDropPages(fd, page, count),
      };
    }
    const held: Held = { object, name, ino: ino(), fd, files: [], restricted: false, pages, events: [] };
    this.#byIno.set(held.ino, held);
    byObject.set(object, held);
    return held;
  }

  /**
   * Gives the caller a new descriptor of the object, and answers the current call with it
   * unless the call goes on (`send` false): its number, or -errno, unanswered.
   */
  inject(held: Held, mode: number, cloexec: boolean, send = true): number {
    if (mode !== FMODE_BOTH) held.restricted = true;
    return this.#native.supObjectInject(held.fd, openFlags(held.object, mode), cloexec, send);
  }

  /** The open description behind descriptor `fd` of the caller, which is one of ours. */
  file(held: Held, fd: number): BpfFile {
    let mode = FMODE_BOTH;
    if (held.restricted && held.object.kind === 'map') mode = this.#native.supFdMode(fd);
    if (mode < 0) mode = 0;
    let file = held.files[mode];
    if (file === undefined) {
      held.object.getUser();
      file = new BpfFile(held.object, mode);
      if (held.object instanceof BpfMap) held.object.doorRefs++;
      held.files[mode] = file;
    }
    return file;
  }

  /** Programs are about to run: what clients have touched of arenas is there for them. */
  noticeTouches(): void {
    for (const map of this.#arenas) map.noticeTouches();
  }

  /** No new writable mapping from now on (MAP_FREEZE). */
  freeze(held: Held): void {
    if (held.pages !== undefined) this.#native.supObjectSeal(held.fd, F_SEAL_FUTURE_WRITE);
  }

  /** The last descriptor and mapping outside has gone. */
  drop(ino: number): void {
    const held = this.#byIno.get(ino);
    if (held === undefined) return;
    this.#byIno.delete(ino);
    this.#byName.get(held.name)?.delete(held.object);
    if (held.object instanceof BpfMap) held.object.writeActive = undefined;
    if (held.object instanceof ArenaMap) {
      this.#arenas.delete(held.object);
      held.object.client = undefined;
    }
    // The map may live on (a pin, a program): its pages become the arena's own again.
    if (held.pages !== undefined)
      this.#native.supUnmapPages(
        this.#arena,
        held.pages.offset,
        held.pages.length,
        held.object.refcnt > held.files.filter((file) => file !== undefined).length + 1,
      );
    this.#native.supObjectFree(held.fd);
    for (const event of held.events) this.#native.supCloseFd(event);
    for (const file of held.files) {
      if (file !== undefined && held.object instanceof BpfMap) held.object.doorRefs--;
      file?.put();
    }
    held.object.putUser();
  }

  /** Drops all (the server ends). */
  clear(): void {
    for (const ino of [...this.#byIno.keys()]) this.drop(ino);
  }

  [Symbol.iterator](): IterableIterator<Held> {
    return this.#byIno.values();
  }
}

/** The whole pages behind a map that can be mapped. */
function sharedPages(object: BpfObject): SharedPages | undefined {
  if (!(object instanceof BpfMap)) return undefined;
  if (object.mapType === BPF_MAP_TYPE.ARRAY && (object.mapFlags & BPF_F_MAP.MMAPABLE) === 0) return undefined;
  const range = object.ops.mmapRange?.(object);
  if (range === undefined || range.length === 0 || range.offset % PAGE_SIZE !== 0) return undefined;
  return { offset: range.offset, length: Math.ceil(range.length / PAGE_SIZE) * PAGE_SIZE };
}
