/*
 * One connection to the kernel's FUSE client.
 *
 * The event loop polls the descriptor of /dev/fuse. Each turn reads up to 16 requests
 * into one fixed buffer, calls JavaScript with the length of each, and writes the reply
 * that JavaScript left in the other fixed buffer. Two helper threads exist:
 *  - the notifier writes notifications that may wait for locks a client holds while it
 *    waits for us (INVAL_ENTRY takes the directory's lock), so never the main thread;
 *  - the watchdog aborts the connection when the main thread is stuck in a system call
 *    while requests wait (it touched its own mount): clients get an error, not a hang.
 * Source of the protocol: include/uapi/linux/fuse.h.
 */
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "addon.h"

namespace bpf_emu {
namespace {

/** Requests handled in one turn of the event loop before other handles get theirs. */
constexpr int kRequestsPerTurn = 16;

/** Turns that take one request each after a turn that found no second one. */
constexpr int kTurnsAlone = 16;

int64_t Nanoseconds(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

class Session : public Napi::ObjectWrap<Session> {
 public:
  static void Init(Napi::Env env, Napi::Object exports) {
    exports.Set("Session", DefineClass(env, "Session",
                                       {
                                           InstanceMethod<&Session::Serve>("serve"),
                                           InstanceMethod<&Session::Reply>("reply"),
                                           InstanceMethod<&Session::Notify>("notify"),
                                           InstanceMethod<&Session::NotifyNow>("notifyNow"),
                                           InstanceMethod<&Session::Watch>("watch"),
                                           InstanceMethod<&Session::Close>("close"),
                                           InstanceAccessor<&Session::Aborted>("aborted"),
                                       }));
  }

  /** new Session(fd, request: Uint8Array, reply: Uint8Array, onRequest(length): length, onEnd(errno), spinMicros) */
  explicit Session(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Session>(info) {
    Napi::Env env = info.Env();
    uint8_t* data;
    size_t length;
    if (info.Length() < 6 || !info[0].IsNumber() || !Bytes(info[1], &data, &length) || !Bytes(info[2], &data, &length) ||
        !info[3].IsFunction() || !info[4].IsFunction()) {
      Napi::TypeError::New(env, "Session(fd, request, reply, onRequest, onEnd, spinMicros)").ThrowAsJavaScriptException();
      return;
    }
    fd_ = info[0].As<Napi::Number>().Int32Value();
    Bytes(info[1], &request_, &request_size_);
    Bytes(info[2], &reply_, &reply_size_);
    request_ref_ = Napi::Persistent(info[1].As<Napi::Object>());
    reply_ref_ = Napi::Persistent(info[2].As<Napi::Object>());
    on_request_ = Napi::Persistent(info[3].As<Napi::Function>());
    on_end_ = Napi::Persistent(info[4].As<Napi::Function>());
    spin_ns_ = info[5].As<Napi::Number>().Int64Value() * 1000;
    context_ = std::make_unique<Napi::AsyncContext>(env, "bpf_emu.Session");

    uv_loop_t* loop = nullptr;
    napi_get_uv_event_loop(env, &loop);
    poll_ = new uv_poll_t;
    int error = uv_poll_init(loop, poll_, fd_);
    if (error != 0) {
      delete poll_;
      poll_ = nullptr;
      ThrowErrno(env, -error, "uv_poll_init", "Cannot wait for FUSE requests; is the descriptor one of /dev/fuse?");
      return;
    }
    poll_->data = this;
    uv_poll_start(poll_, UV_READABLE, [](uv_poll_t* handle, int, int) { static_cast<Session*>(handle->data)->Turn(); });
    Ref();
    notifier_ = std::thread([this] { NotifierMain(); });
  }

  ~Session() override { Stop(); }

 private:
  // --- the event loop's side ---

  void Turn() {
    Napi::Env env = Env();
    Napi::HandleScope scope(env);
    int ended = -1;
    {
      Napi::CallbackScope callbacks(env, *context_);
      ended = Drain();
    }
    if (ended < 0) return;
    StopPolling();
    on_end_.MakeCallback(env.Global(), {Napi::Number::New(env, ended)}, *context_);
  }

  /** Answers what is waiting. Returns -1, or the errno the connection ended with (0: unmounted). */
  int Drain() {
    int64_t last = 0;
    bool served = false;
    // A second request is rarely there with one client: then looking for it costs more than it saves.
    int most = spin_ns_ == 0 && single_ > 0 ? 1 : kRequestsPerTurn;
    single_ = single_ > 0 ? single_ - 1 : 0;
    for (int count = 0; spin_ns_ > 0 || count < most; count++) {
      ssize_t length = read(fd_, request_, request_size_);
      if (length < 0) {
        if (errno == ENOENT || errno == EINTR) continue;  // the request was withdrawn while we read it
        if (errno != EAGAIN) return errno == ENODEV ? 0 : errno;
        if (count == 1) single_ = kTurnsAlone;
        if (!served || spin_ns_ == 0 || Nanoseconds(CLOCK_MONOTONIC) - last >= spin_ns_) return -1;
        for (int pause = 0; pause < 20; pause++) __builtin_ia32_pause();
        continue;
      }
      if (length == 0) return ECONNABORTED;  // the watchdog took the descriptor away
      served = true;
      progress_.fetch_add(1, std::memory_order_relaxed);
      Handle(static_cast<size_t>(length), request_, reply_, reply_size_, on_request_.Value());
      if (poll_ == nullptr) return -1;  // JavaScript closed the session
      if (spin_ns_ > 0) last = Nanoseconds(CLOCK_MONOTONIC);
    }
    return -1;
  }

  void Handle(size_t length, const uint8_t* request, const uint8_t* reply, size_t reply_size, napi_value on_request) {
    Napi::Env env = Env();
    napi_handle_scope scope;
    napi_open_handle_scope(env, &scope);
    napi_value argument;
    napi_value result;
    napi_create_uint32(env, static_cast<uint32_t>(length), &argument);
    uint32_t size = 0;
    napi_status status = napi_call_function(env, env.Global(), on_request, 1, &argument, &result);
    if (status == napi_ok) {
      napi_get_value_uint32(env, result, &size);
    } else {
      // A bug in the handler: the caller gets EIO, the exception goes to 'uncaughtException'.
      napi_value thrown;
      const auto* header = reinterpret_cast<const fuse_in_header*>(request);
      WriteError(header->unique, EIO);
      if (napi_get_and_clear_last_exception(env, &thrown) == napi_ok) napi_fatal_exception(env, thrown);
    }
    if (size > 0 && fd_ >= 0) WriteReply(reply, std::min<size_t>(size, reply_size));
    napi_close_handle_scope(env, scope);
  }

  /**
   * serve(request, reply, onRequest): answers what waits while a request is still being
   * handled, with buffers and a handler of its own; at most a turn's. How many.
   */
  Napi::Value Serve(const Napi::CallbackInfo& info) {
    uint8_t *request, *reply;
    size_t request_size, reply_size;
    int served = 0;
    if (!Bytes(info[0], &request, &request_size) || !Bytes(info[1], &reply, &reply_size) || !info[2].IsFunction())
      return Napi::Number::New(info.Env(), -EINVAL);
    while (served < kRequestsPerTurn && poll_ != nullptr) {
      ssize_t length = read(fd_, request, request_size);
      if (length < 0 && (errno == ENOENT || errno == EINTR)) continue;
      if (length <= 0) break;  // nothing there, or the end, which the event loop will see
      progress_.fetch_add(1, std::memory_order_relaxed);
      served++;
      Handle(static_cast<size_t>(length), request, reply, reply_size, info[2]);
    }
    return Napi::Number::New(info.Env(), served);
  }

  /** Writes the reply buffer. A reply the kernel does not accept becomes EIO, so that nobody waits for ever. */
  int WriteReply(const uint8_t* reply, size_t size) {
    if (size < sizeof(fuse_out_header) || fd_ < 0) return -EINVAL;
    if (write(fd_, reply, size) >= 0) return 0;
    int error = errno;
    if (error == ENOENT || error == ENODEV) return -error;  // the caller is gone: nothing to tell
    const auto* header = reinterpret_cast<const fuse_out_header*>(reply);
    WriteError(header->unique, EIO);
    return -error;
  }

  void WriteError(uint64_t unique, int error) {
    fuse_out_header header{};
    header.len = sizeof header;
    header.error = -error;
    header.unique = unique;
    if (write(fd_, &header, sizeof header) < 0) return;  // the caller is gone
  }

  /** reply(message, length): answers a request that was put aside. 0 or -errno. */
  Napi::Value Reply(const Napi::CallbackInfo& info) {
    uint8_t* data;
    size_t size;
    if (!Bytes(info[0], &data, &size)) return Napi::Number::New(info.Env(), -EINVAL);
    size_t length = info[1].As<Napi::Number>().Uint32Value();
    return Napi::Number::New(info.Env(), length > size ? -EINVAL : WriteReply(data, length));
  }

  /** notify(message): queues a whole notification for the helper thread. */
  void Notify(const Napi::CallbackInfo& info) {
    uint8_t* data;
    size_t length;
    if (!Bytes(info[0], &data, &length)) return;
    std::lock_guard<std::mutex> lock(mutex_);
    queue_.emplace_back(data, data + length);
    wake_.notify_all();
  }

  /** notifyNow(message): writes a notification that takes no lock (INVAL_INODE of attributes). 0 or -errno. */
  Napi::Value NotifyNow(const Napi::CallbackInfo& info) {
    uint8_t* data;
    size_t length;
    if (!Bytes(info[0], &data, &length) || fd_ < 0) return Napi::Number::New(info.Env(), -EINVAL);
    ssize_t written = write(fd_, data, length);
    return Napi::Number::New(info.Env(), written < 0 ? -errno : 0);
  }

  /** close(): stops serving. The kernel ends the connection: later accesses give ENOTCONN. */
  void Close(const Napi::CallbackInfo&) { Stop(); }

  void StopPolling() {
    if (poll_ == nullptr) return;
    uv_poll_stop(poll_);
    uv_close(reinterpret_cast<uv_handle_t*>(poll_), [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
    poll_ = nullptr;
    Unref();
  }

  void Stop() {
    StopPolling();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
      wake_.notify_all();
    }
    // Not by the abort file: after an unmount its number may be that of somebody else's mount already.
    if (fd_ >= 0) Disconnect();
    if (notifier_.joinable()) notifier_.join();
    if (watchdog_.joinable()) watchdog_.join();
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  // --- the notifier ---

  void NotifierMain() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      std::vector<uint8_t> message = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      // ENOENT: the kernel does not know the inode or name, so there is nothing to forget.
      ssize_t written = write(fd_, message.data(), message.size());
      (void)written;
      lock.lock();
    }
  }

  // --- the watchdog ---

  /** watch(seconds, abortFile, mountPoint): starts the watchdog; 0 seconds: none. */
  void Watch(const Napi::CallbackInfo& info) {
    watch_seconds_ = info[0].As<Napi::Number>().Int32Value();
    abort_file_ = info[1].As<Napi::String>().Utf8Value();
    mount_point_ = info[2].As<Napi::String>().Utf8Value();
    if (watch_seconds_ <= 0 || watchdog_.joinable()) return;
    pthread_getcpuclockid(pthread_self(), &main_clock_);
    watchdog_ = std::thread([this] { WatchdogMain(); });
  }

  /**
   * Stuck means: a request waits, none was read, and the main thread used no processor
   * time, for that many seconds in a row. A main thread that computes is never stuck.
   */
  void WatchdogMain() {
    int idle = 0;
    uint64_t seen = 0;
    int64_t used = 0;
    std::unique_lock<std::mutex> lock(mutex_);
    while (!wake_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; })) {
      pollfd waiting{fd_, POLLIN, 0};
      uint64_t progress = progress_.load(std::memory_order_relaxed);
      int64_t now = Nanoseconds(main_clock_);
      bool pending = poll(&waiting, 1, 0) > 0 && (waiting.revents & POLLIN) != 0 && (waiting.revents & POLLERR) == 0;
      bool stuck = pending && progress == seen && now == used;
      idle = stuck ? idle + 1 : 0;
      seen = progress;
      used = now;
      if (idle < watch_seconds_) continue;
      fprintf(stderr, "bpf-emu: the server is blocked in a system call while requests wait; ending the mount at %s\n",
              mount_point_.c_str());
      aborted_ = true;
      Abort();
      return;
    }
  }

  /** Ends a connection that is still there: all waiting and later requests fail (ECONNABORTED, ENOTCONN). */
  void Abort() {
    int file = open(abort_file_.c_str(), O_WRONLY | O_CLOEXEC);
    if (file >= 0) {
      ssize_t written = write(file, "1", 1);
      close(file);
      if (written == 1) return;
    }
    Disconnect();
  }

  /** Gives up our open description of /dev/fuse: the last one ends the connection. The number stays taken until Stop(). */
  void Disconnect() {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) return;
    dup3(null, fd_, O_CLOEXEC);
    close(null);
  }

  Napi::Value Aborted(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), aborted_.load()); }

  int fd_ = -1;
  uint8_t* request_ = nullptr;
  size_t request_size_ = 0;
  uint8_t* reply_ = nullptr;
  size_t reply_size_ = 0;
  int64_t spin_ns_ = 0;
  int single_ = 0;
  Napi::ObjectReference request_ref_;
  Napi::ObjectReference reply_ref_;
  Napi::FunctionReference on_request_;
  Napi::FunctionReference on_end_;
  std::unique_ptr<Napi::AsyncContext> context_;
  uv_poll_t* poll_ = nullptr;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::vector<uint8_t>> queue_;
  bool stopping_ = false;
  std::thread notifier_;

  std::thread watchdog_;
  int watch_seconds_ = 0;
  std::string abort_file_;
  std::string mount_point_;
  clockid_t main_clock_ = CLOCK_MONOTONIC;
  std::atomic<uint64_t> progress_{0};
  std::atomic<bool> aborted_{false};
};

/** waitReadable(fds: number[], micros): until one of them is readable, or so long at the most. */
void WaitReadable(const Napi::CallbackInfo& info) {
  Napi::Array fds = info[0].As<Napi::Array>();
  std::vector<pollfd> wanted;
  for (uint32_t i = 0; i < fds.Length(); i++) wanted.push_back({fds.Get(i).As<Napi::Number>().Int32Value(), POLLIN, 0});
  timespec most{0, info[1].As<Napi::Number>().Int64Value() * 1000};
  ppoll(wanted.data(), wanted.size(), &most, nullptr);
}

}  // namespace

void InitSession(Napi::Env env, Napi::Object exports) {
  Session::Init(env, exports);
  exports.Set("waitReadable", Napi::Function::New(env, WaitReadable, "waitReadable"));
}

}  // namespace bpf_emu
