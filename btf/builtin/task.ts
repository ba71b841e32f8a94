/**
 * Types of tasks: processes, memory, credentials, namespaces, control groups. Offsets and sizes follow from
 * the members, or stand there (`btf/c_parse.ts`): those of Linux 6.18 on x86_64.
 */
export const TASK = `
typedef int32_t key_serial_t; typedef s32 int32_t; typedef uint32_t key_perm_t; typedef u32 uint32_t;
typedef struct { atomic_t refcnt; } rcuref_t; typedef struct { u64 val; } kernel_cap_t;
typedef struct __call_single_data call_single_data_t; typedef void (*smp_call_func_t)(void *);
typedef struct { unsigned long v; } freeptr_t; typedef struct { pgdval_t pgd; } pgd_t;
typedef unsigned long pgdval_t; typedef unsigned long vm_flags_t;
typedef struct { unsigned long __mm_flags[1]; } mm_flags_t; typedef unsigned int mm_id_t;
typedef struct pgprot pgprot_t; typedef unsigned long pgprotval_t; typedef unsigned int vm_fault_t;
typedef struct { pmdval_t pmd; } pmd_t; typedef unsigned long pmdval_t; typedef struct { pudval_t pud; } pud_t;
typedef unsigned long pudval_t; typedef struct { pteval_t pte; } pte_t; typedef unsigned long pteval_t;
typedef struct { unsigned long f; } memdesc_flags_t; typedef struct page *pgtable_t;
typedef struct task_struct *(*dl_server_pick_f)(struct sched_dl_entity *); typedef int (*cpu_stop_fn_t)(void *);
typedef struct cpumask cpumask_var_t[1]; typedef struct { unsigned long sig[1]; } sigset_t;
typedef struct { unsigned long bits[16]; } nodemask_t; typedef struct { unsigned long val; } swp_entry_t;
typedef int mm_id_mapcount_t;
union perf_mem_data_src : 8; struct keyring_index_key : 40; struct ratelimit_state : 32;
struct cgroup_freezer_state : 32; struct vmpressure : 120; struct cfs_bandwidth : 240; struct dl_rq : 104;
struct ipc_ids : 224; struct pacct_struct : 56; struct desc_struct : 8; struct hw_perf_event : 208;
struct ftrace_ops : 216; struct pglist_data : 174848; struct zone : 1984; struct taskstats : 560;
typedef struct { u64 ctx_id; atomic64_t tlb_gen; unsigned long next_trim_cpumask; struct rw_semaphore ldt_usr_sem;
  struct ldt_struct *ldt; unsigned long flags; struct mutex lock; void *vdso; const struct vdso_image *vdso_image;
  atomic_t perf_rdpmc_allowed; u16 pkey_allocation_map; s16 execute_only_pkey; u16 global_asid; bool
  asid_transition; } mm_context_t;
typedef void (*perf_overflow_handler_t)(struct perf_event *, struct perf_sample_data *, struct pt_regs *);
enum fault_flag { FAULT_FLAG_WRITE=1, FAULT_FLAG_MKWRITE, FAULT_FLAG_ALLOW_RETRY=4, FAULT_FLAG_RETRY_NOWAIT=8,
  FAULT_FLAG_KILLABLE=16, FAULT_FLAG_TRIED=32, FAULT_FLAG_USER=64, FAULT_FLAG_REMOTE=128,
  FAULT_FLAG_INSTRUCTION=256, FAULT_FLAG_INTERRUPTIBLE=512, FAULT_FLAG_UNSHARE=1024,
  FAULT_FLAG_ORIG_PTE_VALID=2048, FAULT_FLAG_VMA_LOCK=4096 };
enum timespec_type { TT_NONE, TT_NATIVE, TT_COMPAT };
enum perf_event_state { PERF_EVENT_STATE_DEAD=-5, PERF_EVENT_STATE_REVOKED, PERF_EVENT_STATE_EXIT,
  PERF_EVENT_STATE_ERROR, PERF_EVENT_STATE_OFF, PERF_EVENT_STATE_INACTIVE, PERF_EVENT_STATE_ACTIVE };
enum oom_constraint { CONSTRAINT_NONE, CONSTRAINT_CPUSET, CONSTRAINT_MEMORY_POLICY, CONSTRAINT_MEMCG };
union key_payload { void *rcu_data0; void *data[4]; };
union rcu_special { struct { u8 blocked, need_qs, exp_hint, need_mb; } b; u32 s; };
union unwind_task_id { struct { u32 cpu, cnt; }; u64 id; };
union perf_sample_weight { __u64 full; struct { __u32 var1_dw; __u16 var2_w, var3_w; }; };
struct kernfs_node { atomic_t count, active; struct kernfs_node *__parent; const char *name; struct rb_node rb;
  const void *ns; unsigned int hash; unsigned short flags; umode_t mode; union { struct kernfs_elem_dir dir;
  struct kernfs_elem_symlink symlink; struct kernfs_elem_attr attr; }; u64 id; void *priv; struct kernfs_iattrs
  *iattr; struct callback_head rcu; };
struct kernfs_elem_dir { unsigned long subdirs; struct rb_root children; struct kernfs_root *root; unsigned long
  rev; };
struct kernfs_root { struct kernfs_node *kn; unsigned int flags; struct idr ino_idr; spinlock_t kernfs_idr_lock;
  u32 last_id_lowbits, id_highbits; struct kernfs_syscall_ops *syscall_ops; struct list_head supers;
  wait_queue_head_t deactivate_waitq; struct rw_semaphore kernfs_rwsem, kernfs_iattr_rwsem, kernfs_supers_rwsem;
  rwlock_t kernfs_rename_lock; struct callback_head rcu; };
struct kernfs_elem_symlink { struct kernfs_node *target_kn; };
struct kernfs_elem_attr { const struct kernfs_ops *ops; struct kernfs_open_node *open; loff_t size; struct
  kernfs_node *notify_next; };
struct user_namespace { struct uid_gid_map uid_map, gid_map, projid_map; struct user_namespace *parent; int level;
  kuid_t owner; kgid_t group; struct ns_common ns; unsigned long flags; bool parent_could_setfcap; struct
  list_head keyring_name_list; struct key *user_keyring_register; struct rw_semaphore keyring_sem; struct key
  *persistent_keyring_register; struct work_struct work; struct ctl_table_set set; struct ctl_table_header
  *sysctls; struct ucounts *ucounts; long ucount_max[12], rlimit_max[4]; struct binfmt_misc *binfmt_misc; };
struct uid_gid_map { union { struct { struct uid_gid_extent extent[5]; u32 nr_extents; }; struct { struct
  uid_gid_extent *forward; struct uid_gid_extent *reverse; }; }; };
struct uid_gid_extent { u32 first, lower_first, count; };
struct ns_common { u32 ns_type; struct dentry *stashed; const struct proc_ns_operations *ops; unsigned int inum;
  refcount_t __ns_ref; union { struct { u64 ns_id; struct rb_node ns_tree_node; struct list_head ns_list_node; };
  struct callback_head ns_rcu; }; };
struct key { refcount_t usage; key_serial_t serial; union { struct list_head graveyard_link; struct rb_node
  serial_node; }; struct rw_semaphore sem; struct key_user *user; void *security; union { time64_t expiry,
  revoked_at; }; time64_t last_used_at; kuid_t uid; kgid_t gid; key_perm_t perm; unsigned short quotalen, datalen;
  short state; unsigned long flags; union { struct keyring_index_key index_key; struct { unsigned long hash,
  len_desc; struct key_type *type; struct key_tag *domain_tag; char *description; }; }; union { union key_payload
  payload; struct { struct list_head name_link; struct assoc_array keys; }; }; struct key_restriction
  *restrict_link; };
struct assoc_array { struct assoc_array_ptr *root; unsigned long nr_leaves_on_tree; };
struct ctl_table_set { int (*is_seen)(struct ctl_table_set *); struct ctl_dir dir; };
struct ctl_dir { struct ctl_table_header header; struct rb_root root; };
struct ucounts { struct hlist_nulls_node node; struct user_namespace *ns; kuid_t uid; struct callback_head rcu;
  rcuref_t count; atomic_long_t ucount[12], rlimit[4]; };
struct tracepoint_ext { int (*regfunc)(void); void (*unregfunc)(void); unsigned int faultable:1; };
struct trace_event_call { struct list_head list; struct trace_event_class *class; union { const char *name; struct
  tracepoint *tp; }; struct trace_event event; char *print_fmt; union { void *module; atomic_t refcnt; }; void
  *data; int flags, perf_refcount; struct hlist_head *perf_events; struct bpf_prog_array *prog_array; int
  (*perf_perm)(struct trace_event_call *, struct perf_event *); };
struct trace_event { struct hlist_node node; int type; struct trace_event_functions *funcs; };
struct cred { atomic_long_t usage; kuid_t uid; kgid_t gid; kuid_t suid; kgid_t sgid; kuid_t euid; kgid_t egid;
  kuid_t fsuid; kgid_t fsgid; unsigned int securebits; kernel_cap_t cap_inheritable, cap_permitted, cap_effective,
  cap_bset, cap_ambient; unsigned char jit_keyring; struct key *session_keyring; struct key *process_keyring;
  struct key *thread_keyring; struct key *request_key_auth; void *security; struct user_struct *user; struct
  user_namespace *user_ns; struct ucounts *ucounts; struct group_info *group_info; union { int non_rcu; struct
  callback_head rcu; }; };
struct user_struct { refcount_t __count; struct percpu_counter epoll_watches; unsigned long unix_inflight;
  atomic_long_t pipe_bufs; struct hlist_node uidhash_node; kuid_t uid; atomic_long_t locked_vm; struct
  ratelimit_state ratelimit; };
struct percpu_counter { raw_spinlock_t lock; s64 count; struct list_head list; s32 *counters; };
struct group_info { refcount_t usage; int ngroups; kgid_t gid[0]; };
struct pid { refcount_t count; unsigned int level; spinlock_t lock; struct { u64 ino; struct rb_node pidfs_node;
  struct dentry *stashed; struct pidfs_attr *attr; }; struct hlist_head tasks[4], inodes; wait_queue_head_t
  wait_pidfd; struct callback_head rcu; struct upid numbers[0]; };
struct upid { int nr; struct pid_namespace *ns; };
struct pid_namespace { struct idr idr; struct callback_head rcu; unsigned int pid_allocated; struct task_struct
  *child_reaper; struct kmem_cache *pid_cachep; unsigned int level; int pid_max; struct pid_namespace *parent;
  struct fs_pin *bacct; struct user_namespace *user_ns; struct ucounts *ucounts; int reboot; struct ns_common ns;
  struct work_struct work; struct ctl_table_set set; struct ctl_table_header *sysctls; int memfd_noexec_scope; };
struct task_struct : 3264 { struct thread_info thread_info; unsigned int __state, saved_state; void *stack;
  refcount_t usage; unsigned int flags, ptrace; int on_cpu; struct __call_single_node wake_entry; unsigned int
  wakee_flips; unsigned long wakee_flip_decay_ts; struct task_struct *last_wakee; int recent_used_cpu, wake_cpu,
  on_rq, prio, static_prio, normal_prio; unsigned int rt_priority; struct sched_entity se; struct sched_rt_entity
  rt; struct sched_dl_entity dl; struct sched_dl_entity *dl_server; const struct sched_class *sched_class; struct
  task_group *sched_task_group; struct callback_head sched_throttle_work; struct list_head throttle_node; bool
  throttled; @768 struct sched_statistics stats; struct hlist_head preempt_notifiers; unsigned int btrace_seq,
  policy; unsigned long max_allowed_capacity; int nr_cpus_allowed; const cpumask_t *cpus_ptr; cpumask_t
  *user_cpus_ptr; cpumask_t cpus_mask; void *migration_pending; unsigned short migration_disabled,
  migration_flags; int rcu_read_lock_nesting; union rcu_special rcu_read_unlock_special; struct list_head
  rcu_node_entry; struct rcu_node *rcu_blocked_node; unsigned long rcu_tasks_nvcsw; u8 rcu_tasks_holdout,
  rcu_tasks_idx; int rcu_tasks_idle_cpu; struct list_head rcu_tasks_holdout_list; int rcu_tasks_exit_cpu; struct
  list_head rcu_tasks_exit_list; int trc_reader_nesting, trc_ipi_to_cpu; union rcu_special trc_reader_special;
  struct list_head trc_holdout_list, trc_blkd_node; int trc_blkd_cpu; struct sched_info sched_info; struct
  list_head tasks; struct plist_node pushable_tasks; struct rb_node pushable_dl_tasks; struct mm_struct *mm;
  struct mm_struct *active_mm; struct address_space *faults_disabled_mapping; int exit_state, exit_code,
  exit_signal, pdeath_signal; unsigned long jobctl; unsigned int personality, sched_reset_on_fork:1,
  sched_contributes_to_load:1, sched_migrated:1, sched_task_hot:1; @1192 unsigned int sched_remote_wakeup:1;
  unsigned int sched_rt_mutex:1, user_dumpable:1, in_execve:1, init_private_fork_class:4, in_iowait:1,
  restore_sigmask:1, in_user_fault:1, no_cgroup_migration:1, frozen:1, use_memdelay:1, in_memstall:1,
  in_eventfd:1, reported_split_lock:1, in_thrashing:1, in_nf_duplicate:1; unsigned long atomic_flags; struct
  restart_block restart_block; pid_t pid, tgid; unsigned long stack_canary; struct task_struct *real_parent;
  struct task_struct *parent; struct list_head children, sibling; struct task_struct *group_leader; struct
  list_head ptraced, ptrace_entry; struct pid *thread_pid; struct hlist_node pid_links[4]; struct list_head
  thread_node; struct completion *vfork_done; int *set_child_tid; int *clear_child_tid; void *worker_private; u64
  utime, stime, gtime; struct prev_cputime prev_cputime; unsigned long nvcsw, nivcsw; u64 start_time,
  start_boottime; unsigned long min_flt, maj_flt; struct posix_cputimers posix_cputimers; struct
  posix_cputimers_work posix_cputimers_work; const struct cred *ptracer_cred; const struct cred *real_cred; const
  struct cred *cred; struct key *cached_requested_key; char comm[16]; struct nameidata *nameidata; struct sysv_sem
  sysvsem; struct sysv_shm sysvshm; unsigned long last_switch_count, last_switch_time; struct fs_struct *fs;
  struct files_struct *files; struct io_uring_task *io_uring; struct nsproxy *nsproxy; struct signal_struct
  *signal; struct sighand_struct *sighand; sigset_t blocked, real_blocked, saved_sigmask; struct sigpending
  pending; unsigned long sas_ss_sp; size_t sas_ss_size; unsigned int sas_ss_flags; struct callback_head
  *task_works; struct audit_context *audit_context; kuid_t loginuid; unsigned int sessionid; struct seccomp
  seccomp; struct syscall_user_dispatch syscall_dispatch; u64 parent_exec_id, self_exec_id; spinlock_t alloc_lock;
  raw_spinlock_t pi_lock; struct wake_q_node wake_q; struct rb_root_cached pi_waiters; struct task_struct
  *pi_top_task; struct rt_mutex_waiter *pi_blocked_on; struct mutex *blocked_on; unsigned long blocker; void
  *journal_info; struct bio_list *bio_list; struct blk_plug *plug; struct reclaim_state *reclaim_state; struct
  io_context *io_context; struct capture_control *capture_control; unsigned long ptrace_message; kernel_siginfo_t
  *last_siginfo; struct task_io_accounting ioac; unsigned int psi_flags; u64 acct_rss_mem1, acct_vm_mem1,
  acct_timexpd; nodemask_t mems_allowed; seqcount_spinlock_t mems_allowed_seq; int cpuset_mem_spread_rotor; struct
  css_set *cgroups; struct list_head cg_list; struct robust_list_head *robust_list; struct compat_robust_list_head
  *compat_robust_list; struct list_head pi_state_list; struct futex_pi_state *pi_state_cache; struct mutex
  futex_exit_mutex; unsigned int futex_state; u8 perf_recursion[4]; struct perf_event_context *perf_event_ctxp;
  struct mutex perf_event_mutex; struct list_head perf_event_list; struct perf_ctx_data *perf_ctx_data; struct
  mempolicy *mempolicy; short il_prev; u8 il_weight; short pref_node_fork; int numa_scan_seq; unsigned int
  numa_scan_period, numa_scan_period_max; int numa_preferred_nid; unsigned long numa_migrate_retry; u64
  node_stamp, last_task_numa_placement, last_sum_exec_runtime; struct callback_head numa_work; struct numa_group
  *numa_group; unsigned long *numa_faults; unsigned long total_numa_faults, numa_faults_locality[3],
  numa_pages_migrated; struct rseq *rseq; u32 rseq_len, rseq_sig; unsigned long rseq_event_mask; int mm_cid,
  last_mm_cid, migrate_from_cpu, mm_cid_active; struct callback_head cid_work; struct tlbflush_unmap_batch
  tlb_ubc; struct pipe_inode_info *splice_pipe; struct page_frag task_frag; struct task_delay_info *delays; int
  nr_dirtied, nr_dirtied_pause; unsigned long dirty_paused_when; u64 timer_slack_ns, default_timer_slack_ns;
  unsigned long trace_recursion; struct mem_cgroup *memcg_in_oom; unsigned int memcg_nr_pages_over_high; struct
  mem_cgroup *active_memcg; struct obj_cgroup *objcg; struct gendisk *throttle_disk; struct uprobe_task *utask;
  struct kmap_ctrl kmap_ctrl; struct callback_head rcu; refcount_t rcu_users; int pagefault_disabled; struct
  task_struct *oom_reaper_list; struct timer_list oom_reaper_timer; struct vm_struct *stack_vm_area; refcount_t
  stack_refcount; void *security; struct bpf_local_storage *bpf_storage; struct bpf_run_ctx *bpf_ctx; struct
  bpf_net_context *bpf_net_context; u32 kstack_offset; struct callback_head l1d_flush_kill; struct
  unwind_task_info unwind_info; struct thread_struct thread; };
struct thread_info { unsigned long flags, syscall_work; u32 status, cpu; };
struct __call_single_node { struct llist_node llist; union { unsigned int u_flags; atomic_t a_flags; }; u16 src,
  dst; };
struct sched_entity { struct load_weight load; struct rb_node run_node; u64 deadline, min_vruntime, min_slice,
  max_slice; struct list_head group_node; unsigned char on_rq, sched_delayed, rel_deadline, custom_slice; u64
  exec_start, sum_exec_runtime, prev_sum_exec_runtime, vruntime; union { s64 vlag; u64 vprot; }; u64 slice,
  nr_migrations; int depth; struct sched_entity *parent; struct cfs_rq *cfs_rq; struct cfs_rq *my_q; unsigned long
  runnable_weight; struct sched_avg avg; };
struct load_weight { unsigned long weight; u32 inv_weight; };
struct cfs_rq : 512 { struct load_weight load; unsigned int nr_queued, h_nr_queued, h_nr_runnable, h_nr_idle; s64
  sum_w_vruntime; u64 sum_weight, zero_vruntime; struct rb_root_cached tasks_timeline; struct sched_entity *curr;
  struct sched_entity *next; @128 struct sched_avg avg; struct : 64 { raw_spinlock_t lock; int nr; unsigned long
  load_avg, util_avg, runnable_avg; } removed; u64 last_update_tg_load_avg; unsigned long tg_load_avg_contrib;
  long propagate, prop_runnable_sum; unsigned long h_load; u64 last_h_load_update; struct sched_entity
  *h_load_next; struct rq *rq; int on_list; struct list_head leaf_cfs_rq_list; struct task_group *tg; int idle,
  runtime_enabled; s64 runtime_remaining; u64 throttled_pelt_idle, throttled_clock, throttled_clock_pelt,
  throttled_clock_pelt_time, throttled_clock_self, throttled_clock_self_time; bool throttled:1,
  pelt_clock_throttled:1; int throttle_count; struct list_head throttled_list, throttled_csd_list,
  throttled_limbo_list; };
struct sched_avg { u64 last_update_time, load_sum, runnable_sum; u32 util_sum, period_contrib; unsigned long
  load_avg, runnable_avg, util_avg; unsigned int util_est; };
struct rq : 3584 { raw_spinlock_t __lock; unsigned int nr_running, nr_numa_running, nr_preferred_running,
  numa_migrate_on; unsigned long last_blocked_load_update_tick; unsigned int has_blocked_load; @64
  call_single_data_t nohz_csd; unsigned int nohz_tick_stopped; atomic_t nohz_flags; unsigned int ttwu_pending; u64
  nr_switches; @128 struct cfs_rq cfs; struct rt_rq rt; struct dl_rq dl; struct sched_dl_entity fair_server;
  struct list_head leaf_cfs_rq_list; struct list_head *tmp_alone_branch; unsigned long nr_uninterruptible; union {
  struct task_struct *donor; struct task_struct *curr; }; struct sched_dl_entity *dl_server; struct task_struct
  *idle; struct task_struct *stop; unsigned long next_balance; struct mm_struct *prev_mm; unsigned int
  clock_update_flags; u64 clock; @2816 u64 clock_task; u64 clock_pelt; unsigned long lost_idle_time; u64
  clock_pelt_idle, clock_idle; atomic_t nr_iowait; u64 last_seen_need_resched_ns; int ticks_without_resched,
  membarrier_state; struct root_domain *rd; struct sched_domain *sd; unsigned long cpu_capacity; struct
  balance_callback *balance_callback; unsigned char nohz_idle_balance, idle_balance; unsigned long
  misfit_task_load; int active_balance, push_cpu; struct cpu_stop_work active_balance_work; int cpu, online;
  struct list_head cfs_tasks; struct sched_avg avg_rt, avg_dl, avg_irq; u64 idle_stamp, avg_idle,
  max_idle_balance_cost; struct rcuwait hotplug_wait; u64 prev_steal_time, prev_steal_time_rq; unsigned long
  calc_load_update; long calc_load_active; call_single_data_t hrtick_csd; struct hrtimer hrtick_timer; ktime_t
  hrtick_time; struct cpuidle_state *idle_state; unsigned int nr_pinned, push_busy; struct cpu_stop_work
  push_work; cpumask_var_t scratch_mask; @3488 call_single_data_t cfsb_csd; struct list_head cfsb_csd_list; };
struct __call_single_data { struct __call_single_node node; smp_call_func_t func; void *info; };
struct rt_rq { struct rt_prio_array active; unsigned int rt_nr_running, rr_nr_running; struct { int curr, next; }
  highest_prio; bool overloaded; struct plist_head pushable_tasks; int rt_queued, rt_throttled; u64 rt_time,
  rt_runtime; raw_spinlock_t rt_runtime_lock; unsigned int rt_nr_boosted; struct rq *rq; struct task_group *tg; };
struct rt_prio_array { unsigned long bitmap[2]; struct list_head queue[100]; };
struct plist_head { struct list_head node_list; };
struct task_group : 704 { struct cgroup_subsys_state css; int idle; struct sched_entity **se; struct cfs_rq
  **cfs_rq; unsigned long shares; @256 atomic_long_t load_avg; struct sched_rt_entity **rt_se; struct rt_rq
  **rt_rq; struct rt_bandwidth rt_bandwidth; struct scx_task_group scx; struct callback_head rcu; struct list_head
  list; struct task_group *parent; struct list_head siblings, children; struct autogroup *autogroup; struct
  cfs_bandwidth cfs_bandwidth; };
struct cgroup_subsys_state { struct cgroup *cgroup; struct cgroup_subsys *ss; struct percpu_ref refcnt; struct
  css_rstat_cpu *rstat_cpu; struct list_head sibling, children; int id; unsigned int flags; u64 serial_nr;
  atomic_t online_cnt; struct work_struct destroy_work; struct rcu_work destroy_rwork; struct cgroup_subsys_state
  *parent; int nr_descendants; struct cgroup_subsys_state *rstat_flush_next; };
struct cgroup : 2240 { struct cgroup_subsys_state self; unsigned long flags; int level, max_depth, nr_descendants,
  nr_dying_descendants, max_descendants, nr_populated_csets, nr_populated_domain_children,
  nr_populated_threaded_children, nr_threaded_children; unsigned int kill_seq; struct kernfs_node *kn; struct
  cgroup_file procs_file, events_file, psi_files[3]; u16 subtree_control, subtree_ss_mask, old_subtree_control,
  old_subtree_ss_mask; struct cgroup_subsys_state *subsys[12]; int nr_dying_subsys[12]; struct cgroup_root *root;
  struct list_head cset_links, e_csets[12]; struct cgroup *dom_cgrp; struct cgroup *old_dom_cgrp; struct
  cgroup_rstat_base_cpu *rstat_base_cpu; @960 struct cacheline_padding _pad_; struct cgroup_base_stat last_bstat,
  bstat; struct prev_cputime prev_cputime; struct list_head pidlists; struct mutex pidlist_mutex;
  wait_queue_head_t offline_waitq; struct work_struct release_agent_work; struct psi_group *psi; struct cgroup_bpf
  bpf; struct cgroup_freezer_state freezer; struct bpf_local_storage *bpf_cgrp_storage; struct cgroup
  *ancestors[0]; };
struct cgroup_file { struct kernfs_node *kn; unsigned long notified_at; struct timer_list notify_timer; };
struct cgroup_root : 6528 { struct kernfs_root *kf_root; unsigned int subsys_mask; int hierarchy_id; struct
  list_head root_list; struct callback_head rcu; @64 struct cgroup cgrp; struct cgroup *cgrp_ancestor_storage;
  atomic_t nr_cgrps; unsigned int flags; char release_agent_path[4096], name[64]; };
struct cacheline_padding { char x[0]; };
struct cgroup_base_stat { struct task_cputime cputime; u64 ntime; };
struct task_cputime { u64 stime, utime; unsigned long long sum_exec_runtime; };
struct prev_cputime { u64 utime, stime; raw_spinlock_t lock; };
struct cgroup_bpf { struct bpf_prog_array *effective[38]; struct hlist_head progs[38]; u8 flags[38]; u64
  revisions[38]; struct list_head storages; struct bpf_prog_array *inactive; struct percpu_ref refcnt; struct
  work_struct release_work; };
struct cgroup_subsys { struct cgroup_subsys_state *(*css_alloc)(struct cgroup_subsys_state *); int
  (*css_online)(struct cgroup_subsys_state *); void (*css_offline)(struct cgroup_subsys_state *); void
  (*css_released)(struct cgroup_subsys_state *); void (*css_free)(struct cgroup_subsys_state *); void
  (*css_reset)(struct cgroup_subsys_state *); void (*css_killed)(struct cgroup_subsys_state *); void
  (*css_rstat_flush)(struct cgroup_subsys_state *, int); int (*css_extra_stat_show)(struct seq_file *, struct
  cgroup_subsys_state *); int (*css_local_stat_show)(struct seq_file *, struct cgroup_subsys_state *); int
  (*can_attach)(struct cgroup_taskset *); void (*cancel_attach)(struct cgroup_taskset *); void (*attach)(struct
  cgroup_taskset *); int (*can_fork)(struct task_struct *, struct css_set *); void (*cancel_fork)(struct
  task_struct *, struct css_set *); void (*fork)(struct task_struct *); void (*exit)(struct task_struct *); void
  (*release)(struct task_struct *); void (*bind)(struct cgroup_subsys_state *); bool early_init:1,
  implicit_on_dfl:1, threaded:1; int id; const char *name; const char *legacy_name; struct cgroup_root *root;
  struct idr css_idr; struct list_head cfts; struct cftype *dfl_cftypes; struct cftype *legacy_cftypes; unsigned
  int depends_on; spinlock_t rstat_ss_lock; struct llist_head *lhead; };
struct css_set { struct cgroup_subsys_state *subsys[12]; refcount_t refcount; struct css_set *dom_cset; struct
  cgroup *dfl_cgrp; int nr_tasks; struct list_head tasks, mg_tasks, dying_tasks, task_iters, e_cset_node[12],
  threaded_csets, threaded_csets_node; struct hlist_node hlist; struct list_head cgrp_links, mg_src_preload_node,
  mg_dst_preload_node, mg_node; struct cgroup *mg_src_cgrp; struct cgroup *mg_dst_cgrp; struct css_set
  *mg_dst_cset; bool dead; struct callback_head callback_head; };
struct cftype { char name[64]; unsigned long private; size_t max_write_len; unsigned int flags, file_offset;
  struct cgroup_subsys *ss; struct list_head node; struct kernfs_ops *kf_ops; int (*open)(struct kernfs_open_file
  *); void (*release)(struct kernfs_open_file *); u64 (*read_u64)(struct cgroup_subsys_state *, struct cftype *);
  s64 (*read_s64)(struct cgroup_subsys_state *, struct cftype *); int (*seq_show)(struct seq_file *, void *); void
  *(*seq_start)(struct seq_file *, loff_t *); void *(*seq_next)(struct seq_file *, void *, loff_t *); void
  (*seq_stop)(struct seq_file *, void *); int (*write_u64)(struct cgroup_subsys_state *, struct cftype *, u64);
  int (*write_s64)(struct cgroup_subsys_state *, struct cftype *, s64); ssize_t (*write)(struct kernfs_open_file
  *, char *, size_t, loff_t); __poll_t (*poll)(struct kernfs_open_file *, struct poll_table_struct *); struct
  lock_class_key lockdep_key; };
struct kernfs_open_file { struct kernfs_node *kn; struct file *file; struct seq_file *seq_file; void *priv; struct
  mutex mutex, prealloc_mutex; int event; struct list_head list; char *prealloc_buf; size_t atomic_write_len; bool
  mmapped:1, released:1; const struct vm_operations_struct *vm_ops; };
struct vm_operations_struct { void (*open)(struct vm_area_struct *); void (*close)(struct vm_area_struct *); int
  (*may_split)(struct vm_area_struct *, unsigned long); int (*mremap)(struct vm_area_struct *); int
  (*mprotect)(struct vm_area_struct *, unsigned long, unsigned long, unsigned long); vm_fault_t (*fault)(struct
  vm_fault *); vm_fault_t (*huge_fault)(struct vm_fault *, unsigned int); vm_fault_t (*map_pages)(struct vm_fault
  *, unsigned long, unsigned long); unsigned long (*pagesize)(struct vm_area_struct *); vm_fault_t
  (*page_mkwrite)(struct vm_fault *); vm_fault_t (*pfn_mkwrite)(struct vm_fault *); int (*access)(struct
  vm_area_struct *, unsigned long, void *, int, int); const char *(*name)(struct vm_area_struct *); int
  (*set_policy)(struct vm_area_struct *, struct mempolicy *); struct mempolicy *(*get_policy)(struct
  vm_area_struct *, unsigned long, unsigned long *); };
struct vm_area_struct : 192 { union { struct { unsigned long vm_start, vm_end; }; freeptr_t vm_freeptr; }; struct
  mm_struct *vm_mm; pgprot_t vm_page_prot; union { const vm_flags_t vm_flags; vm_flags_t __vm_flags; }; unsigned
  int vm_lock_seq; struct list_head anon_vma_chain; struct anon_vma *anon_vma; const struct vm_operations_struct
  *vm_ops; unsigned long vm_pgoff; struct file *vm_file; void *vm_private_data; atomic_long_t swap_readahead_info;
  struct mempolicy *vm_policy; struct vma_numab_state *numab_state; refcount_t vm_refcnt; struct { struct rb_node
  rb; unsigned long rb_subtree_last; } shared; struct vm_userfaultfd_ctx vm_userfaultfd_ctx; struct
  pfnmap_track_ctx *pfnmap_track_ctx; };
struct mm_struct { struct : 1472 { struct : 64 { atomic_t mm_count; }; struct maple_tree mm_mt; unsigned long
  mmap_base, mmap_legacy_base, mmap_compat_base, mmap_compat_legacy_base, task_size; pgd_t *pgd; atomic_t
  membarrier_state, mm_users; struct mm_cid *pcpu_cid; unsigned long mm_cid_next_scan; unsigned int
  nr_cpus_allowed; atomic_t max_nr_cid; raw_spinlock_t cpus_allowed_lock; atomic_long_t pgtables_bytes; int
  map_count; spinlock_t page_table_lock; struct rw_semaphore mmap_lock; struct list_head mmlist; struct rcuwait
  vma_writer_wait; seqcount_t mm_lock_seq; struct mutex futex_hash_lock; struct futex_private_hash *futex_phash;
  struct futex_private_hash *futex_phash_new; unsigned long futex_batches; struct callback_head futex_rcu;
  atomic_long_t futex_atomic; unsigned int *futex_ref; unsigned long hiwater_rss, hiwater_vm, total_vm, locked_vm;
  atomic64_t pinned_vm; unsigned long data_vm, exec_vm, stack_vm; vm_flags_t def_flags; seqcount_t
  write_protect_seq; spinlock_t arg_lock; unsigned long start_code, end_code, start_data, end_data, start_brk,
  brk, start_stack, arg_start, arg_end, env_start, env_end, saved_auxv[56]; struct percpu_counter rss_stat[4];
  struct linux_binfmt *binfmt; mm_context_t context; mm_flags_t flags; spinlock_t ioctx_lock; struct kioctx_table
  *ioctx_table; struct task_struct *owner; struct user_namespace *user_ns; struct file *exe_file; struct
  mmu_notifier_subscriptions *notifier_subscriptions; unsigned long numa_next_scan, numa_scan_offset; int
  numa_scan_seq; atomic_t tlb_flush_pending, tlb_flush_batched; struct uprobes_state uprobes_state; atomic_long_t
  hugetlb_usage; struct work_struct async_put_work; unsigned long ksm_merging_pages, ksm_rmap_items; atomic_long_t
  ksm_zero_pages; mm_id_t mm_id; }; unsigned long cpu_bitmap[0]; };
struct maple_tree { union { spinlock_t ma_lock; }; unsigned int ma_flags; void *ma_root; };
struct rcuwait { struct task_struct *task; };
struct linux_binfmt { struct list_head lh; struct module *module; int (*load_binary)(struct linux_binprm *); int
  (*core_dump)(struct coredump_params *); unsigned long min_coredump; };
struct linux_binprm { struct vm_area_struct *vma; unsigned long vma_pages, argmin; struct mm_struct *mm; unsigned
  long p; unsigned int have_execfd:1, execfd_creds:1, secureexec:1, point_of_no_return:1, comm_from_dentry:1,
  is_check:1; struct file *executable; struct file *interpreter; struct file *file; struct cred *cred; int unsafe;
  unsigned int per_clear; int argc, envc; const char *filename; const char *interp; const char *fdpath; unsigned
  int interp_flags; int execfd; unsigned long exec; struct rlimit rlim_stack; char buf[256]; };
struct uprobes_state { struct xol_area *xol_area; struct hlist_head head_tramps; };
struct pgprot { pgprotval_t pgprot; };
struct vm_userfaultfd_ctx { struct userfaultfd_ctx *ctx; };
struct vm_fault { const struct { struct vm_area_struct *vma; gfp_t gfp_mask; unsigned long pgoff, address,
  real_address; }; enum fault_flag flags; pmd_t *pmd; pud_t *pud; union { pte_t orig_pte; pmd_t orig_pmd; };
  struct page *cow_page; struct page *page; pte_t *pte; spinlock_t *ptl; pgtable_t prealloc_pte; };
struct page { memdesc_flags_t flags; union { struct { union { struct list_head lru, buddy_list, pcp_list; struct
  llist_node pcp_llist; }; struct address_space *mapping; union { unsigned long __folio_index, share, buddy_since;
  }; unsigned long private; }; struct { unsigned long pp_magic; struct page_pool *pp; unsigned long
  _pp_mapping_pad, dma_addr; atomic_long_t pp_ref_count; }; struct { unsigned long compound_head; }; struct { void
  *_unused_pgmap_compound_head; void *zone_device_data; }; struct callback_head callback_head; }; union { unsigned
  int page_type; atomic_t _mapcount; }; atomic_t _refcount; unsigned long memcg_data; };
struct mem_cgroup : 2176 { struct cgroup_subsys_state css; struct mem_cgroup_id id; @256 struct page_counter
  memory; union { struct page_counter swap, memsw; }; struct list_head memory_peaks, swap_peaks; spinlock_t
  peaks_lock; struct work_struct high_work; unsigned long zswap_max; bool zswap_writeback; struct vmpressure
  vmpressure; bool oom_group; int swappiness; struct cgroup_file events_file, events_local_file, swap_events_file;
  struct memcg_vmstats *vmstats; atomic_long_t memory_events[9], memory_events_local[9]; u64 socket_pressure; int
  kmemcg_id; struct obj_cgroup *objcg; struct obj_cgroup *orig_objcg; struct list_head objcg_list; struct
  memcg_vmstats_percpu *vmstats_percpu; struct list_head cgwb_list; struct wb_domain cgwb_domain; struct
  memcg_cgwb_frn cgwb_frn[4]; struct deferred_split deferred_split_queue; @1600 struct page_counter kmem; struct
  page_counter tcpmem; struct memcg1_events_percpu *events_percpu; unsigned long soft_limit, shown_ram; bool
  oom_lock; int under_oom, oom_kill_disable; struct mutex thresholds_lock; struct mem_cgroup_thresholds
  thresholds, memsw_thresholds; struct list_head oom_notify; bool tcpmem_active; int tcpmem_pressure; struct
  list_head event_list; spinlock_t event_list_lock; struct mem_cgroup_per_node *nodeinfo[0]; };
struct page_counter : 192 { atomic_long_t usage; unsigned long failcnt; @64 struct cacheline_padding _pad1_;
  unsigned long emin; atomic_long_t min_usage, children_min_usage; unsigned long elow; atomic_long_t low_usage,
  children_low_usage; unsigned long watermark, local_watermark; struct cacheline_padding _pad2_; bool
  protection_support, track_failcnt; unsigned long min, low, high, max; struct page_counter *parent; };
struct wb_domain { spinlock_t lock; struct fprop_global completions; struct timer_list period_timer; unsigned long
  period_time, dirty_limit_tstamp, dirty_limit; };
struct fprop_global { struct percpu_counter events; unsigned int period; seqcount_t sequence; };
struct memcg_cgwb_frn { u64 bdi_id; int memcg_id; u64 at; struct wb_completion done; };
struct wb_completion { atomic_t cnt; wait_queue_head_t *waitq; };
struct deferred_split { spinlock_t split_queue_lock; struct list_head split_queue; unsigned long split_queue_len;
  };
struct mem_cgroup_thresholds { struct mem_cgroup_threshold_ary *primary; struct mem_cgroup_threshold_ary *spare;
  };
struct sched_rt_entity { struct list_head run_list; unsigned long timeout, watchdog_stamp; unsigned int
  time_slice; unsigned short on_rq, on_list; struct sched_rt_entity *back; struct sched_rt_entity *parent; struct
  rt_rq *rt_rq; struct rt_rq *my_q; };
struct rt_bandwidth { raw_spinlock_t rt_runtime_lock; ktime_t rt_period; u64 rt_runtime; struct hrtimer
  rt_period_timer; unsigned int rt_period_active; };
struct scx_task_group {  };
struct sched_dl_entity { struct rb_node rb_node; u64 dl_runtime, dl_deadline, dl_period, dl_bw, dl_density; s64
  runtime; u64 deadline; unsigned int flags, dl_throttled:1, dl_yielded:1, dl_non_contending:1, dl_overrun:1,
  dl_server:1, dl_server_active:1, dl_defer:1, dl_defer_armed:1, dl_defer_running:1; struct hrtimer dl_timer,
  inactive_timer; struct rq *rq; dl_server_pick_f server_pick_task; struct sched_dl_entity *pi_se; };
struct cpu_stop_work { struct list_head list; cpu_stop_fn_t fn; unsigned long caller; void *arg; struct
  cpu_stop_done *done; };
struct sched_statistics {  };
struct sched_info { unsigned long pcount; unsigned long long run_delay, max_run_delay, min_run_delay,
  last_arrival, last_queued; };
struct plist_node { int prio; struct list_head prio_list, node_list; };
struct restart_block { unsigned long arch_data; long (*fn)(struct restart_block *); union { struct { u32 *uaddr;
  u32 val, flags, bitset; u64 time; u32 *uaddr2; } futex; struct { clockid_t clockid; enum timespec_type type;
  union { struct __kernel_timespec *rmtp; struct old_timespec32 *compat_rmtp; }; u64 expires; } nanosleep; struct
  { struct pollfd *ufds; int nfds, has_timeout; unsigned long tv_sec, tv_nsec; } poll; }; };
struct posix_cputimers { struct posix_cputimer_base bases[3]; unsigned int timers_active, expiry_active; };
struct posix_cputimer_base { u64 nextevt; struct timerqueue_head tqhead; };
struct timerqueue_head { struct rb_root_cached rb_root; };
struct posix_cputimers_work { struct callback_head work; struct mutex mutex; unsigned int scheduled; };
struct sysv_sem { struct sem_undo_list *undo_list; };
struct sysv_shm { struct list_head shm_clist; };
struct fs_struct { int users; seqlock_t seq; int umask, in_exec; struct path root, pwd; };
struct files_struct : 704 { atomic_t count; bool resize_in_progress; wait_queue_head_t resize_wait; struct fdtable
  *fdt; struct fdtable fdtab; @128 spinlock_t file_lock; unsigned int next_fd; unsigned long
  close_on_exec_init[1], open_fds_init[1], full_fds_bits_init[1]; struct file *fd_array[64]; };
struct fdtable { unsigned int max_fds; struct file **fd; unsigned long *close_on_exec; unsigned long *open_fds;
  unsigned long *full_fds_bits; struct callback_head rcu; };
struct nsproxy { refcount_t count; struct uts_namespace *uts_ns; struct ipc_namespace *ipc_ns; struct
  mnt_namespace *mnt_ns; struct pid_namespace *pid_ns_for_children; struct net *net_ns; struct time_namespace
  *time_ns; struct time_namespace *time_ns_for_children; struct cgroup_namespace *cgroup_ns; };
struct uts_namespace { struct new_utsname name; struct user_namespace *user_ns; struct ucounts *ucounts; struct
  ns_common ns; };
struct ipc_namespace { struct ipc_ids ids[3]; int sem_ctls[4], used_sems; unsigned int msg_ctlmax, msg_ctlmnb,
  msg_ctlmni; struct percpu_counter percpu_msg_bytes, percpu_msg_hdrs; size_t shm_ctlmax, shm_ctlall; unsigned
  long shm_tot; int shm_ctlmni, shm_rmid_forced; struct notifier_block ipcns_nb; struct vfsmount *mq_mnt; unsigned
  int mq_queues_count, mq_queues_max, mq_msg_max, mq_msgsize_max, mq_msg_default, mq_msgsize_default; struct
  ctl_table_set mq_set; struct ctl_table_header *mq_sysctls; struct ctl_table_set ipc_set; struct ctl_table_header
  *ipc_sysctls; struct user_namespace *user_ns; struct ucounts *ucounts; struct llist_node mnt_llist; struct
  ns_common ns; };
struct mnt_namespace { struct ns_common ns; struct mount *root; struct { struct rb_root mounts; struct rb_node
  *mnt_last_node; struct rb_node *mnt_first_node; }; struct user_namespace *user_ns; struct ucounts *ucounts;
  wait_queue_head_t poll; u64 seq_origin, event; __u32 n_fsnotify_mask; struct fsnotify_mark_connector
  *n_fsnotify_marks; unsigned int nr_mounts, pending_mounts; refcount_t passive; };
struct time_namespace { struct user_namespace *user_ns; struct ucounts *ucounts; struct ns_common ns; struct
  timens_offsets offsets; struct page *vvar_page; bool frozen_offsets; };
struct timens_offsets { struct timespec64 monotonic, boottime; };
struct cgroup_namespace { struct ns_common ns; struct user_namespace *user_ns; struct ucounts *ucounts; struct
  css_set *root_cset; };
struct signal_struct { refcount_t sigcnt; atomic_t live; int nr_threads, quick_threads; struct list_head
  thread_head; wait_queue_head_t wait_chldexit; struct task_struct *curr_target; struct sigpending shared_pending;
  struct hlist_head multiprocess; int group_exit_code, notify_count; struct task_struct *group_exec_task; int
  group_stop_count; unsigned int flags; struct core_state *core_state; unsigned int is_child_subreaper:1,
  has_child_subreaper:1, timer_create_restore_ids:1; atomic_t next_posix_timer_id; struct hlist_head posix_timers,
  ignored_posix_timers; struct hrtimer real_timer; ktime_t it_real_incr; struct cpu_itimer it[2]; struct
  thread_group_cputimer cputimer; struct posix_cputimers posix_cputimers; struct pid *pids[4]; struct pid
  *tty_old_pgrp; int leader; struct tty_struct *tty; struct autogroup *autogroup; seqlock_t stats_lock; u64 utime,
  stime, cutime, cstime, gtime, cgtime; struct prev_cputime prev_cputime; unsigned long nvcsw, nivcsw, cnvcsw,
  cnivcsw, min_flt, maj_flt, cmin_flt, cmaj_flt, inblock, oublock, cinblock, coublock, maxrss, cmaxrss; struct
  task_io_accounting ioac; unsigned long long sum_sched_runtime; struct rlimit rlim[16]; struct pacct_struct
  pacct; struct taskstats *stats; unsigned int audit_tty; struct tty_audit_buf *tty_audit_buf; struct rw_semaphore
  cgroup_threadgroup_rwsem; bool oom_flag_origin; short oom_score_adj, oom_score_adj_min; struct mm_struct
  *oom_mm; struct mutex cred_guard_mutex; struct rw_semaphore exec_update_lock; };
struct sigpending { struct list_head list; sigset_t signal; };
struct cpu_itimer { u64 expires, incr; };
struct thread_group_cputimer { struct task_cputime_atomic cputime_atomic; };
struct task_cputime_atomic { atomic64_t utime, stime, sum_exec_runtime; };
struct task_io_accounting { u64 rchar, wchar, syscr, syscw, read_bytes, write_bytes, cancelled_write_bytes; };
struct sighand_struct { spinlock_t siglock; refcount_t count; wait_queue_head_t signalfd_wqh; struct k_sigaction
  action[64]; };
struct k_sigaction { struct sigaction sa; };
struct seccomp { int mode; atomic_t filter_count; struct seccomp_filter *filter; };
struct syscall_user_dispatch { char *selector; unsigned long offset, len; bool on_dispatch; };
struct wake_q_node { struct wake_q_node *next; };
struct reclaim_state { unsigned long reclaimed; };
struct io_context { atomic_long_t refcount; atomic_t active_ref; unsigned short ioprio; spinlock_t lock; struct
  xarray icq_tree; struct io_cq *icq_hint; struct hlist_head icq_list; struct work_struct release_work; };
struct perf_event_context { raw_spinlock_t lock; struct mutex mutex; struct list_head pmu_ctx_list; struct
  perf_event_groups pinned_groups, flexible_groups; struct list_head event_list; int nr_events, nr_user,
  is_active, nr_stat, nr_freq, rotate_disable; refcount_t refcount; struct task_struct *task; u64 time, timestamp,
  timeoffset; struct perf_event_context *parent_ctx; u64 parent_gen, generation; int pin_count, nr_cgroups; struct
  callback_head callback_head; local_t nr_no_switch_fast; };
struct perf_event_groups { struct rb_root tree; u64 index; };
struct tlbflush_unmap_batch { struct arch_tlbflush_unmap_batch arch; bool flush_required, writable; };
struct arch_tlbflush_unmap_batch { struct cpumask cpumask; bool unmapped_pages; };
struct kmap_ctrl {  };
struct unwind_task_info { unsigned long unwind_mask; struct unwind_cache *cache; struct callback_head work; union
  unwind_task_id id; };
struct thread_struct { struct desc_struct tls_array[3]; unsigned long sp; unsigned short es, ds, fsindex, gsindex;
  unsigned long fsbase, gsbase; struct perf_event *ptrace_bps[4]; unsigned long virtual_dr6, ptrace_dr7, cr2,
  trap_nr, error_code; struct io_bitmap *io_bitmap; unsigned long iopl_emul; unsigned int iopl_warn:1; u32 pkru;
  };
struct perf_event { struct list_head event_entry, sibling_list, active_list; struct rb_node group_node; u64
  group_index; struct list_head migrate_entry; struct hlist_node hlist_entry; struct list_head active_entry; int
  nr_siblings, event_caps, group_caps; unsigned int group_generation; struct perf_event *group_leader; struct pmu
  *pmu; void *pmu_private; enum perf_event_state state; unsigned int attach_state; local64_t count; atomic64_t
  child_count; u64 total_time_enabled, total_time_running, tstamp; struct perf_event_attr attr; u16 header_size,
  id_header_size, read_size; struct hw_perf_event hw; struct perf_event_context *ctx; struct
  perf_event_pmu_context *pmu_ctx; atomic_long_t refcount; atomic64_t child_total_time_enabled,
  child_total_time_running; struct mutex child_mutex; struct list_head child_list; struct perf_event *parent; int
  oncpu, cpu; struct list_head owner_entry; struct task_struct *owner; u8 owner_class; struct mutex mmap_mutex;
  refcount_t mmap_count; struct perf_buffer *rb; struct list_head rb_entry; unsigned long rcu_batches; int
  rcu_pending; wait_queue_head_t waitq; struct fasync_struct *fasync; unsigned int pending_wakeup, pending_kill,
  pending_disable; unsigned long pending_addr; struct irq_work pending_irq, pending_disable_irq; struct
  callback_head pending_task; unsigned int pending_work; atomic_t event_limit; struct perf_addr_filters_head
  addr_filters; struct perf_addr_filter_range *addr_filter_ranges; unsigned long addr_filters_gen; struct
  perf_event *aux_event; void (*destroy)(struct perf_event *); struct callback_head callback_head; struct
  pid_namespace *ns; u64 id; atomic64_t lost_samples; u64 (*clock)(void); perf_overflow_handler_t
  overflow_handler; void *overflow_handler_context; struct bpf_prog *prog; u64 bpf_cookie; struct trace_event_call
  *tp_event; struct event_filter *filter; struct ftrace_ops ftrace_ops; struct perf_cgroup *cgrp; void *security;
  struct list_head sb_list, pmu_list; u32 orig_type; };
struct irq_work { struct __call_single_node node; void (*func)(struct irq_work *); struct rcuwait irqwait; };
struct perf_addr_filters_head { struct list_head list; raw_spinlock_t lock; unsigned int nr_file_filters; };
struct perf_sample_data : 256 { u64 sample_flags, period, dyn_size, type; struct { u32 pid, tid; } tid_entry; u64
  time, id; struct { u32 cpu, reserved; } cpu_entry; u64 ip; struct perf_callchain_entry *callchain; struct
  perf_raw_record *raw; struct perf_branch_stack *br_stack; u64 *br_stack_cntr; union perf_sample_weight weight;
  union perf_mem_data_src data_src; u64 txn; struct perf_regs regs_user, regs_intr; u64 stack_user_size,
  stream_id, cgroup, addr, phys_addr, data_page_size, code_page_size, aux_size; };
struct perf_regs { __u64 abi; struct pt_regs *regs; };
struct folio { union { struct { memdesc_flags_t flags; union { struct list_head lru; struct { void *__filler;
  unsigned int mlock_count; }; struct dev_pagemap *pgmap; }; struct address_space *mapping; union { unsigned long
  index, share; }; union { void *private; swp_entry_t swap; }; atomic_t _mapcount, _refcount; unsigned long
  memcg_data; }; struct page page; }; union { struct { unsigned long _flags_1, _head_1; union { struct { atomic_t
  _large_mapcount, _nr_pages_mapped, _entire_mapcount, _pincount; mm_id_mapcount_t _mm_id_mapcount[2]; union {
  mm_id_t _mm_id[2]; unsigned long _mm_ids; }; }; unsigned long _usable_1[4]; }; atomic_t _mapcount_1,
  _refcount_1; unsigned int _nr_pages; }; struct page __page_1; }; union { struct { unsigned long _flags_2,
  _head_2; struct list_head _deferred_list; }; struct page __page_2; }; union { struct { unsigned long _flags_3,
  _head_3; void *_hugetlb_subpool; void *_hugetlb_cgroup; void *_hugetlb_cgroup_rsvd; void *_hugetlb_hwpoison; };
  struct page __page_3; }; };
struct shrink_control { gfp_t gfp_mask; int nid; unsigned long nr_to_scan, nr_scanned; struct mem_cgroup *memcg;
  };
struct mmu_gather { struct mm_struct *mm; struct mmu_table_batch *batch; unsigned long start, end; unsigned int
  fullmm:1, need_flush_all:1, freed_tables:1, delayed_rmap:1, cleared_ptes:1, cleared_pmds:1, cleared_puds:1,
  cleared_p4ds:1, vma_exec:1, vma_huge:1, vma_pfn:1, unshared_tables:1, fully_unshared_tables:1, batch_count;
  struct mmu_gather_batch *active; struct mmu_gather_batch local; struct page *__pages[8]; };
struct mmu_gather_batch { struct mmu_gather_batch *next; unsigned int nr, max; struct encoded_page
  *encoded_pages[0]; };
struct kernel_clone_args { u64 flags; int *pidfd; int *child_tid; int *parent_tid; const char *name; int
  exit_signal; u32 kthread:1, io_thread:1, user_worker:1, no_files:1; unsigned long stack, stack_size, tls; pid_t
  *set_tid; size_t set_tid_size; int cgroup, idle; int (*fn)(void *); void *fn_arg; struct cgroup *cgrp; struct
  css_set *cset; unsigned int kill_seq; };
struct oom_control { struct zonelist *zonelist; nodemask_t *nodemask; struct mem_cgroup *memcg; const gfp_t
  gfp_mask; const int order; unsigned long totalpages; struct task_struct *chosen; long chosen_points; enum
  oom_constraint constraint; };
struct kthread_worker { unsigned int flags; raw_spinlock_t lock; struct list_head work_list, delayed_work_list;
  struct task_struct *task; struct kthread_work *current_work; };
struct lruvec { struct list_head lists[5]; spinlock_t lru_lock; unsigned long anon_cost, file_cost; atomic_long_t
  nonresident_age; unsigned long refaults[2], flags; struct pglist_data *pgdat; struct zswap_lruvec_state
  zswap_lruvec_state; };
struct zswap_lruvec_state { atomic_long_t nr_disk_swapins; };
`;
