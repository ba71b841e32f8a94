/**
 * Types of the network: packets, sockets, devices, routes. Offsets and sizes follow from
 * the members, or stand there (`btf/c_parse.ts`): those of Linux 6.18 on x86_64.
 */
export const NET = `
typedef unsigned long netmem_ref; typedef struct {  } netdevice_tracker; typedef __u64 __addrpair;
typedef __u32 __portpair; typedef struct { union { void *kernel; void *user; }; bool is_kernel:1; } sockptr_t;
typedef unsigned int __poll_t; typedef int (*skb_read_actor_t)(struct sock *, struct sk_buff *);
typedef u64 dma_addr_t; typedef struct { struct net *net; } possible_net_t;
typedef struct { spinlock_t slock; int owned; wait_queue_head_t wq; } socket_lock_t;
typedef u64 netdev_features_t; typedef struct {  } netns_tracker; typedef unsigned int sk_buff_data_t;
typedef struct { local64_t v; } u64_stats_t; typedef struct { local_t a; } local64_t;
typedef struct { atomic_long_t a; } local_t; typedef void rx_handler_func_t; typedef u32 xdp_features_t;
typedef struct { u64 key[2]; } siphash_key_t; typedef u8 dscp_t; typedef struct skb_frag skb_frag_t;
typedef __u64 __le64; typedef void nf_hookfn; typedef u16 u_int16_t; typedef u8 u_int8_t; typedef u32 u_int32_t;
union flowi_uli : 4; union nf_conntrack_man_proto : 2; struct page_pool_params_fast : 48; struct ptr_ring : 192;
struct sk_psock_progs : 64; struct strparser : 256; struct neigh_parms : 152; struct dql : 128;
struct netns_ipv6 : 832; struct netns_ct : 176; struct netns_xfrm : 960; struct packet_ring_buffer : 216;
struct ip_ct_tcp : 60; struct flow_dissector_key_vlan : 8; struct ethtool_ops : 656; struct net_device_ops : 656;
struct xfrm_policy : 824; struct sctp_sock : 1400; struct inet6_dev : 1056; struct net_bridge_port : 632;
struct mptcp_sock : 1936; struct neigh_ops : 40; struct header_ops : 48; struct xfrm_state : 816;
struct udp_tunnel_nic : 144;
typedef enum { SS_FREE, SS_UNCONNECTED, SS_CONNECTING, SS_CONNECTED, SS_DISCONNECTING } socket_state;
typedef struct { size_t written, count; union { char *buf; void *data; } arg; int error; } read_descriptor_t;
typedef int (*sk_read_actor_t)(read_descriptor_t *, struct sk_buff *, unsigned int, size_t);
enum sk_rst_reason { SK_RST_REASON_NOT_SPECIFIED, SK_RST_REASON_NO_SOCKET, SK_RST_REASON_TCP_INVALID_ACK_SEQUENCE,
  SK_RST_REASON_TCP_RFC7323_PAWS, SK_RST_REASON_TCP_TOO_OLD_ACK, SK_RST_REASON_TCP_ACK_UNSENT_DATA,
  SK_RST_REASON_TCP_FLAGS, SK_RST_REASON_TCP_OLD_ACK, SK_RST_REASON_TCP_ABORT_ON_DATA,
  SK_RST_REASON_TCP_TIMEWAIT_SOCKET, SK_RST_REASON_INVALID_SYN, SK_RST_REASON_TCP_ABORT_ON_CLOSE,
  SK_RST_REASON_TCP_ABORT_ON_LINGER, SK_RST_REASON_TCP_ABORT_ON_MEMORY, SK_RST_REASON_TCP_STATE,
  SK_RST_REASON_TCP_KEEPALIVE_TIMEOUT, SK_RST_REASON_TCP_DISCONNECT_WITH_DATA, SK_RST_REASON_MPTCP_RST_EUNSPEC,
  SK_RST_REASON_MPTCP_RST_EMPTCP, SK_RST_REASON_MPTCP_RST_ERESOURCE, SK_RST_REASON_MPTCP_RST_EPROHIBIT,
  SK_RST_REASON_MPTCP_RST_EWQ2BIG, SK_RST_REASON_MPTCP_RST_EBADPERF, SK_RST_REASON_MPTCP_RST_EMIDDLEBOX,
  SK_RST_REASON_ERROR, SK_RST_REASON_MAX };
enum netdev_ml_priv_type { ML_PRIV_NONE, ML_PRIV_CAN };
enum netdev_stat_type { NETDEV_PCPU_STAT_NONE, NETDEV_PCPU_STAT_LSTATS, NETDEV_PCPU_STAT_TSTATS,
  NETDEV_PCPU_STAT_DSTATS };
enum tpacket_versions { TPACKET_V1, TPACKET_V2, TPACKET_V3 };
enum nf_hook_ops_type { NF_HOOK_OP_UNDEFINED, NF_HOOK_OP_NF_TABLES, NF_HOOK_OP_BPF, NF_HOOK_OP_NFT_FT };
enum sctp_conntrack { SCTP_CONNTRACK_NONE, SCTP_CONNTRACK_CLOSED, SCTP_CONNTRACK_COOKIE_WAIT,
  SCTP_CONNTRACK_COOKIE_ECHOED, SCTP_CONNTRACK_ESTABLISHED, SCTP_CONNTRACK_SHUTDOWN_SENT,
  SCTP_CONNTRACK_SHUTDOWN_RECD, SCTP_CONNTRACK_SHUTDOWN_ACK_SENT, SCTP_CONNTRACK_HEARTBEAT_SENT,
  SCTP_CONNTRACK_HEARTBEAT_ACKED, SCTP_CONNTRACK_MAX };
enum xdp_mem_type { MEM_TYPE_PAGE_SHARED, MEM_TYPE_PAGE_ORDER0, MEM_TYPE_PAGE_POOL, MEM_TYPE_XSK_BUFF_POOL,
  MEM_TYPE_MAX };
enum tcp_seq_states { TCP_SEQ_STATE_LISTENING, TCP_SEQ_STATE_ESTABLISHED };
enum skb_drop_reason { SKB_NOT_DROPPED_YET, SKB_CONSUMED, SKB_DROP_REASON_NOT_SPECIFIED,
  SKB_DROP_REASON_NO_SOCKET, SKB_DROP_REASON_SOCKET_CLOSE, SKB_DROP_REASON_SOCKET_FILTER,
  SKB_DROP_REASON_SOCKET_RCVBUFF, SKB_DROP_REASON_UNIX_DISCONNECT, SKB_DROP_REASON_UNIX_SKIP_OOB,
  SKB_DROP_REASON_PKT_TOO_SMALL, SKB_DROP_REASON_TCP_CSUM, SKB_DROP_REASON_UDP_CSUM,
  SKB_DROP_REASON_NETFILTER_DROP, SKB_DROP_REASON_OTHERHOST, SKB_DROP_REASON_IP_CSUM, SKB_DROP_REASON_IP_INHDR,
  SKB_DROP_REASON_IP_RPFILTER, SKB_DROP_REASON_UNICAST_IN_L2_MULTICAST, SKB_DROP_REASON_XFRM_POLICY,
  SKB_DROP_REASON_IP_NOPROTO, SKB_DROP_REASON_PROTO_MEM, SKB_DROP_REASON_TCP_AUTH_HDR,
  SKB_DROP_REASON_TCP_MD5NOTFOUND, SKB_DROP_REASON_TCP_MD5UNEXPECTED, SKB_DROP_REASON_TCP_MD5FAILURE,
  SKB_DROP_REASON_TCP_AONOTFOUND, SKB_DROP_REASON_TCP_AOUNEXPECTED, SKB_DROP_REASON_TCP_AOKEYNOTFOUND,
  SKB_DROP_REASON_TCP_AOFAILURE, SKB_DROP_REASON_SOCKET_BACKLOG, SKB_DROP_REASON_TCP_FLAGS,
  SKB_DROP_REASON_TCP_ABORT_ON_DATA, SKB_DROP_REASON_TCP_ZEROWINDOW, SKB_DROP_REASON_TCP_OLD_DATA,
  SKB_DROP_REASON_TCP_OVERWINDOW, SKB_DROP_REASON_TCP_OFOMERGE, SKB_DROP_REASON_TCP_RFC7323_PAWS,
  SKB_DROP_REASON_TCP_RFC7323_PAWS_ACK, SKB_DROP_REASON_TCP_RFC7323_TW_PAWS, SKB_DROP_REASON_TCP_RFC7323_TSECR,
  SKB_DROP_REASON_TCP_LISTEN_OVERFLOW, SKB_DROP_REASON_TCP_OLD_SEQUENCE, SKB_DROP_REASON_TCP_INVALID_SEQUENCE,
  SKB_DROP_REASON_TCP_INVALID_END_SEQUENCE, SKB_DROP_REASON_TCP_INVALID_ACK_SEQUENCE, SKB_DROP_REASON_TCP_RESET,
  SKB_DROP_REASON_TCP_INVALID_SYN, SKB_DROP_REASON_TCP_CLOSE, SKB_DROP_REASON_TCP_FASTOPEN,
  SKB_DROP_REASON_TCP_OLD_ACK, SKB_DROP_REASON_TCP_TOO_OLD_ACK, SKB_DROP_REASON_TCP_ACK_UNSENT_DATA,
  SKB_DROP_REASON_TCP_OFO_QUEUE_PRUNE, SKB_DROP_REASON_TCP_OFO_DROP, SKB_DROP_REASON_IP_OUTNOROUTES,
  SKB_DROP_REASON_BPF_CGROUP_EGRESS, SKB_DROP_REASON_IPV6DISABLED, SKB_DROP_REASON_NEIGH_CREATEFAIL,
  SKB_DROP_REASON_NEIGH_FAILED, SKB_DROP_REASON_NEIGH_QUEUEFULL, SKB_DROP_REASON_NEIGH_DEAD,
  SKB_DROP_REASON_NEIGH_HH_FILLFAIL, SKB_DROP_REASON_TC_EGRESS, SKB_DROP_REASON_SECURITY_HOOK,
  SKB_DROP_REASON_QDISC_DROP, SKB_DROP_REASON_QDISC_OVERLIMIT, SKB_DROP_REASON_QDISC_CONGESTED,
  SKB_DROP_REASON_CAKE_FLOOD, SKB_DROP_REASON_FQ_BAND_LIMIT, SKB_DROP_REASON_FQ_HORIZON_LIMIT,
  SKB_DROP_REASON_FQ_FLOW_LIMIT, SKB_DROP_REASON_CPU_BACKLOG, SKB_DROP_REASON_XDP, SKB_DROP_REASON_TC_INGRESS,
  SKB_DROP_REASON_UNHANDLED_PROTO, SKB_DROP_REASON_SKB_CSUM, SKB_DROP_REASON_SKB_GSO_SEG,
  SKB_DROP_REASON_SKB_UCOPY_FAULT, SKB_DROP_REASON_DEV_HDR, SKB_DROP_REASON_DEV_READY, SKB_DROP_REASON_FULL_RING,
  SKB_DROP_REASON_NOMEM, SKB_DROP_REASON_HDR_TRUNC, SKB_DROP_REASON_TAP_FILTER, SKB_DROP_REASON_TAP_TXFILTER,
  SKB_DROP_REASON_ICMP_CSUM, SKB_DROP_REASON_INVALID_PROTO, SKB_DROP_REASON_IP_INADDRERRORS,
  SKB_DROP_REASON_IP_INNOROUTES, SKB_DROP_REASON_IP_LOCAL_SOURCE, SKB_DROP_REASON_IP_INVALID_SOURCE,
  SKB_DROP_REASON_IP_LOCALNET, SKB_DROP_REASON_IP_INVALID_DEST, SKB_DROP_REASON_PKT_TOO_BIG,
  SKB_DROP_REASON_DUP_FRAG, SKB_DROP_REASON_FRAG_REASM_TIMEOUT, SKB_DROP_REASON_FRAG_TOO_FAR,
  SKB_DROP_REASON_TCP_MINTTL, SKB_DROP_REASON_IPV6_BAD_EXTHDR, SKB_DROP_REASON_IPV6_NDISC_FRAG,
  SKB_DROP_REASON_IPV6_NDISC_HOP_LIMIT, SKB_DROP_REASON_IPV6_NDISC_BAD_CODE,
  SKB_DROP_REASON_IPV6_NDISC_BAD_OPTIONS, SKB_DROP_REASON_IPV6_NDISC_NS_OTHERHOST, SKB_DROP_REASON_QUEUE_PURGE,
  SKB_DROP_REASON_TC_COOKIE_ERROR, SKB_DROP_REASON_PACKET_SOCK_ERROR, SKB_DROP_REASON_TC_CHAIN_NOTFOUND,
  SKB_DROP_REASON_TC_RECLASSIFY_LOOP, SKB_DROP_REASON_VXLAN_INVALID_HDR, SKB_DROP_REASON_VXLAN_VNI_NOT_FOUND,
  SKB_DROP_REASON_MAC_INVALID_SOURCE, SKB_DROP_REASON_VXLAN_ENTRY_EXISTS, SKB_DROP_REASON_NO_TX_TARGET,
  SKB_DROP_REASON_IP_TUNNEL_ECN, SKB_DROP_REASON_TUNNEL_TXINFO, SKB_DROP_REASON_LOCAL_MAC,
  SKB_DROP_REASON_ARP_PVLAN_DISABLE, SKB_DROP_REASON_MAC_IEEE_MAC_CONTROL,
  SKB_DROP_REASON_BRIDGE_INGRESS_STP_STATE, SKB_DROP_REASON_CAN_RX_INVALID_FRAME,
  SKB_DROP_REASON_CANFD_RX_INVALID_FRAME, SKB_DROP_REASON_CANXL_RX_INVALID_FRAME, SKB_DROP_REASON_PFMEMALLOC,
  SKB_DROP_REASON_DUALPI2_STEP_DROP, SKB_DROP_REASON_PSP_INPUT, SKB_DROP_REASON_PSP_OUTPUT,
  SKB_DROP_REASON_RECURSION_LIMIT, SKB_DROP_REASON_MAX, SKB_DROP_REASON_SUBSYS_MASK=18446744073709486080 };
union tcp_ao_addr { struct in_addr a4; struct in6_addr a6; };
union tpacket_stats_u { struct tpacket_stats stats1; struct tpacket_stats_v3 stats3; };
union nf_inet_addr { __u32 all[4]; __be32 ip, ip6[4]; struct in_addr in; struct in6_addr in6; };
union nf_conntrack_proto { struct ip_ct_sctp sctp; struct ip_ct_tcp tcp; struct nf_ct_udp udp; struct nf_ct_gre
  gre; unsigned int tmpl_padto; };
struct net : 4288 { refcount_t passive; spinlock_t rules_mod_lock; unsigned int dev_base_seq; u32 ifindex;
  spinlock_t nsid_lock; atomic_t fnhe_genid; struct list_head list, exit_list; struct llist_node defer_free_list,
  cleanup_list; struct list_head ptype_all, ptype_specific; struct key_tag *key_domain; struct user_namespace
  *user_ns; struct ucounts *ucounts; struct idr netns_ids; struct ns_common ns; struct ref_tracker_dir
  refcnt_tracker, notrefcnt_tracker; struct list_head dev_base_head; struct proc_dir_entry *proc_net; struct
  proc_dir_entry *proc_net_stat; struct ctl_table_set sysctls; struct sock *rtnl; struct sock *genl_sock; struct
  uevent_sock *uevent_sock; struct hlist_head *dev_name_head; struct hlist_head *dev_index_head; struct xarray
  dev_by_index; struct raw_notifier_head netdev_chain; u32 hash_mix; struct net_device *loopback_dev; struct
  list_head rules_ops; struct netns_core core; struct netns_mib mib; struct netns_packet packet; struct netns_unix
  unx; struct netns_nexthop nexthop; struct netns_ipv4 ipv4; struct netns_ipv6 ipv6; struct netns_nf nf; struct
  netns_ct ct; struct netns_nftables nft; struct net_generic *gen; struct netns_bpf bpf; @3200 struct netns_xfrm
  xfrm; u64 net_cookie; struct netns_mpls mpls; struct netns_xdp xdp; struct sock *diag_nlsk; };
struct ref_tracker_dir {  };
struct bpf_prog_array_item { struct bpf_prog *prog; union { struct bpf_cgroup_storage *cgroup_storage[2]; u64
  bpf_cookie; }; };
struct bpf_mem_alloc { struct bpf_mem_caches *caches; struct bpf_mem_cache *cache; struct obj_cgroup *objcg; bool
  percpu; struct work_struct work; };
struct page_pool : 1664 { struct page_pool_params_fast p; int cpuid; u32 pages_state_hold_cnt; bool
  has_init_callback:1, dma_map:1, dma_sync:1, dma_sync_for_cpu:1; @64 __u8 __cacheline_group_begin__frag[0]; long
  frag_users; netmem_ref frag_page; unsigned int frag_offset; @88 __u8 __cacheline_group_end__frag[0]; @96 struct
  {  } __cacheline_group_pad__frag; struct delayed_work release_dw; void (*disconnect)(void *); unsigned long
  defer_start, defer_warn; u32 xdp_mem_id; @256 struct pp_alloc_cache alloc; @1344 struct ptr_ring ring; void
  *mp_priv; const struct memory_provider_ops *mp_ops; struct xarray dma_mapped; atomic_t pages_state_release_cnt;
  refcount_t user_cnt; u64 destroy_cnt; struct page_pool_params_slow slow; struct { struct hlist_node list;
  ktime_t detach_time; u32 id; } user; };
struct pp_alloc_cache { u32 count; netmem_ref cache[128]; };
struct page_pool_params_slow { struct net_device *netdev; unsigned int queue_idx, flags; void
  (*init_callback)(netmem_ref, void *); void *init_arg; };
struct net_device { __u8 __cacheline_group_begin__net_device_read_tx[0]; union { struct { unsigned long
  priv_flags:32, lltx:1, netmem_tx:1; }; struct { unsigned long priv_flags:32, lltx:1, netmem_tx:1; }
  priv_flags_fast; }; const struct net_device_ops *netdev_ops; const struct header_ops *header_ops; struct
  netdev_queue *_tx; netdev_features_t gso_partial_features; unsigned int real_num_tx_queues, gso_max_size,
  gso_ipv4_max_size; u16 gso_max_segs; s16 num_tc; unsigned int mtu; unsigned short needed_headroom; struct
  netdev_tc_txq tc_to_txq[16]; struct xps_dev_maps *xps_maps[2]; struct nf_hook_entries *nf_hooks_egress; struct
  bpf_mprog_entry *tcx_egress; __u8 __cacheline_group_end__net_device_read_tx[0],
  __cacheline_group_begin__net_device_read_txrx[0]; union { struct pcpu_lstats *lstats; struct pcpu_sw_netstats
  *tstats; struct pcpu_dstats *dstats; }; unsigned long state; unsigned int flags; unsigned short hard_header_len;
  netdev_features_t features; struct inet6_dev *ip6_ptr; __u8 __cacheline_group_end__net_device_read_txrx[0],
  __cacheline_group_begin__net_device_read_rx[0]; struct bpf_prog *xdp_prog; struct list_head ptype_specific; int
  ifindex; unsigned int real_num_rx_queues; struct netdev_rx_queue *_rx; unsigned int gro_max_size,
  gro_ipv4_max_size; rx_handler_func_t *rx_handler; void *rx_handler_data; possible_net_t nd_net; struct
  bpf_mprog_entry *tcx_ingress; __u8 __cacheline_group_end__net_device_read_rx[0]; char name[16]; struct
  netdev_name_node *name_node; struct dev_ifalias *ifalias; unsigned long mem_end, mem_start, base_addr; struct
  list_head dev_list, napi_list, unreg_list, close_list, ptype_all; struct { struct list_head upper, lower; }
  adj_list; xdp_features_t xdp_features; const struct xdp_metadata_ops *xdp_metadata_ops; const struct
  xsk_tx_metadata_ops *xsk_tx_metadata_ops; unsigned short gflags, needed_tailroom; netdev_features_t hw_features,
  wanted_features, vlan_features, hw_enc_features, mpls_features, mangleid_features; unsigned int min_mtu,
  max_mtu; unsigned short type; unsigned char min_header_len, name_assign_type; int group; struct net_device_stats
  stats; struct net_device_core_stats *core_stats; atomic_t carrier_up_count, carrier_down_count; const struct
  ethtool_ops *ethtool_ops; const struct l3mdev_ops *l3mdev_ops; const struct ndisc_ops *ndisc_ops; unsigned int
  operstate; unsigned char link_mode, if_port, dma, perm_addr[32], addr_assign_type, addr_len, upper_level,
  lower_level; u8 threaded; unsigned short neigh_priv_len, dev_id, dev_port; int irq; u32 priv_len; spinlock_t
  addr_list_lock; struct netdev_hw_addr_list uc, mc, dev_addrs; struct kset *queues_kset; unsigned int
  promiscuity, allmulti; bool uc_promisc; struct in_device *ip_ptr; struct hlist_head fib_nh_head; const unsigned
  char *dev_addr; unsigned int num_rx_queues, xdp_zc_max_segs; struct netdev_queue *ingress_queue; struct
  nf_hook_entries *nf_hooks_ingress; unsigned char broadcast[32]; struct cpu_rmap *rx_cpu_rmap; struct hlist_node
  index_hlist; unsigned int num_tx_queues; struct Qdisc *qdisc; unsigned int tx_queue_len; spinlock_t
  tx_global_lock; struct xdp_dev_bulk_queue *xdp_bulkq; struct hlist_head qdisc_hash[16]; struct timer_list
  watchdog_timer; int watchdog_timeo; spinlock_t watchdog_lock; bool watchdog_ref_held; u32 proto_down_reason;
  struct list_head todo_list; int *pcpu_refcnt; struct ref_tracker_dir refcnt_tracker; struct list_head
  link_watch_list; u8 reg_state; bool dismantle, moving_ns, rtnl_link_initializing, needs_free_netdev; void
  (*priv_destructor)(struct net_device *); void *ml_priv; enum netdev_ml_priv_type ml_priv_type; enum
  netdev_stat_type pcpu_stat_type:8; struct device dev; const struct attribute_group *sysfs_groups[5]; const
  struct attribute_group *sysfs_rx_queue_group; const struct rtnl_link_ops *rtnl_link_ops; const struct
  netdev_stat_ops *stat_ops; const struct netdev_queue_mgmt_ops *queue_mgmt_ops; unsigned int tso_max_size; u16
  tso_max_segs; const struct dcbnl_rtnl_ops *dcbnl_ops; u8 prio_tc_map[16]; struct netprio_map *priomap; struct
  phy_link_topology *link_topo; struct phy_device *phydev; struct sfp_bus *sfp_bus; struct lock_class_key
  *qdisc_tx_busylock; bool proto_down, irq_affinity_auto, rx_cpu_rmap_auto; unsigned long
  see_all_hwtstamp_requests:1, change_proto_down:1, netns_immutable:1, fcoe_mtu:1; struct list_head
  net_notifier_list; const struct udp_tunnel_nic_info *udp_tunnel_nic_info; struct udp_tunnel_nic *udp_tunnel_nic;
  struct netdev_config *cfg; struct netdev_config *cfg_pending; struct ethtool_netdev_state *ethtool; struct
  bpf_xdp_entity xdp_state[3]; u8 dev_addr_shadow[32]; netdevice_tracker linkwatch_dev_tracker,
  watchdog_dev_tracker, dev_registered_tracker; struct rtnl_hw_stats64 *offload_xstats_l3; struct devlink_port
  *devlink_port; struct hlist_head page_pools; struct dim_irq_moder *irq_moder; u64 max_pacing_offload_horizon;
  struct napi_config *napi_config; u32 num_napi_configs, napi_defer_hard_irqs; unsigned long gro_flush_timeout;
  bool up, request_ops_lock; struct mutex lock; struct hlist_head neighbours[2]; struct hwtstamp_provider *hwprov;
  @2496 u8 priv[0]; };
struct netdev_queue : 320 { struct net_device *dev; netdevice_tracker dev_tracker; struct Qdisc *qdisc; struct
  Qdisc *qdisc_sleeping; struct kobject kobj; const struct attribute_group **groups; unsigned long tx_maxrate;
  atomic_long_t trans_timeout; struct net_device *sb_dev; struct xsk_buff_pool *pool; struct dql dql; spinlock_t
  _xmit_lock; int xmit_lock_owner; unsigned long trans_start, state; struct napi_struct *napi; int numa_node; };
struct Qdisc { int (*enqueue)(struct sk_buff *, struct Qdisc *, struct sk_buff **); struct sk_buff
  *(*dequeue)(struct Qdisc *); unsigned int flags; u32 limit; const struct Qdisc_ops *ops; struct qdisc_size_table
  *stab; struct hlist_node hash; u32 handle, parent; struct netdev_queue *dev_queue; struct net_rate_estimator
  *rate_est; struct gnet_stats_basic_sync *cpu_bstats; struct gnet_stats_queue *cpu_qstats; int pad; refcount_t
  refcnt; @128 struct sk_buff_head gso_skb; struct qdisc_skb_head q; struct gnet_stats_basic_sync bstats; struct
  gnet_stats_queue qstats; int owner; unsigned long state, state2; struct Qdisc *next_sched; struct sk_buff_head
  skb_bad_txq; @320 spinlock_t busylock; spinlock_t seqlock; struct callback_head rcu; netdevice_tracker
  dev_tracker; struct lock_class_key root_lock_key; @384 long privdata[0]; };
struct sk_buff { union { struct { struct sk_buff *next; struct sk_buff *prev; union { struct net_device *dev;
  unsigned long dev_scratch; }; }; struct rb_node rbnode; struct list_head list; struct llist_node ll_node; };
  struct sock *sk; union { ktime_t tstamp; u64 skb_mstamp_ns; }; char cb[48]; union { struct { unsigned long
  _skb_refdst; void (*destructor)(struct sk_buff *); }; struct list_head tcp_tsorted_anchor; unsigned long
  _sk_redir; }; unsigned long _nfct; unsigned int len, data_len; __u16 mac_len, hdr_len, queue_mapping; __u8
  __cloned_offset[0], cloned:1, nohdr:1, fclone:2, peeked:1, head_frag:1, pfmemalloc:1, pp_recycle:1,
  active_extensions; union { struct { __u8 __pkt_type_offset[0], pkt_type:3, ignore_df:1, dst_pending_confirm:1,
  ip_summed:2, ooo_okay:1, __mono_tc_offset[0], tstamp_type:2, tc_at_ingress:1, tc_skip_classify:1,
  remcsum_offload:1, csum_complete_sw:1, csum_level:2, inner_protocol_type:1, l4_hash:1, sw_hash:1, no_fcs:1,
  encapsulation:1, encap_hdr_csum:1, csum_valid:1, nf_trace:1, redirected:1, from_ingress:1, nf_skip_egress:1,
  slow_gro:1, unreadable:1; __u16 tc_index; u16 alloc_cpu; union { __wsum csum; struct { __u16 csum_start,
  csum_offset; }; }; __u32 priority; int skb_iif; __u32 hash; union { u32 vlan_all; struct { __be16 vlan_proto;
  __u16 vlan_tci; }; }; union { unsigned int napi_id, sender_cpu; }; __u32 secmark; union { __u32 mark,
  reserved_tailroom; }; union { __be16 inner_protocol; __u8 inner_ipproto; }; __u16 inner_transport_header,
  inner_network_header, inner_mac_header; __be16 protocol; __u16 transport_header, network_header, mac_header; };
  struct { __u8 __pkt_type_offset[0], pkt_type:3, ignore_df:1, dst_pending_confirm:1, ip_summed:2, ooo_okay:1,
  __mono_tc_offset[0], tstamp_type:2, tc_at_ingress:1, tc_skip_classify:1, remcsum_offload:1, csum_complete_sw:1,
  csum_level:2, inner_protocol_type:1, l4_hash:1, sw_hash:1, no_fcs:1, encapsulation:1, encap_hdr_csum:1,
  csum_valid:1, nf_trace:1, redirected:1, from_ingress:1, nf_skip_egress:1, slow_gro:1, unreadable:1; __u16
  tc_index; u16 alloc_cpu; union { __wsum csum; struct { __u16 csum_start, csum_offset; }; }; __u32 priority; int
  skb_iif; __u32 hash; union { u32 vlan_all; struct { __be16 vlan_proto; __u16 vlan_tci; }; }; union { unsigned
  int napi_id, sender_cpu; }; __u32 secmark; union { __u32 mark, reserved_tailroom; }; union { __be16
  inner_protocol; __u8 inner_ipproto; }; __u16 inner_transport_header, inner_network_header, inner_mac_header;
  __be16 protocol; __u16 transport_header, network_header, mac_header; } headers; }; sk_buff_data_t tail, end;
  unsigned char *head; unsigned char *data; unsigned int truesize; refcount_t users; struct skb_ext *extensions;
  };
struct sock { struct sock_common __sk_common; __u8 __cacheline_group_begin__sock_write_rx[0]; atomic_t sk_drops;
  __s32 sk_peek_off; struct sk_buff_head sk_error_queue, sk_receive_queue; struct { atomic_t rmem_alloc; int len;
  struct sk_buff *head; struct sk_buff *tail; } sk_backlog; __u8 __cacheline_group_end__sock_write_rx[0],
  __cacheline_group_begin__sock_read_rx[0]; struct dst_entry *sk_rx_dst; int sk_rx_dst_ifindex; u32
  sk_rx_dst_cookie; unsigned int sk_ll_usec, sk_napi_id; u16 sk_busy_poll_budget; u8 sk_prefer_busy_poll,
  sk_userlocks; int sk_rcvbuf; struct sk_filter *sk_filter; union { struct socket_wq *sk_wq; struct socket_wq
  *sk_wq_raw; }; void (*sk_data_ready)(struct sock *); long sk_rcvtimeo; int sk_rcvlowat; __u8
  __cacheline_group_end__sock_read_rx[0], __cacheline_group_begin__sock_read_rxtx[0]; int sk_err; struct socket
  *sk_socket; struct mem_cgroup *sk_memcg; struct xfrm_policy *sk_policy[2]; __u8
  __cacheline_group_end__sock_read_rxtx[0], __cacheline_group_begin__sock_write_rxtx[0]; socket_lock_t sk_lock;
  u32 sk_reserved_mem; int sk_forward_alloc; u32 sk_tsflags; __u8 __cacheline_group_end__sock_write_rxtx[0],
  __cacheline_group_begin__sock_write_tx[0]; int sk_write_pending; atomic_t sk_omem_alloc; int sk_err_soft,
  sk_wmem_queued; refcount_t sk_wmem_alloc; unsigned long sk_tsq_flags; union { struct sk_buff *sk_send_head;
  struct rb_root tcp_rtx_queue; }; struct sk_buff_head sk_write_queue; u32 sk_dst_pending_confirm,
  sk_pacing_status; struct page_frag sk_frag; struct timer_list sk_timer; unsigned long sk_pacing_rate; atomic_t
  sk_zckey, sk_tskey; __u8 __cacheline_group_end__sock_write_tx[0], __cacheline_group_begin__sock_read_tx[0];
  unsigned long sk_max_pacing_rate; long sk_sndtimeo; u32 sk_priority, sk_mark; kuid_t sk_uid; u16 sk_protocol,
  sk_type; struct dst_entry *sk_dst_cache; netdev_features_t sk_route_caps; u16 sk_gso_type, sk_gso_max_segs;
  unsigned int sk_gso_max_size; gfp_t sk_allocation; u32 sk_txhash; int sk_sndbuf; u8 sk_pacing_shift; bool
  sk_use_task_frag; __u8 __cacheline_group_end__sock_read_tx[0]; u8 sk_gso_disabled:1, sk_kern_sock:1,
  sk_no_check_tx:1, sk_no_check_rx:1, sk_shutdown; unsigned long sk_lingertime; struct proto *sk_prot_creator;
  rwlock_t sk_callback_lock; u32 sk_ack_backlog, sk_max_ack_backlog; unsigned long sk_ino; spinlock_t
  sk_peer_lock; int sk_bind_phc; struct pid *sk_peer_pid; const struct cred *sk_peer_cred; ktime_t sk_stamp; int
  sk_disconnects; union { u8 sk_txrehash, sk_scm_recv_flags; struct { u8 sk_scm_credentials:1, sk_scm_security:1,
  sk_scm_pidfd:1, sk_scm_rights:1, sk_scm_unused:4; }; }; u8 sk_clockid, sk_txtime_deadline_mode:1,
  sk_txtime_report_errors:1, sk_txtime_unused:6, sk_bpf_cb_flags; void *sk_user_data; void *sk_security; struct
  sock_cgroup_data sk_cgrp_data; void (*sk_state_change)(struct sock *); void (*sk_write_space)(struct sock *);
  void (*sk_error_report)(struct sock *); int (*sk_backlog_rcv)(struct sock *, struct sk_buff *); void
  (*sk_destruct)(struct sock *); struct sock_reuseport *sk_reuseport_cb; struct bpf_local_storage *sk_bpf_storage;
  struct numa_drop_counters *sk_drop_counters; struct callback_head sk_rcu; netns_tracker ns_tracker; struct
  xarray sk_user_frags; };
struct sock_common { union { __addrpair skc_addrpair; struct { __be32 skc_daddr, skc_rcv_saddr; }; }; union {
  unsigned int skc_hash; __u16 skc_u16hashes[2]; }; union { __portpair skc_portpair; struct { __be16 skc_dport;
  __u16 skc_num; }; }; unsigned short skc_family; unsigned char skc_state, skc_reuse:4, skc_reuseport:1,
  skc_ipv6only:1, skc_net_refcnt:1; int skc_bound_dev_if; union { struct hlist_node skc_bind_node,
  skc_portaddr_node; }; struct proto *skc_prot; possible_net_t skc_net; struct in6_addr skc_v6_daddr,
  skc_v6_rcv_saddr; atomic64_t skc_cookie; union { unsigned long skc_flags; struct sock *skc_listener; struct
  inet_timewait_death_row *skc_tw_dr; }; int skc_dontcopy_begin[0]; union { struct hlist_node skc_node; struct
  hlist_nulls_node skc_nulls_node; }; unsigned short skc_tx_queue_mapping, skc_rx_queue_mapping; union { int
  skc_incoming_cpu; u32 skc_rcv_wnd, skc_tw_rcv_nxt; }; refcount_t skc_refcnt; int skc_dontcopy_end[0]; union {
  u32 skc_rxhash, skc_window_clamp, skc_tw_snd_nxt; }; };
struct proto { void (*close)(struct sock *, long); int (*pre_connect)(struct sock *, struct sockaddr *, int); int
  (*connect)(struct sock *, struct sockaddr *, int); int (*disconnect)(struct sock *, int); struct sock
  *(*accept)(struct sock *, struct proto_accept_arg *); int (*ioctl)(struct sock *, int, int *); int
  (*init)(struct sock *); void (*destroy)(struct sock *); void (*shutdown)(struct sock *, int); int
  (*setsockopt)(struct sock *, int, int, sockptr_t, unsigned int); int (*getsockopt)(struct sock *, int, int, char
  *, int *); void (*keepalive)(struct sock *, int); int (*compat_ioctl)(struct sock *, unsigned int, unsigned
  long); int (*sendmsg)(struct sock *, struct msghdr *, size_t); int (*recvmsg)(struct sock *, struct msghdr *,
  size_t, int); void (*splice_eof)(struct socket *); int (*bind)(struct sock *, struct sockaddr *, int); int
  (*bind_add)(struct sock *, struct sockaddr *, int); int (*backlog_rcv)(struct sock *, struct sk_buff *); bool
  (*bpf_bypass_getsockopt)(int, int); void (*release_cb)(struct sock *); int (*hash)(struct sock *); void
  (*unhash)(struct sock *); void (*rehash)(struct sock *); int (*get_port)(struct sock *, unsigned short); void
  (*put_port)(struct sock *); int (*psock_update_sk_prot)(struct sock *, struct sk_psock *, bool); unsigned int
  inuse_idx; bool (*stream_memory_free)(const struct sock *, int); bool (*sock_is_readable)(struct sock *); void
  (*enter_memory_pressure)(struct sock *); void (*leave_memory_pressure)(struct sock *); atomic_long_t
  *memory_allocated; int *per_cpu_fw_alloc; struct percpu_counter *sockets_allocated; unsigned long
  *memory_pressure; long *sysctl_mem; int *sysctl_wmem; int *sysctl_rmem; u32 sysctl_wmem_offset,
  sysctl_rmem_offset; int max_header; bool no_autobind; struct kmem_cache *slab; unsigned int obj_size,
  ipv6_pinfo_offset; slab_flags_t slab_flags; unsigned int useroffset, usersize; struct request_sock_ops
  *rsk_prot; struct timewait_sock_ops *twsk_prot; union { struct inet_hashinfo *hashinfo; struct udp_table
  *udp_table; struct raw_hashinfo *raw_hash; struct smc_hashinfo *smc_hash; } h; struct module *owner; char
  name[32]; struct list_head node; int (*diag_destroy)(struct sock *, int); };
struct socket { socket_state state; short type; unsigned long flags; struct file *file; struct sock *sk; const
  struct proto_ops *ops; @64 struct socket_wq wq; };
struct proto_ops { int family; struct module *owner; int (*release)(struct socket *); int (*bind)(struct socket *,
  struct sockaddr *, int); int (*connect)(struct socket *, struct sockaddr *, int, int); int (*socketpair)(struct
  socket *, struct socket *); int (*accept)(struct socket *, struct socket *, struct proto_accept_arg *); int
  (*getname)(struct socket *, struct sockaddr *, int); __poll_t (*poll)(struct file *, struct socket *, struct
  poll_table_struct *); int (*ioctl)(struct socket *, unsigned int, unsigned long); int (*compat_ioctl)(struct
  socket *, unsigned int, unsigned long); int (*gettstamp)(struct socket *, void *, bool, bool); int
  (*listen)(struct socket *, int); int (*shutdown)(struct socket *, int); int (*setsockopt)(struct socket *, int,
  int, sockptr_t, unsigned int); int (*getsockopt)(struct socket *, int, int, char *, int *); void
  (*show_fdinfo)(struct seq_file *, struct socket *); int (*sendmsg)(struct socket *, struct msghdr *, size_t);
  int (*recvmsg)(struct socket *, struct msghdr *, size_t, int); int (*mmap)(struct file *, struct socket *,
  struct vm_area_struct *); ssize_t (*splice_read)(struct socket *, loff_t *, struct pipe_inode_info *, size_t,
  unsigned int); void (*splice_eof)(struct socket *); int (*set_peek_off)(struct sock *, int); int
  (*peek_len)(struct socket *); int (*read_sock)(struct sock *, read_descriptor_t *, sk_read_actor_t); int
  (*read_skb)(struct sock *, skb_read_actor_t); int (*sendmsg_locked)(struct sock *, struct msghdr *, size_t); int
  (*set_rcvlowat)(struct sock *, int); };
struct socket_wq : 64 { wait_queue_head_t wait; struct fasync_struct *fasync_list; unsigned long flags; struct
  callback_head rcu; };
struct sk_psock { struct sock *sk; struct sock *sk_redir; u32 apply_bytes, cork_bytes, eval; bool redir_ingress;
  struct sk_msg *cork; struct sk_psock_progs progs; struct strparser strp; u32 copied_seq, ingress_bytes; struct
  sk_buff_head ingress_skb; struct list_head ingress_msg; spinlock_t ingress_lock; u32 msg_tot_len; unsigned long
  state; struct list_head link; spinlock_t link_lock; refcount_t refcnt; void (*saved_unhash)(struct sock *); void
  (*saved_destroy)(struct sock *); void (*saved_close)(struct sock *, long); void (*saved_write_space)(struct sock
  *); void (*saved_data_ready)(struct sock *); int (*psock_update_sk_prot)(struct sock *, struct sk_psock *,
  bool); struct proto *sk_proto; struct mutex work_mutex; struct sk_psock_work_state work_state; struct
  delayed_work work; struct sock *sk_pair; struct rcu_work rwork; };
struct sk_msg { struct sk_msg_sg sg; void *data; void *data_end; u32 apply_bytes, cork_bytes, flags; struct
  sk_buff *skb; struct sock *sk_redir; struct sock *sk; struct list_head list; };
struct sk_msg_sg { u32 start, curr, end, size, copybreak; unsigned long copy[1]; struct scatterlist data[19]; };
struct scatterlist { unsigned long page_link; unsigned int offset, length; dma_addr_t dma_address; unsigned int
  dma_length, dma_flags; };
struct sk_buff_head { union { struct { struct sk_buff *next; struct sk_buff *prev; }; struct sk_buff_list list; };
  __u32 qlen; spinlock_t lock; };
struct sk_buff_list { struct sk_buff *next; struct sk_buff *prev; };
struct sk_psock_work_state { u32 len, off; };
struct rcu_work { struct work_struct work; struct callback_head rcu; struct workqueue_struct *wq; };
struct request_sock_ops { int family; unsigned int obj_size; struct kmem_cache *slab; char *slab_name; void
  (*send_ack)(const struct sock *, struct sk_buff *, struct request_sock *); void (*send_reset)(const struct sock
  *, struct sk_buff *, enum sk_rst_reason); void (*destructor)(struct request_sock *); void
  (*syn_ack_timeout)(const struct request_sock *); };
struct request_sock { struct sock_common __req_common; struct request_sock *dl_next; u16 mss; u8 num_retrans,
  syncookie:1, num_timeout:7; u32 ts_recent; struct timer_list rsk_timer; const struct request_sock_ops *rsk_ops;
  struct sock *sk; struct saved_syn *saved_syn; u32 secid, peer_secid, timeout; };
struct inet_hashinfo : 128 { struct inet_ehash_bucket *ehash; spinlock_t *ehash_locks; unsigned int ehash_mask,
  ehash_locks_mask; struct kmem_cache *bind_bucket_cachep; struct inet_bind_hashbucket *bhash; struct kmem_cache
  *bind2_bucket_cachep; struct inet_bind_hashbucket *bhash2; unsigned int bhash_size, lhash2_mask; struct
  inet_listen_hashbucket *lhash2; bool pernet; };
struct udp_table { struct udp_hslot *hash; struct udp_hslot_main *hash2; struct udp_hslot *hash4; unsigned int
  mask, log; };
struct udp_hslot { union { struct hlist_head head; struct hlist_nulls_head nulls_head; }; int count; spinlock_t
  lock; };
struct hlist_nulls_head { struct hlist_nulls_node *first; };
struct dst_entry { union { struct net_device *dev; struct net_device *dev_rcu; }; struct dst_ops *ops; unsigned
  long _metrics, expires; struct xfrm_state *xfrm; int (*input)(struct sk_buff *); int (*output)(struct net *,
  struct sock *, struct sk_buff *); unsigned short flags; short obsolete; unsigned short header_len, trailer_len;
  rcuref_t __rcuref; int __use; unsigned long lastuse; struct callback_head callback_head; short error, __pad;
  __u32 tclassid; netdevice_tracker dev_tracker; struct list_head rt_uncached; struct uncached_list
  *rt_uncached_list; struct lwtunnel_state *lwtstate; };
struct dst_ops : 192 { unsigned short family; unsigned int gc_thresh; void (*gc)(struct dst_ops *); struct
  dst_entry *(*check)(struct dst_entry *, __u32); unsigned int (*default_advmss)(const struct dst_entry *);
  unsigned int (*mtu)(const struct dst_entry *); u32 *(*cow_metrics)(struct dst_entry *, unsigned long); void
  (*destroy)(struct dst_entry *); void (*ifdown)(struct dst_entry *, struct net_device *); void
  (*negative_advice)(struct sock *, struct dst_entry *); void (*link_failure)(struct sk_buff *); void
  (*update_pmtu)(struct dst_entry *, struct sock *, struct sk_buff *, u32, bool); void (*redirect)(struct
  dst_entry *, struct sock *, struct sk_buff *); int (*local_out)(struct net *, struct sock *, struct sk_buff *);
  struct neighbour *(*neigh_lookup)(const struct dst_entry *, struct sk_buff *, const void *); void
  (*confirm_neigh)(const struct dst_entry *, const void *); struct kmem_cache *kmem_cachep; struct percpu_counter
  pcpuc_entries; };
struct neighbour { struct hlist_node hash, dev_list; struct neigh_table *tbl; struct neigh_parms *parms; unsigned
  long confirmed, updated; rwlock_t lock; refcount_t refcnt; unsigned int arp_queue_len_bytes; struct sk_buff_head
  arp_queue; struct timer_list timer; unsigned long used; atomic_t probes; u8 nud_state, type, dead, protocol; u32
  flags; seqlock_t ha_lock; @176 unsigned char ha[32]; struct hh_cache hh; int (*output)(struct neighbour *,
  struct sk_buff *); const struct neigh_ops *ops; struct list_head gc_list, managed_list; struct callback_head
  rcu; struct net_device *dev; netdevice_tracker dev_tracker; u8 primary_key[0]; };
struct neigh_table { int family; unsigned int entry_size, key_len; __be16 protocol; __u32 (*hash)(const void *,
  const struct net_device *, __u32 *); bool (*key_eq)(const struct neighbour *, const void *); int
  (*constructor)(struct neighbour *); int (*pconstructor)(struct pneigh_entry *); void (*pdestructor)(struct
  pneigh_entry *); void (*proxy_redo)(struct sk_buff *); int (*is_multicast)(const void *); bool
  (*allow_add)(const struct net_device *, struct netlink_ext_ack *); char *id; struct neigh_parms parms; struct
  list_head parms_list; int gc_interval, gc_thresh1, gc_thresh2, gc_thresh3; unsigned long last_flush; struct
  delayed_work gc_work, managed_work; struct timer_list proxy_timer; struct sk_buff_head proxy_queue; atomic_t
  entries, gc_entries; struct list_head gc_list, managed_list; rwlock_t lock; unsigned long last_rand; struct
  neigh_statistics *stats; struct neigh_hash_table *nht; struct mutex phash_lock; struct pneigh_entry
  **phash_buckets; };
struct netlink_ext_ack { const char *_msg; const struct nlattr *bad_attr; const struct nla_policy *policy; const
  struct nlattr *miss_nest; u16 miss_type; u8 cookie[8], cookie_len; char _msg_buf[80]; };
struct nlattr { __u16 nla_len, nla_type; };
struct hh_cache { unsigned int hh_len; seqlock_t hh_lock; unsigned long hh_data[4]; };
struct sk_filter { refcount_t refcnt; struct callback_head rcu; struct bpf_prog *prog; };
struct page_frag { struct page *page; __u32 offset, size; };
struct sock_cgroup_data { struct cgroup *cgroup; u32 classid; u16 prioidx; };
struct sock_reuseport { struct callback_head rcu; u16 max_socks, num_socks, num_closed_socks, incoming_cpu;
  unsigned int synq_overflow_ts, reuseport_id, bind_inany:1, has_conns:1; struct bpf_prog *prog; struct sock
  *socks[0]; };
struct skb_ext { refcount_t refcnt; u8 offset[3], chunks; char data[0]; };
struct net_rate_estimator { struct gnet_stats_basic_sync *bstats; spinlock_t *stats_lock; bool running; struct
  gnet_stats_basic_sync *cpu_bstats; u8 ewma_log, intvl_log; seqcount_t seq; u64 last_packets, last_bytes, avpps,
  avbps; unsigned long next_jiffies; struct timer_list timer; struct callback_head rcu; };
struct qdisc_skb_head { struct sk_buff *head; struct sk_buff *tail; __u32 qlen; spinlock_t lock; };
struct gnet_stats_basic_sync { u64_stats_t bytes, packets; struct u64_stats_sync syncp; };
struct u64_stats_sync {  };
struct gnet_stats_queue { __u32 qlen, backlog, drops, requeues, overlimits; };
struct napi_struct { struct list_head poll_list; unsigned long state; int weight; u32 defer_hard_irqs_count; int
  (*poll)(struct napi_struct *, int); int list_owner; struct net_device *dev; struct sk_buff *skb; struct gro_node
  gro; struct hrtimer timer; struct task_struct *thread; unsigned long gro_flush_timeout, irq_suspend_timeout; u32
  defer_hard_irqs, napi_id; struct list_head dev_list; struct hlist_node napi_hash_node; int irq; struct
  irq_affinity_notify notify; int napi_rmap_idx, index; struct napi_config *config; };
struct gro_node { unsigned long bitmask; struct gro_list hash[8]; struct list_head rx_list; u32 rx_count,
  cached_napi_id; };
struct gro_list { struct list_head list; int count; };
struct irq_affinity_notify { unsigned int irq; struct kref kref; struct work_struct work; void (*notify)(struct
  irq_affinity_notify *, const cpumask_t *); void (*release)(struct kref *); };
struct netdev_tc_txq { u16 count, offset; };
struct bpf_mprog_entry { struct bpf_mprog_fp fp_items[64]; struct bpf_mprog_bundle *parent; };
struct bpf_mprog_fp { struct bpf_prog *prog; };
struct netdev_rx_queue { struct xdp_rxq_info xdp_rxq; struct rps_map *rps_map; struct rps_dev_flow_table
  *rps_flow_table; struct kobject kobj; const struct attribute_group **groups; struct net_device *dev;
  netdevice_tracker dev_tracker; struct xsk_buff_pool *pool; struct napi_struct *napi; struct
  pp_memory_provider_params mp_params; };
struct xdp_rxq_info : 64 { struct net_device *dev; u32 queue_index, reg_state; struct xdp_mem_info mem; u32
  frag_size; };
struct xdp_mem_info { u32 type, id; };
struct pp_memory_provider_params { void *mp_priv; const struct memory_provider_ops *mp_ops; };
struct net_device_stats { union { unsigned long rx_packets; atomic_long_t __rx_packets; }; union { unsigned long
  tx_packets; atomic_long_t __tx_packets; }; union { unsigned long rx_bytes; atomic_long_t __rx_bytes; }; union {
  unsigned long tx_bytes; atomic_long_t __tx_bytes; }; union { unsigned long rx_errors; atomic_long_t __rx_errors;
  }; union { unsigned long tx_errors; atomic_long_t __tx_errors; }; union { unsigned long rx_dropped;
  atomic_long_t __rx_dropped; }; union { unsigned long tx_dropped; atomic_long_t __tx_dropped; }; union { unsigned
  long multicast; atomic_long_t __multicast; }; union { unsigned long collisions; atomic_long_t __collisions; };
  union { unsigned long rx_length_errors; atomic_long_t __rx_length_errors; }; union { unsigned long
  rx_over_errors; atomic_long_t __rx_over_errors; }; union { unsigned long rx_crc_errors; atomic_long_t
  __rx_crc_errors; }; union { unsigned long rx_frame_errors; atomic_long_t __rx_frame_errors; }; union { unsigned
  long rx_fifo_errors; atomic_long_t __rx_fifo_errors; }; union { unsigned long rx_missed_errors; atomic_long_t
  __rx_missed_errors; }; union { unsigned long tx_aborted_errors; atomic_long_t __tx_aborted_errors; }; union {
  unsigned long tx_carrier_errors; atomic_long_t __tx_carrier_errors; }; union { unsigned long tx_fifo_errors;
  atomic_long_t __tx_fifo_errors; }; union { unsigned long tx_heartbeat_errors; atomic_long_t
  __tx_heartbeat_errors; }; union { unsigned long tx_window_errors; atomic_long_t __tx_window_errors; }; union {
  unsigned long rx_compressed; atomic_long_t __rx_compressed; }; union { unsigned long tx_compressed;
  atomic_long_t __tx_compressed; }; };
struct net_device_core_stats { unsigned long rx_dropped, tx_dropped, rx_nohandler, rx_otherhost_dropped; };
struct netdev_hw_addr_list { struct list_head list; int count; struct rb_root tree; };
struct in_device { struct net_device *dev; netdevice_tracker dev_tracker; refcount_t refcnt; int dead; struct
  in_ifaddr *ifa_list; struct ip_mc_list *mc_list; struct ip_mc_list **mc_hash; int mc_count; spinlock_t
  mc_tomb_lock; struct ip_mc_list *mc_tomb; unsigned long mr_v1_seen, mr_v2_seen, mr_qi, mr_qri; unsigned char
  mr_qrv, mr_gq_running; u32 mr_maxdelay, mr_ifc_count; struct timer_list mr_gq_timer, mr_ifc_timer; struct
  neigh_parms *arp_parms; struct ipv4_devconf cnf; struct callback_head callback_head; };
struct in_ifaddr { struct hlist_node addr_lst; struct in_ifaddr *ifa_next; struct in_device *ifa_dev; struct
  callback_head callback_head; __be32 ifa_local, ifa_address, ifa_mask; __u32 ifa_rt_priority; __be32
  ifa_broadcast; unsigned char ifa_scope, ifa_prefixlen, ifa_proto; __u32 ifa_flags; char ifa_label[16]; __u32
  ifa_valid_lft, ifa_preferred_lft; unsigned long ifa_cstamp, ifa_tstamp; };
struct ipv4_devconf { void *sysctl; int data[33]; unsigned long state[1]; };
struct bpf_xdp_entity { struct bpf_prog *prog; struct bpf_xdp_link *link; };
struct bpf_xdp_link { struct bpf_link link; struct net_device *dev; int flags; };
struct sock_fprog_kern { u16 len; struct sock_filter *filter; };
struct raw_notifier_head { struct notifier_block *head; };
struct netns_core { struct ctl_table_header *sysctl_hdr; int sysctl_somaxconn, sysctl_optmem_max; u8
  sysctl_txrehash, sysctl_tstamp_allow_data; struct prot_inuse *prot_inuse; struct cpumask *rps_default_mask; };
struct netns_mib { struct ipstats_mib *ip_statistics; struct ipstats_mib *ipv6_statistics; struct tcp_mib
  *tcp_statistics; struct linux_mib *net_statistics; struct udp_mib *udp_statistics; struct udp_mib
  *udp_stats_in6; struct linux_xfrm_mib *xfrm_statistics; struct mptcp_mib *mptcp_statistics; struct udp_mib
  *udplite_statistics; struct udp_mib *udplite_stats_in6; struct icmp_mib *icmp_statistics; struct icmpmsg_mib
  *icmpmsg_statistics; struct icmpv6_mib *icmpv6_statistics; struct icmpv6msg_mib *icmpv6msg_statistics; struct
  proc_dir_entry *proc_net_devsnmp6; };
struct netns_packet { struct mutex sklist_lock; struct hlist_head sklist; };
struct netns_unix { struct unix_table table; int sysctl_max_dgram_qlen; struct ctl_table_header *ctl; };
struct unix_table { spinlock_t *locks; struct hlist_head *buckets; };
struct netns_nexthop { struct rb_root rb_root; struct hlist_head *devhash; unsigned int seq; u32
  last_id_allocated; struct blocking_notifier_head notifier_chain; };
struct blocking_notifier_head { struct rw_semaphore rwsem; struct notifier_block *head; };
struct netns_ipv4 : 1024 { __u8 __cacheline_group_begin__netns_ipv4_read_tx[0]; u8 sysctl_tcp_early_retrans,
  sysctl_tcp_tso_win_divisor, sysctl_tcp_tso_rtt_log, sysctl_tcp_autocorking; int sysctl_tcp_min_snd_mss; unsigned
  int sysctl_tcp_notsent_lowat; int sysctl_tcp_limit_output_bytes, sysctl_tcp_min_rtt_wlen, sysctl_tcp_wmem[3]; u8
  sysctl_ip_fwd_use_pmtu; __u8 __cacheline_group_end__netns_ipv4_read_tx[0],
  __cacheline_group_begin__netns_ipv4_read_txrx[0]; u8 sysctl_tcp_moderate_rcvbuf; __u8
  __cacheline_group_end__netns_ipv4_read_txrx[0], __cacheline_group_begin__netns_ipv4_read_rx[0]; u8
  sysctl_ip_early_demux, sysctl_tcp_early_demux, sysctl_tcp_l3mdev_accept; int sysctl_tcp_reordering,
  sysctl_tcp_rmem[3]; __u8 __cacheline_group_end__netns_ipv4_read_rx[0]; @64 __u8
  __cacheline_group_begin__icmp[0]; atomic_t icmp_global_credit; u32 icmp_global_stamp; __u8
  __cacheline_group_end__icmp[0]; @128 struct {  } __cacheline_group_pad__icmp; struct inet_timewait_death_row
  tcp_death_row; struct udp_table *udp_table; struct udp_tunnel_gro udp_tunnel_gro[2]; struct ctl_table_header
  *forw_hdr; struct ctl_table_header *frags_hdr; struct ctl_table_header *ipv4_hdr; struct ctl_table_header
  *route_hdr; struct ctl_table_header *xfrm4_hdr; struct ipv4_devconf *devconf_all; struct ipv4_devconf
  *devconf_dflt; struct ip_ra_chain *ra_chain; struct mutex ra_mutex; struct fib_rules_ops *rules_ops; struct
  fib_table *fib_main; struct fib_table *fib_default; unsigned int fib_rules_require_fldissect; bool
  fib_has_custom_rules, fib_has_custom_local_routes, fib_offload_disabled; u8 sysctl_tcp_shrink_window; atomic_t
  fib_num_tclassid_users; struct hlist_head *fib_table_hash; struct sock *fibnl; struct hlist_head *fib_info_hash;
  unsigned int fib_info_hash_bits, fib_info_cnt; struct sock *mc_autojoin_sk; struct inet_peer_base *peers; struct
  fqdir *fqdir; u8 sysctl_icmp_echo_ignore_all, sysctl_icmp_echo_enable_probe, sysctl_icmp_echo_ignore_broadcasts,
  sysctl_icmp_ignore_bogus_error_responses, sysctl_icmp_errors_use_inbound_ifaddr; int sysctl_icmp_ratelimit,
  sysctl_icmp_ratemask, sysctl_icmp_msgs_per_sec, sysctl_icmp_msgs_burst; u32 ip_rt_min_pmtu; int
  ip_rt_mtu_expires, ip_rt_min_advmss; struct local_ports ip_local_ports; u8 sysctl_tcp_ecn,
  sysctl_tcp_ecn_option, sysctl_tcp_ecn_option_beacon, sysctl_tcp_ecn_fallback, sysctl_ip_default_ttl,
  sysctl_ip_no_pmtu_disc, sysctl_ip_fwd_update_priority, sysctl_ip_nonlocal_bind, sysctl_ip_autobind_reuse,
  sysctl_ip_dynaddr, sysctl_raw_l3mdev_accept, sysctl_udp_early_demux, sysctl_nexthop_compat_mode,
  sysctl_fwmark_reflect, sysctl_tcp_fwmark_accept, sysctl_tcp_mtu_probing; int sysctl_tcp_mtu_probe_floor,
  sysctl_tcp_base_mss, sysctl_tcp_probe_threshold; u32 sysctl_tcp_probe_interval; int sysctl_tcp_keepalive_time,
  sysctl_tcp_keepalive_intvl; u8 sysctl_tcp_keepalive_probes, sysctl_tcp_syn_retries, sysctl_tcp_synack_retries,
  sysctl_tcp_syncookies, sysctl_tcp_migrate_req, sysctl_tcp_comp_sack_nr, sysctl_tcp_backlog_ack_defer,
  sysctl_tcp_pingpong_thresh, sysctl_tcp_retries1, sysctl_tcp_retries2, sysctl_tcp_orphan_retries,
  sysctl_tcp_tw_reuse; unsigned int sysctl_tcp_tw_reuse_delay; int sysctl_tcp_fin_timeout; u8 sysctl_tcp_sack,
  sysctl_tcp_window_scaling, sysctl_tcp_timestamps; int sysctl_tcp_rto_min_us, sysctl_tcp_rto_max_ms; u8
  sysctl_tcp_recovery, sysctl_tcp_thin_linear_timeouts, sysctl_tcp_slow_start_after_idle,
  sysctl_tcp_retrans_collapse, sysctl_tcp_stdurg, sysctl_tcp_rfc1337, sysctl_tcp_abort_on_overflow,
  sysctl_tcp_fack; int sysctl_tcp_max_reordering, sysctl_tcp_adv_win_scale; u8 sysctl_tcp_dsack,
  sysctl_tcp_app_win, sysctl_tcp_frto, sysctl_tcp_nometrics_save, sysctl_tcp_no_ssthresh_metrics_save,
  sysctl_tcp_workaround_signed_windows; int sysctl_tcp_challenge_ack_limit; u8 sysctl_tcp_min_tso_segs,
  sysctl_tcp_reflect_tos; int sysctl_tcp_invalid_ratelimit, sysctl_tcp_pacing_ss_ratio,
  sysctl_tcp_pacing_ca_ratio; unsigned int sysctl_tcp_child_ehash_entries; unsigned long
  sysctl_tcp_comp_sack_delay_ns, sysctl_tcp_comp_sack_slack_ns; int sysctl_max_syn_backlog, sysctl_tcp_fastopen;
  const struct tcp_congestion_ops *tcp_congestion_control; struct tcp_fastopen_context *tcp_fastopen_ctx; unsigned
  int sysctl_tcp_fastopen_blackhole_timeout; atomic_t tfo_active_disable_times; unsigned long
  tfo_active_disable_stamp; u32 tcp_challenge_timestamp, tcp_challenge_count; u8 sysctl_tcp_plb_enabled,
  sysctl_tcp_plb_idle_rehash_rounds, sysctl_tcp_plb_rehash_rounds, sysctl_tcp_plb_suspend_rto_sec; int
  sysctl_tcp_plb_cong_thresh, sysctl_udp_wmem_min, sysctl_udp_rmem_min; u8 sysctl_fib_notify_on_flag_change,
  sysctl_tcp_syn_linear_timeouts, sysctl_udp_l3mdev_accept, sysctl_igmp_llm_reports; int
  sysctl_igmp_max_memberships, sysctl_igmp_max_msf, sysctl_igmp_qrv; struct ping_group_range ping_group_range; u16
  ping_port_rover; atomic_t dev_addr_genid; unsigned int sysctl_udp_child_hash_entries; unsigned long
  *sysctl_local_reserved_ports; int sysctl_ip_prot_sock; struct list_head mr_tables; struct fib_rules_ops
  *mr_rules_ops; struct sysctl_fib_multipath_hash_seed sysctl_fib_multipath_hash_seed; u32
  sysctl_fib_multipath_hash_fields; u8 sysctl_fib_multipath_use_neigh, sysctl_fib_multipath_hash_policy; struct
  fib_notifier_ops *notifier_ops; unsigned int fib_seq; struct fib_notifier_ops *ipmr_notifier_ops; unsigned int
  ipmr_seq; atomic_t rt_genid; siphash_key_t ip_id_key; struct hlist_head *inet_addr_lst; struct delayed_work
  addr_chk_work; };
struct inet_timewait_death_row : 128 { refcount_t tw_refcount; @64 struct inet_hashinfo *hashinfo; int
  sysctl_max_tw_buckets; };
struct udp_tunnel_gro { struct sock *sk; struct hlist_head list; };
struct local_ports { u32 range; bool warned; };
struct tcp_fastopen_context { siphash_key_t key[2]; int num; struct callback_head rcu; };
struct ping_group_range { seqlock_t lock; kgid_t range[2]; };
struct sysctl_fib_multipath_hash_seed { u32 user_seed, mp_seed; };
struct netns_nf { struct proc_dir_entry *proc_netfilter; const struct nf_logger *nf_loggers[11]; struct
  ctl_table_header *nf_log_dir_header; struct ctl_table_header *nf_lwtnl_dir_header; struct nf_hook_entries
  *hooks_ipv4[5]; struct nf_hook_entries *hooks_ipv6[5]; struct nf_hook_entries *hooks_arp[3]; struct
  nf_hook_entries *hooks_bridge[5]; unsigned int defrag_ipv4_users, defrag_ipv6_users; };
struct netns_nftables { unsigned int base_seq; u8 gencursor; };
struct net_generic { union { struct { unsigned int len; struct callback_head rcu; } s; struct { struct {  }
  __empty_ptr; void *ptr[0]; }; }; };
struct netns_bpf { struct bpf_prog_array *run_array[2]; struct bpf_prog *progs[2]; struct list_head links[2]; };
struct netns_mpls { int ip_ttl_propagate, default_ttl; size_t platform_labels; struct mpls_route **platform_label;
  struct ctl_table_header *ctl; };
struct netns_xdp { struct mutex lock; struct hlist_head list; };
struct netlink_sock { struct sock sk; unsigned long flags; u32 portid, dst_portid, dst_group, subscriptions,
  ngroups; unsigned long *groups; unsigned long state; size_t max_recvmsg_len; wait_queue_head_t wait; bool bound,
  cb_running; int dump_done_errno; struct netlink_callback cb; struct mutex nl_cb_mutex; void
  (*netlink_rcv)(struct sk_buff *); int (*netlink_bind)(struct net *, int); void (*netlink_unbind)(struct net *,
  int); void (*netlink_release)(struct sock *, unsigned long *); struct module *module; struct rhash_head node;
  struct callback_head rcu; };
struct netlink_callback { struct sk_buff *skb; const struct nlmsghdr *nlh; int (*dump)(struct sk_buff *, struct
  netlink_callback *); int (*done)(struct netlink_callback *); void *data; struct module *module; struct
  netlink_ext_ack *extack; u16 family, answer_flags; u32 min_dump_alloc; unsigned int prev_seq, seq; int flags;
  bool strict_check; union { u8 ctx[48]; long args[6]; }; };
struct nlmsghdr { __u32 nlmsg_len; __u16 nlmsg_type, nlmsg_flags; __u32 nlmsg_seq, nlmsg_pid; };
struct udp_sock { struct inet_sock inet; unsigned long udp_flags; int pending; __u8 encap_type; __u16
  udp_lrpa_hash; struct hlist_nulls_node udp_lrpa_node; __u16 len, gso_size, pcslen, pcrlen; int
  (*encap_rcv)(struct sock *, struct sk_buff *); void (*encap_err_rcv)(struct sock *, struct sk_buff *, int,
  __be16, u32, u8 *); int (*encap_err_lookup)(struct sock *, struct sk_buff *); void (*encap_destroy)(struct sock
  *); struct sk_buff *(*gro_receive)(struct sock *, struct list_head *, struct sk_buff *); int
  (*gro_complete)(struct sock *, struct sk_buff *, int); struct udp_prod_queue *udp_prod_queue; @1152 struct
  sk_buff_head reader_queue; int forward_deficit, forward_threshold; bool peeking_with_offset; struct hlist_node
  tunnel_list; @1216 struct numa_drop_counters drop_counters; };
struct inet_sock { struct sock sk; struct ipv6_pinfo *pinet6; struct ipv6_fl_socklist *ipv6_fl_list; unsigned long
  inet_flags; __be32 inet_saddr; __s16 uc_ttl; __be16 inet_sport; struct ip_options_rcu *inet_opt; atomic_t
  inet_id; __u8 tos, min_ttl, mc_ttl, pmtudisc, rcv_tos, convert_csum; int uc_index, mc_index; __be32 mc_addr; u32
  local_port_range; struct ip_mc_socklist *mc_list; struct inet_cork_full cork; };
struct ipv6_pinfo { struct in6_addr saddr; __be32 flow_label; u32 dst_cookie; struct ipv6_txoptions *opt; s16
  hop_limit; u8 pmtudisc, tclass; bool saddr_cache, daddr_cache; u8 mcast_hops; u32 frag_size; int ucast_oif,
  mcast_oif; union { struct { u16 srcrt:1, osrcrt:1, rxinfo:1, rxoinfo:1, rxhlim:1, rxohlim:1, hopopts:1,
  ohopopts:1, dstopts:1, odstopts:1, rxflow:1, rxtclass:1, rxpmtu:1, rxorigdstaddr:1, recvfragsize:1; } bits; u16
  all; } rxopt; u8 srcprefs, min_hopcount; __be32 rcv_flowinfo; struct in6_pktinfo sticky_pktinfo; struct sk_buff
  *pktoptions; struct sk_buff *rxpmtu; struct inet6_cork cork; struct ipv6_mc_socklist *ipv6_mc_list; struct
  ipv6_ac_socklist *ipv6_ac_list; };
struct in6_pktinfo { struct in6_addr ipi6_addr; int ipi6_ifindex; };
struct inet6_cork { struct ipv6_txoptions *opt; u8 hop_limit, tclass, dontfrag:1; };
struct inet_cork_full { struct inet_cork base; struct flowi fl; };
struct inet_cork { unsigned int flags; __be32 addr; struct ip_options *opt; unsigned int fragsize; int length;
  struct dst_entry *dst; u8 tx_flags; __u8 ttl; __s16 tos; u32 priority; __u16 gso_size; u32 ts_opt_id; u64
  transmit_time; u32 mark; };
struct flowi { union { struct flowi_common __fl_common; struct flowi4 ip4; struct flowi6 ip6; } u; };
struct flowi_common { int flowic_oif, flowic_iif, flowic_l3mdev; __u32 flowic_mark; dscp_t flowic_dscp; __u8
  flowic_scope, flowic_proto, flowic_flags; __u32 flowic_secid; kuid_t flowic_uid; __u32 flowic_multipath_hash;
  struct flowi_tunnel flowic_tun_key; };
struct flowi_tunnel { __be64 tun_id; };
struct flowi4 { struct flowi_common __fl_common; __be32 saddr, daddr; union flowi_uli uli; };
struct flowi6 { struct flowi_common __fl_common; struct in6_addr daddr, saddr; __be32 flowlabel; union flowi_uli
  uli; __u32 mp_hash; };
struct numa_drop_counters : 128 { atomic_t drops0; @64 atomic_t drops1; };
struct unix_sock : 1152 { struct sock sk; struct unix_address *addr; struct path path; struct mutex iolock,
  bindlock; struct sock *peer; struct sock *listener; struct unix_vertex *vertex; spinlock_t lock; @960 struct
  socket_wq peer_wq; wait_queue_entry_t peer_wake; struct scm_stat scm_stat; int inq_len; bool recvmsg_inq; struct
  sk_buff *oob_skb; };
struct unix_address { refcount_t refcnt; int len; struct sockaddr_un name[0]; };
struct scm_stat { atomic_t nr_fds; unsigned long nr_unix_fds; };
struct fib6_info { struct fib6_table *fib6_table; struct fib6_info *fib6_next; struct fib6_node *fib6_node; union
  { struct list_head fib6_siblings, nh_list; }; unsigned int fib6_nsiblings; refcount_t fib6_ref; unsigned long
  expires; struct hlist_node gc_link; struct dst_metrics *fib6_metrics; struct rt6key fib6_dst; u32 fib6_flags;
  struct rt6key fib6_src, fib6_prefsrc; u32 fib6_metric; u8 fib6_protocol, fib6_type, offload, trap,
  offload_failed, should_flush:1, dst_nocount:1, dst_nopolicy:1, fib6_destroying:1, unused:4; struct list_head
  purge_link; struct callback_head rcu; struct nexthop *nh; struct fib6_nh fib6_nh[0]; };
struct dst_metrics { u32 metrics[17]; refcount_t refcnt; };
struct rt6key { struct in6_addr addr; int plen; };
struct fib6_nh { struct fib_nh_common nh_common; unsigned long last_probe; struct rt6_info **rt6i_pcpu; struct
  rt6_exception_bucket *rt6i_exception_bucket; };
struct fib_nh_common { struct net_device *nhc_dev; netdevice_tracker nhc_dev_tracker; int nhc_oif; unsigned char
  nhc_scope; u8 nhc_family, nhc_gw_family; unsigned char nhc_flags; struct lwtunnel_state *nhc_lwtstate; union {
  __be32 ipv4; struct in6_addr ipv6; } nhc_gw; int nhc_weight; atomic_t nhc_upper_bound; struct rtable
  **nhc_pcpu_rth_output; struct rtable *nhc_rth_input; struct fnhe_hash_bucket *nhc_exceptions; };
struct rtable { struct dst_entry dst; int rt_genid; unsigned int rt_flags; __u16 rt_type; __u8 rt_is_input,
  rt_uses_gateway; int rt_iif; u8 rt_gw_family; union { __be32 rt_gw4; struct in6_addr rt_gw6; }; u32
  rt_mtu_locked:1, rt_pmtu:31; };
struct rt6_info { struct dst_entry dst; struct fib6_info *from; int sernum; struct rt6key rt6i_dst, rt6i_src;
  struct in6_addr rt6i_gateway; struct inet6_dev *rt6i_idev; u32 rt6i_flags; unsigned short rt6i_nfheader_len; };
struct nf_hook_state { u8 hook, pf; struct net_device *in; struct net_device *out; struct sock *sk; struct net
  *net; int (*okfn)(struct net *, struct sock *, struct sk_buff *); };
struct xdp_sock : 1088 { struct sock sk; @832 struct xsk_queue *rx; struct net_device *dev; struct xdp_umem *umem;
  struct list_head flush_node; struct xsk_buff_pool *pool; u16 queue_id; bool zc, sg; enum { XSK_READY, XSK_BOUND,
  XSK_UNBOUND } state; @896 struct xsk_queue *tx; struct list_head tx_list; u32 tx_budget_spent; u64 rx_dropped,
  rx_queue_full; struct sk_buff *skb; bool drain_cont; struct list_head map_list; spinlock_t map_list_lock; u32
  max_tx_budget; struct mutex mutex; struct xsk_queue *fq_tmp; struct xsk_queue *cq_tmp; };
struct skb_shared_info { __u8 flags, meta_len, nr_frags, tx_flags; unsigned short gso_size, gso_segs; struct
  sk_buff *frag_list; union { struct skb_shared_hwtstamps hwtstamps; struct xsk_tx_metadata_compl xsk_meta; };
  unsigned int gso_type; u32 tskey; atomic_t dataref; union { struct { u32 xdp_frags_size, xdp_frags_truesize; };
  void *destructor_arg; }; skb_frag_t frags[17]; };
struct skb_shared_hwtstamps { union { ktime_t hwtstamp; void *netdev_data; }; };
struct xsk_tx_metadata_compl { __u64 *tx_timestamp; };
struct skb_frag { netmem_ref netmem; unsigned int len, offset; };
struct inet_connection_sock { struct inet_sock icsk_inet; struct request_sock_queue icsk_accept_queue; struct
  inet_bind_bucket *icsk_bind_hash; struct inet_bind2_bucket *icsk_bind2_hash; struct timer_list
  icsk_retransmit_timer, icsk_delack_timer; __u32 icsk_rto, icsk_rto_min; u32 icsk_rto_max; __u32 icsk_delack_max,
  icsk_pmtu_cookie; const struct tcp_congestion_ops *icsk_ca_ops; const struct inet_connection_sock_af_ops
  *icsk_af_ops; const struct tcp_ulp_ops *icsk_ulp_ops; void *icsk_ulp_data; unsigned int (*icsk_sync_mss)(struct
  sock *, u32); __u8 icsk_ca_state:5, icsk_ca_initialized:1, icsk_ca_setsockopt:1, icsk_ca_dst_locked:1,
  icsk_retransmits, icsk_pending, icsk_backoff, icsk_syn_retries, icsk_probes_out; __u16 icsk_ext_hdr_len; struct
  { __u8 pending, quick, pingpong, retry; __u32 ato:8, lrcv_flowlabel:20, dst_quick_ack:1, unused:3, lrcvtime;
  __u16 last_seg_size, rcv_mss; } icsk_ack; struct { int search_high, search_low; u32 probe_size:31, enabled:1,
  probe_timestamp; } icsk_mtup; u32 icsk_probes_tstamp, icsk_user_timeout; u64 icsk_ca_priv[13]; };
struct request_sock_queue { spinlock_t rskq_lock; u8 rskq_defer_accept, synflood_warned; atomic_t qlen, young;
  struct request_sock *rskq_accept_head; struct request_sock *rskq_accept_tail; struct fastopen_queue fastopenq;
  };
struct fastopen_queue { struct request_sock *rskq_rst_head; struct request_sock *rskq_rst_tail; spinlock_t lock;
  int qlen, max_qlen; struct tcp_fastopen_context *ctx; };
struct inet_bind_bucket { possible_net_t ib_net; int l3mdev; unsigned short port; signed char fastreuse,
  fastreuseport; kuid_t fastuid; struct in6_addr fast_v6_rcv_saddr; __be32 fast_rcv_saddr; unsigned short
  fast_sk_family; bool fast_ipv6_only; struct hlist_node node; struct hlist_head bhash2; struct callback_head rcu;
  };
struct inet_connection_sock_af_ops { int (*queue_xmit)(struct sock *, struct sk_buff *, struct flowi *); void
  (*send_check)(struct sock *, struct sk_buff *); int (*rebuild_header)(struct sock *); void
  (*sk_rx_dst_set)(struct sock *, const struct sk_buff *); int (*conn_request)(struct sock *, struct sk_buff *);
  struct sock *(*syn_recv_sock)(const struct sock *, struct sk_buff *, struct request_sock *, struct dst_entry *,
  struct request_sock *, bool *, void (*)(struct sock *, const struct sock *)); u16 net_header_len; int
  (*setsockopt)(struct sock *, int, int, sockptr_t, unsigned int); int (*getsockopt)(struct sock *, int, int, char
  *, int *); void (*mtu_reduced)(struct sock *); };
struct tcp_sock : 2304 { struct inet_connection_sock inet_conn; __u8 __cacheline_group_begin__tcp_sock_read_tx[0];
  u32 max_window, rcv_ssthresh, reordering, notsent_lowat; u16 gso_segs; struct sk_buff *retransmit_skb_hint; __u8
  __cacheline_group_end__tcp_sock_read_tx[0], __cacheline_group_begin__tcp_sock_read_txrx[0]; u32 tsoffset,
  snd_wnd, mss_cache, snd_cwnd, prr_out, lost_out, sacked_out; u16 tcp_header_len; u8 scaling_ratio, repair:1,
  tcp_usec_ts:1, is_sack_reneg:1, is_cwnd_limited:1, recvmsg_inq:1; __u8
  __cacheline_group_end__tcp_sock_read_txrx[0], __cacheline_group_begin__tcp_sock_read_rx[0]; u32 copied_seq,
  snd_wl1, tlp_high_seq, rttvar_us, retrans_out; u16 advmss, urg_data; u32 lost, snd_ssthresh; struct minmax
  rtt_min; struct rb_root out_of_order_queue; __u8 __cacheline_group_end__tcp_sock_read_rx[0]; @1536 __u8
  __cacheline_group_begin__tcp_sock_write_tx[0]; u32 segs_out, data_segs_out; u64 bytes_sent; u32 snd_sml; u8
  chrono_type; u32 chrono_start, chrono_stat[3], write_seq, pushed_seq, lsndtime, mdev_us, rtt_seq; u64
  tcp_wstamp_ns, accecn_opt_tstamp; struct list_head tsorted_sent_queue; struct sk_buff *highest_sack; u8
  ecn_flags; __u8 __cacheline_group_end__tcp_sock_write_tx[0], __cacheline_group_begin__tcp_sock_write_txrx[0]; u8
  nonagle:4, rate_app_limited:1, received_ce_pending:4, unused2:4, accecn_minlen:2, est_ecnfield:2,
  accecn_opt_demand:2, prev_ecnfield:2; __be32 pred_flags; u64 tcp_clock_cache, tcp_mstamp; u32 rcv_nxt, snd_nxt,
  snd_una, window_clamp, srtt_us, packets_out, snd_up, delivered, delivered_ce, received_ce,
  received_ecn_bytes[3], app_limited, rcv_wnd, rcv_tstamp; struct tcp_options_received rx_opt; __u8
  __cacheline_group_end__tcp_sock_write_txrx[0], __cacheline_group_begin__tcp_sock_write_rx[0]; u64
  bytes_received; u32 segs_in, data_segs_in, rcv_wup, max_packets_out, cwnd_usage_seq, rate_delivered,
  rate_interval_us, rcv_rtt_last_tsecr, delivered_ecn_bytes[3]; u64 first_tx_mstamp, delivered_mstamp,
  bytes_acked; struct { u32 rtt_us, seq; u64 time; } rcv_rtt_est; struct { int space; u32 seq; u64 time; }
  rcvq_space; __u8 __cacheline_group_end__tcp_sock_write_rx[0]; u32 dsack_dups, compressed_ack_rcv_nxt; struct
  list_head tsq_node; struct tcp_rack rack; u8 compressed_ack, dup_ack_counter:2, tlp_retrans:1, syn_ect_snt:2,
  syn_ect_rcv:2, thin_lto:1, fastopen_connect:1, fastopen_no_cookie:1, fastopen_client_fail:2, frto:1,
  repair_queue, save_syn:2, syn_data:1, syn_fastopen:1, syn_fastopen_exp:1, syn_fastopen_ch:1, syn_data_acked:1,
  syn_fastopen_child:1, keepalive_probes, accecn_fail_mode:4, saw_accecn_opt:2; u32 tcp_tx_delay, mdev_max_us,
  reord_seen, snd_cwnd_cnt, snd_cwnd_clamp, snd_cwnd_used, snd_cwnd_stamp, prior_cwnd, prr_delivered,
  last_oow_ack_time; struct hrtimer pacing_timer, compressed_ack_timer; struct sk_buff *ooo_last_skb; struct
  tcp_sack_block duplicate_sack[1], selective_acks[4], recv_sack_cache[4]; u32 prior_ssthresh, high_seq,
  retrans_stamp, undo_marker; int undo_retrans; u32 mtu_info; u64 bytes_retrans; u32 total_retrans, rto_stamp; u16
  total_rto, total_rto_recoveries; u32 total_rto_time, urg_seq; unsigned int keepalive_time, keepalive_intvl; int
  linger2; u8 bpf_sock_ops_cb_flags, bpf_chg_cc_inprogress:1; u16 timeout_rehash; u32 rcv_ooopack; struct { u32
  probe_seq_start, probe_seq_end; } mtu_probe; u32 plb_rehash; bool is_mptcp; const struct tcp_sock_af_ops
  *af_specific; struct tcp_md5sig_info *md5sig_info; struct tcp_fastopen_request *fastopen_req; struct
  request_sock *fastopen_rsk; struct saved_syn *saved_syn; };
struct minmax { struct minmax_sample s[3]; };
struct minmax_sample { u32 t, v; };
struct tcp_options_received { int ts_recent_stamp; u32 ts_recent, rcv_tsval, rcv_tsecr; u16 saw_tstamp:1,
  tstamp_ok:1, dsack:1, wscale_ok:1, sack_ok:3, smc_ok:1, snd_wscale:4, rcv_wscale:4; u8 accecn:6, saw_unknown:1,
  unused:1, num_sacks; u16 user_mss, mss_clamp; };
struct tcp_rack { u64 mstamp; u32 rtt_us, end_seq, last_delivered; u8 reo_wnd_steps, reo_wnd_persist:5,
  dsack_seen:1, advanced:1; };
struct tcp_sack_block { u32 start_seq, end_seq; };
struct tcp_fastopen_request { struct tcp_fastopen_cookie cookie; struct msghdr *data; size_t size; int copied;
  struct ubuf_info *uarg; };
struct tcp_fastopen_cookie { __le64 val[2]; s8 len; bool exp; };
struct tcp_request_sock { struct inet_request_sock req; const struct tcp_request_sock_ops *af_specific; u64
  snt_synack; bool tfo_listener, is_mptcp, req_usec_ts, drop_req; u32 txhash, rcv_isn, snt_isn, ts_off,
  snt_tsval_first, snt_tsval_last, last_oow_ack_time, rcv_nxt; u8 syn_tos; bool accecn_ok; u8 syn_ect_snt:2,
  syn_ect_rcv:2, accecn_fail_mode:4, saw_accecn_opt:2; };
struct inet_request_sock { struct request_sock req; u16 snd_wscale:4, rcv_wscale:4, tstamp_ok:1, sack_ok:1,
  wscale_ok:1, ecn_ok:1, acked:1, no_srccheck:1, smc_ok:1; u32 ir_mark; union { struct ip_options_rcu *ireq_opt;
  struct { struct ipv6_txoptions *ipv6_opt; struct sk_buff *pktopts; }; }; };
struct inet_timewait_sock { struct sock_common __tw_common; __u32 tw_mark; unsigned char tw_substate,
  tw_rcv_wscale; __be16 tw_sport; unsigned int tw_transparent:1, tw_flowlabel:20, tw_usec_ts:1, tw_connect_bind:1,
  tw_pad:1, tw_tos:8; u32 tw_txhash, tw_priority, tw_entry_stamp; struct timer_list tw_timer; struct
  inet_bind_bucket *tw_tb; struct inet_bind2_bucket *tw_tb2; };
struct tcp_timewait_sock { struct inet_timewait_sock tw_sk; u32 tw_rcv_wnd, tw_ts_offset, tw_ts_recent,
  tw_last_oow_ack_time; int tw_ts_recent_stamp; u32 tw_tx_delay; struct tcp_md5sig_key *tw_md5_key; };
struct tcp_md5sig_key { struct hlist_node node; u8 keylen, family, prefixlen, flags; union tcp_ao_addr addr; int
  l3index; u8 key[80]; struct callback_head rcu; };
struct udp6_sock { struct udp_sock udp; struct ipv6_pinfo inet6; };
struct tcp6_sock { struct tcp_sock tcp; struct ipv6_pinfo inet6; };
struct raw_sock { struct inet_sock inet; struct icmp_filter filter; u32 ipmr_table; struct numa_drop_counters
  drop_counters; };
struct icmp_filter { __u32 data; };
struct unix_skb_parms { struct pid *pid; kuid_t uid; kgid_t gid; struct scm_fp_list *fp; u32 secid, consumed; };
struct packet_sock : 1600 { struct sock sk; struct packet_fanout *fanout; union tpacket_stats_u stats; struct
  packet_ring_buffer rx_ring, tx_ring; int copy_thresh; spinlock_t bind_lock; struct mutex pg_vec_lock; unsigned
  long flags; int ifindex; u8 vnet_hdr_sz; __be16 num; struct packet_rollover *rollover; struct packet_mclist
  *mclist; atomic_long_t mapped; enum tpacket_versions tp_version; unsigned int tp_hdrlen, tp_reserve, tp_tstamp;
  struct completion skb_completion; struct net_device *cached_dev; @1408 struct packet_type prot_hook; @1536
  atomic_t tp_drops; };
struct tpacket_stats { unsigned int tp_packets, tp_drops; };
struct tpacket_stats_v3 { unsigned int tp_packets, tp_drops, tp_freeze_q_cnt; };
struct packet_type { __be16 type; bool ignore_outgoing; struct net_device *dev; netdevice_tracker dev_tracker; int
  (*func)(struct sk_buff *, struct net_device *, struct packet_type *, struct net_device *); void
  (*list_func)(struct list_head *, struct packet_type *, struct net_device *); bool (*id_match)(struct packet_type
  *, struct sock *); struct net *af_packet_net; void *af_packet_priv; struct list_head list; };
struct vsock_sock { struct sock sk; const struct vsock_transport *transport; struct sockaddr_vm local_addr,
  remote_addr; struct list_head bound_table, connected_table; bool trusted, cached_peer_allow_dgram; u32
  cached_peer; const struct cred *owner; long connect_timeout; struct sock *listener; struct list_head
  pending_links, accept_queue; bool rejected; struct delayed_work connect_work, pending_work, close_work; bool
  close_work_scheduled; u32 peer_shutdown; bool sent_request, ignore_connecting_rst; u64 buffer_size,
  buffer_min_size, buffer_max_size; void *trans; };
struct sockaddr_vm { __kernel_sa_family_t svm_family; unsigned short svm_reserved1; unsigned int svm_port,
  svm_cid; __u8 svm_flags; unsigned char svm_zero[3]; };
struct rtnl_link_stats64 { __u64 rx_packets, tx_packets, rx_bytes, tx_bytes, rx_errors, tx_errors, rx_dropped,
  tx_dropped, multicast, collisions, rx_length_errors, rx_over_errors, rx_crc_errors, rx_frame_errors,
  rx_fifo_errors, rx_missed_errors, tx_aborted_errors, tx_carrier_errors, tx_fifo_errors, tx_heartbeat_errors,
  tx_window_errors, rx_compressed, tx_compressed, rx_nohandler, rx_otherhost_dropped; };
struct qdisc_skb_cb { struct { unsigned int pkt_len; u16 slave_dev_queue_mapping, tc_classid; }; unsigned char
  data[20]; };
struct tcf_proto { struct tcf_proto *next; void *root; int (*classify)(struct sk_buff *, const struct tcf_proto *,
  struct tcf_result *); __be16 protocol; u32 prio; void *data; const struct tcf_proto_ops *ops; struct tcf_chain
  *chain; spinlock_t lock; bool deleting, counted, usesw; refcount_t refcnt; struct callback_head rcu; struct
  hlist_node destroy_ht_node; };
struct tcf_result { union { struct { unsigned long class; u32 classid; }; const struct tcf_proto *goto_tp; }; };
struct fib_info { struct hlist_node fib_hash, fib_lhash; struct list_head nh_list; struct net *fib_net; refcount_t
  fib_treeref, fib_clntref; unsigned int fib_flags; unsigned char fib_dead, fib_protocol, fib_scope, fib_type;
  __be32 fib_prefsrc; u32 fib_tb_id, fib_priority; struct dst_metrics *fib_metrics; int fib_nhs; bool
  fib_nh_is_v6, nh_updated, pfsrc_removed; struct nexthop *nh; struct callback_head rcu; struct fib_nh fib_nh[0];
  };
struct fib_nh { struct fib_nh_common nh_common; struct hlist_node nh_hash; struct fib_info *nh_parent; __u32
  nh_tclassid; __be32 nh_saddr; int nh_saddr_genid; };
struct nf_hook_ops { struct list_head list; struct callback_head rcu; nf_hookfn *hook; struct net_device *dev;
  void *priv; u8 pf; enum nf_hook_ops_type hook_ops_type:8; unsigned int hooknum; int priority; };
struct nf_conn { struct nf_conntrack ct_general; spinlock_t lock; u32 timeout; struct nf_conntrack_zone zone;
  struct nf_conntrack_tuple_hash tuplehash[2]; unsigned long status; possible_net_t ct_net; struct hlist_node
  nat_bysource; struct {  } __nfct_init_offset; struct nf_conn *master; u_int32_t mark, secmark; struct nf_ct_ext
  *ext; union nf_conntrack_proto proto; };
struct nf_conntrack { refcount_t use; };
struct nf_conntrack_zone { u16 id; u8 flags, dir; };
struct nf_conntrack_tuple_hash { struct hlist_nulls_node hnnode; struct nf_conntrack_tuple tuple; };
struct nf_conntrack_tuple { struct nf_conntrack_man src; struct { union nf_inet_addr u3; union { __be16 all;
  struct { __be16 port; } tcp; struct { __be16 port; } udp; struct { u_int8_t type, code; } icmp; struct { __be16
  port; } dccp; struct { __be16 port; } sctp; struct { __be16 key; } gre; } u; u_int8_t protonum; struct {  }
  __nfct_hash_offsetend; u_int8_t dir; } dst; };
struct nf_conntrack_man { union nf_inet_addr u3; union nf_conntrack_man_proto u; u_int16_t l3num; };
struct ip_ct_sctp { enum sctp_conntrack state; __be32 vtag[2]; u8 init[2], last_dir, flags; };
struct nf_ct_udp { unsigned long stream_ts; };
struct nf_ct_gre { unsigned int stream_timeout, timeout; };
struct nf_conn___init { struct nf_conn ct; };
struct xdp_buff { void *data; void *data_end; void *data_meta; void *data_hard_start; struct xdp_rxq_info *rxq;
  struct xdp_txq_info *txq; union { struct { u32 frame_sz, flags; }; u64 frame_sz_flags_init; }; };
struct xdp_txq_info { struct net_device *dev; };
struct xdp_frame { void *data; u32 len, headroom, metasize; enum xdp_mem_type mem_type:32; struct net_device
  *dev_rx; u32 frame_sz, flags; };
struct tcp_skb_cb { __u32 seq, end_seq; union { u32 tcp_tw_isn; struct { u16 tcp_gso_segs, tcp_gso_size; }; };
  __u16 tcp_flags; __u8 sacked, ip_dsfield, txstamp_ack:2, eor:1, has_rxtstamp:1, unused:4; __u32 ack_seq; union {
  struct { __u32 is_app_limited:1, delivered_ce:20, unused:11, delivered; u64 first_tx_mstamp, delivered_mstamp; }
  tx; union { struct inet_skb_parm h4; struct inet6_skb_parm h6; } header; }; };
struct inet_skb_parm { int iif; struct ip_options opt; u16 flags, frag_max_size; };
struct inet6_skb_parm { int iif; __be16 ra; __u16 dst0, srcrt, dst1, lastopt, nhoff, flags, frag_max_size, srhoff;
  };
struct ip_tunnel_key { __be64 tun_id; union { struct { __be32 src, dst; } ipv4; struct { struct in6_addr src, dst;
  } ipv6; } u; unsigned long tun_flags[1]; __be32 label; u32 nhid; u8 tos, ttl; __be16 tp_src, tp_dst; __u8
  flow_flags; };
struct ip_tunnel_info { struct ip_tunnel_key key; struct ip_tunnel_encap encap; struct dst_cache dst_cache; u8
  options_len, mode; @96 u8 options[0]; };
struct ip_tunnel_encap { u16 type, flags; __be16 sport, dport; };
struct dst_cache { struct dst_cache_pcpu *cache; unsigned long reset_ts; };
struct inet6_ifaddr { struct in6_addr addr; __u32 prefix_len, rt_priority, valid_lft, prefered_lft; refcount_t
  refcnt; spinlock_t lock; int state; __u32 flags; __u8 dad_probes, stable_privacy_retry; __u16 scope; __u64
  dad_nonce; unsigned long cstamp, tstamp; struct delayed_work dad_work; struct inet6_dev *idev; struct fib6_info
  *rt; struct hlist_node addr_lst; struct list_head if_list, if_list_aux, tmp_list; struct inet6_ifaddr *ifpub;
  int regen_count; bool tokenized; u8 ifa_proto; struct callback_head rcu; struct in6_addr peer_addr; };
struct flow_dissector { unsigned long long used_keys; unsigned short offset[33]; };
struct flow_keys { struct flow_dissector_key_control control; struct flow_dissector_key_basic basic; struct
  flow_dissector_key_tags tags; struct flow_dissector_key_vlan vlan, cvlan; struct flow_dissector_key_keyid keyid;
  struct flow_dissector_key_ports ports; struct flow_dissector_key_icmp icmp; struct flow_dissector_key_addrs
  addrs; };
struct flow_dissector_key_control { u16 thoff, addr_type; u32 flags; };
struct flow_dissector_key_basic { __be16 n_proto; u8 ip_proto, padding; };
struct flow_dissector_key_tags { u32 flow_label; };
struct flow_dissector_key_keyid { __be32 keyid; };
struct flow_dissector_key_ports { union { __be32 ports; struct { __be16 src, dst; }; }; };
struct flow_dissector_key_icmp { struct { u8 type, code; }; u16 id; };
struct flow_dissector_key_addrs { union { struct flow_dissector_key_ipv4_addrs v4addrs; struct
  flow_dissector_key_ipv6_addrs v6addrs; struct flow_dissector_key_tipc tipckey; }; };
struct flow_dissector_key_ipv4_addrs { __be32 src, dst; };
struct flow_dissector_key_ipv6_addrs { struct in6_addr src, dst; };
struct flow_dissector_key_tipc { __be32 key; };
struct udp_iter_state { struct seq_net_private p; int bucket; };
struct seq_net_private { struct net *net; netns_tracker ns_tracker; };
struct tcp_iter_state { struct seq_net_private p; enum tcp_seq_states state; struct sock *syn_wait_sk; int bucket,
  offset, sbucket, num; loff_t last_pos; };
struct bpf_tcp_iter_state { struct tcp_iter_state state; unsigned int cur_sk, end_sk, max_sk; union
  bpf_tcp_iter_batch_item *batch; };
struct bpf_udp_iter_state { struct udp_iter_state state; unsigned int cur_sk, end_sk, max_sk; union
  bpf_udp_iter_batch_item *batch; };
`;
