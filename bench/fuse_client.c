/*
 * Times file operations on a mount, on one CPU: fuse_client FILE DIR IOCTL [CPU].
 * IOCTL is the request number of an ioctl of 128 bytes on FILE, 0 for none.
 * Prints one JSON object, microseconds an operation: the median of 7 batches.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BATCHES 7

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int order(const void *a, const void *b) {
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

#define TIME(name, count, ...)                                                      \
	do {                                                                              \
		double batch[BATCHES];                                                          \
		for (int k = 0; k < BATCHES; k++) {                                             \
			double start = now();                                                         \
			for (int i = 0; i < (count); i++) { __VA_ARGS__; }                            \
			batch[k] = (now() - start) / (count);                                         \
		}                                                                               \
		qsort(batch, BATCHES, sizeof *batch, order);                                    \
		printf("%s\"" name "\": %.3f", comma, batch[BATCHES / 2]);                      \
		comma = ", ";                                                                   \
	} while (0)

int main(int argc, char **argv) {
	if (argc < 4) return 2;
	const char *file = argv[1], *dir = argv[2], *comma = "";
	unsigned long request = strtoul(argv[3], 0, 0);
	if (argc > 4) {
		cpu_set_t set;
		CPU_ZERO(&set);
		CPU_SET(atoi(argv[4]), &set);
		sched_setaffinity(0, sizeof set, &set);
	}
	struct stat st;
	if (stat(file, &st) < 0) return perror(file), 1;
	int fd = open(file, O_RDWR);
	if (fd < 0) return perror(file), 1;
	char data[128] = {0};
	printf("{");
	TIME("stat", 2000, stat(file, &st));
	TIME("open+close", 1000, close(open(file, O_RDONLY)));
	if (request) TIME("ioctl 128 bytes", 3000, ioctl(fd, request, data));
	TIME("readdir", 300, DIR *d = opendir(dir); while (readdir(d)); closedir(d));
	printf("}\n");
	return 0;
}
