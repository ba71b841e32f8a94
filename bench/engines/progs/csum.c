#include "bench.h"
/* Internet checksum of 1 KiB. */
PROG(csum) {
  PACKET(ctx, 1024);
  u64 sum = 0;
  for (u32 i = 0; i < 1024; i += 2) sum += *(u16 *)(data + i);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (u16)~sum;
}
