/**
 * Structures of operations that struct_ops programs are members of: which members a
 * program may be, what its arguments are beyond their prototypes, which fields it may
 * write (`struct bpf_struct_ops`, `struct bpf_verifier_ops`; net/ipv4/bpf_tcp_ca.c,
 * net/bpf/bpf_dummy_struct_ops.c).
 */
import { EINVAL, ENOTSUPP } from '../../uapi/errno.ts';
import type { WritableFields } from './writable.ts';

/** One structure. */
export interface StructOpsRules {
  readonly name: string;
  /** Members that no program can be: the kernel's own structure has no stub for them. */
  readonly unsupported: ReadonlySet<string>;
  /** Whether a program may be this member (`check_member`): 0 or -errno. */
  checkMember(member: string, sleepable: boolean): number;
  /** Arguments that point to one struct are taken to point to another that begins with it. */
  readonly promote?: { readonly from: string; readonly to: string };
  readonly writable: WritableFields;
  /** It has no helpers at all (no `get_func_proto`). */
  readonly noHelpers?: boolean;
}

const TCP: StructOpsRules = {
  name: 'tcp_congestion_ops',
  unsupported: new Set(['get_info']),
  checkMember: () => 0,
  promote: { from: 'sock', to: 'tcp_sock' },
  writable: {
    structs: ['tcp_sock'],
    shown: 'tcp_sock',
    fields: [
      { path: ['sk_pacing_rate'], in: 'sock' },
      { path: ['sk_pacing_status'], in: 'sock' },
      { path: ['icsk_ca_priv'], in: 'inet_connection_sock', anywhere: true },
      { path: ['icsk_ack', 'pending'], in: 'inet_connection_sock' },
      { path: ['snd_cwnd'], in: 'tcp_sock' },
      { path: ['snd_cwnd_cnt'], in: 'tcp_sock' },
      { path: ['snd_cwnd_stamp'], in: 'tcp_sock' },
      { path: ['snd_ssthresh'], in: 'tcp_sock' },
      { path: ['ecn_flags'], in: 'tcp_sock' },
      { path: ['app_limited'], in: 'tcp_sock' },
    ],
  },
};

const DUMMY: StructOpsRules = {
  name: 'bpf_dummy_ops',
  unsupported: new Set(),
  checkMember: (member, sleepable) => (sleepable && member !== 'test_sleepable' ? -EINVAL : 0),
  writable: { structs: ['bpf_dummy_ops_state'], shown: 'bpf_dummy_ops_state', fields: 'all' },
  noHelpers: true,
};

const BY_NAME: ReadonlyMap<string, StructOpsRules> = new Map([TCP, DUMMY].map((rules) => [rules.name, rules]));

/** The rules of a structure, or undefined: "is not a supported struct". */
export function structOpsRules(name: string): StructOpsRules | undefined {
  return BY_NAME.get(name);
}

/** Whether a program may be a member: 0 or -errno (`bpf_struct_ops_supported`, `check_member`). */
export function checkMember(rules: StructOpsRules, member: string, sleepable: boolean): number {
  return rules.unsupported.has(member) ? -ENOTSUPP : rules.checkMember(member, sleepable);
}
