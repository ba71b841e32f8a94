/* SPDX-License-Identifier: MIT */
/*
 * bpf(2) through the control file of a bpf-emu mount.
 *
 *   int ctl = bpf_emu_open("/sys/fs/bpf-emu/bpf.ctl");
 *   union bpf_attr attr = { .map_type = BPF_MAP_TYPE_HASH, ... };
 *   int map = bpf_emu(ctl, BPF_MAP_CREATE, &attr, sizeof attr);
 *   ...
 *   bpf_emu_close(ctl, map);
 *   close(ctl);                       // closes all descriptors it handed out
 *
 * Arguments, results and errno are those of bpf(2). Pointers in the attr lead into the
 * caller's memory. Descriptors are numbers of this open of the control file, not of the
 * process: only bpf_emu() and bpf_emu_close() know them. They start at BPF_EMU_FD_BASE, so
 * that a command may also name a descriptor of the process itself (a cgroup, a directory).
 * Rights are those of the calling thread, at each call. An attr is at most 16383 bytes.
 *
 * The process must be readable by the server: a non-dumpable process (PR_SET_DUMPABLE), or
 * one under Yama's ptrace_scope, gets EFAULT from a server that is not root.
 */
#ifndef BPF_EMU_H
#define BPF_EMU_H

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#define BPF_EMU_IOC_TYPE 0xBF
#define BPF_EMU_FD_BASE (1 << 20)
#define BPF_EMU_SIZE_MAX 16383

/* The request of one command with an attr of a size. */
#define BPF_EMU_IOC(cmd, size) _IOC(_IOC_READ | _IOC_WRITE, BPF_EMU_IOC_TYPE, (cmd), (size))
/* Closes a descriptor; the argument is its number. */
#define BPF_EMU_IOC_CLOSE _IO(BPF_EMU_IOC_TYPE, 0xFF)

/* Opens a control file: a descriptor, or -1 with errno. */
static inline int bpf_emu_open(const char *path) { return open(path, O_RDWR | O_CLOEXEC); }

/* bpf(2). */
static inline int bpf_emu(int ctl, int cmd, void *attr, unsigned int size) {
	/* Numbers from 128 on mean other things on the control file; no command has one. */
	if (cmd < 0 || cmd > 127) {
		errno = EINVAL;
		return -1;
	}
	if (size > BPF_EMU_SIZE_MAX) {
		errno = E2BIG;
		return -1;
	}
	return ioctl(ctl, BPF_EMU_IOC((unsigned int)cmd, size), attr);
}

/* close(2) of a descriptor that bpf_emu() returned. */
static inline int bpf_emu_close(int ctl, int fd) { return ioctl(ctl, BPF_EMU_IOC_CLOSE, (unsigned long)fd); }

#endif
