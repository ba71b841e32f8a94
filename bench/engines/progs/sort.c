#include "bench.h"
struct numbers { u32 n[64]; };
MAP(table, MAP_ARRAY, u32, struct numbers, 1);
/* Insertion sort of 64 numbers. */
PROG(sort) {
  PACKET(ctx, 64);
  u32 key = 0;
  struct numbers *t = map_lookup(&table, &key);
  if (!t) return -1;
  for (u32 i = 0; i < 64; i++) t->n[i] = data[i] * 2654435761u;
  for (u32 i = 1; i < 64; i++) {
    u32 x = t->n[i], j = i;
    while (j > 0 && j < 64 && t->n[(j - 1) & 63] > x) {
      t->n[j & 63] = t->n[(j - 1) & 63];
      j--;
    }
    t->n[j & 63] = x;
  }
  return t->n[10] ^ t->n[53];
}
