/**
 * What native/supervisor*.cc give: the functions of the addon that this folder uses,
 * and the mailbox that both sides read and write. All act on the current call, on one
 * thread; results below zero are -errno.
 */

/** Offsets of the mailbox, in 32-bit words (`ints`: the low halves of `args`); `args`, `dev`, `ino`, `long_args` and `ip` in 64-bit words; `attr` in bytes (`struct Mailbox`). */
export const BOX = {
  ID_LOW: 0,
  ID_HIGH: 1,
  TID: 2,
  NR: 3,
  ARCH: 4,
  ATTR_STATUS: 5,
  CMD: 6,
  BPF_SIZE: 7,
  ARGS: 4,
  DEV: 10,
  INO: 11,
  MODE: 24,
  UID: 25,
  GID: 26,
  TGID: 27,
  UMASK: 28,
  NGROUPS: 29,
  CAP_LOW: 30,
  CAP_HIGH: 31,
  PROC_PID: 32,
  PROC_FD: 33,
  INTS: 34,
  LONG_ARGS: 20,
  IP: 26,
  WATCHED: 54,
  ATTR: 1024,
  SIZE: 1024 + 4096,
} as const;

/** Returned for a call that has been answered, or will be with `supReply`. */
export const ANSWERED = -0x40000000;
/** Returned for a call that the kernel is to carry out itself. */
export const CONTINUE = -0x40000001;

/** System call numbers of x86_64 that arrive (arch/x86/entry/syscalls/syscall_64.tbl). */
export const SYS = {
  OPEN: 2,
  ACCESS: 21,
  MMAP: 9,
  IOCTL: 16,
  SETSOCKOPT: 54,
  FCNTL: 72,
  STATFS: 137,
  MOUNT: 165,
  FSTATFS: 138,
  EPOLL_CTL: 233,
  OPENAT: 257,
  FACCESSAT: 269,
  PERF_EVENT_OPEN: 298,
  BPF: 321,
  FACCESSAT2: 439,
} as const;

/** The functions; each is described where it is written, in native/supervisor*.cc. */
export interface ExecNative {
  supSetup(mailbox: ArrayBuffer, onClose: (ino: number) => void): number;
  supStart(listener: number, onCall: () => number, onEnd: () => void): number;
  supStop(handle: number): void;
  supServe(handle: number): number;
  supSave(): void;
  supRestore(): void;
  supSelect(handle: number, idLow: number, idHigh: number, tid: number): boolean;
  supTakePath(): boolean;
  supReply(result: number): number;
  supRead(addr: number, to: Uint8Array): number;
  supWrite(addr: number, from: Uint8Array): number;
  supFdStat(fd: number): number;
  supFdMode(fd: number): number;
  supFdFlags(fd: number): number;
  supFdLink(fd: number): string;
  supPidfdPid(fd: number): number;
  supCaps(): number;
  supUserNs(pid: number): number;
  supIds(groups: Uint8Array): number;
  supCpu(): number;
  supWritableMappings(ino: number): number;
  /** Where the caller's process has mapped an object, shared; 0: nowhere. */
  supMappingStart(ino: number): number;
  supObjectCreate(name: string, size: number, seals: number): number;
  supObjectFree(fd: number): void;
  supObjectInject(fd: number, flags: number, cloexec: boolean, send: boolean): number;
  supInject(fd: number, cloexec: boolean): number;
  supHollow(fd: number): number;
  supObjectSeal(fd: number, seals: number): number;
  supObjectWrite(fd: number, bytes: Uint8Array, offset: number): number;
  supTextFd(name: string, text: Uint8Array, cloexec: boolean): number;
  supPollCloses(): void;
  supMapPages(arena: ArrayBuffer, offset: number, length: number, fd: number, at: number, copy: boolean): number;
  supUnmapPages(arena: ArrayBuffer, offset: number, length: number, keep: boolean): number;
  supPagesTouched(fd: number, seen: Uint8Array): void;
  supDropPages(fd: number, page: number, count: number): void;
  supMapFile(fd: number, length: number): ArrayBuffer | number;
  supPerfOpen(attr: Uint8Array, text: string, cpu: number, ring: number): number;
  supPerfRing(fd: number, length: number): ArrayBuffer | number;
  supGetFd(pid: number, fd: number): number;
  supSocketPair(): readonly [number, number] | number;
  supTakePassed(socket: number): readonly number[];
  supSocketFilter(fd: number, reuseport: boolean): number;
  supCloseFd(fd: number): void;
  supEventFd(): number;
  supEventSet(fd: number, ready: boolean, out: boolean): number;
  supEpollCtl(epoll: number, op: number, fd: number, event: number, edge: boolean): number;
  supMountBpf(
    tid: number,
    source: string,
    target: string,
    flags: number,
    options: string,
    done: (errno: number, fuseFd: number, dev: number) => void,
  ): void;
  waitReadable(fds: readonly number[], micros: number): void;
  supPin(cpu: number): number;
}
