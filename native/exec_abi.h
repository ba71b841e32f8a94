/*
 * What the launcher and the supervisor agree on.
 */
#ifndef BPF_EMU_EXEC_ABI_H
#define BPF_EMU_EXEC_ABI_H

/* bpf(2) of a 32-bit program (arch/x86/entry/syscalls/syscall_32.tbl). */
#define EMU_NR_BPF_I386 357
/* Set in the numbers of x32 calls (__X32_SYSCALL_BIT). */
#define EMU_X32_BIT 0x40000000u

/* O_LARGEFILE as the kernel has it; the C library of a 64-bit program says 0. */
#define EMU_O_LARGEFILE 0100000

/* The type byte of PERF_EVENT_IOC_* ('$'), where it stands in an ioctl number. */
#define EMU_PERF_IOC_TYPE 0x2400

/*
 * What bpf(2) is sent as where an outer filter answers it with an error: a call that
 * filters let through, and that no program of x86_64 makes (get_thread_area).
 */
#define EMU_NR_BPF_ALIAS 211

/* The launcher's question whether its calls arrive: no kernel knows this command. */
#define EMU_PROBE_CMD 0x62706665
#define EMU_PROBE_ADDR 0x656d75
#define EMU_PROBE_SIZE 0x62706621
#define EMU_PROBE_ANSWER 0x656d7521

#endif
