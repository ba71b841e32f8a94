/**
 * The kernel version that is emulated, as data: limits and known numbers that
 * differ between versions are looked up here, not scattered in conditions.
 */

/** What one kernel version knows. */
export interface Profile {
  readonly name: string;
  /** sizeof(union bpf_attr) (include/uapi/linux/bpf.h). */
  readonly attrSize: number;
  /** Number of bpf(2) commands: the first unknown one. */
  readonly nrCommands: number;
  /** Number of map types: the first unknown one. */
  readonly nrMapTypes: number;
  /** Sizes of the info structures of OBJ_GET_INFO_BY_FD. */
  readonly infoSize: { readonly map: number; readonly prog: number; readonly btf: number; readonly link: number };
  /** `BPF_COMPLEXITY_LIMIT_INSNS`. */
  readonly maxProcessedInsns: number;
  /** `sysctl kernel.unprivileged_bpf_disabled`. */
  readonly unprivilegedBpfDisabled: 0 | 1 | 2;
}

/** Linux 6.18, the version everything here was recorded on. */
export const LINUX_6_18: Profile = {
  name: '6.18',
  attrSize: 168,
  nrCommands: 38,
  nrMapTypes: 34,
  infoSize: { map: 104, prog: 232, btf: 32, link: 64 },
  maxProcessedInsns: 1_000_000,
  unprivilegedBpfDisabled: 2,
};
