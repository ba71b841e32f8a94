/*
 * Cost of map operations in the kernel of this machine, through bpf(2): the columns
 * of bench/maps.ts, with the cost of an empty bpf(2) call taken off. Prints lines of
 * `name entries column nanoseconds`. Usage: maps_kernel ENTRIES...
 */
#define _GNU_SOURCE
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BATCH 2000
#define ROUNDS 100
#define HOT 64
#define STEP 7919

static union bpf_attr attr;
static double empty_call;

static long bpf(int cmd) { return syscall(SYS_bpf, cmd, &attr, sizeof(attr)); }

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static int create(int type, int key_size, unsigned entries, unsigned flags) {
  memset(&attr, 0, sizeof(attr));
  attr.map_type = type;
  attr.key_size = key_size;
  attr.value_size = 8;
  attr.max_entries = entries;
  attr.map_flags = flags;
  return bpf(BPF_MAP_CREATE);
}

static uint8_t *keys;
static uint64_t value;

static void element(int fd, const void *key) {
  memset(&attr, 0, sizeof(attr));
  attr.map_fd = fd;
  attr.key = (uint64_t)key;
  attr.value = (uint64_t)&value;
}

/* Fastest batch, less the empty call. Keys i are `stride` bytes apart; next >= 0 counts up instead. */
static double measure(int fd, int cmd, unsigned span, int stride, uint32_t *next) {
  double best = 1e18;
  uint64_t at = 0;
  uint32_t key[4] = {0};
  for (int round = 0; round < ROUNDS; round++) {
    double start = now();
    for (int i = 0; i < BATCH; i++) {
      if (next) key[0] = (*next)++;
      element(fd, next ? (void *)key : keys + at * stride);
      bpf(cmd);
      at = (at + STEP) % span;
    }
    double each = (now() - start) / BATCH;
    if (each < best) best = each;
  }
  return best - empty_call;
}

static void row(const char *name, unsigned entries, const char *column, double ns) {
  printf("%s\t%u\t%s\t%.1f\n", name, entries, column, ns);
}

static void hash(const char *name, int type, int key_size, unsigned flags, unsigned entries) {
  double start = now();
  int fd = create(type, key_size, entries, flags);
  if (fd < 0) return;
  row(name, entries, "create ms", (now() - start) / 1e6);
  int stride = key_size < 8 ? 8 : key_size;
  for (unsigned i = 0; i < entries; i++) {
    uint32_t word = type == BPF_MAP_TYPE_ARRAY ? i : i * 0x9e3779b1u;
    memcpy(keys + (uint64_t)i * stride, &word, 4);
    element(fd, keys + (uint64_t)i * stride);
    bpf(BPF_MAP_UPDATE_ELEM);
  }
  unsigned hot = entries < HOT ? entries : HOT;
  row(name, entries, "lookup hot", measure(fd, BPF_MAP_LOOKUP_ELEM, hot, stride, NULL));
  row(name, entries, "all", measure(fd, BPF_MAP_LOOKUP_ELEM, entries, stride, NULL));
  row(name, entries, "update hot", measure(fd, BPF_MAP_UPDATE_ELEM, hot, stride, NULL));
  row(name, entries, "all ", measure(fd, BPF_MAP_UPDATE_ELEM, entries, stride, NULL));
  close(fd);
}

static void lru(const char *name, unsigned flags, unsigned entries) {
  int fd = create(BPF_MAP_TYPE_LRU_HASH, 16, entries, flags);
  if (fd < 0) return;
  uint32_t next = 0, key[4] = {0};
  while (next < 2 * entries) {
    key[0] = next++;
    element(fd, key);
    bpf(BPF_MAP_UPDATE_ELEM);
  }
  row(name, entries, "update+evict", measure(fd, BPF_MAP_UPDATE_ELEM, 1, 0, &next));
  close(fd);
}

int main(int argc, char **argv) {
  keys = calloc(1 << 24, 1);
  if (!keys || create(BPF_MAP_TYPE_ARRAY, 4, 1, 0) < 0) {
    perror("bpf(2)");
    return 1;
  }
  empty_call = measure(-1, -1, 1, 0, NULL);
  row("empty call", 0, "bpf(-1)", empty_call);
  for (int i = 1; i < argc; i++) {
    unsigned entries = strtoul(argv[i], NULL, 10);
    if (entries == 0 || entries > 1000000) continue;
    hash("hash, key 16", BPF_MAP_TYPE_HASH, 16, 0, entries);
    hash("hash, key 4", BPF_MAP_TYPE_HASH, 4, 0, entries);
    hash("hash, key 16, on demand", BPF_MAP_TYPE_HASH, 16, 1, entries);
    hash("array", BPF_MAP_TYPE_ARRAY, 4, 0, entries);
    lru("lru_hash, key 16", 0, entries);
    lru("lru_hash, a list a CPU", 2, entries);
  }
  return 0;
}
