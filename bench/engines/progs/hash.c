#include "bench.h"
/* Jenkins' lookup3 mix over 32 blocks of 12 bytes. */
PROG(hash) {
  PACKET(ctx, 384);
  u32 a = 0xdeadbeef, b = a, c = a;
  for (u32 i = 0; i < 384; i += 12) {
    a += *(u32 *)(data + i);
    b += *(u32 *)(data + i + 4);
    c += *(u32 *)(data + i + 8);
    a -= c; a ^= rol32(c, 4); c += b;
    b -= a; b ^= rol32(a, 6); a += c;
    c -= b; c ^= rol32(b, 8); b += a;
    a -= c; a ^= rol32(c, 16); c += b;
    b -= a; b ^= rol32(a, 19); a += c;
    c -= b; c ^= rol32(b, 4); b += a;
  }
  return c;
}
