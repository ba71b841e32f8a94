/**
 * Who calls bpf(2), and what a command may ask of it: its memory, its descriptors,
 * its rights, its view of the file system. Each door (the control file, exec, a
 * test) brings its own.
 */
import type { BpfFile, BpfObject, FdTarget } from '../base/object.ts';
import type { MapCreator, MapSyscall } from '../maps/map.ts';

/** `AT_FDCWD`: relative paths start at the caller's working directory. */
export const AT_FDCWD = -100;

/** A regular file that probes are put into. */
export interface ProbedFile {
  /** What tells it from all other files. */
  readonly key: string;
  /** Its path as the kernel shows it (`d_path`). */
  readonly path: string;
  readonly size: number;
}

/**
 * A caller. Addresses are numbers: a user address is below 2^47; anything that a
 * number cannot hold exactly is above it and answers -EFAULT.
 */
export interface Caller extends MapCreator, MapSyscall {
  /** File-system user and group id (what new inodes are owned by), and thread id for messages. */
  readonly uid: number;
  readonly gid: number;
  readonly tid: number;
  /** Process id and name, where they are known; the name is cut to 15 characters. */
  readonly tgid?: number;
  readonly comm?: string;
  /** Ids of the cgroups it is in, from the root of the unified hierarchy to its own, where they are known. */
  readonly cgroups?: readonly bigint[];
  /** CPU the call runs on, below the kernel's nrCpus. */
  readonly cpu: number;
  /**
   * A command that takes long may answer PENDING; the door then goes on with
   * {@link Kernel.takePending}. Left out: every command is run to its end.
   */
  readonly mayWait?: boolean;
  /** Whether the caller has this capability in the initial user namespace. */
  hasCap(cap: number): boolean;
  /** Copies caller memory at `addr` to `dst` (`copy_from_user`): 0 or -EFAULT. Nothing is promised of `dst` on failure. */
  read(addr: number, dst: Uint8Array): number;
  /** Copies `src` to caller memory at `addr` (`copy_to_user`): 0 or -EFAULT. */
  write(addr: number, src: Uint8Array): number;
  /** What a descriptor stands for; undefined when it is closed (EBADF). */
  fdget(fd: number): FdTarget;
  /**
   * What a descriptor of another process stands for, by process id as the caller sees it:
   * undefined when it is closed, null when there is no such process. Left out: only its own can be asked about.
   */
  fdgetOf?(pid: number, fd: number): FdTarget | null;
  /**
   * Gives the caller a descriptor of a new file (O_CLOEXEC): its number, or -errno
   * (then the file has been put). The file's reference passes to the descriptor.
   */
  fdInstall(file: BpfFile): number;
  /** The same in the middle of a command, which goes on and may use the number. Left out: {@link fdInstall} gives it at once. */
  fdInstallNow?(file: BpfFile): number;
  /** Where {@link fdInstall} waits for the end of the command: whether it shall give the number at once. */
  installAtOnce?(on: boolean): void;
  /**
   * A name for a net device of the caller's net namespace, by number; undefined when there is
   * none. Left out: there is loopback, number 1.
   */
  netDevice?(ifindex: number): string | undefined;
  /** Closes a descriptor, where programs may (`bpf_sys_close`): 0 or -EBADF. */
  close?(fd: number): number;
  /**
   * The file that a path at `pathname` leads to (`kern_path`), or -errno: -EBADF for what is no
   * regular file, -EIO for one that has no pages. Left out: there is none.
   */
  probedFile?(pathname: number): ProbedFile | number;
  /** Paths as the caller sees them. */
  readonly paths: PathResolver;
}

/** Pins: the two path operations of bpf(2), seen from the caller (its cwd, root, rights and mounts). */
export interface PathResolver {
  /**
   * Pins an object under a new name (OBJ_PIN after its own checks): 0 or -errno as
   * the path walk gives it (-EEXIST, -ENOENT, -EPERM when the parent is no bpffs, …).
   * Takes a user reference of its own on success.
   */
  pin(pathFd: number, pathname: number, object: BpfObject): number;
  /**
   * The object pinned at a path, with a user reference taken, or -errno.
   * `access` is what the caller needs of the file: FMODE_READ | FMODE_WRITE.
   */
  get(pathFd: number, pathname: number, access: number): BpfObject | number;
}
