/**
 * What a map is to everything above it: the object, and the record of functions
 * that each map type brings (`struct bpf_map`, `struct bpf_map_ops`).
 *
 * Keys and values are passed as arena addresses. Every function returns 0 or a
 * positive result, or a negative errno; none throws.
 */
import type { KernelEnv } from '../base/env.ts';
import { type BpfFile, BpfObject } from '../base/object.ts';
import type { Btf, BtfField, BtfRecord } from '../btf/btf.ts';
import { BPF_F_MAP } from '../uapi/bpf.ts';

/**
 * Size of the header every map keeps in the arena: the address of it is the map's
 * pointer (`const struct bpf_map *`) as programs see it: sizeof(struct bpf_map) of 6.18.
 * Word 0 is the map's id.
 */
export const MAP_HEADER_SIZE = 296;

/**
 * Byte offsets in struct bpf_map of 6.18 (its BTF) that programs may read through the
 * map's pointer.
 */
const BPF_MAP = {
  mapType: 64,
  keySize: 68,
  valueSize: 72,
  maxEntries: 76,
  mapExtra: 80,
  mapFlags: 88,
  id: 92,
} as const;

/** Flags of the descriptor that is made, not of the map (`bpf_map_flags_retain_permanent`). */
const DESCRIPTOR_FLAGS = BPF_F_MAP.RDONLY | BPF_F_MAP.WRONLY;

/** What the first program fixes for all that follow (`struct bpf_map_owner`). */
export interface MapOwner {
  readonly type: number;
  readonly jited: boolean;
  readonly xdpHasFrags: boolean;
  readonly sleepable: boolean;
  readonly expectedAttachType: number;
  readonly attachFuncProto: number;
}

/** What a map of maps keeps of its template; any map has it too. */
export interface MapMeta {
  readonly ops: MapOps;
  readonly mapType: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly mapFlags: number;
  readonly mapExtra: bigint;
  readonly record: BtfRecord | undefined;
  readonly btf: Btf | undefined;
}

/** The arguments of MAP_CREATE, decoded and in the caller's terms (descriptors already resolved). */
export interface MapCreateAttr {
  readonly mapType: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly mapFlags: number;
  readonly numaNode: number;
  /** 64-bit `map_extra`. */
  readonly mapExtra: bigint;
  /** The template of a map of maps, when `inner_map_fd` named a map; else the errno of the lookup. */
  readonly innerMap: BpfMap | number;
  /** Type ids given for key and value, and of the kernel's BTF (struct_ops); missing: 0. */
  readonly btfKeyTypeId?: number;
  readonly btfValueTypeId?: number;
  readonly btfVmlinuxValueTypeId?: number;
  /** The kernel's own types, where there are any. */
  readonly vmlinux?: Btf | undefined;
}

/** Special fields of values that run programs later. */
const ASYNC_FIELDS: ReadonlySet<string> = new Set(['bpf_timer', 'bpf_wq', 'bpf_task_work']);

/** One map. Types with more state extend it. */
export abstract class BpfMap extends BpfObject {
  readonly kind = 'map';
  abstract readonly ops: MapOps;
  readonly env: KernelEnv;
  readonly mapType: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  mapFlags: number;
  readonly mapExtra: bigint;
  readonly numaNode: number;
  name = '';
  /** Address of the map's header in the arena (see {@link MAP_HEADER_SIZE}). */
  readonly addr: number;
  frozen = false;
  /** Whether user space has a writable mapping of the map (`bpf_map_write_active`); set by the door that shares its pages. */
  writeActive: (() => boolean) | undefined = undefined;
  /** The open description through which user space updates it at the moment. */
  writer: BpfFile | undefined = undefined;
  /** References from user space: descriptors and pins (`usercnt`). */
  usercnt = 1;
  /** Of them, those a door keeps for itself beside the descriptors it stands for. */
  doorRefs = 0;
  /** Value and key types for printing, and the special fields of the value. */
  btf: Btf | undefined = undefined;
  btfKeyTypeId = 0;
  btfValueTypeId = 0;
  btfVmlinuxValueTypeId = 0;
  record: BtfRecord | undefined = undefined;
  /** Frees what a special field of a value holds (a timer, a kptr); set by the engine that fills such fields. */
  freeField: ((map: BpfMap, field: BtfField, at: number) => void) | undefined = undefined;
  /** Type of the program that owns a prog array (`owner_prog_type` in fdinfo); 0 none yet. */
  ownerProgType = 0;
  ownerJited = false;
  /** What the first program fixed for the others (see prog_compatible.ts). */
  owner: MapOwner | undefined = undefined;
  /** The template of a map of maps (`inner_map_meta`). */
  innerMapMeta: MapMeta | undefined = undefined;
  /** SHA-256 of the only program that may use the map (`excl_prog_hash`). */
  exclProgHash: Uint8Array | undefined = undefined;

  /** Takes the header from the arena; `addr` is 0 when there was no memory (check it, answer -ENOMEM). */
  constructor(env: KernelEnv, attr: MapCreateAttr) {
    super();
    this.env = env;
    this.mapType = attr.mapType;
    this.keySize = attr.keySize;
    this.valueSize = attr.valueSize;
    this.maxEntries = attr.maxEntries;
    this.mapFlags = attr.mapFlags & ~DESCRIPTOR_FLAGS;
    this.mapExtra = attr.mapExtra;
    this.numaNode = attr.numaNode;
    this.addr = env.arena.alloc(MAP_HEADER_SIZE);
    if (this.addr !== 0) this.#fillHeader();
  }

  #fillHeader(): void {
    const { view } = this.env.arena;
    view.setUint32(this.addr + BPF_MAP.mapType, this.mapType, true);
    view.setUint32(this.addr + BPF_MAP.keySize, this.keySize, true);
    view.setUint32(this.addr + BPF_MAP.valueSize, this.valueSize, true);
    view.setUint32(this.addr + BPF_MAP.maxEntries, this.maxEntries, true);
    view.setBigUint64(this.addr + BPF_MAP.mapExtra, this.mapExtra, true);
    view.setUint32(this.addr + BPF_MAP.mapFlags, this.mapFlags, true);
  }

  /** Writes the map's id where programs and the machine look for it. */
  publishId(): void {
    this.env.arena.view.setUint32(this.addr, this.id, true);
    this.env.arena.view.setUint32(this.addr + BPF_MAP.id, this.id, true);
  }

  override getUser(): void {
    this.usercnt++;
    this.get();
  }

  override putUser(): void {
    if (--this.usercnt === 0) {
      this.ops.releaseUser?.(this);
      this.#stopAsync();
    }
    this.put();
  }

  /**
   * No client can reach the map any more: its timers and work would keep it, and the
   * programs they run, for ever (`htab_map_free_timers_and_wq`, `array_map_free_internal_structs`).
   */
  #stopAsync(): void {
    const fields = this.record?.fields.filter((field) => ASYNC_FIELDS.has(field.kind)) ?? [];
    if (fields.length === 0 || this.freeField === undefined) return;
    this.ops.forEach?.(this, (_key, value) => {
      for (const field of fields) this.freeField?.(this, field, value + field.offset);
      return 0;
    });
  }

  override fileClosed(file: BpfFile): void {
    this.ops.releaseFile?.(this, file);
  }

  protected override release(): void {
    this.ops.free(this);
    this.btf?.put();
    this.env.arena.free(this.addr, MAP_HEADER_SIZE);
  }
}

/**
 * The functions of one map type.
 *
 * `lookup`, `update`, `remove` and `nextKey` are the operations as programs and the
 * system call share them. Where the system call does more (per-CPU values of all
 * CPUs, descriptors in, ids out), `sys*` replaces them; left out, the plain one serves.
 */
export interface MapOps {
  /** Number of the type: `BPF_MAP_TYPE`. */
  readonly type: number;
  /** Checks of the attributes that come before the permission check (`map_alloc_check`): 0 or -errno. */
  allocCheck?(attr: MapCreateAttr, env: KernelEnv, caller: MapCreator): number;
  /** Makes the map: the object, or -errno. */
  alloc(attr: MapCreateAttr, env: KernelEnv, caller: MapCreator): BpfMap | number;
  /** Frees everything but the header. */
  free(map: BpfMap): void;
  /** The last user reference is gone (`map_release_uref`). */
  releaseUser?(map: BpfMap): void;
  /** An open description of the map is closed for good (`map_release`). */
  releaseFile?(map: BpfMap, file: BpfFile): void;

  /** Address of the value for a program, 0 when there is none. */
  lookup?(map: BpfMap, key: number): number;
  /** As {@link lookup} for another CPU's value (`bpf_map_lookup_percpu_elem`). */
  lookupPercpu?(map: BpfMap, key: number, cpu: number): number;
  update?(map: BpfMap, key: number, value: number, flags: number): number;
  remove?(map: BpfMap, key: number): number;
  /** Writes the key after `key` (0: the first) to `next`; -ENOENT at the end. */
  nextKey?(map: BpfMap, key: number, next: number): number;
  push?(map: BpfMap, value: number, flags: number): number;
  pop?(map: BpfMap, value: number): number;
  peek?(map: BpfMap, value: number): number;

  /** Bytes of a value as the system call exchanges it; default: valueSize. */
  userValueSize?(map: BpfMap): number;
  /** Copies the value of `key` to `value` (userValueSize bytes). */
  sysLookup?(map: BpfMap, key: number, value: number, flags: number, sys: MapSyscall): number;
  sysUpdate?(map: BpfMap, key: number, value: number, flags: number, sys: MapSyscall): number;
  sysRemove?(map: BpfMap, key: number, sys: MapSyscall): number;
  sysLookupAndDelete?(map: BpfMap, key: number, value: number, flags: number, sys: MapSyscall): number;
  /** Which batch commands the type has; generic ones are made from the element operations. */
  readonly batch?: 'generic' | 'htab' | undefined;
  /** Hash types: the table as batches walk it, bucket by bucket. */
  readonly buckets?: MapBuckets;
  /**
   * Calls `visit` with the addresses of every key and value (a program's view of it) until it
   * returns other than 0 (`map_for_each_callback`): how many elements were visited.
   */
  forEach?(map: BpfMap, visit: (key: number, value: number) => number): number;
  /** For a fd-valued map: whether a template fits (`map_meta_equal`). */
  metaEqual?(template: MapMeta, map: MapMeta): boolean;

  /** Whether `cat` of a pinned map prints it (`map_seq_show_elem`): one element's line(s), appended as bytes. */
  showElem?(map: BpfMap, key: number, out: ShowSink): void;
  /** Checks the key and value types given at creation (`map_check_btf`): 0 or -errno. */
  checkBtf?(map: BpfMap, btf: Btf, keyTypeId: number, valueTypeId: number): number;
  /** Bytes the kernel would account for the map (`memlock` of fdinfo). */
  memUsage(map: BpfMap): number;
  /** For storage that can be mapped by a client (`map_mmap`): the arena range behind it. */
  mmapRange?(map: BpfMap): { readonly offset: number; readonly length: number };
  /** Whether the map has data for a reader (`map_poll`). */
  poll?(map: BpfMap): boolean;
}

/** A hash table seen bucket by bucket (`__htab_map_lookup_and_delete_batch`). */
export interface MapBuckets {
  /** Number of buckets; the batch token is the index of one. */
  count(map: BpfMap): number;
  /** Elements in a bucket. */
  length(map: BpfMap, bucket: number): number;
  /**
   * Copies the elements of a bucket, in order, to rows of keySize and userValueSize bytes at
   * `keys` and `values`; and removes them when `remove` is set.
   */
  copy(map: BpfMap, bucket: number, keys: number, values: number, remove: boolean): void;
}

/** Where the text of a pinned map goes. */
export interface ShowSink {
  text(text: string): void;
  bytes(bytes: Uint8Array): void;
}

/** What the creation of a map wants to know of who asks. */
export interface MapCreator {
  hasCap(cap: number): boolean;
}

/** What the element commands of fd-valued maps need from the caller: its descriptors. */
export interface MapSyscall {
  /** The object or file behind a descriptor of the caller; undefined when closed. */
  fdget(fd: number): import('../base/object.ts').FdTarget;
}
