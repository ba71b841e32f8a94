/* mount(2) of a bpffs by a program under the supervisor: one of ours is mounted where it says. */
#include <sched.h>
#include <sys/mount.h>

#include <thread>

#include "supervisor.h"

namespace bpf_emu {
namespace supervisor {
namespace {

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

constexpr Export kExports[] = {
    {"supMountBpf", MountBpf},
};

}  // namespace

void ExportMount(napi_env env, napi_value exports) { ExportAll(env, exports, kExports); }

}  // namespace supervisor
}  // namespace bpf_emu
