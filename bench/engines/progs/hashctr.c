#include "bench.h"
struct flow { u32 src, dst; u16 sport, dport; u32 proto; };
MAP(flows, MAP_HASH, struct flow, u64, 1024);
/* A counter a flow; the flow changes with every run. */
PROG(hashctr) {
  PACKET(ctx, 64);
  struct flow key = {};
  u32 turn = ++*(u32 *)(data + 60);
  key.src = *(u32 *)(data + 26) + (turn & 511);
  key.dst = *(u32 *)(data + 30);
  key.sport = *(u16 *)(data + 34);
  key.dport = *(u16 *)(data + 36);
  key.proto = data[23];
  u64 *n = map_lookup(&flows, &key);
  if (n) {
    *n += 1;
    return 1;
  }
  u64 one = 1;
  map_update(&flows, &key, &one, 0);
  return 0;
}
