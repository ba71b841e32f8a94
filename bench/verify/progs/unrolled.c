/* Long straight code: a hash of 1024 bytes with nothing left as a loop, and its state on the stack. */
#include "bench.h"

#define MIX(a, b, c) \
  a -= c; a ^= rol32(c, 4); c += b; \
  b -= a; b ^= rol32(a, 6); a += c; \
  c -= b; c ^= rol32(b, 8); b += a; \
  a -= c; a ^= rol32(c, 16); c += b; \
  b -= a; b ^= rol32(a, 19); a += c; \
  c -= b; c ^= rol32(b, 4); b += a;

PROG(unrolled) {
  PACKET(ctx, 1020);
  u32 a = 0xdeadbeef, b = a, c = a;
  u32 lanes[32];
#pragma clang loop unroll(full)
  for (int i = 0; i < 32; i++) lanes[i] = *(u32 *)(data + i * 4);
#pragma clang loop unroll(full)
  for (int i = 0; i < 84; i++) {
    a += *(u32 *)(data + i * 12);
    b += *(u32 *)(data + i * 12 + 4);
    c += *(u32 *)(data + i * 12 + 8);
    MIX(a, b, c)
    lanes[i % 32] ^= c;
    KEEP(lanes);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 32; i++) c = c * 31 + lanes[i];
  return (int)(c & 3);
}
