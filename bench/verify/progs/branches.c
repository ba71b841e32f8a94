/* Sixty tests of unknown bits, each with an effect: what pruning is for. */
#include "bench.h"

struct config {
  u64 flags;
  u32 limit[60];
};
MAP(configs, MAP_ARRAY, u32, struct config, 1);
MAP(hits, MAP_ARRAY, u32, u64, 64);

PROG(branches) {
  PACKET(ctx, 128);
  u32 zero = 0;
  struct config *config = map_lookup(&configs, &zero);
  if (!config) return 0;
  u64 flags = config->flags;
  u32 score = 0, worst = 0;
  u8 seen[64] = {};
  KEEP(seen);
#pragma clang loop unroll(full)
  for (int i = 0; i < 60; i++) {
    u32 value = *(u32 *)(data + i * 2);
    if (flags >> i & 1) {
      if (value > config->limit[i]) {
        score += i;
        seen[i] = 1;
        if (value > worst) worst = value;
      } else if (value == 0) {
        score ^= 0x55;
      }
    }
    KEEP(seen);
  }
  u32 key = score & 63;
  u64 *hit = map_lookup(&hits, &key);
  if (hit) *hit += worst + seen[7];
  return score > 100 ? 1 : 2;
}
