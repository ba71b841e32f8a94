/* Ethernet, VLAN tags, IPv6 extension headers, TCP options, in and out of a tunnel: the branches of a firewall. */
#include "bench.h"

MAP(flows, MAP_HASH, u64, u64, 1024);
MAP(counts, MAP_ARRAY, u32, u64, 64);

static inline_always u16 be16(const u8 *p) { return (u16)(p[0] << 8 | p[1]); }

static inline_always void count(u32 key) {
  u64 *value = map_lookup(&counts, &key);
  if (value) *value += 1;
}

static inline_always int options(u8 *p, u8 *end, u32 left, u64 *hash) {
#pragma clang loop unroll(full)
  for (int i = 0; i < 12; i++) {
    if (left == 0) return 0;
    if (p + 2 > end) return -1;
    u32 kind = p[0], len = 1;
    if (kind == 0) return 0;
    if (kind != 1) {
      len = p[1];
      if (len < 2 || len > 40) return -1;
    }
    switch (kind) {
      case 2:
        if (p + 4 > end) return -1;
        *hash = *hash * 31 + be16(p + 2);
        break;
      case 3:
        if (p + 3 > end) return -1;
        *hash ^= p[2];
        break;
      case 4:
        *hash += 7;
        break;
      case 5:
        *hash = *hash << 3 | 5;
        break;
      case 8:
        if (p + 10 > end) return -1;
        *hash ^= *(u32 *)(p + 2);
        *hash += *(u32 *)(p + 6);
        break;
    }
    p += len;
    left = left > len ? left - len : 0;
  }
  return 0;
}

static inline_always int parse(u8 *p, u8 *end, u64 *hash) {
  if (p + 14 > end) return -1;
  u16 proto = be16(p + 12);
  p += 14;
#pragma clang loop unroll(full)
  for (int i = 0; i < 3; i++) {
    if (proto != 0x8100 && proto != 0x88a8) break;
    if (p + 4 > end) return -1;
    *hash = *hash * 13 + be16(p);
    proto = be16(p + 2);
    p += 4;
  }
  u32 next;
  if (proto == 0x800) {
    if (p + 20 > end) return -1;
    u32 length = (p[0] & 15) * 4;
    if (length < 20) return -1;
    *hash ^= *(u32 *)(p + 12);
    *hash = *hash * 31 + *(u32 *)(p + 16);
    next = p[9];
    p += length;
    count(1);
  } else if (proto == 0x86dd) {
    if (p + 40 > end) return -1;
    *hash ^= *(u64 *)(p + 8) ^ *(u64 *)(p + 16);
    *hash = *hash * 31 + (*(u64 *)(p + 24) ^ *(u64 *)(p + 32));
    next = p[6];
    p += 40;
#pragma clang loop unroll(full)
    for (int i = 0; i < 6; i++) {
      if (next != 0 && next != 43 && next != 44 && next != 60 && next != 51) break;
      if (p + 8 > end) return -1;
      u32 length = next == 44 ? 8 : next == 51 ? (p[1] + 2) * 4 : (p[1] + 1) * 8;
      next = p[0];
      p += length;
    }
    count(2);
  } else {
    count(3);
    return 0;
  }
  if (next == 6) {
    if (p + 20 > end) return -1;
    *hash = *hash * 31 + *(u32 *)p;
    u32 length = (p[12] >> 4) * 4;
    if (length < 20) return -1;
    count(4);
    return options(p + 20, end, length - 20, hash);
  }
  if (next == 17) {
    if (p + 8 > end) return -1;
    *hash = *hash * 31 + *(u32 *)p;
    count(5);
    if (be16(p + 2) == 4789) {
      if (p + 16 > end) return -1;
      return 1;
    }
    return 0;
  }
  count(6);
  return 0;
}

PROG(parser) {
  u64 hash = 0;
  u8 *data = PACKET_START(ctx), *end = PACKET_END(ctx);
  int result = parse(data, end, &hash);
  if (result == 1 && data + 128 < end) result = parse(data + 50, end, &hash);
  if (result < 0) return 1;
  u64 *flow = map_lookup(&flows, &hash);
  if (flow) {
    *flow += 1;
    return *flow > 1000 ? 1 : 2;
  }
  u64 one = 1;
  map_update(&flows, &hash, &one, 0);
  return 2;
}
