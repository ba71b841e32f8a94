/*
 * Mounting and unmounting. mount(2) where we may, fusermount3 where we may not; plus the
 * plain system calls that the graft into /sys/fs needs, since Node has none of them.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "addon.h"

extern char** environ;

namespace bpf_emu {
namespace {

std::string Text(const Napi::Value& value) { return value.IsString() ? value.As<Napi::String>().Utf8Value() : ""; }

/** openFuse(): a descriptor of /dev/fuse, O_CLOEXEC | O_NONBLOCK. */
Napi::Value OpenFuse(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (fd >= 0) return Napi::Number::New(env, fd);
  int error = errno;
  std::string advice = error == ENOENT || error == ENODEV || error == ENXIO
                           ? "this kernel has no FUSE here: run 'modprobe fuse', or give the container --device /dev/fuse"
                       : error == EACCES ? "run as root, or 'chmod 666 /dev/fuse'"
                       : error == EPERM  ? "the container's device rules deny it: give it --device /dev/fuse"
                                         : "check /dev/fuse";
  return ThrowErrno(env, error, "open", "Cannot open /dev/fuse; " + advice);
}

/** mount(source, target, type, flags, data): mount(2). 0 or -errno. */
Napi::Value Mount(const Napi::CallbackInfo& info) {
  std::string source = Text(info[0]), target = Text(info[1]), type = Text(info[2]), data = Text(info[4]);
  unsigned long flags = static_cast<unsigned long>(info[3].As<Napi::Number>().Int64Value());
  int result = mount(source.c_str(), target.c_str(), type.empty() ? nullptr : type.c_str(), flags,
                     data.empty() ? nullptr : data.c_str());
  return Napi::Number::New(info.Env(), result < 0 ? -errno : 0);
}

/** umount(target, flags): umount2(2). 0 or -errno. */
Napi::Value Umount(const Napi::CallbackInfo& info) {
  int result = umount2(Text(info[0]).c_str(), info[1].As<Napi::Number>().Int32Value());
  return Napi::Number::New(info.Env(), result < 0 ? -errno : 0);
}

/** closeFd(fd) */
void CloseFd(const Napi::CallbackInfo& info) { close(info[0].As<Napi::Number>().Int32Value()); }

/** Receives the descriptor that fusermount3 sends over its socket, or -1. */
int ReceiveFd(int socket) {
  char byte;
  iovec vector{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t received;
  do {
    received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (received < 0 && errno == EINTR);
  cmsghdr* header = received > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return -1;
  int fd;
  memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return fd;
}

/** Runs a program with stderr caught, and optionally a socket as descriptor 3. Returns its exit status, or -errno. */
int Run(const std::vector<std::string>& words, int socket, std::string* complaint) {
  int errors[2];
  if (pipe2(errors, O_CLOEXEC) < 0) return -errno;
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; entry++) environment.push_back(*entry);
  std::string channel = "_FUSE_COMMFD=3";
  if (socket >= 0) environment.push_back(channel.data());
  environment.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, errors[1], 2);
  if (socket >= 0) posix_spawn_file_actions_adddup2(&actions, socket, 3);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t pid;
  int error = posix_spawnp(&pid, argv[0], &actions, &attributes, argv.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(errors[1]);
  if (error == 0) {
    char buffer[512];
    ssize_t length;
    while ((length = read(errors[0], buffer, sizeof buffer)) > 0 || (length < 0 && errno == EINTR)) {
      if (length > 0 && complaint->size() < 4096) complaint->append(buffer, static_cast<size_t>(length));
    }
  }
  close(errors[0]);
  if (error != 0) return -error;
  while (!complaint->empty() && complaint->back() == '\n') complaint->pop_back();
  int status;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return -errno;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/** fusermount(target, options): mounts through the set-uid helper; the descriptor of /dev/fuse. */
Napi::Value Fusermount(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::string target = Text(info[0]), options = Text(info[1]);
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) {
    return ThrowErrno(env, errno, "socketpair", "Cannot talk to fusermount3; too many open files?");
  }
  std::string complaint;
  // Above 3, so that dup2 to 3 in the child also clears close-on-exec.
  int channel = fcntl(sockets[0], F_DUPFD_CLOEXEC, 10);
  int status = Run({"fusermount3", "-o", options, "--", target}, channel, &complaint);
  close(channel);
  close(sockets[0]);
  int fd = status == 0 ? ReceiveFd(sockets[1]) : -1;
  close(sockets[1]);
  if (status == -ENOENT) {
    return ThrowErrno(env, ENOENT, "spawn", "fusermount3 is not installed; run 'apt-get install fuse3', or mount as root");
  }
  if (status < 0) return ThrowErrno(env, -status, "spawn", "Cannot run fusermount3; is it executable?");
  if (status != 0 || fd < 0) {
    return ThrowErrno(env, EPERM, "fusermount3",
                      "fusermount3 could not mount at " + target + (complaint.empty() ? "" : " (" + complaint + ")") +
                          "; check the directory's owner, /dev/fuse's mode and /etc/fuse.conf");
  }
  fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
  return Napi::Number::New(env, fd);
}

/** fuserumount(target): unmounts what fusermount3 mounted. 0 or -errno. */
Napi::Value Fuserumount(const Napi::CallbackInfo& info) {
  std::string complaint;
  int status = Run({"fusermount3", "-u", "--", Text(info[0])}, -1, &complaint);
  return Napi::Number::New(info.Env(), status < 0 ? status : status == 0 ? 0 : -EBUSY);
}

/**
 * probe(path): what is at a path without asking a FUSE server that may be dead or be
 * ourselves: 0, or -errno. -ENOTCONN: a mount whose server is gone.
 */
Napi::Value Probe(const Napi::CallbackInfo& info) {
  struct statx status;
  int result = statx(AT_FDCWD, Text(info[0]).c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
                     STATX_TYPE, &status);
  if (result < 0) return Napi::Number::New(info.Env(), -errno);
  return Napi::Number::New(info.Env(), S_ISDIR(status.stx_mode) ? 0 : -ENOTDIR);
}

}  // namespace

void InitMount(Napi::Env env, Napi::Object exports) {
  exports.Set("openFuse", Napi::Function::New(env, OpenFuse));
  exports.Set("mount", Napi::Function::New(env, Mount));
  exports.Set("umount", Napi::Function::New(env, Umount));
  exports.Set("closeFd", Napi::Function::New(env, CloseFd));
  exports.Set("fusermount", Napi::Function::New(env, Fusermount));
  exports.Set("fuserumount", Napi::Function::New(env, Fuserumount));
  exports.Set("probe", Napi::Function::New(env, Probe));
}

}  // namespace bpf_emu
