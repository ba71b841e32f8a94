/** Calls on descriptors and paths whose answer the kernel cannot know: our objects are memfds to it, our mount a FUSE. */
import { close, constants, open, stat, statSync } from 'node:fs';
import { FMODE_WRITE } from '../../base/object.ts';
import { AT_FDCWD } from '../../syscall/caller.ts';
import { CAP } from '../../uapi/capability.ts';
import { EACCES, EFAULT, EINVAL, EPERM } from '../../uapi/errno.ts';
import type { CurrentCall } from '../call.ts';
import type { ExecCaller } from '../caller.ts';
import { fdInfoText } from '../fdinfo.ts';
import { mmapAnswer } from '../mmap.ts';
import { mountFlags, mountTable } from '../mount_table.ts';
import { ANSWERED, CONTINUE } from '../native.ts';
import { seenPath } from '../probed_file.ts';
import { statfsAnonInode, statfsBpffs } from '../statfs.ts';
import { suppliedFile } from '../supplied.ts';

/** fcntl(2): include/uapi/asm-generic/fcntl.h. A memfd is opened with O_LARGEFILE, an anonymous inode is not. */
const F_GETFL = 3;
const O_LARGEFILE = 0o100000;
const O_CLOEXEC = 0o2000000;

/** statfs(2): bpffs on our mount, the kernel's answer elsewhere. */
export function statfs(call: CurrentCall): number {
  const { pins } = call.host;
  const buffer = call.long(1);
  const path = pins === undefined ? -EFAULT : call.path(call.long(0));
  if (typeof path === 'number') return CONTINUE;
  call.walk(AT_FDCWD, path, false, (answer) => {
    if (answer.errno !== 0 || pins?.has(answer.dev) !== true) return CONTINUE;
    return call.native.supWrite(buffer, statfsBpffs(answer.dev, mountFlags(call.caller.tid, answer.dev).flags));
  });
  return ANSWERED;
}

/** fstatfs(2): bpffs on our mount, the anonymous inodes' file system for our objects. */
export function fstatfs(call: CurrentCall): number {
  const buffer = call.long(1);
  if (call.held(call.int(0)) !== undefined) return call.native.supWrite(buffer, statfsAnonInode());
  const dev = call.foreignDev;
  if (dev === undefined || call.host.pins?.has(dev) !== true) return CONTINUE;
  return call.native.supWrite(buffer, statfsBpffs(dev, mountFlags(call.caller.tid, dev).flags));
}

/** epoll_ctl(2): a map that can be waited for is an eventfd there. */
export function epollCtl(call: CurrentCall): number {
  const fd = call.int(2);
  const held = call.held(fd);
  if (held === undefined) return call.isPin ? -EPERM : CONTINUE;
  return call.host.epoll.control(held, call.caller, call.int(0), call.int(1), fd, call.long(3));
}

/** fcntl(2), for F_GETFL of our objects and F_SETFL of O_DIRECT on ours and on pinned files. */
export function fcntl(call: CurrentCall): number {
  const fd = call.int(0);
  const held = call.held(fd);
  if (call.int(1) !== F_GETFL) return held !== undefined || call.isPin ? -EINVAL : CONTINUE;
  if (held === undefined) return CONTINUE;
  const flags = call.native.supFdFlags(fd);
  return flags < 0 ? flags : flags & ~(O_LARGEFILE | O_CLOEXEC);
}

/** What `call.procFile` says of trace_pipe, and of the kernel's types. */
const TRACE_PIPE = -3;
const TYPES = -4;
/** And of a file that may be supplied where the machine has none. */
const SUPPLIED = -5;
const W_OK = 2;
const X_OK = 1;

/** access(2) of the kernel's types, where they are shown to those who open them; `mode` is the number of that argument. */
export function access(call: CurrentCall, mode: number): number {
  if (call.host.shownTypes === undefined) return CONTINUE;
  return (call.int(mode) & (W_OK | X_OK)) === 0 ? 0 : -EACCES;
}

/**
 * open(2) of an object's fdinfo, of a mount table, of trace_pipe or of the kernel's types:
 * `flags` is the number of the argument that has them.
 */
export function openServedFile(call: CurrentCall, flags: number): number {
  if (call.procFile.fd === TRACE_PIPE) return openTracePipe(call, call.int(flags));
  if (call.procFile.fd === SUPPLIED) return openSupplied(call, flags);
  const content = call.procFile.fd === TYPES ? call.host.shownTypes : procFile(call);
  if (content === undefined) return CONTINUE;
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
  const fd = call.native.supTextFd('proc', bytes, (call.int(flags) & O_CLOEXEC) !== 0);
  return fd < 0 ? fd : ANSWERED;
}

/** open(2) of a file of the kernel's that the machine may not have: its own comes first. */
function openSupplied(call: CurrentCall, flags: number): number {
  const { host, caller, native } = call;
  // The path is the argument before the flags.
  const path = host.standsAlone ? call.path(call.long(flags - 1)) : -EFAULT;
  if (typeof path === 'number') return CONTINUE;
  const name = Buffer.from(path).toString('latin1');
  const content = suppliedFile(host.kernel.vmlinux, host.kernel.nrCpus, name);
  if (content === undefined) return CONTINUE;
  const cloexec = (call.int(flags) & O_CLOEXEC) !== 0;
  const resume = call.later();
  stat(seenPath(caller.tid, name), (error) => {
    if (error === null) resume(CONTINUE);
    else
      resume(() => {
        const fd = native.supTextFd('kernel', content, cloexec);
        return fd < 0 ? fd : ANSWERED;
      });
  });
  return ANSWERED;
}

function procFile(call: CurrentCall): string | undefined {
  const { pins, objects } = call.host;
  const { pid, fd, ino } = call.procFile;
  if (fd < 0) return pins === undefined ? undefined : mountTable(pid, fd === -2, pins);
  const held = mayLookAt(call.caller, pid) ? objects.byIno(ino) : undefined;
  return held === undefined ? undefined : fdInfoText(held.object, pid, fd);
}

/**
 * Whether the caller may look into a process (`ptrace_may_access`): one of its own, or any with
 * CAP_SYS_PTRACE. /proc/PID belongs to the process's user, or to root where it may not be looked at.
 */
function mayLookAt(caller: ExecCaller, pid: number): boolean {
  if (pid === caller.tid || pid === caller.tgid || caller.hasCap(CAP.SYS_PTRACE)) return true;
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid === caller.uid;
}

/**
 * open(2) of tracefs' trace_pipe: what the programs of this kernel print is in a file of the
 * mount, opened by another thread since this one serves it. Without a mount, or the rights of
 * root, it is the machine's.
 */
function openTracePipe(call: CurrentCall, flags: number): number {
  const { caller, native } = call;
  if (call.host.pins === undefined || !caller.hasCap(CAP.DAC_OVERRIDE)) return CONTINUE;
  const resume = call.later();
  const pipe = `/proc/${caller.tid}/root/sys/fs/bpf/bpf.trace_pipe`;
  open(pipe, constants.O_RDONLY | (flags & constants.O_NONBLOCK), (error, file) => {
    resume(() => {
      const fd = error === null ? native.supInject(file, (flags & O_CLOEXEC) !== 0) : CONTINUE;
      return fd < 0 ? fd : ANSWERED;
    });
    if (error === null) close(file, () => {});
  });
  return ANSWERED;
}

/** mmap(2) of a file, shared: the map decides. */
export function mmap(call: CurrentCall): number {
  const fd = call.int(4);
  const held = call.held(fd);
  if (held === undefined) return CONTINUE;
  const writable = (call.host.objects.file(held, fd).mode & FMODE_WRITE) !== 0;
  return mmapAnswer(held, writable, call.long(0), call.long(1), call.int(2), call.long(5));
}
