/*
 * Time of single bpf(2) calls: exec_client [CALLS]. One line a kind of call: median,
 * 10th and 90th percentile and shortest, in microseconds. Also of open(2) and mmap(2),
 * which the filter of exec looks at.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int fd;
static union bpf_attr attr;

static void no_op(void) { syscall(SYS_bpf, 99, &attr, 32); }
static void lookup(void) { syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attr, 32); }
static void update(void) { syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &attr, 32); }
static void create(void) {
  union bpf_attr map;
  memset(&map, 0, sizeof map);
  map.map_type = BPF_MAP_TYPE_HASH;
  map.key_size = 4;
  map.value_size = 8;
  map.max_entries = 100;
  fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &map, 72);
}
static void create_and_close(void) {
  int kept = fd;
  create();
  close(fd);
  fd = kept;
}
static void open_file(void) { close(open("/etc/hostname", O_RDONLY | O_CLOEXEC)); }
static void plain_call(void) { syscall(SYS_getppid); }

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int order(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static void measure(const char *name, void (*call)(void), int calls) {
  double *took = malloc(calls * sizeof *took);
  for (int i = 0; i < calls; i++) {
    double start = now();
    call();
    took[i] = now() - start;
  }
  qsort(took, calls, sizeof *took, order);
  printf("%-18s p50 %7.2f  p10 %7.2f  p90 %7.2f  min %7.2f\n", name, took[calls / 2], took[calls / 10],
         took[calls * 9 / 10], took[0]);
  free(took);
}

int main(int argc, char **argv) {
  int calls = argc > 1 ? atoi(argv[1]) : 20000;
  unsigned key = 1;
  uint64_t value = 5;
  create();
  if (fd < 0) {
    perror("BPF_MAP_CREATE");
    return 1;
  }
  attr.map_fd = fd;
  attr.key = (uintptr_t)&key;
  attr.value = (uintptr_t)&value;
  update();
  measure("no-op", no_op, calls);
  measure("hash lookup", lookup, calls);
  measure("hash update", update, calls);
  measure("create and close", create_and_close, calls / 20 + 1);
  measure("open a file", open_file, calls / 10 + 1);
  measure("getppid", plain_call, calls);
  return 0;
}
