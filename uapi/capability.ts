/**
 * Capability numbers the bpf(2) permission checks ask for
 * (source: include/uapi/linux/capability.h).
 */
export const CAP = {
  CHOWN: 0,
  DAC_OVERRIDE: 1,
  DAC_READ_SEARCH: 2,
  FOWNER: 3,
  FSETID: 4,
  NET_ADMIN: 12,
  SYS_PTRACE: 19,
  SYS_ADMIN: 21,
  SYS_RESOURCE: 24,
  SYS_TIME: 25,
  SYSLOG: 34,
  PERFMON: 38,
  BPF: 39,
} as const;

/** Every capability up to CAP_CHECKPOINT_RESTORE (40), as root has them, as a bit mask. */
export const CAP_FULL_SET = (1n << 41n) - 1n;

/** Whether a set of capabilities (bit mask as in /proc/PID/status) holds one of them. */
export function hasCap(set: bigint, cap: number): boolean {
  return ((set >> BigInt(cap)) & 1n) === 1n;
}
