/*
 * Commands that take long, and what others notice of them.
 *
 *   long_client DOOR DIR respond load|run   one process keeps the command going, another measures
 *   long_client DOOR DIR signal load|run    a signal with a handler comes while it runs
 *   long_client DOOR DIR finish             a program of a million verified instructions loads
 *
 * DOOR is the control file, or "-" for the system call (under exec). DIR is a directory of the mount.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "door_client.h"

static long load(const struct bpf_insn *insns, unsigned count) {
	union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insns = ptr(insns), .insn_cnt = count, .license = ptr("GPL")};
	return bpf(BPF_PROG_LOAD, &attr);
}

/* Names a map, then counts to half a million: nearly a million instructions for the verifier. */
static long load_long(int map) {
	struct bpf_insn insns[] = {
	    {.code = 0x18, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_FD, .imm = map},
	    {0},
	    {.code = 0xb7, .dst_reg = 0, .imm = 0},
	    {.code = 0x07, .dst_reg = 0, .imm = 1},
	    {.code = 0xa5, .dst_reg = 0, .off = -2, .imm = 490000},
	    {.code = 0x95},
	};
	return load(insns, sizeof insns / sizeof *insns);
}

static long run_long(void) {
	static char data[64];
	struct bpf_insn insns[] = {{.code = 0xb7, .imm = 7}, {.code = 0x95}};
	long prog = load(insns, 2);
	if (prog < 0) return -1;
	union bpf_attr attr = {.test = {.prog_fd = prog, .repeat = 0x7fffffff, .data_in = ptr(data), .data_size_in = sizeof data}};
	return bpf(BPF_PROG_TEST_RUN, &attr);
}

static long take_long(const char *what) { return strcmp(what, "run") == 0 ? run_long() : load_long(make_map(16)); }

/* How many objects there are. */
static int count(int cmd) {
	int n = 0;
	union bpf_attr attr = {0};
	while (bpf(cmd, &attr) == 0) {
		attr.start_id = attr.next_id;
		n++;
	}
	return n;
}

static void raise_to(double *worst, double start) {
	double took = now_us() - start;
	if (took > *worst) *worst = took;
}

static int respond(const char *dir, const char *what) {
	double stat_us = 0, list_us = 0, lookup_us = 0;
	int rounds = 0, map = make_map(16);
	int maps = count(BPF_MAP_GET_NEXT_ID), progs = count(BPF_PROG_GET_NEXT_ID);
	pid_t child = fork();
	if (child == 0) {
		ctl = -1;
		enter();
		for (;;) take_long(what);
	}
	usleep(100000);
	for (double end = now_us() + 8e5; now_us() < end; rounds++) {
		char name[4096];
		struct stat st;
		snprintf(name, sizeof name, "%s/no%d", dir, rounds);
		double start = now_us();
		stat(name, &st);
		raise_to(&stat_us, start);
		start = now_us();
		DIR *list = opendir(dir);
		while (list != NULL && readdir(list) != NULL) {}
		if (list != NULL) closedir(list);
		raise_to(&list_us, start);
		uint32_t key = 1;
		uint64_t value;
		union bpf_attr attr = {.map_fd = map, .key = ptr(&key), .value = ptr(&value)};
		start = now_us();
		bpf(BPF_MAP_LOOKUP_ELEM, &attr);
		raise_to(&lookup_us, start);
		usleep(2000);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	double killed = now_us();
	while ((count(BPF_MAP_GET_NEXT_ID) != maps || count(BPF_PROG_GET_NEXT_ID) != progs) && now_us() < killed + 3e6) usleep(1000);
	double gone = now_us() - killed;
	printf("{\"rounds\":%d,\"stat\":%.0f,\"list\":%.0f,\"lookup\":%.0f,\"gone\":%.0f,\"maps\":%d,\"progs\":%d}\n", rounds, stat_us, list_us,
	       lookup_us, gone, count(BPF_MAP_GET_NEXT_ID) - maps, count(BPF_PROG_GET_NEXT_ID) - progs);
	return 0;
}

static void on_alarm(int sig) { (void)sig; }

static int signalled(const char *what) {
	struct sigaction action = {.sa_handler = on_alarm};
	struct itimerval in_200ms = {.it_value = {.tv_usec = 200000}};
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &in_200ms, NULL);
	double start = now_us();
	long result = take_long(what);
	int error = errno;
	printf("{\"result\":%ld,\"errno\":%d,\"us\":%.0f}\n", result, error, now_us() - start);
	return 0;
}

int main(int argc, char **argv) {
	if (argc < 4) return 2;
	door = argv[1];
	enter();
	if (strcmp(argv[3], "respond") == 0) return respond(argv[2], argv[4]);
	if (strcmp(argv[3], "signal") == 0) return signalled(argv[4]);
	double start = now_us();
	long result = load_long(make_map(16));
	printf("{\"result\":%d,\"us\":%.0f}\n", result >= 0, now_us() - start);
	return 0;
}
