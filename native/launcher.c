/*
 * bpf-emu-launch: becomes the command that `bpf-emu exec` runs.
 *
 * It makes the command's world (a mount namespace in which our file system covers
 * /sys/fs/bpf, a user namespace when not root), installs a seccomp filter that sends
 * bpf(2) and a few calls that belong to it to the server, hands the server the
 * descriptors it needs, and executes the command. The command has the pid, the terminal
 * and the exit status; what stays is a keeper, which ends it all when the server is gone.
 *
 *   bpf-emu-launch --report FD [--server PID] [--fuse OPTIONS | --bind DIR]
 *                  [--btf FD] [--pass FD] [--cpu N] [--watch NR,...] -- COMMAND [ARG]...
 *
 * --btf: what the command shall read at /sys/kernel/btf/vmlinux comes from FD, to its end.
 *
 * --pass: a socket that our descriptors are sent to as well, listener first, for a server
 * that may not use pidfd_getfd(2).
 *
 * Where the namespaces cannot be made (in a container, mostly) the command runs without:
 * it sees the machine's /sys, and the server answers for what it does not find there.
 *
 * Talk with the server over FD (a socket):
 *   > "fuse=N dev=D listener=M root=0|1 bare=0|1\n"
 *                                     our descriptors, for pidfd_getfd(2); st_dev of the file
 *                                     system at /sys/fs/bpf (-1 and 0 where there is none);
 *                                     bare: the command has no namespaces of its own
 *   < "g"                             taken: go on; anything else or the end: exit 125
 *   < "d"                             at the end: the server outlives the command
 *
 * Exit status as env(1): 125 we failed, 126 the command cannot be executed, 127 it is not found.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec_abi.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define BPFFS "/sys/fs/bpf"
#define EMUFS "/sys/fs/bpf-emu"
#define BTF_DIR "/sys/kernel/btf"

enum { EXIT_US = 125, EXIT_CANNOT_EXEC = 126, EXIT_NOT_FOUND = 127 };

struct options {
  int report;
  pid_t server;
  const char *fuse; /* mount options; NULL: none of our own */
  const char *bind; /* directory of a running mount; NULL: none */
  int pass;         /* socket for our descriptors; -1: none */
  int btf;          /* where the kernel's types are read from; -1: those of the machine are shown */
  int cpu;
  const char *watched; /* numbers of calls that programs may wait for; NULL: none */
  char **command;
};

__attribute__((format(printf, 1, 0))) static void say(const char *format, va_list args) {
  fputs("bpf-emu exec: ", stderr);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
}

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...) {
  va_list args;
  va_start(args, format);
  say(format, args);
  va_end(args);
  _exit(EXIT_US);
}

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...) {
  va_list args;
  va_start(args, format);
  say(format, args);
  va_end(args);
}

static void write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) fail("cannot write %s: %s", path, strerror(errno));
  close(fd);
}

/* Whether CAP_SYS_ADMIN is effective: then no user namespace and no no_new_privs are needed. */
static int is_admin(void) {
  struct { uint32_t version; int pid; } head = {0x20080522, 0};
  struct { uint32_t effective, permitted, inheritable; } data[2];
  if (syscall(SYS_capget, &head, data)) return 0;
  return data[0].effective >> 21 & 1;
}

/*
 * Own mount namespace; without rights also an own user namespace in which we are root.
 * Returns 0, or -1 where there can be none; `wanted`: that is an error.
 */
static int make_namespaces(int admin, int wanted) {
  uid_t uid = getuid();
  gid_t gid = getgid();
  char map[64];
  if (unshare(admin ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER)) {
    if (wanted && admin)
      fail("cannot make a mount namespace: %s. A kernel of the command's own (--ephemeral) needs none", strerror(errno));
    if (wanted)
      fail("cannot make a user namespace: %s. Allow it (sysctl user.max_user_namespaces, "
           "kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns), run as root, "
           "or without a mount (--ephemeral)",
           strerror(errno));
    return -1;
  }
  if (!admin) {
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "0 %u 1", uid);
    write_file("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "0 %u 1", gid);
    write_file("/proc/self/gid_map", map);
  }
  /* Mounts made outside later are still seen; ours stay here. */
  if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL)) {
    if (admin || wanted) fail("cannot make mounts private: %s", strerror(errno));
    return -1;
  }
  return 0;
}

static int is_dir(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Puts what is at `from` also at `to`, which is made for it. Returns 0 or -1. */
static int bind_entry(const char *from, const char *to) {
  struct stat st;
  char target[PATH_MAX];
  ssize_t length;
  int fd;
  if (lstat(from, &st)) return -1;
  if (S_ISLNK(st.st_mode)) {
    length = readlink(from, target, sizeof target - 1);
    if (length < 0) return -1;
    target[length] = 0;
    return symlink(target, to);
  }
  if (S_ISDIR(st.st_mode)) return mkdir(to, 0755) || mount(from, to, NULL, MS_BIND | MS_REC, NULL) ? -1 : 0;
  fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
  if (fd < 0) return -1;
  close(fd);
  return mount(from, to, NULL, MS_BIND, NULL);
}

/*
 * mkdir fails in sysfs. So a tmpfs takes the place of `dir` that holds a bind of every entry
 * and directories of the names given. Returns 0, or -1 and leaves all as it was.
 */
static int rebuild(const char *dir, const char *const names[], int count) {
  char stage[] = "/tmp/.bpf-emu-XXXXXX", path[PATH_MAX], from[PATH_MAX];
  struct dirent *entry;
  DIR *entries;
  int own;
  if (mkdtemp(stage) == NULL) return -1;
  if (mount("sysfs-part", stage, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755,size=64k")) goto no_mount;
  mount(NULL, stage, NULL, MS_PRIVATE, NULL);
  for (int i = 0; i < count; i++) {
    snprintf(path, sizeof path, "%s/%s", stage, names[i]);
    if (mkdir(path, 0755)) goto undo;
  }
  entries = opendir(dir);
  if (entries == NULL) goto undo;
  while ((entry = readdir(entries)) != NULL) {
    own = 0;
    for (int i = 0; i < count; i++) own |= strcmp(entry->d_name, names[i]) == 0;
    if (own || entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", stage, entry->d_name);
    snprintf(from, sizeof from, "%s/%s", dir, entry->d_name);
    if (bind_entry(from, path)) goto undo_dir;
  }
  closedir(entries);
  if (mount(stage, dir, NULL, MS_MOVE, NULL)) goto undo;
  rmdir(stage);
  return 0;
undo_dir:
  closedir(entries);
undo:
  umount2(stage, MNT_DETACH);
no_mount:
  rmdir(stage);
  return -1;
}

/* Where no sysfs is mounted the directories below /sys are made, in a tmpfs over it. */
static void make_sys(void) {
  static const char *const names[] = {"fs", "kernel"};
  if (is_dir("/sys") && !is_dir("/sys/fs") && !is_dir("/sys/kernel")) rebuild("/sys", names, 2);
}

/* Copies all of a descriptor into a new file. Returns 0 or -1. */
static int copy_all(int from, const char *path) {
  static char block[1 << 16];
  ssize_t n;
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444), failed = fd < 0;
  /* What cannot be written is read all the same: somebody waits to get rid of it. */
  while ((n = read(from, block, sizeof block)) > 0 || (n < 0 && errno == EINTR))
    if (!failed && n > 0) failed = write(fd, block, n) != n;
  if (fd >= 0) close(fd);
  return failed || n < 0 ? -1 : 0;
}

/*
 * Shows the types of the emulated kernel where loaders look for the kernel's: its ids are
 * what programs are loaded with. Those of modules, which belong to the machine's kernel,
 * are hidden with it.
 */
static void show_btf(int source) {
  static const char *const name[] = {"btf"};
  int made = is_dir(BTF_DIR) || rebuild("/sys/kernel", name, 1) == 0;
  int shown = made && mount("bpf-emu-btf", BTF_DIR, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755") == 0 &&
              copy_all(source, BTF_DIR "/vmlinux") == 0;
  if (shown) mount(NULL, BTF_DIR, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  else
    note("cannot show the types of the emulated kernel at %s/vmlinux (%s): programs that are "
         "relocated or attached by them (CO-RE, fentry, iterators) will not load", BTF_DIR, strerror(errno));
  close(source);
}

/* Opens /dev/fuse; -1 where there is none, or none for us, which is told. */
static int open_fuse(void) {
  int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
    note("/dev/fuse: %s: no file system is mounted, pins are names only. Load the fuse module (modprobe fuse); "
         "in a container start it with --device /dev/fuse", strerror(errno));
  else if (fd < 0)
    note("/dev/fuse: %s: no file system is mounted, pins are names only. Its mode must let you open it (usually 0666), "
         "or run as root; in a container start it with --device /dev/fuse", strerror(errno));
  return fd;
}

/* Mounts a file system of our own at /sys/fs/bpf, served by a descriptor of /dev/fuse. */
static void mount_fuse(int fd, const char *options, int admin) {
  char text[512];
  /* In a user namespace allow_other would shut out the server, which is outside; there is one user anyway. */
  snprintf(text, sizeof text, "fd=%d,rootmode=41777,user_id=0,group_id=0,%s%s", fd, options, admin ? ",allow_other" : "");
  if (mount("bpf-emu", BPFFS, "fuse.bpf-emu", 0, text)) fail("cannot mount on %s: %s", BPFFS, strerror(errno));
}

/* Puts our file system at /sys/fs/bpf and, where that can be, also at /sys/fs/bpf-emu. */
static int make_mounts(const struct options *options, int admin) {
  static const char *const names[] = {"bpf", "bpf-emu"};
  int fd = -1, source = -1;
  char path[64];
  if (options->fuse == NULL && options->bind == NULL) return -1;
  if (options->bind != NULL) {
    /* Held open, since /sys/fs may be rebuilt above it. */
    source = open(options->bind, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (source < 0) fail("%s: %s", options->bind, strerror(errno));
  } else {
    fd = open_fuse();
    if (fd < 0) return -1;
  }
  if (!is_dir(EMUFS) || !is_dir(BPFFS)) rebuild("/sys/fs", names, 2);
  if (!is_dir(BPFFS)) fail("there is no %s to mount on, and it cannot be made here: %s", BPFFS, strerror(errno));
  if (source >= 0) {
    snprintf(path, sizeof path, "/proc/self/fd/%d", source);
    if (mount(path, BPFFS, NULL, MS_BIND, NULL)) fail("cannot bind %s to %s: %s", options->bind, BPFFS, strerror(errno));
    close(source);
  } else {
    mount_fuse(fd, options->fuse, admin);
  }
  /* A bind reads nothing of the file system, so it does not wait for the server. */
  if (access(EMUFS, F_OK) == 0 && options->bind == NULL) mount(BPFFS, EMUFS, NULL, MS_BIND, NULL);
  return fd;
}

/* Kills what is left in our mount namespace; whether there was anything. */
static int kill_namespace(void) {
  char own[64], other[64], path[64];
  struct dirent *entry;
  int found = 0;
  ssize_t length = readlink("/proc/self/ns/mnt", own, sizeof own), n;
  DIR *dir = opendir("/proc");
  if (dir == NULL || length <= 0) return 0;
  while ((entry = readdir(dir)) != NULL) {
    pid_t pid = atoi(entry->d_name);
    if (pid <= 0 || pid == getpid()) continue;
    snprintf(path, sizeof path, "/proc/%d/ns/mnt", pid);
    n = readlink(path, other, sizeof other);
    if (n != length || memcmp(own, other, n) != 0) continue;
    found = 1;
    kill(pid, SIGKILL);
  }
  closedir(dir);
  return found;
}

/*
 * Without the server the calls that are sent to it answer ENOSYS, and nothing works any
 * more. So a process of ours, which is no child of the command and not filtered, waits for
 * the server's end of the talk to close, and then ends all that is left of the command.
 */
static void start_keeper(int report) {
  pid_t child = fork();
  struct pollfd peer = {.events = POLLRDHUP};
  char last = 0;
  int null;
  if (child < 0) fail("cannot start a process: %s", strerror(errno));
  if (child > 0) {
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
    return;
  }
  if (fork() != 0) _exit(0);
  setsid();
  prctl(PR_SET_NAME, "bpf-emu-keeper", 0, 0, 0);
  report = fcntl(report, F_DUPFD, 3);
  if (report < 0) _exit(1);
  peer.fd = report;
  /* Above all /dev/fuse: as long as anybody has it, those who wait for a dead server wait for ever. */
  for (int fd = 3; fd < 1024; fd++)
    if (fd != report) close(fd);
  null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; fd++) dup2(null, fd); /* whoever reads the command's output shall see its end */
  while (poll(&peer, 1, -1) < 0 || (peer.revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0) continue;
  /* A last "d" says that the server goes on. */
  if (recv(report, &last, 1, MSG_DONTWAIT) == 1 && last == 'd') _exit(0);
  for (int round = 0; round < 100 && kill_namespace(); round++) usleep(10000);
  _exit(0);
}

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
/* The low half of an argument: x86_64 is little-endian. */
#define LOAD_ARG(n) LOAD(args[n])
/* Skips `yes` or `no` instructions. */
#define IF_EQ(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define IF_ANY_BIT(mask, yes, no) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (mask), (yes), (no))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define NOTIFY RETURN(SECCOMP_RET_USER_NOTIF)
#define ALLOW RETURN(SECCOMP_RET_ALLOW)
#define NOTIFY_ALL(nr) IF_EQ((nr), 0, 1), NOTIFY

/*
 * What is sent to the server. A call whose meaning lies behind a pointer is sent always;
 * one that can be told by its numbers only when they match, so that the others cost
 * nothing but the filter.
 */
static struct sock_filter filter[] = {
    LOAD(arch),
    IF_EQ(AUDIT_ARCH_X86_64, 5, 0),
    /* A 32-bit program: union bpf_attr is laid out the same there. */
    IF_EQ(AUDIT_ARCH_I386, 0, 3),
    LOAD(nr),
    NOTIFY_ALL(EMU_NR_BPF_I386),
    ALLOW,
    LOAD(nr),
    IF_EQ(EMU_X32_BIT | SYS_bpf, 0, 1), /* x32: refused, as a kernel without it does */
    RETURN(SECCOMP_RET_ERRNO | ENOSYS),
    NOTIFY_ALL(SYS_bpf),
    NOTIFY_ALL(SYS_statfs),
    NOTIFY_ALL(SYS_fstatfs),
    NOTIFY_ALL(SYS_epoll_ctl),
    NOTIFY_ALL(SYS_mount), /* of type bpf */
    NOTIFY_ALL(SYS_perf_event_open), /* events that programs write to are ours */
    NOTIFY_ALL(SYS_readlink),   /* of /proc/PID/fd/N: bpftool tells objects apart by it */
    NOTIFY_ALL(SYS_readlinkat),
    NOTIFY_ALL(EMU_NR_BPF_ALIAS), /* bpf(2), behind an outer filter */
    NOTIFY_ALL(SYS_sched_setaffinity), /* the CPU of a caller matters to per-CPU and LRU maps */
    /* open for reading and nothing else: /proc/PID/fdinfo/N says more of an object than of a memfd; trace_pipe. */
    IF_EQ(SYS_openat, 0, 5),
    LOAD_ARG(2),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~(uint32_t)(O_CLOEXEC | O_NOCTTY | O_NONBLOCK | EMU_O_LARGEFILE)),
    IF_EQ(O_RDONLY, 0, 1),
    NOTIFY,
    ALLOW,
    IF_EQ(SYS_open, 0, 5),
    LOAD_ARG(1),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~(uint32_t)(O_CLOEXEC | O_NOCTTY | O_NONBLOCK | EMU_O_LARGEFILE)),
    IF_EQ(O_RDONLY, 0, 1),
    NOTIFY,
    ALLOW,
    /* mmap: shared, of a file (maps decide what may be mapped). */
    IF_EQ(SYS_mmap, 0, 7),
    LOAD_ARG(3),
    IF_ANY_BIT(MAP_ANONYMOUS, 4, 0),
    IF_ANY_BIT(MAP_SHARED, 0, 3),
    LOAD_ARG(4),
    IF_EQ(0xffffffff, 1, 0),
    NOTIFY,
    ALLOW,
    /* ioctl: PERF_EVENT_IOC_*. */
    IF_EQ(SYS_ioctl, 0, 5),
    LOAD_ARG(1),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff00),
    IF_EQ(EMU_PERF_IOC_TYPE, 0, 1),
    NOTIFY,
    ALLOW,
    /* setsockopt: a program for a socket. */
    IF_EQ(SYS_setsockopt, 0, 7),
    LOAD_ARG(1),
    IF_EQ(SOL_SOCKET, 0, 4),
    LOAD_ARG(2),
    IF_EQ(SO_ATTACH_BPF, 1, 0),
    IF_EQ(SO_ATTACH_REUSEPORT_EBPF, 0, 1),
    NOTIFY,
    ALLOW,
    /* fcntl: F_GETFL, and F_SETFL with O_DIRECT, which neither objects nor pinned files take. */
    IF_EQ(SYS_fcntl, 0, 7),
    LOAD_ARG(1),
    IF_EQ(F_GETFL, 0, 1),
    NOTIFY,
    IF_EQ(F_SETFL, 0, 3),
    LOAD_ARG(2),
    IF_ANY_BIT(O_DIRECT, 0, 1),
    NOTIFY,
    ALLOW,
};

/* What is asked of files that are only there for open(2), where nothing can be mounted. */
static struct sock_filter bare_filter[] = {
    NOTIFY_ALL(SYS_access), NOTIFY_ALL(SYS_faccessat), NOTIFY_ALL(SYS_faccessat2), ALLOW,
};

/* Instructions of the filter before its first question for a number. */
enum { FILTER_HEAD = 10, WATCHED_MAX = 512 };

/* Installs the filter; `watched` (NULL: none) are numbers of more calls to send, with commas between. Returns the listener. */
static int install_filter(int admin, int bare, const char *watched) {
  static struct sock_filter whole[sizeof filter / sizeof filter[0] + sizeof bare_filter / sizeof bare_filter[0] + 2 * WATCHED_MAX];
  const size_t rest = sizeof filter / sizeof filter[0] - FILTER_HEAD;
  struct sock_fprog program = {FILTER_HEAD, whole};
  int fd;
  memcpy(whole, filter, FILTER_HEAD * sizeof *whole);
  for (int n = 0; watched != NULL && n < WATCHED_MAX; n++) {
    const struct sock_filter one[] = {NOTIFY_ALL((uint32_t)atoi(watched))};
    memcpy(whole + program.len, one, sizeof one);
    program.len += 2;
    watched = strchr(watched, ',');
    if (watched != NULL) watched++;
  }
  memcpy(whole + program.len, filter + FILTER_HEAD, rest * sizeof *whole);
  program.len += rest;
  /* In the place of the last instruction, which lets all others through. */
  if (bare) {
    memcpy(whole + program.len - 1, bare_filter, sizeof bare_filter);
    program.len += sizeof bare_filter / sizeof bare_filter[0] - 1;
  }
  /* As root not: set-uid programs would lose their rights. */
  if (!admin && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) fail("cannot set no_new_privs: %s", strerror(errno));
  fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
               SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
  if (fd < 0 && errno == EINVAL) /* before Linux 5.19 */
    fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  if (fd >= 0) return fd;
  if (errno == EBUSY)
    fail("another program already listens to the system calls made here (bpf-emu exec inside bpf-emu exec, "
         "or a container runtime): one listener is allowed. Run the command without the inner exec");
  if (errno == EINVAL || errno == ENOSYS)
    fail("this kernel has no seccomp user notification (Linux 5.0 with CONFIG_SECCOMP_FILTER is needed)");
  fail("cannot install the seccomp filter: %s", strerror(errno));
}

/*
 * The tracer: an outer filter that answers bpf(2) with an error wins over our listener, but
 * not over a filter that traps. The trap is a SIGSYS, which the tracer takes away; it has the
 * call made again under the number that our listener takes for bpf(2). All other calls, and
 * all other signals, go on as if it was not there.
 */
static void send_again(pid_t pid) {
  struct user_regs_struct regs;
  if (ptrace(PTRACE_GETREGS, pid, NULL, &regs)) return;
  regs.rip -= 2; /* the length of the instruction `syscall` */
  regs.rax = EMU_NR_BPF_ALIAS;
  regs.orig_rax = -1; /* no call is to be restarted */
  ptrace(PTRACE_SETREGS, pid, NULL, &regs);
}

static int is_trapped_bpf(pid_t pid) {
  siginfo_t info;
  if (ptrace(PTRACE_GETSIGINFO, pid, NULL, &info)) return 0;
  return info.si_code == 1 /* SYS_SECCOMP */ && info.si_syscall == SYS_bpf && info.si_arch == AUDIT_ARCH_X86_64;
}

__attribute__((noreturn)) static void trace(void) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
    int sig, event;
    if (pid < 0 || !WIFSTOPPED(status)) continue;
    sig = WSTOPSIG(status);
    event = status >> 16;
    if (event == PTRACE_EVENT_STOP && (sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU)) {
      ptrace(PTRACE_LISTEN, pid, NULL, NULL); /* stopped as a job, until it is continued */
      continue;
    }
    if (event == 0 && sig == SIGSYS && is_trapped_bpf(pid)) {
      send_again(pid);
      sig = 0;
    }
    ptrace(PTRACE_CONT, pid, NULL, (void *)(long)(event == 0 ? sig : 0));
  }
  _exit(0);
}

/* Starts the tracer and a filter that traps. Returns 0, or -1 where that cannot be. */
static int start_tracer(void) {
  static struct sock_filter traps[] = {
      LOAD(arch), IF_EQ(AUDIT_ARCH_X86_64, 0, 3), LOAD(nr), IF_EQ(SYS_bpf, 0, 1), RETURN(SECCOMP_RET_TRAP), ALLOW,
  };
  struct sock_fprog program = {sizeof traps / sizeof traps[0], traps};
  long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
  int ready[2];
  char byte = 0;
  pid_t child, self = getpid();
  if (pipe2(ready, O_CLOEXEC)) return -1;
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
  child = fork();
  if (child == 0) {
    if (fork() != 0) _exit(0);
    setsid();
    prctl(PR_SET_NAME, "bpf-emu-tracer", 0, 0, 0);
    byte = ptrace(PTRACE_SEIZE, self, NULL, (void *)options) == 0 ? 'y' : 'n';
    if (write(ready[1], &byte, 1) != 1 || byte != 'y') _exit(1);
    for (int fd = 0; fd < 1024; fd++) close(fd);
    trace();
  }
  while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
  close(ready[1]);
  if (child < 0 || read(ready[0], &byte, 1) != 1) byte = 'n';
  close(ready[0]);
  if (byte != 'y') return -1;
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? 0 : -1;
}

/*
 * Asks the server through bpf(2) itself, to see that our filter has the last word:
 * an outer filter that answers with an error wins over ours, unless a tracer helps.
 */
static void probe(void) {
  long answer = syscall(SYS_bpf, EMU_PROBE_CMD, EMU_PROBE_ADDR, EMU_PROBE_SIZE);
  int error = errno;
  if (answer == EMU_PROBE_ANSWER) return;
  if (syscall(EMU_NR_BPF_ALIAS, EMU_PROBE_CMD, EMU_PROBE_ADDR, EMU_PROBE_SIZE) == EMU_PROBE_ANSWER && start_tracer() == 0 &&
      syscall(SYS_bpf, EMU_PROBE_CMD, EMU_PROBE_ADDR, EMU_PROBE_SIZE) == EMU_PROBE_ANSWER)
    return;
  fail("bpf(2) is answered before it reaches us (%s): an outer seccomp filter wins, and the command cannot be traced. In Docker start the container "
       "with --security-opt seccomp=unconfined, or a profile that allows bpf", answer < 0 ? strerror(error) : "with success");
}

/* st_dev of what is mounted at /sys/fs/bpf; asks no server (DONT_SYNC). */
static dev_t mounted_dev(void) {
  struct statx st;
  if (statx(AT_FDCWD, BPFFS, AT_STATX_DONT_SYNC, STATX_TYPE, &st)) return 0;
  return makedev(st.stx_dev_major, st.stx_dev_minor);
}

/* Before the server serves, no call may be made that it could be asked about: those made here are never watched. */
static void report(int fd, const char *text) {
  if (send(fd, text, strlen(text), 0) != (ssize_t)strlen(text)) fail("the server is gone: %s", strerror(errno));
}

/* Sends our descriptors over a socket; a server that does not want them closes it. */
static void pass(int socket, const int *fds, int count) {
  char room[CMSG_SPACE(2 * sizeof(int))] = {0}, byte = 'd';
  struct iovec data = {&byte, 1};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = room, .msg_controllen = CMSG_SPACE(count * sizeof(int))};
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(count * sizeof(int));
  memcpy(CMSG_DATA(head), fds, count * sizeof(int));
  sendmsg(socket, &message, MSG_NOSIGNAL);
}

static void wait_for_go(int fd) {
  char answer;
  ssize_t n;
  do n = recv(fd, &answer, 1, 0);
  while (n < 0 && errno == EINTR);
  if (n != 1 || answer != 'g') _exit(EXIT_US); /* the server says why */
}

static void pin_cpu(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set)) fail("cannot run on CPU %d: %s", cpu, strerror(errno));
}

/* The server may have signals blocked or ignored; a command starts with none. */
static void reset_signals(void) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
}

__attribute__((noreturn)) static void usage(void) {
  fputs("usage: bpf-emu-launch --report FD [--server PID] [--fuse OPTIONS | --bind DIR] [--btf FD] [--pass FD] [--cpu N] -- COMMAND [ARG]...\n", stderr);
  _exit(EXIT_US);
}

static struct options parse(int argc, char **argv) {
  struct options options = {.report = -1, .btf = -1, .pass = -1, .cpu = -1};
  int i = 1;
  for (; i < argc && strcmp(argv[i], "--") != 0; i += 2) {
    if (i + 1 >= argc) usage();
    if (strcmp(argv[i], "--report") == 0) options.report = atoi(argv[i + 1]);
    else if (strcmp(argv[i], "--server") == 0) options.server = atoi(argv[i + 1]);
    else if (strcmp(argv[i], "--fuse") == 0) options.fuse = argv[i + 1];
    else if (strcmp(argv[i], "--bind") == 0) options.bind = argv[i + 1];
    else if (strcmp(argv[i], "--btf") == 0) options.btf = atoi(argv[i + 1]);
    else if (strcmp(argv[i], "--pass") == 0) options.pass = atoi(argv[i + 1]);
    else if (strcmp(argv[i], "--cpu") == 0) options.cpu = atoi(argv[i + 1]);
    else if (strcmp(argv[i], "--watch") == 0) options.watched = argv[i + 1];
    else usage();
  }
  if (options.report < 0 || i + 1 >= argc) usage();
  options.command = argv + i + 1;
  return options;
}

int main(int argc, char **argv) {
  struct options options = parse(argc, argv);
  int admin = is_admin(), bare, fuse = -1, listener, fds[2];
  dev_t dev;
  char text[128];
  fcntl(options.report, F_SETFD, FD_CLOEXEC);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  bare = make_namespaces(admin, options.bind != NULL);
  if (options.cpu >= 0) pin_cpu(options.cpu);
  if (bare) {
    note("nothing can be mounted here: pins are names only, and what is in /sys is the machine's. "
         "In a container --cap-add SYS_ADMIN --device /dev/fuse gives all of it");
    if (options.btf >= 0) close(options.btf);
  } else {
    make_sys();
    if (options.btf >= 0) show_btf(options.btf);
    fuse = make_mounts(&options, admin);
  }
  dev = fuse >= 0 || options.bind != NULL ? mounted_dev() : 0;
  /* Yama, where it is on, lets a named process read our memory; elsewhere this fails and is not needed. */
  if (options.server > 0) prctl(PR_SET_PTRACER, options.server, 0, 0, 0);
  /* It tells the command's processes by their mount namespace. */
  if (!bare) start_keeper(options.report);
  listener = install_filter(admin, bare, options.watched);
  fds[0] = listener;
  fds[1] = fuse;
  if (options.pass >= 0) pass(options.pass, fds, fuse >= 0 ? 2 : 1);
  snprintf(text, sizeof text, "fuse=%d dev=%lu listener=%d root=%d bare=%d\n", fuse, (unsigned long)dev, listener, admin, bare != 0);
  report(options.report, text);
  wait_for_go(options.report);
  if (fuse >= 0) close(fuse);
  if (options.pass >= 0) close(options.pass);
  close(listener);
  probe();
  report(options.report, "exec\n");
  reset_signals();
  execvp(options.command[0], options.command);
  fprintf(stderr, "bpf-emu exec: %s: %s\n", options.command[0], strerror(errno));
  _exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXEC);
}
