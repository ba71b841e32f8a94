// SPDX-License-Identifier: MIT
// Source of test/fixtures/lb.bpf.o: clang -O2 -g -target bpf -c lb.bpf.c && llvm-strip -g lb.bpf.o
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } counts SEC(".maps");
struct conn { __u32 src, dst; __u16 sport, dport; };
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 1024); __type(key, struct conn); __type(value, __u32); } conns SEC(".maps");
SEC("xdp") int lb(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct ethhdr *eth = data;
  if ((void *)(eth + 1) > end) return XDP_ABORTED;
  if (eth->h_proto != bpf_htons(ETH_P_IP)) return XDP_PASS;
  struct iphdr *ip = (void *)(eth + 1);
  if ((void *)(ip + 1) > end) return XDP_DROP;
  if (ip->protocol != 6) return XDP_PASS;
  struct tcphdr *th = (void *)(ip + 1);
  if ((void *)(th + 1) > end) return XDP_DROP;
  struct conn c = { ip->saddr, ip->daddr, th->source, th->dest };
  __u32 *b = bpf_map_lookup_elem(&conns, &c), backend;
  if (b) backend = *b; else { backend = (ip->saddr ^ th->source) & 3; bpf_map_update_elem(&conns, &c, &backend, 0); }
  backend &= 3;
  __u64 *n = bpf_map_lookup_elem(&counts, &backend);
  if (n) __sync_fetch_and_add(n, 1);
  eth->h_dest[5] = backend;
  return XDP_TX;
}
SEC("tc") int cls(struct __sk_buff *skb) { skb->mark = skb->len; return skb->len > 100 ? 2 : 0; }
char LICENSE[] SEC("license") = "GPL";
