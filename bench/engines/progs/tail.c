#include "bench.h"
MAP(progs, MAP_PROG_ARRAY, u32, u32, 4);
MAP(state, MAP_ARRAY, u32, u64, 1);
TAIL_PROG(step);
/* A chain of tail calls up to the limit of 33. */
PROG(tail) {
  u32 key = 0;
  u64 *n = map_lookup(&state, &key);
  if (!n) return -1;
  *n = 0;
  TAIL_CALL(ctx, progs, 0, step);
  return -2;
}
TAIL_PROG(step) {
  u32 key = 0;
  u64 *n = map_lookup(&state, &key);
  if (!n) return -1;
  *n += 1;
#ifndef __bpf__
  if (*n >= 33) return (int)*n;
#endif
  TAIL_CALL(ctx, progs, 0, step);
  return (int)*n;
}
