/*
 * setsockopt(2) in a cgroup: nobody sets SO_MARK, and no more than 64 for IP_TTL.
 *
 *   bpf-emu run sockopt.bpf.o --ctx '{"level":0,"optname":2,"optlen":4}' --data ff000000
 */
#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_helpers.h>

#define SOL_SOCKET 1
#define SO_MARK 36
#define TTL_MAX 64

/* What a program of this kind returns. */
#define REFUSE 0 /* setsockopt(2) fails with EPERM */
#define ALLOW 1

SEC("cgroup/setsockopt")
int sockopt(struct bpf_sockopt *ctx)
{
	__u32 *value = ctx->optval;

	if (ctx->level == SOL_SOCKET && ctx->optname == SO_MARK)
		return REFUSE;
	if (ctx->level != IPPROTO_IP || ctx->optname != IP_TTL) {
		ctx->optlen = 0; /* the option goes on as it is */
		return ALLOW;
	}
	if ((void *)(value + 1) > ctx->optval_end)
		return REFUSE;
	if (*value > TTL_MAX)
		*value = TTL_MAX;
	ctx->optlen = sizeof *value;
	return ALLOW;
}

char LICENSE[] SEC("license") = "GPL";
