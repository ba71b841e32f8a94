/**
 * Pins where nothing can be mounted (no /dev/fuse, no right to mount): names right below
 * /sys/fs/bpf, known to bpf(2) and statfs(2) by their text alone. They are in no directory,
 * so they cannot be listed or removed; they last as long as the emulated kernel.
 */
import type { BpfObject } from '../base/object.ts';
import { CAP_FULL_SET } from '../uapi/capability.ts';
import { EEXIST, EISDIR, ENOENT } from '../uapi/errno.ts';
import type { PathAnswer, PinStore } from './caller.ts';

const DIR = '/sys/fs/bpf';
/** A device number that no file system has: unnamed ones have major 0. */
const DEV = 0xfff00001;
/** Directory, sticky, for all; a pinned object's file. */
const DIR_MODE = 0o41777;
const FILE_MODE = 0o100600;

/** The pins of a kernel without a mount. */
export class LoosePins implements PinStore {
  readonly dev = DEV;
  readonly ctlIno = 0;
  readonly #pinned = new Map<string, BpfObject>();

  has(dev: number): boolean {
    return dev === DEV;
  }

  optionsOf(_dev: number): string {
    return '';
  }

  resolve(_tid: number, _dirfd: number, path: Uint8Array, create: boolean, done: (answer: PathAnswer) => void): void {
    const text = Buffer.from(path).toString('latin1').replace(/\/+/g, '/').replace(/\/$/, '');
    const answer = {
      errno: 0,
      dev: DEV,
      ino: 1,
      readonly: false,
      mode: DIR_MODE,
      name: new Uint8Array(0),
      caller: { uid: 0, gid: 0, groups: [], umask: 0, caps: CAP_FULL_SET },
    };
    // The walk of a mount answers later too.
    setImmediate(() => {
      if (text === DIR) {
        done(create ? { ...answer, errno: EEXIST } : answer);
        return;
      }
      const name = text.startsWith(`${DIR}/`) ? text.slice(DIR.length + 1) : '/';
      if (name.includes('/')) done({ ...answer, errno: ENOENT, dev: 0 });
      else if (create && this.#pinned.has(name)) done({ ...answer, errno: EEXIST });
      else if (create || this.#pinned.has(name))
        done({ ...answer, mode: create ? DIR_MODE : FILE_MODE, name: Buffer.from(name, 'latin1') });
      else done({ ...answer, errno: ENOENT });
    });
  }

  pin({ errno, name }: PathAnswer, object: BpfObject): number {
    if (errno !== 0) return -errno;
    const key = Buffer.from(name).toString('latin1');
    if (this.#pinned.has(key)) return -EEXIST;
    object.getUser();
    this.#pinned.set(key, object);
    return 0;
  }

  get({ errno, name }: PathAnswer, _access: number): BpfObject | number {
    if (errno !== 0) return -errno;
    if (name.length === 0) return -EISDIR;
    const object = this.#pinned.get(Buffer.from(name).toString('latin1'));
    object?.getUser();
    return object ?? -ENOENT;
  }

  /** Lets go of all of them. */
  clear(): void {
    for (const object of this.#pinned.values()) object.putUser();
    this.#pinned.clear();
  }
}
