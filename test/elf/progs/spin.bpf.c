// SPDX-License-Identifier: MIT
// Source of test/fixtures/spin.bpf.o: clang -O2 -g -target bpf -mcpu=v3 -fno-unroll-loops -c spin.bpf.c && llvm-strip -g spin.bpf.o
// Programs that the verifier takes and that do not end: loops of helpers in loops of helpers,
// and global functions, each of which is verified once.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static long inner(__u32 index, void *ctx) { return 0; }
static long outer(__u32 index, void *ctx) { return bpf_loop(1 << 23, inner, ctx, 0) < 0; }

SEC("xdp")
int loops(struct xdp_md *ctx) {
  __u64 unused = 0;
  return bpf_loop(1 << 23, outer, &unused, 0) == 1 << 23 ? XDP_PASS : XDP_DROP;
}

#define STAGE(name, next)                                        \
  __attribute__((noinline)) int name(int sum) {                  \
    for (int i = 0; i < 1000; i++) sum += next;                  \
    return sum;                                                  \
  }
STAGE(stage5, (sum ^ i))
STAGE(stage4, stage5(sum))
STAGE(stage3, stage4(sum))
STAGE(stage2, stage3(sum))
STAGE(stage1, stage2(sum))

SEC("xdp")
int globals(struct xdp_md *ctx) { return stage1(ctx->ingress_ifindex) & 1 ? XDP_PASS : XDP_DROP; }

char _license[] SEC("license") = "GPL";
