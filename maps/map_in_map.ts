/**
 * The template of a map of maps: what it keeps of the map it was given, and
 * whether another map fits (source: behaviour of kernel/bpf/map_in_map.c).
 */

import type { BtfRecord } from '../btf/btf.ts';
import { BPF_F_MAP } from '../uapi/bpf.ts';
import { EINVAL, ENOTSUPP } from '../uapi/errno.ts';
import type { BpfMap, MapCreateAttr, MapMeta } from './map.ts';

/** `bpf_map_meta_alloc`: the template, or -errno (also that of the descriptor). */
export function mapMetaAlloc(attr: MapCreateAttr): MapMeta | number {
  const inner = attr.innerMap;
  if (typeof inner === 'number') return inner;
  if (inner.innerMapMeta !== undefined) return -EINVAL;
  // Neither a map that is one program's own.
  if (inner.ops.metaEqual === undefined || inner.exclProgHash !== undefined) return -ENOTSUPP;
  const { ops, mapType, keySize, valueSize, maxEntries, mapFlags, mapExtra, record, btf } = inner;
  return { ops, mapType, keySize, valueSize, maxEntries, mapFlags, mapExtra, record, btf };
}

/** `bpf_map_meta_equal`. */
export function mapMetaEqual(template: MapMeta, map: MapMeta): boolean {
  return (
    template.mapType === map.mapType &&
    template.keySize === map.keySize &&
    template.valueSize === map.valueSize &&
    template.mapFlags === map.mapFlags &&
    recordEqual(template.record, map.record)
  );
}

/** `array_map_meta_equal`: the size counts too, unless the template was made with BPF_F_INNER_MAP. */
export function arrayMetaEqual(template: MapMeta, map: MapMeta): boolean {
  if (!mapMetaEqual(template, map)) return false;
  return (template.mapFlags & BPF_F_MAP.INNER_MAP) !== 0 || template.maxEntries === map.maxEntries;
}

/** As {@link mapMetaEqual}, and the same number of entries (`xsk_map_meta_equal`). */
export function sizedMetaEqual(template: MapMeta, map: MapMeta): boolean {
  return mapMetaEqual(template, map) && template.maxEntries === map.maxEntries;
}

/** `btf_record_equal`: the same special fields at the same places. */
function recordEqual(a: BtfRecord | undefined, b: BtfRecord | undefined): boolean {
  const left = a?.fields ?? [];
  const right = b?.fields ?? [];
  if (left.length !== right.length) return false;
  return left.every((field, i) => {
    const other = right[i];
    return (
      other !== undefined &&
      field.kind === other.kind &&
      field.offset === other.offset &&
      field.size === other.size &&
      field.btf === other.btf &&
      field.typeId === other.typeId &&
      field.nodeOffset === other.nodeOffset
    );
  });
}

/** `bpf_map_fd_get_ptr`: whether a map may be put into the outer one: 0, -EINVAL, or -ENOTSUPP for a map that is one program's own. */
export function fitsInner(outer: BpfMap, inner: BpfMap): number {
  if (inner.exclProgHash !== undefined) return -ENOTSUPP;
  const meta = outer.innerMapMeta;
  return meta?.ops.metaEqual?.(meta, inner) === true ? 0 : -EINVAL;
}
