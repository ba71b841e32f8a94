/**
 * Tracepoints: each is a typedef `btf_trace_NAME` of what is called, whose first argument is not a program's.
 */
export const TRACEPOINTS = `
typedef void (*kthread_work_func_t)(struct kthread_work *);
typedef void (*btf_trace_sched_kthread_stop)(void *, struct task_struct *);
typedef void (*btf_trace_sched_kthread_stop_ret)(void *, int);
typedef void (*btf_trace_sched_kthread_work_execute_end)(void *, struct kthread_work *, kthread_work_func_t);
typedef void (*btf_trace_sched_kthread_work_execute_start)(void *, struct kthread_work *);
typedef void (*btf_trace_sched_kthread_work_queue_work)(void *, struct kthread_worker *, struct kthread_work *);
typedef void (*btf_trace_sched_migrate_task)(void *, struct task_struct *, int);
typedef void (*btf_trace_sched_move_numa)(void *, struct task_struct *, int, int);
typedef void (*btf_trace_sched_pi_setprio)(void *, struct task_struct *, struct task_struct *);
typedef void (*btf_trace_sched_prepare_exec)(void *, struct task_struct *, struct linux_binprm *);
typedef void (*btf_trace_sched_process_exec)(void *, struct task_struct *, pid_t, struct linux_binprm *);
typedef void (*btf_trace_sched_process_exit)(void *, struct task_struct *, bool);
typedef void (*btf_trace_sched_process_fork)(void *, struct task_struct *, struct task_struct *);
typedef void (*btf_trace_sched_process_free)(void *, struct task_struct *);
typedef void (*btf_trace_sched_process_hang)(void *, struct task_struct *);
typedef void (*btf_trace_sched_process_wait)(void *, struct pid *);
typedef void (*btf_trace_sched_skip_cpuset_numa)(void *, struct task_struct *, nodemask_t *);
enum numa_vmaskip_reason { NUMAB_SKIP_UNSUITABLE, NUMAB_SKIP_SHARED_RO, NUMAB_SKIP_INACCESSIBLE,
  NUMAB_SKIP_SCAN_DELAY, NUMAB_SKIP_PID_INACTIVE, NUMAB_SKIP_IGNORE_PID, NUMAB_SKIP_SEQ_COMPLETED };
typedef void (*btf_trace_sched_skip_vma_numa)(void *, struct mm_struct *, struct vm_area_struct *, enum
  numa_vmaskip_reason);
typedef void (*btf_trace_sched_stat_runtime)(void *, struct task_struct *, u64);
typedef void (*btf_trace_sched_stick_numa)(void *, struct task_struct *, int, struct task_struct *, int);
typedef void (*btf_trace_sched_swap_numa)(void *, struct task_struct *, int, struct task_struct *, int);
typedef void (*btf_trace_sched_switch)(void *, bool, struct task_struct *, struct task_struct *, unsigned int);
typedef void (*btf_trace_sched_wait_task)(void *, struct task_struct *);
typedef void (*btf_trace_sched_wake_idle_without_ipi)(void *, int);
typedef void (*btf_trace_sched_wakeup)(void *, struct task_struct *);
typedef void (*btf_trace_sched_wakeup_new)(void *, struct task_struct *);
typedef void (*btf_trace_sched_waking)(void *, struct task_struct *);
typedef void (*btf_trace_task_newtask)(void *, struct task_struct *, u64);
typedef void (*btf_trace_task_prctl_unknown)(void *, int, unsigned long, unsigned long, unsigned long, unsigned
  long);
typedef void (*btf_trace_task_rename)(void *, struct task_struct *, const char *);
typedef void (*btf_trace_signal_deliver)(void *, int, struct kernel_siginfo *, struct k_sigaction *);
typedef void (*btf_trace_signal_generate)(void *, int, struct kernel_siginfo *, struct task_struct *, int, int);
typedef void (*btf_trace_sys_enter)(void *, struct pt_regs *, long);
typedef void (*btf_trace_sys_exit)(void *, struct pt_regs *, long);
typedef void (*btf_trace_napi_gro_frags_entry)(void *, const struct sk_buff *);
typedef void (*btf_trace_napi_gro_frags_exit)(void *, int);
typedef void (*btf_trace_napi_gro_receive_entry)(void *, const struct sk_buff *);
typedef void (*btf_trace_napi_gro_receive_exit)(void *, int);
typedef void (*btf_trace_net_dev_queue)(void *, struct sk_buff *);
typedef void (*btf_trace_net_dev_start_xmit)(void *, const struct sk_buff *, const struct net_device *);
typedef void (*btf_trace_net_dev_xmit)(void *, struct sk_buff *, int, struct net_device *, unsigned int);
typedef void (*btf_trace_net_dev_xmit_timeout)(void *, struct net_device *, int);
typedef void (*btf_trace_netif_receive_skb)(void *, struct sk_buff *);
typedef void (*btf_trace_netif_receive_skb_entry)(void *, const struct sk_buff *);
typedef void (*btf_trace_netif_receive_skb_exit)(void *, int);
typedef void (*btf_trace_netif_receive_skb_list_entry)(void *, const struct sk_buff *);
typedef void (*btf_trace_netif_receive_skb_list_exit)(void *, int);
typedef void (*btf_trace_netif_rx)(void *, struct sk_buff *);
typedef void (*btf_trace_netif_rx_entry)(void *, const struct sk_buff *);
typedef void (*btf_trace_netif_rx_exit)(void *, int);
typedef void (*btf_trace_inet_sk_error_report)(void *, const struct sock *);
typedef void (*btf_trace_inet_sock_set_state)(void *, const struct sock *, const int, const int);
typedef void (*btf_trace_sk_data_ready)(void *, const struct sock *);
typedef void (*btf_trace_sock_exceed_buf_limit)(void *, struct sock *, struct proto *, long, int);
typedef void (*btf_trace_sock_rcvqueue_full)(void *, struct sock *, struct sk_buff *);
typedef void (*btf_trace_sock_recv_length)(void *, struct sock *, int, int);
typedef void (*btf_trace_sock_send_length)(void *, struct sock *, int, int);
typedef void (*btf_trace_tcp_ao_handshake_failure)(void *, const struct sock *, const struct sk_buff *, const
  __u8, const __u8, const __u8);
typedef void (*btf_trace_tcp_bad_csum)(void *, const struct sk_buff *);
typedef void (*btf_trace_tcp_cong_state_set)(void *, struct sock *, const u8);
typedef void (*btf_trace_tcp_destroy_sock)(void *, struct sock *);
typedef void (*btf_trace_tcp_hash_ao_required)(void *, const struct sock *, const struct sk_buff *);
typedef void (*btf_trace_tcp_hash_bad_header)(void *, const struct sock *, const struct sk_buff *);
typedef void (*btf_trace_tcp_hash_md5_mismatch)(void *, const struct sock *, const struct sk_buff *);
typedef void (*btf_trace_tcp_hash_md5_required)(void *, const struct sock *, const struct sk_buff *);
typedef void (*btf_trace_tcp_hash_md5_unexpected)(void *, const struct sock *, const struct sk_buff *);
typedef void (*btf_trace_tcp_probe)(void *, struct sock *, const struct sk_buff *);
typedef void (*btf_trace_tcp_rcv_space_adjust)(void *, struct sock *);
typedef void (*btf_trace_tcp_rcvbuf_grow)(void *, struct sock *, int);
typedef void (*btf_trace_tcp_receive_reset)(void *, struct sock *);
typedef void (*btf_trace_tcp_retransmit_skb)(void *, const struct sock *, const struct sk_buff *, int);
typedef void (*btf_trace_tcp_retransmit_synack)(void *, const struct sock *, const struct request_sock *);
typedef void (*btf_trace_tcp_send_reset)(void *, const struct sock *, const struct sk_buff *, const enum
  sk_rst_reason);
typedef void (*btf_trace_tcp_sendmsg_locked)(void *, const struct sock *, const struct msghdr *, const struct
  sk_buff *, int);
typedef void (*btf_trace_udp_fail_queue_rcv_skb)(void *, int, struct sock *, struct sk_buff *);
typedef void (*btf_trace_consume_skb)(void *, struct sk_buff *, void *);
typedef void (*btf_trace_kfree_skb)(void *, struct sk_buff *, void *, enum skb_drop_reason, struct sock *);
typedef void (*btf_trace_skb_copy_datagram_iovec)(void *, const struct sk_buff *, int);
typedef void (*btf_trace_dql_stall_detected)(void *, unsigned short, unsigned int, unsigned long, unsigned long,
  unsigned long, unsigned long *);
typedef void (*btf_trace_napi_poll)(void *, struct napi_struct *, int, int);
typedef void (*btf_trace_qdisc_create)(void *, const struct Qdisc_ops *, struct net_device *, u32);
typedef void (*btf_trace_qdisc_dequeue)(void *, struct Qdisc *, const struct netdev_queue *, int, struct sk_buff
  *);
typedef void (*btf_trace_qdisc_destroy)(void *, struct Qdisc *);
typedef void (*btf_trace_qdisc_enqueue)(void *, struct Qdisc *, const struct netdev_queue *, struct sk_buff *);
typedef void (*btf_trace_qdisc_reset)(void *, struct Qdisc *);
typedef void (*btf_trace_neigh_cleanup_and_release)(void *, struct neighbour *, int);
typedef void (*btf_trace_neigh_create)(void *, struct neigh_table *, struct net_device *, const void *, const
  struct neighbour *, bool);
typedef void (*btf_trace_neigh_event_send_dead)(void *, struct neighbour *, int);
typedef void (*btf_trace_neigh_event_send_done)(void *, struct neighbour *, int);
typedef void (*btf_trace_neigh_timer_handler)(void *, struct neighbour *, int);
typedef void (*btf_trace_neigh_update)(void *, struct neighbour *, const u8 *, u8, u32, u32);
typedef void (*btf_trace_neigh_update_done)(void *, struct neighbour *, int);
typedef void (*btf_trace_fib_table_lookup)(void *, u32, const struct flowi4 *, const struct fib_nh_common *, int);
typedef void (*btf_trace_fib6_table_lookup)(void *, const struct net *, const struct fib6_result *, struct
  fib6_table *, const struct flowi6 *);
typedef void (*btf_trace_blk_zone_append_update_request_bio)(void *, struct request *);
typedef void (*btf_trace_blk_zone_wplug_bio)(void *, struct request_queue *, unsigned int, sector_t, unsigned
  int);
typedef void (*btf_trace_blkdev_zone_mgmt)(void *, struct bio *, sector_t);
typedef void (*btf_trace_block_bio_backmerge)(void *, struct bio *);
typedef void (*btf_trace_block_bio_complete)(void *, struct request_queue *, struct bio *);
typedef void (*btf_trace_block_bio_frontmerge)(void *, struct bio *);
typedef void (*btf_trace_block_bio_queue)(void *, struct bio *);
typedef void (*btf_trace_block_bio_remap)(void *, struct bio *, dev_t, sector_t);
typedef void (*btf_trace_block_dirty_buffer)(void *, struct buffer_head *);
typedef void (*btf_trace_block_getrq)(void *, struct bio *);
typedef void (*btf_trace_block_io_done)(void *, struct request *);
typedef void (*btf_trace_block_io_start)(void *, struct request *);
typedef void (*btf_trace_block_plug)(void *, struct request_queue *);
typedef void (*btf_trace_block_rq_complete)(void *, struct request *, blk_status_t, unsigned int);
typedef void (*btf_trace_block_rq_error)(void *, struct request *, blk_status_t, unsigned int);
typedef void (*btf_trace_block_rq_insert)(void *, struct request *);
typedef void (*btf_trace_block_rq_issue)(void *, struct request *);
typedef void (*btf_trace_block_rq_merge)(void *, struct request *);
typedef void (*btf_trace_block_rq_remap)(void *, struct request *, dev_t, sector_t);
typedef void (*btf_trace_block_rq_requeue)(void *, struct request *);
typedef void (*btf_trace_block_split)(void *, struct bio *, unsigned int);
typedef void (*btf_trace_block_touch_buffer)(void *, struct buffer_head *);
typedef void (*btf_trace_block_unplug)(void *, struct request_queue *, unsigned int, bool);
typedef void (*btf_trace_disk_zone_wplug_add_bio)(void *, struct request_queue *, unsigned int, sector_t, unsigned
  int);
typedef void (*btf_trace_irq_handler_entry)(void *, int, struct irqaction *);
typedef void (*btf_trace_irq_handler_exit)(void *, int, struct irqaction *, int);
typedef void (*btf_trace_softirq_entry)(void *, unsigned int);
typedef void (*btf_trace_softirq_exit)(void *, unsigned int);
typedef void (*btf_trace_softirq_raise)(void *, unsigned int);
typedef void (*btf_trace_tasklet_entry)(void *, struct tasklet_struct *, void *);
typedef void (*btf_trace_tasklet_exit)(void *, struct tasklet_struct *, void *);
typedef void (*btf_trace_hrtimer_cancel)(void *, struct hrtimer *);
typedef void (*btf_trace_hrtimer_expire_entry)(void *, struct hrtimer *, ktime_t *);
typedef void (*btf_trace_hrtimer_expire_exit)(void *, struct hrtimer *);
enum hrtimer_mode { HRTIMER_MODE_ABS, HRTIMER_MODE_REL, HRTIMER_MODE_PINNED, HRTIMER_MODE_SOFT=4,
  HRTIMER_MODE_HARD=8, HRTIMER_MODE_ABS_PINNED=2, HRTIMER_MODE_REL_PINNED, HRTIMER_MODE_ABS_SOFT,
  HRTIMER_MODE_REL_SOFT, HRTIMER_MODE_ABS_PINNED_SOFT, HRTIMER_MODE_REL_PINNED_SOFT, HRTIMER_MODE_ABS_HARD,
  HRTIMER_MODE_REL_HARD, HRTIMER_MODE_ABS_PINNED_HARD, HRTIMER_MODE_REL_PINNED_HARD };
typedef void (*btf_trace_hrtimer_setup)(void *, struct hrtimer *, clockid_t, enum hrtimer_mode);
typedef void (*btf_trace_hrtimer_start)(void *, struct hrtimer *, enum hrtimer_mode, bool);
typedef void (*btf_trace_itimer_expire)(void *, int, struct pid *, unsigned long long);
typedef void (*btf_trace_itimer_state)(void *, int, const struct itimerspec64 *const, unsigned long long);
typedef void (*btf_trace_tick_stop)(void *, int, int);
typedef void (*btf_trace_timer_base_idle)(void *, bool, unsigned int);
typedef void (*btf_trace_timer_cancel)(void *, struct timer_list *);
typedef void (*btf_trace_timer_expire_entry)(void *, struct timer_list *, unsigned long);
typedef void (*btf_trace_timer_expire_exit)(void *, struct timer_list *);
typedef void (*btf_trace_timer_init)(void *, struct timer_list *);
typedef void (*btf_trace_timer_start)(void *, struct timer_list *, unsigned long);
typedef void (*btf_trace_workqueue_activate_work)(void *, struct work_struct *);
typedef void (*btf_trace_workqueue_execute_end)(void *, struct work_struct *, work_func_t);
typedef void (*btf_trace_workqueue_execute_start)(void *, struct work_struct *);
typedef void (*btf_trace_workqueue_queue_work)(void *, int, struct pool_workqueue *, struct work_struct *);
typedef void (*btf_trace_kfree)(void *, unsigned long, const void *);
typedef void (*btf_trace_kmalloc)(void *, unsigned long, const void *, size_t, size_t, gfp_t, int);
typedef void (*btf_trace_kmem_cache_alloc)(void *, unsigned long, const void *, struct kmem_cache *, gfp_t, int);
typedef void (*btf_trace_kmem_cache_free)(void *, unsigned long, const void *, const struct kmem_cache *);
typedef void (*btf_trace_mm_calculate_totalreserve_pages)(void *, unsigned long);
typedef void (*btf_trace_mm_page_alloc)(void *, struct page *, unsigned int, gfp_t, int);
typedef void (*btf_trace_mm_page_alloc_extfrag)(void *, struct page *, int, int, int, int);
typedef void (*btf_trace_mm_page_alloc_zone_locked)(void *, struct page *, unsigned int, int, int);
typedef void (*btf_trace_mm_page_free)(void *, struct page *, unsigned int);
typedef void (*btf_trace_mm_page_free_batched)(void *, struct page *);
typedef void (*btf_trace_mm_page_pcpu_drain)(void *, struct page *, unsigned int, int);
typedef void (*btf_trace_mm_setup_per_zone_lowmem_reserve)(void *, struct zone *, struct zone *, long);
typedef void (*btf_trace_mm_setup_per_zone_wmarks)(void *, struct zone *);
typedef void (*btf_trace_rss_stat)(void *, struct mm_struct *, int);
enum compact_priority { COMPACT_PRIO_SYNC_FULL, MIN_COMPACT_PRIORITY=0, COMPACT_PRIO_SYNC_LIGHT,
  MIN_COMPACT_COSTLY_PRIORITY=1, DEF_COMPACT_PRIORITY=1, COMPACT_PRIO_ASYNC, INIT_COMPACT_PRIORITY=2 };
enum compact_result { COMPACT_NOT_SUITABLE_ZONE, COMPACT_SKIPPED, COMPACT_DEFERRED, COMPACT_NO_SUITABLE_PAGE,
  COMPACT_CONTINUE, COMPACT_COMPLETE, COMPACT_PARTIAL_SKIPPED, COMPACT_CONTENDED, COMPACT_SUCCESS };
typedef void (*btf_trace_compact_retry)(void *, int, enum compact_priority, enum compact_result, int, int, bool);
typedef void (*btf_trace_finish_task_reaping)(void *, int);
typedef void (*btf_trace_mark_victim)(void *, struct task_struct *, uid_t);
typedef void (*btf_trace_oom_score_adj_update)(void *, struct task_struct *);
typedef void (*btf_trace_reclaim_retry_zone)(void *, struct zoneref *, int, unsigned long, unsigned long, unsigned
  long, int, bool);
typedef void (*btf_trace_skip_task_reaping)(void *, int);
typedef void (*btf_trace_start_task_reaping)(void *, int);
typedef void (*btf_trace_wake_reaper)(void *, int);
typedef void (*btf_trace_mm_shrink_slab_end)(void *, struct shrinker *, int, int, long, long, long);
typedef void (*btf_trace_mm_shrink_slab_start)(void *, struct shrinker *, struct shrink_control *, long, unsigned
  long, unsigned long long, unsigned long, int);
typedef void (*btf_trace_mm_vmscan_direct_reclaim_begin)(void *, int, gfp_t);
typedef void (*btf_trace_mm_vmscan_direct_reclaim_end)(void *, unsigned long);
typedef void (*btf_trace_mm_vmscan_kswapd_sleep)(void *, int);
typedef void (*btf_trace_mm_vmscan_kswapd_wake)(void *, int, int, int);
typedef void (*btf_trace_mm_vmscan_lru_isolate)(void *, int, int, unsigned long, unsigned long, unsigned long,
  unsigned long, int);
typedef void (*btf_trace_mm_vmscan_lru_shrink_active)(void *, int, unsigned long, unsigned long, unsigned long,
  unsigned long, int, int);
typedef void (*btf_trace_mm_vmscan_lru_shrink_inactive)(void *, int, unsigned long, unsigned long, struct
  reclaim_stat *, int, int);
typedef void (*btf_trace_mm_vmscan_memcg_reclaim_begin)(void *, int, gfp_t);
typedef void (*btf_trace_mm_vmscan_memcg_reclaim_end)(void *, unsigned long);
typedef void (*btf_trace_mm_vmscan_memcg_softlimit_reclaim_begin)(void *, int, gfp_t);
typedef void (*btf_trace_mm_vmscan_memcg_softlimit_reclaim_end)(void *, unsigned long);
typedef void (*btf_trace_mm_vmscan_node_reclaim_begin)(void *, int, int, gfp_t);
typedef void (*btf_trace_mm_vmscan_node_reclaim_end)(void *, unsigned long);
typedef void (*btf_trace_mm_vmscan_reclaim_pages)(void *, int, unsigned long, unsigned long, struct reclaim_stat
  *);
typedef void (*btf_trace_mm_vmscan_throttled)(void *, int, int, int, int);
typedef void (*btf_trace_mm_vmscan_wakeup_kswapd)(void *, int, int, int, gfp_t);
typedef void (*btf_trace_mm_vmscan_write_folio)(void *, struct folio *);
typedef void (*btf_trace_break_lease_block)(void *, struct inode *, struct file_lease *);
typedef void (*btf_trace_break_lease_noblock)(void *, struct inode *, struct file_lease *);
typedef void (*btf_trace_break_lease_unblock)(void *, struct inode *, struct file_lease *);
typedef void (*btf_trace_fcntl_setlk)(void *, struct inode *, struct file_lock *, int);
typedef void (*btf_trace_flock_lock_inode)(void *, struct inode *, struct file_lock *, int);
typedef void (*btf_trace_generic_add_lease)(void *, struct inode *, struct file_lease *);
typedef void (*btf_trace_generic_delete_lease)(void *, struct inode *, struct file_lease *);
typedef void (*btf_trace_leases_conflict)(void *, bool, struct file_lease *, struct file_lease *);
typedef void (*btf_trace_locks_get_lock_context)(void *, struct inode *, int, struct file_lock_context *);
typedef void (*btf_trace_locks_remove_posix)(void *, struct inode *, struct file_lock *, int);
typedef void (*btf_trace_posix_lock_inode)(void *, struct inode *, struct file_lock *, int);
typedef void (*btf_trace_time_out_leases)(void *, struct inode *, struct file_lease *);
typedef void (*btf_trace_file_check_and_advance_wb_err)(void *, struct file *, errseq_t);
typedef void (*btf_trace_filemap_set_wb_err)(void *, struct address_space *, errseq_t);
typedef void (*btf_trace_mm_filemap_add_to_page_cache)(void *, struct folio *);
typedef void (*btf_trace_mm_filemap_delete_from_page_cache)(void *, struct folio *);
typedef void (*btf_trace_mm_filemap_fault)(void *, struct address_space *, unsigned long);
typedef void (*btf_trace_mm_filemap_get_pages)(void *, struct address_space *, unsigned long, unsigned long);
typedef void (*btf_trace_mm_filemap_map_pages)(void *, struct address_space *, unsigned long, unsigned long);
typedef void (*btf_trace_page_fault_kernel)(void *, unsigned long, struct pt_regs *, unsigned long);
typedef void (*btf_trace_page_fault_user)(void *, unsigned long, struct pt_regs *, unsigned long);
typedef void (*btf_trace_bpf_xdp_link_attach_failed)(void *, const char *);
typedef void (*btf_trace_mem_connect)(void *, const struct xdp_mem_allocator *, const struct xdp_rxq_info *);
typedef void (*btf_trace_mem_disconnect)(void *, const struct xdp_mem_allocator *);
typedef void (*btf_trace_xdp_bulk_tx)(void *, const struct net_device *, int, int, int);
typedef void (*btf_trace_xdp_cpumap_enqueue)(void *, int, unsigned int, unsigned int, int);
typedef void (*btf_trace_xdp_cpumap_kthread)(void *, int, unsigned int, unsigned int, int, struct xdp_cpumap_stats
  *);
typedef void (*btf_trace_xdp_devmap_xmit)(void *, const struct net_device *, const struct net_device *, int, int,
  int);
typedef void (*btf_trace_xdp_exception)(void *, const struct net_device *, const struct bpf_prog *, u32);
typedef void (*btf_trace_xdp_redirect)(void *, const struct net_device *, const struct bpf_prog *, const void *,
  int, enum bpf_map_type, u32, u32);
typedef void (*btf_trace_xdp_redirect_err)(void *, const struct net_device *, const struct bpf_prog *, const void
  *, int, enum bpf_map_type, u32, u32);
typedef void (*btf_trace_bpf_trace_printk)(void *, const char *);
typedef void (*btf_trace_bpf_test_finish)(void *, int *);
typedef void (*btf_trace_bpf_trigger_tp)(void *, int);
typedef void (*btf_trace_cgroup_attach_task)(void *, struct cgroup *, const char *, struct task_struct *, bool);
typedef void (*btf_trace_cgroup_destroy_root)(void *, struct cgroup_root *);
typedef void (*btf_trace_cgroup_freeze)(void *, struct cgroup *, const char *);
typedef void (*btf_trace_cgroup_mkdir)(void *, struct cgroup *, const char *);
typedef void (*btf_trace_cgroup_notify_frozen)(void *, struct cgroup *, const char *, int);
typedef void (*btf_trace_cgroup_notify_populated)(void *, struct cgroup *, const char *, int);
typedef void (*btf_trace_cgroup_release)(void *, struct cgroup *, const char *);
typedef void (*btf_trace_cgroup_remount)(void *, struct cgroup_root *);
typedef void (*btf_trace_cgroup_rename)(void *, struct cgroup *, const char *);
typedef void (*btf_trace_cgroup_rmdir)(void *, struct cgroup *, const char *);
typedef void (*btf_trace_cgroup_rstat_lock_contended)(void *, struct cgroup *, int, bool);
typedef void (*btf_trace_cgroup_rstat_locked)(void *, struct cgroup *, int, bool);
typedef void (*btf_trace_cgroup_rstat_unlock)(void *, struct cgroup *, int, bool);
typedef void (*btf_trace_cgroup_setup_root)(void *, struct cgroup_root *);
typedef void (*btf_trace_cgroup_transfer_tasks)(void *, struct cgroup *, const char *, struct task_struct *,
  bool);
typedef void (*btf_trace_cgroup_unfreeze)(void *, struct cgroup *, const char *);
typedef void (*btf_trace_cpu_frequency)(void *, unsigned int, unsigned int);
typedef void (*btf_trace_cpu_frequency_limits)(void *, struct cpufreq_policy *);
typedef void (*btf_trace_cpu_idle)(void *, unsigned int, unsigned int);
typedef void (*btf_trace_cpu_idle_miss)(void *, unsigned int, unsigned int, bool);
enum dev_pm_qos_req_type { DEV_PM_QOS_RESUME_LATENCY=1, DEV_PM_QOS_LATENCY_TOLERANCE, DEV_PM_QOS_MIN_FREQUENCY,
  DEV_PM_QOS_MAX_FREQUENCY, DEV_PM_QOS_FLAGS };
typedef void (*btf_trace_dev_pm_qos_add_request)(void *, const char *, enum dev_pm_qos_req_type, s32);
typedef void (*btf_trace_dev_pm_qos_remove_request)(void *, const char *, enum dev_pm_qos_req_type, s32);
typedef void (*btf_trace_dev_pm_qos_update_request)(void *, const char *, enum dev_pm_qos_req_type, s32);
typedef void (*btf_trace_guest_halt_poll_ns)(void *, bool, unsigned int, unsigned int);
typedef void (*btf_trace_pm_qos_add_request)(void *, s32);
typedef void (*btf_trace_pm_qos_remove_request)(void *, s32);
enum pm_qos_req_action { PM_QOS_ADD_REQ, PM_QOS_UPDATE_REQ, PM_QOS_REMOVE_REQ };
typedef void (*btf_trace_pm_qos_update_flags)(void *, enum pm_qos_req_action, int, int);
typedef void (*btf_trace_pm_qos_update_request)(void *, s32);
typedef void (*btf_trace_pm_qos_update_target)(void *, enum pm_qos_req_action, int, int);
typedef void (*btf_trace_pstate_sample)(void *, u32, u32, u32, u32, u64, u64, u64, u32, u32);
typedef void (*btf_trace_suspend_resume)(void *, const char *, int, bool);
typedef void (*btf_trace_wakeup_source_activate)(void *, const char *, unsigned int);
typedef void (*btf_trace_wakeup_source_deactivate)(void *, const char *, unsigned int);
typedef void (*btf_trace_rcu_stall_warning)(void *, const char *, const char *);
typedef void (*btf_trace_rcu_utilization)(void *, const char *);
typedef void (*btf_trace_tlb_flush)(void *, int, unsigned long);
typedef void (*btf_trace_console)(void *, const char *, size_t);
typedef void (*btf_trace_exit_mmap)(void *, struct mm_struct *);
typedef void (*btf_trace_vm_unmapped_area)(void *, unsigned long, struct vm_unmapped_area_info *);
typedef void (*btf_trace_mmap_lock_acquire_returned)(void *, struct mm_struct *, bool, bool);
typedef void (*btf_trace_mmap_lock_released)(void *, struct mm_struct *, bool);
typedef void (*btf_trace_mmap_lock_start_locking)(void *, struct mm_struct *, bool);
typedef void (*btf_trace_io_uring_complete)(void *, struct io_ring_ctx *, void *, struct io_uring_cqe *);
typedef void (*btf_trace_io_uring_cqe_overflow)(void *, void *, unsigned long long, s32, u32, void *);
typedef void (*btf_trace_io_uring_cqring_wait)(void *, void *, int);
typedef void (*btf_trace_io_uring_create)(void *, int, void *, u32, u32, u32);
typedef void (*btf_trace_io_uring_defer)(void *, struct io_kiocb *);
typedef void (*btf_trace_io_uring_fail_link)(void *, struct io_kiocb *, struct io_kiocb *);
typedef void (*btf_trace_io_uring_file_get)(void *, struct io_kiocb *, int);
typedef void (*btf_trace_io_uring_link)(void *, struct io_kiocb *, struct io_kiocb *);
typedef void (*btf_trace_io_uring_local_work_run)(void *, void *, int, unsigned int);
typedef void (*btf_trace_io_uring_poll_arm)(void *, struct io_kiocb *, int, int);
typedef void (*btf_trace_io_uring_queue_async_work)(void *, struct io_kiocb *, int);
typedef void (*btf_trace_io_uring_register)(void *, void *, unsigned int, unsigned int, unsigned int, long);
typedef void (*btf_trace_io_uring_req_failed)(void *, const struct io_uring_sqe *, struct io_kiocb *, int);
typedef void (*btf_trace_io_uring_short_write)(void *, void *, u64, u64, u64);
typedef void (*btf_trace_io_uring_submit_req)(void *, struct io_kiocb *);
typedef void (*btf_trace_io_uring_task_add)(void *, struct io_kiocb *, int);
typedef void (*btf_trace_io_uring_task_work_run)(void *, void *, unsigned int);
typedef void (*btf_trace_page_pool_release)(void *, const struct page_pool *, s32, u32, u32);
typedef void (*btf_trace_page_pool_state_hold)(void *, const struct page_pool *, netmem_ref, u32);
typedef void (*btf_trace_page_pool_state_release)(void *, const struct page_pool *, netmem_ref, u32);
typedef void (*btf_trace_page_pool_update_nid)(void *, const struct page_pool *, int);
typedef void (*btf_trace_br_fdb_add)(void *, struct ndmsg *, struct net_device *, const unsigned char *, u16,
  u16);
typedef void (*btf_trace_br_fdb_external_learn_add)(void *, struct net_bridge *, struct net_bridge_port *, const
  unsigned char *, u16);
typedef void (*btf_trace_br_fdb_update)(void *, struct net_bridge *, struct net_bridge_port *, const unsigned char
  *, u16, unsigned long);
typedef void (*btf_trace_br_mdb_full)(void *, const struct net_device *, const struct br_ip *);
typedef void (*btf_trace_fdb_delete)(void *, struct net_bridge *, struct net_bridge_fdb_entry *);
typedef void (*btf_trace_netlink_extack)(void *, const char *);
typedef void (*btf_trace_icmp_send)(void *, const struct sk_buff *, int, int);
typedef void (*btf_trace_ipi_send_cpu)(void *, const unsigned int, unsigned long, void *);
typedef void (*btf_trace_ipi_send_cpumask)(void *, const struct cpumask *, unsigned long, void *);
typedef void (*btf_trace_notifier_register)(void *, void *);
typedef void (*btf_trace_notifier_run)(void *, void *);
typedef void (*btf_trace_notifier_unregister)(void *, void *);
typedef void (*btf_trace_page_cache_async_ra)(void *, struct inode *, unsigned long, struct file_ra_state *,
  unsigned long);
typedef void (*btf_trace_page_cache_ra_order)(void *, struct inode *, unsigned long, struct file_ra_state *);
typedef void (*btf_trace_page_cache_ra_unbounded)(void *, struct inode *, unsigned long, unsigned long, unsigned
  long);
typedef void (*btf_trace_page_cache_sync_ra)(void *, struct inode *, unsigned long, struct file_ra_state *,
  unsigned long);
typedef void (*btf_trace_count_memcg_events)(void *, struct mem_cgroup *, int, unsigned long);
typedef void (*btf_trace_memcg_flush_stats)(void *, struct mem_cgroup *, s64, bool, bool);
typedef void (*btf_trace_mod_memcg_lruvec_state)(void *, struct mem_cgroup *, int, int);
typedef void (*btf_trace_mod_memcg_state)(void *, struct mem_cgroup *, int, int);
enum error_detector { ERROR_DETECTOR_KFENCE, ERROR_DETECTOR_KASAN, ERROR_DETECTOR_WARN };
typedef void (*btf_trace_error_report_end)(void *, enum error_detector, unsigned long);
typedef void (*btf_trace_cap_capable)(void *, const struct cred *, struct user_namespace *, const struct
  user_namespace *, int, int);
typedef void (*btf_trace_percpu_alloc_percpu)(void *, unsigned long, bool, bool, size_t, size_t, void *, int, void
  *, size_t, gfp_t);
typedef void (*btf_trace_percpu_alloc_percpu_fail)(void *, bool, bool, size_t, size_t);
typedef void (*btf_trace_percpu_create_chunk)(void *, void *);
typedef void (*btf_trace_percpu_destroy_chunk)(void *, void *);
typedef void (*btf_trace_percpu_free_percpu)(void *, void *, int, void *);
typedef void (*btf_trace_mm_migrate_pages)(void *, unsigned long, unsigned long, unsigned long, unsigned long,
  unsigned long, unsigned long, enum migrate_mode, int);
typedef void (*btf_trace_mm_migrate_pages_start)(void *, enum migrate_mode, int);
typedef void (*btf_trace_remove_migration_pte)(void *, unsigned long, unsigned long, int);
typedef void (*btf_trace_set_migration_pte)(void *, unsigned long, unsigned long, int);
typedef void (*btf_trace_balance_dirty_pages)(void *, struct bdi_writeback *, struct dirty_throttle_control *,
  unsigned long, unsigned long, unsigned long, unsigned long, long, unsigned long);
typedef void (*btf_trace_bdi_dirty_ratelimit)(void *, struct bdi_writeback *, unsigned long, unsigned long);
typedef void (*btf_trace_flush_foreign)(void *, struct bdi_writeback *, unsigned int, unsigned int);
typedef void (*btf_trace_folio_wait_writeback)(void *, struct folio *, struct address_space *);
typedef void (*btf_trace_global_dirty_state)(void *, unsigned long, unsigned long);
typedef void (*btf_trace_inode_foreign_history)(void *, struct inode *, struct writeback_control *, unsigned int);
typedef void (*btf_trace_inode_switch_wbs)(void *, struct inode *, struct bdi_writeback *, struct bdi_writeback
  *);
typedef void (*btf_trace_inode_switch_wbs_queue)(void *, struct bdi_writeback *, struct bdi_writeback *, unsigned
  int);
typedef void (*btf_trace_sb_clear_inode_writeback)(void *, struct inode *);
typedef void (*btf_trace_sb_mark_inode_writeback)(void *, struct inode *);
typedef void (*btf_trace_track_foreign_dirty)(void *, struct folio *, struct bdi_writeback *);
typedef void (*btf_trace_wbc_writepage)(void *, struct writeback_control *, struct backing_dev_info *);
typedef void (*btf_trace_writeback_bdi_register)(void *, struct backing_dev_info *);
typedef void (*btf_trace_writeback_dirty_folio)(void *, struct folio *, struct address_space *);
typedef void (*btf_trace_writeback_dirty_inode)(void *, struct inode *, int);
typedef void (*btf_trace_writeback_dirty_inode_enqueue)(void *, struct inode *);
typedef void (*btf_trace_writeback_dirty_inode_start)(void *, struct inode *, int);
typedef void (*btf_trace_writeback_exec)(void *, struct bdi_writeback *, struct wb_writeback_work *);
typedef void (*btf_trace_writeback_lazytime)(void *, struct inode *);
typedef void (*btf_trace_writeback_lazytime_iput)(void *, struct inode *);
typedef void (*btf_trace_writeback_mark_inode_dirty)(void *, struct inode *, int);
typedef void (*btf_trace_writeback_pages_written)(void *, long);
typedef void (*btf_trace_writeback_queue)(void *, struct bdi_writeback *, struct wb_writeback_work *);
typedef void (*btf_trace_writeback_queue_io)(void *, struct bdi_writeback *, struct wb_writeback_work *, unsigned
  long, int);
typedef void (*btf_trace_writeback_sb_inodes_requeue)(void *, struct inode *);
typedef void (*btf_trace_writeback_single_inode)(void *, struct inode *, struct writeback_control *, unsigned
  long);
typedef void (*btf_trace_writeback_single_inode_start)(void *, struct inode *, struct writeback_control *,
  unsigned long);
typedef void (*btf_trace_writeback_start)(void *, struct bdi_writeback *, struct wb_writeback_work *);
typedef void (*btf_trace_writeback_wait)(void *, struct bdi_writeback *, struct wb_writeback_work *);
typedef void (*btf_trace_writeback_wake_background)(void *, struct bdi_writeback *);
typedef void (*btf_trace_writeback_write_inode)(void *, struct inode *, struct writeback_control *);
typedef void (*btf_trace_writeback_write_inode_start)(void *, struct inode *, struct writeback_control *);
typedef void (*btf_trace_writeback_written)(void *, struct bdi_writeback *, struct wb_writeback_work *);
typedef void (*btf_trace_mm_compaction_begin)(void *, struct compact_control *, unsigned long, unsigned long,
  bool);
typedef void (*btf_trace_mm_compaction_defer_compaction)(void *, struct zone *, int);
typedef void (*btf_trace_mm_compaction_defer_reset)(void *, struct zone *, int);
typedef void (*btf_trace_mm_compaction_deferred)(void *, struct zone *, int);
typedef void (*btf_trace_mm_compaction_end)(void *, struct compact_control *, unsigned long, unsigned long, bool,
  int);
typedef void (*btf_trace_mm_compaction_fast_isolate_freepages)(void *, unsigned long, unsigned long, unsigned
  long, unsigned long);
typedef void (*btf_trace_mm_compaction_finished)(void *, struct zone *, int, int);
typedef void (*btf_trace_mm_compaction_isolate_freepages)(void *, unsigned long, unsigned long, unsigned long,
  unsigned long);
typedef void (*btf_trace_mm_compaction_isolate_migratepages)(void *, unsigned long, unsigned long, unsigned long,
  unsigned long);
typedef void (*btf_trace_mm_compaction_kcompactd_sleep)(void *, int);
enum zone_type { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_MOVABLE, ZONE_DEVICE, __MAX_NR_ZONES };
typedef void (*btf_trace_mm_compaction_kcompactd_wake)(void *, int, int, enum zone_type);
typedef void (*btf_trace_mm_compaction_migratepages)(void *, unsigned int, unsigned int);
typedef void (*btf_trace_mm_compaction_suitable)(void *, struct zone *, int, int);
typedef void (*btf_trace_mm_compaction_try_to_compact_pages)(void *, int, gfp_t, int);
typedef void (*btf_trace_mm_compaction_wakeup_kcompactd)(void *, int, int, enum zone_type);
typedef void (*btf_trace_csd_function_entry)(void *, smp_call_func_t, call_single_data_t *);
typedef void (*btf_trace_csd_function_exit)(void *, smp_call_func_t, call_single_data_t *);
typedef void (*btf_trace_csd_queue_cpu)(void *, const unsigned int, unsigned long, smp_call_func_t,
  call_single_data_t *);
typedef void (*btf_trace_sched_entry_tp)(void *, bool);
typedef void (*btf_trace_contention_begin)(void *, void *, unsigned int);
typedef void (*btf_trace_contention_end)(void *, void *, int);
`;
