#include "bench.h"
MAP(counters, MAP_ARRAY, u32, u64, 256);
/* Four counters of an array, found by bytes of the packet. */
PROG(arrctr) {
  PACKET(ctx, 64);
  u32 sum = 0;
  for (u32 i = 0; i < 4; i++) {
    u32 key = data[i * 7];
    u64 *n = map_lookup(&counters, &key);
    if (n) {
      ATOMIC_ADD(n, 1);
      sum += key;
    }
  }
  return sum;
}
