/* Functions that are verified again for every call, with pointers to the callers' stack and spilled registers. */
#include "bench.h"

struct work {
  u64 acc[8];
  u32 step;
  u32 mask;
};
MAP(table, MAP_HASH, u32, u64, 512);

static noinline u64 lookup(u32 key, struct work *work) {
  u64 *value = map_lookup(&table, &key);
  if (!value) return work->mask;
  work->acc[key & 7] += *value;
  return *value;
}

static noinline u64 combine(struct work *work, u64 a, u64 b, u32 how) {
  u64 result = work->acc[how & 7];
  if (how & 1) result += a * b;
  if (how & 2) result ^= a - b;
  if (how & 4) result = (result << 7) | (result >> 57);
  if (how & 8) result += lookup((u32)result, work);
  work->acc[(how + 1) & 7] = result;
  return result;
}

static noinline u32 stage(struct work *work, const u8 *bytes, u32 n) {
  u64 a = bytes[0], b = bytes[1];
  for (u32 i = 0; i < 4; i++) {
    a = combine(work, a, b, bytes[i] & 15);
    b += lookup((u32)a + i, work);
  }
  work->step += n;
  return (u32)(a ^ b);
}

PROG(calls) {
  PACKET(ctx, 256);
  struct work work = {};
  u8 bytes[16];
  u32 result = 0;
  for (int i = 0; i < 16; i++) bytes[i] = data[i + 14];
  KEEP(bytes);
#pragma clang loop unroll(full)
  for (int i = 0; i < 12; i++) result += stage(&work, bytes + i, i);
  return (int)(result & 3);
}
