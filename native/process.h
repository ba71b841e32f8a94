/* What other files of the addon want to know of a process. */
#pragma once

#include <napi.h>
#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace bpf_emu {

/** Credentials of a thread, from /proc/TID/status. */
struct Credentials {
  pid_t tgid = 0;
  uid_t uid = 0;  // file-system user id
  gid_t gid = 0;  // file-system group id
  std::vector<gid_t> groups;
  unsigned umask = 022;
  uint64_t caps = 0;  // effective set, in the thread's own user namespace
  bool same_userns = false;
};

/** Reads them; false when the thread is gone. */
bool ReadCredentials(int tid, Credentials* out);

/** As the JavaScript object that addon.ts calls Credentials. */
Napi::Object CredentialsObject(Napi::Env env, const Credentials& from);

/** Whether a thread is in our user namespace, so that its capabilities count here. */
bool SameUserNamespace(int tid);

}  // namespace bpf_emu
