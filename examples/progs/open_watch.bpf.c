/*
 * Tells who opens files to write to them. A tracepoint has no test run in the kernel; here
 * its record is given as bytes: 8 bytes of header, the number of the call, its arguments.
 *
 *   bpf-emu run open_watch.bpf.o --data 0000000000000000 0101000000000000 \
 *     9cffffffffffffff 0000000000000000 0100000000000000 0000000000000000
 *
 * (one argument: the words are to be quoted)
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* /sys/kernel/tracing/events/syscalls/sys_enter_openat/format */
struct openat_record {
	__u64 header;
	__s64 nr;
	__s64 dfd;
	__u64 filename;
	__u64 flags;
	__u64 mode;
};

#define ACCESS_MODE 3

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} writers SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_openat")
int open_watch(struct openat_record *record)
{
	if ((record->flags & ACCESS_MODE) == 0)
		return 0;

	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	__u64 one = 1;
	__u64 *count = bpf_map_lookup_elem(&writers, &pid);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&writers, &pid, &one, BPF_ANY);
	bpf_printk("process %u opens a file to write, flags %x", pid, record->flags);
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
