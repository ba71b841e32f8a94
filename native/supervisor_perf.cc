/* Perf events of the machine that programs of the emulated kernel wait for: opened, and read through one ring a CPU. */
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "supervisor.h"

namespace bpf_emu {
namespace supervisor {
namespace {

/*
 * supPerfOpen(attr: Uint8Array, text, cpu, ring): an event of all threads on a CPU, whose config1 points to
 * `text` unless that is empty, and which writes into the ring of descriptor `ring` unless that is -1: its
 * descriptor, its id being in the mailbox, or -errno.
 */
napi_value PerfOpen(napi_env env, napi_callback_info info) {
  Args args(env, info);
  perf_event_attr attr = {};
  size_t length;
  const uint8_t *given = args.bytes(0, &length);
  memcpy(&attr, given, length < sizeof attr ? length : sizeof attr);
  attr.size = sizeof attr;
  std::string text(4096, 0);
  napi_get_value_string_latin1(env, args.value[1], text.data(), text.size(), &length);
  if (length > 0) attr.config1 = reinterpret_cast<uint64_t>(text.data());
  int fd = static_cast<int>(syscall(SYS_perf_event_open, &attr, -1, args.i32(2), -1, PERF_FLAG_FD_CLOEXEC));
  if (fd < 0) return Int(env, -errno);
  uint64_t id = 0;
  int ring = args.i32(3);
  if ((ring >= 0 && ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, ring)) || ioctl(fd, PERF_EVENT_IOC_ID, &id)) {
    int error = errno;
    close(fd);
    return Int(env, -error);
  }
  mailbox->ino = static_cast<double>(id);
  return Int(env, fd);
}

/* supPerfRing(fd, length): the ring of an event, an ArrayBuffer over its pages, or -errno. */
napi_value PerfRing(napi_env env, napi_callback_info info) {
  Args args(env, info);
  return MapShared(env, args.i32(0), static_cast<size_t>(args.number(1)));
}

constexpr Export kExports[] = {
    {"supPerfOpen", PerfOpen},
    {"supPerfRing", PerfRing},
};

}  // namespace

void ExportPerf(napi_env env, napi_value exports) { ExportAll(env, exports, kExports); }

}  // namespace supervisor
}  // namespace bpf_emu
