/**
 * Types of all kernels: integers, lists, locks, devices. Offsets and sizes follow from
 * the members, or stand there (`btf/c_parse.ts`): those of Linux 6.18 on x86_64.
 */
export const BASE = `
typedef __u8 u8; typedef unsigned char __u8; typedef __u16 u16; typedef unsigned short __u16; typedef __u32 u32;
typedef unsigned int __u32; typedef __u64 u64; typedef unsigned long long __u64; typedef __s8 s8;
typedef signed char __s8; typedef __s16 s16; typedef short __s16; typedef __s32 s32; typedef int __s32;
typedef __s64 s64; typedef long long __s64; typedef __u16 __be16; typedef __u32 __be32; typedef __u64 __be64;
typedef __u16 __le16; typedef __u32 __le32; typedef __u16 __sum16; typedef __u32 __wsum; typedef _Bool bool;
typedef __kernel_size_t size_t; typedef __kernel_ulong_t __kernel_size_t; typedef unsigned long __kernel_ulong_t;
typedef __kernel_ssize_t ssize_t; typedef __kernel_long_t __kernel_ssize_t; typedef long __kernel_long_t;
typedef __kernel_loff_t loff_t; typedef long long __kernel_loff_t; typedef __kernel_pid_t pid_t;
typedef int __kernel_pid_t; typedef __kernel_uid32_t uid_t; typedef unsigned int __kernel_uid32_t;
typedef __kernel_gid32_t gid_t; typedef unsigned int __kernel_gid32_t; typedef __kernel_dev_t dev_t;
typedef u32 __kernel_dev_t; typedef unsigned short umode_t; typedef u64 sector_t; typedef unsigned int gfp_t;
typedef unsigned int fmode_t; typedef __s64 time64_t; typedef s64 ktime_t; typedef __kernel_clockid_t clockid_t;
typedef int __kernel_clockid_t; typedef struct refcount_struct refcount_t;
typedef struct { int counter; } atomic_t; typedef struct { s64 counter; } atomic64_t;
typedef atomic64_t atomic_long_t; typedef struct raw_spinlock raw_spinlock_t;
typedef struct qspinlock arch_spinlock_t; typedef struct spinlock spinlock_t;
typedef struct { arch_rwlock_t raw_lock; } rwlock_t; typedef struct qrwlock arch_rwlock_t;
typedef struct wait_queue_head wait_queue_head_t;
typedef int (*wait_queue_func_t)(struct wait_queue_entry *, unsigned int, int, void *);
typedef void (*work_func_t)(struct work_struct *); typedef struct { uid_t val; } kuid_t;
typedef struct { gid_t val; } kgid_t; typedef struct cpumask cpumask_t;
typedef struct { seqcount_spinlock_t seqcount; spinlock_t lock; } seqlock_t;
typedef struct seqcount_spinlock seqcount_spinlock_t; typedef struct seqcount seqcount_t;
typedef struct elf64_sym Elf64_Sym; typedef const int tracepoint_ptr_t; typedef unsigned int slab_flags_t;
typedef int (*notifier_fn_t)(struct notifier_block *, unsigned long, void *);
struct dev_pm_info : 264; struct pci_dev : 2016; struct device_driver : 144;
enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };
enum module_state { MODULE_STATE_LIVE, MODULE_STATE_COMING, MODULE_STATE_GOING, MODULE_STATE_UNFORMED };
enum dl_dev_state { DL_DEV_NO_DRIVER, DL_DEV_PROBING, DL_DEV_DRIVER_BOUND, DL_DEV_UNBINDING };
enum device_removable { DEVICE_REMOVABLE_NOT_SUPPORTED, DEVICE_REMOVABLE_UNKNOWN, DEVICE_FIXED, DEVICE_REMOVABLE
  };
struct list_head { struct list_head *next; struct list_head *prev; };
struct hlist_head { struct hlist_node *first; };
struct hlist_node { struct hlist_node *next; struct hlist_node **pprev; };
struct hlist_nulls_node { struct hlist_nulls_node *next; struct hlist_nulls_node **pprev; };
struct rb_node { unsigned long __rb_parent_color; struct rb_node *rb_right; struct rb_node *rb_left; };
struct rb_root { struct rb_node *rb_node; };
struct rb_root_cached { struct rb_root rb_root; struct rb_node *rb_leftmost; };
struct callback_head { struct callback_head *next; void (*func)(struct callback_head *); };
struct llist_node { struct llist_node *next; };
struct llist_head { struct llist_node *first; };
struct refcount_struct { atomic_t refs; };
struct kref { refcount_t refcount; };
struct raw_spinlock { arch_spinlock_t raw_lock; };
struct qspinlock { union { atomic_t val; struct { u8 locked, pending; }; struct { u16 locked_pending, tail; }; };
  };
struct spinlock { union { struct raw_spinlock rlock; }; };
struct qrwlock { union { atomic_t cnts; struct { u8 wlocked, __lstate[3]; }; }; arch_spinlock_t wait_lock; };
struct mutex { atomic_long_t owner; raw_spinlock_t wait_lock; struct optimistic_spin_queue osq; struct list_head
  wait_list; };
struct optimistic_spin_queue { atomic_t tail; };
struct rw_semaphore { atomic_long_t count, owner; struct optimistic_spin_queue osq; raw_spinlock_t wait_lock;
  struct list_head wait_list; };
struct wait_queue_head { spinlock_t lock; struct list_head head; };
struct wait_queue_entry { unsigned int flags; void *private; wait_queue_func_t func; struct list_head entry; };
struct completion { unsigned int done; struct swait_queue_head wait; };
struct swait_queue_head { raw_spinlock_t lock; struct list_head task_list; };
struct work_struct { atomic_long_t data; struct list_head entry; work_func_t func; };
struct delayed_work { struct work_struct work; struct timer_list timer; struct workqueue_struct *wq; int cpu; };
struct timer_list { struct hlist_node entry; unsigned long expires; void (*function)(struct timer_list *); u32
  flags; };
struct workqueue_struct : 320 { struct list_head pwqs, list; struct mutex mutex; int work_color, flush_color;
  atomic_t nr_pwqs_to_flush; struct wq_flusher *first_flusher; struct list_head flusher_queue, flusher_overflow,
  maydays; struct worker *rescuer; int nr_drainers, max_active, min_active, saved_max_active, saved_min_active;
  struct workqueue_attrs *unbound_attrs; struct pool_workqueue *dfl_pwq; struct wq_device *wq_dev; char name[32];
  struct callback_head rcu; @256 unsigned int flags; struct pool_workqueue **cpu_pwq; struct wq_node_nr_active
  *node_nr_active[0]; };
struct hrtimer { struct timerqueue_node node; ktime_t _softexpires; enum hrtimer_restart (*function)(struct
  hrtimer *); struct hrtimer_clock_base *base; u8 state, is_rel, is_soft, is_hard; };
struct timerqueue_node { struct rb_node node; ktime_t expires; };
struct xarray { spinlock_t xa_lock; gfp_t xa_flags; void *xa_head; };
struct idr { struct xarray idr_rt; unsigned int idr_base, idr_next; };
struct ida { struct xarray xa; };
struct rhash_head { struct rhash_head *next; };
struct kobject { const char *name; struct list_head entry; struct kobject *parent; struct kset *kset; const struct
  kobj_type *ktype; struct kernfs_node *sd; struct kref kref; unsigned int state_initialized:1, state_in_sysfs:1,
  state_add_uevent_sent:1, state_remove_uevent_sent:1, uevent_suppress:1; };
struct kset { struct list_head list; spinlock_t list_lock; struct kobject kobj; const struct kset_uevent_ops
  *uevent_ops; };
struct timespec64 { time64_t tv_sec; long tv_nsec; };
struct cpumask { unsigned long bits[4]; };
struct percpu_ref { unsigned long percpu_count_ptr; struct percpu_ref_data *data; };
struct seqcount_spinlock { seqcount_t seqcount; };
struct seqcount { unsigned int sequence; };
struct mem_cgroup_id { int id; refcount_t ref; };
struct lock_class_key {  };
struct attribute { const char *name; umode_t mode; };
struct bin_attribute { struct attribute attr; size_t size; void *private; struct address_space
  *(*f_mapping)(void); ssize_t (*read)(struct file *, struct kobject *, const struct bin_attribute *, char *,
  loff_t, size_t); ssize_t (*write)(struct file *, struct kobject *, const struct bin_attribute *, char *, loff_t,
  size_t); loff_t (*llseek)(struct file *, struct kobject *, const struct bin_attribute *, loff_t, int); int
  (*mmap)(struct file *, struct kobject *, const struct bin_attribute *, struct vm_area_struct *); };
struct module : 768 { enum module_state state; struct list_head list; char name[56]; struct module_kobject mkobj;
  struct module_attribute *modinfo_attrs; const char *version; const char *srcversion; struct kobject
  *holders_dir; const struct kernel_symbol *syms; const u32 *crcs; unsigned int num_syms; struct mutex param_lock;
  struct kernel_param *kp; unsigned int num_kp, num_gpl_syms; const struct kernel_symbol *gpl_syms; const u32
  *gpl_crcs; bool using_gplonly_symbols, async_probe_requested; unsigned int num_exentries; struct
  exception_table_entry *extable; int (*init)(void); struct module_memory mem[7]; struct mod_arch_specific arch;
  unsigned long taints; unsigned int num_bugs; struct list_head bug_list; struct bug_entry *bug_table; struct
  mod_kallsyms *kallsyms; struct mod_kallsyms core_kallsyms; struct module_sect_attrs *sect_attrs; struct
  module_notes_attrs *notes_attrs; char *args; void *percpu; unsigned int percpu_size; void *noinstr_text_start;
  unsigned int noinstr_text_size, num_tracepoints; tracepoint_ptr_t *tracepoints_ptrs; unsigned int
  num_srcu_structs; struct srcu_struct **srcu_struct_ptrs; unsigned int num_bpf_raw_events; struct
  bpf_raw_event_map *bpf_raw_events; struct jump_entry *jump_entries; unsigned int num_jump_entries,
  num_trace_bprintk_fmt; const char **trace_bprintk_fmt_start; struct trace_event_call **trace_events; unsigned
  int num_trace_events; struct trace_eval_map **trace_evals; unsigned int num_trace_evals, num_ftrace_callsites;
  unsigned long *ftrace_callsites; int num_static_call_sites; struct static_call_site *static_call_sites; };
struct module_kobject { struct kobject kobj; struct module *mod; struct kobject *drivers_dir; struct
  module_param_attrs *mp; struct completion *kobj_completion; };
struct module_memory { void *base; bool is_rox; unsigned int size; };
struct mod_arch_specific { unsigned int num_orcs; int *orc_unwind_ip; struct orc_entry *orc_unwind; struct
  its_array its_pages; };
struct its_array { void **pages; int num; };
struct mod_kallsyms { Elf64_Sym *symtab; unsigned int num_symtab; char *strtab; char *typetab; };
struct tracepoint { const char *name; struct static_key_false key; struct static_call_key *static_call_key; void
  *static_call_tramp; void *iterator; void *probestub; struct tracepoint_func *funcs; struct tracepoint_ext *ext;
  };
struct static_key_false { struct static_key key; };
struct static_key { atomic_t enabled; union { unsigned long type; struct jump_entry *entries; struct
  static_key_mod *next; }; };
struct seq_file { char *buf; size_t size, from, count, pad_until; loff_t index, read_pos; struct mutex lock; const
  struct seq_operations *op; int poll_event; const struct file *file; void *private; };
struct seq_operations { void *(*start)(struct seq_file *, loff_t *); void (*stop)(struct seq_file *, void *); void
  *(*next)(struct seq_file *, void *, loff_t *); int (*show)(struct seq_file *, void *); };
struct kmem_cache { struct kmem_cache_cpu *cpu_slab; struct lock_class_key lock_key; struct slub_percpu_sheaves
  *cpu_sheaves; slab_flags_t flags; unsigned long min_partial; unsigned int size, object_size; struct
  reciprocal_value reciprocal_size; unsigned int offset, cpu_partial, cpu_partial_slabs, sheaf_capacity; struct
  kmem_cache_order_objects oo, min; gfp_t allocflags; int refcount; void (*ctor)(void *); unsigned int inuse,
  align, red_left_pad; const char *name; struct list_head list; struct kobject kobj; unsigned long random;
  unsigned int remote_node_defrag_ratio; unsigned int *random_seq; unsigned int useroffset, usersize; struct
  kmem_cache_node *node[1024]; };
struct reciprocal_value { u32 m; u8 sh1, sh2; };
struct kmem_cache_order_objects { unsigned int x; };
struct device { struct kobject kobj; struct device *parent; struct device_private *p; const char *init_name; const
  struct device_type *type; const struct bus_type *bus; struct device_driver *driver; void *platform_data; void
  *driver_data; struct { const char *name; spinlock_t lock; } driver_override; struct mutex mutex; struct
  dev_links_info links; struct dev_pm_info power; struct dev_pm_domain *pm_domain; struct dev_msi_info msi; u64
  *dma_mask; u64 coherent_dma_mask, bus_dma_limit; const struct bus_dma_region *dma_range_map; struct
  device_dma_parameters *dma_parms; struct list_head dma_pools; struct io_tlb_mem *dma_io_tlb_mem; struct
  dev_archdata archdata; struct device_node *of_node; struct fwnode_handle *fwnode; int numa_node; dev_t devt; u32
  id; spinlock_t devres_lock; struct list_head devres_head; const struct class *class; const struct
  attribute_group **groups; void (*release)(struct device *); struct iommu_group *iommu_group; struct dev_iommu
  *iommu; struct device_physical_location *physical_location; enum device_removable removable; bool
  offline_disabled:1, offline:1, of_node_reused:1, state_synced:1, can_match:1, dma_skip_sync:1, dma_iommu:1;
  unsigned long flags[1]; };
struct dev_links_info { struct list_head suppliers, consumers, defer_sync; enum dl_dev_state status; };
struct dev_msi_info { struct irq_domain *domain; struct msi_device_data *data; };
struct dev_archdata {  };
struct class { const char *name; const struct attribute_group **class_groups; const struct attribute_group
  **dev_groups; int (*dev_uevent)(const struct device *, struct kobj_uevent_env *); char *(*devnode)(const struct
  device *, umode_t *); void (*class_release)(const struct class *); void (*dev_release)(struct device *); int
  (*shutdown_pre)(struct device *); const struct kobj_ns_type_operations *ns_type; const void *(*namespace)(const
  struct device *); void (*get_ownership)(const struct device *, kuid_t *, kgid_t *); const struct dev_pm_ops *pm;
  };
struct notifier_block { notifier_fn_t notifier_call; struct notifier_block *next; int priority; };
`;
