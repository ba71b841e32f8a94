/**
 * Accounting of maps against Linux 6.18. test/golden/maps/memlock.json has what
 * fdinfo said there, with two CPUs: [type, key size, value size, entries, flags,
 * map_extra, elements put in, memlock].
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { BpfFile } from '../../base/object.ts';
import type { MapSyscall } from '../../maps/map.ts';
import { BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import { create, testEnv } from './util.ts';

const here = dirname(fileURLToPath(import.meta.url));
const file = join(here, '../../../test/golden/maps/memlock.json');
const cases: number[][] = JSON.parse(readFileSync(file, 'utf8'));
const env = testEnv(2, 256 << 20);
const inner = create(env, { mapType: BPF_MAP_TYPE.ARRAY, maxEntries: 4 });
const sys: MapSyscall = { fdget: () => new BpfFile(inner, 3) };
const key = env.arena.alloc(64);
const value = env.arena.alloc(4096);
const wrong: string[] = [];

for (const [mapType, keySize, valueSize, maxEntries, mapFlags, mapExtra, fill, memlock] of cases as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
][]) {
  const attr = { mapType, keySize, valueSize, maxEntries, mapFlags, btfKeyTypeId: 1, btfValueTypeId: 1 };
  const map = create(env, { ...attr, mapExtra: BigInt(mapExtra), innerMap: inner });
  const { update, sysUpdate } = map.ops;
  for (let i = 0; i < fill; i++) {
    const { u8, u32 } = env.arena;
    u8.fill(0, key, key + 64);
    u32[key >> 2] = mapType === BPF_MAP_TYPE.LPM_TRIE ? Math.min((i % 9) + 1, (keySize - 4) * 8) : i;
    if (mapType === BPF_MAP_TYPE.LPM_TRIE) u8.fill(i * 37, key + 4, key + keySize);
    u32[value >> 2] = mapType === BPF_MAP_TYPE.DEVMAP_HASH ? 1 : 0;
    if (sysUpdate !== undefined) sysUpdate(map, key, value, 0, sys);
    else update?.(map, key, value, 0);
  }
  const got = map.ops.memUsage(map);
  if (got !== memlock)
    wrong.push(`${[mapType, keySize, valueSize, maxEntries, mapFlags, mapExtra, fill]}: ${got}, not ${memlock}`);
  map.put();
}
t.same(wrong.slice(0, 20), [], `memUsage of ${cases.length} maps is the kernel's memlock`);
inner.put();
