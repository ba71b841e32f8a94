/*
 * bpf(2) of a program that lets its system call be chosen, sent to a control file; close(2)
 * of the descriptors it gives out goes there too. Preloaded into the replay of recordings;
 * BPF_EMU_CTL names the control file.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../native/bpf_emu.h"

static int ctl(void) {
	static int fd = -1;
	if (fd < 0) {
		int opened = bpf_emu_open(getenv("BPF_EMU_CTL"));
		/* Out of the way of the numbers the program counts on. */
		fd = fcntl(opened, F_DUPFD_CLOEXEC, 700);
		syscall(SYS_close, opened);
	}
	return fd;
}

long emu_bpf(int cmd, void *attr, unsigned int size) { return bpf_emu(ctl(), cmd, attr, size); }

int close(int fd) { return fd >= BPF_EMU_FD_BASE ? bpf_emu_close(ctl(), fd) : (int)syscall(SYS_close, fd); }
