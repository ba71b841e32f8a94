/**
 * Removed cgroups. Programs are attached to real cgroup directories, whose removal nobody
 * tells us; so each directory that a command named is kept open (O_PATH), and before the
 * next such command it is seen which of them are gone: the kernel then writes " (deleted)"
 * behind their names.
 */
import { closeSync, openSync, readlinkSync } from 'node:fs';
import type { ForeignFile } from '../base/object.ts';

const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
/** Directories that are kept open; beyond that removals are not noticed. */
const KEPT_MAX = 4096;

/** The cgroup directories of one kernel that commands have named. */
export class CgroupWatch {
  readonly #onGone: (file: ForeignFile) => void;
  readonly #kept = new Map<number, { readonly fd: number; readonly file: ForeignFile }>();

  constructor(onGone: (file: ForeignFile) => void) {
    this.#onGone = onGone;
  }

  /** A command names descriptor `fd` of thread `tid`, which is this cgroup. */
  seen(tid: number, fd: number, file: ForeignFile): void {
    this.#sweep();
    if (this.#kept.has(file.ino) || this.#kept.size >= KEPT_MAX) return;
    try {
      this.#kept.set(file.ino, { fd: openSync(`/proc/${tid}/fd/${fd}`, O_PATH | O_CLOEXEC), file });
    } catch {
      // The descriptor was closed meanwhile: the command finds out by itself.
    }
  }

  #sweep(): void {
    for (const [ino, { fd, file }] of this.#kept) {
      if (!readlinkSync(`/proc/self/fd/${fd}`).endsWith(' (deleted)')) continue;
      this.#kept.delete(ino);
      closeSync(fd);
      this.#onGone(file);
    }
  }

  /** Forgets all (the server ends). */
  close(): void {
    for (const { fd } of this.#kept.values()) closeSync(fd);
    this.#kept.clear();
  }
}
