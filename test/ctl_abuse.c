/*
 * Hostile and clumsy clients of the control file.
 * ctl_abuse MOUNT SEED [COUNT]: prints "ok NAME" or "not ok NAME (detail)" lines; exits 1 when one fails.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../native/bpf_emu.h"

static char path[4096];
static int failed;

static void check(int good, const char *name, long got) {
	failed += !good;
	printf(good ? "ok %s\n" : "not ok %s (got %ld, errno %d)\n", name, got, errno);
	fflush(stdout);
}

static uint32_t state;
static uint32_t rnd(void) {
	state ^= state << 13, state ^= state >> 17, state ^= state << 5;
	return state;
}

static int open_ctl(int flags) { return open(path, O_RDWR | O_CLOEXEC | flags); }

/* Every size from 0 to 16383 with random bytes, random commands, and now and then a pointer that leads somewhere. */
static void sizes(void) {
	static unsigned char attr[16384], memory[4096];
	int fd = open_ctl(0), bugs = 0;
	for (int size = 0; size <= BPF_EMU_SIZE_MAX; size++) {
		for (int i = 0; i < size; i++) attr[i] = rnd() % 4 ? 0 : rnd();
		for (int at = 0; at + 8 <= size && at < 96; at += 8) {
			uint64_t pointer = rnd() % 3 ? (uint64_t)(uintptr_t)memory : rnd() % 2 ? rnd() : ~0ull;
			if (rnd() % 4 == 0) memcpy(attr + at, &pointer, 8);
		}
		/* Numbers from 0x80 on are not commands. */
		int cmd = rnd() % 48;
		errno = 0;
		int result = ioctl(fd, BPF_EMU_IOC(cmd, size), attr);
		if (result < 0 && (errno == EIO || errno == ENOTCONN || errno == ECONNABORTED)) bugs++;
		if (result < -1 || (result < 0 && errno == 0)) bugs++;
	}
	check(bugs == 0, "ioctl of every size from 0 to 16383 with random bytes", bugs);
	int type = ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, 0xAA, 1, 16383), attr);
	check(type < 0 && errno == ENOTTY, "an ioctl of another type is none", type);
	close(fd);
}

/* Clients that are killed at any point of what they do. */
static void killed(void) {
	pid_t children[40];
	int lost = 0;
	for (int i = 0; i < 40; i++) {
		children[i] = fork();
		if (children[i]) continue;
		int fd = open_ctl(0);
		char reply[4096], attr[72] = {1, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 9};
		const char *line = "{\"cmd\":\"BPF_MAP_CREATE\",\"map_type\":\"hash\",\"key_size\":4,\"value_size\":4,\"max_entries\":9}\n";
		for (;;) {
			int map = ioctl(fd, BPF_EMU_IOC(0, sizeof attr), attr);
			if (write(fd, line, strlen(line)) < 0 || read(fd, reply, sizeof reply) < 0) _exit(3);
			if (map >= 0) bpf_emu_close(fd, map);
			if (write(fd, "{\"half a li", 11) < 0 || write(fd, "ne\n", 3) < 0 || read(fd, reply, 5) < 0) _exit(3);
			while (read(fd, reply, sizeof reply) == (ssize_t)sizeof reply) {}
		}
	}
	for (int i = 0; i < 40; i++) {
		struct timespec pause = {0, rnd() % 4000000};
		nanosleep(&pause, 0);
		kill(children[i], SIGKILL);
	}
	for (int i = 0; i < 40; i++) {
		int status;
		waitpid(children[i], &status, 0);
		lost += !WIFSIGNALED(status);
	}
	check(lost == 0, "40 clients killed in the middle of their calls", lost);
}

/* A writer that never reads must be stopped, and can go on after reading. */
static void never_reads(void) {
	int fd = open_ctl(0);
	const char *line = "{\"cmd\":\"nonsense\"}\n";
	long written = 0;
	int result;
	while ((result = write(fd, line, strlen(line))) > 0 && written < 1000000) written++;
	check(result < 0 && errno == ENOSPC, "a writer that never reads gets ENOSPC", written);
	static char reply[1 << 20];
	long got = 0, n;
	while (got < (4l << 20) && (n = read(fd, reply, sizeof reply)) > 0) got += n;
	check(write(fd, line, strlen(line)) > 0, "and can write again after reading", got);
	close(fd);
	fd = open_ctl(O_NONBLOCK);
	result = read(fd, reply, 10);
	check(result < 0 && errno == EAGAIN, "a non-blocking read of nothing gives EAGAIN", result);
	while ((result = write(fd, line, strlen(line))) > 0) {}
	check(result < 0 && errno == EAGAIN, "a non-blocking writer that never reads gets EAGAIN", result);
	close(fd);
}

static void nothing(int signal) { (void)signal; }

static void *late_writer(void *arg) {
	struct timespec pause = {0, 50000000};
	nanosleep(&pause, 0);
	if (write(*(int *)arg, "{}\n", 3) != 3) return (void *)1;
	return 0;
}

/* Waiting: read blocks, poll tells, a signal ends it. */
static void waiting(void) {
	int fd = open_ctl(0);
	char reply[4096];
	struct sigaction action = {.sa_handler = nothing};
	sigaction(SIGALRM, &action, 0);
	struct itimerspec soon = {{0, 0}, {0, 50000000}};
	timer_t timer;
	timer_create(CLOCK_MONOTONIC, 0, &timer);
	timer_settime(timer, 0, &soon, 0);
	ssize_t n = read(fd, reply, sizeof reply);
	check(n < 0 && errno == EINTR, "a signal ends a read that waits: EINTR", n);
	timer_delete(timer);

	struct pollfd waits = {fd, POLLIN, 0};
	check(poll(&waits, 1, 20) == 0, "poll: nothing to read yet", waits.revents);
	pthread_t thread;
	pthread_create(&thread, 0, late_writer, &fd);
	check(poll(&waits, 1, 2000) == 1 && waits.revents == POLLIN, "poll wakes up when a reply is there", waits.revents);
	pthread_join(thread, 0);
	check(read(fd, reply, sizeof reply) > 0, "which can be read", 0);
	pthread_create(&thread, 0, late_writer, &fd);
	check(read(fd, reply, sizeof reply) > 0, "a read that waits gets a reply that comes later", 0);
	pthread_join(thread, 0);

	pid_t child = fork();
	if (!child) {
		n = read(fd, reply, sizeof reply);
		_exit(0);
	}
	struct timespec pause = {0, 30000000};
	nanosleep(&pause, 0);
	kill(child, SIGKILL);
	int status;
	waitpid(child, &status, 0);
	check(WIFSIGNALED(status), "a reader that waits can be killed", status);
	check(write(fd, "{}\n", 3) == 3 && read(fd, reply, sizeof reply) > 0, "and the file still works", 0);
	close(fd);
}

/* Lines that are huge, deep, not UTF-8. Each is answered with one line. */
static void lines(void) {
	int fd = open_ctl(0);
	char *big = malloc(1 << 20), reply[8192];
	memset(big, 'x', 1 << 20);
	int result = 1 << 20;
	for (int i = 0; i < 45 && result == 1 << 20; i++) result = write(fd, big, 1 << 20);
	check(result == 1 << 20, "45 MiB without a line end are taken", result);
	ssize_t n = write(fd, "\n", 1) == 1 ? read(fd, reply, sizeof reply - 1) : -1;
	reply[n > 0 ? n : 0] = 0;
	check(n > 0 && strstr(reply, "E2BIG"), "and refused at its end: E2BIG", n);
	memset(big, '[', 1 << 20);
	big[(1 << 20) - 1] = '\n';
	n = write(fd, big, 1 << 20) == 1 << 20 ? read(fd, reply, sizeof reply - 1) : -1;
	reply[n > 0 ? n : 0] = 0;
	check(n > 0 && strstr(reply, "EINVAL") && strlen(reply) < 1000, "a million brackets: EINVAL in a short line", n);
	n = write(fd, "\"\xff\xfe\"\n", 5) == 5 ? read(fd, reply, sizeof reply - 1) : -1;
	reply[n > 0 ? n : 0] = 0;
	check(n > 0 && strstr(reply, "EILSEQ"), "invalid UTF-8: EILSEQ", n);
	check(write(fd, "{}\n{}\n{}\n", 9) == 9, "three lines in one write", 0);
	n = read(fd, reply, sizeof reply - 1);
	int ends = 0;
	for (ssize_t i = 0; i < n; i++) ends += reply[i] == '\n';
	check(ends == 3, "have three replies", ends);
	free(big);
	close(fd);
}

/* Many opens at once, each with a map of its own. */
static void opens(int count) {
	struct rlimit limit = {count + 100, count + 100};
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0) {
		getrlimit(RLIMIT_NOFILE, &limit);
		count = limit.rlim_cur - 100;
	}
	int *fds = malloc(count * sizeof *fds), bad = 0;
	char attr[72] = {2, 0, 0, 0, 4, 0, 0, 0, 8, 0, 0, 0, 1};
	for (int i = 0; i < count; i++) {
		fds[i] = open_ctl(0);
		if (fds[i] < 0 || ioctl(fds[i], BPF_EMU_IOC(0, sizeof attr), attr) < BPF_EMU_FD_BASE) bad++;
	}
	check(bad == 0, "10,000 opens of the control file with a map each", bad);
	for (int i = 0; i < count; i++) close(fds[i]);
	free(fds);
}

/* A process that may not be looked into: a server that is root still can. */
static void secretive(void) {
	prctl(PR_SET_DUMPABLE, 0);
	int fd = open_ctl(0);
	uint32_t key = 0;
	uint64_t attr[4] = {BPF_EMU_FD_BASE, (uint64_t)(uintptr_t)&key, 0, 0};
	char create[72] = {2, 0, 0, 0, 4, 0, 0, 0, 8, 0, 0, 0, 1};
	int map = ioctl(fd, BPF_EMU_IOC(0, sizeof create), create);
	attr[0] = map, attr[2] = (uint64_t)(uintptr_t)&attr[3];
	int result = ioctl(fd, BPF_EMU_IOC(1, 32), attr);
	check(map > 0 && (result == 0 || (getuid() && errno == EFAULT)), "a non-dumpable client works, or gets EFAULT", result);
	close(fd);
	prctl(PR_SET_DUMPABLE, 1);
}

int main(int argc, char **argv) {
	if (argc < 3) return 2;
	snprintf(path, sizeof path, "%s/bpf.ctl", argv[1]);
	state = strtoul(argv[2], 0, 0) | 1;
	sizes();
	killed();
	never_reads();
	waiting();
	lines();
	secretive();
	opens(argc > 3 ? atoi(argv[3]) : 10000);
	printf("done\n");
	return failed != 0;
}
