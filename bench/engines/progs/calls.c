#include "bench.h"
static noinline u64 mix(u64 a, u64 b) {
  a ^= b * 0x9e3779b97f4a7c15ULL;
  return (a << 13 | a >> 51) + b;
}
static noinline u64 twice(u64 a, u64 b, u64 c) { return mix(mix(a, b), c); }
/* 64 calls of a function that calls another twice. */
PROG(calls) {
  PACKET(ctx, 128);
  u64 h = 1;
  for (u32 i = 0; i < 64; i++) h = twice(h, data[i], data[i + 64]);
  return (u32)(h >> 16);
}
