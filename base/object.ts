/**
 * Objects of bpf(2): what a descriptor, a pin or another object refers to.
 *
 * Every object has an id of its kind and a reference count; it goes away with its
 * last reference. A {@link BpfFile} is one open description of an object
 * (`struct file`): several descriptors may share it, and closing the last of them
 * drops its reference.
 */

import type { Grace } from './grace.ts';

/** The kinds of objects, named as the link text of their descriptors (`anon_inode:bpf-map`). */
export type ObjectKind = 'map' | 'prog' | 'link' | 'btf' | 'token' | 'iter' | 'stats' | 'perf_event';

/** What `readlink /proc/PID/fd/N` shows for a descriptor of each kind (man bpf(2), kernel/bpf/syscall.c names). */
export const ANON_INODE_NAME: Readonly<Record<ObjectKind, string>> = {
  map: 'bpf-map',
  prog: 'bpf-prog',
  link: 'bpf_link',
  btf: 'btf',
  token: 'bpf-token',
  iter: 'bpf_iter',
  stats: 'bpf-stats',
  perf_event: '[perf_event]',
};

/** A reference-counted object. Subclasses free what they hold in {@link release}. */
export abstract class BpfObject {
  abstract readonly kind: ObjectKind;
  /** Id of its kind, from 1; 0 before it has one and for kinds without ids. */
  id = 0;
  /** References: descriptors, pins, programs and other objects that hold it. */
  refcnt = 1;
  /** Called when the object's last reference is gone, before {@link release}; set by the id table. */
  onRelease: ((object: BpfObject) => void) | undefined = undefined;
  /** When it may be freed; undefined: at once. */
  grace: Grace | undefined = undefined;

  /** Takes a reference. */
  get(): void {
    this.refcnt++;
  }

  /** Drops a reference; the last one frees the object, once no program that runs can have a pointer to it. */
  put(): void {
    if (--this.refcnt > 0) return;
    if (this.refcnt < 0) throw new Error(`Reference count of ${this.kind} ${this.id} fell below zero`);
    this.onRelease?.(this);
    if (this.grace === undefined) this.release();
    else this.grace.free(() => this.release());
  }

  /**
   * Takes a reference on behalf of user space: a descriptor or a pin.
   * Maps count these apart (`usercnt`), since a prog array is emptied with the last of them.
   */
  getUser(): void {
    this.get();
  }

  /** Drops a reference of {@link getUser}. */
  putUser(): void {
    this.put();
  }

  /** An open description of the object is closed for good (`map_release`). */
  fileClosed(_file: BpfFile): void {}

  /** Frees what the object holds. Runs once, when no reference is left. */
  protected abstract release(): void;
}

/** Access rights of an open description (`FMODE_READ`, `FMODE_WRITE`; include/linux/fs.h). */
export const FMODE_READ = 1;
export const FMODE_WRITE = 2;

/** One open description of an object (`struct file`). It owns one user reference. */
export class BpfFile {
  readonly object: BpfObject;
  /** `FMODE_READ | FMODE_WRITE`, as the descriptor was opened. */
  readonly mode: number;
  #refs = 1;

  /** Takes over a user reference the caller holds. */
  constructor(object: BpfObject, mode: number) {
    this.object = object;
    this.mode = mode;
  }

  /** One more descriptor shares this description (dup, fork). */
  get(): void {
    this.#refs++;
  }

  /** A descriptor was closed; the last one drops the object. */
  put(): void {
    if (--this.#refs > 0) return;
    this.object.fileClosed(this);
    this.object.putUser();
  }
}

/** A socket: numbers as in socket(2) and include/net/tcp_states.h. */
export interface SocketInfo {
  readonly family: number;
  readonly type: number;
  readonly state: number;
  readonly cookie: bigint;
  /** Bound with SO_REUSEPORT. */
  readonly reuseport: boolean;
}

/** What a descriptor that is not one of ours refers to, as far as a command needs to know. */
export interface ForeignFile {
  readonly kind: 'foreign';
  /** What it is: commands that want a cgroup, a socket, … look here. */
  readonly what: 'file' | 'dir' | 'bpffs' | 'cgroup' | 'socket' | 'pidfd' | 'netns' | 'perf_event' | 'other';
  /** Tells two files apart and one file again: device and inode number. */
  readonly dev: number;
  readonly ino: number;
  /** For a socket, as far as the door can tell. */
  readonly socket?: SocketInfo | undefined;
  /** For a pidfd: the process it names. */
  readonly pid?: number;
  /** For a perf event that is one of ours: the event. */
  readonly object?: BpfObject;
  /** Path as seen by the server where there is one (a cgroup's), else empty. */
  readonly path: string;
}

/** What a descriptor number stands for: one of our files, somebody else's, or nothing (`undefined`: EBADF). */
export type FdTarget = BpfFile | ForeignFile | undefined;

/** Tells our own files from others. */
export function isBpfFile(target: FdTarget): target is BpfFile {
  return target instanceof BpfFile;
}
