/*
 * One single run of a program that does not end, and what others notice of it.
 *
 *   spin_client DOOR DIR loops|goto
 *
 * One process starts the program once, another asks things until the run has been ended.
 * DOOR is the control file, or "-" for the system call (under exec). DIR is a directory of
 * the mount. Prints one object of JSON; times are in microseconds.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "door_client.h"

#define INSN(c, d, s, o, i) {.code = c, .dst_reg = d, .src_reg = s, .off = o, .imm = i}
#define MOV(d, i) INSN(0xb7, d, 0, 0, i)
#define EXIT INSN(0x95, 0, 0, 0, 0)
#define MAY_GOTO(o) INSN(0xe5, 0, 0, o, 0)
#define JUMP(o) INSN(0x05, 0, 0, o, 0)
#define CALL(d) INSN(0x85, 0, 1, 0, d)
#define FUNC(d, rel) INSN(0x18, d, 4, 0, rel), {0}

/* int main(void) as a global function, and as many static ones: BTF. */
static int load_btf(void) {
	static struct {
		uint16_t magic;
		uint8_t version, flags;
		uint32_t hdr_len, type_off, type_len, str_off, str_len;
		uint32_t types[4 + 3 + 3 * 2];
		char strings[24];
	} btf = {
	    0xeb9f, 1, 0, 24, 0, sizeof btf.types, sizeof btf.types, sizeof btf.strings,
	    {
	        1, 1 << 24, 4, 1 << 24 | 32,   /* 1: int */
	        0, 13 << 24, 1,                /* 2: int (void) */
	        5, 12 << 24 | 1, 2,            /* 3: main, global */
	        10, 12 << 24, 2,               /* 4: part, static */
	    },
	    "\0int\0main\0part",
	};
	union bpf_attr attr = {.btf = ptr(&btf), .btf_size = sizeof btf};
	return bpf(BPF_BTF_LOAD, &attr);
}

struct program {
	const struct bpf_insn *insns;
	unsigned count;
	struct bpf_func_info info[4];
	unsigned functions;
};

static const struct bpf_insn loops[] = {
    /* 0 */ MOV(1, 1 << 23), FUNC(2, 8 - 1 - 1), MOV(3, 0), MOV(4, 0), INSN(0x85, 0, 0, 0, 181), MOV(0, 0), EXIT,
    /* 8 */ MOV(1, 1 << 23), FUNC(2, 16 - 9 - 1), MOV(3, 0), MOV(4, 0), INSN(0x85, 0, 0, 0, 181), MOV(0, 0), EXIT,
    /* 16 */ MOV(0, 0), EXIT,
};

static const struct bpf_insn gotos[] = {
    /* 0 */ MAY_GOTO(2), CALL(3), JUMP(-3), MOV(0, 0), EXIT,
    /* 5 */ MAY_GOTO(2), CALL(3), JUMP(-3), MOV(0, 0), EXIT,
    /* 10 */ MAY_GOTO(1), JUMP(-2), MOV(0, 0), EXIT,
};

static const struct program programs[] = {
    {loops, sizeof loops / 8, {{0, 3}, {8, 4}, {16, 4}}, 3},
    {gotos, sizeof gotos / 8, {{0, 3}, {5, 4}, {10, 4}}, 3},
};

static long load(const struct program *p) {
	union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insns = ptr(p->insns), .insn_cnt = p->count, .license = ptr("GPL")};
	static char log[65536];
	attr.prog_btf_fd = load_btf();
	attr.func_info_rec_size = sizeof p->info[0];
	attr.func_info = ptr(p->info);
	attr.func_info_cnt = p->functions;
	attr.log_buf = ptr(log);
	attr.log_size = sizeof log;
	attr.log_level = 1;
	snprintf(attr.prog_name, sizeof attr.prog_name, "spin");
	long fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0) fprintf(stderr, "load: %s\n%s\n", strerror(errno), log);
	return fd;
}

/* What the runner tells. */
struct run {
	volatile int state; /* 1: it begins, 2: it is over */
	int result, error;
	double began, took;
};

static void once(struct run *run, const struct program *p) {
	static char data[64];
	long prog = load(p);
	union bpf_attr attr = {.test = {.prog_fd = prog, .data_in = ptr(data), .data_size_in = sizeof data}};
	run->began = now_us();
	run->state = 1;
	run->result = prog < 0 ? -100 : bpf(BPF_PROG_TEST_RUN, &attr);
	run->error = errno;
	run->took = now_us() - run->began;
	run->state = 2;
}

enum { STAT, LIST, OPEN, CAT, LOOKUP, UPDATE, CREATE, KINDS };
static const char *const names[KINDS] = {"stat", "list", "open", "cat", "lookup", "update", "create"};
#define ROUNDS 65536
static float took[KINDS][ROUNDS];

static int compare(const void *a, const void *b) {
	float x = *(const float *)a, y = *(const float *)b;
	return x < y ? -1 : x > y;
}

static int ask(int what, const char *dir, int map, int round) {
	char name[4096], text[4096];
	struct stat st;
	uint32_t key = 1;
	uint64_t value = round;
	union bpf_attr attr = {.map_fd = map, .key = ptr(&key), .value = ptr(&value)};
	int fd;
	switch (what) {
	case STAT:
		snprintf(name, sizeof name, "%s/no%d", dir, round);
		return stat(name, &st) < 0 && errno == ENOENT ? 0 : -1;
	case LIST: {
		DIR *list = opendir(dir);
		while (list != NULL && readdir(list) != NULL) {}
		return list == NULL ? -1 : closedir(list);
	}
	case OPEN:
	case CAT: {
		snprintf(name, sizeof name, "%s/maps.debug", dir);
		fd = open(name, O_RDONLY);
		if (fd < 0) return -1;
		long length = what == CAT ? read(fd, text, sizeof text) : 1;
		close(fd);
		return length > 0 ? 0 : -1;
	}
	case LOOKUP:
		return bpf(BPF_MAP_LOOKUP_ELEM, &attr);
	case UPDATE:
		return bpf(BPF_MAP_UPDATE_ELEM, &attr);
	default:
		fd = make_map(100);
		if (fd < 0) return -1;
		return ctl >= 0 ? bpf_emu_close(ctl, fd) : close(fd);
	}
}

int main(int argc, char **argv) {
	if (argc < 4) return 2;
	door = argv[1];
	enter();
	int map = make_map(16), failed = 0, rounds = 0;
	ask(UPDATE, argv[2], map, 0);
	struct run *run = mmap(NULL, sizeof *run, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fork() == 0) {
		ctl = -1;
		enter();
		once(run, &programs[strcmp(argv[3], "goto") == 0]);
		_exit(0);
	}
	while (run->state == 0) usleep(1000);
	usleep(50000);
	for (; run->state == 1 && rounds < ROUNDS; rounds++) {
		for (int what = 0; what < KINDS; what++) {
			double start = now_us();
			if (ask(what, argv[2], map, rounds) < 0 && failed++ == 0) fprintf(stderr, "%s: %s\n", names[what], strerror(errno));
			took[what][rounds] = now_us() - start;
		}
		usleep(1000);
	}
	wait(NULL);
	printf("{\"result\":%d,\"errno\":%d,\"run\":%.0f,\"rounds\":%d,\"failed\":%d", run->result, run->error, run->took, rounds, failed);
	for (int what = 0; what < KINDS; what++) {
		qsort(took[what], rounds, sizeof took[what][0], compare);
		printf(",\"%s\":[%.0f,%.0f]", names[what], took[what][rounds / 2], rounds > 0 ? took[what][rounds - 1] : 0);
	}
	printf("}\n");
	return 0;
}
