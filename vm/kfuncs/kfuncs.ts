/**
 * Kernel functions that programs may call (kfuncs) on Linux 6.18: name, `KF_*` flags,
 * and the hooks they are registered for (Documentation/bpf/kfuncs.rst; the sets are
 * those of a running kernel's `struct btf_kfunc_set_tab`). The prototype of each comes
 * from BTF.
 */
import { BPF_ATTACH_TYPE as AT, BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import {
  KF_ACQUIRE,
  KF_ARENA_ARG2,
  KF_ARENA_RET,
  KF_FASTCALL,
  KF_ITER_DESTROY,
  KF_ITER_NEW,
  KF_ITER_NEXT,
  KF_RCU,
  KF_RCU_PROTECTED,
  KF_RELEASE,
  KF_RET_NULL,
  KF_SLEEPABLE,
  KF_TRUSTED_ARGS,
  type KfuncProto,
  type ProgContext,
} from '../verifier/types.ts';

/** Where kfuncs are registered (`enum btf_kfunc_hook`), as bits. */
const HOOK = {
  COMMON: 1 << 0,
  XDP: 1 << 1,
  TC: 1 << 2,
  STRUCT_OPS: 1 << 3,
  TRACING: 1 << 4,
  SYSCALL: 1 << 5,
  CGROUP: 1 << 7,
  SCHED_ACT: 1 << 8,
  SK_SKB: 1 << 9,
  SOCKET_FILTER: 1 << 10,
  LWT: 1 << 11,
  NETFILTER: 1 << 12,
  KPROBE: 1 << 13,
} as const;

/** The hook of a program type besides the common one (`bpf_prog_type_to_kfunc_hook`). */
const HOOK_OF_TYPE: ReadonlyMap<number, number> = new Map<number, number>([
  [PT.XDP, HOOK.XDP],
  [PT.SCHED_CLS, HOOK.TC],
  [PT.STRUCT_OPS, HOOK.STRUCT_OPS],
  [PT.TRACING, HOOK.TRACING],
  [PT.TRACEPOINT, HOOK.TRACING],
  [PT.PERF_EVENT, HOOK.TRACING],
  [PT.LSM, HOOK.TRACING],
  [PT.SYSCALL, HOOK.SYSCALL],
  [PT.CGROUP_SKB, HOOK.CGROUP],
  [PT.CGROUP_SOCK, HOOK.CGROUP],
  [PT.CGROUP_DEVICE, HOOK.CGROUP],
  [PT.CGROUP_SOCK_ADDR, HOOK.CGROUP],
  [PT.CGROUP_SOCKOPT, HOOK.CGROUP],
  [PT.CGROUP_SYSCTL, HOOK.CGROUP],
  [PT.SOCK_OPS, HOOK.CGROUP],
  [PT.SCHED_ACT, HOOK.SCHED_ACT],
  [PT.SK_SKB, HOOK.SK_SKB],
  [PT.SOCKET_FILTER, HOOK.SOCKET_FILTER],
  [PT.LWT_IN, HOOK.LWT],
  [PT.LWT_OUT, HOOK.LWT],
  [PT.LWT_XMIT, HOOK.LWT],
  [PT.LWT_SEG6LOCAL, HOOK.LWT],
  [PT.NETFILTER, HOOK.NETFILTER],
  [PT.KPROBE, HOOK.KPROBE],
]);

interface KfuncSet {
  readonly hooks: readonly number[];
  readonly kfuncs: readonly (readonly [name: string, flags: number])[];
}

const SETS: readonly KfuncSet[] = [
  {
    hooks: [HOOK.COMMON],
    kfuncs: [
      ['__bpf_trap', 0],
      ['bpf_arena_alloc_pages', KF_TRUSTED_ARGS | KF_SLEEPABLE | KF_ARENA_RET | KF_ARENA_ARG2],
      ['bpf_arena_free_pages', KF_TRUSTED_ARGS | KF_SLEEPABLE | KF_ARENA_ARG2],
      ['bpf_arena_reserve_pages', KF_TRUSTED_ARGS | KF_SLEEPABLE | KF_ARENA_ARG2],
      ['bpf_cast_to_kern_ctx', KF_FASTCALL],
      ['bpf_cgroup_read_xattr', KF_RCU],
      ['bpf_copy_from_user_dynptr', KF_SLEEPABLE],
      ['bpf_copy_from_user_str', KF_SLEEPABLE],
      ['bpf_copy_from_user_str_dynptr', KF_SLEEPABLE],
      ['bpf_copy_from_user_task_dynptr', KF_TRUSTED_ARGS | KF_SLEEPABLE],
      ['bpf_copy_from_user_task_str', KF_SLEEPABLE],
      ['bpf_copy_from_user_task_str_dynptr', KF_TRUSTED_ARGS | KF_SLEEPABLE],
      ['bpf_dynptr_adjust', 0],
      ['bpf_dynptr_clone', 0],
      ['bpf_dynptr_copy', 0],
      ['bpf_dynptr_is_null', 0],
      ['bpf_dynptr_is_rdonly', 0],
      ['bpf_dynptr_memset', 0],
      ['bpf_dynptr_size', 0],
      ['bpf_dynptr_slice', KF_RET_NULL],
      ['bpf_dynptr_slice_rdwr', KF_RET_NULL],
      ['bpf_get_kmem_cache', 0],
      ['bpf_iter_bits_destroy', KF_ITER_DESTROY],
      ['bpf_iter_bits_new', KF_ITER_NEW],
      ['bpf_iter_bits_next', KF_RET_NULL | KF_ITER_NEXT],
      ['bpf_iter_css_destroy', KF_ITER_DESTROY],
      ['bpf_iter_css_new', KF_TRUSTED_ARGS | KF_ITER_NEW | KF_RCU_PROTECTED],
      ['bpf_iter_css_next', KF_RET_NULL | KF_ITER_NEXT],
      ['bpf_iter_css_task_destroy', KF_ITER_DESTROY],
      ['bpf_iter_css_task_new', KF_TRUSTED_ARGS | KF_ITER_NEW],
      ['bpf_iter_css_task_next', KF_RET_NULL | KF_ITER_NEXT],
      ['bpf_iter_dmabuf_destroy', KF_SLEEPABLE | KF_ITER_DESTROY],
      ['bpf_iter_dmabuf_new', KF_SLEEPABLE | KF_ITER_NEW],
      ['bpf_iter_dmabuf_next', KF_RET_NULL | KF_SLEEPABLE | KF_ITER_NEXT],
      ['bpf_iter_kmem_cache_destroy', KF_SLEEPABLE | KF_ITER_DESTROY],
      ['bpf_iter_kmem_cache_new', KF_SLEEPABLE | KF_ITER_NEW],
      ['bpf_iter_kmem_cache_next', KF_RET_NULL | KF_SLEEPABLE | KF_ITER_NEXT],
      ['bpf_iter_num_destroy', KF_ITER_DESTROY],
      ['bpf_iter_num_new', KF_ITER_NEW],
      ['bpf_iter_num_next', KF_RET_NULL | KF_ITER_NEXT],
      ['bpf_iter_task_destroy', KF_ITER_DESTROY],
      ['bpf_iter_task_new', KF_TRUSTED_ARGS | KF_ITER_NEW | KF_RCU_PROTECTED],
      ['bpf_iter_task_next', KF_RET_NULL | KF_ITER_NEXT],
      ['bpf_iter_task_vma_destroy', KF_ITER_DESTROY],
      ['bpf_iter_task_vma_new', KF_RCU | KF_ITER_NEW],
      ['bpf_iter_task_vma_next', KF_RET_NULL | KF_ITER_NEXT],
      ['bpf_local_irq_restore', 0],
      ['bpf_local_irq_save', 0],
      ['bpf_map_sum_elem_count', KF_TRUSTED_ARGS],
      ['bpf_modify_return_test_tp', 0],
      ['bpf_preempt_disable', 0],
      ['bpf_preempt_enable', 0],
      ['bpf_probe_read_kernel_dynptr', 0],
      ['bpf_probe_read_kernel_str_dynptr', 0],
      ['bpf_probe_read_user_dynptr', 0],
      ['bpf_probe_read_user_str_dynptr', 0],
      ['bpf_rcu_read_lock', 0],
      ['bpf_rcu_read_unlock', 0],
      ['bpf_rdonly_cast', KF_FASTCALL],
      ['bpf_res_spin_lock', KF_RET_NULL],
      ['bpf_res_spin_lock_irqsave', KF_RET_NULL],
      ['bpf_res_spin_unlock', 0],
      ['bpf_res_spin_unlock_irqrestore', 0],
      ['bpf_strcasecmp', 0],
      ['bpf_strchr', 0],
      ['bpf_strchrnul', 0],
      ['bpf_strcmp', 0],
      ['bpf_strcspn', 0],
      ['bpf_stream_vprintk_impl', KF_TRUSTED_ARGS],
      ['bpf_strlen', 0],
      ['bpf_strnchr', 0],
      ['bpf_strnlen', 0],
      ['bpf_strnstr', 0],
      ['bpf_strrchr', 0],
      ['bpf_strspn', 0],
      ['bpf_strstr', 0],
      ['bpf_task_work_schedule_resume_impl', KF_TRUSTED_ARGS],
      ['bpf_task_work_schedule_signal_impl', KF_TRUSTED_ARGS],
      ['bpf_wq_init', 0],
      ['bpf_wq_set_callback_impl', 0],
      ['bpf_wq_start', 0],
    ],
  },
  {
    hooks: [HOOK.XDP, HOOK.TC, HOOK.STRUCT_OPS, HOOK.TRACING, HOOK.SYSCALL, HOOK.CGROUP],
    kfuncs: [
      ['bpf_cgroup_acquire', KF_ACQUIRE | KF_RET_NULL | KF_RCU],
      ['bpf_cgroup_ancestor', KF_ACQUIRE | KF_RET_NULL | KF_RCU],
      ['bpf_cgroup_from_id', KF_ACQUIRE | KF_RET_NULL],
      ['bpf_cgroup_release', KF_RELEASE],
      ['bpf_key_put', KF_RELEASE],
      ['bpf_list_back', KF_RET_NULL],
      ['bpf_list_front', KF_RET_NULL],
      ['bpf_list_pop_back', KF_ACQUIRE | KF_RET_NULL],
      ['bpf_list_pop_front', KF_ACQUIRE | KF_RET_NULL],
      ['bpf_list_push_back_impl', 0],
      ['bpf_list_push_front_impl', 0],
      ['bpf_lookup_system_key', KF_ACQUIRE | KF_RET_NULL],
      ['bpf_lookup_user_key', KF_ACQUIRE | KF_RET_NULL | KF_SLEEPABLE],
      ['bpf_obj_drop_impl', KF_RELEASE],
      ['bpf_obj_new_impl', KF_ACQUIRE | KF_RET_NULL],
      ['bpf_percpu_obj_drop_impl', KF_RELEASE],
      ['bpf_percpu_obj_new_impl', KF_ACQUIRE | KF_RET_NULL],
      ['bpf_rbtree_add_impl', 0],
      ['bpf_rbtree_first', KF_RET_NULL],
      ['bpf_rbtree_left', KF_RET_NULL],
      ['bpf_rbtree_remove', KF_ACQUIRE | KF_RET_NULL],
      ['bpf_rbtree_right', KF_RET_NULL],
      ['bpf_rbtree_root', KF_RET_NULL],
      ['bpf_refcount_acquire_impl', KF_ACQUIRE | KF_RET_NULL | KF_RCU],
      ['bpf_send_signal_task', KF_TRUSTED_ARGS],
      ['bpf_task_acquire', KF_ACQUIRE | KF_RET_NULL | KF_RCU],
      ['bpf_task_from_pid', KF_ACQUIRE | KF_RET_NULL],
      ['bpf_task_from_vpid', KF_ACQUIRE | KF_RET_NULL],
      ['bpf_task_get_cgroup1', KF_ACQUIRE | KF_RET_NULL | KF_RCU],
      ['bpf_task_release', KF_RELEASE],
      ['bpf_task_under_cgroup', KF_RCU],
      ['bpf_throw', 0],
    ],
  },
  {
    hooks: [HOOK.XDP, HOOK.TC, HOOK.SCHED_ACT],
    kfuncs: [
      ['bpf_crypto_decrypt', KF_RCU],
      ['bpf_crypto_encrypt', KF_RCU],
    ],
  },
  {
    hooks: [HOOK.XDP, HOOK.TC],
    kfuncs: [
      ['bpf_ct_change_status', KF_TRUSTED_ARGS],
      ['bpf_ct_change_timeout', KF_TRUSTED_ARGS],
      ['bpf_ct_insert_entry', KF_ACQUIRE | KF_RELEASE | KF_RET_NULL],
      ['bpf_ct_release', KF_RELEASE],
      ['bpf_ct_set_nat_info', KF_TRUSTED_ARGS],
      ['bpf_ct_set_status', KF_TRUSTED_ARGS],
      ['bpf_ct_set_timeout', KF_TRUSTED_ARGS],
      ['bpf_skb_ct_alloc', KF_ACQUIRE | KF_RET_NULL],
      ['bpf_skb_ct_lookup', KF_ACQUIRE | KF_RET_NULL],
      ['bpf_xdp_ct_alloc', KF_ACQUIRE | KF_RET_NULL],
      ['bpf_xdp_ct_lookup', KF_ACQUIRE | KF_RET_NULL],
    ],
  },
  {
    hooks: [HOOK.XDP],
    kfuncs: [
      ['bpf_dynptr_from_xdp', 0],
      ['bpf_xdp_get_xfrm_state', KF_ACQUIRE | KF_RET_NULL],
      ['bpf_xdp_metadata_rx_hash', KF_TRUSTED_ARGS],
      ['bpf_xdp_metadata_rx_timestamp', KF_TRUSTED_ARGS],
      ['bpf_xdp_metadata_rx_vlan_tag', KF_TRUSTED_ARGS],
      ['bpf_xdp_pull_data', 0],
      ['bpf_xdp_xfrm_state_release', KF_RELEASE],
    ],
  },
  {
    hooks: [
      HOOK.TC,
      HOOK.TRACING,
      HOOK.CGROUP,
      HOOK.SCHED_ACT,
      HOOK.SK_SKB,
      HOOK.SOCKET_FILTER,
      HOOK.LWT,
      HOOK.NETFILTER,
    ],
    kfuncs: [['bpf_dynptr_from_skb', KF_TRUSTED_ARGS]],
  },
  {
    hooks: [HOOK.TC, HOOK.SCHED_ACT],
    kfuncs: [['bpf_dynptr_from_skb_meta', KF_TRUSTED_ARGS]],
  },
  {
    hooks: [HOOK.TC, HOOK.TRACING, HOOK.SYSCALL],
    kfuncs: [
      ['bpf_kfunc_call_memb_release', KF_RELEASE],
      ['bpf_kfunc_call_test_release', KF_RELEASE],
    ],
  },
  {
    hooks: [HOOK.TC],
    kfuncs: [['bpf_sk_assign_tcp_reqsk', KF_TRUSTED_ARGS]],
  },
  {
    hooks: [HOOK.STRUCT_OPS],
    kfuncs: [
      ['bbr_cwnd_event', 0],
      ['bbr_init', 0],
      ['bbr_main', 0],
      ['bbr_min_tso_segs', 0],
      ['bbr_set_state', 0],
      ['bbr_sndbuf_expand', 0],
      ['bbr_ssthresh', 0],
      ['bbr_undo_cwnd', 0],
      ['cubictcp_acked', 0],
      ['cubictcp_cong_avoid', 0],
      ['cubictcp_cwnd_event', 0],
      ['cubictcp_init', 0],
      ['cubictcp_recalc_ssthresh', 0],
      ['cubictcp_state', 0],
      ['tcp_cong_avoid_ai', 0],
      ['tcp_reno_cong_avoid', 0],
      ['tcp_reno_ssthresh', 0],
      ['tcp_reno_undo_cwnd', 0],
      ['tcp_slow_start', 0],
    ],
  },
  {
    hooks: [HOOK.STRUCT_OPS, HOOK.TRACING, HOOK.SYSCALL],
    kfuncs: [
      ['bpf_cpumask_acquire', KF_ACQUIRE | KF_TRUSTED_ARGS],
      ['bpf_cpumask_and', KF_RCU],
      ['bpf_cpumask_any_and_distribute', KF_RCU],
      ['bpf_cpumask_any_distribute', KF_RCU],
      ['bpf_cpumask_clear', KF_RCU],
      ['bpf_cpumask_clear_cpu', KF_RCU],
      ['bpf_cpumask_copy', KF_RCU],
      ['bpf_cpumask_create', KF_ACQUIRE | KF_RET_NULL],
      ['bpf_cpumask_empty', KF_RCU],
      ['bpf_cpumask_equal', KF_RCU],
      ['bpf_cpumask_first', KF_RCU],
      ['bpf_cpumask_first_and', KF_RCU],
      ['bpf_cpumask_first_zero', KF_RCU],
      ['bpf_cpumask_full', KF_RCU],
      ['bpf_cpumask_intersects', KF_RCU],
      ['bpf_cpumask_or', KF_RCU],
      ['bpf_cpumask_populate', KF_RCU],
      ['bpf_cpumask_release', KF_RELEASE],
      ['bpf_cpumask_set_cpu', KF_RCU],
      ['bpf_cpumask_setall', KF_RCU],
      ['bpf_cpumask_subset', KF_RCU],
      ['bpf_cpumask_test_and_clear_cpu', KF_RCU],
      ['bpf_cpumask_test_and_set_cpu', KF_RCU],
      ['bpf_cpumask_test_cpu', KF_RCU],
      ['bpf_cpumask_weight', KF_RCU],
      ['bpf_cpumask_xor', KF_RCU],
    ],
  },
  {
    hooks: [HOOK.TRACING],
    kfuncs: [
      ['bpf_get_dentry_xattr', KF_TRUSTED_ARGS | KF_SLEEPABLE],
      ['bpf_get_file_xattr', KF_TRUSTED_ARGS | KF_SLEEPABLE],
      ['bpf_get_task_exe_file', KF_ACQUIRE | KF_RET_NULL | KF_TRUSTED_ARGS],
      ['bpf_path_d_path', KF_TRUSTED_ARGS],
      ['bpf_put_file', KF_RELEASE],
      ['bpf_remove_dentry_xattr', KF_TRUSTED_ARGS | KF_SLEEPABLE],
      ['bpf_set_dentry_xattr', KF_TRUSTED_ARGS | KF_SLEEPABLE],
      ['bpf_sock_destroy', KF_TRUSTED_ARGS],
      ['css_rstat_flush', KF_SLEEPABLE],
      ['css_rstat_updated', 0],
    ],
  },
  {
    hooks: [HOOK.SYSCALL],
    kfuncs: [
      ['bpf_crypto_ctx_acquire', KF_ACQUIRE | KF_RET_NULL | KF_RCU],
      ['bpf_crypto_ctx_create', KF_ACQUIRE | KF_RET_NULL | KF_SLEEPABLE],
      ['bpf_crypto_ctx_release', KF_RELEASE],
    ],
  },
  {
    hooks: [HOOK.CGROUP],
    kfuncs: [
      ['bpf_sock_addr_set_sun_path', 0],
      ['bpf_sock_ops_enable_tx_tstamp', KF_TRUSTED_ARGS],
    ],
  },
  {
    hooks: [HOOK.KPROBE],
    kfuncs: [
      ['bpf_session_cookie', 0],
      ['bpf_session_is_return', 0],
    ],
  },
];

/** Functions on files and their attributes: LSM programs only (`bpf_fs_kfuncs_filter`). */
const FS_KFUNCS = [
  'bpf_get_dentry_xattr',
  'bpf_get_file_xattr',
  'bpf_get_task_exe_file',
  'bpf_path_d_path',
  'bpf_put_file',
  'bpf_remove_dentry_xattr',
  'bpf_set_dentry_xattr',
];

type Filter = (prog: ProgContext) => boolean;

/** Functions that look closer at the program (`btf_kfunc_filter_t`). */
const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ...FS_KFUNCS.map((name): [string, Filter] => [name, (prog) => prog.type === PT.LSM]),
  ['bpf_sock_destroy', (prog) => prog.type === PT.TRACING && prog.expectedAttachType === AT.TRACE_ITER],
  ['bpf_session_cookie', isSession],
  ['bpf_session_is_return', isSession],
]);

function isSession(prog: ProgContext): boolean {
  return prog.expectedAttachType === AT.TRACE_KPROBE_SESSION || prog.expectedAttachType === AT.TRACE_UPROBE_SESSION;
}

const allTypes: readonly number[] = Object.values(PT).filter((type) => type !== PT.UNSPEC);

function typesOf(hooks: number): readonly number[] {
  if ((hooks & HOOK.COMMON) !== 0) return allTypes;
  return allTypes.filter((type) => ((HOOK_OF_TYPE.get(type) ?? 0) & hooks) !== 0);
}

function kfuncProto(name: string, flags: number, hooks: number): KfuncProto {
  const allowed = FILTERS.get(name);
  const proto: KfuncProto = { name, flags, progTypes: typesOf(hooks) };
  return allowed === undefined ? proto : { ...proto, allowed };
}

/** All kfuncs, by name. */
export const KFUNC_PROTOS: ReadonlyMap<string, KfuncProto> = new Map(
  SETS.flatMap(({ hooks, kfuncs }) => {
    const bits = hooks.reduce((all, hook) => all | hook, 0);
    return kfuncs.map(([name, flags]): [string, KfuncProto] => [name, kfuncProto(name, flags, bits)]);
  }),
);

/**
 * The kfunc of this name, when programs of the type may call it (`btf_kfunc_id_set_contains`);
 * undefined: "calling kernel function NAME is not allowed". Ask its `allowed` too when it has one.
 */
export function kfunc(name: string, progType: number): KfuncProto | undefined {
  const proto = KFUNC_PROTOS.get(name);
  return proto?.progTypes.includes(progType) === true ? proto : undefined;
}
