#include "bench.h"
/* FNV-1a over 512 bytes of the packet, 64 bits wide. */
PROG(alu) {
  PACKET(ctx, 512);
  u64 h = 14695981039346656037ULL;
  for (u32 i = 0; i < 512; i++) {
    h ^= data[i];
    h *= 1099511628211ULL;
  }
  return (u32)(h ^ (h >> 32));
}
