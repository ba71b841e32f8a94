/* Maps of every way of definition, globals in all sections, calls across sections. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct value {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct value);
} stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__uint(value_size, 8);
	__uint(map_flags, BPF_F_RDONLY_PROG);
} plain SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
};

struct inner in0 SEC(".maps");
struct inner in1 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = {
	.values = { [1] = &in0, [3] = &in1 },
};

int drop_next(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 8);
	__uint(key_size, 4);
	__array(values, int(void *));
} jumps SEC(".maps") = {
	.values = { [2] = (void *)&drop_next },
};

const volatile int limit = 100;
const char fmt[] = "seen %d";
int counter = 7;
static int hidden_counter;
__u64 totals[4];
struct value in_custom SEC(".data.custom") = { .packets = 5 };

static __attribute__((noinline)) int add(int a, int b)
{
	hidden_counter += a;
	return a + b * limit;
}

__attribute__((noinline)) int twice(int a)
{
	return add(a, a) + add(a, 1);
}

static __attribute__((noinline)) int in_loop(__u32 index, void *data)
{
	totals[index & 3] += *(int *)data;
	return 0;
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;
	struct value *v = bpf_map_lookup_elem(&stats, &key);
	int n = 3;

	if (v) {
		v->packets++;
		v->bytes += ctx->data_end - ctx->data;
	} else {
		struct value zero = {};
		bpf_map_update_elem(&stats, &key, &zero, BPF_ANY);
	}
	bpf_trace_printk(fmt, sizeof(fmt), counter);
	bpf_loop(4, in_loop, &n, 0);
	counter += twice(key);
	in_custom.packets++;
	bpf_tail_call(ctx, &jumps, 2);
	return counter > limit ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int drop_next(struct xdp_md *ctx)
{
	return add(ctx->rx_queue_index, 2) ? XDP_DROP : XDP_PASS;
}

SEC("socket")
int filter(struct __sk_buff *skb)
{
	__u32 key = 1;
	void *inner = bpf_map_lookup_elem(&outer, &key);

	if (inner)
		bpf_map_lookup_elem(inner, &key);
	return skb->len;
}

char LICENSE[] SEC("license") = "GPL";
