/**
 * Special fields by name: what makes them, how large they are, how often a value
 * may have one (`enum btf_field_type`, `btf_field_type_size`, `btf_get_field_type`).
 */
import type { BtfFieldKind } from './btf.ts';

/** One bit for each kind of field, as the kernel numbers them (`BPF_SPIN_LOCK`, …). */
export const FIELD = {
  SPIN_LOCK: 1,
  TIMER: 2,
  KPTR_UNREF: 4,
  KPTR_REF: 8,
  KPTR_PERCPU: 16,
  LIST_HEAD: 32,
  LIST_NODE: 64,
  RB_ROOT: 128,
  RB_NODE: 256,
  REFCOUNT: 512,
  WORKQUEUE: 1024,
  UPTR: 2048,
  RES_SPIN_LOCK: 4096,
  TASK_WORK: 8192,
} as const;

/** Sets of fields. */
export const KPTRS = FIELD.KPTR_UNREF | FIELD.KPTR_REF | FIELD.KPTR_PERCPU;
export const POINTERS = KPTRS | FIELD.UPTR;
export const GRAPH_ROOTS = FIELD.LIST_HEAD | FIELD.RB_ROOT;
export const GRAPH_NODES = FIELD.LIST_NODE | FIELD.RB_NODE;
const LOCKS = FIELD.SPIN_LOCK | FIELD.RES_SPIN_LOCK;

/** What the value of a map may hold (`map_check_btf`). */
export const MAP_VALUE_FIELDS =
  LOCKS | FIELD.TIMER | POINTERS | GRAPH_ROOTS | FIELD.REFCOUNT | FIELD.WORKQUEUE | FIELD.TASK_WORK;
/** What an object that programs allocate may hold (`btf_parse_struct_metas`). */
export const OBJECT_FIELDS = LOCKS | GRAPH_ROOTS | GRAPH_NODES | FIELD.REFCOUNT | KPTRS;
/** The structs whose presence makes BTF_LOAD look for such objects (`alloc_obj_fields`). */
export const OBJECT_MARKS = FIELD.SPIN_LOCK | GRAPH_ROOTS | GRAPH_NODES | FIELD.REFCOUNT;

/** One kind of field. */
export interface FieldType {
  readonly bit: number;
  readonly kind: BtfFieldKind;
  readonly size: number;
  readonly align: number;
  /** A value may have only one (asked of 6.18: reference counts may be several). */
  readonly unique: boolean;
}

function fieldType(bit: number, kind: BtfFieldKind, size: number, align: number, unique = false): FieldType {
  return { bit, kind, size, align, unique };
}

/** The fields that are structs of this name. */
export const STRUCT_FIELDS: readonly FieldType[] = [
  fieldType(FIELD.SPIN_LOCK, 'bpf_spin_lock', 4, 4, true),
  fieldType(FIELD.RES_SPIN_LOCK, 'bpf_res_spin_lock', 4, 4, true),
  fieldType(FIELD.TIMER, 'bpf_timer', 16, 8, true),
  fieldType(FIELD.WORKQUEUE, 'bpf_wq', 16, 8, true),
  fieldType(FIELD.TASK_WORK, 'bpf_task_work', 8, 8, true),
  fieldType(FIELD.LIST_HEAD, 'bpf_list_head', 16, 8),
  fieldType(FIELD.LIST_NODE, 'bpf_list_node', 24, 8),
  fieldType(FIELD.RB_ROOT, 'bpf_rb_root', 16, 8),
  fieldType(FIELD.RB_NODE, 'bpf_rb_node', 32, 8),
  fieldType(FIELD.REFCOUNT, 'bpf_refcount', 4, 4),
];

/** The pointers, by the type tag that makes them. */
export const POINTER_FIELDS: Readonly<Record<string, FieldType>> = {
  kptr_untrusted: fieldType(FIELD.KPTR_UNREF, 'kptr_unref', 8, 8),
  kptr: fieldType(FIELD.KPTR_REF, 'kptr_ref', 8, 8),
  percpu_kptr: fieldType(FIELD.KPTR_PERCPU, 'kptr_percpu', 8, 8),
  uptr: fieldType(FIELD.UPTR, 'uptr', 8, 8),
};

/** Bits of the kinds. */
export const FIELD_BIT: Readonly<Record<BtfFieldKind, number>> = Object.fromEntries(
  [...STRUCT_FIELDS, ...Object.values(POINTER_FIELDS)].map((type) => [type.kind, type.bit]),
) as Record<BtfFieldKind, number>;

/**
 * The kernel's types that a referenced kptr in a map may point at: those with a
 * destructor (`register_btf_id_dtor_kfuncs`).
 */
export const KPTR_DESTRUCTORS: Readonly<Record<string, string>> = {
  task_struct: 'bpf_task_release_dtor',
  cgroup: 'bpf_cgroup_release_dtor',
  bpf_cpumask: 'bpf_cpumask_release_dtor',
  bpf_crypto_ctx: 'bpf_crypto_ctx_release_dtor',
  prog_test_ref_kfunc: 'bpf_kfunc_call_test_release_dtor',
  prog_test_member: 'bpf_kfunc_call_memb_release_dtor',
};
