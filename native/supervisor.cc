/*
 * The native half of `bpf-emu exec`: it takes seccomp notifications off the listener,
 * reads and writes the memory of the program that waits, tells what its descriptors
 * are, gives it new ones, and shares pages of the arena with it. All decisions are
 * made in TypeScript (exec/session.ts), on the same thread: there is one call at a
 * time, the current one, and every function here acts on it.
 *
 * Numbers pass through a mailbox, an ArrayBuffer shared with TypeScript (see Mailbox),
 * so that a call allocates nothing.
 */
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <uv.h>

#include <vector>

#include "exec_abi.h"
#include "supervisor.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

namespace bpf_emu {
namespace supervisor {
namespace {

constexpr int kDrain = 32; /* notifications taken in one turn of the loop */

/* What onCall returns besides a result or a negative errno. */
constexpr int32_t kAnswered = -0x40000000;
constexpr int32_t kContinue = -0x40000001;

struct Listener {
  int fd = -1;
  uv_poll_t poll;
  napi_env env;
  napi_ref on_call, on_end;
  napi_async_context context = nullptr;
  bool open = false;
};

std::vector<Listener *> listeners;
size_t notif_size = sizeof(seccomp_notif), resp_size = sizeof(seccomp_notif_resp);
std::vector<uint64_t> notif_buffer, resp_buffer;

}  // namespace

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

namespace {

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

/* Takes one notification and has it answered. False: there was none. */
bool TakeOne(Listener *listener) {
  auto *notif = reinterpret_cast<seccomp_notif *>(notif_buffer.data());
  memset(notif, 0, notif_size);
  if (ioctl(listener->fd, SECCOMP_IOCTL_NOTIF_RECV, notif)) return false;
  seccomp_data &data = notif->data;
  if (data.arch == AUDIT_ARCH_X86_64 && data.nr == EMU_NR_BPF_ALIAS) data.nr = SYS_bpf;
  current.listener = listener->fd;
  current.id = notif->id;
  current.tid = static_cast<pid_t>(notif->pid);
  if (IsProbe(data)) {
    Send(EMU_PROBE_ANSWER, 0, 0);
    return true;
  }
  for (int i = 0; i < 6; i++) mailbox->long_args[i] = data.args[i];
  mailbox->ip = data.instruction_pointer;
  if (data.arch == AUDIT_ARCH_X86_64 && data.nr != SYS_bpf && mailbox->watched == 0 &&
      TakePathCall(static_cast<uint64_t>(data.nr), mailbox->long_args))
    return true;
  bool watched = mailbox->watched != 0;
  if (watched) DrainCloses(); /* of links: who is told of the call? */
  mailbox->id_low = static_cast<uint32_t>(notif->id);
  mailbox->id_high = static_cast<uint32_t>(notif->id >> 32);
  mailbox->tid = notif->pid;
  mailbox->nr = data.arch == AUDIT_ARCH_I386 && data.nr == EMU_NR_BPF_I386 ? SYS_bpf : static_cast<uint32_t>(data.nr);
  mailbox->arch = data.arch;
  for (int i = 0; i < 6; i++) {
    mailbox->args[i] = static_cast<double>(data.args[i]);
    mailbox->ints[i] = static_cast<int32_t>(data.args[i]);
  }
  if (mailbox->nr == SYS_bpf) {
    auto size = static_cast<uint32_t>(data.args[2]);
    mailbox->cmd = static_cast<uint32_t>(data.args[0]);
    mailbox->size = size;
    if (size > kAttrMax) mailbox->attr_status = -E2BIG;
    else mailbox->attr_status = ReadTarget(data.args[1], mailbox->attr, size);
    uint8_t needs = Needs(mailbox->cmd);
    if ((needs & kSeesCloses) != 0 && !watched) DrainCloses();
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
  if (keep != nullptr) {
    napi_delete_reference(env, keep);
    napi_create_reference(env, args.value[0], 1, &keep);
    return Int(env, WatchCloses(env, args.value[1]));
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
  return Int(env, WatchCloses(env, args.value[1]));
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

/* supServe(handle): has the calls answered that wait, in the middle of another; at most as many as in a turn of the loop. How many. */
napi_value Serve(napi_env env, napi_callback_info info) {
  Args args(env, info);
  auto n = static_cast<size_t>(args.i32(0));
  int32_t served = 0;
  bool ended = false; /* the loop will see it */
  while (n < listeners.size() && listeners[n]->open && served < kDrain && More(listeners[n], &ended)) {
    TakeOne(listeners[n]);
    served++;
  }
  return Int(env, served);
}

/* The call in whose middle others are answered. */
Call saved_call;
std::vector<uint8_t> saved_mailbox;

/* supSave(): keeps the current call, once. */
napi_value Save(napi_env, napi_callback_info) {
  saved_call = current;
  auto *bytes = reinterpret_cast<uint8_t *>(mailbox);
  saved_mailbox.assign(bytes, bytes + sizeof(Mailbox));
  return nullptr;
}

/* supRestore(): makes it the current one again. */
napi_value Restore(napi_env, napi_callback_info) {
  current = saved_call;
  memcpy(mailbox, saved_mailbox.data(), saved_mailbox.size());
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

/* supTakePath(): answers the current call when it does not need more than its path looked at; whether it has. */
napi_value TakePath(napi_env env, napi_callback_info) {
  napi_value result;
  napi_get_boolean(env, TakePathCall(mailbox->nr, mailbox->long_args), &result);
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

constexpr Export kExports[] = {
    {"supSetup", Setup},
    {"supStart", Start},
    {"supStop", Stop},
    {"supServe", Serve},
    {"supSave", Save},
    {"supRestore", Restore},
    {"supSelect", Select},
    {"supTakePath", TakePath},
    {"supReply", ReplyCall},
    {"supRead", Read},
    {"supWrite", Write},
};

}  // namespace
}  // namespace supervisor

void InitSupervisor(Napi::Env env, Napi::Object exports) {
  supervisor::ExportAll(env, exports, supervisor::kExports);
  supervisor::ExportCaller(env, exports);
  supervisor::ExportObjects(env, exports);
  supervisor::ExportMount(env, exports);
  supervisor::ExportPerf(env, exports);
}

}  // namespace bpf_emu
