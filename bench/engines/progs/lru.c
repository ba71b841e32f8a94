#include "bench.h"
MAP(cache, MAP_LRU, u32, u64, 256);
/* A cache smaller than its keys: about one lookup in two hits. */
PROG(lru) {
  PACKET(ctx, 64);
  u32 turn = ++*(u32 *)(data + 60);
  u32 key = turn * 2654435761u >> 23;
  u64 *v = map_lookup(&cache, &key);
  if (v) return (int)*v & 1;
  u64 value = key;
  map_update(&cache, &key, &value, 0);
  return 2;
}
