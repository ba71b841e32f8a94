/*
 * Looking into the process that calls: its memory, credentials and descriptors.
 *
 * Only files that never ask our own mount are read: /proc/TID/status, the links in
 * /proc/TID/ns and /proc/TID/fd, and statx(AT_STATX_DONT_SYNC). A plain stat of
 * /proc/TID/fd/N of a FUSE file would send a request to ourselves and wait for ever.
 */
#include "process.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "addon.h"

namespace bpf_emu {

bool ReadCredentials(int tid, Credentials* out) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/status", tid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  std::string text;
  char buffer[4096];
  ssize_t length;
  while ((length = read(file, buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<size_t>(length));
  close(file);
  const char* line = text.c_str();
  while (*line != '\0') {
    unsigned real, effective, saved, fs;
    if (strncmp(line, "Tgid:", 5) == 0) out->tgid = atoi(line + 5);
    if (sscanf(line, "Uid: %u %u %u %u", &real, &effective, &saved, &fs) == 4) out->uid = fs;
    if (sscanf(line, "Gid: %u %u %u %u", &real, &effective, &saved, &fs) == 4) out->gid = fs;
    if (strncmp(line, "Umask:", 6) == 0) out->umask = static_cast<unsigned>(strtoul(line + 6, nullptr, 8));
    if (strncmp(line, "CapEff:", 7) == 0) out->caps = strtoull(line + 7, nullptr, 16);
    if (strncmp(line, "Groups:", 7) == 0) {
      char* next = const_cast<char*>(line + 7);
      while (*next == '\t' || *next == ' ' || (*next >= '0' && *next <= '9')) {
        char* end;
        unsigned long group = strtoul(next, &end, 10);
        if (end == next) break;
        out->groups.push_back(static_cast<gid_t>(group));
        next = end;
      }
    }
    const char* end = strchr(line, '\n');
    if (end == nullptr) break;
    line = end + 1;
  }
  out->same_userns = SameUserNamespace(tid);
  return true;
}

bool SameUserNamespace(int tid) {
  static const std::string own = [] {
    char link[64] = {};
    return readlink("/proc/self/ns/user", link, sizeof link - 1) > 0 ? std::string(link) : std::string();
  }();
  char path[64];
  char link[64] = {};
  snprintf(path, sizeof path, "/proc/%d/ns/user", tid);
  return readlink(path, link, sizeof link - 1) > 0 && own == link;
}

Napi::Object CredentialsObject(Napi::Env env, const Credentials& from) {
  Napi::Object out = Napi::Object::New(env);
  Napi::Array groups = Napi::Array::New(env, from.groups.size());
  for (size_t i = 0; i < from.groups.size(); i++) {
    groups.Set(static_cast<uint32_t>(i), Napi::Number::New(env, from.groups[i]));
  }
  out.Set("tgid", Napi::Number::New(env, from.tgid));
  out.Set("uid", Napi::Number::New(env, from.uid));
  out.Set("gid", Napi::Number::New(env, from.gid));
  out.Set("groups", groups);
  out.Set("umask", Napi::Number::New(env, from.umask));
  out.Set("caps", Napi::BigInt::New(env, from.same_userns ? from.caps : uint64_t{0}));
  return out;
}

namespace {

/** One process_vm_* call; anything short of the whole is -EFAULT, as copy_from_user has it. */
template <ssize_t (*Transfer)(pid_t, const iovec*, unsigned long, const iovec*, unsigned long, unsigned long)>
Napi::Value Memory(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  uint8_t* data;
  size_t length;
  if (!Bytes(info[2], &data, &length)) return Napi::Number::New(env, -EFAULT);
  if (length == 0) return Napi::Number::New(env, 0);
  double address = info[1].As<Napi::Number>().DoubleValue();
  if (!(address >= 0 && address < 0x1p47)) return Napi::Number::New(env, -EFAULT);
  iovec local{data, length};
  iovec remote{reinterpret_cast<void*>(static_cast<uintptr_t>(address)), length};
  ssize_t moved = Transfer(info[0].As<Napi::Number>().Int32Value(), &local, 1, &remote, 1, 0);
  return Napi::Number::New(env, moved == static_cast<ssize_t>(length) ? 0 : -EFAULT);
}

/** capabilities(tid, out: Uint8Array of 8): the effective set in our user namespace, little-endian. 0 or -errno. */
Napi::Value Capabilities(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  uint8_t* data;
  size_t length;
  if (!Bytes(info[1], &data, &length) || length < 8) return Napi::Number::New(env, -EINVAL);
  int tid = info[0].As<Napi::Number>().Int32Value();
  memset(data, 0, 8);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, tid};
  __user_cap_data_struct sets[2] = {};
  if (syscall(SYS_capget, &header, sets) < 0) return Napi::Number::New(env, -errno);
  if (sets[0].effective == 0 && sets[1].effective == 0) return Napi::Number::New(env, 0);
  if (!SameUserNamespace(tid)) return Napi::Number::New(env, 0);  // capabilities over a namespace that is not ours
  memcpy(data, &sets[0].effective, 4);
  memcpy(data + 4, &sets[1].effective, 4);
  return Napi::Number::New(env, 0);
}

/** credentials(tid): what /proc/TID/status says, or undefined when the thread is gone. */
Napi::Value CredentialsOf(const Napi::CallbackInfo& info) {
  Credentials found;
  if (!ReadCredentials(info[0].As<Napi::Number>().Int32Value(), &found)) return info.Env().Undefined();
  return CredentialsObject(info.Env(), found);
}

/** descriptor(tid, fd): {dev, ino, mode, link} of another process's descriptor, or undefined when closed. */
Napi::Value Descriptor(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd/%d", info[0].As<Napi::Number>().Int32Value(),
           info[1].As<Napi::Number>().Int32Value());
  char link[4096];
  ssize_t length = readlink(path, link, sizeof link);
  struct statx status;
  if (length < 0 || statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &status) < 0) return env.Undefined();
  Napi::Object result = Napi::Object::New(env);
  result.Set("dev", Napi::Number::New(env, static_cast<double>(makedev(status.stx_dev_major, status.stx_dev_minor))));
  result.Set("ino", Napi::Number::New(env, static_cast<double>(status.stx_ino)));
  result.Set("mode", Napi::Number::New(env, status.stx_mode));
  result.Set("link", Napi::String::New(env, link, static_cast<size_t>(length)));
  return result;
}

}  // namespace

void InitProcess(Napi::Env env, Napi::Object exports) {
  exports.Set("readMemory", Napi::Function::New(env, Memory<process_vm_readv>));
  exports.Set("writeMemory", Napi::Function::New(env, Memory<process_vm_writev>));
  exports.Set("capabilities", Napi::Function::New(env, Capabilities));
  exports.Set("credentials", Napi::Function::New(env, CredentialsOf));
  exports.Set("descriptor", Napi::Function::New(env, Descriptor));
}

}  // namespace bpf_emu
