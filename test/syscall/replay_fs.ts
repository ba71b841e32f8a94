/**
 * The little of a file system that recorded sequences need: directories of a cgroup
 * hierarchy and of a bpffs, and pins in it.
 */
import type { BpfObject, ForeignFile } from '../../base/object.ts';
import { AT_FDCWD, type Caller, type PathResolver } from '../../syscall/caller.ts';
import type { Kernel } from '../../syscall/kernel.ts';
import { readString } from '../../syscall/user_string.ts';
import { EACCES, EBADF, EEXIST, EFAULT, ENOENT, EPERM } from '../../uapi/errno.ts';

const CGROUP = '/cgroup/gold';
const BPFFS = '/bpffs';
const PATH_MAX = 4096;

/** The file system of one sequence. */
export interface ReplayFs {
  /** The view of a caller, in whose memory the paths are. */
  paths(caller: Caller): PathResolver;
  /** A recorded path with its variables filled in. */
  path(recorded: string): string;
  mkdir(recorded: string): void;
  rmdir(kernel: Kernel, recorded: string): void;
  open(recorded: string): ForeignFile;
  end(kernel: Kernel): void;
}

let inode = 5000;

/** A new file system: an empty cgroup and an empty bpffs. */
export function fileSystem(): ReplayFs {
  const pins = new Map<string, BpfObject>();
  const dirs = new Map<string, number>([[CGROUP, inode++]]);
  const path = (recorded: string): string => recorded.replace('$CG', CGROUP).replace('$BPFFS', BPFFS);
  const resolve = (caller: Caller, pathFd: number, address: number): string | number => {
    const name = readString(caller, address, PATH_MAX);
    if (name === undefined) return -EFAULT;
    if (name.startsWith('/') || pathFd === AT_FDCWD) return name;
    const dir = caller.fdget(pathFd);
    return dir === undefined || !('path' in dir) ? -EBADF : `${dir.path}/${name}`;
  };
  // What exists but is no pin cannot be got; what the recorder never made does not exist.
  const outside = (name: string): number => (name === '/tmp/x' ? -ENOENT : -EACCES);
  const gone = new Set<string>();
  const file = (name: string): ForeignFile => {
    const what = name.startsWith(CGROUP) ? 'cgroup' : name.startsWith(BPFFS) ? 'bpffs' : 'dir';
    return {
      kind: 'foreign',
      what,
      dev: 27,
      ino: dirs.get(name) ?? inode++,
      get path() {
        return gone.has(name) ? `${name} (deleted)` : name;
      },
    };
  };
  return {
    path,
    paths: (caller) => ({
      pin(pathFd, address, object) {
        const name = resolve(caller, pathFd, address);
        if (typeof name === 'number') return name;
        if (!name.startsWith(`${BPFFS}/`)) return -EPERM;
        const rest = name.slice(BPFFS.length + 1);
        if (rest.includes('/')) return -ENOENT;
        if (rest.includes('.')) return -EPERM;
        if (pins.has(name)) return -EEXIST;
        object.getUser();
        pins.set(name, object);
        return 0;
      },
      get(pathFd, address) {
        const name = resolve(caller, pathFd, address);
        if (typeof name === 'number') return name;
        const object = pins.get(name);
        if (object === undefined)
          return name.startsWith(`${BPFFS}/`) && name.length > BPFFS.length + 1 ? -ENOENT : outside(name);
        object.getUser();
        return object;
      },
    }),
    mkdir: (recorded) => {
      gone.delete(path(recorded));
      dirs.set(path(recorded), inode++);
    },
    rmdir: (kernel, recorded) => {
      const name = path(recorded);
      kernel.cgroups.remove(file(name));
      dirs.delete(name);
      gone.add(name);
    },
    open: (recorded) => file(path(recorded)),
    end: (kernel) => {
      kernel.cgroups.clear();
      for (const object of pins.values()) object.putUser();
      pins.clear();
    },
  };
}
