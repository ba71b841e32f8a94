/**
 * Types of block devices and interrupts. Offsets and sizes follow from
 * the members, or stand there (`btf/c_parse.ts`): those of Linux 6.18 on x86_64.
 */
export const BLOCK = `
typedef struct wait_queue_entry wait_queue_entry_t; typedef struct mempool mempool_t; typedef __u32 blk_opf_t;
typedef u8 blk_status_t; typedef unsigned int blk_qc_t; typedef void bio_end_io_t;
typedef unsigned int blk_mode_t; typedef unsigned int blk_features_t; typedef unsigned int blk_flags_t;
typedef __u32 req_flags_t; typedef void rq_end_io_fn; typedef irqreturn_t (*irq_handler_t)(int, void *);
typedef enum irqreturn irqreturn_t; typedef unsigned long irq_hw_number_t;
struct mempool : 72; struct blk_integrity : 7; struct elevator_queue : 640; struct irq_desc : 512;
enum rw_hint : 1 { WRITE_LIFE_NOT_SET, WRITE_LIFE_NONE, WRITE_LIFE_SHORT, WRITE_LIFE_MEDIUM, WRITE_LIFE_LONG,
  WRITE_LIFE_EXTREME, WRITE_LIFE_HINT_NR };
enum rpm_status { RPM_INVALID=-1, RPM_ACTIVE, RPM_RESUMING, RPM_SUSPENDED, RPM_SUSPENDING, RPM_BLOCKED };
enum mq_rq_state { MQ_RQ_IDLE, MQ_RQ_IN_FLIGHT, MQ_RQ_COMPLETE };
enum req_op { REQ_OP_READ, REQ_OP_WRITE, REQ_OP_FLUSH, REQ_OP_DISCARD, REQ_OP_SECURE_ERASE=5,
  REQ_OP_ZONE_APPEND=7, REQ_OP_WRITE_ZEROES=9, REQ_OP_ZONE_OPEN=11, REQ_OP_ZONE_CLOSE=13, REQ_OP_ZONE_FINISH=15,
  REQ_OP_ZONE_RESET=17, REQ_OP_ZONE_RESET_ALL=19, REQ_OP_DRV_IN=34, REQ_OP_DRV_OUT, REQ_OP_LAST };
enum irqreturn { IRQ_NONE, IRQ_HANDLED, IRQ_WAKE_THREAD };
struct bio_vec { struct page *bv_page; unsigned int bv_len, bv_offset; };
struct blk_plug { struct rq_list mq_list, cached_rqs; u64 cur_ktime; unsigned short nr_ios, rq_count; bool
  multiple_queues, has_elevator; struct list_head cb_list; };
struct rq_list { struct request *head; struct request *tail; };
struct request { struct request_queue *q; struct blk_mq_ctx *mq_ctx; struct blk_mq_hw_ctx *mq_hctx; blk_opf_t
  cmd_flags; req_flags_t rq_flags; int tag, internal_tag; unsigned int timeout, __data_len; sector_t __sector;
  struct bio *bio; struct bio *biotail; union { struct list_head queuelist; struct request *rq_next; }; struct
  block_device *part; u64 alloc_time_ns, start_time_ns, io_start_time_ns; unsigned short wbt_flags, stats_sectors,
  nr_phys_segments, nr_integrity_segments; enum mq_rq_state state; atomic_t ref; unsigned long deadline; union {
  struct hlist_node hash; struct llist_node ipi_list; }; union { struct rb_node rb_node; struct bio_vec
  special_vec; }; struct { struct io_cq *icq; void *priv[2]; } elv; struct { unsigned int seq; rq_end_io_fn
  *saved_end_io; } flush; u64 fifo_time; rq_end_io_fn *end_io; void *end_io_data; };
struct request_queue { void *queuedata; struct elevator_queue *elevator; const struct blk_mq_ops *mq_ops; struct
  blk_mq_ctx *queue_ctx; unsigned long queue_flags; unsigned int rq_timeout, queue_depth; refcount_t refs;
  unsigned int nr_hw_queues; struct xarray hctx_table; struct percpu_ref q_usage_counter; struct lock_class_key
  io_lock_cls_key; struct lockdep_map io_lockdep_map; struct lock_class_key q_lock_cls_key; struct lockdep_map
  q_lockdep_map; struct request *last_merge; spinlock_t queue_lock; int quiesce_depth; struct gendisk *disk;
  struct kobject *mq_kobj; struct queue_limits limits; struct device *dev; enum rpm_status rpm_status; atomic_t
  pm_only; struct blk_queue_stats *stats; struct rq_qos *rq_qos; struct mutex rq_qos_mutex; int id; unsigned long
  nr_requests; struct timer_list timeout; struct work_struct timeout_work; atomic_t
  nr_active_requests_shared_tags; struct blk_mq_tags *sched_shared_tags; struct list_head icq_list; unsigned long
  blkcg_pols[1]; struct blkcg_gq *root_blkg; struct list_head blkg_list; struct mutex blkcg_mutex; int node;
  spinlock_t requeue_lock; struct list_head requeue_list; struct delayed_work requeue_work; struct blk_trace
  *blk_trace; struct blk_flush_queue *fq; struct list_head flush_list; struct mutex elevator_lock, sysfs_lock,
  limits_lock; struct list_head unused_hctx_list; spinlock_t unused_hctx_lock; int mq_freeze_depth; struct
  throtl_data *td; struct callback_head callback_head; wait_queue_head_t mq_freeze_wq; struct mutex
  mq_freeze_lock; struct blk_mq_tag_set *tag_set; struct list_head tag_set_list; struct dentry *debugfs_dir;
  struct dentry *sched_debugfs_dir; struct dentry *rqos_debugfs_dir; struct mutex debugfs_mutex; };
struct blk_mq_ctx : 192 { struct : 64 { spinlock_t lock; struct list_head rq_lists[3]; }; unsigned int cpu;
  unsigned short index_hw[3]; struct blk_mq_hw_ctx *hctxs[3]; struct request_queue *queue; struct blk_mq_ctxs
  *ctxs; struct kobject kobj; };
struct blk_mq_hw_ctx : 512 { struct : 64 { spinlock_t lock; struct list_head dispatch; unsigned long state; };
  struct delayed_work run_work; cpumask_var_t cpumask; int next_cpu, next_cpu_batch; unsigned long flags; void
  *sched_data; struct request_queue *queue; struct blk_flush_queue *fq; void *driver_data; struct sbitmap ctx_map;
  struct blk_mq_ctx *dispatch_from; unsigned int dispatch_busy; unsigned short type, nr_ctx; struct blk_mq_ctx
  **ctxs; spinlock_t dispatch_wait_lock; wait_queue_entry_t dispatch_wait; atomic_t wait_index; struct blk_mq_tags
  *tags; struct blk_mq_tags *sched_tags; unsigned int numa_node, queue_num; atomic_t nr_active; struct hlist_node
  cpuhp_online, cpuhp_dead; struct kobject kobj; struct dentry *debugfs_dir; struct dentry *sched_debugfs_dir;
  struct list_head hctx_list; };
struct sbitmap { unsigned int depth, shift, map_nr; bool round_robin; struct sbitmap_word *map; unsigned int
  *alloc_hint; };
struct lockdep_map {  };
struct gendisk { int major, first_minor, minors; char disk_name[32]; unsigned short events, event_flags; struct
  xarray part_tbl; struct block_device *part0; const struct block_device_operations *fops; struct request_queue
  *queue; void *private_data; struct bio_set bio_split; int flags; unsigned long state; struct mutex open_mutex;
  unsigned int open_partitions; struct backing_dev_info *bdi; struct kobject queue_kobj; struct kobject
  *slave_dir; struct timer_rand_state *random; struct disk_events *ev; int node_id; struct badblocks *bb; struct
  lockdep_map lockdep_map; u64 diskseq; blk_mode_t open_mode; struct blk_independent_access_ranges *ia_ranges;
  struct mutex rqos_state_mutex; };
struct block_device { sector_t bd_start_sect, bd_nr_sectors; struct gendisk *bd_disk; struct request_queue
  *bd_queue; struct disk_stats *bd_stats; unsigned long bd_stamp; atomic_t __bd_flags; dev_t bd_dev; struct
  address_space *bd_mapping; atomic_t bd_openers; spinlock_t bd_size_lock; void *bd_claiming; void *bd_holder;
  const struct blk_holder_ops *bd_holder_ops; struct mutex bd_holder_lock; int bd_holders; struct kobject
  *bd_holder_dir; atomic_t bd_fsfreeze_count; struct mutex bd_fsfreeze_mutex; struct partition_meta_info
  *bd_meta_info; int bd_writers; void *bd_security; struct device bd_device; };
struct bio_set { struct kmem_cache *bio_slab; unsigned int front_pad; struct bio_alloc_cache *cache; mempool_t
  bio_pool, bvec_pool; unsigned int back_pad; spinlock_t rescue_lock; struct bio_list rescue_list; struct
  work_struct rescue_work; struct workqueue_struct *rescue_workqueue; struct hlist_node cpuhp_dead; };
struct bio_list { struct bio *head; struct bio *tail; };
struct bio { struct bio *bi_next; struct block_device *bi_bdev; blk_opf_t bi_opf; unsigned short bi_flags,
  bi_ioprio; enum rw_hint bi_write_hint; u8 bi_write_stream; blk_status_t bi_status; atomic_t __bi_remaining;
  struct bvec_iter bi_iter; union { blk_qc_t bi_cookie; unsigned int __bi_nr_segments; }; bio_end_io_t *bi_end_io;
  void *bi_private; struct blkcg_gq *bi_blkg; u64 issue_time_ns, bi_iocost_cost; unsigned short bi_vcnt,
  bi_max_vecs; atomic_t __bi_cnt; struct bio_vec *bi_io_vec; struct bio_set *bi_pool; };
struct bvec_iter : 20 { sector_t bi_sector; unsigned int bi_size, bi_idx, bi_bvec_done; };
struct queue_limits { blk_features_t features; blk_flags_t flags; unsigned long seg_boundary_mask,
  virt_boundary_mask; unsigned int max_hw_sectors, max_dev_sectors, chunk_sectors, max_sectors, max_user_sectors,
  max_segment_size, min_segment_size, physical_block_size, logical_block_size, alignment_offset, io_min, io_opt,
  max_discard_sectors, max_hw_discard_sectors, max_user_discard_sectors, max_secure_erase_sectors,
  max_write_zeroes_sectors, max_wzeroes_unmap_sectors, max_hw_wzeroes_unmap_sectors,
  max_user_wzeroes_unmap_sectors, max_hw_zone_append_sectors, max_zone_append_sectors, discard_granularity,
  discard_alignment, zone_write_granularity, atomic_write_hw_max, atomic_write_max_sectors,
  atomic_write_hw_boundary, atomic_write_boundary_sectors, atomic_write_hw_unit_min, atomic_write_unit_min,
  atomic_write_hw_unit_max, atomic_write_unit_max; unsigned short max_segments, max_integrity_segments,
  max_discard_segments, max_write_streams; unsigned int write_stream_granularity, max_open_zones,
  max_active_zones, dma_alignment, dma_pad_mask; struct blk_integrity integrity; };
struct blk_mq_tag_set { const struct blk_mq_ops *ops; struct blk_mq_queue_map map[3]; unsigned int nr_maps,
  nr_hw_queues, queue_depth, reserved_tags, cmd_size; int numa_node; unsigned int timeout, flags; void
  *driver_data; struct blk_mq_tags **tags; struct blk_mq_tags *shared_tags; struct mutex tag_list_lock; struct
  list_head tag_list; struct srcu_struct *srcu; struct srcu_struct tags_srcu; struct rw_semaphore
  update_nr_hwq_lock; };
struct blk_mq_queue_map { unsigned int *mq_map; unsigned int nr_queues, queue_offset; };
struct srcu_struct { struct srcu_ctr *srcu_ctrp; struct srcu_data *sda; struct lockdep_map dep_map; struct
  srcu_usage *srcu_sup; };
struct bdev_inode { struct block_device bdev; struct inode vfs_inode; };
struct hd_geometry { unsigned char heads, sectors; unsigned short cylinders; unsigned long start; };
struct irqaction : 128 { irq_handler_t handler; void *dev_id; void *percpu_dev_id; struct irqaction *next;
  irq_handler_t thread_fn; struct task_struct *thread; struct irqaction *secondary; unsigned int irq, flags;
  unsigned long thread_flags, thread_mask; const char *name; struct proc_dir_entry *dir; };
struct irq_data { u32 mask; unsigned int irq; irq_hw_number_t hwirq; struct irq_common_data *common; struct
  irq_chip *chip; struct irq_domain *domain; struct irq_data *parent_data; void *chip_data; };
struct tasklet_struct { struct tasklet_struct *next; unsigned long state; atomic_t count; bool use_callback; union
  { void (*func)(unsigned long); void (*callback)(struct tasklet_struct *); }; unsigned long data; };
struct softirq_action { void (*action)(void); };
`;
