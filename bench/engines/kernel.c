/*
 * Runs programs on this machine's kernel. Reads commands, one a line, and answers each
 * with one line:
 *
 *   m TYPE KEY VALUE ENTRIES [FLAGS]  make a map: "ok" or "err ERRNO"
 *   v MAP HEX                    write the value of key 0
 *   g MAP                        "HEX": the value of key 0
 *   f MAP                        freeze a map
 *   p HEX                        load an XDP program; the immediate of a lddw with src 1
 *                                or 2 is the number of a map: "ok" or "err ERRNO last log line"
 *   s MAP KEY PROG               put a program into a prog array
 *   r PROG REPEAT HEX            test run: "RETVAL CPU_NS HEX" (CPU nanoseconds of all runs)
 *   c                            close everything
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int maps[64], progs[64], nmaps, nprogs;
static char line[1 << 20], log_buf[1 << 22];
static uint8_t bytes[1 << 19], out[1 << 16];

static long bpf(int cmd, union bpf_attr *attr) { return syscall(__NR_bpf, cmd, attr, sizeof *attr); }

static size_t from_hex(const char *text) {
  size_t n = 0;
  for (; text[0] > ' ' && text[1] > ' '; text += 2) {
    unsigned byte;
    sscanf(text, "%2x", &byte);
    bytes[n++] = byte;
  }
  return n;
}

static void answer(long result) {
  if (result < 0) printf("err %d\n", errno);
  else printf("ok\n");
}

static void load(size_t size) {
  struct bpf_insn *insns = (struct bpf_insn *)bytes;
  union bpf_attr attr;
  for (size_t i = 0; i < size / 8; i++) {
    if (insns[i].code != 0x18) continue;
    if ((insns[i].src_reg == 1 || insns[i].src_reg == 2) && insns[i].imm < nmaps) insns[i].imm = maps[insns[i].imm];
    i++;
  }
  memset(&attr, 0, sizeof attr);
  attr.prog_type = BPF_PROG_TYPE_XDP;
  attr.insns = (uint64_t)(uintptr_t)insns;
  attr.insn_cnt = size / 8;
  attr.license = (uint64_t)(uintptr_t)"GPL";
  int fd = bpf(BPF_PROG_LOAD, &attr);
  if (fd >= 0) {
    progs[nprogs++] = fd;
    printf("ok\n");
    return;
  }
  int error = errno;
  attr.log_level = 1;
  attr.log_buf = (uint64_t)(uintptr_t)log_buf;
  attr.log_size = sizeof log_buf;
  log_buf[0] = 0;
  bpf(BPF_PROG_LOAD, &attr);
  char *last = log_buf, *end = log_buf + strlen(log_buf);
  for (char *p = log_buf; p < end; p++)
    if (*p == '\n' && p + 1 < end && strncmp(p + 1, "processed", 9)) last = p + 1;
  last[strcspn(last, "\n")] = 0;
  printf("err %d %s\n", error, last);
}

static double cpu_ns(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e9 + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e3;
}

static void run(int prog, unsigned repeat, size_t size) {
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.test.prog_fd = progs[prog];
  attr.test.repeat = repeat;
  attr.test.data_in = (uint64_t)(uintptr_t)bytes;
  attr.test.data_size_in = size;
  attr.test.data_out = (uint64_t)(uintptr_t)out;
  attr.test.data_size_out = sizeof out;
  double begin = cpu_ns();
  if (bpf(BPF_PROG_TEST_RUN, &attr) < 0) {
    printf("err %d\n", errno);
    return;
  }
  printf("%u %.0f ", attr.test.retval, cpu_ns() - begin);
  for (unsigned i = 0; i < attr.test.data_size_out; i++) printf("%02x", out[i]);
  printf("\n");
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  while (fgets(line, sizeof line, stdin)) {
    union bpf_attr attr;
    unsigned a, b, c, d, e;
    int at = 0;
    memset(&attr, 0, sizeof attr);
    switch (line[0]) {
      case 'm':
        e = 0;
        sscanf(line + 1, "%u %u %u %u %u", &a, &b, &c, &d, &e);
        attr.map_flags = e;
        attr.map_type = a;
        attr.key_size = b;
        attr.value_size = c;
        attr.max_entries = d;
        long fd = bpf(BPF_MAP_CREATE, &attr);
        if (fd >= 0) maps[nmaps++] = fd;
        answer(fd);
        break;
      case 'v':
      case 'g':
        sscanf(line + 1, "%u %n", &a, &at);
        b = 0;
        attr.map_fd = maps[a];
        attr.key = (uint64_t)(uintptr_t)&b;
        attr.value = (uint64_t)(uintptr_t)bytes;
        if (line[0] == 'v') {
          from_hex(line + 1 + at);
          answer(bpf(BPF_MAP_UPDATE_ELEM, &attr));
          break;
        }
        memset(bytes, 0, 4096);
        bpf(BPF_MAP_LOOKUP_ELEM, &attr);
        for (unsigned i = 0; i < 256; i++) printf("%02x", bytes[i]);
        printf("\n");
        break;
      case 'f':
        sscanf(line + 1, "%u", &a);
        attr.map_fd = maps[a];
        answer(bpf(BPF_MAP_FREEZE, &attr));
        break;
      case 'p':
        load(from_hex(line + 2));
        break;
      case 's':
        sscanf(line + 1, "%u %u %u", &a, &b, &c);
        attr.map_fd = maps[a];
        attr.key = (uint64_t)(uintptr_t)&b;
        attr.value = (uint64_t)(uintptr_t)&progs[c];
        answer(bpf(BPF_MAP_UPDATE_ELEM, &attr));
        break;
      case 'r':
        sscanf(line + 1, "%u %u %n", &a, &b, &at);
        run(a, b, from_hex(line + 1 + at));
        break;
      case 'c':
        while (nprogs > 0) close(progs[--nprogs]);
        while (nmaps > 0) close(maps[--nmaps]);
        printf("ok\n");
        break;
    }
  }
  return 0;
}
