/**
 * Types of files and file systems. Offsets and sizes follow from
 * the members, or stand there (`btf/c_parse.ts`): those of Linux 6.18 on x86_64.
 */
export const FS = `
typedef void proc_handler; typedef unsigned int pipe_index_t; typedef struct { uid_t val; } vfsuid_t;
typedef u32 errseq_t; typedef struct { atomic64_t refcnt; } file_ref_t; typedef unsigned int fop_flags_t;
typedef void *fl_owner_t; typedef int (*proc_write_t)(struct file *, char *, size_t); typedef u32 nlink_t;
typedef struct { int val[2]; } __kernel_fsid_t; typedef struct { __u8 b[16]; } uuid_t;
typedef struct { gid_t val; } vfsgid_t; typedef u64 blkcnt_t;
struct file_ra_state : 32; struct mem_dqinfo : 72; struct cdev : 104; struct io_kiocb : 248;
struct io_uring_task : 320; struct backing_dev_info : 1160; struct bdi_writeback : 800; struct eventpoll : 208;
typedef void (*poll_queue_proc)(struct file *, wait_queue_head_t *, struct poll_table_struct *);
typedef bool (*filldir_t)(struct dir_context *, const char *, int, loff_t, u64, unsigned int);
enum fs_context_purpose { FS_CONTEXT_FOR_MOUNT, FS_CONTEXT_FOR_SUBMOUNT, FS_CONTEXT_FOR_RECONFIGURE };
enum fs_context_phase { FS_CONTEXT_CREATE_PARAMS, FS_CONTEXT_CREATING, FS_CONTEXT_AWAITING_MOUNT,
  FS_CONTEXT_AWAITING_RECONF, FS_CONTEXT_RECONF_PARAMS, FS_CONTEXT_RECONFIGURING, FS_CONTEXT_FAILED };
enum writeback_sync_modes { WB_SYNC_NONE, WB_SYNC_ALL };
enum freeze_holder { FREEZE_HOLDER_KERNEL=1, FREEZE_HOLDER_USERSPACE, FREEZE_MAY_NEST=4, FREEZE_EXCL=8 };
enum d_real_type { D_REAL_DATA, D_REAL_METADATA };
enum inode_state_flags_t { I_NEW=1, I_SYNC, I_LRU_ISOLATING=4, I_DIRTY_SYNC=16, I_DIRTY_DATASYNC=32,
  I_DIRTY_PAGES=64, I_WILL_FREE=128, I_FREEING=256, I_CLEAR=512, I_REFERENCED=1024, I_LINKABLE=2048,
  I_DIRTY_TIME=4096, I_WB_SWITCH=8192, I_OVL_INUSE=16384, I_CREATING=32768, I_DONTCACHE=65536,
  I_SYNC_QUEUED=131072, I_PINNING_NETFS_WB=262144 };
enum migrate_mode { MIGRATE_ASYNC, MIGRATE_SYNC_LIGHT, MIGRATE_SYNC };
union shortname_store { unsigned char string[40]; unsigned long words[5]; };
union proc_op { int (*proc_get_link)(struct dentry *, struct path *, struct task_struct *); int
  (*proc_show)(struct seq_file *, struct pid_namespace *, struct pid *, struct task_struct *); int lsmid; };
struct address_space { struct inode *host; struct xarray i_pages; struct rw_semaphore invalidate_lock; gfp_t
  gfp_mask; atomic_t i_mmap_writable; struct rb_root_cached i_mmap; unsigned long nrpages, writeback_index; const
  struct address_space_operations *a_ops; unsigned long flags; errseq_t wb_err; spinlock_t i_private_lock; struct
  list_head i_private_list; struct rw_semaphore i_mmap_rwsem; void *i_private_data; };
struct inode { umode_t i_mode; unsigned short i_opflags; kuid_t i_uid; kgid_t i_gid; unsigned int i_flags; struct
  posix_acl *i_acl; struct posix_acl *i_default_acl; const struct inode_operations *i_op; struct super_block
  *i_sb; struct address_space *i_mapping; void *i_security; unsigned long i_ino; union { const unsigned int
  i_nlink; unsigned int __i_nlink; }; dev_t i_rdev; loff_t i_size; time64_t i_atime_sec, i_mtime_sec, i_ctime_sec;
  u32 i_atime_nsec, i_mtime_nsec, i_ctime_nsec, i_generation; spinlock_t i_lock; unsigned short i_bytes; u8
  i_blkbits; enum rw_hint i_write_hint; blkcnt_t i_blocks; enum inode_state_flags_t i_state; struct rw_semaphore
  i_rwsem; unsigned long dirtied_when, dirtied_time_when; struct hlist_node i_hash; struct list_head i_io_list;
  struct bdi_writeback *i_wb; int i_wb_frn_winner; u16 i_wb_frn_avg_time, i_wb_frn_history; struct list_head
  i_lru; struct llist_node i_kept; struct list_head i_sb_list, i_wb_list; union { struct hlist_head i_dentry;
  struct callback_head i_rcu; }; atomic64_t i_version, i_sequence; atomic_t i_count, i_dio_count, i_writecount,
  i_readcount; union { const struct file_operations *i_fop; void (*free_inode)(struct inode *); }; struct
  file_lock_context *i_flctx; struct address_space i_data; union { struct list_head i_devices; int i_linklen; };
  union { struct pipe_inode_info *i_pipe; struct cdev *i_cdev; char *i_link; unsigned int i_dir_seq; }; __u32
  i_fsnotify_mask; struct fsnotify_mark_connector *i_fsnotify_marks; void *i_private; };
struct posix_acl { union { struct { refcount_t a_refcount; unsigned int a_count; struct callback_head a_rcu; };
  struct posix_acl_hdr hdr; }; struct posix_acl_entry a_entries[0]; };
struct posix_acl_hdr { refcount_t a_refcount; unsigned int a_count; struct callback_head a_rcu; };
struct posix_acl_entry { short e_tag; unsigned short e_perm; union { kuid_t e_uid; kgid_t e_gid; }; };
struct inode_operations : 256 { struct dentry *(*lookup)(struct inode *, struct dentry *, unsigned int); const
  char *(*get_link)(struct dentry *, struct inode *, struct delayed_call *); int (*permission)(struct mnt_idmap *,
  struct inode *, int); struct posix_acl *(*get_inode_acl)(struct inode *, int, bool); int (*readlink)(struct
  dentry *, char *, int); int (*create)(struct mnt_idmap *, struct inode *, struct dentry *, umode_t, bool); int
  (*link)(struct dentry *, struct inode *, struct dentry *); int (*unlink)(struct inode *, struct dentry *); int
  (*symlink)(struct mnt_idmap *, struct inode *, struct dentry *, const char *); struct dentry *(*mkdir)(struct
  mnt_idmap *, struct inode *, struct dentry *, umode_t); int (*rmdir)(struct inode *, struct dentry *); int
  (*mknod)(struct mnt_idmap *, struct inode *, struct dentry *, umode_t, dev_t); int (*rename)(struct mnt_idmap *,
  struct inode *, struct dentry *, struct inode *, struct dentry *, unsigned int); int (*setattr)(struct mnt_idmap
  *, struct dentry *, struct iattr *); int (*getattr)(struct mnt_idmap *, const struct path *, struct kstat *,
  u32, unsigned int); ssize_t (*listxattr)(struct dentry *, char *, size_t); int (*fiemap)(struct inode *, struct
  fiemap_extent_info *, u64, u64); int (*update_time)(struct inode *, int); int (*atomic_open)(struct inode *,
  struct dentry *, struct file *, unsigned int, umode_t); int (*tmpfile)(struct mnt_idmap *, struct inode *,
  struct file *, umode_t); struct posix_acl *(*get_acl)(struct mnt_idmap *, struct dentry *, int); int
  (*set_acl)(struct mnt_idmap *, struct dentry *, struct posix_acl *, int); int (*fileattr_set)(struct mnt_idmap
  *, struct dentry *, struct file_kattr *); int (*fileattr_get)(struct dentry *, struct file_kattr *); struct
  offset_ctx *(*get_offset_ctx)(struct inode *); };
struct dentry { unsigned int d_flags; seqcount_spinlock_t d_seq; struct hlist_bl_node d_hash; struct dentry
  *d_parent; union { struct qstr __d_name; const struct qstr d_name; }; struct inode *d_inode; union
  shortname_store d_shortname; const struct dentry_operations *d_op; struct super_block *d_sb; unsigned long
  d_time; void *d_fsdata; struct lockref d_lockref; union { struct list_head d_lru; wait_queue_head_t *d_wait; };
  struct hlist_node d_sib; struct hlist_head d_children; union { struct hlist_node d_alias; struct hlist_bl_node
  d_in_lookup_hash; struct callback_head d_rcu; } d_u; };
struct hlist_bl_node { struct hlist_bl_node *next; struct hlist_bl_node **pprev; };
struct qstr { union { struct { u32 hash, len; }; u64 hash_len; }; const unsigned char *name; };
struct dentry_operations : 128 { int (*d_revalidate)(struct inode *, const struct qstr *, struct dentry *,
  unsigned int); int (*d_weak_revalidate)(struct dentry *, unsigned int); int (*d_hash)(const struct dentry *,
  struct qstr *); int (*d_compare)(const struct dentry *, unsigned int, const char *, const struct qstr *); int
  (*d_delete)(const struct dentry *); int (*d_init)(struct dentry *); void (*d_release)(struct dentry *); void
  (*d_prune)(struct dentry *); void (*d_iput)(struct dentry *, struct inode *); char *(*d_dname)(struct dentry *,
  char *, int); struct vfsmount *(*d_automount)(struct path *); int (*d_manage)(const struct path *, bool); struct
  dentry *(*d_real)(struct dentry *, enum d_real_type); bool (*d_unalias_trylock)(const struct dentry *); void
  (*d_unalias_unlock)(const struct dentry *); };
struct vfsmount { struct dentry *mnt_root; struct super_block *mnt_sb; int mnt_flags; struct mnt_idmap *mnt_idmap;
  };
struct super_block : 1472 { struct list_head s_list; dev_t s_dev; unsigned char s_blocksize_bits; unsigned long
  s_blocksize; loff_t s_maxbytes; struct file_system_type *s_type; const struct super_operations *s_op; const
  struct dquot_operations *dq_op; const struct quotactl_ops *s_qcop; const struct export_operations *s_export_op;
  unsigned long s_flags, s_iflags, s_magic; struct dentry *s_root; struct rw_semaphore s_umount; int s_count;
  atomic_t s_active; void *s_security; const struct xattr_handler *const *s_xattr; const struct fscrypt_operations
  *s_cop; struct fscrypt_keyring *s_master_keys; struct hlist_bl_head s_roots; struct mount *s_mounts; struct
  block_device *s_bdev; struct file *s_bdev_file; struct backing_dev_info *s_bdi; struct mtd_info *s_mtd; struct
  hlist_node s_instances; unsigned int s_quota_types; struct quota_info s_dquot; struct sb_writers s_writers; void
  *s_fs_info; u32 s_time_gran; time64_t s_time_min, s_time_max; u32 s_fsnotify_mask; struct fsnotify_sb_info
  *s_fsnotify_info; char s_id[32]; uuid_t s_uuid; u8 s_uuid_len; char s_sysfs_name[37]; unsigned int s_max_links,
  s_d_flags; struct mutex s_vfs_rename_mutex; const char *s_subtype; const struct dentry_operations *__s_d_op;
  struct shrinker *s_shrink; atomic_long_t s_remove_count; int s_readonly_remount; errseq_t s_wb_err; struct
  workqueue_struct *s_dio_done_wq; struct hlist_head s_pins; struct user_namespace *s_user_ns; struct list_lru
  s_dentry_lru, s_inode_lru; struct callback_head rcu; struct work_struct destroy_work; struct mutex s_sync_lock;
  int s_stack_depth; @1344 spinlock_t s_inode_list_lock; struct list_head s_inodes; spinlock_t
  s_inode_wblist_lock; struct list_head s_inodes_wb; struct llist_head s_kept_inodes; struct work_struct
  s_kept_work; };
struct file_system_type { const char *name; int fs_flags; int (*init_fs_context)(struct fs_context *); const
  struct fs_parameter_spec *parameters; struct dentry *(*mount)(struct file_system_type *, int, const char *, void
  *); void (*kill_sb)(struct super_block *); struct module *owner; struct file_system_type *next; struct
  hlist_head fs_supers; struct lock_class_key s_lock_key, s_umount_key, s_vfs_rename_key, s_writers_key[3],
  i_lock_key, i_mutex_key, invalidate_lock_key, i_mutex_dir_key; };
struct fs_context { const struct fs_context_operations *ops; struct mutex uapi_mutex; struct file_system_type
  *fs_type; void *fs_private; void *sget_key; struct dentry *root; struct user_namespace *user_ns; struct net
  *net_ns; const struct cred *cred; struct p_log log; const char *source; void *security; void *s_fs_info;
  unsigned int sb_flags, sb_flags_mask, s_iflags; enum fs_context_purpose purpose:8; enum fs_context_phase
  phase:8; bool need_free:1, global:1, oldapi:1, exclusive:1; };
struct ctl_table_header { union { struct { const struct ctl_table *ctl_table; int ctl_table_size, used, count,
  nreg; }; struct callback_head rcu; }; struct completion *unregistering; const struct ctl_table *ctl_table_arg;
  struct ctl_table_root *root; struct ctl_table_set *set; struct ctl_dir *parent; struct ctl_node *node; struct
  hlist_head inodes; enum { SYSCTL_TABLE_TYPE_DEFAULT, SYSCTL_TABLE_TYPE_PERMANENTLY_EMPTY } type; };
struct ctl_table { const char *procname; void *data; int maxlen; umode_t mode; proc_handler *proc_handler; struct
  ctl_table_poll *poll; void *extra1; void *extra2; };
struct proc_dir_entry { atomic_t in_use; refcount_t refcnt; struct list_head pde_openers; spinlock_t
  pde_unload_lock; struct completion *pde_unload_completion; const struct inode_operations *proc_iops; union {
  const struct proc_ops *proc_ops; const struct file_operations *proc_dir_ops; }; union { const struct
  seq_operations *seq_ops; int (*single_show)(struct seq_file *, void *); }; proc_write_t write; void *data;
  unsigned int state_size, low_ino; nlink_t nlink; kuid_t uid; kgid_t gid; loff_t size; struct proc_dir_entry
  *parent; struct rb_root subdir; struct rb_node subdir_node; char *name; umode_t mode; u8 flags, namelen; char
  inline_name[0]; };
struct file_operations { struct module *owner; fop_flags_t fop_flags; loff_t (*llseek)(struct file *, loff_t,
  int); ssize_t (*read)(struct file *, char *, size_t, loff_t *); ssize_t (*write)(struct file *, const char *,
  size_t, loff_t *); ssize_t (*read_iter)(struct kiocb *, struct iov_iter *); ssize_t (*write_iter)(struct kiocb
  *, struct iov_iter *); int (*iopoll)(struct kiocb *, struct io_comp_batch *, unsigned int); int
  (*iterate_shared)(struct file *, struct dir_context *); __poll_t (*poll)(struct file *, struct poll_table_struct
  *); long (*unlocked_ioctl)(struct file *, unsigned int, unsigned long); long (*compat_ioctl)(struct file *,
  unsigned int, unsigned long); int (*mmap)(struct file *, struct vm_area_struct *); int (*open)(struct inode *,
  struct file *); int (*flush)(struct file *, fl_owner_t); int (*release)(struct inode *, struct file *); int
  (*fsync)(struct file *, loff_t, loff_t, int); int (*fasync)(int, struct file *, int); int (*lock)(struct file *,
  int, struct file_lock *); unsigned long (*get_unmapped_area)(struct file *, unsigned long, unsigned long,
  unsigned long, unsigned long); int (*check_flags)(int); int (*flock)(struct file *, int, struct file_lock *);
  ssize_t (*splice_write)(struct pipe_inode_info *, struct file *, loff_t *, size_t, unsigned int); ssize_t
  (*splice_read)(struct file *, loff_t *, struct pipe_inode_info *, size_t, unsigned int); void
  (*splice_eof)(struct file *); int (*setlease)(struct file *, int, struct file_lease **, void **); long
  (*fallocate)(struct file *, int, loff_t, loff_t); void (*show_fdinfo)(struct seq_file *, struct file *); ssize_t
  (*copy_file_range)(struct file *, loff_t, struct file *, loff_t, size_t, unsigned int); loff_t
  (*remap_file_range)(struct file *, loff_t, struct file *, loff_t, loff_t, unsigned int); int (*fadvise)(struct
  file *, loff_t, loff_t, int); int (*uring_cmd)(struct io_uring_cmd *, unsigned int); int
  (*uring_cmd_iopoll)(struct io_uring_cmd *, struct io_comp_batch *, unsigned int); int (*mmap_prepare)(struct
  vm_area_desc *); };
struct file { spinlock_t f_lock; fmode_t f_mode; const struct file_operations *f_op; struct address_space
  *f_mapping; void *private_data; struct inode *f_inode; unsigned int f_flags, f_iocb_flags; const struct cred
  *f_cred; struct fown_struct *f_owner; union { const struct path f_path; struct path __f_path; }; union { struct
  mutex f_pos_lock; u64 f_pipe; }; loff_t f_pos; void *f_security; errseq_t f_wb_err, f_sb_err; struct hlist_head
  *f_ep; union { struct callback_head f_task_work; struct llist_node f_llist; struct file_ra_state f_ra; freeptr_t
  f_freeptr; }; file_ref_t f_ref; };
struct fown_struct { struct file *file; rwlock_t lock; struct pid *pid; enum pid_type pid_type; kuid_t uid, euid;
  int signum; };
struct kiocb { struct file *ki_filp; loff_t ki_pos; void (*ki_complete)(struct kiocb *, long); void *private; int
  ki_flags; u16 ki_ioprio; u8 ki_write_stream; union { struct wait_page_queue *ki_waitq; ssize_t
  (*dio_complete)(void *); }; };
struct poll_table_struct { poll_queue_proc _qproc; __poll_t _key; };
struct pipe_inode_info { struct mutex mutex; wait_queue_head_t rd_wait, wr_wait; union { unsigned long head_tail;
  struct { pipe_index_t head, tail; }; }; unsigned int max_usage, ring_size, nr_accounted, readers, writers,
  files, r_counter, w_counter; bool poll_usage; struct page *tmp_page[2]; struct fasync_struct *fasync_readers;
  struct fasync_struct *fasync_writers; struct pipe_buffer *bufs; struct user_struct *user; };
struct pipe_buffer { struct page *page; unsigned int offset, len; const struct pipe_buf_operations *ops; unsigned
  int flags; unsigned long private; };
struct nameidata { struct path path; struct qstr last; struct path root; struct inode *inode; unsigned int flags,
  state, seq, next_seq, m_seq, r_seq; int last_type; unsigned int depth; int total_link_count; struct saved
  *stack; struct saved internal[2]; struct filename *name; const char *pathname; struct nameidata *saved; unsigned
  int root_seq; int dfd; vfsuid_t dir_vfsuid; umode_t dir_mode; };
struct path { struct vfsmount *mnt; struct dentry *dentry; };
struct saved { struct path link; struct delayed_call done; const char *name; unsigned int seq; };
struct delayed_call { void (*fn)(void *); void *arg; };
struct filename { const char *name; const char *uptr; atomic_t refcnt; struct audit_names *aname; const char
  iname[0]; };
struct mount { struct hlist_node mnt_hash; struct mount *mnt_parent; struct dentry *mnt_mountpoint; struct
  vfsmount mnt; union { struct rb_node mnt_node; struct callback_head mnt_rcu; struct llist_node mnt_llist; };
  struct mnt_pcp *mnt_pcp; struct list_head mnt_mounts, mnt_child; struct mount *mnt_next_for_sb; struct mount
  **mnt_pprev_for_sb; const char *mnt_devname; struct list_head mnt_list, mnt_expire, mnt_share; struct hlist_head
  mnt_slave_list; struct hlist_node mnt_slave; struct mount *mnt_master; struct mnt_namespace *mnt_ns; struct
  mountpoint *mnt_mp; union { struct hlist_node mnt_mp_list, mnt_umount; }; struct fsnotify_mark_connector
  *mnt_fsnotify_marks; __u32 mnt_fsnotify_mask; struct list_head to_notify; struct mnt_namespace *prev_ns; int
  mnt_t_flags, mnt_id; u64 mnt_id_unique; int mnt_group_id, mnt_expiry_mark; struct hlist_head mnt_pins,
  mnt_stuck_children; struct mount *overmount; };
struct mountpoint { struct hlist_node m_hash; struct dentry *m_dentry; struct hlist_head m_list; };
struct dir_context { filldir_t actor; loff_t pos; int count; unsigned int dt_flags_mask; };
struct file_lock { struct file_lock_core c; loff_t fl_start, fl_end; const struct file_lock_operations *fl_ops;
  const struct lock_manager_operations *fl_lmops; union { struct nfs_lock_info nfs_fl; struct nfs4_lock_info
  nfs4_fl; struct { struct list_head link; int state; unsigned int debug_id; } afs; struct { struct inode *inode;
  } ceph; } fl_u; };
struct file_lock_core { struct file_lock_core *flc_blocker; struct list_head flc_list; struct hlist_node flc_link;
  struct list_head flc_blocked_requests, flc_blocked_member; fl_owner_t flc_owner; unsigned int flc_flags;
  unsigned char flc_type; pid_t flc_pid; int flc_link_cpu; wait_queue_head_t flc_wait; struct file *flc_file; };
struct nfs_lock_info { u32 state; struct nlm_lockowner *owner; struct list_head list; };
struct nfs4_lock_info { struct nfs4_lock_state *owner; };
struct p_log { const char *prefix; struct fc_log *log; };
struct super_operations { struct inode *(*alloc_inode)(struct super_block *); void (*destroy_inode)(struct inode
  *); void (*free_inode)(struct inode *); void (*dirty_inode)(struct inode *, int); int (*write_inode)(struct
  inode *, struct writeback_control *); int (*drop_inode)(struct inode *); void (*evict_inode)(struct inode *);
  void (*put_super)(struct super_block *); int (*sync_fs)(struct super_block *, int); int (*freeze_super)(struct
  super_block *, enum freeze_holder, const void *); int (*freeze_fs)(struct super_block *); int
  (*thaw_super)(struct super_block *, enum freeze_holder, const void *); int (*unfreeze_fs)(struct super_block *);
  int (*statfs)(struct dentry *, struct kstatfs *); int (*remount_fs)(struct super_block *, int *, char *); void
  (*umount_begin)(struct super_block *); int (*show_options)(struct seq_file *, struct dentry *); int
  (*show_devname)(struct seq_file *, struct dentry *); int (*show_path)(struct seq_file *, struct dentry *); int
  (*show_stats)(struct seq_file *, struct dentry *); ssize_t (*quota_read)(struct super_block *, int, char *,
  size_t, loff_t); ssize_t (*quota_write)(struct super_block *, int, const char *, size_t, loff_t); struct dquot
  **(*get_dquots)(struct inode *); long (*nr_cached_objects)(struct super_block *, struct shrink_control *); long
  (*free_cached_objects)(struct super_block *, struct shrink_control *); int (*remove_bdev)(struct super_block *,
  struct block_device *); void (*shutdown)(struct super_block *); };
struct writeback_control { long nr_to_write, pages_skipped; loff_t range_start, range_end; enum
  writeback_sync_modes sync_mode; unsigned int for_kupdate:1, for_background:1, tagged_writepages:1,
  range_cyclic:1, for_sync:1, unpinned_netfs_wb:1, no_cgroup_owner:1; struct folio_batch fbatch; unsigned long
  index; int saved_err; struct bdi_writeback *wb; struct inode *inode; int wb_id, wb_lcand_id, wb_tcand_id; size_t
  wb_bytes, wb_lcand_bytes, wb_tcand_bytes; };
struct folio_batch { unsigned char nr, i; bool percpu_pvec_drained; struct folio *folios[31]; };
struct kstatfs { long f_type, f_bsize; u64 f_blocks, f_bfree, f_bavail, f_files, f_ffree; __kernel_fsid_t f_fsid;
  long f_namelen, f_frsize, f_flags, f_spare[4]; };
struct xattr_handler { const char *name; const char *prefix; int flags; bool (*list)(struct dentry *); int
  (*get)(const struct xattr_handler *, struct dentry *, struct inode *, const char *, void *, size_t); int
  (*set)(const struct xattr_handler *, struct mnt_idmap *, struct dentry *, struct inode *, const char *, const
  void *, size_t, int); };
struct mnt_idmap { struct uid_gid_map uid_map, gid_map; refcount_t count; };
struct hlist_bl_head { struct hlist_bl_node *first; };
struct quota_info { unsigned int flags; struct rw_semaphore dqio_sem; struct inode *files[3]; struct mem_dqinfo
  info[3]; const struct quota_format_ops *ops[3]; };
struct sb_writers { unsigned short frozen; int freeze_kcount, freeze_ucount; const void *freeze_owner; struct
  percpu_rw_semaphore rw_sem[3]; };
struct percpu_rw_semaphore { struct rcu_sync rss; unsigned int *read_count; struct rcuwait writer;
  wait_queue_head_t waiters; atomic_t block; };
struct rcu_sync { int gp_state, gp_count; wait_queue_head_t gp_wait; struct callback_head cb_head; };
struct list_lru { struct list_lru_node *node; struct list_head list; int shrinker_id; bool memcg_aware; struct
  xarray xa; };
struct lockref { union { __u64 lock_count; struct { spinlock_t lock; int count; }; }; };
struct iattr { unsigned int ia_valid; umode_t ia_mode; union { kuid_t ia_uid; vfsuid_t ia_vfsuid; }; union {
  kgid_t ia_gid; vfsgid_t ia_vfsgid; }; loff_t ia_size; struct timespec64 ia_atime, ia_mtime, ia_ctime; struct
  file *ia_file; };
struct kstat { u32 result_mask; umode_t mode; unsigned int nlink; uint32_t blksize; u64 attributes,
  attributes_mask, ino; dev_t dev, rdev; kuid_t uid; kgid_t gid; loff_t size; struct timespec64 atime, mtime,
  ctime, btime; u64 blocks, mnt_id, change_cookie, subvol; u32 dio_mem_align, dio_offset_align,
  dio_read_offset_align, atomic_write_unit_min, atomic_write_unit_max, atomic_write_unit_max_opt,
  atomic_write_segments_max; };
struct address_space_operations { int (*read_folio)(struct file *, struct folio *); int (*writepages)(struct
  address_space *, struct writeback_control *); bool (*dirty_folio)(struct address_space *, struct folio *); void
  (*readahead)(struct readahead_control *); int (*write_begin)(const struct kiocb *, struct address_space *,
  loff_t, unsigned int, struct folio **, void **); int (*write_end)(const struct kiocb *, struct address_space *,
  loff_t, unsigned int, unsigned int, struct folio *, void *); sector_t (*bmap)(struct address_space *, sector_t);
  void (*invalidate_folio)(struct folio *, size_t, size_t); bool (*release_folio)(struct folio *, gfp_t); void
  (*free_folio)(struct folio *); ssize_t (*direct_IO)(struct kiocb *, struct iov_iter *); int
  (*migrate_folio)(struct address_space *, struct folio *, struct folio *, enum migrate_mode); int
  (*launder_folio)(struct folio *); bool (*is_partially_uptodate)(struct folio *, size_t, size_t); void
  (*is_dirty_writeback)(struct folio *, bool *, bool *); int (*error_remove_folio)(struct address_space *, struct
  folio *); int (*swap_activate)(struct swap_info_struct *, struct file *, sector_t *); void
  (*swap_deactivate)(struct file *); int (*swap_rw)(struct kiocb *, struct iov_iter *); };
struct readahead_control { struct file *file; struct address_space *mapping; struct file_ra_state *ra; unsigned
  long _index; unsigned int _nr_pages, _batch_count; bool dropbehind, _workingset; unsigned long _pflags; };
struct fd { unsigned long word; };
struct epitem { union { struct rb_node rbn; struct callback_head rcu; }; struct list_head rdllink; struct epitem
  *ovflist_next; struct epoll_filefd ffd; bool dying; struct eppoll_entry *pwqlist; struct eventpoll *ep; struct
  hlist_node fllink; struct wakeup_source *ws; struct epoll_event event; };
struct epoll_filefd : 12 { struct file *file; int fd; };
struct eventfd_ctx { struct kref kref; wait_queue_head_t wqh; __u64 count; unsigned int flags; int id; };
struct bpf_mount_opts { kuid_t uid; kgid_t gid; umode_t mode; u64 delegate_cmds, delegate_maps, delegate_progs,
  delegate_attachs; };
struct proc_inode { struct pid *pid; unsigned int fd; union proc_op op; struct proc_dir_entry *pde; struct
  ctl_table_header *sysctl; const struct ctl_table *sysctl_entry; struct hlist_node sibling_inodes; const struct
  proc_ns_operations *ns_ops; struct inode vfs_inode; };
struct fsnotify_mark { __u32 mask; refcount_t refcnt; struct fsnotify_group *group; struct list_head g_list;
  spinlock_t lock; struct hlist_node obj_list; struct fsnotify_mark_connector *connector; __u32 ignore_mask;
  unsigned int flags; };
`;
