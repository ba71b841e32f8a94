#include "bench.h"
static inline_always u16 be16(const u8 *p) { return (u16)(p[0] << 8 | p[1]); }
/* Ethernet, up to two VLAN tags, IPv4, TCP with its options. */
PROG(parse) {
  u8 *p = PACKET_START(ctx), *end = PACKET_END(ctx);
  u32 result = 0;
  if (p + 14 > end) return -1;
  u16 proto = be16(p + 12);
  p += 14;
  for (int i = 0; i < 2; i++) {
    if (proto != 0x8100 && proto != 0x88a8) break;
    if (p + 4 > end) return -1;
    proto = be16(p + 2);
    p += 4;
  }
  if (proto != 0x800 || p + 20 > end) return -1;
  if (p[9] != 6 || (p[0] & 15) != 5) return -1;
  result = be16(p + 2) ^ *(u32 *)(p + 12) ^ *(u32 *)(p + 16);
  p += 20;
  if (p + 20 > end) return -1;
  result ^= be16(p) << 16 | be16(p + 2);
  u32 left = (p[12] >> 4) * 4 - 20;
  p += 20;
  for (int i = 0; i < 8 && left > 0; i++) {
    if (p + 2 > end) break;
    u32 kind = p[0], len = 1;
    if (kind == 0) break;
    if (kind != 1) {
      len = p[1];
      if (len < 2 || len > 40) break;
      result = result * 17 + kind;
    }
    p += len;
    left = left > len ? left - len : 0;
  }
  return result;
}
