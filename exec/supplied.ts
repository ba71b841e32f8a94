/**
 * Files of the kernel that loaders read, for machines whose kernel has none: the numbers of
 * tracepoints and probes, and the kernel's configuration. They are there for open(2) alone,
 * and only where the types of the emulated kernel are not the machine's: then nothing else
 * here is its own either.
 */
import { gzipSync } from 'node:zlib';
import { BTF_KIND, type Btf } from '../btf/btf.ts';

/** Numbers of the kinds of events, where the machine gives none: those it gives are small. */
export const SUPPLIED_PMU = { kprobe: 0x7e, uprobe: 0x7f } as const;

/** The configuration of a kernel that does what is emulated: what loaders ask for. */
const CONFIG: readonly (readonly [string, string])[] = [
  ['64BIT', 'y'],
  ['X86_64', 'y'],
  ['SMP', 'y'],
  ['HZ', '250'],
  ['BPF', 'y'],
  ['BPF_SYSCALL', 'y'],
  ['HAVE_EBPF_JIT', 'y'],
  ['BPF_JIT', 'y'],
  ['BPF_JIT_ALWAYS_ON', 'y'],
  ['BPF_UNPRIV_DEFAULT_OFF', 'y'],
  ['BPF_LSM', 'y'],
  ['BPF_EVENTS', 'y'],
  ['BPF_STREAM_PARSER', 'y'],
  ['DEBUG_INFO_BTF', 'y'],
  ['CGROUPS', 'y'],
  ['CGROUP_BPF', 'y'],
  ['SOCK_CGROUP_DATA', 'y'],
  ['TRACING', 'y'],
  ['FTRACE', 'y'],
  ['FTRACE_SYSCALLS', 'y'],
  ['FUNCTION_TRACER', 'y'],
  ['DYNAMIC_FTRACE', 'y'],
  ['KPROBES', 'y'],
  ['KPROBE_EVENTS', 'y'],
  ['UPROBE_EVENTS', 'y'],
  ['KALLSYMS', 'y'],
  ['SECURITY', 'y'],
  ['NET', 'y'],
  ['INET', 'y'],
  ['IPV6', 'y'],
  ['XDP_SOCKETS', 'y'],
  ['LWTUNNEL_BPF', 'y'],
  ['NET_CLS_BPF', 'y'],
  ['NET_CLS_ACT', 'y'],
  ['NET_SCH_INGRESS', 'y'],
  ['NETFILTER', 'y'],
  ['XFRM', 'y'],
];

const ID = /^\/sys\/kernel\/(?:debug\/)?tracing\/events\/(\w+)\/(\w+)\/id$/;
const PMU = /^\/sys\/bus\/event_source\/devices\/(kprobe|uprobe)\/(type|format\/retprobe|format\/ref_ctr_offset)$/;

/** Kinds of tracepoints, in the low bits of their numbers. */
const PLAIN = 0n;
const SYS_ENTER = 1n;
const SYS_EXIT = 2n;
/** Sizes of records whose structure is not known: `struct trace_entry` and six arguments; a number and a result. */
const ENTER_SIZE = 64;
const EXIT_SIZE = 24;
/** Where no structure tells: what programs may read at most (`PERF_MAX_TRACE_SIZE`). */
const RECORD_MAX = 8192;

/** What a number that {@link suppliedFile} gave for a tracepoint means; undefined: it gave none such. */
export function suppliedTracepoint(btf: Btf, id: bigint): { name: string; recordSize: number } | undefined {
  const type = btf.type(Number(id >> 2n));
  if (type === undefined) return undefined;
  const kind = id & 3n;
  if (kind === PLAIN) {
    if (type.kind !== BTF_KIND.TYPEDEF || !type.name.startsWith('btf_trace_')) return undefined;
    const name = type.name.slice('btf_trace_'.length);
    const record = btf.type(btf.find(`trace_event_raw_${name}`, BTF_KIND.STRUCT));
    return { name, recordSize: record?.size ?? RECORD_MAX };
  }
  if (type.kind !== BTF_KIND.FUNC || !type.name.startsWith('__x64_sys_')) return undefined;
  const call = type.name.slice('__x64_sys_'.length);
  return kind === SYS_ENTER
    ? { name: `sys_enter_${call}`, recordSize: ENTER_SIZE }
    : { name: `sys_exit_${call}`, recordSize: EXIT_SIZE };
}

function tracepointId(btf: Btf, system: string, name: string): bigint | undefined {
  const call = system === 'syscalls' ? /^sys_(enter|exit)_(\w+)$/.exec(name) : null;
  const id =
    call === null ? btf.find(`btf_trace_${name}`, BTF_KIND.TYPEDEF) : btf.find(`__x64_sys_${call[2]}`, BTF_KIND.FUNC);
  if (id === 0) return undefined;
  return (BigInt(id) << 2n) | (call === null ? PLAIN : call[1] === 'enter' ? SYS_ENTER : SYS_EXIT);
}

/** What a file holds that the machine does not have; undefined: it is not supplied. */
export function suppliedFile(btf: Btf | undefined, cpus: number, path: string): Uint8Array | undefined {
  if (path === '/proc/config.gz') {
    const lines = [...CONFIG, ['NR_CPUS', `${cpus}`] as const].map(([name, value]) => `CONFIG_${name}=${value}\n`);
    return new Uint8Array(gzipSync(lines.join('')));
  }
  const pmu = PMU.exec(path);
  if (pmu !== null) {
    const number = SUPPLIED_PMU[pmu[1] as keyof typeof SUPPLIED_PMU];
    const text = pmu[2] === 'type' ? `${number}` : pmu[2] === 'format/retprobe' ? 'config:0' : 'config:32-63';
    return Buffer.from(`${text}\n`);
  }
  const event = ID.exec(path);
  const id = event === null || btf === undefined ? undefined : tracepointId(btf, event[1] ?? '', event[2] ?? '');
  return id === undefined ? undefined : Buffer.from(`${id}\n`);
}
