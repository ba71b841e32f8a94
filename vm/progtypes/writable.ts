/**
 * Fields of the kernel's structs that programs may write (`btf_struct_access` of
 * struct bpf_verifier_ops). They are named; where they are, the kernel's BTF tells.
 */
import { BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';

/** One field: the members that lead to it, from the struct it is in. */
export interface WritableField {
  readonly path: readonly string[];
  /** The struct, which the object begins with. */
  readonly in: string;
  /** A write may begin inside it; else only where it begins. */
  readonly anywhere?: boolean;
}

/** What may be written of which structs. */
export interface WritableFields {
  readonly structs: readonly string[];
  /** The struct in messages. */
  readonly shown: string;
  /** The fields, or all there are. */
  readonly fields: readonly WritableField[] | 'all';
}

/** Connections: their mark (net/netfilter/nf_conntrack_bpf.c). */
const NF_CONN: WritableFields = {
  structs: ['nf_conn', 'nf_conn___init'],
  shown: 'nf_conn',
  fields: [{ path: ['mark'], in: 'nf_conn' }],
};

const BY_TYPE: ReadonlyMap<number, WritableFields> = new Map<number, WritableFields>([
  [PT.SCHED_CLS, NF_CONN],
  [PT.SCHED_ACT, NF_CONN],
  [PT.XDP, NF_CONN],
]);

/** What programs of a type may write of kernel structs; undefined: nothing. */
export function writableFields(progType: number): WritableFields | undefined {
  return BY_TYPE.get(progType);
}
