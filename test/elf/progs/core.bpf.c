/* CO-RE: relocations of every kind against the kernel's types. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define CORE __attribute__((preserve_access_index))

struct list_head {
	struct list_head *next, *prev;
} CORE;

struct task_struct {
	int pid;
	int tgid;
	char comm[16];
	struct task_struct *real_parent;
	struct list_head tasks;
	int nothing_like_this;
	unsigned int in_execve : 1;
} CORE;

/* Another name for the same kernel struct, as of an older version. */
struct task_struct___old {
	long state;
} CORE;

struct task_struct___new {
	unsigned int __state;
} CORE;

struct no_such_struct {
	int x;
} CORE;

enum bpf_map_type___mine {
	BPF_MAP_TYPE_HASH___mine = 77,
	NO_SUCH_VALUE___mine = 5,
};

int out[32];
__u64 wide;

SEC("raw_tp/sched_switch")
int probe(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct task_struct___new *task_new = (void *)task;
	struct task_struct___old *task_old = (void *)task;
	struct task_struct *parent;

	out[0] = BPF_CORE_READ(task, pid);
	out[1] = BPF_CORE_READ(task, real_parent, tgid);
	out[2] = bpf_core_field_exists(task->nothing_like_this);
	out[3] = bpf_core_field_exists(task->comm);
	out[4] = bpf_core_field_size(task->comm);
	out[5] = bpf_core_type_exists(struct no_such_struct);
	out[6] = bpf_core_type_exists(struct list_head);
	out[7] = bpf_core_type_size(struct list_head);
	out[8] = bpf_core_enum_value_exists(enum bpf_map_type___mine, BPF_MAP_TYPE_HASH___mine);
	out[9] = bpf_core_enum_value(enum bpf_map_type___mine, BPF_MAP_TYPE_HASH___mine);
	out[10] = bpf_core_enum_value_exists(enum bpf_map_type___mine, NO_SUCH_VALUE___mine);
	out[11] = BPF_CORE_READ_BITFIELD_PROBED(task, in_execve);
	out[12] = bpf_core_field_offset(struct task_struct, tasks.prev);
	out[13] = bpf_core_type_id_local(struct task_struct) != 0;
	out[14] = bpf_core_type_id_kernel(struct task_struct) != 0;
	if (bpf_core_field_exists(task_new->__state))
		wide = BPF_CORE_READ(task_new, __state);
	else
		wide = BPF_CORE_READ(task_old, state);
	bpf_core_read_str(out + 16, 16, &task->comm);
	parent = task->real_parent;
	wide += (long)parent;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
