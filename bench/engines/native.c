/*
 * Runs a benchmark program compiled for this machine: maps as plain as they can be,
 * then batches of runs. Arguments: runs a batch, batches. Prints for each batch the
 * CPU nanoseconds a run, and the last return value.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "progs/bench.h"

u8 packet[1024];
int prog(struct xdp_md *ctx);

struct elem {
  struct elem *next, *newer, *older;
  u32 hash;
  u8 key[];
};
struct table {
  struct elem **buckets, *newest, *oldest, *free;
  u32 mask, count;
};

static u32 round8(u32 n) { return (n + 7) & ~7u; }

static u32 hash(const u8 *key, u32 n) {
  u32 h = 0x9e3779b9 ^ n, i = 0;
  for (; i + 4 <= n; i += 4) {
    u32 w;
    memcpy(&w, key + i, 4);
    h = (h ^ w) * 0x85ebca6b;
    h ^= h >> 15;
  }
  for (; i < n; i++) h = (h ^ key[i]) * 0x85ebca6b;
  return h ^ (h >> 16);
}

static struct table *table_of(struct map *m) {
  struct table *t = m->state;
  if (t) return t;
  t = m->state = calloc(1, sizeof *t);
  u32 n = 1;
  while (n < m->max_entries) n *= 2;
  t->mask = n - 1;
  t->buckets = calloc(n, sizeof *t->buckets);
  return t;
}

static void unlink_lru(struct table *t, struct elem *e) {
  if (e->newer) e->newer->older = e->older; else t->newest = e->older;
  if (e->older) e->older->newer = e->newer; else t->oldest = e->newer;
}

static void to_front(struct table *t, struct elem *e) {
  e->newer = 0;
  e->older = t->newest;
  if (t->newest) t->newest->newer = e; else t->oldest = e;
  t->newest = e;
}

static struct elem *find(struct map *m, struct table *t, const void *key, u32 h) {
  for (struct elem *e = t->buckets[h & t->mask]; e; e = e->next)
    if (e->hash == h && !memcmp(e->key, key, m->key_size)) return e;
  return 0;
}

void *map_lookup(void *map, const void *key) {
  struct map *m = map;
  if (m->type == MAP_ARRAY) {
    u32 index = *(u32 *)key;
    if (!m->state) m->state = calloc(m->max_entries, round8(m->value_size));
    return index < m->max_entries ? (u8 *)m->state + index * round8(m->value_size) : 0;
  }
  struct table *t = table_of(m);
  struct elem *e = find(m, t, key, hash(key, m->key_size));
  if (!e) return 0;
  if (m->type == MAP_LRU && t->newest != e) {
    unlink_lru(t, e);
    to_front(t, e);
  }
  return e->key + round8(m->key_size);
}

static void take_out(struct map *m, struct table *t, struct elem *e) {
  struct elem **at = &t->buckets[e->hash & t->mask];
  while (*at != e) at = &(*at)->next;
  *at = e->next;
  if (m->type == MAP_LRU) unlink_lru(t, e);
  t->count--;
}

long map_update(void *map, const void *key, const void *value, u64 flags) {
  struct map *m = map;
  if (m->type == MAP_ARRAY) {
    void *at = map_lookup(map, key);
    if (!at) return -7;
    memcpy(at, value, m->value_size);
    return 0;
  }
  struct table *t = table_of(m);
  u32 h = hash(key, m->key_size);
  struct elem *e = find(m, t, key, h);
  if (!e) {
    if (t->count == m->max_entries) {
      if (m->type != MAP_LRU) return -7;
      e = t->oldest;
      take_out(m, t, e);
    } else if (t->free) {
      e = t->free;
      t->free = e->next;
    } else {
      e = calloc(1, sizeof *e + round8(m->key_size) + round8(m->value_size));
    }
    e->hash = h;
    memcpy(e->key, key, m->key_size);
    e->next = t->buckets[h & t->mask];
    t->buckets[h & t->mask] = e;
    t->count++;
    if (m->type == MAP_LRU) to_front(t, e);
  }
  memcpy(e->key + round8(m->key_size), value, m->value_size);
  return 0;
}

long map_delete(void *map, const void *key) {
  struct map *m = map;
  struct table *t = table_of(m);
  struct elem *e = find(m, t, key, hash(key, m->key_size));
  if (!e) return -2;
  take_out(m, t, e);
  e->next = t->free;
  t->free = e;
  return 0;
}

static double cpu_ns(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e9 + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e3;
}

int main(int argc, char **argv) {
  long runs = argc > 1 ? atol(argv[1]) : 1000;
  int batches = argc > 2 ? atoi(argv[2]) : 1;
  struct xdp_md ctx = {0};
  int (*volatile entry)(struct xdp_md *) = prog;
  int result = 0;
  if (fread(packet, 1, sizeof packet, stdin) != sizeof packet) return 1;
  for (int b = 0; b < batches; b++) {
    double begin = cpu_ns();
    for (long i = 0; i < runs; i++) result = entry(&ctx);
    printf("%.3f %u\n", (cpu_ns() - begin) / runs, (u32)result);
  }
  return 0;
}
