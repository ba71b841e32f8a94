/**
 * /proc/PID/fdinfo/N of an object's descriptor, as `bpf_map_show_fdinfo`,
 * `bpf_prog_show_fdinfo` and `bpf_link_show_fdinfo` print it. bpftool reads the memory
 * use, whether a map is frozen and the owner of a prog array from there.
 */
import { readFileSync } from 'node:fs';
import type { BpfObject } from '../base/object.ts';
import { BpfMap } from '../maps/map.ts';
import { PAGE_SIZE } from '../mm/arena.ts';
import { BpfLink } from '../syscall/link.ts';
import { LoadedProg } from '../syscall/loaded_prog.ts';
import { BPF_LINK_TYPE, BPF_MAP_TYPE } from '../uapi/bpf.ts';

const O_LARGEFILE = 0o100000;

/** The whole file; undefined when the descriptor is gone. */
export function fdInfoText(object: BpfObject, pid: number, fd: number): string | undefined {
  let head: string;
  try {
    head = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1');
  } catch {
    return undefined;
  }
  const flags = (octal: string): string => `flags:\t0${(Number.parseInt(octal, 8) & ~O_LARGEFILE).toString(8)}`;
  return head.replace(/^flags:\t([0-7]+)/m, (_, octal: string) => flags(octal)) + objectInfo(object);
}

/** The object's own lines. */
function objectInfo(object: BpfObject): string {
  if (object instanceof BpfMap) return mapInfo(object);
  if (object instanceof LoadedProg) return progInfo(object);
  if (object instanceof BpfLink) return linkInfo(object);
  return object.kind === 'btf' ? `btf_id:\t${object.id}\n` : '';
}

function mapInfo(map: BpfMap): string {
  const lines = [
    `map_type:\t${map.mapType}`,
    `key_size:\t${map.keySize}`,
    `value_size:\t${map.valueSize}`,
    `max_entries:\t${map.maxEntries}`,
    `map_flags:\t0x${(map.mapFlags >>> 0).toString(16)}`,
    `map_extra:\t0x${map.mapExtra.toString(16)}`,
    `memlock:\t${map.ops.memUsage(map)}`,
    `map_id:\t${map.id}`,
    `frozen:\t${map.frozen ? 1 : 0}`,
  ];
  if (map.mapType === BPF_MAP_TYPE.PROG_ARRAY && map.ownerProgType !== 0)
    lines.push(`owner_prog_type:\t${map.ownerProgType}`, `owner_jited:\t${map.ownerJited ? 1 : 0}`);
  return `${lines.join('\n')}\n`;
}

function tagOf(prog: BpfObject): string {
  return prog instanceof LoadedProg ? Buffer.from(prog.tag).toString('hex') : '0000000000000000';
}

/** Size of `struct bpf_prog` before its instructions; a program takes whole pages (`bpf_prog_alloc`). */
const PROG_HEADER = 72;

function progInfo(prog: LoadedProg): string {
  const bytes = PROG_HEADER + prog.shown.insns.length;
  const lines = [
    `prog_type:\t${prog.type}`,
    `prog_jited:\t${prog.jited ? 1 : 0}`,
    `prog_tag:\t${tagOf(prog)}`,
    `memlock:\t${Math.ceil(bytes / PAGE_SIZE) * PAGE_SIZE}`,
    `prog_id:\t${prog.id}`,
    `run_time_ns:\t${prog.runTimeNs}`,
    `run_cnt:\t${prog.runCnt}`,
    `recursion_misses:\t0`,
    `verified_insns:\t${prog.facts.verifiedInsns}`,
  ];
  return `${lines.join('\n')}\n`;
}

function linkInfo(link: BpfLink): string {
  const name = Object.entries(BPF_LINK_TYPE)
    .find(([, number]) => number === link.linkType)?.[0]
    .toLowerCase();
  const lines = [
    `link_type:\t${link.typeName?.() ?? (name === 'perf_event' ? 'perf' : (name ?? link.linkType))}`,
    `link_id:\t${link.id}`,
    ...(link.prog.id === 0 ? [] : [`prog_tag:\t${tagOf(link.prog)}`, `prog_id:\t${link.prog.id}`]),
  ];
  return `${lines.join('\n')}\n${link.fdinfo?.() ?? ''}`;
}
