/**
 * Iterator targets: the functions `bpf_iter_<target>` of the kernel's BTF that
 * BPF_TRACE_ITER programs attach to, and what their context arguments are beyond
 * their prototypes (`struct bpf_iter_reg`; kernel/bpf/*_iter.c, net/core/sock_map.c,
 * net/ipv4, net/ipv6, net/unix, net/netlink, mm/slab_common.c). Read from a running 6.18.
 */
import { MEM_RDONLY, PTR_MAYBE_NULL, PTR_TO_BTF_ID, PTR_TO_BUF, PTR_TRUSTED } from '../verifier/flags.ts';

/** One argument with a type of its own (`struct bpf_ctx_arg_aux`). */
export interface IterArg {
  /** Byte offset in the context. */
  readonly off: number;
  readonly regType: number;
  /** For kernel objects: the struct. */
  readonly struct?: string;
}

/** A target. */
export interface IterTarget {
  readonly name: string;
  readonly args: readonly IterArg[];
  /** bpf_setsockopt and bpf_getsockopt on its sockets (`get_func_proto`). */
  readonly sockopt?: boolean;
}

/** Prefix of the functions. */
const PREFIX = 'bpf_iter_';

const object = (off: number, struct: string): IterArg => ({ off, regType: PTR_TO_BTF_ID | PTR_MAYBE_NULL, struct });
const trusted = (off: number, struct: string): IterArg => ({
  off,
  regType: PTR_TO_BTF_ID | PTR_MAYBE_NULL | PTR_TRUSTED,
  struct,
});
const readable = (off: number): IterArg => ({ off, regType: PTR_TO_BUF | PTR_MAYBE_NULL | MEM_RDONLY });
const writable = (off: number): IterArg => ({ off, regType: PTR_TO_BUF | PTR_MAYBE_NULL });

const TARGETS: readonly IterTarget[] = [
  { name: 'task', args: [trusted(8, 'task_struct')] },
  { name: 'task_file', args: [object(8, 'task_struct'), object(24, 'file')] },
  { name: 'task_vma', args: [object(8, 'task_struct'), object(16, 'vm_area_struct')] },
  { name: 'bpf_map', args: [trusted(8, 'bpf_map')] },
  { name: 'bpf_map_elem', args: [readable(16), writable(24)] },
  { name: 'bpf_prog', args: [object(8, 'bpf_prog')] },
  { name: 'bpf_link', args: [object(8, 'bpf_link')] },
  { name: 'bpf_sk_storage_map', args: [object(16, 'sock'), writable(24)] },
  { name: 'sockmap', args: [readable(16), object(24, 'sock')] },
  { name: 'cgroup', args: [trusted(8, 'cgroup')] },
  { name: 'ksym', args: [object(8, 'kallsym_iter')] },
  { name: 'tcp', args: [trusted(8, 'sock_common')], sockopt: true },
  { name: 'udp', args: [trusted(8, 'udp_sock')] },
  { name: 'unix', args: [object(8, 'unix_sock')], sockopt: true },
  { name: 'netlink', args: [object(8, 'netlink_sock')] },
  { name: 'ipv6_route', args: [object(8, 'fib6_info')] },
  { name: 'kmem_cache', args: [trusted(8, 'kmem_cache')] },
  { name: 'dmabuf', args: [object(8, 'dma_buf')] },
];

const BY_FUNC: ReadonlyMap<string, IterTarget> = new Map(TARGETS.map((target) => [PREFIX + target.name, target]));

/** The target behind a function (`bpf_iter_task`), or undefined: no iterator (`bpf_iter_prog_supported`). */
export function iterTarget(funcName: string): IterTarget | undefined {
  return BY_FUNC.get(funcName);
}
