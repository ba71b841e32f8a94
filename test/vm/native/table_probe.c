/*
 * Asks this machine's kernel for its tables of helpers and context fields, by loading
 * small programs. Reads lines `h TYPE ATTACH` and `c TYPE ATTACH LIMIT`; answers each
 * with one line: for h a bit a helper id (hex, 27 bytes), for c a character for every
 * access tried (sizes 1, 2, 4, 8, offsets below LIMIT in steps of the size, reads and
 * then writes): 1 taken, 0 refused. `-` means programs of the type cannot be loaded.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HELPERS 212

static char log_text[65536];
static union bpf_attr attr;

/* The descriptor, or -1 with errno; the log is in log_text. */
static int load(int type, int attach, const struct bpf_insn *insns, int count) {
  memset(&attr, 0, sizeof(attr));
  attr.prog_type = type;
  attr.expected_attach_type = attach;
  attr.insns = (uint64_t)insns;
  attr.insn_cnt = count;
  attr.license = (uint64_t) "GPL";
  attr.prog_flags = type == BPF_PROG_TYPE_SYSCALL ? BPF_F_SLEEPABLE : 0;
  attr.log_level = 1;
  attr.log_buf = (uint64_t)log_text;
  attr.log_size = sizeof(log_text);
  log_text[0] = 0;
  int fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
  if (fd >= 0) close(fd);
  return fd;
}

static struct bpf_insn insn(int code, int dst, int src, int off, int imm) {
  return (struct bpf_insn){.code = code, .dst_reg = dst, .src_reg = src, .off = off, .imm = imm};
}

/* Whether the type can be loaded at all; the verifier may still want another return value. */
static int loads(int type, int attach) {
  struct bpf_insn prog[] = {insn(0xb7, 0, 0, 0, 1), insn(0x95, 0, 0, 0, 0)};
  return load(type, attach, prog, 2) >= 0 || log_text[0] != 0;
}

static void helpers(int type, int attach) {
  uint8_t bits[27] = {0};
  for (int id = 1; id < HELPERS; id++) {
    struct bpf_insn prog[8];
    for (int reg = 1; reg <= 5; reg++) prog[reg - 1] = insn(0xb7, reg, 0, 0, 0);
    prog[5] = insn(0x85, 0, 0, 0, id);
    prog[6] = insn(0xb7, 0, 0, 0, 1);
    prog[7] = insn(0x95, 0, 0, 0, 0);
    int fd = load(type, attach, prog, 8);
    if (fd < 0 && (strstr(log_text, "cannot use helper") || strstr(log_text, "unknown func"))) continue;
    bits[id >> 3] |= 1 << (id & 7);
  }
  for (unsigned i = 0; i < sizeof(bits); i++) printf("%02x", bits[i]);
}

static void context(int type, int attach, int limit) {
  static const int ldx[] = {0x71, 0x69, 0x61, 0x79}, st[] = {0x72, 0x6a, 0x62, 0x7a};
  for (int write = 0; write < 2; write++)
    for (int width = 0; width < 4; width++)
      for (int off = 0; off < limit; off += 1 << width) {
        struct bpf_insn prog[3] = {write ? insn(st[width], 1, 0, off, 0) : insn(ldx[width], 0, 1, off, 0),
                                   insn(0xb7, 0, 0, 0, 1), insn(0x95, 0, 0, 0, 0)};
        int fd = load(type, attach, prog, 3);
        putchar(fd < 0 && strstr(log_text, "invalid bpf_context access") ? '0' : '1');
      }
}

int main(void) {
  char kind;
  int type, attach, limit;
  while (scanf(" %c %d %d", &kind, &type, &attach) == 3) {
    if (kind == 'c' && scanf("%d", &limit) != 1) return 1;
    if (!loads(type, attach)) putchar('-');
    else if (kind == 'h') helpers(type, attach);
    else context(type, attach, limit);
    putchar('\n');
  }
  return 0;
}
