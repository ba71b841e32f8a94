/**
 * The batch commands (`bpf_map_do_batch`, `generic_map_*_batch`,
 * `__htab_map_lookup_and_delete_batch`).
 *
 * Generic ones go element by element and use the last key as token; hash tables go
 * bucket by bucket and use the bucket's number.
 */

import { FMODE_READ, FMODE_WRITE } from '../base/object.ts';
import type { Work } from '../base/work.ts';
import type { BpfMap, MapBuckets } from '../maps/map.ts';
import { hasSpinLock } from '../maps/value.ts';
import { BPF_ELEM, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { EFAULT, EINVAL, ENOENT, ENOMEM, ENOSPC, ENOTSUPP, EPERM } from '../uapi/errno.ts';
import type { Attr } from './attr.ts';
import { BATCH } from './attr_table.ts';
import type { Caller } from './caller.ts';
import { mapFile, mapPerms } from './fd.ts';
import type { Kernel } from './kernel.ts';
import { copyValue, deleteElem, nextKey, updateValue, userValueSize } from './map_elem.ts';
import type { Scratch } from './scratch.ts';

const AT = BATCH.at;
const T = BPF_MAP_TYPE;
const F_LOCK = BigInt(BPF_ELEM.F_LOCK);

/** Elements from which on a batch is large: it pauses for others after so many, and has buffers of its own. */
const LARGE = 1024;
/** Buckets between two pauses. */
const LARGE_BUCKETS = 256;

/** The four batch commands. */
type BatchCommand = 'lookup' | 'lookupAndDelete' | 'update' | 'delete';

/** How a map type does batches (`BATCH_OPS` of each `struct bpf_map_ops`). */
const STYLE: ReadonlyMap<number, { readonly style: 'generic' | 'htab'; readonly remove: boolean }> = new Map([
  [T.HASH, { style: 'htab', remove: true }],
  [T.PERCPU_HASH, { style: 'htab', remove: true }],
  [T.LRU_HASH, { style: 'htab', remove: true }],
  [T.LRU_PERCPU_HASH, { style: 'htab', remove: true }],
  [T.HASH_OF_MAPS, { style: 'htab', remove: true }],
  [T.ARRAY, { style: 'generic', remove: false }],
  [T.PERCPU_ARRAY, { style: 'generic', remove: false }],
  [T.ARRAY_OF_MAPS, { style: 'generic', remove: false }],
  [T.LPM_TRIE, { style: 'generic', remove: true }],
]);

/** What one batch works on. */
interface Batch {
  readonly kernel: Kernel;
  readonly attr: Attr;
  readonly caller: Caller;
  readonly map: BpfMap;
  /** Elements wanted or given. */
  readonly count: number;
  readonly elemFlags: number;
  /** Bytes of a value as exchanged. */
  readonly valueSize: number;
}

/** Makes the handler of one batch command. A signal does not end a batch, as in the kernel. */
function batchCommand(command: BatchCommand): (kernel: Kernel, attr: Attr, caller: Caller) => number | Work {
  const needs =
    command === 'lookup' ? FMODE_READ : command === 'lookupAndDelete' ? FMODE_READ | FMODE_WRITE : FMODE_WRITE;
  return (kernel, attr, caller) => {
    const file = mapFile(caller, attr.get(AT.map_fd));
    if (typeof file === 'number') return file;
    const map = file.object as BpfMap;
    if ((mapPerms(file, map) & needs) !== needs) return -EPERM;
    const how = STYLE.get(map.mapType);
    if (how === undefined) return -ENOTSUPP;
    if (command === 'delete' && !how.remove) return -ENOTSUPP;
    if (command === 'lookupAndDelete' && how.style !== 'htab') return -ENOTSUPP;
    const elemFlags = attr.getBig(AT.elem_flags);
    if ((elemFlags & ~F_LOCK) !== 0n) return -EINVAL;
    if (elemFlags !== 0n && !hasSpinLock(map)) return -EINVAL;
    const byBucket = how.style === 'htab' && (command === 'lookup' || command === 'lookupAndDelete');
    if (byBucket && attr.getBig(AT.flags) !== 0n) return -EINVAL;
    const count = attr.get(AT.count);
    if (count === 0) return 0;
    if (attr.put(caller, AT.count, 0) < 0) return -EFAULT;
    const batch: Batch = {
      kernel,
      attr,
      caller,
      map,
      count,
      elemFlags: Number(elemFlags),
      valueSize: userValueSize(map),
    };
    if (byBucket && map.ops.buckets !== undefined)
      return holdingMap(map, bucketBatch(batch, map.ops.buckets, command === 'lookupAndDelete'));
    return holdingMap(map, command === 'lookup' ? lookupBatch(batch) : storeBatch(batch, command === 'update'));
  };
}

/** A batch outlives the descriptor it was begun with. */
function* holdingMap(map: BpfMap, work: Work): Work {
  map.get();
  try {
    return yield* work;
  } finally {
    map.put();
  }
}

/** A buffer of the kernel for a short batch; one of its own for a batch that others may interrupt. */
function takeBuffer(batch: Batch, scratch: Scratch, size: number): number {
  return batch.count > LARGE ? batch.kernel.arena.alloc(size) : scratch.take(size);
}

function releaseBuffer(batch: Batch, scratch: Scratch, addr: number, size: number): void {
  if (batch.count <= LARGE) scratch.release(addr, size);
  else if (addr !== 0) batch.kernel.arena.free(addr, size);
}

/** MAP_LOOKUP_BATCH. */
export const mapLookupBatch = batchCommand('lookup');
/** MAP_LOOKUP_AND_DELETE_BATCH. */
export const mapLookupAndDeleteBatch = batchCommand('lookupAndDelete');
/** MAP_UPDATE_BATCH. */
export const mapUpdateBatch = batchCommand('update');
/** MAP_DELETE_BATCH. */
export const mapDeleteBatch = batchCommand('delete');

/** `generic_map_update_batch` and `generic_map_delete_batch`: stops at the first error, tells how many were done. */
function* storeBatch(batch: Batch, update: boolean): Work {
  const { kernel, attr, caller, map, count, valueSize } = batch;
  const keySize = map.keySize;
  const keyBuffer = kernel.scratch.key;
  const valueBuffer = kernel.scratch.value;
  const key = takeBuffer(batch, keyBuffer, keySize);
  const value = update ? takeBuffer(batch, valueBuffer, valueSize) : 0;
  let result = key === 0 || (update && value === 0) ? -ENOMEM : 0;
  if (result === 0) {
    const keyBytes = keyBuffer.view(key, keySize);
    const valueBytes = valueBuffer.view(value, update ? valueSize : 0);
    const ukeys = attr.addr(AT.keys);
    const uvalues = attr.addr(AT.values);
    let done = 0;
    for (; done < count; done++) {
      result = caller.read(ukeys + done * keySize, keyBytes);
      if (result === 0 && update) result = caller.read(uvalues + done * valueSize, valueBytes);
      if (result === 0) {
        result = update ? updateValue(map, key, value, batch.elemFlags, caller) : deleteElem(map, key, caller);
      }
      if (result !== 0) break;
      if (done % LARGE === LARGE - 1 && done + 1 < count) yield;
    }
    if (attr.put(caller, AT.count, done) < 0) result = -EFAULT;
  }
  releaseBuffer(batch, keyBuffer, key, keySize);
  if (update) releaseBuffer(batch, valueBuffer, value, valueSize);
  return result;
}

/** `generic_map_lookup_batch`. */
function* lookupBatch(batch: Batch): Work {
  const { kernel, caller, map, attr, valueSize } = batch;
  const keySize = map.keySize;
  const { key: prevBuffer, nextKey: keyBuffer, value: valueBuffer } = kernel.scratch;
  const prev = takeBuffer(batch, prevBuffer, keySize);
  const key = takeBuffer(batch, keyBuffer, keySize);
  const value = takeBuffer(batch, valueBuffer, valueSize);
  let result = -ENOMEM;
  if (prev !== 0 && key !== 0 && value !== 0) {
    const token = attr.addr(AT.in_batch);
    const bytes = prevBuffer.view(prev, keySize);
    result = token !== 0 && caller.read(token, bytes) < 0 ? -EFAULT : yield* walk(batch, prev, key, value, token !== 0);
  }
  releaseBuffer(batch, prevBuffer, prev, keySize);
  releaseBuffer(batch, keyBuffer, key, keySize);
  releaseBuffer(batch, valueBuffer, value, valueSize);
  return result;
}

/** Copies elements out, from the one after `prev` (or the first) on. */
function* walk(batch: Batch, prev: number, key: number, value: number, hasPrev: boolean): Work {
  const { kernel, caller, map, attr, valueSize, count } = batch;
  const keySize = map.keySize;
  const arena = kernel.arena;
  const keyBytes = kernel.scratch.nextKey.view(key, keySize);
  const valueBytes = kernel.scratch.value.view(value, valueSize);
  const ukeys = attr.addr(AT.keys);
  const uvalues = attr.addr(AT.values);
  let done = 0;
  let result = 0;
  while (done < count) {
    result = nextKey(map.ops, map, hasPrev ? prev : 0, key);
    if (result !== 0) break;
    result = copyValue(map, key, value, batch.elemFlags, caller);
    if (result !== 0 && result !== -ENOENT) return result;
    if (result === 0) {
      if (caller.write(ukeys + done * keySize, keyBytes) < 0) return -EFAULT;
      if (caller.write(uvalues + done * valueSize, valueBytes) < 0) return -EFAULT;
      done++;
      if (done % LARGE === 0 && done < count) yield;
    }
    arena.u8.copyWithin(prev, key, key + keySize);
    hasPrev = true;
  }
  if (result === -EFAULT) return result;
  if (attr.put(caller, AT.count, done) < 0) return -EFAULT;
  if (done > 0) {
    const last = kernel.scratch.key.view(prev, keySize);
    if (caller.write(attr.addr(AT.out_batch), last) < 0) return -EFAULT;
  }
  return result;
}

/** `__htab_map_lookup_and_delete_batch`: whole buckets only. */
function* bucketBatch(batch: Batch, buckets: MapBuckets, remove: boolean): Work {
  const { kernel, caller, map, attr, count, valueSize } = batch;
  const keySize = map.keySize;
  const token = new Uint32Array(1);
  const tokenBytes = new Uint8Array(token.buffer);
  const utoken = attr.addr(AT.in_batch);
  if (utoken !== 0 && caller.read(utoken, tokenBytes) < 0) return -EFAULT;
  const nrBuckets = buckets.count(map);
  let bucket = token[0] as number;
  if (bucket >= nrBuckets) return -ENOENT;
  const ukeys = attr.addr(AT.keys);
  const uvalues = attr.addr(AT.values);
  let total = 0;
  let result = 0;
  for (; result === 0; ) {
    const length = buckets.length(map, bucket);
    if (length > count - total) {
      if (total === 0) result = -ENOSPC;
      break;
    }
    if (length > 0) {
      const keys = kernel.arena.alloc(length * keySize);
      const values = kernel.arena.alloc(length * valueSize);
      if (keys === 0 || values === 0) result = -ENOMEM;
      else {
        buckets.copy(map, bucket, keys, values, remove);
        const u8 = kernel.arena.u8;
        if (
          caller.write(ukeys + total * keySize, u8.subarray(keys, keys + length * keySize)) < 0 ||
          caller.write(uvalues + total * valueSize, u8.subarray(values, values + length * valueSize)) < 0
        )
          result = -EFAULT;
      }
      kernel.arena.free(keys, length * keySize);
      kernel.arena.free(values, length * valueSize);
      if (result !== 0) break;
    }
    total += length;
    if (++bucket >= nrBuckets) result = -ENOENT;
    else if (bucket % LARGE_BUCKETS === 0) yield;
  }
  if (result === -EFAULT) return result;
  token[0] = bucket;
  if (caller.write(attr.addr(AT.out_batch), tokenBytes) < 0) return -EFAULT;
  return attr.put(caller, AT.count, total) < 0 ? -EFAULT : result;
}
