/*
 * The native half of `bpf-emu exec`: it takes seccomp notifications off the listener,
 * reads and writes the memory of the program that waits, tells what its descriptors
 * are, gives it new ones, and shares pages of the arena with it. All decisions are
 * made in TypeScript (exec/supervisor.ts), on the same thread: there is one call at a
 * time, the current one, and every function here acts on it.
 *
 * Numbers pass through a mailbox, an ArrayBuffer shared with TypeScript (see Mailbox),
 * so that a call allocates nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/memfd.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "addon.h"
#include "exec_abi.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif
#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND (1UL << 1)
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif
#ifndef AT_STATX_DONT_SYNC
#define AT_STATX_DONT_SYNC 0x4000
#endif

namespace bpf_emu {
namespace {

constexpr uint32_t kAttrMax = 4096; /* PAGE_SIZE: larger attributes answer E2BIG unread */
constexpr int kDrain = 32;          /* notifications taken in one turn of the loop */

/* What onCall returns besides a result or a negative errno. */
constexpr int32_t kAnswered = -0x40000000;
constexpr int32_t kContinue = -0x40000001;

/* The memory shared with TypeScript; exec/native.ts has the same offsets. */
struct Mailbox {
  uint32_t id_low, id_high; /* the notification */
  uint32_t tid;
  uint32_t nr;
  uint32_t arch;
  int32_t attr_status; /* bpf(2): 0, or why the attribute could not be read */
  uint32_t cmd, size;  /* bpf(2): low halves of its first and third argument */
  double args[6];
  /* Answers of the functions below. */
  double dev, ino;
  uint32_t mode, uid, gid, tgid, umask, ngroups;
  uint32_t cap_low, cap_high;
  int32_t proc_pid, proc_fd; /* whose descriptor a path in /proc names */
  uint8_t pad[1024 - 136];
  uint8_t attr[kAttrMax];
};
static_assert(sizeof(Mailbox) == 1024 + kAttrMax, "exec/native.ts knows these offsets");

struct Listener {
  int fd = -1;
  uv_poll_t poll;
  napi_env env;
  napi_ref on_call, on_end;
  napi_async_context context = nullptr;
  bool open = false;
};

/* The call that is being answered. */
struct Call {
  int listener = -1;
  uint64_t id = 0;
  pid_t tid = 0;
} current;

/* One object that has descriptors outside: our own open description of its memfd. */
struct Object {
  int fd;
  uint64_t ino;
  std::string name; /* what the kernel's link in /proc says: anon_inode:bpf-map */
};

Mailbox *mailbox;
std::unordered_map<pid_t, int> cpu_cache; /* CPU a thread is bound to, or -1 */
std::vector<Listener *> listeners;
std::unordered_map<int, Object> objects; /* by inotify watch */
std::unordered_map<int, int> watch_of;   /* by fd */
std::unordered_map<uint64_t, int> watch_of_ino;
dev_t memfd_dev;
int inotify_fd = -1;
uv_poll_t inotify_poll;
napi_env close_env;
napi_ref on_close;
napi_async_context close_context;

size_t notif_size = sizeof(seccomp_notif), resp_size = sizeof(seccomp_notif_resp);
std::vector<uint64_t> notif_buffer, resp_buffer;

napi_value Number(napi_env env, double value) {
  napi_value result;
  napi_create_double(env, value, &result);
  return result;
}

napi_value Int(napi_env env, int32_t value) {
  napi_value result;
  napi_create_int32(env, value, &result);
  return result;
}

/* The arguments of a call from TypeScript, which is typed: no checks of types here. */
struct Args {
  napi_env env;
  napi_value value[8];
  size_t count = 8;
  Args(napi_env e, napi_callback_info info) : env(e) { napi_get_cb_info(e, info, &count, value, nullptr, nullptr); }
  int32_t i32(int n) const {
    int32_t v = 0;
    napi_get_value_int32(env, value[n], &v);
    return v;
  }
  uint32_t u32(int n) const {
    uint32_t v = 0;
    napi_get_value_uint32(env, value[n], &v);
    return v;
  }
  double number(int n) const {
    double v = 0;
    napi_get_value_double(env, value[n], &v);
    return v;
  }
  bool boolean(int n) const {
    bool v = false;
    napi_get_value_bool(env, value[n], &v);
    return v;
  }
  uint8_t *bytes(int n, size_t *length) const {
    void *data = nullptr;
    napi_typedarray_type type;
    napi_value buffer;
    size_t offset;
    *length = 0;
    if (napi_get_typedarray_info(env, value[n], &type, length, &data, &buffer, &offset) != napi_ok) return nullptr;
    return static_cast<uint8_t *>(data);
  }
  uint8_t *buffer(int n, size_t *length) const {
    void *data = nullptr;
    *length = 0;
    napi_get_arraybuffer_info(env, value[n], &data, length);
    return static_cast<uint8_t *>(data);
  }
};

/* "/proc/TID/fd/N" without printf: it is on the path of every call. */
char *Append(char *at, const char *text) {
  while (*text != 0) *at++ = *text++;
  *at = 0;
  return at;
}
char *Append(char *at, uint32_t number) {
  char digits[12];
  int n = 0;
  do digits[n++] = static_cast<char>('0' + number % 10);
  while ((number /= 10) != 0);
  while (n > 0) *at++ = digits[--n];
  *at = 0;
  return at;
}
struct ProcPath {
  char text[64];
  ProcPath(pid_t tid, const char *rest) { Append(Append(Append(text, "/proc/"), static_cast<uint32_t>(tid)), rest); }
  ProcPath(pid_t tid, const char *rest, uint32_t n) {
    Append(Append(Append(Append(text, "/proc/"), static_cast<uint32_t>(tid)), rest), n);
  }
};

/* ioctl(2) on the listener; a signal may break off its waiting for the filter's lock. */
int Control(unsigned long request, void *arg) {
  int result;
  do result = ioctl(current.listener, request, arg);
  while (result < 0 && errno == EINTR);
  return result;
}

bool IdValid() {
  uint64_t id = current.id;
  return Control(SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

int ReadTarget(uint64_t addr, void *to, size_t size) {
  if (size == 0) return 0;
  iovec local = {to, size}, remote = {reinterpret_cast<void *>(addr), size};
  ssize_t n = process_vm_readv(current.tid, &local, 1, &remote, 1, 0);
  return n == static_cast<ssize_t>(size) ? 0 : -EFAULT;
}

int WriteTarget(uint64_t addr, const void *from, size_t size) {
  if (size == 0) return 0;
  if (!IdValid()) return -EFAULT; /* the thread is gone; its number may be another's now */
  iovec local = {const_cast<void *>(from), size}, remote = {reinterpret_cast<void *>(addr), size};
  ssize_t n = process_vm_writev(current.tid, &local, 1, &remote, 1, 0);
  return n == static_cast<ssize_t>(size) ? 0 : -EFAULT;
}

/* An address as TypeScript has it: a number; what it cannot hold exactly is no user address. */
bool Address(double value, uint64_t *addr) {
  if (!(value >= 0 && value < 9007199254740992.0)) return false;
  *addr = static_cast<uint64_t>(value);
  return true;
}

/* ---- replies ---- */

/* Answers the current call: 0, or -errno (-ENOENT: the caller is gone). */
int Send(int64_t value, int32_t error, uint32_t flags) {
  auto *resp = reinterpret_cast<seccomp_notif_resp *>(resp_buffer.data());
  memset(resp, 0, resp_size);
  resp->id = current.id;
  resp->val = value;
  resp->error = error;
  resp->flags = flags;
  return Control(SECCOMP_IOCTL_NOTIF_SEND, resp) ? -errno : 0;
}

int Reply(int32_t result) {
  if (result == kAnswered) return 0;
  if (result == kContinue) return Send(0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
  /* error is -errno; the kernel takes up to -4095, which holds ENOTSUPP (524). */
  return result < 0 ? Send(0, result, 0) : Send(result, 0, 0);
}

void Fatal(napi_env env) {
  napi_value error;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending && napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
}

/* ---- last close of object descriptors ---- */

/*
 * Whether no other open description and no mapping of the object is left: a write
 * lease is granted only then (check_conflicting_open of fs/locks.c).
 */
bool IsAlone(int fd) {
  if (fcntl(fd, F_SETLEASE, F_WRLCK) != 0) return false;
  fcntl(fd, F_SETLEASE, F_UNLCK);
  return true;
}

void CallClose(uint64_t ino) {
  napi_value function, global, arg, result;
  napi_get_reference_value(close_env, on_close, &function);
  napi_get_global(close_env, &global);
  napi_create_double(close_env, static_cast<double>(ino), &arg);
  if (napi_call_function(close_env, global, function, 1, &arg, &result) != napi_ok) Fatal(close_env);
}

/*
 * Looks which objects lost a descriptor. inotify merges equal events, so an event is
 * only a reason to ask for the lease; the events of a close(2) are there before it returns.
 */
void DrainCloses() {
  alignas(inotify_event) char buffer[8192];
  std::vector<uint64_t> gone;
  for (;;) {
    ssize_t n = read(inotify_fd, buffer, sizeof buffer);
    if (n <= 0) break;
    for (char *at = buffer; at < buffer + n;) {
      auto *event = reinterpret_cast<inotify_event *>(at);
      at += sizeof *event + event->len;
      if (event->mask & IN_Q_OVERFLOW) {
        for (auto &entry : objects)
          if (IsAlone(entry.second.fd)) gone.push_back(entry.second.ino);
        continue;
      }
      auto found = objects.find(event->wd);
      if (found != objects.end() && (event->mask & IN_CLOSE) && IsAlone(found->second.fd)) gone.push_back(found->second.ino);
    }
    if (n < static_cast<ssize_t>(sizeof buffer) / 2) break;
  }
  for (uint64_t ino : gone) CallClose(ino);
}

void OnInotify(uv_poll_t *, int, int) {
  napi_handle_scope handles;
  napi_callback_scope scope;
  napi_value resource;
  napi_open_handle_scope(close_env, &handles);
  napi_get_global(close_env, &resource);
  napi_open_callback_scope(close_env, resource, close_context, &scope);
  DrainCloses();
  napi_close_callback_scope(close_env, scope);
  napi_close_handle_scope(close_env, handles);
}

/* ---- notifications ---- */

/*
 * What is left out for commands that do not need it: `kSeesCloses` commands look at
 * ids or run what links attach, so closes that have happened must be known; `kEffects` commands change
 * something, so the attribute must not be a stranger's who got the thread's number.
 */
enum : uint8_t { kSeesCloses = 1, kEffects = 2 };

uint8_t Needs(uint32_t cmd) {
  switch (cmd) {
    case BPF_MAP_LOOKUP_ELEM:
    case BPF_MAP_GET_NEXT_KEY:
    case BPF_MAP_LOOKUP_BATCH:
      return 0;
    case BPF_MAP_UPDATE_ELEM:
    case BPF_MAP_DELETE_ELEM:
    case BPF_MAP_LOOKUP_AND_DELETE_ELEM:
    case BPF_MAP_UPDATE_BATCH:
    case BPF_MAP_DELETE_BATCH:
      return kEffects;
    default:
      return kSeesCloses | kEffects;
  }
}

/* The launcher asks whether its calls arrive here. */
bool IsProbe(const seccomp_data &data) {
  return data.arch == AUDIT_ARCH_X86_64 && data.nr == SYS_bpf && data.args[0] == EMU_PROBE_CMD &&
         data.args[1] == EMU_PROBE_ADDR && data.args[2] == EMU_PROBE_SIZE;
}

/* ---- descriptors by their names in /proc ---- */

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

/*
 * Which descriptor a path argument names: `what` is "fd" or "fdinfo". Paths are taken by
 * their text, as all programs write them; a relative one only within an open /proc/PID/WHAT.
 */
bool NamesDescriptor(int32_t dirfd, uint64_t path, const char *what, int32_t *pid, int32_t *fd) {
  char text[80] = {};
  size_t size = 4096 - path % 4096; /* not into the next page, which may be missing */
  if (ReadTarget(path, text, size < sizeof text - 1 ? size : sizeof text - 1)) return false;
  if (strlen(text) >= sizeof text - 1) return false;
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
  if (size <= 0 || objects.empty() || !NamesDescriptor(dirfd, path, "fd", &pid, &fd)) return false;
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
bool NamesFdInfo(int32_t dirfd, uint64_t path) {
  int32_t pid, fd;
  if (objects.empty() || !NamesDescriptor(dirfd, path, "fdinfo", &pid, &fd)) return false;
  const Object *object = ObjectOf(pid, fd);
  if (object == nullptr) return false;
  mailbox->ino = static_cast<double>(object->ino);
  mailbox->proc_pid = pid;
  mailbox->proc_fd = fd;
  return true;
}

/* open(2) of a mount table: whose and which (-1 mounts, -2 mountinfo) is in the mailbox; false: not one. */
bool NamesMounts(uint64_t path) {
  char text[80] = {};
  size_t size = 4096 - path % 4096;
  if (ReadTarget(path, text, size < sizeof text - 1 ? size : sizeof text - 1)) return false;
  const char *at = text;
  int32_t pid = current.tid;
  if (strcmp(text, "/etc/mtab") == 0 || strcmp(text, "/proc/mounts") == 0) {
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

/* Calls whose path decides, answered or let go here; false: TypeScript has to look. */
bool TakePathCall(const seccomp_data &data) {
  auto first = static_cast<int32_t>(data.args[0]);
  bool taken;
  switch (data.nr) {
    case SYS_readlink:
      taken = AnswerReadlink(AT_FDCWD, data.args[0], data.args[1], static_cast<int32_t>(data.args[2]));
      break;
    case SYS_readlinkat:
      taken = AnswerReadlink(first, data.args[1], data.args[2], static_cast<int32_t>(data.args[3]));
      break;
    case SYS_open:
      if (NamesFdInfo(AT_FDCWD, data.args[0]) || NamesMounts(data.args[0])) return false;
      taken = false;
      break;
    case SYS_openat:
      if (NamesFdInfo(first, data.args[1]) || NamesMounts(data.args[1])) return false;
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

/* Takes one notification and has it answered. False: there was none. */
bool TakeOne(Listener *listener) {
  auto *notif = reinterpret_cast<seccomp_notif *>(notif_buffer.data());
  memset(notif, 0, notif_size);
  if (ioctl(listener->fd, SECCOMP_IOCTL_NOTIF_RECV, notif)) return false;
  const seccomp_data &data = notif->data;
  current.listener = listener->fd;
  current.id = notif->id;
  current.tid = static_cast<pid_t>(notif->pid);
  if (IsProbe(data)) {
    Send(EMU_PROBE_ANSWER, 0, 0);
    return true;
  }
  if (data.arch == AUDIT_ARCH_X86_64 && data.nr != SYS_bpf && TakePathCall(data)) return true;
  mailbox->id_low = static_cast<uint32_t>(notif->id);
  mailbox->id_high = static_cast<uint32_t>(notif->id >> 32);
  mailbox->tid = notif->pid;
  mailbox->nr = data.arch == AUDIT_ARCH_I386 && data.nr == EMU_NR_BPF_I386 ? SYS_bpf : static_cast<uint32_t>(data.nr);
  mailbox->arch = data.arch;
  for (int i = 0; i < 6; i++) mailbox->args[i] = static_cast<double>(data.args[i]);
  if (mailbox->nr == SYS_bpf) {
    auto size = static_cast<uint32_t>(data.args[2]);
    mailbox->cmd = static_cast<uint32_t>(data.args[0]);
    mailbox->size = size;
    if (size > kAttrMax) mailbox->attr_status = -E2BIG;
    else mailbox->attr_status = ReadTarget(data.args[1], mailbox->attr, size);
    uint8_t needs = Needs(mailbox->cmd);
    if ((needs & kSeesCloses) != 0) DrainCloses();
    if ((needs & kEffects) != 0 && !IdValid()) return true; /* what was read may be another's */
  }
  napi_env env = listener->env;
  napi_handle_scope handles;
  napi_value function, global, result;
  int32_t answer = -EIO;
  napi_open_handle_scope(env, &handles);
  napi_get_reference_value(env, listener->on_call, &function);
  napi_get_global(env, &global);
  Call call = current;
  if (napi_call_function(env, global, function, 0, nullptr, &result) == napi_ok) napi_get_value_int32(env, result, &answer);
  else Fatal(env);
  current = call;
  napi_close_handle_scope(env, handles);
  Reply(answer);
  return true;
}

void CloseListener(Listener *listener) {
  if (!listener->open) return;
  listener->open = false;
  uv_poll_stop(&listener->poll);
  close(listener->fd);
  uv_close(reinterpret_cast<uv_handle_t *>(&listener->poll), nullptr);
}

/* Whether a notification waits. Waiting here for the next one was measured: it gains nothing over the loop. */
bool More(Listener *listener, bool *ended) {
  pollfd ready = {listener->fd, POLLIN, 0};
  if (poll(&ready, 1, 0) <= 0) return false;
  if ((ready.revents & POLLIN) != 0) return true;
  *ended = (ready.revents & (POLLHUP | POLLERR)) != 0;
  return false;
}

void OnReadable(uv_poll_t *handle, int, int events) {
  auto *listener = static_cast<Listener *>(handle->data);
  napi_env env = listener->env;
  napi_handle_scope handles;
  napi_callback_scope scope;
  napi_value global;
  bool ended = false;
  napi_open_handle_scope(env, &handles);
  napi_get_global(env, &global);
  napi_open_callback_scope(env, global, listener->context, &scope);
  /*
   * When the last filtered task has gone, the descriptor is readable too, and taking a
   * notification fails or blocks for ever, by the kernel's version: so it is asked for.
   */
  bool more = (events & UV_DISCONNECT) == 0 || More(listener, &ended);
  for (int n = 0; more && listener->open; n++) {
    TakeOne(listener);
    more = n < kDrain && listener->open && More(listener, &ended);
  }
  if (ended && listener->open) {
    CloseListener(listener);
    DrainCloses();
    napi_value function, result;
    napi_get_reference_value(env, listener->on_end, &function);
    if (napi_call_function(env, global, function, 0, nullptr, &result) != napi_ok) Fatal(env);
  }
  napi_close_callback_scope(env, scope);
  napi_close_handle_scope(env, handles);
}

/* supSetup(mailbox: ArrayBuffer, onClose: (ino) => void): 0 or -errno. A later one takes the place of the one before. */
napi_value Setup(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t length;
  uint8_t *memory = args.buffer(0, &length);
  if (memory == nullptr || length < sizeof(Mailbox)) return Int(env, -EINVAL);
  mailbox = reinterpret_cast<Mailbox *>(memory);
  static napi_ref keep;
  if (inotify_fd >= 0) {
    napi_delete_reference(env, keep);
    napi_delete_reference(env, on_close);
    napi_create_reference(env, args.value[0], 1, &keep);
    napi_create_reference(env, args.value[1], 1, &on_close);
    return Int(env, 0);
  }
  napi_create_reference(env, args.value[0], 1, &keep);
  seccomp_notif_sizes sizes;
  if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0) {
    if (sizes.seccomp_notif > notif_size) notif_size = sizes.seccomp_notif;
    if (sizes.seccomp_notif_resp > resp_size) resp_size = sizes.seccomp_notif_resp;
  }
  notif_buffer.assign((notif_size + 7) / 8, 0);
  resp_buffer.assign((resp_size + 7) / 8, 0);
  rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max; /* one descriptor an object that is open outside */
    setrlimit(RLIMIT_NOFILE, &files);
  }
  close_env = env;
  napi_value name;
  napi_create_string_utf8(env, "bpf-emu:close", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, nullptr, name, &close_context);
  napi_create_reference(env, args.value[1], 1, &on_close);
  inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (inotify_fd < 0) return Int(env, -errno);
  uv_loop_t *loop;
  napi_get_uv_event_loop(env, &loop);
  uv_poll_init(loop, &inotify_poll, inotify_fd);
  uv_poll_start(&inotify_poll, UV_READABLE, OnInotify);
  uv_unref(reinterpret_cast<uv_handle_t *>(&inotify_poll));
  return Int(env, 0);
}

/* supStart(listener, onCall: () => number, onEnd: () => void): handle. Owns the descriptor. */
napi_value Start(napi_env env, napi_callback_info info) {
  Args args(env, info);
  auto *listener = new Listener;
  listener->fd = args.i32(0);
  listener->env = env;
  /* The woken side runs at once on this CPU: since Linux 6.6. */
  ioctl(listener->fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
  napi_create_reference(env, args.value[1], 1, &listener->on_call);
  napi_create_reference(env, args.value[2], 1, &listener->on_end);
  napi_value name;
  napi_create_string_utf8(env, "bpf-emu:exec", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, nullptr, name, &listener->context);
  uv_loop_t *loop;
  napi_get_uv_event_loop(env, &loop);
  int error = uv_poll_init(loop, &listener->poll, listener->fd);
  if (error != 0) {
    delete listener;
    return Int(env, error);
  }
  listener->poll.data = listener;
  listener->open = true;
  uv_poll_start(&listener->poll, UV_READABLE | UV_DISCONNECT, OnReadable);
  listeners.push_back(listener);
  return Int(env, static_cast<int32_t>(listeners.size() - 1));
}

/* supStop(handle): callers that wait are answered ENOSYS by the kernel. */
napi_value Stop(napi_env env, napi_callback_info info) {
  Args args(env, info);
  auto n = static_cast<size_t>(args.i32(0));
  if (n < listeners.size()) CloseListener(listeners[n]);
  return nullptr;
}

/* supSelect(handle, idLow, idHigh, tid): makes a call that was put off the current one; whether it still waits. */
napi_value Select(napi_env env, napi_callback_info info) {
  Args args(env, info);
  auto n = static_cast<size_t>(args.i32(0));
  bool valid = false;
  current.listener = -1; /* nothing reaches a caller whose listener is closed */
  if (n < listeners.size() && listeners[n]->open) {
    current.listener = listeners[n]->fd;
    current.id = static_cast<uint64_t>(args.u32(2)) << 32 | args.u32(1);
    current.tid = args.i32(3);
    valid = IdValid();
  }
  napi_value result;
  napi_get_boolean(env, valid, &result);
  return result;
}

/* supReply(result): answers the current call; as onCall's return value. */
napi_value ReplyCall(napi_env env, napi_callback_info info) {
  Args args(env, info);
  return Int(env, Reply(args.i32(0)));
}

/* supRead(addr, to: Uint8Array): 0 or -EFAULT. */
napi_value Read(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t length;
  uint64_t addr;
  uint8_t *to = args.bytes(1, &length);
  if (!Address(args.number(0), &addr)) return Int(env, -EFAULT);
  return Int(env, ReadTarget(addr, to, length));
}

/* supWrite(addr, from: Uint8Array): 0 or -EFAULT. */
napi_value Write(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t length;
  uint64_t addr;
  const uint8_t *from = args.bytes(1, &length);
  if (!Address(args.number(0), &addr)) return Int(env, -EFAULT);
  return Int(env, WriteTarget(addr, from, length));
}

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

/* supWritableMappings(ino): how many writable shared mappings of the object the caller's process has. */
napi_value WritableMappings(napi_env env, napi_callback_info info) {
  Args args(env, info);
  auto ino = static_cast<unsigned long>(args.number(0));
  ProcPath path(current.tid, "/maps");
  FILE *file = fopen(path.text, "re");
  if (file == nullptr) return Int(env, 0);
  char *line = nullptr;
  size_t size = 0;
  int32_t count = 0;
  while (getline(&line, &size, file) > 0) {
    char perms[8];
    unsigned major, minor;
    unsigned long inode;
    if (sscanf(line, "%*x-%*x %7s %*x %x:%x %lu", perms, &major, &minor, &inode) != 4) continue;
    if (inode == ino && perms[1] == 'w' && perms[3] == 's' && makedev(major, minor) == memfd_dev) count++;
  }
  free(line);
  fclose(file);
  return Int(env, count);
}

/* supMappingStart(ino): where the caller's process has mapped the object, shared; 0: nowhere. */
napi_value MappingStart(napi_env env, napi_callback_info info) {
  Args args(env, info);
  auto ino = static_cast<unsigned long>(args.number(0));
  ProcPath path(current.tid, "/maps");
  FILE *file = fopen(path.text, "re");
  unsigned long found = 0;
  char *line = nullptr;
  size_t size = 0;
  while (file != nullptr && found == 0 && getline(&line, &size, file) > 0) {
    char perms[8];
    unsigned major, minor;
    unsigned long start, inode;
    if (sscanf(line, "%lx-%*x %7s %*x %x:%x %lu", &start, perms, &major, &minor, &inode) != 5) continue;
    if (inode == ino && perms[3] == 's' && makedev(major, minor) == memfd_dev) found = start;
  }
  free(line);
  if (file != nullptr) fclose(file);
  return Number(env, static_cast<double>(found));
}

/* ---- objects ---- */

/* A descriptor of its own open description; the one of memfd_create does not count as a writer for leases. */
int Reopen(int fd, int flags) {
  char path[40];
  Append(Append(path, "/proc/self/fd/"), static_cast<uint32_t>(fd));
  return open(path, flags | O_CLOEXEC);
}

/*
 * supObjectCreate(name: string, size, seals): a memfd of that name with F_SEAL_*, watched
 * for closes; our descriptor of it (the inode number is in the mailbox) or -errno.
 */
napi_value ObjectCreate(napi_env env, napi_callback_info info) {
  Args args(env, info);
  char name[128];
  size_t length;
  napi_get_value_string_utf8(env, args.value[0], name, sizeof name, &length);
  int first = static_cast<int>(syscall(SYS_memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (first < 0) return Int(env, -errno);
  auto size = static_cast<off_t>(args.number(1));
  int error = 0, fd = -1, wd = -1;
  struct stat st;
  if (size > 0 && ftruncate(first, size)) error = errno;
  int seals = args.i32(2);
  if (error == 0 && seals != 0 && fcntl(first, F_ADD_SEALS, seals)) error = errno;
  if (error == 0 && (fd = Reopen(first, O_RDWR)) < 0) error = errno;
  if (error == 0 && fstat(fd, &st)) error = errno;
  close(first);
  if (error == 0) {
    char path[40];
    Append(Append(path, "/proc/self/fd/"), static_cast<uint32_t>(fd));
    wd = inotify_add_watch(inotify_fd, path, IN_CLOSE);
    if (wd < 0) error = errno;
  }
  if (error != 0) {
    if (fd >= 0) close(fd);
    return Int(env, -error);
  }
  memfd_dev = st.st_dev;
  objects[wd] = {fd, st.st_ino, name};
  watch_of[fd] = wd;
  watch_of_ino[st.st_ino] = wd;
  mailbox->ino = static_cast<double>(st.st_ino);
  return Int(env, fd);
}

/* supObjectFree(fd). */
napi_value ObjectFree(napi_env env, napi_callback_info info) {
  Args args(env, info);
  int fd = args.i32(0);
  auto found = watch_of.find(fd);
  if (found == watch_of.end()) return nullptr;
  inotify_rm_watch(inotify_fd, found->second);
  watch_of_ino.erase(objects[found->second].ino);
  objects.erase(found->second);
  watch_of.erase(found);
  close(fd);
  return nullptr;
}

/* Puts a descriptor into the caller (O_CLOEXEC as asked) and, with `send`, ends the call with its number: the number, or -errno. */
int AddFd(int fd, uint32_t flags, bool send = true) {
  seccomp_notif_addfd add = {};
  add.id = current.id;
  add.flags = send ? SECCOMP_ADDFD_FLAG_SEND : 0;
  add.srcfd = static_cast<uint32_t>(fd);
  add.newfd_flags = flags;
  /*
   * A signal while the caller takes the descriptor breaks off the giving but not the
   * answer: the caller would see 0 as its descriptor.
   */
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  int number = ioctl(current.listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
  int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return number < 0 ? -error : number;
}

/*
 * supObjectInject(fd, flags, cloexec, send): gives the caller a fresh open of the object and, with `send`,
 * answers with its number; its number, or -errno, unanswered.
 */
napi_value ObjectInject(napi_env env, napi_callback_info info) {
  Args args(env, info);
  int fd = Reopen(args.i32(0), args.i32(1));
  if (fd < 0) return Int(env, -errno);
  int number = AddFd(fd, args.boolean(2) ? O_CLOEXEC : 0, args.boolean(3));
  close(fd);
  return Int(env, number);
}

/* supInject(fd, cloexec): gives the caller our own open file and answers with its number; or -errno, unanswered. */
napi_value Inject(napi_env env, napi_callback_info info) {
  Args args(env, info);
  return Int(env, AddFd(args.i32(0), args.boolean(1) ? O_CLOEXEC : 0));
}

/* supObjectSeal(fd, seals): F_ADD_SEALS; 0 or -errno. */
napi_value ObjectSeal(napi_env env, napi_callback_info info) {
  Args args(env, info);
  return Int(env, fcntl(args.i32(0), F_ADD_SEALS, args.i32(1)) ? -errno : 0);
}

/* supObjectWrite(fd, bytes, offset): 0 or -errno. */
napi_value ObjectWrite(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t length;
  const uint8_t *from = args.bytes(1, &length);
  auto offset = static_cast<off_t>(args.number(2));
  while (length > 0) {
    ssize_t n = pwrite(args.i32(0), from, length, offset);
    if (n <= 0) return Int(env, n < 0 ? -errno : -EIO);
    from += n;
    length -= static_cast<size_t>(n);
    offset += n;
  }
  return Int(env, 0);
}

/* supTextFd(name, text: Uint8Array, cloexec): gives the caller a file that holds the text, read-only; as supObjectInject. */
napi_value TextFd(napi_env env, napi_callback_info info) {
  Args args(env, info);
  char name[64];
  size_t length;
  napi_get_value_string_utf8(env, args.value[0], name, sizeof name, &length);
  const uint8_t *text = args.bytes(1, &length);
  int first = static_cast<int>(syscall(SYS_memfd_create, name, MFD_CLOEXEC));
  if (first < 0) return Int(env, -errno);
  int fd = write(first, text, length) == static_cast<ssize_t>(length) ? Reopen(first, O_RDONLY) : -1;
  int error = errno;
  close(first);
  if (fd < 0) return Int(env, -error);
  int number = AddFd(fd, args.boolean(2) ? O_CLOEXEC : 0);
  close(fd);
  return Int(env, number);
}

/* supPollCloses(): looks for closes now. */
napi_value PollCloses(napi_env, napi_callback_info) {
  DrainCloses();
  return nullptr;
}

/* ---- shared pages ---- */

bool PageRange(size_t size, double offset, double length) {
  return offset >= 4096 && length > 0 && offset + length <= static_cast<double>(size) &&
         static_cast<uint64_t>(offset) % 4096 == 0 && static_cast<uint64_t>(length) % 4096 == 0;
}

bool IsZero(const uint8_t *page) {
  auto *words = reinterpret_cast<const uint64_t *>(page);
  for (int i = 0; i < 512; i++)
    if (words[i] != 0) return false;
  return true;
}

/*
 * supMapPages(arena: ArrayBuffer, offset, length, fd, fileOffset, copy): puts the file's pages in the
 * place of the arena's, with what the arena's hold when `copy`; 0 or -errno. The buffer is a
 * WebAssembly memory's: page-aligned, never moved, never handed to another allocator.
 */
napi_value MapPages(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t size;
  uint8_t *base = args.buffer(0, &size);
  double offset = args.number(1), length = args.number(2);
  int fd = args.i32(3);
  auto at = static_cast<off_t>(args.number(4));
  if (base == nullptr || reinterpret_cast<uintptr_t>(base) % 4096 != 0 || !PageRange(size, offset, length)) return Int(env, -EINVAL);
  uint8_t *from = base + static_cast<size_t>(offset);
  auto bytes = static_cast<size_t>(length);
  if (args.boolean(5))
    for (size_t i = 0; i < bytes; i += 4096)
      if (!IsZero(from + i) && pwrite(fd, from + i, 4096, at + static_cast<off_t>(i)) != 4096) return Int(env, -errno);
  void *mapped = mmap(from, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, at);
  return Int(env, mapped == MAP_FAILED ? -errno : 0);
}

/* supUnmapPages(arena: ArrayBuffer, offset, length, keep): gives the arena private pages again, with the content when `keep`; 0 or -errno. */
napi_value UnmapPages(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t size;
  uint8_t *base = args.buffer(0, &size);
  double offset = args.number(1), length = args.number(2);
  if (base == nullptr || !PageRange(size, offset, length)) return Int(env, -EINVAL);
  uint8_t *from = base + static_cast<size_t>(offset);
  auto bytes = static_cast<size_t>(length);
  uint8_t *copy = nullptr;
  if (args.boolean(3)) {
    void *fresh = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (fresh == MAP_FAILED) return Int(env, -errno);
    copy = static_cast<uint8_t *>(fresh);
    for (size_t i = 0; i < bytes; i += 4096)
      if (!IsZero(from + i)) memcpy(copy + i, from + i, 4096);
  }
  if (copy != nullptr) {
    /* Moves the private copy over the shared pages in one step. */
    if (mremap(copy, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, from) == MAP_FAILED) return Int(env, -errno);
    return Int(env, 0);
  }
  void *mapped = mmap(from, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
  return Int(env, mapped == MAP_FAILED ? -errno : 0);
}

void Unmap(napi_env, void *data, void *length) { munmap(data, reinterpret_cast<size_t>(length)); }

/*
 * supMapFile(fd, length): sizes the file of an object (once: it is sealed then) and maps it; an
 * ArrayBuffer over the pages, or -errno.
 */
napi_value MapFile(napi_env env, napi_callback_info info) {
  Args args(env, info);
  int fd = args.i32(0);
  auto length = static_cast<size_t>(args.number(1));
  if (ftruncate(fd, static_cast<off_t>(length)) || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW)) return Int(env, -errno);
  void *pages = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (pages == MAP_FAILED) return Int(env, -errno);
  napi_value buffer;
  if (napi_create_external_arraybuffer(env, pages, length, Unmap, reinterpret_cast<void *>(length), &buffer) != napi_ok) {
    munmap(pages, length);
    return Int(env, -ENOMEM);
  }
  return buffer;
}

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

/* supGetFd(pid, fd): our own copy of another process's descriptor (pid 0: of the caller's), or -errno. */
napi_value GetFdOf(napi_env env, napi_callback_info info) {
  Args args(env, info);
  pid_t pid = args.i32(0);
  return Int(env, GetFd(pid == 0 ? current.tid : pid, args.i32(1)));
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

/* supClock(id): clock_gettime(2) in nanoseconds, as a BigInt. */
napi_value Clock(napi_env env, napi_callback_info info) {
  Args args(env, info);
  timespec now;
  napi_value result;
  clock_gettime(args.i32(0), &now);
  napi_create_bigint_uint64(env, static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec), &result);
  return result;
}

/* supPin(cpu): binds our thread to a CPU; 0 or -errno. */
napi_value Pin(napi_env env, napi_callback_info info) {
  Args args(env, info);
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(args.i32(0), &set);
  return Int(env, sched_setaffinity(0, sizeof set, &set) ? -errno : 0);
}

/* ---- mount(2) of a bpffs ---- */

/* One mount that a thread of its own makes: it has to enter the caller's mount namespace, and cannot leave it again. */
struct MountWork {
  pid_t tid;
  std::string source, target, options;
  unsigned long flags;
  int error = 0, fuse = -1;
  dev_t dev = 0;
};

int OpenIn(pid_t tid, const char *rest, int flags) {
  ProcPath path(tid, rest);
  return open(path.text, flags | O_CLOEXEC);
}

int MountIn(MountWork *work) {
  int ns = OpenIn(work->tid, "/ns/mnt", O_RDONLY), root = OpenIn(work->tid, "/root", O_PATH), cwd = OpenIn(work->tid, "/cwd", O_PATH);
  int error = 0;
  char options[512];
  struct statx st;
  work->fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,default_permissions,allow_other%s%.300s", work->fuse,
           work->options.empty() ? "" : ",", work->options.c_str());
  if (ns < 0 || root < 0 || cwd < 0 || work->fuse < 0) error = errno;
  else if (unshare(CLONE_FS) || setns(ns, CLONE_NEWNS) || fchdir(root) || chroot(".") || fchdir(cwd)) error = errno;
  else if (mount(work->source.c_str(), work->target.c_str(), "fuse.bpf-emu", work->flags, options)) error = errno;
  else if (statx(AT_FDCWD, work->target.c_str(), AT_STATX_DONT_SYNC, STATX_TYPE, &st)) error = errno;
  else work->dev = makedev(st.stx_dev_major, st.stx_dev_minor);
  for (int fd : {ns, root, cwd})
    if (fd >= 0) close(fd);
  if (error != 0 && work->fuse >= 0) close(work->fuse);
  return error;
}

/*
 * supMountBpf(tid, source, target, flags, options, done: (errno, fuseFd, dev) => void): mounts a file system of
 * ours where thread `tid` says, in its mount namespace; errno is 0 or positive.
 */
napi_value MountBpf(napi_env env, napi_callback_info info) {
  Args args(env, info);
  char target[4096];
  size_t length;
  auto *work = new MountWork;
  work->tid = args.i32(0);
  napi_get_value_string_latin1(env, args.value[1], target, sizeof target, &length);
  work->source.assign(target, length);
  napi_get_value_string_latin1(env, args.value[2], target, sizeof target, &length);
  work->target.assign(target, length);
  work->flags = static_cast<unsigned long>(args.number(3));
  napi_get_value_string_latin1(env, args.value[4], target, sizeof target, &length);
  work->options.assign(target, length);
  auto done = Napi::ThreadSafeFunction::New(env, Napi::Function(env, args.value[5]), "bpf-emu:mount", 0, 1);
  std::thread([work, done]() mutable {
    work->error = MountIn(work);
    done.BlockingCall(work, [](Napi::Env env, Napi::Function callback, MountWork *work) {
      callback.Call({Napi::Number::New(env, work->error), Napi::Number::New(env, work->fuse),
                     Napi::Number::New(env, static_cast<double>(work->dev))});
      delete work;
    });
    done.Release();
  }).detach();
  return nullptr;
}

struct Export {
  const char *name;
  napi_callback function;
};

constexpr Export kExports[] = {
    {"supSetup", Setup},
    {"supStart", Start},
    {"supStop", Stop},
    {"supSelect", Select},
    {"supReply", ReplyCall},
    {"supRead", Read},
    {"supWrite", Write},
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
    {"supObjectCreate", ObjectCreate},
    {"supObjectFree", ObjectFree},
    {"supObjectInject", ObjectInject},
    {"supInject", Inject},
    {"supObjectSeal", ObjectSeal},
    {"supObjectWrite", ObjectWrite},
    {"supTextFd", TextFd},
    {"supPollCloses", PollCloses},
    {"supMapPages", MapPages},
    {"supUnmapPages", UnmapPages},
    {"supMapFile", MapFile},
    {"supGetFd", GetFdOf},
    {"supSocketFilter", SocketFilter},
    {"supCloseFd", CloseFd},
    {"supEventFd", EventFd},
    {"supEventSet", EventSet},
    {"supEpollCtl", EpollCtl},
    {"supMountBpf", MountBpf},
    {"supClock", Clock},
    {"supPin", Pin},
};

}  // namespace

void InitSupervisor(Napi::Env env, Napi::Object exports) {
  for (const Export &entry : kExports) {
    napi_value function;
    napi_create_function(env, entry.name, NAPI_AUTO_LENGTH, entry.function, nullptr, &function);
    napi_set_named_property(env, exports, entry.name, function);
  }
}

}  // namespace bpf_emu
