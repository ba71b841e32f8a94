/**
 * BPF_MAP_TYPE_LPM_TRIE: longest prefix match (source: behaviour of
 * kernel/bpf/lpm_trie.c, recorded).
 *
 * A key is `u32 prefixlen` and up to 256 bytes of data, matched from the most
 * significant bit of the first byte on. The trie has a node a prefix, and
 * intermediate nodes where two prefixes part. A node in the arena:
 *
 *   word 0, 1  addresses of the children for a next bit of 0 and 1
 *   word 2     prefix length
 *   word 3     1 for an intermediate node
 *   word 4…    the data as big-endian words, zero-padded: a prefix is compared
 *              word by word with XOR and count of leading zeros
 *   then       the value, 8-byte aligned
 *
 * Nodes are reused as nodes of the same map only (see hashtab.ts for why).
 */
import type { KernelEnv } from '../base/env.ts';
import { BTF_KIND, type Btf } from '../btf/btf.ts';
import { BPF_ELEM, BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { EEXIST, EINVAL, ENOENT, ENOMEM, ENOSPC } from '../uapi/errno.ts';
import { ACCESS_FLAGS, flagsOk, KMALLOC_MAX_SIZE } from './alloc_check.ts';
import { BpfMap, type MapCreateAttr, type MapOps } from './map.ts';
import { mapMetaEqual } from './map_in_map.ts';
import { trieMemUsage } from './mem_usage.ts';
import { NodePool } from './node_pool.ts';
import { copyMapValue, copyValueOut, freeSpecialFields, roundUp8 } from './value.ts';

const LPM_FLAGS = BPF_F_MAP.NO_PREALLOC | BPF_F_MAP.NUMA_NODE | ACCESS_FLAGS;

/** Bytes of `prefixlen` before the data of a key, and the limits of the data. */
const KEY_HEADER = 4;
const DATA_SIZE_MAX = 256;
/** `LPM_VAL_SIZE_MAX`: a node with its data and value must fit one kmalloc block. */
const VALUE_SIZE_MAX = KMALLOC_MAX_SIZE - DATA_SIZE_MAX - 40;

/**
 * Large tries have a table by the first 16 bits of a key: the node where the walk
 * has to go on, and the best match so far; -1 where it is not known yet. It holds
 * no intermediate node shorter than 16 bits, so that a change only concerns the
 * entries its own prefix covers.
 */
const JUMP_BITS = 16;
/** Prefixes from which on the table is worth its 512 KiB. */
const JUMP_MIN = 512;

const PREFIXLEN = 2;
const INTERMEDIATE = 3;
const DATA = 4;

/** A trie. */
class LpmTrieMap extends BpfMap {
  readonly ops: MapOps;
  readonly i32: Int32Array;
  readonly dataSize: number;
  readonly dataWords: number;
  readonly maxPrefixlen: number;
  readonly valueOffset: number;
  readonly pool: NodePool;
  root = 0;
  /** Prefixes in the trie. */
  count = 0;
  /** The key of the running operation: prefix length, and data as big-endian words. */
  prefixlen = 0;
  readonly data: Int32Array;
  jumps: Int32Array | undefined = undefined;

  constructor(env: KernelEnv, attr: MapCreateAttr) {
    super(env, attr);
    this.ops = trieMapOps;
    this.i32 = env.arena.i32;
    this.dataSize = attr.keySize - KEY_HEADER;
    this.dataWords = (this.dataSize + 3) >> 2;
    this.maxPrefixlen = this.dataSize * 8;
    this.valueOffset = roundUp8((DATA + this.dataWords) * 4);
    this.pool = new NodePool(env.arena, this.valueOffset + roundUp8(attr.valueSize));
    this.data = new Int32Array(this.dataWords);
  }

  /** Reads a key into {@link prefixlen} and {@link data}. */
  readKey(key: number): void {
    const { u8, view } = this.env.arena;
    this.prefixlen = view.getUint32(key, true);
    const words = this.dataSize >> 2;
    let at = key + KEY_HEADER;
    for (let i = 0; i < words; i++, at += 4) this.data[i] = view.getInt32(at, false);
    if (words === this.dataWords) return;
    let last = 0;
    for (let i = 0; i < (this.dataSize & 3); i++) last |= u8[at + i]! << (24 - 8 * i);
    this.data[words] = last;
  }
}

/** Bits a node and the key have in common from the start, at most the shorter prefix (`longest_prefix_match`). */
function matchLength(trie: LpmTrieMap, node: number): number {
  const i32 = trie.i32;
  const data = trie.data;
  const word = (node >> 2) + DATA;
  const nodeLength = i32[(node >> 2) + PREFIXLEN]!;
  const limit = Math.min(nodeLength, trie.prefixlen);
  let bits = 0;
  for (let i = 0; bits < limit; i++, bits += 32) {
    const difference = i32[word + i]! ^ data[i]!;
    if (difference !== 0) {
      bits += Math.clz32(difference);
      break;
    }
  }
  return Math.min(bits, limit);
}

/** The key's bit after a prefix of this length. */
function keyBit(trie: LpmTrieMap, index: number): number {
  return (trie.data[index >> 5]! >>> (31 - (index & 31))) & 1;
}

function nodeBit(trie: LpmTrieMap, node: number, index: number): number {
  return (trie.i32[(node >> 2) + DATA + (index >> 5)]! >>> (31 - (index & 31))) & 1;
}

/** Address of the value of the longest prefix that matches, or 0 (`trie_lookup_elem`). */
function lookup(map: BpfMap, key: number): number {
  const trie = map as LpmTrieMap;
  trie.readKey(key);
  if (trie.prefixlen > trie.maxPrefixlen) return 0;
  let node = trie.root;
  let found = 0;
  if (trie.prefixlen >= JUMP_BITS && trie.maxPrefixlen > JUMP_BITS && trie.count >= JUMP_MIN) {
    const slot = jumpSlot(trie);
    const jumps = trie.jumps!;
    node = jumps[slot]!;
    found = jumps[slot + 1]!;
  }
  found = trie.dataWords === 1 ? match1(trie, node, found) : match(trie, node, found);
  return found === 0 ? 0 : found + trie.valueOffset;
}

/** The most specific node for the key from `node` down, `found` when there is none. */
function match(trie: LpmTrieMap, node: number, found: number): number {
  const i32 = trie.i32;
  while (node !== 0) {
    const word = node >> 2;
    const length = matchLength(trie, node);
    if (length === trie.maxPrefixlen) return node;
    if (length < i32[word + PREFIXLEN]!) break;
    if (i32[word + INTERMEDIATE] === 0) found = node;
    node = i32[word + keyBit(trie, length)]!;
  }
  return found;
}

/** As {@link match} where the data is one word. */
function match1(trie: LpmTrieMap, node: number, found: number): number {
  const i32 = trie.i32;
  const data = trie.data[0]!;
  const { prefixlen, maxPrefixlen } = trie;
  while (node !== 0) {
    const word = node >> 2;
    const nodeLength = i32[word + PREFIXLEN]!;
    const length = Math.min(Math.clz32(i32[word + DATA]! ^ data), nodeLength, prefixlen);
    if (length === maxPrefixlen) return node;
    if (length < nodeLength) break;
    if (i32[word + INTERMEDIATE] === 0) found = node;
    node = i32[word + ((data >>> (31 - length)) & 1)]!;
  }
  return found;
}

/** Index of the key's entry in the jump table, filled in. */
function jumpSlot(trie: LpmTrieMap): number {
  trie.jumps ??= new Int32Array(2 << JUMP_BITS).fill(-1);
  const slot = (trie.data[0]! >>> (32 - JUMP_BITS)) << 1;
  if (trie.jumps[slot] === -1) fillJump(trie, slot);
  return slot;
}

/** Walks down as far as the first bits of the key decide. */
function fillJump(trie: LpmTrieMap, slot: number): void {
  const i32 = trie.i32;
  const jumps = trie.jumps!;
  const bits = trie.data[0]! >>> (32 - JUMP_BITS);
  let node = trie.root;
  let found = 0;
  while (node !== 0) {
    const word = node >> 2;
    const nodeLength = i32[word + PREFIXLEN]!;
    const same = Math.clz32((i32[word + DATA]! >>> (32 - JUMP_BITS)) ^ bits) - (32 - JUMP_BITS);
    if (same < Math.min(nodeLength, JUMP_BITS)) node = 0;
    if (node === 0 || nodeLength > JUMP_BITS) break;
    if (i32[word + INTERMEDIATE] === 0) found = node;
    // A node of exactly JUMP_BITS decides by the next bit, which is not in the table: match() starts at it.
    if (nodeLength === JUMP_BITS) break;
    node = i32[word + keyBit(trie, nodeLength)]!;
  }
  jumps[slot] = node;
  jumps[slot + 1] = found;
}

/** A node with the prefix read last was added, replaced or removed: forgets what the jump table says of it. */
function forgetJumps(trie: LpmTrieMap): void {
  const jumps = trie.jumps;
  if (jumps === undefined) return;
  const length = Math.min(trie.prefixlen, JUMP_BITS);
  const first = length === 0 ? 0 : (trie.data[0]! >>> (32 - length)) << (JUMP_BITS - length);
  jumps.fill(-1, first << 1, (first + (1 << (JUMP_BITS - length))) << 1);
}

function newNode(trie: LpmTrieMap, prefixlen: number, intermediate: number): number {
  const node = trie.pool.take();
  if (node === 0) return 0;
  const word = node >> 2;
  trie.i32[word] = 0;
  trie.i32[word + 1] = 0;
  trie.i32[word + PREFIXLEN] = prefixlen;
  trie.i32[word + INTERMEDIATE] = intermediate;
  return node;
}

/** `trie_update_elem`. */
function update(map: BpfMap, key: number, value: number, flags: number): number {
  if (flags >>> 0 > BPF_ELEM.EXIST) return -EINVAL;
  const trie = map as LpmTrieMap;
  const i32 = trie.i32;
  trie.readKey(key);
  const prefixlen = trie.prefixlen;
  if (prefixlen > trie.maxPrefixlen) return -EINVAL;

  let parent = 0;
  let side = 0;
  let length = 0;
  let node = trie.root;
  while (node !== 0) {
    length = matchLength(trie, node);
    const nodeLength = i32[(node >> 2) + PREFIXLEN]!;
    if (nodeLength !== length || nodeLength === prefixlen) break;
    parent = node;
    side = keyBit(trie, nodeLength);
    node = i32[(node >> 2) + side]!;
  }
  const same = node !== 0 && i32[(node >> 2) + PREFIXLEN] === length;
  const replaces = same && i32[(node >> 2) + INTERMEDIATE] === 0;
  if (replaces) {
    if (flags === BPF_ELEM.NOEXIST) return -EEXIST;
  } else {
    if (flags === BPF_ELEM.EXIST) return -ENOENT;
    if (trie.count >= trie.maxEntries) return -ENOSPC;
  }

  const fresh = newNode(trie, prefixlen, 0);
  if (fresh === 0) return -ENOMEM;
  const freshWord = fresh >> 2;
  for (let i = 0; i < trie.dataWords; i++) i32[freshWord + DATA + i] = trie.data[i]!;
  trie.env.arena.zero(fresh + trie.valueOffset, trie.valueSize);
  copyMapValue(trie, fresh + trie.valueOffset, value);
  let top = fresh;
  if (same) {
    i32[freshWord] = i32[node >> 2]!;
    i32[freshWord + 1] = i32[(node >> 2) + 1]!;
  } else if (node !== 0 && length === prefixlen) {
    i32[freshWord + nodeBit(trie, node, length)] = node;
  } else if (node !== 0) {
    const fork = newNode(trie, length, 1);
    if (fork === 0) {
      trie.pool.give(fresh);
      return -ENOMEM;
    }
    for (let i = 0; i < trie.dataWords; i++) i32[(fork >> 2) + DATA + i] = i32[(node >> 2) + DATA + i]!;
    const bit = keyBit(trie, length);
    i32[(fork >> 2) + bit] = fresh;
    i32[(fork >> 2) + 1 - bit] = node;
    top = fork;
  }
  if (!replaces) trie.count++;
  forgetJumps(trie);
  setChild(trie, parent, side, top);
  if (same) freeNode(trie, node);
  return 0;
}

function setChild(trie: LpmTrieMap, parent: number, side: number, child: number): void {
  if (parent === 0) trie.root = child;
  else trie.i32[(parent >> 2) + side] = child;
}

function freeNode(trie: LpmTrieMap, node: number): void {
  if (trie.i32[(node >> 2) + INTERMEDIATE] === 0) freeSpecialFields(trie, node + trie.valueOffset);
  trie.pool.give(node);
}

/** `trie_delete_elem`: a node with two children stays as an intermediate one; one that only forked is removed too. */
function remove(map: BpfMap, key: number): number {
  const trie = map as LpmTrieMap;
  const i32 = trie.i32;
  trie.readKey(key);
  if (trie.prefixlen > trie.maxPrefixlen) return -EINVAL;
  let grandparent = 0;
  let grandside = 0;
  let parent = 0;
  let side = 0;
  let length = 0;
  let node = trie.root;
  while (node !== 0) {
    length = matchLength(trie, node);
    const nodeLength = i32[(node >> 2) + PREFIXLEN]!;
    if (nodeLength !== length || nodeLength === trie.prefixlen) break;
    grandparent = parent;
    grandside = side;
    parent = node;
    side = keyBit(trie, nodeLength);
    node = i32[(node >> 2) + side]!;
  }
  const word = node >> 2;
  if (node === 0 || i32[word + PREFIXLEN] !== trie.prefixlen || length !== trie.prefixlen) return -ENOENT;
  if (i32[word + INTERMEDIATE] !== 0) return -ENOENT;
  trie.count--;
  forgetJumps(trie);
  const left = i32[word]!;
  const right = i32[word + 1]!;
  if (left !== 0 && right !== 0) {
    freeSpecialFields(trie, node + trie.valueOffset);
    i32[word + INTERMEDIATE] = 1;
    return 0;
  }
  if (parent !== 0 && i32[(parent >> 2) + INTERMEDIATE] !== 0 && left === 0 && right === 0) {
    setChild(trie, grandparent, grandside, i32[(parent >> 2) + 1 - side]!);
    freeNode(trie, parent);
  } else {
    setChild(trie, parent, side, left !== 0 ? left : right);
  }
  freeNode(trie, node);
  return 0;
}

/**
 * `trie_get_next_key`: prefixes in post-order, the 0 branch first, so that a more
 * specific prefix comes before those that contain it. An unknown key starts over.
 */
function nextKey(map: BpfMap, key: number, next: number): number {
  const trie = map as LpmTrieMap;
  const i32 = trie.i32;
  if (trie.root === 0) return -ENOENT;
  let start = trie.root;
  if (key !== 0) {
    trie.readKey(key);
    if (trie.prefixlen <= trie.maxPrefixlen) {
      const following = nextAfter(trie);
      if (following < 0) return following;
      if ((following & 1) === 0) return writeKey(trie, following, next);
      if (following !== 1) start = following & ~1;
    }
  }
  let found = 0;
  for (let node = start; node !== 0; ) {
    const word = node >> 2;
    if (i32[word + INTERMEDIATE] !== 0) {
      node = i32[word]!;
    } else {
      found = node;
      node = i32[word]! !== 0 ? i32[word]! : i32[word + 1]!;
    }
  }
  return found === 0 ? -ENOENT : writeKey(trie, found, next);
}

/**
 * What follows the key read last: a node to give out; or, with bit 0 set, the root of
 * a subtree whose first node it is (1 alone: the key is unknown, start over); or -ENOENT.
 */
function nextAfter(trie: LpmTrieMap): number {
  const i32 = trie.i32;
  const path: number[] = [];
  let length = 0;
  let node = trie.root;
  while (node !== 0) {
    path.push(node);
    length = matchLength(trie, node);
    const nodeLength = i32[(node >> 2) + PREFIXLEN]!;
    if (nodeLength !== length || nodeLength === trie.prefixlen) break;
    node = i32[(node >> 2) + keyBit(trie, nodeLength)]!;
  }
  if (node === 0 || i32[(node >> 2) + PREFIXLEN] !== length || i32[(node >> 2) + INTERMEDIATE] !== 0) return 1;
  for (let depth = path.length - 1; depth > 0; depth--) {
    const parent = path[depth - 1]!;
    const sibling = i32[(parent >> 2) + 1]!;
    if (i32[parent >> 2] === path[depth] && sibling !== 0) return sibling | 1;
    if (i32[(parent >> 2) + INTERMEDIATE] === 0) return parent;
  }
  return -ENOENT;
}

function writeKey(trie: LpmTrieMap, node: number, to: number): number {
  const view = trie.env.arena.view;
  const word = (node >> 2) + DATA;
  view.setUint32(to, trie.i32[(node >> 2) + PREFIXLEN]!, true);
  for (let i = 0; i < trie.dataSize; i++) {
    trie.env.arena.u8[to + KEY_HEADER + i] = trie.i32[word + (i >> 2)]! >>> (24 - 8 * (i & 3));
  }
  return 0;
}

/** `trie_alloc`: all checks come here, after that of permission. */
function alloc(attr: MapCreateAttr, env: KernelEnv): BpfMap | number {
  const dataSize = attr.keySize - KEY_HEADER;
  if (attr.maxEntries === 0 || (attr.mapFlags & BPF_F_MAP.NO_PREALLOC) === 0 || !flagsOk(attr.mapFlags, LPM_FLAGS)) {
    return -EINVAL;
  }
  if (dataSize < 1 || dataSize > DATA_SIZE_MAX || attr.valueSize < 1 || attr.valueSize > VALUE_SIZE_MAX) return -EINVAL;
  const map = new LpmTrieMap(env, attr);
  if (map.addr === 0) return -ENOMEM;
  return map;
}

/** BPF_MAP_TYPE_LPM_TRIE. */
export const trieMapOps: MapOps = {
  type: BPF_MAP_TYPE.LPM_TRIE,
  alloc,
  free(map) {
    const trie = map as LpmTrieMap;
    if (trie.record !== undefined) walk(trie, (node) => freeSpecialFields(trie, node + trie.valueOffset));
    trie.pool.freeAll();
  },
  lookup,
  update,
  remove,
  nextKey,
  sysLookup(map, key, value) {
    const from = lookup(map, key);
    if (from === 0) return -ENOENT;
    copyValueOut(map, value, from);
    return 0;
  },
  batch: 'generic',
  metaEqual: mapMetaEqual,
  memUsage: (map) => trieMemUsage(map as LpmTrieMap),
  checkBtf(_map: BpfMap, btf: Btf, keyTypeId: number) {
    return btf.type(btf.typeIdSize(keyTypeId)?.id ?? 0)?.kind === BTF_KIND.STRUCT ? 0 : -EINVAL;
  },
};

/** Calls `visit` for every prefix. */
function walk(trie: LpmTrieMap, visit: (node: number) => void): void {
  const stack = trie.root === 0 ? [] : [trie.root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    const word = node >> 2;
    if (trie.i32[word + INTERMEDIATE] === 0) visit(node);
    if (trie.i32[word]! !== 0) stack.push(trie.i32[word]!);
    if (trie.i32[word + 1]! !== 0) stack.push(trie.i32[word + 1]!);
  }
}
