/**
 * Iterators over the elements of a map: `bpf_map_elem`, `bpf_sk_storage_map`, `sockmap`
 * (`bpf_iter_attach_map` and the seq functions of arraymap.c, hashtab.c, sock_map.c,
 * bpf_sk_storage.c).
 */
import type { ForeignFile, SocketInfo } from '../../base/object.ts';
import { type LocalStorageMap, localStorageEntries } from '../../maps/bpf_local_storage.ts';
import type { BpfMap, MapSyscall } from '../../maps/map.ts';
import { SockHash, sockMapGet } from '../../maps/sock_map.ts';
import { BPF_MAP_TYPE as MT } from '../../uapi/bpf.ts';
import { EACCES, EBADF, EINVAL } from '../../uapi/errno.ts';
import type { Images } from '../../vm/images.ts';
import type { Caller } from '../caller.ts';
import { mapOf } from '../fd.ts';
import type { Kernel } from '../kernel.ts';
import type { LoadedProg } from '../loaded_prog.ts';
import { mapImage } from './images.ts';
import type { IterAux, IterObjects, IterRequest, IterRun, IterTarget } from './target.ts';

/** Values of all CPUs are shown one after the other. */
const PERCPU: ReadonlySet<number> = new Set([MT.PERCPU_HASH, MT.LRU_PERCPU_HASH, MT.PERCPU_ARRAY]);
const ARRAYS: ReadonlySet<number> = new Set([MT.ARRAY, MT.PERCPU_ARRAY]);
const ELEMENTS: ReadonlySet<number> = new Set([MT.HASH, MT.LRU_HASH, MT.ARRAY, ...PERCPU]);

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;

/** Reading all CPUs' values asks for no descriptor. */
const NO_FDS: MapSyscall = { fdget: () => undefined };

/** The map a request names: -EBADF without one (a descriptor of 0 is none), or of another type -EINVAL. */
function mapOfRequest(caller: Caller, request: IterRequest, types: ReadonlySet<number>): BpfMap | number {
  const fd = request.words[0]!;
  if (fd === 0) return -EBADF;
  const map = mapOf(caller, fd);
  if (typeof map === 'number') return map;
  return types.has(map.mapType) ? map : -EINVAL;
}

/** The map, if the program stays within its keys and values; the link takes a user reference. */
function attachMap(types: ReadonlySet<number>, checkKey: boolean, checkValue: boolean) {
  return (_kernel: Kernel, caller: Caller, request: IterRequest, prog: LoadedProg): IterAux | number => {
    const map = mapOfRequest(caller, request, types);
    if (typeof map === 'number') return map;
    const valueSize = PERCPU.has(map.mapType) ? Math.ceil(map.valueSize / 8) * 8 * map.env.nrCpus : map.valueSize;
    if (checkKey && prog.facts.maxRdonlyAccess > map.keySize) return -EACCES;
    if (checkValue && prog.facts.maxRdwrAccess > valueSize) return -EACCES;
    map.getUser();
    return { map };
  };
}

const fdinfo = (aux: IterAux): string => `map_id:\t${aux.map?.id ?? 0}\n`;

/** Members of the context: map, key, value (or socket). */
const MAP = 0;
const KEY = 1;
const VALUE = 2;

/** What all of them do: the map is held while the iterator is open, and a key and a value have room. */
abstract class Elements<M extends BpfMap> implements IterObjects {
  readonly map: M;
  readonly #kernel: Kernel;
  protected readonly key: number;
  /** Values of all CPUs, for types that have them. */
  protected readonly values: number;
  readonly #valuesSize: number;

  constructor(kernel: Kernel, map: M) {
    map.getUser();
    this.map = map;
    this.#kernel = kernel;
    const { arena } = map.env;
    this.key = arena.alloc(Math.max(map.keySize, 4));
    this.#valuesSize = PERCPU.has(map.mapType) ? (map.ops.userValueSize?.(map) ?? 0) : 0;
    this.values = this.#valuesSize === 0 ? 0 : arena.alloc(this.#valuesSize);
  }

  abstract start(): number;
  abstract next(): number;
  /** Fills key and value of the current element; false: it has gone meanwhile. */
  protected abstract fill(run: IterRun): boolean;

  show(run: IterRun, end: boolean): number {
    run.ptr(MAP, mapImage(this.#kernel, this.map));
    if (end) {
      run.ptr(KEY, 0);
      run.ptr(VALUE, 0);
    } else if (!this.fill(run)) return 0;
    return run.call();
  }

  close(): void {
    const { arena } = this.map.env;
    arena.free(this.key, Math.max(this.map.keySize, 4));
    if (this.values !== 0) arena.free(this.values, this.#valuesSize);
    this.map.putUser();
  }

  /** Where the value of the element with this key is: its own place, or a copy of all CPUs' values. */
  protected valueOf(key: number): number {
    const { map } = this;
    if (this.values === 0) return map.ops.lookup?.(map, key) ?? 0;
    return (map.ops.sysLookup?.(map, key, this.values, 0, NO_FDS) ?? -1) < 0 ? 0 : this.values;
  }
}

/** Maps whose key is an index: one after another. */
abstract class IndexedElements extends Elements<BpfMap> {
  protected index = 0;

  start(): number {
    return this.index < this.map.maxEntries ? 1 : 0;
  }

  next(): number {
    this.index++;
    return this.start();
  }

  protected fill(run: IterRun): boolean {
    this.map.env.arena.u32[this.key >> 2] = this.index;
    run.ptr(KEY, this.key);
    this.fillValue(run);
    return true;
  }

  protected abstract fillValue(run: IterRun): void;
}

/** Arrays. */
class ArrayElements extends IndexedElements {
  protected fillValue(run: IterRun): void {
    run.ptr(VALUE, this.valueOf(this.key));
  }
}

/**
 * Hash tables: bucket after bucket. From read to read a position is a bucket and a number
 * of elements in it; within a read the elements of a bucket are those it had when it was
 * come to.
 */
class HashElements extends Elements<BpfMap> {
  #bucket = 0;
  #skip = 0;
  /** Keys of the bucket in the order of its list, while a read goes on. */
  #keys: Uint8Array[] | undefined;

  start(): number {
    this.#keys = undefined;
    return this.#find();
  }

  next(): number {
    this.#skip++;
    return this.#find();
  }

  stop(): void {
    this.#keys = undefined;
  }

  #find(): number {
    const buckets = this.map.ops.buckets;
    if (buckets === undefined) return 0;
    const count = buckets.count(this.map);
    while (this.#bucket < count) {
      this.#keys ??= this.#keysOf(this.#bucket);
      if (this.#skip < this.#keys.length) return 1;
      this.#bucket++;
      this.#skip = 0;
      this.#keys = undefined;
    }
    return 0;
  }

  #keysOf(bucket: number): Uint8Array[] {
    const { map } = this;
    const { arena } = map.env;
    const length = map.ops.buckets?.length(map, bucket) ?? 0;
    if (length === 0) return [];
    const rowSize = map.ops.userValueSize?.(map) ?? map.valueSize;
    const keys = arena.alloc(length * map.keySize);
    const values = arena.alloc(length * rowSize);
    const found: Uint8Array[] = [];
    if (keys !== 0 && values !== 0) {
      map.ops.buckets?.copy(map, bucket, keys, values, false);
      for (let i = 0; i < length; i++) found.push(arena.u8.slice(keys + i * map.keySize, keys + (i + 1) * map.keySize));
    }
    arena.free(keys, length * map.keySize);
    arena.free(values, length * rowSize);
    return found;
  }

  protected fill(run: IterRun): boolean {
    const key = this.#keys?.[this.#skip];
    if (key === undefined) return false;
    this.map.env.arena.u8.set(key, this.key);
    const value = this.valueOf(this.key);
    if (value === 0) return false;
    run.ptr(KEY, this.key);
    run.ptr(VALUE, value);
    return true;
  }
}

/** The elements of an array or a hash table. */
export const MAP_ELEM_TARGET: IterTarget = {
  name: 'bpf_map_elem',
  resched: false,
  attach: attachMap(ELEMENTS, true, true),
  open(kernel, aux) {
    const map = aux.map as BpfMap;
    return ARRAYS.has(map.mapType) ? new ArrayElements(kernel, map) : new HashElements(kernel, map);
  },
  fdinfo,
};

/** TCP or UDP, by family and type: all there is in a map; 0 for others. */
function protocolOf({ family, type }: SocketInfo): number {
  if (family !== AF_INET && family !== AF_INET6) return 0;
  return type === SOCK_STREAM ? IPPROTO_TCP : type === SOCK_DGRAM ? IPPROTO_UDP : 0;
}

/** A socket as far as we know it (`struct sock`). */
function sockImage(images: Images, socket: ForeignFile | undefined): number {
  const image = images.make('sock');
  const known = socket?.socket;
  if (known !== undefined) {
    image
      .set('__sk_common.skc_family', known.family)
      .set('__sk_common.skc_state', known.state)
      .set('__sk_common.skc_cookie', known.cookie)
      .set('sk_type', known.type)
      .set('sk_protocol', protocolOf(known));
  }
  return image.addr;
}

/** Values of sockets, in the order they came. */
class SkStorageElements extends Elements<LocalStorageMap> {
  #at = 0;
  #entries: readonly (readonly [string, number])[] = [];

  start(): number {
    this.#entries = localStorageEntries(this.map);
    return this.#at < this.#entries.length ? 1 : 0;
  }

  next(): number {
    this.#at++;
    return this.#at < this.#entries.length ? 1 : 0;
  }

  protected fill(run: IterRun): boolean {
    const entry = this.#entries[this.#at];
    if (entry === undefined) return false;
    run.ptr(KEY, sockImage(run.images, this.map.sockets.get(entry[0])));
    run.ptr(VALUE, entry[1]);
    return true;
  }
}

/** The values of a socket storage. */
export const SK_STORAGE_TARGET: IterTarget = {
  name: 'bpf_sk_storage_map',
  resched: false,
  attach: attachMap(new Set([MT.SK_STORAGE]), false, true),
  open: (kernel, aux) => new SkStorageElements(kernel, aux.map as LocalStorageMap),
  fdinfo,
};

/** A socket map: every slot, with a socket or without. */
class SockMapElements extends IndexedElements {
  protected fillValue(run: IterRun): void {
    const socket = sockMapGet(this.map, this.index);
    run.ptr(VALUE, socket === undefined ? 0 : sockImage(run.images, socket));
  }
}

/** A socket hash: the sockets in it. */
class SockHashElements extends Elements<SockHash> {
  #bucket = 0;
  #skip = 0;

  start(): number {
    for (; this.#bucket < this.map.nrBuckets; this.#bucket++, this.#skip = 0) {
      if (this.#skip < this.map.bucketOf(this.#bucket).length) return 1;
    }
    return 0;
  }

  next(): number {
    this.#skip++;
    return this.start();
  }

  protected fill(run: IterRun): boolean {
    const entry = this.map.bucketOf(this.#bucket)[this.#skip];
    if (entry === undefined) return false;
    this.map.env.arena.u8.set(entry.key, this.key);
    run.ptr(KEY, this.key);
    run.ptr(VALUE, sockImage(run.images, entry.socket));
    return true;
  }
}

/** The sockets of a socket map or hash. */
export const SOCKMAP_TARGET: IterTarget = {
  name: 'sockmap',
  resched: false,
  attach: attachMap(new Set([MT.SOCKMAP, MT.SOCKHASH]), true, false),
  open: (kernel, aux) =>
    aux.map instanceof SockHash
      ? new SockHashElements(kernel, aux.map)
      : new SockMapElements(kernel, aux.map as BpfMap),
  fdinfo,
};
