/* Close to the limit of a million: nested bounded loops over a table on the stack. */
#include "bench.h"

PROG(million) {
  PACKET(ctx, 64);
  u32 table[48];
  u32 sum = data[3];
  for (int i = 0; i < 48; i++) table[i] = i * 7 + data[i];
  for (int round = 0; round < 1900; round++) {
    for (int i = 0; i < 47; i++) {
      u32 a = table[i], b = table[i + 1];
      KEEP(table);
      table[i] = a + (b >> 3);
      sum += a ^ b;
    }
    if (sum & 4096) sum += round;
  }
  return sum & 3;
}
