/**
 * One mounted instance of the file system: its tree, its options, its open files, and
 * what its FUSE session offers. Several of them may belong to one emulated kernel; they
 * share objects and nothing else.
 */
import type { Kernel } from '../syscall/kernel.ts';
import { EIO } from '../uapi/errno.ts';
import type { CtlServices } from './ctl.ts';
import type { OpenFile } from './file.ts';
import type { Inode } from './inode.ts';
import { Tree } from './inode.ts';
import { FuseReply, type Waiting } from './message.ts';
import { Notifier, type Transport } from './notify.ts';
import type { BpffsOptions } from './options.ts';
import { type AtimeRule, needsAtime, now } from './time.ts';

/** What a superblock is made of. */
export interface SuperblockSetup {
  readonly kernel: Kernel;
  readonly options: BpffsOptions;
  readonly transport: Transport;
  /** Owner of the root where the options do not say. */
  readonly uid: number;
  readonly gid: number;
  readonly readonly?: boolean;
  readonly atime?: AtimeRule;
  readonly ctl: CtlServices;
}

export class Superblock {
  readonly kernel: Kernel;
  readonly options: BpffsOptions;
  readonly tree: Tree;
  readonly readonly: boolean;
  readonly atime: AtimeRule;
  readonly ctl: CtlServices;
  readonly transport: Transport;
  readonly notifier: Notifier;
  readonly files = new Handles();
  /** Device number (`st_dev`) as stat(2) shows it; 0 before the mount is known. */
  dev = 0;
  /** Bytes that opens of the control file hold for clients (lines, replies). */
  buffered = 0;
  /** Told of an exception in a handler, which is a bug; the caller gets EIO. */
  onBug: (error: unknown) => void = (error) => console.error('bpf-emu: internal error, please report it:', error);
  /** Second reply buffer, for requests that were put aside. */
  readonly late = new FuseReply();

  constructor(setup: SuperblockSetup) {
    this.kernel = setup.kernel;
    this.options = setup.options;
    this.readonly = setup.readonly === true;
    this.atime = setup.atime ?? 'relatime';
    this.ctl = setup.ctl;
    this.transport = setup.transport;
    this.notifier = new Notifier(setup.transport);
    const { options } = setup;
    this.tree = new Tree(setup.kernel.clock, options.mode, options.uid ?? setup.uid, options.gid ?? setup.gid);
  }

  /** Reading an inode: its access time, by the rule of the mount (`touch_atime`). */
  accessed(inode: Inode): boolean {
    if (this.readonly) return false;
    const current = now(this.kernel.clock);
    if (!needsAtime(this.atime, inode.atime, inode.mtime, inode.ctime, current)) return false;
    Object.assign(inode.atime, current);
    return true;
  }

  /** Answers a request that was put aside: `fill` writes the body and returns its size, or -errno. */
  answer(waiting: Waiting, fill: (reply: FuseReply) => number): void {
    let size: number;
    try {
      size = fill(this.late);
    } catch (error) {
      this.onBug(error);
      size = -EIO;
    }
    this.transport.reply(this.late.bytes, this.late.finishFor(waiting.low, waiting.high, size));
  }

  /** The file system goes away: open files and pins are dropped. */
  destroy(): void {
    this.files.clear();
    this.tree.destroy();
  }
}

/** Open files by the number FUSE knows them by (`fh`). */
class Handles {
  readonly #files: (OpenFile | undefined)[] = [undefined];
  readonly #free: number[] = [];
  #count = 0;

  /** Number of open files. */
  get size(): number {
    return this.#count;
  }

  add(file: OpenFile): number {
    const handle = this.#free.pop() ?? this.#files.length;
    this.#files[handle] = file;
    this.#count++;
    return handle;
  }

  get(handle: number): OpenFile | undefined {
    return this.#files[handle];
  }

  remove(handle: number): OpenFile | undefined {
    const file = this.#files[handle];
    if (file === undefined) return undefined;
    this.#files[handle] = undefined;
    this.#free.push(handle);
    this.#count--;
    return file;
  }

  values(): OpenFile[] {
    return this.#files.filter((file) => file !== undefined);
  }

  clear(): void {
    for (const file of this.values()) file.release();
    this.#files.length = 1;
    this.#free.length = 0;
    this.#count = 0;
  }
}
