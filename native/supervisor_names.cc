/*
 * Calls that name an object's descriptor or a mount table by a path in /proc: readlink(2)
 * is answered here, what open(2) means is put into the mailbox for TypeScript.
 */
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "exec_abi.h"
#include "supervisor.h"

namespace bpf_emu {
namespace supervisor {
namespace {

/* Takes a number off the front of a text; false when there is none. */
bool TakeNumber(const char **at, int32_t *value) {
  char *end;
  if (**at < '0' || **at > '9') return false;
  long number = strtol(*at, &end, 10);
  if (number > INT32_MAX) return false;
  *value = static_cast<int32_t>(number);
  *at = end;
  return true;
}

bool Skip(const char **at, const char *text) {
  size_t length = strlen(text);
  if (strncmp(*at, text, length) != 0) return false;
  *at += length;
  return true;
}

/* Parses `/proc/PID[/task/TID]/WHAT/N`, self and thread-self for PID. */
bool ParseProcPath(const char *at, const char *what, int32_t *pid, int32_t *fd) {
  if (!Skip(&at, "/proc/")) return false;
  if (Skip(&at, "self/") || Skip(&at, "thread-self/")) *pid = current.tid;
  else if (!TakeNumber(&at, pid) || !Skip(&at, "/")) return false;
  if (Skip(&at, "task/") && (!TakeNumber(&at, pid) || !Skip(&at, "/"))) return false;
  if (!Skip(&at, what) || !Skip(&at, "/") || !TakeNumber(&at, fd)) return false;
  return *at == 0;
}

/* A path argument, read once for all who compare it. Longer ones name nothing that is looked for here. */
struct PathText {
  char text[128] = {};

  bool Read(uint64_t path) {
    size_t size = 4096 - path % 4096; /* not into the next page, which may be missing */
    if (ReadTarget(path, text, size < sizeof text - 1 ? size : sizeof text - 1)) return false;
    return strlen(text) < sizeof text - 1;
  }

  bool Is(const char *other) const { return strcmp(text, other) == 0; }
};

/*
 * Which descriptor a path names: `what` is "fd" or "fdinfo". Paths are taken by their text,
 * as all programs write them; a relative one only within an open /proc/PID/WHAT.
 */
bool NamesDescriptor(int32_t dirfd, const char *text, const char *what, int32_t *pid, int32_t *fd) {
  const char *at = text;
  if (text[0] == '/') {
    if (strcmp(what, "fd") == 0 && Skip(&at, "/dev/fd/")) {
      *pid = current.tid;
      return TakeNumber(&at, fd) && *at == 0;
    }
    return ParseProcPath(text, what, pid, fd);
  }
  if (dirfd < 0 || !TakeNumber(&at, fd) || *at != 0) return false;
  char link[80] = {};
  ProcPath dir(current.tid, "/fd/", static_cast<uint32_t>(dirfd));
  ssize_t n = readlink(dir.text, link, sizeof link - 16);
  if (n <= 0) return false;
  Append(Append(link + n, "/"), static_cast<uint32_t>(*fd));
  return ParseProcPath(link, what, pid, fd);
}

/* The object behind a descriptor of a process, or none. */
const Object *ObjectOf(int32_t pid, int32_t fd) {
  struct statx st;
  ProcPath path(pid, "/fd/", static_cast<uint32_t>(fd));
  if (statx(AT_FDCWD, path.text, AT_STATX_DONT_SYNC, STATX_INO, &st)) return nullptr;
  if (makedev(st.stx_dev_major, st.stx_dev_minor) != memfd_dev) return nullptr;
  auto found = watch_of_ino.find(st.stx_ino);
  return found == watch_of_ino.end() ? nullptr : &objects[found->second];
}

/* Whether a descriptor is an open iterator: a file of the mount without a place in its tree (fs/hidden.ts). */
bool IsIterator(int32_t pid, int32_t fd) {
  char link[256] = {};
  ProcPath path(pid, "/fd/", static_cast<uint32_t>(fd));
  return readlink(path.text, link, sizeof link - 1) > 0 && strstr(link, "/.bpf_iter-") != nullptr;
}

/* readlink(2) of an object's descriptor; false: not one. */
bool AnswerReadlink(int32_t dirfd, uint64_t path, uint64_t buffer, int32_t size) {
  int32_t pid, fd;
  PathText name_of;
  if (size <= 0 || objects.empty() || !name_of.Read(path)) return false;
  if (!NamesDescriptor(dirfd, name_of.text, "fd", &pid, &fd)) return false;
  const Object *object = ObjectOf(pid, fd);
  if (object == nullptr && !IsIterator(pid, fd)) return false;
  const std::string name = object != nullptr ? object->name : "anon_inode:bpf_iter";
  size_t length = name.size() < static_cast<size_t>(size) ? name.size() : static_cast<size_t>(size);
  int error = WriteTarget(buffer, name.data(), length);
  if (error != 0) Send(0, error, 0);
  else Send(static_cast<int64_t>(length), 0, 0);
  return true;
}

/* open(2) of an object's fdinfo: what TypeScript needs is in the mailbox; false: not one. */
bool NamesFdInfo(int32_t dirfd, const PathText &path) {
  int32_t pid, fd;
  if (objects.empty() || !NamesDescriptor(dirfd, path.text, "fdinfo", &pid, &fd)) return false;
  const Object *object = ObjectOf(pid, fd);
  if (object == nullptr) return false;
  mailbox->ino = static_cast<double>(object->ino);
  mailbox->proc_pid = pid;
  mailbox->proc_fd = fd;
  return true;
}

/* open(2) of a mount table: whose and which (-1 mounts, -2 mountinfo) is in the mailbox; false: not one. */
bool NamesMounts(const PathText &path) {
  const char *at = path.text;
  int32_t pid = current.tid;
  if (path.Is("/etc/mtab") || path.Is("/proc/mounts")) {
    at = "mounts";
  } else {
    if (!Skip(&at, "/proc/")) return false;
    if (!Skip(&at, "self/") && !Skip(&at, "thread-self/") && (!TakeNumber(&at, &pid) || !Skip(&at, "/"))) return false;
  }
  bool info = strcmp(at, "mountinfo") == 0;
  if (!info && strcmp(at, "mounts") != 0) return false;
  mailbox->proc_pid = pid;
  mailbox->proc_fd = info ? -2 : -1;
  return true;
}

/*
 * open(2) or access(2) of what the kernel tells in files of fixed names; which is in the
 * mailbox: -3 what programs print (wherever tracefs is mounted or not), -4 the kernel's types,
 * -5 what TypeScript may supply where the machine has none; false: none of them.
 */
bool NamesKernelFile(const PathText &path) {
  const char *at = path.text;
  int32_t which = 0;
  if (path.Is("/proc/config.gz")) which = -5;
  else if (!Skip(&at, "/sys/")) return false;
  else if (strcmp(at, "kernel/btf/vmlinux") == 0) which = -4;
  else if (Skip(&at, "kernel/tracing/") || Skip(&at, "kernel/debug/tracing/")) {
    if (strcmp(at, "trace_pipe") == 0) which = -3;
    else if (Skip(&at, "events/")) which = -5;
  } else if (Skip(&at, "bus/event_source/devices/kprobe/") || Skip(&at, "bus/event_source/devices/uprobe/")) which = -5;
  if (which == 0) return false;
  mailbox->proc_fd = which;
  return true;
}

bool NamesServedFile(int32_t dirfd, uint64_t address) {
  PathText path;
  if (!path.Read(address)) return false;
  return NamesFdInfo(dirfd, path) || NamesMounts(path) || NamesKernelFile(path);
}

/* access(2) of the kernel's types. */
bool AsksForTypes(uint64_t address) {
  PathText path;
  return path.Read(address) && NamesKernelFile(path) && mailbox->proc_fd == -4;
}

}  // namespace

namespace {

bool IsPlainOpen(uint64_t flags) {
  return (static_cast<uint32_t>(flags) & ~static_cast<uint32_t>(O_CLOEXEC | O_NOCTTY | O_NONBLOCK | EMU_O_LARGEFILE)) == O_RDONLY;
}

/* Whether a call can mean anything to us; it says what the filter of the launcher says, which also sends calls that are only watched. */
bool Concerns(uint64_t nr, const uint64_t *args) {
  switch (nr) {
    case SYS_bpf:
    case SYS_statfs:
    case SYS_fstatfs:
    case SYS_epoll_ctl:
    case SYS_mount:
    case SYS_perf_event_open:
    case SYS_readlink:
    case SYS_readlinkat:
    case SYS_access:
    case SYS_faccessat:
    case SYS_faccessat2:
    case SYS_sched_setaffinity:
      return true;
    case SYS_openat:
      return IsPlainOpen(args[2]);
    case SYS_open:
      return IsPlainOpen(args[1]);
    case SYS_mmap:
      return (args[3] & MAP_ANONYMOUS) == 0 && (args[3] & MAP_SHARED) != 0 && static_cast<int32_t>(args[4]) != -1;
    case SYS_ioctl:
      return (args[1] & 0xff00) == EMU_PERF_IOC_TYPE;
    case SYS_setsockopt:
      return static_cast<int32_t>(args[1]) == SOL_SOCKET &&
             (static_cast<int32_t>(args[2]) == SO_ATTACH_BPF || static_cast<int32_t>(args[2]) == SO_ATTACH_REUSEPORT_EBPF);
    case SYS_fcntl:
      return static_cast<int32_t>(args[1]) == F_GETFL || (static_cast<int32_t>(args[1]) == F_SETFL && (args[2] & O_DIRECT) != 0);
    default:
      return false;
  }
}

}  // namespace

/* Calls that are only watched, and those whose path decides, answered or let go here; false: TypeScript has to look. */
bool TakePathCall(uint64_t nr, const uint64_t *args) {
  auto first = static_cast<int32_t>(args[0]);
  bool taken;
  if (!Concerns(nr, args)) {
    Send(0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
    return true;
  }
  switch (nr) {
    case SYS_readlink:
      taken = AnswerReadlink(AT_FDCWD, args[0], args[1], static_cast<int32_t>(args[2]));
      break;
    case SYS_readlinkat:
      taken = AnswerReadlink(first, args[1], args[2], static_cast<int32_t>(args[3]));
      break;
    case SYS_open:
      if (NamesServedFile(AT_FDCWD, args[0])) return false;
      taken = false;
      break;
    case SYS_openat:
      if (NamesServedFile(first, args[1])) return false;
      taken = false;
      break;
    case SYS_access:
      if (AsksForTypes(args[0])) return false;
      taken = false;
      break;
    case SYS_faccessat:
    case SYS_faccessat2:
      if (AsksForTypes(args[1])) return false;
      taken = false;
      break;
    case SYS_sched_setaffinity:
      cpu_cache.clear();
      taken = false;
      break;
    default:
      return false;
  }
  if (!taken) Send(0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
  return true;
}

}  // namespace supervisor
}  // namespace bpf_emu
