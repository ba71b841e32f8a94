/**
 * Types of the operations that struct_ops programs are. Offsets and sizes follow from
 * the members, or stand there (`btf/c_parse.ts`): those of Linux 6.18 on x86_64.
 */
export const STRUCT_OPS = `
enum tcp_ca_event { CA_EVENT_TX_START, CA_EVENT_CWND_RESTART, CA_EVENT_COMPLETE_CWR, CA_EVENT_LOSS,
  CA_EVENT_ECN_NO_CE, CA_EVENT_ECN_IS_CE };
union tcp_cc_info { struct tcpvegas_info vegas; struct tcp_dctcp_info dctcp; struct tcp_bbr_info bbr; };
struct Qdisc_ops { struct Qdisc_ops *next; const struct Qdisc_class_ops *cl_ops; char id[16]; int priv_size;
  unsigned int static_flags; int (*enqueue)(struct sk_buff *, struct Qdisc *, struct sk_buff **); struct sk_buff
  *(*dequeue)(struct Qdisc *); struct sk_buff *(*peek)(struct Qdisc *); int (*init)(struct Qdisc *, struct nlattr
  *, struct netlink_ext_ack *); void (*reset)(struct Qdisc *); void (*destroy)(struct Qdisc *); int
  (*change)(struct Qdisc *, struct nlattr *, struct netlink_ext_ack *); void (*attach)(struct Qdisc *); int
  (*change_tx_queue_len)(struct Qdisc *, unsigned int); void (*change_real_num_tx)(struct Qdisc *, unsigned int);
  int (*dump)(struct Qdisc *, struct sk_buff *); int (*dump_stats)(struct Qdisc *, struct gnet_dump *); void
  (*ingress_block_set)(struct Qdisc *, u32); void (*egress_block_set)(struct Qdisc *, u32); u32
  (*ingress_block_get)(struct Qdisc *); u32 (*egress_block_get)(struct Qdisc *); struct module *owner; };
struct bpf_struct_ops { const struct bpf_verifier_ops *verifier_ops; int (*init)(struct btf *); int
  (*check_member)(const struct btf_type *, const struct btf_member *, const struct bpf_prog *); int
  (*init_member)(const struct btf_type *, const struct btf_member *, void *, const void *); int (*reg)(void *,
  struct bpf_link *); void (*unreg)(void *, struct bpf_link *); int (*update)(void *, void *, struct bpf_link *);
  int (*validate)(void *); void *cfi_stubs; struct module *owner; const char *name; struct btf_func_model
  func_models[64]; };
struct tcp_congestion_ops : 192 { u32 (*ssthresh)(struct sock *); void (*cong_avoid)(struct sock *, u32, u32);
  void (*set_state)(struct sock *, u8); void (*cwnd_event)(struct sock *, enum tcp_ca_event); void
  (*in_ack_event)(struct sock *, u32); void (*pkts_acked)(struct sock *, const struct ack_sample *); u32
  (*min_tso_segs)(struct sock *); void (*cong_control)(struct sock *, u32, int, const struct rate_sample *); u32
  (*undo_cwnd)(struct sock *); u32 (*sndbuf_expand)(struct sock *); size_t (*get_info)(struct sock *, u32, int *,
  union tcp_cc_info *); char name[16]; struct module *owner; struct list_head list; u32 key, flags; void
  (*init)(struct sock *); void (*release)(struct sock *); };
struct ack_sample { u32 pkts_acked; s32 rtt_us; u32 in_flight; };
struct rate_sample { u64 prior_mstamp; u32 prior_delivered, prior_delivered_ce; s32 delivered, delivered_ce; long
  interval_us; u32 snd_interval_us, rcv_interval_us; long rtt_us; int losses; u32 acked_sacked, prior_in_flight,
  last_end_seq; bool is_app_limited, is_retrans, is_ack_delayed; };
struct tcpvegas_info { __u32 tcpv_enabled, tcpv_rttcnt, tcpv_rtt, tcpv_minrtt; };
struct tcp_dctcp_info { __u16 dctcp_enabled, dctcp_ce_state; __u32 dctcp_alpha, dctcp_ab_ecn, dctcp_ab_tot; };
struct tcp_bbr_info { __u32 bbr_bw_lo, bbr_bw_hi, bbr_min_rtt, bbr_pacing_gain, bbr_cwnd_gain; };
struct bpf_struct_ops_value { struct bpf_struct_ops_common_value common; @64 char data[0]; };
struct bpf_struct_ops_tcp_congestion_ops { struct bpf_struct_ops_common_value common; @64 struct
  tcp_congestion_ops data; };
struct bpf_dummy_ops_state { int val; };
struct bpf_dummy_ops { int (*test_1)(struct bpf_dummy_ops_state *); int (*test_2)(struct bpf_dummy_ops_state *,
  int, unsigned short, char, unsigned long); int (*test_sleepable)(struct bpf_dummy_ops_state *); };
struct bpf_struct_ops_bpf_dummy_ops : 128 { struct bpf_struct_ops_common_value common; @64 struct bpf_dummy_ops
  data; };
`;
