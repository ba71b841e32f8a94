/*
 * What clients of the tests have in common: bpf(2) by the control file of a mount, or as the
 * system call under exec.
 */
#ifndef DOOR_CLIENT_H
#define DOOR_CLIENT_H

#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../native/bpf_emu.h"

/* The path of the control file; "-": the system call. */
static const char *door;
static int ctl = -1;

/* Opens the door, once in each process. */
static void enter(void) {
	if (strcmp(door, "-") != 0) ctl = bpf_emu_open(door);
}

static long bpf(int cmd, union bpf_attr *attr) {
	return ctl >= 0 ? bpf_emu(ctl, cmd, attr, sizeof *attr) : syscall(SYS_bpf, cmd, attr, sizeof *attr);
}

static uint64_t ptr(const void *p) { return (uint64_t)(uintptr_t)p; }

static double now_us(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int make_map(int max) {
	union bpf_attr attr = {.map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = max};
	return bpf(BPF_MAP_CREATE, &attr);
}

#endif
