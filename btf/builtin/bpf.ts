/**
 * Types of the BPF subsystem: maps, programs, links, iterators and their contexts. Offsets and sizes follow from
 * the members, or stand there (`btf/c_parse.ts`): those of Linux 6.18 on x86_64.
 */
export const BPF = `
typedef u64 (*bpf_callback_t)(u64, u64, u64, u64, u64);
typedef int (*bpf_iter_init_seq_priv_t)(void *, struct bpf_iter_aux_info *);
typedef void (*bpf_iter_fini_seq_priv_t)(void *); typedef struct qspinlock rqspinlock_t;
typedef void (*dma_fence_func_t)(struct dma_fence *, struct dma_fence_cb *);
typedef union { __be32 a4, a6[4]; struct in6_addr in6; } xfrm_address_t;
typedef int (*btf_kfunc_filter_t)(const struct bpf_prog *, u32);
struct btf_header : 24; struct bpf_mem_cache : 208; struct bpf_lru : 256; struct bpf_verifier_env : 26456;
enum bpf_reg_type { NOT_INIT, SCALAR_VALUE, PTR_TO_CTX, CONST_PTR_TO_MAP, PTR_TO_MAP_VALUE, PTR_TO_MAP_KEY,
  PTR_TO_STACK, PTR_TO_PACKET_META, PTR_TO_PACKET, PTR_TO_PACKET_END, PTR_TO_FLOW_KEYS, PTR_TO_SOCKET,
  PTR_TO_SOCK_COMMON, PTR_TO_TCP_SOCK, PTR_TO_TP_BUFFER, PTR_TO_XDP_SOCK, PTR_TO_BTF_ID, PTR_TO_MEM, PTR_TO_ARENA,
  PTR_TO_BUF, PTR_TO_FUNC, CONST_PTR_TO_DYNPTR, __BPF_REG_TYPE_MAX, PTR_TO_MAP_VALUE_OR_NULL=260,
  PTR_TO_SOCKET_OR_NULL=267, PTR_TO_SOCK_COMMON_OR_NULL, PTR_TO_TCP_SOCK_OR_NULL, PTR_TO_BTF_ID_OR_NULL=272,
  __BPF_REG_TYPE_LIMIT=268435455 };
enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID, PIDTYPE_MAX };
enum bpf_iter_task_type { BPF_TASK_ITER_ALL, BPF_TASK_ITER_TID, BPF_TASK_ITER_TGID };
enum bpf_return_type { RET_INTEGER, RET_VOID, RET_PTR_TO_MAP_VALUE, RET_PTR_TO_SOCKET, RET_PTR_TO_TCP_SOCK,
  RET_PTR_TO_SOCK_COMMON, RET_PTR_TO_MEM, RET_PTR_TO_MEM_OR_BTF_ID, RET_PTR_TO_BTF_ID, __BPF_RET_TYPE_MAX,
  RET_PTR_TO_MAP_VALUE_OR_NULL=258, RET_PTR_TO_SOCKET_OR_NULL, RET_PTR_TO_TCP_SOCK_OR_NULL,
  RET_PTR_TO_SOCK_COMMON_OR_NULL, RET_PTR_TO_RINGBUF_MEM_OR_NULL=1286, RET_PTR_TO_DYNPTR_MEM_OR_NULL=262,
  RET_PTR_TO_BTF_ID_OR_NULL=264, RET_PTR_TO_BTF_ID_TRUSTED=1048584, __BPF_RET_TYPE_LIMIT=268435455 };
enum bpf_arg_type { ARG_DONTCARE, ARG_CONST_MAP_PTR, ARG_PTR_TO_MAP_KEY, ARG_PTR_TO_MAP_VALUE, ARG_PTR_TO_MEM,
  ARG_PTR_TO_ARENA, ARG_CONST_SIZE, ARG_CONST_SIZE_OR_ZERO, ARG_PTR_TO_CTX, ARG_ANYTHING, ARG_PTR_TO_SPIN_LOCK,
  ARG_PTR_TO_SOCK_COMMON, ARG_PTR_TO_SOCKET, ARG_PTR_TO_BTF_ID, ARG_PTR_TO_RINGBUF_MEM,
  ARG_CONST_ALLOC_SIZE_OR_ZERO, ARG_PTR_TO_BTF_ID_SOCK_COMMON, ARG_PTR_TO_PERCPU_BTF_ID, ARG_PTR_TO_FUNC,
  ARG_PTR_TO_STACK, ARG_PTR_TO_CONST_STR, ARG_PTR_TO_TIMER, ARG_KPTR_XCHG_DEST, ARG_PTR_TO_DYNPTR,
  __BPF_ARG_TYPE_MAX, ARG_PTR_TO_MAP_VALUE_OR_NULL=259, ARG_PTR_TO_MEM_OR_NULL, ARG_PTR_TO_CTX_OR_NULL=264,
  ARG_PTR_TO_SOCKET_OR_NULL=268, ARG_PTR_TO_STACK_OR_NULL=275, ARG_PTR_TO_BTF_ID_OR_NULL=269,
  ARG_PTR_TO_UNINIT_MEM=67141636, ARG_PTR_TO_FIXED_SIZE_MEM=262148, __BPF_ARG_TYPE_LIMIT=268435455 };
enum bpf_struct_ops_state { BPF_STRUCT_OPS_STATE_INIT, BPF_STRUCT_OPS_STATE_INUSE, BPF_STRUCT_OPS_STATE_TOBEFREE,
  BPF_STRUCT_OPS_STATE_READY };
enum bpf_dynptr_type { BPF_DYNPTR_TYPE_INVALID, BPF_DYNPTR_TYPE_LOCAL, BPF_DYNPTR_TYPE_RINGBUF,
  BPF_DYNPTR_TYPE_SKB, BPF_DYNPTR_TYPE_XDP, BPF_DYNPTR_TYPE_SKB_META };
enum bpf_iter_state { BPF_ITER_STATE_INVALID, BPF_ITER_STATE_ACTIVE, BPF_ITER_STATE_DRAINED };
enum xdp_rss_hash_type { XDP_RSS_L3_IPV4=1, XDP_RSS_L3_IPV6, XDP_RSS_L3_DYNHDR=4, XDP_RSS_L4=8, XDP_RSS_L4_TCP=16,
  XDP_RSS_L4_UDP=32, XDP_RSS_L4_SCTP=64, XDP_RSS_L4_IPSEC=128, XDP_RSS_L4_ICMP=256, XDP_RSS_TYPE_NONE=0,
  XDP_RSS_TYPE_L2=0, XDP_RSS_TYPE_L3_IPV4, XDP_RSS_TYPE_L3_IPV6, XDP_RSS_TYPE_L3_IPV4_OPT=5,
  XDP_RSS_TYPE_L3_IPV6_EX, XDP_RSS_TYPE_L4_ANY=8, XDP_RSS_TYPE_L4_IPV4_TCP=25, XDP_RSS_TYPE_L4_IPV4_UDP=41,
  XDP_RSS_TYPE_L4_IPV4_SCTP=73, XDP_RSS_TYPE_L4_IPV4_IPSEC=137, XDP_RSS_TYPE_L4_IPV4_ICMP=265,
  XDP_RSS_TYPE_L4_IPV6_TCP=26, XDP_RSS_TYPE_L4_IPV6_UDP=42, XDP_RSS_TYPE_L4_IPV6_SCTP=74,
  XDP_RSS_TYPE_L4_IPV6_IPSEC=138, XDP_RSS_TYPE_L4_IPV6_ICMP=266, XDP_RSS_TYPE_L4_IPV6_TCP_EX=30,
  XDP_RSS_TYPE_L4_IPV6_UDP_EX=46, XDP_RSS_TYPE_L4_IPV6_SCTP_EX=78 };
enum nf_nat_manip_type { NF_NAT_MANIP_SRC, NF_NAT_MANIP_DST };
struct bpf_raw_event_map : 32 { struct tracepoint *tp; void *bpf_func; u32 num_args, writable_size; };
struct bpf_prog_array { struct callback_head rcu; struct bpf_prog_array_item items[0]; };
struct bpf_prog { u16 pages, jited:1, jit_requested:1, gpl_compatible:1, cb_access:1, dst_needed:1,
  blinding_requested:1, blinded:1, is_func:1, kprobe_override:1, has_callchain_buf:1,
  enforce_expected_attach_type:1, call_get_stack:1, call_get_func_ip:1, tstamp_type_access:1, sleepable:1; enum
  bpf_prog_type type; enum bpf_attach_type expected_attach_type; u32 len, jited_len; union { u8 digest[32],
  tag[8]; }; struct bpf_prog_stats *stats; int *active; unsigned int (*bpf_func)(const void *, const struct
  bpf_insn *); struct bpf_prog_aux *aux; struct sock_fprog_kern *orig_prog; union { struct { struct {  }
  __empty_insns; struct sock_filter insns[0]; }; struct { struct {  } __empty_insnsi; struct bpf_insn insnsi[0];
  }; }; };
struct bpf_prog_aux { atomic64_t refcnt; u32 used_map_cnt, used_btf_cnt, max_ctx_offset, max_pkt_offset,
  max_tp_access, stack_depth, id, func_cnt, real_func_cnt, func_idx, attach_btf_id, attach_st_ops_member_off,
  ctx_arg_info_size, max_rdonly_access, max_rdwr_access; struct btf *attach_btf; struct bpf_ctx_arg_aux
  *ctx_arg_info; void *priv_stack_ptr; struct mutex dst_mutex; struct bpf_prog *dst_prog; struct bpf_trampoline
  *dst_trampoline; enum bpf_prog_type saved_dst_prog_type; enum bpf_attach_type saved_dst_attach_type; bool
  verifier_zext, dev_bound, offload_requested, attach_btf_trace, attach_tracing_prog, func_proto_unreliable,
  tail_call_reachable, xdp_has_frags, exception_cb, exception_boundary, is_extended, jits_use_priv_stack,
  priv_stack_requested, changes_pkt_data, might_sleep, kprobe_write_ctx; u64 prog_array_member_cnt; struct mutex
  ext_mutex; struct bpf_arena *arena; void (*recursion_detected)(struct bpf_prog *); const struct btf_type
  *attach_func_proto; const char *attach_func_name; struct bpf_prog **func; struct bpf_prog_aux *main_prog_aux;
  void *jit_data; struct bpf_jit_poke_descriptor *poke_tab; struct bpf_kfunc_desc_tab *kfunc_tab; struct
  bpf_kfunc_btf_tab *kfunc_btf_tab; u32 size_poke_tab; struct bpf_ksym ksym; const struct bpf_prog_ops *ops; const
  struct bpf_struct_ops *st_ops; struct bpf_map **used_maps; struct mutex used_maps_mutex; struct btf_mod_pair
  *used_btfs; struct bpf_prog *prog; struct user_struct *user; u8 init_private; bool init_owned; u64 load_time;
  u32 verified_insns; int cgroup_atype; struct bpf_map *cgroup_storage[2]; char name[16]; u64
  (*bpf_exception_cb)(u64, u64, u64, u64, u64); void *security; struct bpf_token *token; struct bpf_prog_offload
  *offload; struct btf *btf; struct bpf_func_info *func_info; struct bpf_func_info_aux *func_info_aux; struct
  bpf_line_info *linfo; void **jited_linfo; u32 func_info_cnt, nr_linfo, linfo_idx; struct module *mod; u32
  num_exentries; struct exception_table_entry *extable; union { struct work_struct work; struct callback_head rcu;
  }; struct bpf_stream stream[2]; };
struct btf { void *data; u8 init_private; struct btf_type **types; u32 *resolved_ids; u32 *resolved_sizes; const
  char *strings; void *nohdr_data; struct btf_header hdr; u32 nr_types, types_size, data_size; refcount_t refcnt;
  u32 id; struct callback_head rcu; struct btf_kfunc_set_tab *kfunc_set_tab; struct btf_id_dtor_kfunc_tab
  *dtor_kfunc_tab; struct btf_struct_metas *struct_meta_tab; struct btf_struct_ops_tab *struct_ops_tab; struct btf
  *base_btf; u32 start_id, start_str_off; char name[56]; bool kernel_btf; __u32 *base_id_map; };
struct bpf_ctx_arg_aux { u32 offset; enum bpf_reg_type reg_type; struct btf *btf; u32 btf_id, ref_obj_id; bool
  refcounted; };
struct bpf_trampoline { struct hlist_node hlist; struct ftrace_ops *fops; struct mutex mutex; refcount_t refcnt;
  u32 flags; u64 key; u8 init_private; struct { struct btf_func_model model; void *addr; bool ftrace_managed; }
  func; struct bpf_prog *extension_prog; struct hlist_head progs_hlist[3]; int progs_cnt[3]; struct
  bpf_tramp_image *cur_image; };
struct btf_func_model { u8 ret_size, ret_flags, nr_args, arg_size[12], arg_flags[12]; };
struct bpf_arena { struct bpf_map map; u64 user_vm_start, user_vm_end; struct vm_struct *kern_vm; struct
  range_tree rt; struct list_head vma_list; struct mutex lock; };
struct bpf_map { u8 sha[32]; u32 excl; const struct bpf_map_ops *ops; struct bpf_map *inner_map_meta; void
  *security; enum bpf_map_type map_type; u32 key_size, value_size, max_entries; u64 map_extra; u32 map_flags, id;
  struct btf_record *record; int numa_node; u32 btf_key_type_id, btf_value_type_id, btf_vmlinux_value_type_id;
  struct btf *btf; struct obj_cgroup *objcg; char name[16]; struct mutex freeze_mutex; atomic64_t refcnt, usercnt;
  union { struct work_struct work; struct callback_head rcu; }; atomic64_t writecnt; spinlock_t owner_lock; struct
  bpf_map_owner *owner; bool bypass_spec_v1, frozen; u8 init_private; bool free_after_mult_rcu_gp,
  free_after_rcu_gp; atomic64_t sleepable_refcnt; s64 *elem_count; u64 cookie; char *excl_prog_sha; };
struct bpf_map_ops { int (*map_alloc_check)(union bpf_attr *); struct bpf_map *(*map_alloc)(union bpf_attr *);
  void (*map_release)(struct bpf_map *, struct file *); void (*map_free)(struct bpf_map *); int
  (*map_get_next_key)(struct bpf_map *, void *, void *); void (*map_release_uref)(struct bpf_map *); void
  *(*map_lookup_elem_sys_only)(struct bpf_map *, void *); int (*map_lookup_batch)(struct bpf_map *, const union
  bpf_attr *, union bpf_attr *); int (*map_lookup_and_delete_elem)(struct bpf_map *, void *, void *, u64); int
  (*map_lookup_and_delete_batch)(struct bpf_map *, const union bpf_attr *, union bpf_attr *); int
  (*map_update_batch)(struct bpf_map *, struct file *, const union bpf_attr *, union bpf_attr *); int
  (*map_delete_batch)(struct bpf_map *, const union bpf_attr *, union bpf_attr *); void *(*map_lookup_elem)(struct
  bpf_map *, void *); long (*map_update_elem)(struct bpf_map *, void *, void *, u64); long
  (*map_delete_elem)(struct bpf_map *, void *); long (*map_push_elem)(struct bpf_map *, void *, u64); long
  (*map_pop_elem)(struct bpf_map *, void *); long (*map_peek_elem)(struct bpf_map *, void *); void
  *(*map_lookup_percpu_elem)(struct bpf_map *, void *, u32); int (*map_get_hash)(struct bpf_map *, u32, void *);
  void *(*map_fd_get_ptr)(struct bpf_map *, struct file *, int); void (*map_fd_put_ptr)(struct bpf_map *, void *,
  bool); int (*map_gen_lookup)(struct bpf_map *, struct bpf_insn *); u32 (*map_fd_sys_lookup_elem)(void *); void
  (*map_seq_show_elem)(struct bpf_map *, void *, struct seq_file *); int (*map_check_btf)(const struct bpf_map *,
  const struct btf *, const struct btf_type *, const struct btf_type *); int (*map_poke_track)(struct bpf_map *,
  struct bpf_prog_aux *); void (*map_poke_untrack)(struct bpf_map *, struct bpf_prog_aux *); void
  (*map_poke_run)(struct bpf_map *, u32, struct bpf_prog *, struct bpf_prog *); int (*map_direct_value_addr)(const
  struct bpf_map *, u64 *, u32); int (*map_direct_value_meta)(const struct bpf_map *, u64, u32 *); int
  (*map_mmap)(struct bpf_map *, struct vm_area_struct *); __poll_t (*map_poll)(struct bpf_map *, struct file *,
  struct poll_table_struct *); unsigned long (*map_get_unmapped_area)(struct file *, unsigned long, unsigned long,
  unsigned long, unsigned long); int (*map_local_storage_charge)(struct bpf_local_storage_map *, void *, u32);
  void (*map_local_storage_uncharge)(struct bpf_local_storage_map *, void *, u32); struct bpf_local_storage
  **(*map_owner_storage_ptr)(void *); long (*map_redirect)(struct bpf_map *, u64, u64); bool
  (*map_meta_equal)(const struct bpf_map *, const struct bpf_map *); int (*map_set_for_each_callback_args)(struct
  bpf_verifier_env *, struct bpf_func_state *, struct bpf_func_state *); long (*map_for_each_callback)(struct
  bpf_map *, bpf_callback_t, void *, u64); u64 (*map_mem_usage)(const struct bpf_map *); int *map_btf_id; const
  struct bpf_iter_seq_info *iter_seq_info; };
struct bpf_local_storage { struct bpf_local_storage_data *cache[16]; struct bpf_local_storage_map *smap; struct
  hlist_head list; void *owner; struct callback_head rcu; raw_spinlock_t lock; };
struct bpf_local_storage_data { struct bpf_local_storage_map *smap; u8 data[0]; };
struct bpf_local_storage_map { struct bpf_map map; struct bpf_local_storage_map_bucket *buckets; u32 bucket_log;
  u16 elem_size, cache_idx; struct bpf_mem_alloc selem_ma, storage_ma; bool bpf_ma; };
struct bpf_local_storage_map_bucket { struct hlist_head list; raw_spinlock_t lock; };
struct bpf_mem_caches { struct bpf_mem_cache cache[11]; };
struct bpf_link { atomic64_t refcnt; u32 id; u8 init_private; enum bpf_link_type type; const struct bpf_link_ops
  *ops; struct bpf_prog *prog; u32 flags; enum bpf_attach_type attach_type; union { struct callback_head rcu;
  struct work_struct work; }; bool sleepable; };
struct bpf_link_ops { void (*release)(struct bpf_link *); void (*dealloc)(struct bpf_link *); void
  (*dealloc_deferred)(struct bpf_link *); int (*detach)(struct bpf_link *); int (*update_prog)(struct bpf_link *,
  struct bpf_prog *, struct bpf_prog *); void (*show_fdinfo)(const struct bpf_link *, struct seq_file *); int
  (*fill_link_info)(const struct bpf_link *, struct bpf_link_info *); int (*update_map)(struct bpf_link *, struct
  bpf_map *, struct bpf_map *); __poll_t (*poll)(struct file *, struct poll_table_struct *); };
struct bpf_run_ctx {  };
struct bpf_iter_seq_info { const struct seq_operations *seq_ops; bpf_iter_init_seq_priv_t init_seq_private;
  bpf_iter_fini_seq_priv_t fini_seq_private; u32 seq_priv_size; };
struct bpf_iter_aux_info { struct bpf_map *map; struct { struct cgroup *start; enum bpf_cgroup_iter_order order; }
  cgroup; struct { enum bpf_iter_task_type type; u32 pid; } task; };
struct range_tree { struct rb_root_cached it_root, range_size_root; };
struct bpf_ksym { unsigned long start, end; char name[512]; struct list_head lnode; struct latch_tree_node tnode;
  bool prog; u8 init_private; };
struct latch_tree_node { struct rb_node node[2]; };
struct bpf_prog_ops { int (*test_run)(struct bpf_prog *, const union bpf_attr *, union bpf_attr *); };
struct bpf_token { struct work_struct work; atomic64_t refcnt; struct user_namespace *userns; u64 allowed_cmds,
  allowed_maps, allowed_progs, allowed_attachs; void *security; };
struct bpf_prog_offload { struct bpf_prog *prog; struct net_device *netdev; struct bpf_offload_dev *offdev; void
  *dev_priv; struct list_head offloads; bool dev_state, opt_failed; void *jited_image; u32 jited_len; };
struct bpf_offload_dev { const struct bpf_prog_offload_ops *ops; struct list_head netdevs; void *priv; };
struct bpf_stream { atomic_t capacity; struct llist_head log; struct mutex lock; struct llist_node *backlog_head;
  struct llist_node *backlog_tail; };
struct sock_filter { __u16 code; __u8 jt, jf; __u32 k; };
struct bpf_cgroup_storage { union { struct bpf_storage_buffer *buf; void *percpu_buf; }; struct
  bpf_cgroup_storage_map *map; struct bpf_cgroup_storage_key key; struct list_head list_map, list_cg; struct
  rb_node node; struct callback_head rcu; };
struct bpf_storage_buffer { struct callback_head rcu; char data[0]; };
struct bpf_cgroup_storage_map { struct bpf_map map; spinlock_t lock; struct rb_root root; struct list_head list;
  };
struct bpf_array { struct bpf_map map; u32 elem_size, index_mask; struct bpf_array_aux *aux; union { struct {
  struct {  } __empty_value; char value[0]; }; struct { struct {  } __empty_ptrs; void *ptrs[0]; }; struct {
  struct {  } __empty_pptrs; void *pptrs[0]; }; }; };
struct bpf_htab : 832 { struct bpf_map map; struct bpf_mem_alloc ma, pcpu_ma; struct bucket *buckets; void *elems;
  @448 union { struct pcpu_freelist freelist; struct bpf_lru lru; }; struct htab_elem **extra_elems; struct
  percpu_counter pcount; atomic_t count; bool use_percpu_counter; u32 n_buckets, elem_size, hashrnd; };
struct pcpu_freelist { struct pcpu_freelist_head *freelist; };
struct bpf_tramp_link { struct bpf_link link; struct hlist_node tramp_hlist; u64 cookie; };
struct bpf_insn_access_aux { enum bpf_reg_type reg_type; bool is_ldsx; union { int ctx_field_size; struct { struct
  btf *btf; u32 btf_id, ref_obj_id; }; }; struct bpf_verifier_log *log; bool is_retval; };
struct bpf_verifier_log { u64 start_pos, end_pos; char *ubuf; u32 level, len_total, len_max; char kbuf[1024]; };
struct bpf_func_proto { u64 (*func)(u64, u64, u64, u64, u64); bool gpl_only, pkt_access, might_sleep,
  allow_fastcall; enum bpf_return_type ret_type; union { struct { enum bpf_arg_type arg1_type, arg2_type,
  arg3_type, arg4_type, arg5_type; }; enum bpf_arg_type arg_type[5]; }; union { struct { u32 *arg1_btf_id; u32
  *arg2_btf_id; u32 *arg3_btf_id; u32 *arg4_btf_id; u32 *arg5_btf_id; }; u32 *arg_btf_id[5]; struct { size_t
  arg1_size, arg2_size, arg3_size, arg4_size, arg5_size; }; size_t arg_size[5]; }; int *ret_btf_id; bool
  (*allowed)(const struct bpf_prog *); };
struct bpf_trace_run_ctx { struct bpf_run_ctx run_ctx; u64 bpf_cookie; bool is_uprobe; };
struct bpf_tramp_run_ctx { struct bpf_run_ctx run_ctx; u64 bpf_cookie; struct bpf_run_ctx *saved_run_ctx; };
struct bpf_link_primer { struct bpf_link *link; struct file *file; int fd; u32 id; };
struct bpf_struct_ops_common_value { refcount_t refcnt; enum bpf_struct_ops_state state; };
struct bpf_ringbuf { wait_queue_head_t waitq; struct irq_work work; u64 mask; struct page **pages; int nr_pages;
  @128 rqspinlock_t spinlock; @192 atomic_t busy; @4096 unsigned long consumer_pos; @8192 unsigned long
  producer_pos; unsigned long pending_pos; @12288 char data[0]; };
struct bpf_iter_meta { union { struct seq_file *seq; }; u64 session_id, seq_num; };
struct bpf_iter__task { union { struct bpf_iter_meta *meta; }; union { struct task_struct *task; }; };
struct bpf_iter__task__safe_trusted { struct bpf_iter_meta *meta; struct task_struct *task; };
struct bpf_iter__task_file { union { struct bpf_iter_meta *meta; }; union { struct task_struct *task; }; u32 fd;
  union { struct file *file; }; };
struct bpf_iter__task_vma { union { struct bpf_iter_meta *meta; }; union { struct task_struct *task; }; union {
  struct vm_area_struct *vma; }; };
struct bpf_iter__bpf_map { union { struct bpf_iter_meta *meta; }; union { struct bpf_map *map; }; };
struct bpf_iter__bpf_prog { union { struct bpf_iter_meta *meta; }; union { struct bpf_prog *prog; }; };
struct bpf_iter__bpf_link { union { struct bpf_iter_meta *meta; }; union { struct bpf_link *link; }; };
struct bpf_iter__bpf_map_elem { union { struct bpf_iter_meta *meta; }; union { struct bpf_map *map; }; union {
  void *key; }; union { void *value; }; };
struct bpf_iter__cgroup { union { struct bpf_iter_meta *meta; }; union { struct cgroup *cgroup; }; };
struct bpf_iter__kmem_cache { union { struct bpf_iter_meta *meta; }; union { struct kmem_cache *s; }; };
struct bpf_iter__dmabuf { union { struct bpf_iter_meta *meta; }; union { struct dma_buf *dmabuf; }; };
struct dma_buf { size_t size; struct file *file; struct list_head attachments; const struct dma_buf_ops *ops;
  unsigned int vmapping_counter; struct iosys_map vmap_ptr; const char *exp_name; const char *name; spinlock_t
  name_lock; struct module *owner; struct list_head list_node; void *priv; struct dma_resv *resv;
  wait_queue_head_t poll; struct dma_buf_poll_cb_t cb_in, cb_out; };
struct iosys_map { union { void *vaddr_iomem; void *vaddr; }; bool is_iomem; };
struct dma_buf_poll_cb_t { struct dma_fence_cb cb; wait_queue_head_t *poll; __poll_t active; };
struct dma_fence_cb { struct list_head node; dma_fence_func_t func; };
struct bpf_iter__sockmap { union { struct bpf_iter_meta *meta; }; union { struct bpf_map *map; }; union { void
  *key; }; union { struct sock *sk; }; };
struct bpf_iter__bpf_sk_storage_map { union { struct bpf_iter_meta *meta; }; union { struct bpf_map *map; }; union
  { struct sock *sk; }; union { void *value; }; };
struct bpf_iter__netlink { union { struct bpf_iter_meta *meta; }; union { struct netlink_sock *sk; }; };
struct bpf_iter__tcp { union { struct bpf_iter_meta *meta; }; union { struct sock_common *sk_common; }; uid_t uid;
  };
struct bpf_iter__udp { union { struct bpf_iter_meta *meta; }; union { struct udp_sock *udp_sk; }; uid_t uid; @24
  int bucket; };
struct bpf_iter__unix { union { struct bpf_iter_meta *meta; }; union { struct unix_sock *unix_sk; }; uid_t uid; };
struct bpf_iter__ipv6_route { union { struct bpf_iter_meta *meta; }; union { struct fib6_info *rt; }; };
struct bpf_iter__ksym { union { struct bpf_iter_meta *meta; }; union { struct kallsym_iter *ksym; }; };
struct kallsym_iter { loff_t pos, pos_mod_end, pos_ftrace_mod_end, pos_bpf_end; unsigned long value; unsigned int
  nameoff; char type, name[512], module_name[56]; int exported, show_value; };
struct bpf_iter_bits { __u64 __opaque[2]; };
struct bpf_iter_task { __u64 __opaque[3]; };
struct bpf_iter_task_vma { __u64 __opaque[1]; };
struct bpf_iter_css { __u64 __opaque[3]; };
struct bpf_iter_css_task { __u64 __opaque[1]; };
struct bpf_iter_kmem_cache { __u64 __opaque[1]; };
struct bpf_iter_dmabuf { __u64 __opaque[1]; };
struct bpf_iter_num_kern { int cur, end; };
struct bpf_cpumask { cpumask_t cpumask; refcount_t usage; };
struct bpf_crypto_ctx { const struct bpf_crypto_type *type; void *tfm; u32 siv_len; struct callback_head rcu;
  refcount_t usage; };
struct bpf_crypto_params { char type[14]; u8 reserved[2]; char algo[128]; u8 key[256]; u32 key_len, authsize; };
struct bpf_key { struct key *key; bool has_ref; };
struct bpf_dynptr_kern { void *data; u32 size, offset; };
struct bpf_sock_addr_kern { struct sock *sk; struct sockaddr *uaddr; u64 tmp_reg; void *t_ctx; u32 uaddrlen; };
struct bpf_sock_ops_kern { struct sock *sk; union { u32 args[4], reply, replylong[4]; }; struct sk_buff *syn_skb;
  struct sk_buff *skb; void *skb_data_end; u8 op, is_fullsock, is_locked_tcp_sock, remaining_opt_len; u64 temp; };
struct bpf_sockopt_kern { struct sock *sk; u8 *optval; u8 *optval_end; s32 level, optname, optlen; struct
  task_struct *current_task; u64 tmp_reg; };
struct bpf_sysctl_kern { struct ctl_table_header *head; const struct ctl_table *table; void *cur_val; size_t
  cur_len; void *new_val; size_t new_len; int new_updated, write; loff_t *ppos; u64 tmp_reg; };
struct bpf_sk_lookup_kern { u16 family, protocol; __be16 sport; u16 dport; struct { __be32 saddr, daddr; } v4;
  struct { const struct in6_addr *saddr; const struct in6_addr *daddr; } v6; struct sock *selected_sk; u32
  ingress_ifindex; bool no_reuseport; };
struct sk_reuseport_kern { struct sk_buff *skb; struct sock *sk; struct sock *selected_sk; struct sock
  *migrating_sk; void *data_end; u32 hash, reuseport_id; bool bind_inany; };
struct bpf_nf_ctx { const struct nf_hook_state *state; struct sk_buff *skb; };
struct bpf_flow_dissector { struct bpf_flow_keys *flow_keys; const struct sk_buff *skb; const void *data; const
  void *data_end; };
struct bpf_cg_run_ctx { struct bpf_run_ctx run_ctx; const struct bpf_prog_array_item *prog_item; int retval; };
struct bpf_ct_opts { s32 netns_id, error; u8 l4proto, dir; u16 ct_zone_id; u8 ct_zone_dir, reserved[3]; };
struct bpf_xfrm_state_opts { s32 error, netns_id; u32 mark; xfrm_address_t daddr; __be32 spi; u8 proto; u16
  family; };
struct bpf_tcp_req_attrs { u32 rcv_tsval, rcv_tsecr; u16 mss; u8 rcv_wscale, snd_wscale, ecn_ok, wscale_ok,
  sack_ok, tstamp_ok, usec_ts_ok, reserved[3]; };
struct bpf_fentry_test_t { struct bpf_fentry_test_t *a; };
struct prog_test_ref_kfunc { int a, b; struct prog_test_member memb; struct prog_test_ref_kfunc *next; refcount_t
  cnt; };
struct prog_test_member { struct prog_test_member1 m; int c; };
struct prog_test_member1 { int a; };
struct bpf_tracing_link { struct bpf_tramp_link link; struct bpf_trampoline *trampoline; struct bpf_prog
  *tgt_prog; };
struct bpf_raw_tp_link { struct bpf_link link; struct bpf_raw_event_map *btp; u64 cookie; };
struct bpf_cgroup_link { struct bpf_link link; struct cgroup *cgroup; };
struct bpf_perf_event_data_kern { bpf_user_pt_regs_t *regs; struct perf_sample_data *data; struct perf_event
  *event; };
struct btf_kfunc_id_set { struct module *owner; struct btf_id_set8 *set; btf_kfunc_filter_t filter; };
struct bpf_reg_state { enum bpf_reg_type type; s32 off; union { int range; struct { struct bpf_map *map_ptr; u32
  map_uid; }; struct { struct btf *btf; u32 btf_id; }; struct { u32 mem_size, dynptr_id; }; struct { enum
  bpf_dynptr_type type; bool first_slot; } dynptr; struct { struct btf *btf; u32 btf_id; enum bpf_iter_state
  state:2; int depth:30; } iter; struct { enum { IRQ_NATIVE_KFUNC, IRQ_LOCK_KFUNC } kfunc_class; } irq; struct {
  unsigned long raw1, raw2; } raw; u32 subprogno; }; struct tnum var_off; s64 smin_value, smax_value; u64
  umin_value, umax_value; s32 s32_min_value, s32_max_value; u32 u32_min_value, u32_max_value, id, ref_obj_id,
  frameno; s32 subreg_def; bool precise; };
struct tnum { u64 value, mask; };
struct bpf_local_storage_elem : 128 { struct hlist_node map_node, snode; struct bpf_local_storage *local_storage;
  union { struct callback_head rcu; struct hlist_node free_node; }; @64 struct bpf_local_storage_data sdata; };
struct lpm_trie { struct bpf_map map; struct lpm_trie_node *root; struct bpf_mem_alloc ma; size_t n_entries,
  max_prefixlen, data_size; rqspinlock_t lock; };
struct bpf_stack_map { struct bpf_map map; void *elems; struct pcpu_freelist freelist; u32 n_buckets; struct
  stack_map_bucket *buckets[0]; };
struct bpf_queue_stack { struct bpf_map map; rqspinlock_t lock; u32 head, tail, size; char elements[0]; };
struct bpf_ringbuf_map { struct bpf_map map; struct bpf_ringbuf *rb; };
struct bpf_dtab { struct bpf_map map; struct bpf_dtab_netdev **netdev_map; struct list_head list; struct
  hlist_head *dev_index_head; spinlock_t index_lock; unsigned int items; u32 n_buckets; };
struct bpf_cpu_map { struct bpf_map map; struct bpf_cpu_map_entry **cpu_map; };
struct xsk_map { struct bpf_map map; spinlock_t lock; atomic_t count; struct xdp_sock *xsk_map[0]; };
struct bpf_stab { struct bpf_map map; struct sock **sks; struct sk_psock_progs progs; spinlock_t lock; };
struct bpf_shtab { struct bpf_map map; struct bpf_shtab_bucket *buckets; u32 buckets_num, elem_size; struct
  sk_psock_progs progs; atomic_t count; };
struct reuseport_array { struct bpf_map map; struct sock *ptrs[0]; };
struct bpf_bloom_filter { struct bpf_map map; u32 bitset_mask, hash_seed, nr_hash_funcs; unsigned long bitset[0];
  };
struct bpf_struct_ops_map { struct bpf_map map; const struct bpf_struct_ops_desc *st_ops_desc; struct mutex lock;
  struct bpf_link **links; struct bpf_ksym **ksyms; u32 funcs_cnt, image_pages_cnt; void *image_pages[8]; struct
  btf *btf; struct bpf_struct_ops_value *uvalue; @448 struct bpf_struct_ops_value kvalue; };
struct bpf_offloaded_map { struct bpf_map map; struct net_device *netdev; const struct bpf_map_dev_ops *dev_ops;
  void *dev_priv; struct list_head offloads; };
int bpf_iter_bpf_link(struct bpf_iter_meta *meta, struct bpf_link *link);
int bpf_iter_bpf_map(struct bpf_iter_meta *meta, struct bpf_map *map);
int bpf_iter_bpf_map_elem(struct bpf_iter_meta *meta, struct bpf_map *map, void *key, void *value);
int bpf_iter_bpf_prog(struct bpf_iter_meta *meta, struct bpf_prog *prog);
int bpf_iter_bpf_sk_storage_map(struct bpf_iter_meta *meta, struct bpf_map *map, struct sock *sk, void *value);
int bpf_iter_cgroup(struct bpf_iter_meta *meta, struct cgroup *cgroup);
int bpf_iter_dmabuf(struct bpf_iter_meta *meta, struct dma_buf *dmabuf);
int bpf_iter_ipv6_route(struct bpf_iter_meta *meta, struct fib6_info *rt);
int bpf_iter_kmem_cache(struct bpf_iter_meta *meta, struct kmem_cache *s);
int bpf_iter_ksym(struct bpf_iter_meta *meta, struct kallsym_iter *ksym);
int bpf_iter_netlink(struct bpf_iter_meta *meta, struct netlink_sock *sk);
int bpf_iter_sockmap(struct bpf_iter_meta *meta, struct bpf_map *map, void *key, struct sock *sk);
int bpf_iter_task(struct bpf_iter_meta *meta, struct task_struct *task);
int bpf_iter_task_file(struct bpf_iter_meta *meta, struct task_struct *task, u32 fd, struct file *file);
int bpf_iter_task_vma(struct bpf_iter_meta *meta, struct task_struct *task, struct vm_area_struct *vma);
int bpf_iter_tcp(struct bpf_iter_meta *meta, struct sock_common *sk_common, uid_t uid);
int bpf_iter_udp(struct bpf_iter_meta *meta, struct udp_sock *udp_sk, uid_t uid, int bucket);
int bpf_iter_unix(struct bpf_iter_meta *meta, struct unix_sock *unix_sk, uid_t uid);
`;
