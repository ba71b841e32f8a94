/**
 * The text of one element in a pinned map (`map_seq_show_elem` of each type;
 * recorded in the golden area `cat`). Only called for maps with BTF.
 */
import { showValue } from '../btf/show.ts';
import type { BpfMap, ShowSink } from './map.ts';
import { roundUp8 } from './value.ts';

function value(map: BpfMap, at: number, out: ShowSink): void {
  if (map.btf !== undefined) showValue(map.btf, map.btfValueTypeId, map.env.arena.u8, at, out);
}

function key(map: BpfMap, at: number, out: ShowSink): void {
  if (map.btf !== undefined) showValue(map.btf, map.btfKeyTypeId, map.env.arena.u8, at, out);
}

function index(map: BpfMap, at: number): number {
  return map.env.arena.view.getUint32(at, true);
}

/** The values of all CPUs from `first` on, in braces. */
function percpuValues(map: BpfMap, first: number, out: ShowSink): void {
  out.text(': {\n');
  for (let cpu = 0; cpu < map.env.nrCpus; cpu++) {
    out.text(`\tcpu${cpu}: `);
    value(map, first + cpu * roundUp8(map.valueSize), out);
    out.text('\n');
  }
  out.text('}\n');
}

/** `array_map_seq_show_elem`: no index where there is no key type (global data). */
export function arrayShowElem(map: BpfMap, keyAt: number, out: ShowSink): void {
  const at = map.ops.lookup?.(map, keyAt) ?? 0;
  if (at === 0) return;
  if (map.btfKeyTypeId !== 0) out.text(`${index(map, keyAt)}: `);
  value(map, at, out);
  out.text('\n');
}

/** `percpu_array_map_seq_show_elem`. */
export function percpuArrayShowElem(map: BpfMap, keyAt: number, out: ShowSink): void {
  const at = map.ops.lookupPercpu?.(map, keyAt, 0) ?? 0;
  if (at === 0) return;
  out.text(`${index(map, keyAt)}`);
  percpuValues(map, at, out);
}

/** An element found by key: `htab_map_seq_show_elem`, `htab_percpu_map_seq_show_elem`, `cgroup_storage_seq_show_elem`. */
export function showKeyed(map: BpfMap, keyAt: number, at: number, percpu: boolean, out: ShowSink): void {
  if (at === 0) return;
  key(map, keyAt, out);
  if (percpu) {
    percpuValues(map, at, out);
    return;
  }
  out.text(': ');
  value(map, at, out);
  out.text('\n');
}

/** `prog_array_map_seq_show_elem`: the program's id as a value; empty slots are left out. */
export function progArrayShowElem(map: BpfMap, keyAt: number, id: number, out: ShowSink): void {
  if (id === 0 || map.btf === undefined) return;
  const word = new Uint8Array(Uint32Array.of(id).buffer);
  out.text(`${index(map, keyAt)}: `);
  showValue(map.btf, map.btfValueTypeId, word, 0, out);
  out.text('\n');
}
