/* A congestion control: programs in a structure of operations. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct sock;

struct tcp_congestion_ops {
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	__u32 (*undo_cwnd)(struct sock *sk);
	char name[16];
	__u32 flags;
};

SEC("struct_ops/ssthresh")
__u32 my_ssthresh(void *ctx)
{
	return 2;
}

SEC("struct_ops/cong_avoid")
int my_cong_avoid(void *ctx)
{
	return 0;
}

SEC("struct_ops/undo_cwnd")
__u32 my_undo_cwnd(void *ctx)
{
	return 10;
}

SEC(".struct_ops")
struct tcp_congestion_ops mine = {
	.ssthresh = (void *)my_ssthresh,
	.cong_avoid = (void *)my_cong_avoid,
	.undo_cwnd = (void *)my_undo_cwnd,
	.name = "mine",
	.flags = 2,
};

char LICENSE[] SEC("license") = "GPL";
