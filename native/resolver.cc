/*
 * Resolving pathnames as a caller of bpf(2) sees them, away from the event loop.
 *
 * A path may lead through our own mount, whose LOOKUP requests only the event loop can
 * answer: so the walk runs on threads of its own and reports back. It walks component by
 * component with O_PATH descriptors from the caller's root, working directory or
 * descriptor (the links in /proc/TID lead into the caller's mount namespace), with the
 * caller's file-system ids, groups and DAC capabilities, so that the kernel's own search
 * permission checks decide. Source of the rules: path_resolution(7), filename_create().
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "addon.h"
#include "process.h"

namespace bpf_emu {
namespace {

/** Symbolic links followed before ELOOP (MAXSYMLINKS). */
constexpr int kMaxLinks = 40;
/** Walks at the same time; one may hang in a foreign file system. */
constexpr int kMaxThreads = 8;
constexpr uint64_t kDacCaps = (1ULL << CAP_DAC_OVERRIDE) | (1ULL << CAP_DAC_READ_SEARCH);

/** A descriptor that closes itself. */
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.Release()) {}
  Fd& operator=(Fd&& other) noexcept {
    Reset(other.Release());
    return *this;
  }
  ~Fd() { Reset(-1); }
  int Get() const { return fd_; }
  int Release() {
    int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void Reset(int fd) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }

 private:
  int fd_;
};

struct Request {
  int tid;
  int dirfd;
  std::string path;
  bool create;
  /** Made and freed on the event loop's thread only. */
  Napi::FunctionReference* callback;
};

struct Result {
  int error = 0;
  dev_t dev = 0;  // of the file, or of the parent directory when creating
  uint64_t ino = 0;
  uint32_t mode = 0;
  bool readonly = false;
  std::string name;  // last component, when creating
  Credentials caller;
  Napi::FunctionReference* callback = nullptr;
};

int Identify(int fd, struct statx* out) {
  return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_MODE | STATX_INO | STATX_UID | STATX_MNT_ID,
               out) < 0
             ? errno
             : 0;
}

bool SameFile(const struct statx& a, const struct statx& b) {
  return a.stx_ino == b.stx_ino && a.stx_dev_major == b.stx_dev_major && a.stx_dev_minor == b.stx_dev_minor &&
         a.stx_mnt_id == b.stx_mnt_id;
}

/** Takes on the caller's identity for file permissions, for this thread only, until the end of the scope. */
class Impersonation {
 public:
  explicit Impersonation(const Credentials& caller) {
    if (geteuid() != 0) return;  // then the caller has our uid, and we could not change anyway
    active_ = true;
    header_.version = _LINUX_CAPABILITY_VERSION_3;
    header_.pid = 0;
    syscall(SYS_capget, &header_, own_);
    syscall(SYS_setgroups, caller.groups.size(), caller.groups.data());
    syscall(SYS_setfsgid, caller.gid);
    syscall(SYS_setfsuid, caller.uid);
    __user_cap_data_struct sets[2] = {own_[0], own_[1]};
    uint64_t dac = caller.same_userns ? caller.caps & kDacCaps : 0;
    sets[0].effective = static_cast<uint32_t>((own_[0].effective & ~kDacCaps) | (dac & own_[0].permitted));
    syscall(SYS_capset, &header_, sets);
  }
  ~Impersonation() {
    if (!active_) return;
    syscall(SYS_setfsuid, geteuid());
    syscall(SYS_setfsgid, getegid());
    syscall(SYS_capset, &header_, own_);
    syscall(SYS_setgroups, 0, nullptr);
  }

 private:
  bool active_ = false;
  __user_cap_header_struct header_{};
  __user_cap_data_struct own_[2] = {};
};

/** One walk. */
class Walk {
 public:
  Walk(const Request& request, Result* result) : request_(request), result_(result) {}

  /** Opens the starting points as ourselves, then walks as the caller. */
  int Run() {
    if (!ReadCredentials(request_.tid, &result_->caller)) return ESRCH;
    if (request_.path.empty()) return ENOENT;
    char link[64];
    snprintf(link, sizeof link, "/proc/%d/root", request_.tid);
    root_.Reset(open(link, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (root_.Get() < 0) return errno;
    int error = Identify(root_.Get(), &root_id_);
    if (error != 0) return error;
    if (request_.path[0] == '/') {
      here_.Reset(fcntl(root_.Get(), F_DUPFD_CLOEXEC, 0));
    } else {
      if (request_.dirfd == AT_FDCWD) {
        snprintf(link, sizeof link, "/proc/%d/cwd", request_.tid);
      } else if (request_.dirfd < 0) {
        return EBADF;
      } else {
        snprintf(link, sizeof link, "/proc/%d/fd/%d", request_.tid, request_.dirfd);
      }
      here_.Reset(open(link, O_PATH | O_CLOEXEC));
      if (here_.Get() < 0) return errno == ENOENT && request_.dirfd >= 0 ? EBADF : errno;
    }
    if (here_.Get() < 0) return errno;
    Impersonation as(result_->caller);
    rest_ = request_.path;
    error = Components();
    return error != 0 ? error : Report();
  }

 private:
  /** Walks rest_ from here_; with `create`, stops before the last component. */
  int Components() {
    for (;;) {
      size_t start = rest_.find_first_not_of('/');
      if (start == std::string::npos) return request_.create ? EEXIST : 0;
      size_t end = rest_.find('/', start);
      std::string name = rest_.substr(start, end == std::string::npos ? end : end - start);
      std::string after = end == std::string::npos ? "" : rest_.substr(end);
      bool last = after.find_first_not_of('/') == std::string::npos;
      if (last && request_.create) return Create(name, !after.empty());
      int error = Step(name, after, last);
      if (error != 0) return error;
    }
  }

  /** One component; leaves here_ at it and rest_ after it. */
  int Step(const std::string& name, const std::string& after, bool last) {
    if (name == "." || name == "..") {
      struct statx id;
      int error = Identify(here_.Get(), &id);
      if (error != 0) return error;
      bool stay = name == "." || SameFile(id, root_id_);
      Fd next(openat(here_.Get(), stay ? "." : "..", O_PATH | O_CLOEXEC));
      if (next.Get() < 0) return errno;
      here_ = std::move(next);
      rest_ = after;
      return 0;
    }
    Fd next(openat(here_.Get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (next.Get() < 0) return errno;
    struct statx id;
    int error = Identify(next.Get(), &id);
    if (error != 0) return error;
    if (S_ISLNK(id.stx_mode)) return Follow(name, std::move(next), id, after);
    if ((!last || !after.empty()) && !S_ISDIR(id.stx_mode)) return ENOTDIR;
    here_ = std::move(next);
    rest_ = after;
    return 0;
  }

  int Follow(const std::string& name, Fd link, const struct statx& id, const std::string& after) {
    if (++links_ > kMaxLinks) return ELOOP;
    struct statfs fs;
    if (fstatfs(link.Get(), &fs) < 0) return errno;
    char target[PATH_MAX];
    ssize_t length = readlinkat(link.Get(), "", target, sizeof target);
    if (length < 0) return errno;
    if (length == 0) return ENOENT;
    std::string text(target, static_cast<size_t>(length));
    if (fs.f_type == PROC_SUPER_MAGIC) {
      // `self` would be us; the links of /proc/PID are jumps, whatever their text says.
      if (name == "self") {
        text = std::to_string(result_->caller.tgid);
      } else if (name == "thread-self") {
        text = std::to_string(result_->caller.tgid) + "/task/" + std::to_string(request_.tid);
      } else if (text.compare(0, 5, "self/") != 0) {
        Fd jump(openat(here_.Get(), name.c_str(), O_PATH | O_CLOEXEC));
        if (jump.Get() < 0) return errno;
        here_ = std::move(jump);
        rest_ = after;
        return 0;
      }
    } else if (!MayFollow(id)) {
      return EACCES;
    }
    if (text[0] == '/') here_.Reset(fcntl(root_.Get(), F_DUPFD_CLOEXEC, 0));
    rest_ = text + after;
    return here_.Get() < 0 ? errno : 0;
  }

  /** `fs.protected_symlinks`: in a sticky directory that anyone may write to, only one's own links are followed. */
  bool MayFollow(const struct statx& link) {
    struct statx parent;
    if (Identify(here_.Get(), &parent) != 0) return true;
    bool shared = (parent.stx_mode & (S_ISVTX | S_IWOTH)) == (S_ISVTX | S_IWOTH);
    if (!shared || link.stx_uid == result_->caller.uid || link.stx_uid == parent.stx_uid) return true;
    int file = open("/proc/sys/fs/protected_symlinks", O_RDONLY | O_CLOEXEC);
    char value = '0';
    if (file >= 0) {
      if (read(file, &value, 1) != 1) value = '0';
      close(file);
    }
    return value == '0';
  }

  int Create(const std::string& name, bool slash) {
    // A path that ends in "." or ".." names an existing directory; the parent must still be searchable.
    struct statx found;
    bool dots = name == "." || name == "..";
    int flags = AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC;
    if (statx(here_.Get(), dots ? "." : name.c_str(), flags, STATX_TYPE, &found) == 0) return EEXIST;
    if (errno != ENOENT || slash) return errno;
    result_->name = name;
    return 0;
  }

  int Report() {
    struct statx id;
    int error = Identify(here_.Get(), &id);
    if (error != 0) return error;
    result_->readonly = IsReadOnly();
    result_->dev = makedev(id.stx_dev_major, id.stx_dev_minor);
    result_->ino = id.stx_ino;
    result_->mode = id.stx_mode;
    return 0;
  }

  /** Whether the mount or the file system refuses writing. Where we may write, the kernel says so without asking anyone. */
  bool IsReadOnly() {
    if (syscall(SYS_faccessat2, here_.Get(), "", W_OK, AT_EMPTY_PATH | AT_EACCESS) == 0) return false;
    if (errno == EROFS) return true;
    struct statfs fs;
    return fstatfs(here_.Get(), &fs) == 0 && (fs.f_flags & ST_RDONLY) != 0;
  }

  const Request& request_;
  Result* result_;
  Fd root_;
  struct statx root_id_ {};
  Fd here_;
  std::string rest_;
  int links_ = 0;
};

/**
 * The way back to the event loop of one environment. It keeps the process alive only while
 * an answer is on its way.
 */
struct Channel {
  explicit Channel(Napi::Env env)
      : answers(Napi::ThreadSafeFunction::New(env, Napi::Function::New(env, [](const Napi::CallbackInfo&) {}),
                                              "bpf_emu.resolvePath", 0, 1)) {
    answers.Unref(env);
  }
  Napi::ThreadSafeFunction answers;
  int pending = 0;
  std::mutex mutex;
  std::deque<Result*> done;
};

/** The next answer, or null. */
Result* TakeDone(Channel* channel) {
  std::lock_guard<std::mutex> lock(channel->mutex);
  if (channel->done.empty()) return nullptr;
  Result* result = channel->done.front();
  channel->done.pop_front();
  return result;
}

Napi::Object Answer(Napi::Env env, const Result& result) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("errno", Napi::Number::New(env, result.error));
  out.Set("dev", Napi::Number::New(env, static_cast<double>(result.dev)));
  out.Set("ino", Napi::Number::New(env, static_cast<double>(result.ino)));
  out.Set("mode", Napi::Number::New(env, result.mode));
  out.Set("readonly", Napi::Boolean::New(env, result.readonly));
  out.Set("name", Napi::Buffer<char>::Copy(env, result.name.data(), result.name.size()));
  out.Set("caller", CredentialsObject(env, result.caller));
  return out;
}

/** Calls back with the answers there are, up to the first callback that throws: how many. */
int DeliverAll(Napi::Env env, Channel* channel) {
  int count = 0;
  while (Result* found = TakeDone(channel)) {
    std::unique_ptr<Result> result(found);
    std::unique_ptr<Napi::FunctionReference> callback(result->callback);
    if (--channel->pending == 0) channel->answers.Unref(env);
    Napi::HandleScope scope(env);
    callback->Call({Answer(env, *result)});
    count++;
    if (env.IsExceptionPending()) break;
  }
  return count;
}

/** The threads, started when needed; shared by all environments of the process and never ended. */
class Pool {
 public:
  void Add(Request request, Channel* channel) {
    std::lock_guard<std::mutex> lock(mutex_);
    queue_.emplace_back(std::move(request), channel);
    if (idle_ < queue_.size() && threads_ < kMaxThreads) {
      threads_++;
      std::thread([this] { Main(); }).detach();
    }
    wake_.notify_one();
  }

 private:
  void Main() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      idle_++;
      wake_.wait(lock, [this] { return !queue_.empty(); });
      idle_--;
      auto [request, channel] = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      auto* result = new Result();
      result->callback = request.callback;
      result->error = Walk(request, result).Run();
      {
        std::lock_guard<std::mutex> done(channel->mutex);
        channel->done.push_back(result);
      }
      // Not ok: the environment is going away, and with it everything that waited.
      channel->answers.BlockingCall(channel, [](Napi::Env env, Napi::Function, Channel* to) {
        if (env != nullptr) DeliverAll(env, to);
      });
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::pair<Request, Channel*>> queue_;
  size_t idle_ = 0;
  int threads_ = 0;
};

Pool* SharedPool() {
  static Pool* pool = new Pool();
  return pool;
}

/** resolvePath(tid, dirfd, path: Uint8Array, create, callback(result)): see PathAnswer in addon.ts. */
void ResolvePath(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  uint8_t* data;
  size_t length;
  if (!Bytes(info[2], &data, &length) || !info[4].IsFunction()) {
    Napi::TypeError::New(env, "resolvePath(tid, dirfd, path, create, callback)").ThrowAsJavaScriptException();
    return;
  }
  auto* channel = static_cast<Channel*>(info.Data());
  if (channel->pending++ == 0) channel->answers.Ref(env);
  Request request;
  request.tid = info[0].As<Napi::Number>().Int32Value();
  request.dirfd = info[1].As<Napi::Number>().Int32Value();
  request.path.assign(reinterpret_cast<char*>(data), length);
  request.create = info[3].As<Napi::Boolean>().Value();
  request.callback = new Napi::FunctionReference(Napi::Persistent(info[4].As<Napi::Function>()));
  SharedPool()->Add(std::move(request), channel);
}

/** deliverPaths(): calls back with the answers that are there, without the event loop: how many. */
Napi::Value DeliverPaths(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), DeliverAll(info.Env(), static_cast<Channel*>(info.Data())));
}

}  // namespace

void InitResolver(Napi::Env env, Napi::Object exports) {
  // Never freed: a thread may still hold it when the environment goes.
  auto* channel = new Channel(env);
  exports.Set("resolvePath", Napi::Function::New(env, ResolvePath, "resolvePath", channel));
  exports.Set("deliverPaths", Napi::Function::New(env, DeliverPaths, "deliverPaths", channel));
}

}  // namespace bpf_emu
