/* Work that runs after its program has ended, and text for the program's streams. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct task_struct {
	int pid;
};
struct bpf_map {
	int id;
};
struct bpf_task_work {
	__u64 __opaque;
} __attribute__((aligned(8)));
struct bpf_wq {
	__u64 __opaque[2];
} __attribute__((aligned(8)));

struct elem {
	struct bpf_task_work work;
	struct bpf_timer timer;
	struct bpf_wq wq;
	__u64 work_ran;
	__u64 timer_ran;
	__u64 wq_ran;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, int);
	__type(value, struct elem);
} elems SEC(".maps");

typedef int (*task_work_fn)(struct bpf_map *map, void *key, void *value);
extern int bpf_task_work_schedule_signal_impl(struct task_struct *task, struct bpf_task_work *tw, void *map__map,
					      task_work_fn callback, void *aux__prog) __ksym;
extern int bpf_wq_init(struct bpf_wq *wq, void *p__map, unsigned int flags) __ksym;
extern int bpf_wq_start(struct bpf_wq *wq, unsigned int flags) __ksym;
extern int bpf_wq_set_callback_impl(struct bpf_wq *wq, int (*callback_fn)(void *map, int *key, void *value),
				    unsigned int flags, void *aux__prog) __ksym;
extern int bpf_stream_vprintk_impl(int stream_id, const char *fmt__str, const void *args, __u32 len__sz,
				   void *aux__prog) __ksym;

static int work_cb(struct bpf_map *map, void *key, void *value)
{
	struct elem *elem = value;

	elem->work_ran += 1 + *(int *)key;
	return 7;
}

static int timer_cb(void *map, int *key, void *value)
{
	struct elem *elem = value;

	elem->timer_ran += 1 + *key;
	return 0;
}

static int wq_cb(void *map, int *key, void *value)
{
	struct elem *elem = value;

	elem->wq_ran += 1 + *key;
	return 0;
}

struct results {
	int first, second, wq, timer;
};

SEC("syscall")
int later(struct results *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	int key = 1;
	struct elem *elem = bpf_map_lookup_elem(&elems, &key);

	if (!elem)
		return 1;
	ctx->first = bpf_task_work_schedule_signal_impl(task, &elem->work, &elems, work_cb, 0);
	ctx->second = bpf_task_work_schedule_signal_impl(task, &elem->work, &elems, work_cb, 0);
	ctx->wq = bpf_wq_init(&elem->wq, &elems, 0);
	bpf_wq_set_callback_impl(&elem->wq, wq_cb, 0, 0);
	bpf_wq_start(&elem->wq, 0);
	ctx->timer = bpf_timer_init(&elem->timer, &elems, 1 /* CLOCK_MONOTONIC */);
	bpf_timer_set_callback(&elem->timer, timer_cb);
	bpf_timer_start(&elem->timer, 1000000, 0);
	return 0;
}

static const char fmt[] = "%d and %s\n";
static const char word[] = "text";

SEC("syscall")
int prints(struct results *ctx)
{
	const char *text = word;
	__u64 args[2] = { 42 };

	/* Kept from the compiler, which would put the address into the data. */
	asm volatile("" : "+r"(text));
	args[1] = (__u64)text;
	ctx->second = bpf_stream_vprintk_impl(3, fmt, args, sizeof(args), 0);
	return bpf_stream_vprintk_impl(ctx->first, fmt, args, sizeof(args), 0);
}

char _license[] SEC("license") = "GPL";
