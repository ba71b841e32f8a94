/**
 * A table of descriptors: what a process has, and what each open of the control file has.
 */
import { BpfFile, type FdTarget, type ForeignFile } from '../base/object.ts';
import { EBADF, EMFILE } from '../uapi/errno.ts';

/** Descriptors by number; the lowest free number is given out. */
export class FdTable {
  readonly #files: (BpfFile | ForeignFile | undefined)[] = [];
  readonly #max: number;
  /** No number below it is free. */
  #lowest = 0;
  #open = 0;

  /** `max`: most descriptors at a time (RLIMIT_NOFILE). */
  constructor(max = 65536) {
    this.#max = max;
  }

  /** How many descriptors are open. */
  get open(): number {
    return this.#open;
  }

  /** What a descriptor stands for; undefined when it is closed. */
  get(fd: number): FdTarget {
    return this.#files[fd];
  }

  /** A new descriptor of a file, whose reference it takes over; -EMFILE when there are too many (the file is put). */
  install(file: BpfFile | ForeignFile): number {
    let fd = this.#lowest;
    while (this.#files[fd] !== undefined) fd++;
    if (fd >= this.#max) {
      if (file instanceof BpfFile) file.put();
      return -EMFILE;
    }
    this.#files[fd] = file;
    this.#lowest = fd + 1;
    this.#open++;
    return fd;
  }

  /** close(2): 0 or -EBADF. */
  close(fd: number): number {
    const file = this.#files[fd];
    if (file === undefined) return -EBADF;
    this.#files[fd] = undefined;
    this.#open--;
    if (fd < this.#lowest) this.#lowest = fd;
    if (file instanceof BpfFile) file.put();
    return 0;
  }

  /** dup(2): a second descriptor of the same file, or -errno. */
  dup(fd: number): number {
    const file = this.#files[fd];
    if (file === undefined) return -EBADF;
    if (file instanceof BpfFile) file.get();
    return this.install(file);
  }

  /** Closes all, as at the end of a process. */
  closeAll(): void {
    for (let fd = 0; fd < this.#files.length; fd++) this.close(fd);
    this.#files.length = 0;
    this.#lowest = 0;
  }
}
