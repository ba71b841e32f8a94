/*
 * What the files of the supervisor share (supervisor.cc says what it is): the mailbox, the
 * current call, the objects with descriptors outside, and how to reach the caller.
 */
#ifndef BPF_EMU_SUPERVISOR_H
#define BPF_EMU_SUPERVISOR_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <unistd.h>

#include <string>
#include <unordered_map>

#include "addon.h"

#ifndef AT_STATX_DONT_SYNC
#define AT_STATX_DONT_SYNC 0x4000
#endif

namespace bpf_emu {
namespace supervisor {

constexpr uint32_t kAttrMax = 4096; /* PAGE_SIZE: larger attributes answer E2BIG unread */

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
  int32_t ints[6]; /* low halves of the arguments: a double does not tell -2 from -1 */
  uint64_t long_args[6]; /* all 64 bits of `args` */
  uint64_t ip;           /* where the caller goes on */
  uint32_t watched;      /* set by TypeScript: programs wait for system calls */
  uint8_t pad[1024 - 220];
  uint8_t attr[kAttrMax];
};
static_assert(sizeof(Mailbox) == 1024 + kAttrMax, "exec/native.ts knows these offsets");

/* The call that is being answered. */
struct Call {
  int listener = -1;
  uint64_t id = 0;
  pid_t tid = 0;
};

/* One object that has descriptors outside: our own open description of its memfd. */
struct Object {
  int fd;
  uint64_t ino;
  std::string name; /* what the kernel's link in /proc says: anon_inode:bpf-map */
};

inline Mailbox *mailbox;
inline Call current;
inline std::unordered_map<pid_t, int> cpu_cache; /* CPU a thread is bound to, or -1 */
inline std::unordered_map<int, Object> objects;  /* by inotify watch */
inline std::unordered_map<int, int> watch_of;    /* by fd */
inline std::unordered_map<uint64_t, int> watch_of_ino;
inline dev_t memfd_dev;
inline int inotify_fd = -1;

inline napi_value Number(napi_env env, double value) {
  napi_value result;
  napi_create_double(env, value, &result);
  return result;
}

inline napi_value Int(napi_env env, int32_t value) {
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
inline char *Append(char *at, const char *text) {
  while (*text != 0) *at++ = *text++;
  *at = 0;
  return at;
}
inline char *Append(char *at, uint32_t number) {
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

/* supervisor.cc: the current call and its caller's memory; 0 or -errno. */
int Control(unsigned long request, void *arg);
bool IdValid();
int ReadTarget(uint64_t addr, void *to, size_t size);
int WriteTarget(uint64_t addr, const void *from, size_t size);
bool Address(double value, uint64_t *addr);
int Send(int64_t value, int32_t error, uint32_t flags);
void Fatal(napi_env env);

/* supervisor_objects.cc: closes of objects; the pages of a file as an ArrayBuffer, or -errno. */
int WatchCloses(napi_env env, napi_value on_close);
void DrainCloses();
napi_value MapShared(napi_env env, int fd, size_t length);

/* supervisor_names.cc: calls whose path decides, and those that are only watched; false: TypeScript has to look. */
bool TakePathCall(uint64_t nr, const uint64_t *args);

/* supervisor_caller.cc: our own copy of another process's descriptor, or -errno. */
int GetFd(pid_t pid, int fd);

/* A function for TypeScript, by its name there (exec/native.ts). */
struct Export {
  const char *name;
  napi_callback function;
};

template <size_t n>
void ExportAll(napi_env env, napi_value exports, const Export (&table)[n]) {
  for (const Export &entry : table) {
    napi_value function;
    napi_create_function(env, entry.name, NAPI_AUTO_LENGTH, entry.function, nullptr, &function);
    napi_set_named_property(env, exports, entry.name, function);
  }
}

void ExportCaller(napi_env env, napi_value exports);
void ExportObjects(napi_env env, napi_value exports);
void ExportMount(napi_env env, napi_value exports);
void ExportPerf(napi_env env, napi_value exports);

}  // namespace supervisor
}  // namespace bpf_emu

#endif
