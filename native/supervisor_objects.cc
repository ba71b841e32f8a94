/*
 * The supervisor's objects: the memfd that stands for a map, program, link or BTF in the
 * programs it serves, what is told when the last descriptor of one is closed, and the
 * pages it shares with the arena.
 */
#include <linux/memfd.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <uv.h>

#include <vector>

#include "supervisor.h"

#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND (1UL << 1)
#endif

namespace bpf_emu {
namespace supervisor {
namespace {

uv_poll_t inotify_poll;
napi_env close_env;
napi_ref on_close;
napi_async_context close_context;

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

}  // namespace

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

namespace {

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

}  // namespace

/* Watches for closes and tells `function` of them, in the place of the one before: 0 or -errno. */
int WatchCloses(napi_env env, napi_value function) {
  if (on_close != nullptr) napi_delete_reference(env, on_close);
  napi_create_reference(env, function, 1, &on_close);
  if (inotify_fd >= 0) return 0;
  close_env = env;
  napi_value name;
  napi_create_string_utf8(env, "bpf-emu:close", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, nullptr, name, &close_context);
  inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (inotify_fd < 0) return -errno;
  uv_loop_t *loop;
  napi_get_uv_event_loop(env, &loop);
  uv_poll_init(loop, &inotify_poll, inotify_fd);
  uv_poll_start(&inotify_poll, UV_READABLE, OnInotify);
  uv_unref(reinterpret_cast<uv_handle_t *>(&inotify_poll));
  return 0;
}

namespace {

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

/*
 * Puts a descriptor into the caller (O_CLOEXEC as asked; in place of descriptor `at` when that is not -1) and,
 * with `send`, ends the call with its number: the number, or -errno.
 */
int AddFd(int fd, uint32_t flags, bool send = true, int at = -1) {
  seccomp_notif_addfd add = {};
  add.id = current.id;
  add.flags = send ? SECCOMP_ADDFD_FLAG_SEND : 0;
  if (at >= 0) {
    add.flags |= SECCOMP_ADDFD_FLAG_SETFD;
    add.newfd = static_cast<uint32_t>(at);
  }
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

/*
 * supHollow(fd): puts an empty file in the place of a descriptor of the caller, since nobody can close
 * one in another process: 0 or -errno; the inode number of all such files is in the mailbox.
 */
napi_value Hollow(napi_env env, napi_callback_info info) {
  Args args(env, info);
  static int empty = -1;
  static double ino;
  if (empty < 0) {
    int made = static_cast<int>(syscall(SYS_memfd_create, "closed by a program", MFD_CLOEXEC));
    if (made < 0) return Int(env, -errno);
    struct stat st;
    empty = fstat(made, &st) ? -1 : Reopen(made, O_RDONLY);
    int error = errno;
    close(made);
    if (empty < 0) return Int(env, -error);
    ino = static_cast<double>(st.st_ino);
  }
  mailbox->ino = ino;
  int number = AddFd(empty, O_CLOEXEC, false, args.i32(0));
  return Int(env, number < 0 ? number : 0);
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

/* supPagesTouched(fd, seen: Uint8Array): a byte a page of the object's file, 1 for those that exist. */
napi_value PagesTouched(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t pages;
  int fd = args.i32(0);
  uint8_t *seen = args.bytes(1, &pages);
  off_t end = 0;
  for (;;) {
    off_t start = lseek(fd, end, SEEK_DATA);
    if (start < 0) return nullptr; /* nothing behind it */
    end = lseek(fd, start, SEEK_HOLE);
    if (end < 0) return nullptr;
    for (off_t at = start / 4096; at < end / 4096 && at < static_cast<off_t>(pages); at++) seen[at] = 1;
  }
}

/* supDropPages(fd, page, count): takes pages out of the object's file and of all that map it. */
napi_value DropPages(napi_env env, napi_callback_info info) {
  Args args(env, info);
  auto at = static_cast<off_t>(args.number(1)) * 4096, length = static_cast<off_t>(args.number(2)) * 4096;
  fallocate(args.i32(0), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, length);
  return nullptr;
}

void Unmap(napi_env, void *pages, void *length) { munmap(pages, reinterpret_cast<size_t>(length)); }

}  // namespace

napi_value MapShared(napi_env env, int fd, size_t length) {
  void *pages = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (pages == MAP_FAILED) return Int(env, -errno);
  napi_value buffer;
  if (napi_create_external_arraybuffer(env, pages, length, Unmap, reinterpret_cast<void *>(length), &buffer) != napi_ok) {
    munmap(pages, length);
    return Int(env, -ENOMEM);
  }
  return buffer;
}

namespace {

/*
 * supMapFile(fd, length): sizes the file of an object (once: it is sealed then) and maps it; an
 * ArrayBuffer over the pages, or -errno.
 */
napi_value MapFile(napi_env env, napi_callback_info info) {
  Args args(env, info);
  int fd = args.i32(0);
  auto length = static_cast<size_t>(args.number(1));
  if (ftruncate(fd, static_cast<off_t>(length)) || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW)) return Int(env, -errno);
  return MapShared(env, fd, length);
}

constexpr Export kExports[] = {
    {"supObjectCreate", ObjectCreate},
    {"supObjectFree", ObjectFree},
    {"supObjectInject", ObjectInject},
    {"supInject", Inject},
    {"supHollow", Hollow},
    {"supObjectSeal", ObjectSeal},
    {"supObjectWrite", ObjectWrite},
    {"supTextFd", TextFd},
    {"supPollCloses", PollCloses},
    {"supMapPages", MapPages},
    {"supUnmapPages", UnmapPages},
    {"supPagesTouched", PagesTouched},
    {"supDropPages", DropPages},
    {"supMapFile", MapFile},
};

}  // namespace

void ExportObjects(napi_env env, napi_value exports) { ExportAll(env, exports, kExports); }

}  // namespace supervisor
}  // namespace bpf_emu
