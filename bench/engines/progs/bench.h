/*
 * What the benchmark programs are written against: the same source is compiled for
 * BPF (an XDP program over a packet of 1024 bytes) and for this machine.
 */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long s64;

struct xdp_md {
  u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex;
};

enum { MAP_HASH = 1, MAP_ARRAY = 2, MAP_PROG_ARRAY = 3, MAP_LRU = 9 };

#define noinline __attribute__((noinline))
#define inline_always inline __attribute__((always_inline))

#ifdef __bpf__

#define SEC(name) __attribute__((section(name), used))

struct map_def {
  u32 type, key_size, value_size, max_entries;
};
#define MAP(name, type, key, value, entries) \
  struct map_def SEC("maps") name = {type, sizeof(key), sizeof(value), entries}

static void *(*map_lookup)(void *map, const void *key) = (void *)1;
static long (*map_update)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static long (*map_delete)(void *map, const void *key) = (void *)3;
static long (*tail_call)(void *ctx, void *map, u32 index) = (void *)12;

#define PACKET_START(ctx) ((u8 *)(long)(ctx)->data)
#define PACKET_END(ctx) ((u8 *)(long)(ctx)->data_end)
#define ATOMIC_ADD(at, by) __sync_fetch_and_add(at, by)
#define PROG(name) SEC("xdp") int prog_##name(struct xdp_md *ctx)
#define TAIL_PROG(name) SEC("xdp/tail") int name(struct xdp_md *ctx)
#define TAIL_CALL(ctx, map, index, next) tail_call(ctx, &map, index)

#else

struct map {
  u32 type, key_size, value_size, max_entries;
  void *state;
};
#define SEC(name)
#define MAP(name, type, key, value, entries) struct map name = {type, sizeof(key), sizeof(value), entries, 0}

void *map_lookup(void *map, const void *key);
long map_update(void *map, const void *key, const void *value, u64 flags);
long map_delete(void *map, const void *key);

extern u8 packet[1024];
#define PACKET_START(ctx) (packet)
#define PACKET_END(ctx) (packet + sizeof(packet))
#define ATOMIC_ADD(at, by) __sync_fetch_and_add(at, by)
#define PROG(name) int prog(struct xdp_md *ctx)
#define TAIL_PROG(name) noinline int name(struct xdp_md *ctx)
#define TAIL_CALL(ctx, map, index, next) return next(ctx)

#endif

/* Starts a program: `data` and `end` of the packet, or leaves when it is shorter than `need`. */
#define PACKET(ctx, need)            \
  u8 *data = PACKET_START(ctx);      \
  u8 *end = PACKET_END(ctx);         \
  if (data + (need) > end) return -1

/* Keeps a loop from being replaced by a call of memset, which BPF does not have. */
#define KEEP(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

static inline_always u32 rol32(u32 x, u32 k) { return (x << k) | (x >> (32 - k)); }
