/** Tells what a run changed in maps, by looking at them before and after. */
import type { BpfMap } from '../maps/map.ts';

/** Larger maps are not looked at: a look copies the whole map. */
const ENTRIES_MAX = 4096;

/** A changed entry; the value it had before, or has now, is missing where there was none, or is none. */
export interface MapChange {
  readonly map: string;
  readonly key: string;
  readonly before?: string;
  readonly after?: string;
}

/** For a line: `counts[01000000]: 00… -> 01…`. */
export function mapChangeText({ map, key, before, after }: MapChange): string {
  if (before === undefined) return `${map}[${key}] = ${after}`;
  return after === undefined ? `${map}[${key}] gone` : `${map}[${key}]: ${before} -> ${after}`;
}

type Contents = Map<string, string>;

/** Maps, and what they held at the last look. */
export class MapWatch {
  readonly #maps: readonly { readonly name: string; readonly map: BpfMap }[];
  readonly #last = new Map<BpfMap, Contents>();

  constructor(maps: readonly { readonly name: string; readonly map: BpfMap }[]) {
    this.#maps = maps.filter(
      ({ map }) => map.maxEntries <= ENTRIES_MAX && map.ops.nextKey !== undefined && map.ops.lookup !== undefined,
    );
    for (const { map } of this.#maps) this.#last.set(map, contents(map));
  }

  /** What is different from the last look. */
  changes(): MapChange[] {
    const found: MapChange[] = [];
    for (const { name, map } of this.#maps) {
      const before = this.#last.get(map) ?? new Map<string, string>();
      const now = contents(map);
      this.#last.set(map, now);
      for (const [key, value] of now) {
        const old = before.get(key);
        if (old === undefined) found.push({ map: name, key, after: value });
        else if (old !== value) found.push({ map: name, key, before: old, after: value });
      }
      for (const [key, old] of before) if (!now.has(key)) found.push({ map: name, key, before: old });
    }
    return found;
  }
}

function contents(map: BpfMap): Contents {
  const { arena } = map.env;
  const found: Contents = new Map();
  const size = Math.max(map.keySize, 4);
  const block = arena.alloc(2 * size);
  if (block === 0) return found;
  let key = 0;
  let next = block;
  while (found.size < ENTRIES_MAX && map.ops.nextKey?.(map, key, next) === 0) {
    const value = map.ops.lookup?.(map, next) ?? 0;
    const hex = (at: number, length: number): string => Buffer.from(arena.u8.subarray(at, at + length)).toString('hex');
    if (value > 0) found.set(hex(next, map.keySize), hex(value, map.valueSize));
    key = next;
    next = next === block ? block + size : block;
  }
  arena.free(block, 2 * size);
  return found;
}
