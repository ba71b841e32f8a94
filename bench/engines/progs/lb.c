#include "bench.h"
struct vip { u32 addr; u16 port, proto; };
struct flow { u32 src, dst; u16 sport, dport; };
struct stats { u64 packets, bytes; };
MAP(vips, MAP_HASH, struct vip, u32, 64);
MAP(conns, MAP_LRU, struct flow, u32, 1024);
MAP(reals, MAP_ARRAY, u32, u32, 16);
MAP(stats, MAP_ARRAY, u32, struct stats, 16);
/* A load balancer: virtual address, connection, real server, rewritten header and checksum. */
PROG(lb) {
  PACKET(ctx, 54);
  if (data[12] != 8 || data[13] != 0 || data[23] != 6) return 2;
  u8 *ip = data + 14, *tcp = data + 34;
  struct vip v = {*(u32 *)(ip + 16), *(u16 *)(tcp + 2), 6};
  u32 turn = ++*(u32 *)(tcp + 4) & 255;
  u32 *group = map_lookup(&vips, &v);
  if (!group) {
    u32 first = 1;
    map_update(&vips, &v, &first, 0);
    return 2;
  }
  struct flow f = {*(u32 *)(ip + 12) + turn, v.addr, *(u16 *)tcp, v.port};
  u32 *known = map_lookup(&conns, &f), real;
  if (known) {
    real = *known;
  } else {
    u32 h = f.src * 2654435761u ^ ((u32)f.sport << 16 | f.dport);
    h ^= h >> 15;
    h *= 2246822519u;
    real = (h ^ (h >> 13)) & 15;
    map_update(&conns, &f, &real, 0);
  }
  u32 *addr = map_lookup(&reals, &real);
  struct stats *s = map_lookup(&stats, &real);
  if (!addr || !s) return 1;
  s->packets += 1;
  s->bytes += end - data;
  u32 sum = 0;
  for (int i = 0; i < 20; i += 2)
    if (i != 10) sum += *(u16 *)(ip + i);
  sum += *addr & 0xffff;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  *(u16 *)(ip + 10) = (u16)~sum;
  return 3;
}
