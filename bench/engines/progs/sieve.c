#include "bench.h"
struct flags { u8 composite[2048]; };
MAP(table, MAP_ARRAY, u32, struct flags, 1);
/* Primes below 2048 in the value of an array. */
PROG(sieve) {
  u32 key = 0, count = 0;
  struct flags *f = map_lookup(&table, &key);
  if (!f) return -1;
  for (u32 i = 0; i < 2048; i++) {
    f->composite[i] = 0;
    KEEP(f);
  }
  for (u32 i = 2; i < 46; i++) {
    if (f->composite[i & 2047]) continue;
    for (u32 j = i * i; j < 2048; j += i) f->composite[j & 2047] = 1;
  }
  for (u32 i = 2; i < 2048; i++) count += !f->composite[i & 2047];
  return count;
}
