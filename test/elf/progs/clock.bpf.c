/* What must be the same in a repeated run: time, random numbers, hashes, the order of a hash map. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct item {
	struct bpf_timer timer;
	__u64 fired_at;
	__u64 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct item);
} items SEC(".maps");

static int fired(void *map, __u32 *key, struct item *item)
{
	item->fired_at = bpf_ktime_get_ns();
	item->count++;
	return 0;
}

SEC("xdp")
int stamps(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;
	__u8 *end = (void *)(long)ctx->data_end;
	__u32 key = bpf_get_prandom_u32() & 31;
	struct item fresh = {};
	struct item *item;

	if (data + 48 > end)
		return XDP_DROP;
	*(__u64 *)data = bpf_ktime_get_ns();
	*(__u64 *)(data + 8) = bpf_ktime_get_boot_ns();
	*(__u64 *)(data + 16) = bpf_ktime_get_tai_ns();
	*(__u32 *)(data + 24) = key;
	*(__u32 *)(data + 28) = bpf_get_smp_processor_id();
	*(__u64 *)(data + 32) = bpf_jiffies64();
	bpf_map_update_elem(&items, &key, &fresh, BPF_NOEXIST);
	item = bpf_map_lookup_elem(&items, &key);
	if (!item)
		return XDP_ABORTED;
	*(__u64 *)(data + 40) = item->fired_at;
	bpf_timer_init(&item->timer, &items, 1 /* CLOCK_MONOTONIC */);
	bpf_timer_set_callback(&item->timer, fired);
	bpf_timer_start(&item->timer, 1500000000, 0);
	bpf_printk("key %d at %llu", key, bpf_ktime_get_ns());
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
