/**
 * Records of tracepoints, as programs of type tracepoint see them. Offsets and sizes follow from
 * the members, or stand there (`btf/c_parse.ts`): those of Linux 6.18 on x86_64.
 */
export const RECORDS = `
struct trace_event_raw_blkdev_zone_mgmt { struct trace_entry ent; dev_t dev; sector_t sector, nr_sectors; char
  rwbs[10], __data[0]; };
struct trace_entry { unsigned short type; unsigned char flags, preempt_count; int pid; };
struct trace_event_raw_block_bio { struct trace_entry ent; dev_t dev; sector_t sector; unsigned int nr_sector;
  char rwbs[10], comm[16], __data[0]; };
struct trace_event_raw_block_bio_complete { struct trace_entry ent; dev_t dev; sector_t sector; unsigned int
  nr_sector; int error; char rwbs[10], __data[0]; };
struct trace_event_raw_block_bio_remap { struct trace_entry ent; dev_t dev; sector_t sector; unsigned int
  nr_sector; dev_t old_dev; sector_t old_sector; char rwbs[10], __data[0]; };
struct trace_event_raw_block_buffer { struct trace_entry ent; dev_t dev; sector_t sector; size_t size; char
  __data[0]; };
struct trace_event_raw_block_plug { struct trace_entry ent; char comm[16], __data[0]; };
struct trace_event_raw_block_rq { struct trace_entry ent; dev_t dev; sector_t sector; unsigned int nr_sector,
  bytes; unsigned short ioprio; char rwbs[10], comm[16]; u32 __data_loc_cmd; char __data[0]; };
struct trace_event_raw_block_rq_completion { struct trace_entry ent; dev_t dev; sector_t sector; unsigned int
  nr_sector; int error; unsigned short ioprio; char rwbs[10]; u32 __data_loc_cmd; char __data[0]; };
struct trace_event_raw_block_rq_remap { struct trace_entry ent; dev_t dev; sector_t sector; unsigned int
  nr_sector; dev_t old_dev; sector_t old_sector; unsigned int nr_bios; char rwbs[10], __data[0]; };
struct trace_event_raw_block_rq_requeue { struct trace_entry ent; dev_t dev; sector_t sector; unsigned int
  nr_sector; unsigned short ioprio; char rwbs[10]; u32 __data_loc_cmd; char __data[0]; };
struct trace_event_raw_block_split { struct trace_entry ent; dev_t dev; sector_t sector, new_sector; char
  rwbs[10], comm[16], __data[0]; };
struct trace_event_raw_block_unplug { struct trace_entry ent; int nr_rq; char comm[16], __data[0]; };
struct trace_event_raw_bpf_test_finish { struct trace_entry ent; int err; char __data[0]; };
struct trace_event_raw_bpf_trace_printk { struct trace_entry ent; u32 __data_loc_bpf_string; char __data[0]; };
struct trace_event_raw_bpf_trigger_tp { struct trace_entry ent; int nonce; char __data[0]; };
struct trace_event_raw_bpf_xdp_link_attach_failed { struct trace_entry ent; u32 __data_loc_msg; char __data[0]; };
struct trace_event_raw_cgroup { struct trace_entry ent; int root, level; u64 id; u32 __data_loc_path; char
  __data[0]; };
struct trace_event_raw_cgroup_event { struct trace_entry ent; int root, level; u64 id; u32 __data_loc_path; int
  val; char __data[0]; };
struct trace_event_raw_cgroup_migrate { struct trace_entry ent; int dst_root, dst_level; u64 dst_id; int pid; u32
  __data_loc_dst_path, __data_loc_comm; char __data[0]; };
struct trace_event_raw_cgroup_root { struct trace_entry ent; int root; u16 ss_mask; u32 __data_loc_name; char
  __data[0]; };
struct trace_event_raw_compact_retry { struct trace_entry ent; int order, priority, result, retries, max_retries;
  bool ret; char __data[0]; };
struct trace_event_raw_consume_skb { struct trace_entry ent; void *skbaddr; void *location; char __data[0]; };
struct trace_event_raw_contention_begin { struct trace_entry ent; void *lock_addr; unsigned int flags; char
  __data[0]; };
struct trace_event_raw_contention_end { struct trace_entry ent; void *lock_addr; int ret; char __data[0]; };
struct trace_event_raw_cpu { struct trace_entry ent; u32 state, cpu_id; char __data[0]; };
struct trace_event_raw_cpu_frequency_limits { struct trace_entry ent; u32 min_freq, max_freq, cpu_id; char
  __data[0]; };
struct trace_event_raw_cpu_idle_miss { struct trace_entry ent; u32 cpu_id, state; bool below; char __data[0]; };
struct trace_event_raw_dql_stall_detected { struct trace_entry ent; unsigned short thrs; unsigned int len;
  unsigned long last_reap, hist_head, now, hist[4]; char __data[0]; };
struct trace_event_raw_finish_task_reaping { struct trace_entry ent; int pid; char __data[0]; };
struct trace_event_raw_generic_add_lease { struct trace_entry ent; unsigned long i_ino; int wcount, rcount,
  icount; dev_t s_dev; fl_owner_t owner; unsigned int flags; unsigned char type; char __data[0]; };
struct trace_event_raw_guest_halt_poll_ns { struct trace_entry ent; bool grow; unsigned int new, old; char
  __data[0]; };
struct trace_event_raw_hrtimer_class { struct trace_entry ent; void *hrtimer; char __data[0]; };
struct trace_event_raw_hrtimer_expire_entry { struct trace_entry ent; void *hrtimer; s64 now; void *function; char
  __data[0]; };
struct trace_event_raw_hrtimer_setup { struct trace_entry ent; void *hrtimer; clockid_t clockid; enum hrtimer_mode
  mode; char __data[0]; };
struct trace_event_raw_hrtimer_start { struct trace_entry ent; void *hrtimer; void *function; s64 expires,
  softexpires; enum hrtimer_mode mode; bool was_armed; char __data[0]; };
struct trace_event_raw_inet_sk_error_report { struct trace_entry ent; int error; __u16 sport, dport, family,
  protocol; __u8 saddr[4], daddr[4], saddr_v6[16], daddr_v6[16]; char __data[0]; };
struct trace_event_raw_inet_sock_set_state { struct trace_entry ent; const void *skaddr; int oldstate, newstate;
  __u16 sport, dport, family, protocol; __u8 saddr[4], daddr[4], saddr_v6[16], daddr_v6[16]; char __data[0]; };
struct trace_event_raw_irq_handler_entry { struct trace_entry ent; int irq; u32 __data_loc_name; char __data[0];
  };
struct trace_event_raw_irq_handler_exit { struct trace_entry ent; int irq, ret; char __data[0]; };
struct trace_event_raw_itimer_expire { struct trace_entry ent; int which; pid_t pid; unsigned long long now; char
  __data[0]; };
struct trace_event_raw_itimer_state { struct trace_entry ent; int which; unsigned long long expires; long
  value_sec, value_nsec, interval_sec, interval_nsec; char __data[0]; };
struct trace_event_raw_kfree { struct trace_entry ent; unsigned long call_site; const void *ptr; char __data[0];
  };
struct trace_event_raw_kfree_skb { struct trace_entry ent; void *skbaddr; void *location; void *rx_sk; unsigned
  short protocol; enum skb_drop_reason reason; char __data[0]; };
struct trace_event_raw_kmalloc { struct trace_entry ent; unsigned long call_site; const void *ptr; size_t
  bytes_req, bytes_alloc; unsigned long gfp_flags; int node; char __data[0]; };
struct trace_event_raw_kmem_cache_alloc { struct trace_entry ent; unsigned long call_site; const void *ptr; u32
  __data_loc_name; size_t bytes_req, bytes_alloc; unsigned long gfp_flags; int node; bool accounted; char
  __data[0]; };
struct trace_event_raw_kmem_cache_free { struct trace_entry ent; unsigned long call_site; const void *ptr; u32
  __data_loc_name; char __data[0]; };
struct trace_event_raw_leases_conflict { struct trace_entry ent; void *lease; void *breaker; unsigned int
  l_fl_flags, b_fl_flags; unsigned char l_fl_type, b_fl_type; bool conflict; char __data[0]; };
struct trace_event_raw_locks_get_lock_context { struct trace_entry ent; unsigned long i_ino; dev_t s_dev; unsigned
  char type; struct file_lock_context *ctx; char __data[0]; };
struct trace_event_raw_mark_victim { struct trace_entry ent; int pid; u32 __data_loc_comm; unsigned long total_vm,
  anon_rss, file_rss, shmem_rss; uid_t uid; unsigned long pgtables; short oom_score_adj; char __data[0]; };
struct trace_event_raw_mem_connect { struct trace_entry ent; const struct xdp_mem_allocator *xa; u32 mem_id,
  mem_type; const void *allocator; const struct xdp_rxq_info *rxq; int ifindex; char __data[0]; };
struct trace_event_raw_mem_disconnect { struct trace_entry ent; const struct xdp_mem_allocator *xa; u32 mem_id,
  mem_type; const void *allocator; char __data[0]; };
struct trace_event_raw_mm_calculate_totalreserve_pages { struct trace_entry ent; unsigned long totalreserve_pages;
  char __data[0]; };
struct trace_event_raw_mm_page { struct trace_entry ent; unsigned long pfn; unsigned int order; int migratetype,
  percpu_refill; char __data[0]; };
struct trace_event_raw_mm_page_alloc { struct trace_entry ent; unsigned long pfn; unsigned int order; unsigned
  long gfp_flags; int migratetype; char __data[0]; };
struct trace_event_raw_mm_page_alloc_extfrag { struct trace_entry ent; unsigned long pfn; int alloc_order,
  fallback_order, alloc_migratetype, fallback_migratetype, change_ownership; char __data[0]; };
struct trace_event_raw_mm_page_free { struct trace_entry ent; unsigned long pfn; unsigned int order; char
  __data[0]; };
struct trace_event_raw_mm_page_free_batched { struct trace_entry ent; unsigned long pfn; char __data[0]; };
struct trace_event_raw_mm_page_pcpu_drain { struct trace_entry ent; unsigned long pfn; unsigned int order; int
  migratetype; char __data[0]; };
struct trace_event_raw_mm_setup_per_zone_lowmem_reserve { struct trace_entry ent; int node_id; u32
  __data_loc_name, __data_loc_upper_name; long lowmem_reserve; char __data[0]; };
struct trace_event_raw_mm_setup_per_zone_wmarks { struct trace_entry ent; int node_id; u32 __data_loc_name;
  unsigned long watermark_min, watermark_low, watermark_high, watermark_promo; char __data[0]; };
struct trace_event_raw_napi_poll { struct trace_entry ent; struct napi_struct *napi; u32 __data_loc_dev_name; int
  work, budget; char __data[0]; };
struct trace_event_raw_neigh_create { struct trace_entry ent; u32 family, __data_loc_dev; int entries; u8 created,
  gc_exempt, primary_key4[4], primary_key6[16]; char __data[0]; };
struct trace_event_raw_neigh_update { struct trace_entry ent; u32 family, __data_loc_dev; u8 lladdr[32],
  lladdr_len, flags, nud_state, type, dead; int refcnt; __u8 primary_key4[4], primary_key6[16]; unsigned long
  confirmed, updated, used; u8 new_lladdr[32], new_state; u32 update_flags, pid; char __data[0]; };
struct trace_event_raw_net_dev_rx_exit_template { struct trace_entry ent; int ret; char __data[0]; };
struct trace_event_raw_net_dev_rx_verbose_template { struct trace_entry ent; u32 __data_loc_name; unsigned int
  napi_id; u16 queue_mapping; const void *skbaddr; bool vlan_tagged; u16 vlan_proto, vlan_tci, protocol; u8
  ip_summed; u32 hash; bool l4_hash; unsigned int len, data_len, truesize; bool mac_header_valid; int mac_header;
  unsigned char nr_frags; u16 gso_size, gso_type; char __data[0]; };
struct trace_event_raw_net_dev_start_xmit { struct trace_entry ent; u32 __data_loc_name; u16 queue_mapping; const
  void *skbaddr; bool vlan_tagged; u16 vlan_proto, vlan_tci, protocol; u8 ip_summed; unsigned int len, data_len;
  int network_offset; bool transport_offset_valid; int transport_offset; u8 tx_flags; u16 gso_size, gso_segs,
  gso_type; char __data[0]; };
struct trace_event_raw_net_dev_template { struct trace_entry ent; void *skbaddr; unsigned int len; u32
  __data_loc_name; char __data[0]; };
struct trace_event_raw_net_dev_xmit { struct trace_entry ent; void *skbaddr; unsigned int len; int rc; u32
  __data_loc_name; char __data[0]; };
struct trace_event_raw_net_dev_xmit_timeout { struct trace_entry ent; u32 __data_loc_name, __data_loc_driver; int
  queue_index; char __data[0]; };
struct trace_event_raw_oom_score_adj_update { struct trace_entry ent; pid_t pid; char comm[16]; short
  oom_score_adj; char __data[0]; };
struct trace_event_raw_pstate_sample { struct trace_entry ent; u32 core_busy, scaled_busy, from, to; u64 mperf,
  aperf, tsc; u32 freq, io_boost; char __data[0]; };
struct trace_event_raw_qdisc_create { struct trace_entry ent; u32 __data_loc_dev, __data_loc_kind, parent; char
  __data[0]; };
struct trace_event_raw_qdisc_dequeue { struct trace_entry ent; struct Qdisc *qdisc; const struct netdev_queue
  *txq; int packets; void *skbaddr; int ifindex; u32 handle, parent; unsigned long txq_state; char __data[0]; };
struct trace_event_raw_qdisc_destroy { struct trace_entry ent; u32 __data_loc_dev, __data_loc_kind, parent,
  handle; char __data[0]; };
struct trace_event_raw_qdisc_enqueue { struct trace_entry ent; struct Qdisc *qdisc; const struct netdev_queue
  *txq; void *skbaddr; int ifindex; u32 handle, parent; char __data[0]; };
struct trace_event_raw_qdisc_reset { struct trace_entry ent; u32 __data_loc_dev, __data_loc_kind, parent, handle;
  char __data[0]; };
struct trace_event_raw_rcu_stall_warning { struct trace_entry ent; const char *rcuname; const char *msg; char
  __data[0]; };
struct trace_event_raw_rcu_utilization { struct trace_entry ent; const char *s; char __data[0]; };
struct trace_event_raw_reclaim_retry_zone { struct trace_entry ent; int node, zone_idx, order; unsigned long
  reclaimable, available, min_wmark; int no_progress_loops; bool wmark_check; char __data[0]; };
struct trace_event_raw_rss_stat { struct trace_entry ent; unsigned int mm_id, curr; int member; long size; char
  __data[0]; };
struct trace_event_raw_sched_kthread_stop { struct trace_entry ent; u32 __data_loc_comm; pid_t pid; char
  __data[0]; };
struct trace_event_raw_sched_kthread_stop_ret { struct trace_entry ent; int ret; char __data[0]; };
struct trace_event_raw_sched_kthread_work_execute_end { struct trace_entry ent; void *work; void *function; char
  __data[0]; };
struct trace_event_raw_sched_kthread_work_execute_start { struct trace_entry ent; void *work; void *function; char
  __data[0]; };
struct trace_event_raw_sched_kthread_work_queue_work { struct trace_entry ent; void *work; void *function; void
  *worker; char __data[0]; };
struct trace_event_raw_sched_migrate_task { struct trace_entry ent; u32 __data_loc_comm; pid_t pid; int prio,
  orig_cpu, dest_cpu; char __data[0]; };
struct trace_event_raw_sched_move_numa { struct trace_entry ent; pid_t pid, tgid, ngid; int src_cpu, src_nid,
  dst_cpu, dst_nid; char __data[0]; };
struct trace_event_raw_sched_pi_setprio { struct trace_entry ent; u32 __data_loc_comm; pid_t pid; int oldprio,
  newprio; char __data[0]; };
struct trace_event_raw_sched_prepare_exec { struct trace_entry ent; u32 __data_loc_interp, __data_loc_filename;
  pid_t pid; u32 __data_loc_comm; char __data[0]; };
struct trace_event_raw_sched_process_exec { struct trace_entry ent; u32 __data_loc_filename; pid_t pid, old_pid;
  char __data[0]; };
struct trace_event_raw_sched_process_exit { struct trace_entry ent; char comm[16]; pid_t pid; int prio; bool
  group_dead; char __data[0]; };
struct trace_event_raw_sched_process_fork { struct trace_entry ent; u32 __data_loc_parent_comm; pid_t parent_pid;
  u32 __data_loc_child_comm; pid_t child_pid; char __data[0]; };
struct trace_event_raw_sched_process_hang { struct trace_entry ent; u32 __data_loc_comm; pid_t pid; char
  __data[0]; };
struct trace_event_raw_sched_process_template { struct trace_entry ent; u32 __data_loc_comm; pid_t pid; int prio;
  char __data[0]; };
struct trace_event_raw_sched_process_wait { struct trace_entry ent; u32 __data_loc_comm; pid_t pid; int prio; char
  __data[0]; };
struct trace_event_raw_sched_skip_cpuset_numa { struct trace_entry ent; char comm[16]; pid_t pid, tgid, ngid;
  unsigned long mem_allowed[16]; char __data[0]; };
struct trace_event_raw_sched_skip_vma_numa { struct trace_entry ent; unsigned long numa_scan_offset, vm_start,
  vm_end; enum numa_vmaskip_reason reason; char __data[0]; };
struct trace_event_raw_sched_stat_runtime { struct trace_entry ent; u32 __data_loc_comm; pid_t pid; u64 runtime;
  char __data[0]; };
struct trace_event_raw_sched_switch { struct trace_entry ent; char prev_comm[16]; pid_t prev_pid; int prev_prio;
  long prev_state; char next_comm[16]; pid_t next_pid; int next_prio; char __data[0]; };
struct trace_event_raw_sched_wake_idle_without_ipi { struct trace_entry ent; int cpu; char __data[0]; };
struct trace_event_raw_sched_wakeup_template { struct trace_entry ent; char comm[16]; pid_t pid; int prio,
  target_cpu; char __data[0]; };
struct trace_event_raw_signal_deliver { struct trace_entry ent; int sig, errno, code; unsigned long sa_handler,
  sa_flags; char __data[0]; };
struct trace_event_raw_signal_generate { struct trace_entry ent; int sig, errno, code; char comm[16]; pid_t pid;
  int group, result; char __data[0]; };
struct trace_event_raw_sk_data_ready { struct trace_entry ent; const void *skaddr; __u16 family, protocol;
  unsigned long ip; char __data[0]; };
struct trace_event_raw_skb_copy_datagram_iovec { struct trace_entry ent; const void *skbaddr; int len; char
  __data[0]; };
struct trace_event_raw_skip_task_reaping { struct trace_entry ent; int pid; char __data[0]; };
struct trace_event_raw_sock_exceed_buf_limit { struct trace_entry ent; char name[32]; long sysctl_mem[3],
  allocated; int sysctl_rmem, rmem_alloc, sysctl_wmem, wmem_alloc, wmem_queued, kind; char __data[0]; };
struct trace_event_raw_sock_rcvqueue_full { struct trace_entry ent; int rmem_alloc; unsigned int truesize; int
  sk_rcvbuf; char __data[0]; };
struct trace_event_raw_softirq { struct trace_entry ent; unsigned int vec; char __data[0]; };
struct trace_event_raw_start_task_reaping { struct trace_entry ent; int pid; char __data[0]; };
struct trace_event_raw_suspend_resume { struct trace_entry ent; const char *action; int val; bool start; char
  __data[0]; };
struct trace_event_raw_sys_enter { struct trace_entry ent; long id; unsigned long args[6]; char __data[0]; };
struct trace_event_raw_sys_exit { struct trace_entry ent; long id, ret; char __data[0]; };
struct trace_event_raw_task_newtask { struct trace_entry ent; pid_t pid; char comm[16]; u64 clone_flags; short
  oom_score_adj; char __data[0]; };
struct trace_event_raw_task_prctl_unknown { struct trace_entry ent; int option; unsigned long arg2, arg3, arg4,
  arg5; char __data[0]; };
struct trace_event_raw_task_rename { struct trace_entry ent; pid_t pid; char oldcomm[16], newcomm[16]; short
  oom_score_adj; char __data[0]; };
struct trace_event_raw_tcp_cong_state_set { struct trace_entry ent; const void *skaddr; __u16 sport, dport,
  family; __u8 saddr[4], daddr[4], saddr_v6[16], daddr_v6[16], cong_state; char __data[0]; };
struct trace_event_raw_tcp_event_sk { struct trace_entry ent; const void *skaddr; __u16 sport, dport, family; __u8
  saddr[4], daddr[4], saddr_v6[16], daddr_v6[16]; __u64 sock_cookie; char __data[0]; };
struct trace_event_raw_tcp_event_skb { struct trace_entry ent; const void *skbaddr; __u8 saddr[28], daddr[28];
  char __data[0]; };
struct trace_event_raw_tcp_probe { struct trace_entry ent; __u8 saddr[28], daddr[28]; __u16 sport, dport, family;
  __u32 mark; __u16 data_len; __u32 snd_nxt, snd_una, snd_cwnd, ssthresh, snd_wnd, srtt, rcv_wnd; __u64
  sock_cookie; const void *skbaddr; const void *skaddr; char __data[0]; };
struct trace_event_raw_tcp_rcvbuf_grow { struct trace_entry ent; int time; __u32 rtt_us, copied, inq, space,
  ooo_space, rcvbuf, rcv_ssthresh, window_clamp, rcv_wnd; __u8 scaling_ratio; __u16 sport, dport, family; __u8
  saddr[4], daddr[4], saddr_v6[16], daddr_v6[16]; const void *skaddr; __u64 sock_cookie; char __data[0]; };
struct trace_event_raw_tcp_retransmit_skb { struct trace_entry ent; const void *skbaddr; const void *skaddr; int
  state; __u16 sport, dport, family; __u8 saddr[4], daddr[4], saddr_v6[16], daddr_v6[16]; int err; char __data[0];
  };
struct trace_event_raw_tcp_retransmit_synack { struct trace_entry ent; const void *skaddr; const void *req; __u16
  sport, dport, family; __u8 saddr[4], daddr[4], saddr_v6[16], daddr_v6[16]; char __data[0]; };
struct trace_event_raw_tcp_send_reset { struct trace_entry ent; const void *skbaddr; const void *skaddr; int
  state; enum sk_rst_reason reason; __u8 saddr[28], daddr[28]; char __data[0]; };
struct trace_event_raw_tcp_sendmsg_locked { struct trace_entry ent; const void *skb_addr; int skb_len, msg_left,
  size_goal; char __data[0]; };
struct trace_event_raw_tick_stop { struct trace_entry ent; int success, dependency; char __data[0]; };
struct trace_event_raw_timer_base_idle { struct trace_entry ent; bool is_idle; unsigned int cpu; char __data[0];
  };
struct trace_event_raw_timer_class { struct trace_entry ent; void *timer; char __data[0]; };
struct trace_event_raw_timer_expire_entry { struct trace_entry ent; void *timer; unsigned long now; void
  *function; unsigned long baseclk; char __data[0]; };
struct trace_event_raw_timer_start { struct trace_entry ent; void *timer; void *function; unsigned long expires,
  bucket_expiry, now; unsigned int flags; char __data[0]; };
struct trace_event_raw_udp_fail_queue_rcv_skb { struct trace_entry ent; int rc; __u16 sport, dport, family; __u8
  saddr[28], daddr[28]; char __data[0]; };
struct trace_event_raw_wake_reaper { struct trace_entry ent; int pid; char __data[0]; };
struct trace_event_raw_wakeup_source { struct trace_entry ent; u32 __data_loc_name; u64 state; char __data[0]; };
struct trace_event_raw_workqueue_activate_work { struct trace_entry ent; void *work; void *function; char
  __data[0]; };
struct trace_event_raw_workqueue_execute_end { struct trace_entry ent; void *work; void *function; char __data[0];
  };
struct trace_event_raw_workqueue_execute_start { struct trace_entry ent; void *work; void *function; char
  __data[0]; };
struct trace_event_raw_workqueue_queue_work { struct trace_entry ent; void *work; void *function; u32
  __data_loc_workqueue; int req_cpu, cpu; char __data[0]; };
struct trace_event_raw_xdp_bulk_tx { struct trace_entry ent; int ifindex; u32 act; int drops, sent, err; char
  __data[0]; };
struct trace_event_raw_xdp_cpumap_enqueue { struct trace_entry ent; int map_id; u32 act; int cpu; unsigned int
  drops, processed; int to_cpu; char __data[0]; };
struct trace_event_raw_xdp_cpumap_kthread { struct trace_entry ent; int map_id; u32 act; int cpu; unsigned int
  drops, processed; int sched; unsigned int xdp_pass, xdp_drop, xdp_redirect; char __data[0]; };
struct trace_event_raw_xdp_devmap_xmit { struct trace_entry ent; int from_ifindex; u32 act; int to_ifindex, drops,
  sent, err; char __data[0]; };
struct trace_event_raw_xdp_exception { struct trace_entry ent; int prog_id; u32 act; int ifindex; char __data[0];
  };
struct trace_event_raw_xdp_redirect_template { struct trace_entry ent; int prog_id; u32 act; int ifindex, err,
  to_ifindex; u32 map_id; int map_index; char __data[0]; };
struct syscall_trace_enter { struct trace_entry ent; int nr; unsigned long args[0]; };
struct syscall_trace_exit { struct trace_entry ent; int nr; long ret; };
`;
