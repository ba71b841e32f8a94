/**
 * Keys and values of a map as JSON: bytes, plain numbers, BTF values, descriptors,
 * and one value a CPU for the per-CPU types.
 */

import type { Btf } from '../../btf/btf.ts';
import { decodeJson, encodeJson } from '../../btf/json.ts';
import type { BpfMap } from '../../maps/map.ts';
import { BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import { userValueSize } from '../map_elem.ts';
import { bytesOf, FieldError, foundError, hex } from './text.ts';

const T = BPF_MAP_TYPE;
/** Values that are one per CPU for the system call. */
const PERCPU: readonly number[] = [T.PERCPU_HASH, T.PERCPU_ARRAY, T.LRU_PERCPU_HASH, T.PERCPU_CGROUP_STORAGE];

/** Resolves `$name` to a descriptor number; undefined when there is no such name. */
export type Names = (name: string) => number | undefined;

/** How one side of an element is written. */
interface Shape {
  readonly size: number;
  readonly btf: Btf | undefined;
  readonly typeId: number;
}

/** A key of the map. */
export function keyShape(map: BpfMap): Shape {
  return { size: map.keySize, btf: map.btf, typeId: map.btfKeyTypeId };
}

/** A value of the map, of one CPU. */
function valueShape(map: BpfMap): Shape {
  return { size: map.valueSize, btf: map.btf, typeId: map.btfValueTypeId };
}

/** Whether the system call exchanges one value for each CPU. */
export function isPercpu(map: BpfMap): boolean {
  return PERCPU.includes(map.mapType);
}

/** Bytes of a key or of one value. */
export function elementBytes(shape: Shape, value: unknown, path: string, names: Names): Uint8Array {
  const { size, btf, typeId } = shape;
  const fd = descriptor(value, size, names, path);
  if (fd !== undefined) return fd;
  const plain = bytesOf(value);
  if (plain?.length === size) return plain;
  const bytes = new Uint8Array(size);
  if (btf !== undefined && typeId !== 0) {
    const problem = encodeJson(btf, typeId, value, bytes);
    if (problem !== undefined) throw foundError(joined(path, problem.path), problem.found, problem.wanted);
    return bytes;
  }
  if (typeof value === 'number' && Number.isSafeInteger(value) && fits(value, size)) {
    for (let i = 0, rest = BigInt(value); i < size; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
    return bytes;
  }
  throw new FieldError(
    path,
    value,
    `${size} bytes as hex text or a list of numbers${size <= 8 ? ', or a number' : ''}`,
  );
}

function fits(value: number, size: number): boolean {
  if (size === 0 || size > 8) return false;
  return value >= -(2 ** (size * 8 - 1)) && value < 2 ** (size * 8);
}

/** `$name`: the number of a descriptor, for maps that hold them. */
function descriptor(value: unknown, size: number, names: Names, path: string): Uint8Array | undefined {
  if (typeof value !== 'string' || !value.startsWith('$') || size !== 4) return undefined;
  const fd = names(value.slice(1));
  if (fd === undefined) throw new FieldError(path, value, 'the name of an open descriptor');
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, fd, true);
  return bytes;
}

/** Bytes of a value as the system call takes it. */
export function valueBytes(map: BpfMap, value: unknown, path: string, names: Names): Uint8Array {
  if (!isPercpu(map)) return elementBytes(valueShape(map), value, path, names);
  const size = userValueSize(map);
  const whole = bytesOf(value);
  if (whole?.length === size) return whole;
  const cpus = map.env.nrCpus;
  const stride = size / cpus;
  const bytes = new Uint8Array(size);
  if (!Array.isArray(value) || value.length !== cpus)
    throw new FieldError(path, value, `a list of ${cpus} values, one for each CPU, or ${size} bytes as hex text`);
  value.forEach((one, cpu) => {
    bytes.set(elementBytes(valueShape(map), one, `${path}[${cpu}]`, names), cpu * stride);
  });
  return bytes;
}

/** A key or value for the reply: its hex, and its JSON when there is BTF. */
export function elementJson(shape: Shape, bytes: Uint8Array): unknown {
  return shape.btf === undefined || shape.typeId === 0
    ? undefined
    : decodeJson(shape.btf, shape.typeId, bytes.subarray(0, shape.size));
}

/** Path of a part of a value: `value`, `value.x`, `value[2]`. */
function joined(path: string, part: string): string {
  return part === '' ? path : part.startsWith('[') ? `${path}${part}` : `${path}.${part}`;
}

/** A value as exchanged, for the reply. */
export function valueJson(map: BpfMap, bytes: Uint8Array): unknown {
  const shape = valueShape(map);
  if (shape.btf === undefined || shape.typeId === 0) return undefined;
  if (!isPercpu(map)) return elementJson(shape, bytes);
  const stride = bytes.length / map.env.nrCpus;
  return Array.from({ length: map.env.nrCpus }, (_, cpu) =>
    elementJson(shape, bytes.subarray(cpu * stride, cpu * stride + map.valueSize)),
  );
}

/** A value's bytes for the reply: per CPU a list of hex, else one. */
export function valueHex(map: BpfMap, bytes: Uint8Array): string | string[] {
  if (!isPercpu(map)) return hex(bytes);
  const stride = bytes.length / map.env.nrCpus;
  return Array.from({ length: map.env.nrCpus }, (_, cpu) => hex(bytes.subarray(cpu * stride, (cpu + 1) * stride)));
}
