/*
 * What the supervisor asks of and does to its caller: descriptors, rights, ids, CPU,
 * mappings, epoll; and the CPU of our own thread.
 */
#include <linux/capability.h>
#include <linux/filter.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "supervisor.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

namespace bpf_emu {
namespace supervisor {
/* ---- descriptors of other processes ---- */

int GetFd(pid_t pid, int fd) {
  int process = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  /* A thread that does not lead its process: since Linux 6.9. */
  if (process < 0) process = static_cast<int>(syscall(SYS_pidfd_open, pid, PIDFD_THREAD));
  if (process < 0) return -errno;
  int result = static_cast<int>(syscall(SYS_pidfd_getfd, process, fd, 0));
  int error = errno;
  close(process);
  return result < 0 ? -error : result;
}

namespace {

/* supGetFd(pid, fd): our own copy of another process's descriptor (pid 0: of the caller's), or -errno. */
napi_value GetFdOf(napi_env env, napi_callback_info info) {
  Args args(env, info);
  pid_t pid = args.i32(0);
  return Int(env, GetFd(pid == 0 ? current.tid : pid, args.i32(1)));
}

/* supSocketPair(): two ends of a socket, for a process that is started with one of them, or -errno. */
napi_value SocketPair(napi_env env, napi_callback_info) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) return Int(env, -errno);
  napi_value result;
  napi_create_array_with_length(env, 2, &result);
  for (uint32_t i = 0; i < 2; i++) napi_set_element(env, result, i, Int(env, ends[i]));
  return result;
}

/* supTakePassed(socket): the descriptors that were sent over a socket, in order; none: an empty list. Does not wait. */
napi_value TakePassed(napi_env env, napi_callback_info info) {
  Args args(env, info);
  alignas(cmsghdr) char room[CMSG_SPACE(4 * sizeof(int))];
  char byte;
  iovec data = {&byte, 1};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  napi_value result;
  napi_create_array(env, &result);
  if (recvmsg(args.i32(0), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0) return result;
  uint32_t count = 0;
  for (cmsghdr *head = CMSG_FIRSTHDR(&message); head != nullptr; head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= head->cmsg_len; at += sizeof(int)) {
      int fd;
      memcpy(&fd, CMSG_DATA(head) + at, sizeof fd);
      napi_set_element(env, result, count++, Int(env, fd));
    }
  }
  return result;
}

/*
 * supSocketFilter(fd, reuseport): gives a socket a filter that lets everything through, so
 * that it is a socket with a filter to all who ask; 0 or -errno.
 */
napi_value SocketFilter(napi_env env, napi_callback_info info) {
  Args args(env, info);
  sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, 0xffffffff)};
  sock_fprog program = {1, all};
  int option = args.boolean(1) ? SO_ATTACH_REUSEPORT_CBPF : SO_ATTACH_FILTER;
  return Int(env, setsockopt(args.i32(0), SOL_SOCKET, option, &program, sizeof program) ? -errno : 0);
}

/* supCloseFd(fd). */
napi_value CloseFd(napi_env env, napi_callback_info info) {
  Args args(env, info);
  close(args.i32(0));
  return nullptr;
}

/* ---- the caller ---- */

/*
 * supFdStat(fd): the inode number of one of our objects, -1 for any other file (dev,
 * ino and mode are in the mailbox), -EBADF. DONT_SYNC: a file of our own mount must
 * not ask us for its attributes while we wait.
 */
napi_value FdStat(napi_env env, napi_callback_info info) {
  Args args(env, info);
  int32_t fd = args.i32(0);
  struct statx st;
  if (fd < 0) return Int(env, -EBADF);
  ProcPath path(current.tid, "/fd/", static_cast<uint32_t>(fd));
  if (statx(AT_FDCWD, path.text, AT_STATX_DONT_SYNC, STATX_TYPE | STATX_MODE | STATX_INO, &st)) return Int(env, -EBADF);
  dev_t dev = makedev(st.stx_dev_major, st.stx_dev_minor);
  if (dev == memfd_dev && S_ISREG(st.stx_mode)) return Number(env, static_cast<double>(st.stx_ino));
  mailbox->dev = static_cast<double>(dev);
  mailbox->ino = static_cast<double>(st.stx_ino);
  mailbox->mode = st.stx_mode;
  return Int(env, -1);
}

/* supFdMode(fd): FMODE_READ 1 | FMODE_WRITE 2 of the open description, as the mode of its link in /proc shows it. */
napi_value FdMode(napi_env env, napi_callback_info info) {
  Args args(env, info);
  struct stat st;
  ProcPath path(current.tid, "/fd/", static_cast<uint32_t>(args.i32(0)));
  if (lstat(path.text, &st)) return Int(env, -EBADF);
  return Int(env, (st.st_mode & S_IRUSR ? 1 : 0) | (st.st_mode & S_IWUSR ? 2 : 0));
}

/* supFdLink(fd): the text of the descriptor's link in /proc, or "". */
napi_value FdLink(napi_env env, napi_callback_info info) {
  Args args(env, info);
  char text[4096];
  ProcPath path(current.tid, "/fd/", static_cast<uint32_t>(args.i32(0)));
  ssize_t n = readlink(path.text, text, sizeof text);
  napi_value result;
  napi_create_string_utf8(env, text, n < 0 ? 0 : static_cast<size_t>(n), &result);
  return result;
}

/* The text of a descriptor's fdinfo; empty when it cannot be read. */
void FdInfo(int32_t number, char (&text)[1024]) {
  ProcPath path(current.tid, "/fdinfo/", static_cast<uint32_t>(number));
  int fd = open(path.text, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  text[n < 0 ? 0 : n] = 0;
}

/* supFdFlags(fd): the flags of the caller's open description, as F_GETFL and O_CLOEXEC; -EBADF. */
napi_value FdFlags(napi_env env, napi_callback_info info) {
  Args args(env, info);
  char text[1024];
  FdInfo(args.i32(0), text);
  const char *at = strstr(text, "flags:");
  return Int(env, at == nullptr ? -EBADF : static_cast<int32_t>(strtol(at + 6, nullptr, 8)));
}

/* supPidfdPid(fd): the process that a pidfd of the caller names, 0 when unknown. */
napi_value PidfdPid(napi_env env, napi_callback_info info) {
  Args args(env, info);
  char text[1024];
  FdInfo(args.i32(0), text);
  const char *at = strstr(text, "\nPid:");
  return Int(env, at == nullptr ? 0 : atoi(at + 5));
}

/* supCaps(): effective capabilities into the mailbox; returns the inode of the thread's user namespace, or -errno. */
napi_value Caps(napi_env env, napi_callback_info) {
  __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, current.tid};
  __user_cap_data_struct data[2];
  mailbox->cap_low = mailbox->cap_high = 0;
  if (syscall(SYS_capget, &head, data)) return Int(env, -errno);
  mailbox->cap_low = data[0].effective;
  mailbox->cap_high = data[1].effective;
  struct stat st;
  ProcPath path(current.tid, "/ns/user");
  if (stat(path.text, &st)) return Int(env, -errno);
  return Number(env, static_cast<double>(st.st_ino));
}

/* supUserNs(pid): inode of its user namespace (0: our own), or -errno. */
napi_value UserNs(napi_env env, napi_callback_info info) {
  Args args(env, info);
  struct stat st;
  int32_t pid = args.i32(0);
  ProcPath path(pid == 0 ? getpid() : pid, "/ns/user");
  if (stat(path.text, &st)) return Int(env, -errno);
  return Number(env, static_cast<double>(st.st_ino));
}

/*
 * supIds(groups: Uint32Array): the thread's fsuid, fsgid, umask and process id into the
 * mailbox, its supplementary groups into `groups`; 0 or -errno.
 */
napi_value Ids(napi_env env, napi_callback_info info) {
  Args args(env, info);
  char text[8192];
  size_t capacity;
  auto *groups = reinterpret_cast<uint32_t *>(args.bytes(0, &capacity));
  ProcPath path(current.tid, "/status");
  int fd = open(path.text, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Int(env, -errno);
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n <= 0) return Int(env, -ESRCH);
  text[n] = 0;
  unsigned a, b, c, d;
  const char *at;
  if ((at = strstr(text, "\nUid:")) != nullptr && sscanf(at + 5, "%u %u %u %u", &a, &b, &c, &d) == 4) mailbox->uid = d;
  if ((at = strstr(text, "\nGid:")) != nullptr && sscanf(at + 5, "%u %u %u %u", &a, &b, &c, &d) == 4) mailbox->gid = d;
  if ((at = strstr(text, "\nTgid:")) != nullptr) mailbox->tgid = static_cast<uint32_t>(strtoul(at + 6, nullptr, 10));
  mailbox->umask = 022;
  if ((at = strstr(text, "\nUmask:")) != nullptr) mailbox->umask = static_cast<uint32_t>(strtoul(at + 7, nullptr, 8));
  mailbox->ngroups = 0;
  if ((at = strstr(text, "\nGroups:")) != nullptr) {
    at += 8;
    while (mailbox->ngroups < capacity) {
      while (*at == ' ' || *at == '\t') at++;
      if (*at < '0' || *at > '9') break;
      char *end;
      groups[mailbox->ngroups++] = static_cast<uint32_t>(strtoul(at, &end, 10));
      at = end;
    }
  }
  return Int(env, 0);
}

/* The CPU a thread is bound to, or -1. Remembered until somebody calls sched_setaffinity(2). */
int BoundCpu(pid_t tid) {
  auto known = cpu_cache.find(tid);
  if (known != cpu_cache.end()) return known->second;
  cpu_set_t set;
  int bound = -1;
  CPU_ZERO(&set);
  if (sched_getaffinity(tid, sizeof set, &set) == 0 && CPU_COUNT(&set) == 1) {
    bound = 0;
    while (!CPU_ISSET(bound, &set)) bound++;
  }
  if (cpu_cache.size() > 4096) cpu_cache.clear();
  cpu_cache[tid] = bound;
  return bound;
}

/* supCpu(): the CPU the caller is bound to, else the one we run on: the wake-up is synchronous. */
napi_value Cpu(napi_env env, napi_callback_info) {
  int cpu = BoundCpu(current.tid);
  if (cpu < 0) cpu = sched_getcpu();
  return Int(env, cpu < 0 ? 0 : cpu);
}

/* Calls `see` with the start of each shared mapping of an object in the caller's process, and whether it is writable, until that says false. */
template <typename See>
void SharedMappings(double object, See see) {
  auto ino = static_cast<unsigned long>(object);
  ProcPath path(current.tid, "/maps");
  FILE *file = fopen(path.text, "re");
  if (file == nullptr) return;
  char *line = nullptr;
  size_t size = 0;
  bool more = true;
  while (more && getline(&line, &size, file) > 0) {
    char perms[8];
    unsigned major, minor;
    unsigned long start, inode;
    if (sscanf(line, "%lx-%*x %7s %*x %x:%x %lu", &start, perms, &major, &minor, &inode) != 5) continue;
    if (inode == ino && perms[3] == 's' && makedev(major, minor) == memfd_dev) more = see(start, perms[1] == 'w');
  }
  free(line);
  fclose(file);
}

/* supWritableMappings(ino): how many writable shared mappings of the object the caller's process has. */
napi_value WritableMappings(napi_env env, napi_callback_info info) {
  Args args(env, info);
  int32_t count = 0;
  SharedMappings(args.number(0), [&](unsigned long, bool writable) {
    if (writable) count++;
    return true;
  });
  return Int(env, count);
}

/* supMappingStart(ino): where the caller's process has mapped the object, shared; 0: nowhere. */
napi_value MappingStart(napi_env env, napi_callback_info info) {
  Args args(env, info);
  unsigned long found = 0;
  SharedMappings(args.number(0), [&](unsigned long start, bool) {
    found = start;
    return false;
  });
  return Number(env, static_cast<double>(found));
}

/* ---- poll bridge: an eventfd stands for a ring buffer in the caller's epoll ---- */

/* supEventFd(): a new eventfd, not ready, or -errno. */
napi_value EventFd(napi_env env, napi_callback_info) {
  int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return Int(env, fd < 0 ? -errno : fd);
}

/*
 * supEventSet(fd, ready, out): makes an eventfd readable (or, with `out`, writable) or not. A
 * counter of 0 is not readable, one at its limit is not writable.
 */
napi_value EventSet(napi_env env, napi_callback_info info) {
  Args args(env, info);
  int fd = args.i32(0);
  bool ready = args.boolean(1), out = args.boolean(2);
  uint64_t value = out ? UINT64_MAX - 1 : 1;
  if (ready && !out) {
    uint64_t old;
    ssize_t drained = read(fd, &old, sizeof old); /* so that it cannot fill up */
    (void)drained;
  }
  ssize_t n = ready != out ? write(fd, &value, sizeof value) : read(fd, &value, sizeof value);
  return Int(env, n < 0 ? -errno : 0);
}

/*
 * supEpollCtl(epfd, op, fd, eventAddr, edge): epoll_ctl(2) of the caller's epoll with our
 * descriptor and the caller's event, edge-triggered when `edge`; 0 or -errno.
 */
napi_value EpollCtl(napi_env env, napi_callback_info info) {
  Args args(env, info);
  int op = args.i32(1);
  epoll_event event = {};
  uint64_t addr;
  if (op != EPOLL_CTL_DEL) {
    if (!Address(args.number(3), &addr) || ReadTarget(addr, &event, sizeof event)) return Int(env, -EFAULT);
  }
  if (args.boolean(4)) event.events |= EPOLLET;
  int epoll = GetFd(current.tid, args.i32(0));
  if (epoll < 0) return Int(env, epoll);
  int result = epoll_ctl(epoll, op, args.i32(2), &event) ? -errno : 0;
  close(epoll);
  return Int(env, result);
}

/* ---- the machine ---- */

/* supPin(cpu): binds our thread to a CPU; 0 or -errno. */
napi_value Pin(napi_env env, napi_callback_info info) {
  Args args(env, info);
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(args.i32(0), &set);
  return Int(env, sched_setaffinity(0, sizeof set, &set) ? -errno : 0);
}

constexpr Export kExports[] = {
    {"supFdStat", FdStat},
    {"supFdMode", FdMode},
    {"supFdFlags", FdFlags},
    {"supFdLink", FdLink},
    {"supPidfdPid", PidfdPid},
    {"supCaps", Caps},
    {"supUserNs", UserNs},
    {"supIds", Ids},
    {"supCpu", Cpu},
    {"supWritableMappings", WritableMappings},
    {"supMappingStart", MappingStart},
    {"supGetFd", GetFdOf},
    {"supSocketPair", SocketPair},
    {"supTakePassed", TakePassed},
    {"supSocketFilter", SocketFilter},
    {"supCloseFd", CloseFd},
    {"supEventFd", EventFd},
    {"supEventSet", EventSet},
    {"supEpollCtl", EpollCtl},
    {"supPin", Pin},
};

}  // namespace

void ExportCaller(napi_env env, napi_value exports) { ExportAll(env, exports, kExports); }

}  // namespace supervisor
}  // namespace bpf_emu
