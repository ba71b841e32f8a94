/*
 * Times this machine's kernel loading programs. Reads commands, one a line:
 *
 *   m TYPE KEY VALUE ENTRIES   make a map: "ok" or "err ERRNO"
 *   p ROUNDS HEX               load an XDP program so many times; the immediate of a lddw with
 *                              src 1 is the number of a map: "PROCESSED STATES CPU_NS…" or "err ERRNO log"
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_SIZE (1 << 24)
static int maps[64], nmaps;
static char *line, log_buf[1 << 16];
static uint8_t *bytes;

static long bpf(int cmd, union bpf_attr *attr) { return syscall(__NR_bpf, cmd, attr, sizeof *attr); }

static size_t from_hex(const char *text) {
	size_t n = 0;
	for (; text[0] > ' ' && text[1] > ' '; text += 2) {
		char digits[3] = {text[0], text[1]};
		bytes[n++] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return n;
}

static double cpu_ns(void) {
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void load(unsigned rounds, size_t size) {
	struct bpf_insn *insns = (struct bpf_insn *)bytes;
	for (size_t i = 0; i < size / 8; i++) {
		if (insns[i].code != 0x18) continue;
		if (insns[i].src_reg == 1 && insns[i].imm < nmaps) insns[i].imm = maps[insns[i].imm];
		i++;
	}
	union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_XDP, .insns = (uint64_t)(uintptr_t)insns, .insn_cnt = size / 8,
			       .license = (uint64_t)(uintptr_t)"GPL", .log_buf = (uint64_t)(uintptr_t)log_buf, .log_size = sizeof log_buf};
	for (unsigned round = 0; round < rounds; round++) {
		attr.log_level = 4;
		double begin = cpu_ns();
		int fd = bpf(BPF_PROG_LOAD, &attr);
		double took = cpu_ns() - begin;
		int error = errno;
		char *processed = strstr(log_buf, "processed "), *states = strstr(log_buf, "total_states ");
		if (fd < 0 && (error != E2BIG || processed == NULL)) {
			attr.log_level = 1;
			bpf(BPF_PROG_LOAD, &attr);
			char *end = strrchr(log_buf, '\n');
			for (int n = 0; end > log_buf && n < 3; end--) n += end[-1] == '\n';
			for (char *p = end; *p; p++) *p = *p == '\n' ? '|' : *p;
			printf("err %d %s\n", error, end);
			return;
		}
		if (fd >= 0) close(fd);
		if (round == 0) printf("%ld %ld", atol(processed + 10), states ? atol(states + 13) : 0);
		printf(" %.0f", took);
	}
	printf("\n");
}

int main(void) {
	line = malloc(LINE_MAX_SIZE);
	bytes = malloc(LINE_MAX_SIZE / 2);
	while (fgets(line, LINE_MAX_SIZE, stdin)) {
		unsigned a, b, c, d;
		int at = 0;
		if (line[0] == 'm') {
			sscanf(line + 1, "%u %u %u %u", &a, &b, &c, &d);
			union bpf_attr attr = {.map_type = a, .key_size = b, .value_size = c, .max_entries = d};
			int fd = bpf(BPF_MAP_CREATE, &attr);
			if (fd >= 0) maps[nmaps++] = fd;
			if (fd < 0) printf("err %d\n", errno);
			else printf("ok\n");
		} else if (line[0] == 'p') {
			sscanf(line + 1, "%u %n", &a, &at);
			load(a, from_hex(line + 1 + at));
		}
		fflush(stdout);
	}
	return 0;
}
