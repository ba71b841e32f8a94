/** Names of what programs return, by type (include/uapi/linux/bpf.h, pkt_cls.h, netfilter.h). */
import { BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import { errnoName } from '../../uapi/errno.ts';

const TC = [
  'TC_ACT_OK',
  'TC_ACT_RECLASSIFY',
  'TC_ACT_SHOT',
  'TC_ACT_PIPE',
  'TC_ACT_STOLEN',
  'TC_ACT_QUEUED',
  'TC_ACT_REPEAT',
  'TC_ACT_REDIRECT',
  'TC_ACT_TRAP',
];
const TC_ACT_UNSPEC = 0xffffffff;
const SK = ['SK_DROP', 'SK_PASS'];
const ALLOW = ['deny', 'allow'];
const LWT = ['BPF_OK', '', 'BPF_DROP', '', '', '', '', 'BPF_REDIRECT'];

const NAMES: ReadonlyMap<number, readonly string[]> = new Map<number, readonly string[]>([
  [PT.XDP, ['XDP_ABORTED', 'XDP_DROP', 'XDP_PASS', 'XDP_TX', 'XDP_REDIRECT']],
  [PT.SCHED_CLS, TC],
  [PT.SCHED_ACT, TC],
  [PT.SK_SKB, SK],
  [PT.SK_MSG, SK],
  [PT.SK_LOOKUP, SK],
  [PT.SK_REUSEPORT, SK],
  [PT.CGROUP_SKB, ['drop', 'pass', 'drop, congestion', 'pass, congestion']],
  [PT.CGROUP_SOCK, ALLOW],
  [PT.CGROUP_SOCK_ADDR, ALLOW],
  [PT.CGROUP_SOCKOPT, ALLOW],
  [PT.CGROUP_SYSCTL, ALLOW],
  [PT.CGROUP_DEVICE, ALLOW],
  [PT.LWT_IN, LWT],
  [PT.LWT_OUT, LWT],
  [PT.LWT_XMIT, LWT],
  [PT.LWT_SEG6LOCAL, LWT],
  [PT.NETFILTER, ['NF_DROP', 'NF_ACCEPT']],
]);

/** Types whose programs may answer with a negative errno, and the least such number as 32 bits. */
const ERRNO_TYPES: ReadonlySet<number> = new Set([PT.LSM, PT.TRACING, PT.CGROUP_SOCKOPT, PT.STRUCT_OPS, PT.SYSCALL]);
const ERRNO_MIN = 0x1_0000_0000 - 4095;

/** Name of a return value, or undefined when the type has none for it. */
export function verdictName(type: number, retval: number): string | undefined {
  if ((type === PT.SCHED_CLS || type === PT.SCHED_ACT) && retval === TC_ACT_UNSPEC) return 'TC_ACT_UNSPEC';
  // Hooks that answer with an errno.
  if (ERRNO_TYPES.has(type) && retval >= ERRNO_MIN) return `-${errnoName(retval | 0)}`;
  return NAMES.get(type)?.[retval] || undefined;
}
