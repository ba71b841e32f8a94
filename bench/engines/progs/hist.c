#include "bench.h"
MAP(slots, MAP_ARRAY, u32, u64, 32);
static inline_always u32 log2u(u32 v) {
  u32 r = 0;
  if (v >= 1u << 16) { v >>= 16; r += 16; }
  if (v >= 1u << 8) { v >>= 8; r += 8; }
  if (v >= 1u << 4) { v >>= 4; r += 4; }
  if (v >= 1u << 2) { v >>= 2; r += 2; }
  return r + (v >= 2);
}
/* A histogram by powers of two of 32 numbers. */
PROG(hist) {
  PACKET(ctx, 128);
  u32 sum = 0;
  for (u32 i = 0; i < 128; i += 4) {
    u32 slot = log2u(*(u32 *)(data + i) >> (i & 28));
    u64 *n = map_lookup(&slots, &slot);
    if (n) ATOMIC_ADD(n, 1);
    sum += slot;
  }
  return sum;
}
