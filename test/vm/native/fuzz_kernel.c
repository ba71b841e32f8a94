/*
 * Runs the scripts of the wide fuzzer (test/vm/lib/wide_script.ts) on this machine's
 * kernel, CPU 0. One command a line, one line of answer each:
 *
 *   m TYPE KEY VALUE ENTRIES FLAGS INNER [KEYTYPE VALUETYPE [EXTRA]]   make a map; INNER: number of a map like its inner maps, or -1; ids of its types; map_extra in hex
 *   u MAP KEY VALUE                        set an element (hex; "-": an empty key)
 *   i MAP KEY MAP                          put a map into a map of maps
 *   f MAP                                  freeze a map
 *   b HEX                                  types for the programs: FUNCs from id 3 on
 *   p TYPE[:ATTACH[:FLAGS]] HEX START[:ID],...   load, with the first instruction of each function (ID: its type, else the next FUNC); immediates of lddw with src 1 or 2 are numbers of maps
 *   s MAP KEY PROG                         put a program into a prog array
 *   r PROG HEX CTX FLAGS CTXIN             test run on a packet ("-": none) and a context, with CTX bytes of context wanted: "RETVAL PACKET CONTEXT"
 *   t PROG STREAM                          what is in a stream of a program, as hex
 *   d MAP                                  "KEY=VALUE ..." of all elements (of a queue: what it gives)
 *   c                                      close everything
 *
 * Answers are "ok", "err ERRNO", or what is said above.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX = 64, CPUS_MAX = 64, PROG_STREAM_READ_BY_FD = 37 };
static struct { int fd; unsigned type, key, value; } maps[MAX];
static unsigned nprogs;
static int progs[MAX], nmaps, cpus, btf = -1;
static char line[1 << 22], log_buf[1 << 20];
static uint8_t bytes[1 << 20], more[1 << 16], out[1 << 16], ctx_bytes[1 << 12];

static long bpf(int cmd, union bpf_attr *attr) { return syscall(__NR_bpf, cmd, attr, sizeof *attr); }

static const char *word(char **at) {
  char *p = *at;
  while (*p == ' ') p++;
  char *begin = p;
  while (*p > ' ') p++;
  if (*p) *p++ = 0;
  *at = p;
  return begin;
}

static int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

static size_t from_hex(const char *text, uint8_t *to) {
  size_t n = 0;
  if (*text == '-') return 0;
  for (; text[0] > ' ' && text[1] > ' '; text += 2) to[n++] = digit(text[0]) << 4 | digit(text[1]);
  return n;
}

static void put_hex(const uint8_t *from, size_t n) {
  for (size_t i = 0; i < n; i++) printf("%02x", from[i]);
}

static void answer(long result) {
  if (result < 0) printf("err %d\n", errno);
  else printf("ok\n");
}

static void load(const char *type, size_t size, const char *starts) {
  struct bpf_insn *insns = (struct bpf_insn *)bytes;
  union bpf_attr attr;
  for (size_t i = 0; i < size / 8; i++) {
    if (insns[i].code != 0x18) continue;
    if (insns[i].src_reg == 1 || insns[i].src_reg == 2) insns[i].imm = maps[insns[i].imm].fd;
    i++;
  }
  memset(&attr, 0, sizeof attr);
  attr.prog_type = atoi(type);
  if ((type = strchr(type, ':'))) attr.expected_attach_type = atoi(++type);
  if (type && (type = strchr(type, ':'))) attr.prog_flags = atoi(++type);
  attr.insns = (uint64_t)(uintptr_t)insns;
  attr.insn_cnt = size / 8;
  attr.license = (uint64_t)(uintptr_t)"GPL";
  uint32_t info[2 * MAX], funcs = 0;
  for (const char *p = starts; *p > ' ' && funcs < MAX; funcs++) {
    info[2 * funcs] = atoi(p);
    info[2 * funcs + 1] = 3 + funcs;
    while (*p >= '0' && *p <= '9') p++;
    if (*p == ':') {
      info[2 * funcs + 1] = atoi(++p);
      while (*p >= '0') p++;
    }
    if (*p == ',') p++;
  }
  attr.prog_btf_fd = btf;
  attr.func_info_rec_size = 8;
  attr.func_info = (uint64_t)(uintptr_t)info;
  attr.func_info_cnt = funcs;
  int fd = bpf(BPF_PROG_LOAD, &attr);
  if (fd >= 0) progs[nprogs++] = fd;
  else if (getenv("FUZZ_LOG")) {
    attr.log_level = atoi(getenv("FUZZ_LOG"));
    attr.log_buf = (uint64_t)(uintptr_t)log_buf;
    attr.log_size = sizeof log_buf;
    bpf(BPF_PROG_LOAD, &attr);
    fprintf(stderr, "%.3000s\n---\n", strlen(log_buf) > 3000 ? log_buf + strlen(log_buf) - 3000 : log_buf);
  }
  answer(fd);
}

static void run(int prog, size_t size, unsigned ctx, unsigned flags, size_t ctx_in) {
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.test.prog_fd = prog < nprogs ? progs[prog] : -1;
  if (size) {
    attr.test.data_in = (uint64_t)(uintptr_t)bytes;
    attr.test.data_size_in = size;
    attr.test.data_out = (uint64_t)(uintptr_t)out;
    attr.test.data_size_out = sizeof out;
  }
  if (ctx_in) {
    attr.test.ctx_in = (uint64_t)(uintptr_t)ctx_bytes;
    attr.test.ctx_size_in = ctx_in;
  }
  attr.test.ctx_out = (uint64_t)(uintptr_t)(ctx ? more : 0);
  attr.test.ctx_size_out = ctx;
  attr.test.flags = flags;
  if (bpf(BPF_PROG_TEST_RUN, &attr) < 0) {
    printf("err %d\n", errno);
    return;
  }
  printf("%u ", attr.test.retval);
  put_hex(out, attr.test.data_size_out);
  printf(" ");
  put_hex(more, ctx);
  printf("\n");
}

static void dump(int map) {
  union bpf_attr attr;
  unsigned type = maps[map].type, value = maps[map].value, n = 0;
  int queue = type == BPF_MAP_TYPE_QUEUE || type == BPF_MAP_TYPE_STACK;
  if (type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH)
    value = (value + 7) / 8 * 8 * cpus;
  memset(&attr, 0, sizeof attr);
  attr.map_fd = maps[map].fd;
  while (n++ < 5000) {
    attr.value = (uint64_t)(uintptr_t)out;
    if (queue) {
      attr.key = 0;
      if (bpf(BPF_MAP_LOOKUP_AND_DELETE_ELEM, &attr) < 0) break;
      put_hex(out, value);
      printf(" ");
      continue;
    }
    attr.key = n == 1 ? 0 : (uint64_t)(uintptr_t)more;
    attr.next_key = (uint64_t)(uintptr_t)more;
    if (bpf(BPF_MAP_GET_NEXT_KEY, &attr) < 0) break;
    attr.key = (uint64_t)(uintptr_t)more;
    attr.value = (uint64_t)(uintptr_t)out;
    memset(out, 0, value);
    bpf(BPF_MAP_LOOKUP_ELEM, &attr);
    put_hex(more, maps[map].key);
    printf("=");
    put_hex(out, value);
    printf(" ");
  }
  printf("\n");
}

int main(void) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  sched_setaffinity(0, sizeof one, &one);
  cpus = sysconf(_SC_NPROCESSORS_CONF);
  while (fgets(line, sizeof line, stdin)) {
    union bpf_attr attr;
    char *at = line + 1;
    unsigned a, b;
    int fd;
    memset(&attr, 0, sizeof attr);
    switch (line[0]) {
      case 'm':
        attr.map_type = maps[nmaps].type = atoi(word(&at));
        attr.key_size = maps[nmaps].key = atoi(word(&at));
        attr.value_size = maps[nmaps].value = atoi(word(&at));
        attr.max_entries = atoi(word(&at));
        attr.map_flags = atoi(word(&at));
        int inner = atoi(word(&at));
        if (inner >= 0) attr.inner_map_fd = maps[inner].fd;
        if (*at) {
          attr.btf_key_type_id = atoi(word(&at));
          attr.btf_value_type_id = atoi(word(&at));
          if (attr.btf_value_type_id) attr.btf_fd = btf;
        }
        if (*at) attr.map_extra = strtoull(word(&at), 0, 16);
        fd = bpf(BPF_MAP_CREATE, &attr);
        maps[nmaps++].fd = fd;
        answer(fd);
        break;
      case 'u':
        attr.map_fd = maps[atoi(word(&at))].fd;
        from_hex(word(&at), more);
        from_hex(word(&at), bytes);
        attr.key = (uint64_t)(uintptr_t)more;
        attr.value = (uint64_t)(uintptr_t)bytes;
        answer(bpf(BPF_MAP_UPDATE_ELEM, &attr));
        break;
      case 'i':
      case 's':
        attr.map_fd = maps[atoi(word(&at))].fd;
        a = atoi(word(&at));
        b = atoi(word(&at));
        fd = line[0] == 'i' ? maps[b].fd : b < nprogs ? progs[b] : -1;
        attr.key = (uint64_t)(uintptr_t)&a;
        attr.value = (uint64_t)(uintptr_t)&fd;
        answer(bpf(BPF_MAP_UPDATE_ELEM, &attr));
        break;
      case 'f':
        attr.map_fd = maps[atoi(word(&at))].fd;
        answer(bpf(BPF_MAP_FREEZE, &attr));
        break;
      case 'b':
        attr.btf_size = from_hex(word(&at), bytes);
        attr.btf = (uint64_t)(uintptr_t)bytes;
        btf = bpf(BPF_BTF_LOAD, &attr);
        break;
      case 'p':;
        const char *type = word(&at);
        b = from_hex(word(&at), bytes);
        load(type, b, word(&at));
        break;
      case 'r':
        a = atoi(word(&at));
        b = from_hex(word(&at), bytes);
        unsigned ctx = atoi(word(&at));
        unsigned flags = atoi(word(&at));
        run(a, b, ctx, flags, from_hex(word(&at), ctx_bytes));
        break;
      case 't':
        // The attr of BPF_PROG_STREAM_READ_BY_FD, newer than some headers: buffer, its size, stream, program.
        ((uint64_t *)&attr)[0] = (uint64_t)(uintptr_t)out;
        ((uint32_t *)&attr)[2] = sizeof out;
        a = atoi(word(&at));
        ((uint32_t *)&attr)[3] = atoi(word(&at));
        ((uint32_t *)&attr)[4] = a < nprogs ? progs[a] : -1;
        fd = bpf(PROG_STREAM_READ_BY_FD, &attr);
        if (fd < 0) answer(fd);
        else {
          put_hex(out, fd);
          printf("\n");
        }
        break;
      case 'd':
        dump(atoi(word(&at)));
        break;
      case 'c':
        while (nprogs > 0) close(progs[--nprogs]);
        while (nmaps > 0) {
          if (maps[--nmaps].fd >= 0) close(maps[nmaps].fd);
        }
        printf("ok\n");
        break;
    }
    if (line[0] == 'c') fflush(stdout);
  }
  return 0;
}
