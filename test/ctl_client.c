/*
 * bpf(2) through the control file, as a C program uses it (native/bpf_emu.h).
 * ctl_client MOUNT: prints "ok N name" or "not ok N name (detail)" lines, exits 1 when one fails.
 */
#include <linux/bpf.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../native/bpf_emu.h"

static int count, failed;

static void check(int good, const char *name, long got) {
	count++;
	failed += !good;
	printf(good ? "ok %d %s\n" : "not ok %d %s (got %ld, errno %d)\n", count, name, got, errno);
}

static uint64_t ptr(const void *p) { return (uint64_t)(uintptr_t)p; }

static int ctl;

/* Updates and looks up keys of its own from a thread. */
static void *worker(void *arg) {
	int map = ((int *)arg)[0], first = ((int *)arg)[1];
	for (int i = 0; i < 200; i++) {
		uint32_t key = first + i % 50;
		uint64_t value = key * 3ull, found = 0;
		union bpf_attr attr = {.map_fd = map, .key = ptr(&key), .value = ptr(&value)};
		if (bpf_emu(ctl, BPF_MAP_UPDATE_ELEM, &attr, sizeof attr)) return (void *)1;
		attr.value = ptr(&found);
		if (bpf_emu(ctl, BPF_MAP_LOOKUP_ELEM, &attr, sizeof attr) || found != value) return (void *)2;
	}
	return NULL;
}

int main(int argc, char **argv) {
	char path[4096], pin[4096];
	snprintf(path, sizeof path, "%s/bpf.ctl", argc > 1 ? argv[1] : ".");
	snprintf(pin, sizeof pin, "%s/c_client", argc > 1 ? argv[1] : ".");
	ctl = bpf_emu_open(path);
	check(ctl >= 0, "the control file opens", ctl);

	union bpf_attr attr = {.map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = 256};
	memcpy(attr.map_name, "c_client", 9);
	int map = bpf_emu(ctl, BPF_MAP_CREATE, &attr, sizeof attr);
	check(map >= BPF_EMU_FD_BASE, "MAP_CREATE gives a descriptor", map);

	uint32_t key = 7, next = 0;
	uint64_t value = 42, found = 0;
	memset(&attr, 0, sizeof attr);
	attr.map_fd = map, attr.key = ptr(&key), attr.value = ptr(&value);
	check(bpf_emu(ctl, BPF_MAP_UPDATE_ELEM, &attr, 32) == 0, "UPDATE with an attr of 32 bytes", 0);
	attr.value = ptr(&found);
	check(bpf_emu(ctl, BPF_MAP_LOOKUP_ELEM, &attr, 32) == 0 && found == 42, "LOOKUP finds it", found);
	attr.key = 0, attr.next_key = ptr(&next);
	check(bpf_emu(ctl, BPF_MAP_GET_NEXT_KEY, &attr, sizeof attr) == 0 && next == 7, "GET_NEXT_KEY from NULL", next);

	uint32_t missing = 8;
	attr.key = ptr(&missing), attr.value = ptr(&found);
	int r = bpf_emu(ctl, BPF_MAP_LOOKUP_ELEM, &attr, sizeof attr);
	check(r == -1 && errno == ENOENT, "LOOKUP of a missing key: ENOENT", r);
	attr.key = 16;
	r = bpf_emu(ctl, BPF_MAP_LOOKUP_ELEM, &attr, sizeof attr);
	check(r == -1 && errno == EFAULT, "an unreadable key: EFAULT", r);
	char *half = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(half + 4096, 4096);
	attr.key = ptr(&key), attr.value = ptr(half + 4096 - 4);
	r = bpf_emu(ctl, BPF_MAP_LOOKUP_ELEM, &attr, sizeof attr);
	check(r == -1 && errno == EFAULT, "a value that ends in unmapped memory: EFAULT", r);
	attr.map_fd = 0;
	r = bpf_emu(ctl, BPF_MAP_LOOKUP_ELEM, &attr, sizeof attr);
	check(r == -1 && errno == EINVAL, "descriptor 0 of the process is no map: EINVAL", r);
	attr.map_fd = 999;
	r = bpf_emu(ctl, BPF_MAP_LOOKUP_ELEM, &attr, sizeof attr);
	check(r == -1 && errno == EBADF, "a closed descriptor: EBADF", r);
	r = ioctl(ctl, BPF_EMU_IOC(BPF_MAP_LOOKUP_ELEM, 32), (void *)16);
	check(r == -1 && errno == EFAULT, "an unreadable attr: EFAULT", r);

	struct bpf_map_info info = {0};
	memset(&attr, 0, sizeof attr);
	attr.info.bpf_fd = map, attr.info.info_len = sizeof info, attr.info.info = ptr(&info);
	r = bpf_emu(ctl, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof attr.info);
	check(r == 0 && info.max_entries == 256 && !strcmp(info.name, "c_client"), "OBJ_GET_INFO_BY_FD", r);
	check(attr.info.info_len <= sizeof info && attr.info.info_len >= 80, "info_len comes back in the attr", attr.info.info_len);
	memset(&attr, 0, sizeof attr);
	r = bpf_emu(ctl, BPF_MAP_GET_NEXT_ID, &attr, 12);
	check(r == 0 && attr.next_id >= 1, "GET_NEXT_ID stores next_id in the attr", attr.next_id);

	memset(&attr, 0, sizeof attr);
	attr.pathname = ptr(pin), attr.bpf_fd = map;
	check(bpf_emu(ctl, BPF_OBJ_PIN, &attr, sizeof attr) == 0, "OBJ_PIN", 0);
	r = bpf_emu(ctl, BPF_OBJ_PIN, &attr, sizeof attr);
	check(r == -1 && errno == EEXIST, "OBJ_PIN again: EEXIST", r);
	struct stat st;
	check(stat(pin, &st) == 0 && (st.st_mode & 07777) == (0600 & ~umask(022)), "the pin is there, mode 0600", st.st_mode);
	attr.bpf_fd = 0;
	int again = bpf_emu(ctl, BPF_OBJ_GET, &attr, sizeof attr);
	check(again > map, "OBJ_GET gives another descriptor", again);
	check(chdir(argc > 1 ? argv[1] : ".") == 0, "chdir to the mount", 0);
	attr.pathname = ptr("c_client");
	int rel = bpf_emu(ctl, BPF_OBJ_GET, &attr, sizeof attr);
	check(rel > again, "OBJ_GET of a relative path", rel);
	attr.pathname = ptr("c.client");
	r = bpf_emu(ctl, BPF_OBJ_GET, &attr, sizeof attr);
	check(r == -1 && errno == EPERM, "OBJ_GET of a name with a dot: EPERM", r);
	int dir = open(".", O_RDONLY | O_DIRECTORY);
	attr.pathname = ptr("c_client"), attr.file_flags = 1u << 14, ((uint32_t *)&attr)[4] = dir;
	check(chdir("/") == 0, "chdir away", 0);
	r = bpf_emu(ctl, BPF_OBJ_GET, &attr, sizeof attr);
	check(r > rel, "OBJ_GET with path_fd", r);
	close(dir);

	check(bpf_emu_close(ctl, again) == 0, "close of a descriptor", 0);
	r = bpf_emu_close(ctl, again);
	check(r == -1 && errno == EBADF, "close again: EBADF", r);
	check(unlink(pin) == 0, "unlink of the pin", 0);

	pthread_t threads[4];
	int arguments[4][2];
	void *result, *bad = NULL;
	for (int i = 0; i < 4; i++) {
		arguments[i][0] = map, arguments[i][1] = 1000 + i * 50;
		pthread_create(&threads[i], NULL, worker, arguments[i]);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		if (result) bad = result;
	}
	check(!bad, "4 threads on one control file", (long)bad);

	r = ioctl(ctl, _IOC(_IOC_READ | _IOC_WRITE, 0xBE, 1, 32), &attr);
	check(r == -1 && errno == ENOTTY, "an ioctl of another type: ENOTTY", r);
	r = bpf_emu(ctl, 99, &attr, sizeof attr);
	check(r == -1 && errno == EINVAL, "an unknown command: EINVAL", r);
	unsigned char big[8192] = {0};
	r = bpf_emu(ctl, BPF_MAP_CREATE, big, sizeof big);
	check(r == -1 && errno == E2BIG, "an attr beyond a page: E2BIG", r);
	printf("1..%d\n", count);
	return failed != 0;
}
