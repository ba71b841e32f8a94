/* A search over the packet by bounded loops with branches in them: every turn is verified. */
#include "bench.h"

MAP(words, MAP_ARRAY, u32, u64, 256);

PROG(loops) {
  PACKET(ctx, 1000);
  u32 found = 0, state = 0;
  for (int i = 0; i < 500; i++) {
    u8 c = data[i];
    KEEP(&found);
    if (c == ' ' || c == '\t') {
      if (state == 1) found++;
      state = 0;
    } else if (c >= 'a' && c <= 'z') {
      state = 1;
    } else if (c == '"') {
      state = state == 2 ? 0 : 2;
    }
    for (int j = 0; j < 4; j++) {
      if (data[i + j] != data[j + 4]) break;
      if (j == 3) found += 1000;
    }
  }
  u32 key = found & 255;
  u64 *word = map_lookup(&words, &key);
  if (word) *word += 1;
  return found & 3;
}
