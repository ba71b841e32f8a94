/**
 * Types of the kernel that programs see, for machines whose kernel tells none: contexts
 * (include/uapi/linux/bpf.h describes them), the structs that kernel functions take, and
 * of the large ones (task_struct, sock, …) the members that programs mostly read. The
 * offsets are this table's own: programs find members by name.
 */
export const BUILTIN_TYPES = `
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;
typedef long long s64;
typedef u8 __u8;
typedef u16 __u16;
typedef u32 __u32;
typedef u64 __u64;
typedef s32 __s32;
typedef s64 __s64;
typedef u16 __be16;
typedef u32 __be32;
typedef _Bool bool;
typedef unsigned long size_t;
typedef int pid_t;
typedef long time64_t;
typedef unsigned int gfp_t;

enum bpf_map_type { BPF_MAP_TYPE_UNSPEC, BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_PROG_ARRAY,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_PERCPU_HASH, BPF_MAP_TYPE_PERCPU_ARRAY };
enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID, PIDTYPE_MAX };
enum tcp_ca_event { CA_EVENT_TX_START, CA_EVENT_CWND_RESTART, CA_EVENT_COMPLETE_CWR, CA_EVENT_LOSS };
enum nf_nat_manip_type { NF_NAT_MANIP_SRC, NF_NAT_MANIP_DST };
enum xdp_rss_hash_type { XDP_RSS_TYPE_NONE, XDP_RSS_TYPE_L2 = 0, XDP_RSS_L3_IPV4 = 1, XDP_RSS_L3_IPV6 = 2, XDP_RSS_L4 = 8 };

struct list_head { struct list_head *next, *prev; };
struct hlist_node { struct hlist_node *next, **pprev; };
struct rb_node { unsigned long __rb_parent_color; struct rb_node *rb_right, *rb_left; };
struct rb_root { struct rb_node *rb_node; };
struct callback_head { struct callback_head *next; void *func; };
struct refcount_struct { int counter; };
typedef struct refcount_struct refcount_t;
struct kuid_t { unsigned int val; };
struct kgid_t { unsigned int val; };
struct spinlock { int val; };
typedef struct spinlock spinlock_t;

struct bpf_spin_lock { __u32 val; };
struct bpf_res_spin_lock { u32 val; };
struct bpf_timer { __u64 __opaque[2]; };
struct bpf_wq { __u64 __opaque[2]; };
struct bpf_task_work { __u64 __opaque; };
struct bpf_dynptr { __u64 __opaque[2]; };
struct bpf_list_head { __u64 __opaque[2]; };
struct bpf_list_node { __u64 __opaque[3]; };
struct bpf_rb_root { __u64 __opaque[2]; };
struct bpf_rb_node { __u64 __opaque[4]; };
struct bpf_refcount { __u32 __opaque[1]; };
struct bpf_iter_num { __u64 __opaque[1]; };
struct bpf_iter_bits { __u64 __opaque[2]; };
struct bpf_iter_task { __u64 __opaque[3]; };
struct bpf_iter_task_vma { __u64 __opaque[1]; };
struct bpf_iter_css { __u64 __opaque[3]; };
struct bpf_iter_css_task { __u64 __opaque[1]; };
struct bpf_iter_kmem_cache { __u64 __opaque[1]; };
struct bpf_iter_dmabuf { __u64 __opaque[1]; };

struct __sk_buff {
  __u32 len, pkt_type, mark, queue_mapping, protocol, vlan_present, vlan_tci, vlan_proto, priority;
  __u32 ingress_ifindex, ifindex, tc_index, cb[5], hash, tc_classid, data, data_end, napi_id, family;
  __u32 remote_ip4, local_ip4, remote_ip6[4], local_ip6[4], remote_port, local_port, data_meta;
  union { struct bpf_flow_keys *flow_keys; __u64 :64; };
  __u64 tstamp;
  __u32 wire_len, gso_segs;
  union { struct bpf_sock *sk; __u64 :64; };
  __u32 gso_size;
  __u8 tstamp_type;
  __u64 hwtstamp;
};
struct xdp_md { __u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };
struct bpf_sock {
  __u32 bound_dev_if, family, type, protocol, mark, priority, src_ip4, src_ip6[4], src_port;
  __be16 dst_port;
  __u32 dst_ip4, dst_ip6[4], state;
  __s32 rx_queue_mapping;
};
struct bpf_sock_tuple {
  union {
    struct { __be32 saddr, daddr; __be16 sport, dport; } ipv4;
    struct { __be32 saddr[4], daddr[4]; __be16 sport, dport; } ipv6;
  };
};
struct bpf_sock_addr {
  __u32 user_family, user_ip4, user_ip6[4], user_port, family, type, protocol, msg_src_ip4, msg_src_ip6[4];
  union { struct bpf_sock *sk; __u64 :64; };
};
struct bpf_sock_ops {
  __u32 op;
  union { __u32 args[4]; __u32 reply; __u32 replylong[4]; };
  __u32 family, remote_ip4, local_ip4, remote_ip6[4], local_ip6[4], remote_port, local_port, is_fullsock;
  __u32 snd_cwnd, srtt_us, bpf_sock_ops_cb_flags, state, rtt_min, snd_ssthresh, rcv_nxt, snd_nxt, snd_una;
  __u32 mss_cache, ecn_flags, rate_delivered, rate_interval_us, packets_out, retrans_out, total_retrans;
  __u32 segs_in, data_segs_in, segs_out, data_segs_out, lost_out, sacked_out, sk_txhash;
  __u64 bytes_received, bytes_acked;
  union { struct bpf_sock *sk; __u64 :64; };
  union { void *skb_data; __u64 :64; };
  union { void *skb_data_end; __u64 :64; };
  __u32 skb_len, skb_tcp_flags;
  __u64 skb_hwtstamp;
};
struct bpf_sockopt {
  union { struct bpf_sock *sk; __u64 :64; };
  union { void *optval; __u64 :64; };
  union { void *optval_end; __u64 :64; };
  __s32 level, optname, optlen, retval;
};
struct bpf_sysctl { __u32 write, file_pos; };
struct bpf_cgroup_dev_ctx { __u32 access_type, major, minor; };
struct bpf_perf_event_data { struct pt_regs regs; __u64 sample_period, addr; };
struct bpf_raw_tracepoint_args { __u64 args[0]; };
struct bpf_flow_keys {
  __u16 nhoff, thoff, addr_proto;
  __u8 is_frag, is_first_frag, is_encap, ip_proto;
  __be16 n_proto, sport, dport;
  union { struct { __be32 ipv4_src, ipv4_dst; }; struct { __u32 ipv6_src[4], ipv6_dst[4]; }; };
  __u32 flags;
  __be32 flow_label;
};
struct pt_regs {
  unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};

struct pid { refcount_t count; unsigned int level; };
struct cred { struct kuid_t uid; struct kgid_t gid; struct kuid_t euid; struct kgid_t egid; };
struct nsproxy { int count; };
struct mm_struct { unsigned long task_size, total_vm, start_code, end_code, start_stack; struct file *exe_file; };
struct task_struct {
  unsigned int __state;
  void *stack;
  unsigned int flags, ptrace;
  int on_cpu, prio, static_prio, normal_prio, exit_state, exit_code, exit_signal;
  unsigned in_execve:1, in_iowait:1;
  pid_t pid, tgid;
  struct task_struct *real_parent, *parent, *group_leader;
  struct list_head children, sibling, tasks;
  struct pid *thread_pid;
  u64 utime, stime, start_time, start_boottime;
  struct mm_struct *mm, *active_mm;
  const struct cred *real_cred, *cred;
  char comm[16];
  struct nsproxy *nsproxy;
  struct css_set *cgroups;
  unsigned long nvcsw, nivcsw;
  u64 last_switch_count;
  refcount_t rcu_users;
};
struct kernfs_node { const char *name; u64 id; };
struct cgroup_subsys_state { struct cgroup *cgroup; int id; struct cgroup_subsys_state *parent; };
struct cgroup { struct cgroup_subsys_state self; unsigned long flags; int level; struct kernfs_node *kn; };
struct css_set { struct cgroup *dfl_cgrp; };

struct qstr { u32 hash, len; const unsigned char *name; };
struct dentry { unsigned int d_flags; struct dentry *d_parent; struct qstr d_name; struct inode *d_inode; };
struct super_block { struct list_head s_list; u32 s_dev; unsigned long s_blocksize, s_magic; };
struct inode { u16 i_mode; struct kuid_t i_uid; struct kgid_t i_gid; struct super_block *i_sb; unsigned long i_ino; long long i_size; };
struct vfsmount { struct dentry *mnt_root; struct super_block *mnt_sb; int mnt_flags; };
struct path { struct vfsmount *mnt; struct dentry *dentry; };
struct file { u32 f_mode; unsigned int f_flags; struct path f_path; struct inode *f_inode; long long f_pos; void *private_data; };
struct linux_binprm { struct mm_struct *mm; struct file *executable, *file; struct cred *cred; int argc, envc; const char *filename, *interp; };
struct vm_area_struct { unsigned long vm_start, vm_end; struct mm_struct *vm_mm; unsigned long vm_flags, vm_pgoff; struct file *vm_file; };
struct seq_file { char *buf; size_t size, from, count; void *private; };
struct kmem_cache { const char *name; unsigned int size, object_size; };
struct dma_buf { size_t size; struct file *file; const char *exp_name, *name; };

struct in6_addr { union { __u8 u6_addr8[16]; __be16 u6_addr16[8]; __be32 u6_addr32[4]; } in6_u; };
struct sock_common {
  __be32 skc_daddr, skc_rcv_saddr;
  u32 skc_hash;
  __be16 skc_dport;
  __u16 skc_num;
  unsigned short skc_family;
  unsigned char skc_state;
  int skc_bound_dev_if;
  struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
  u64 skc_cookie;
};
struct sock { struct sock_common __sk_common; u16 sk_type, sk_protocol; u32 sk_priority, sk_mark; int sk_rcvbuf, sk_sndbuf; struct socket *sk_socket; };
struct socket { int state; short type; unsigned long flags; struct file *file; struct sock *sk; };
struct inet_connection_sock { struct sock sk; u8 icsk_ca_state, icsk_retransmits; u32 icsk_rto; u64 icsk_ca_priv[13]; };
struct tcp_sock {
  struct inet_connection_sock inet_conn;
  u32 snd_nxt, snd_una, snd_cwnd, snd_ssthresh, srtt_us, mdev_us, packets_out, mss_cache, snd_cwnd_cnt, snd_cwnd_clamp;
  u32 delivered, lost_out, prior_cwnd;
};
struct udp6_sock { struct sock udp; };
struct tcp6_sock { struct tcp_sock tcp; };
struct unix_sock { struct sock sk; };
struct mptcp_sock { struct inet_connection_sock sk; };
struct request_sock { struct sock_common __req_common; };
struct tcp_request_sock { struct request_sock req; };
struct inet_timewait_sock { struct sock_common __tw_common; };
struct tcp_timewait_sock { struct inet_timewait_sock tw_sk; };
struct net_device { char name[16]; int ifindex; unsigned int mtu, flags; };
struct sk_buff {
  struct sk_buff *next, *prev;
  struct net_device *dev;
  struct sock *sk;
  unsigned int len, data_len;
  __u16 mac_len, queue_mapping;
  __u32 priority, hash, mark;
  __be16 protocol;
  __u16 transport_header, network_header, mac_header;
  unsigned char *head, *data;
};
struct xdp_buff { void *data, *data_end, *data_meta, *data_hard_start; };
struct nf_hook_state { u8 hook, pf; struct net_device *in, *out; struct sock *sk; };
struct bpf_nf_ctx { const struct nf_hook_state *state; struct sk_buff *skb; };
struct nf_conn { unsigned long status; u32 mark, timeout; };
struct nf_conn___init { struct nf_conn ct; };
union nf_inet_addr { __u32 all[4]; __be32 ip, ip6[4]; };
struct bpf_ct_opts { s32 netns_id, error; u8 l4proto, dir; u16 ct_zone_id; u8 ct_zone_dir, reserved[3]; };
struct bpf_xfrm_state_opts { s32 error, netns_id; u32 mark; __be32 spi; u8 proto; u16 family; };
struct bpf_tcp_req_attrs { u32 rcv_tsval, rcv_tsecr; u16 mss; u8 rcv_wscale, snd_wscale, ecn_ok, wscale_ok, sack_ok, tstamp_ok, usec_ts_ok, reserved[3]; };
struct bpf_crypto_params { char type[14]; u8 reserved[2]; char algo[128]; u8 key[256]; u32 key_len, authsize; };
struct cpumask { unsigned long bits[1]; };
typedef struct cpumask cpumask_t;
struct bpf_cpumask { cpumask_t cpumask; refcount_t usage; };
struct prog_test_member { int a; };
struct prog_test_ref_kfunc { int a, b; struct prog_test_member memb; struct prog_test_ref_kfunc *next; refcount_t cnt; };
struct bpf_map { int map_type; u32 key_size, value_size, max_entries, id; char name[16]; };
struct bpf_prog { u32 len, type; };
struct bpf_prog_aux { u32 id; char name[16]; };

enum bpf_struct_ops_state { BPF_STRUCT_OPS_STATE_INIT, BPF_STRUCT_OPS_STATE_INUSE, BPF_STRUCT_OPS_STATE_TOBEFREE,
  BPF_STRUCT_OPS_STATE_READY };
struct bpf_struct_ops_common_value { refcount_t refcnt; enum bpf_struct_ops_state state; };
typedef u32 (*tcp_ca_sk_t)(struct sock *sk);
typedef void (*tcp_ca_void_t)(struct sock *sk);
typedef void (*tcp_ca_ack_t)(struct sock *sk, u32 ack, u32 acked);
typedef void (*tcp_ca_state_t)(struct sock *sk, u8 new_state);
typedef void (*tcp_ca_event_t)(struct sock *sk, enum tcp_ca_event ev);
typedef void (*tcp_ca_in_ack_t)(struct sock *sk, u32 flags);
typedef void (*tcp_ca_acked_t)(struct sock *sk, const struct ack_sample *sample);
typedef void (*tcp_ca_control_t)(struct sock *sk, u32 ack, int flag, const struct rate_sample *rs);
typedef size_t (*tcp_ca_info_t)(struct sock *sk, u32 ext, int *attr, void *info);
struct tcp_congestion_ops {
  tcp_ca_sk_t ssthresh; tcp_ca_ack_t cong_avoid; tcp_ca_state_t set_state; tcp_ca_event_t cwnd_event; tcp_ca_in_ack_t in_ack_event;
  tcp_ca_acked_t pkts_acked; tcp_ca_sk_t min_tso_segs; tcp_ca_control_t cong_control; tcp_ca_sk_t undo_cwnd; tcp_ca_sk_t sndbuf_expand;
  tcp_ca_info_t get_info;
  char name[16];
  struct module *owner;
  struct list_head list;
  u32 key, flags;
  tcp_ca_void_t init, release;
};
struct bpf_dummy_ops_state { int val; };
typedef int (*bpf_dummy_test_1_t)(struct bpf_dummy_ops_state *cb);
typedef int (*bpf_dummy_test_2_t)(struct bpf_dummy_ops_state *cb, int a1, unsigned short a2, char a3, unsigned long a4);
struct bpf_dummy_ops { bpf_dummy_test_1_t test_1; bpf_dummy_test_2_t test_2; bpf_dummy_test_1_t test_sleepable; };
struct bpf_struct_ops_bpf_dummy_ops { struct bpf_struct_ops_common_value common; struct bpf_dummy_ops data; };
int bpf_dummy_ops__test_1(struct bpf_dummy_ops_state *cb__nullable);
struct bpf_struct_ops_tcp_congestion_ops { struct bpf_struct_ops_common_value common; struct tcp_congestion_ops data; };

struct bpf_iter_meta { union { struct seq_file *seq; __u64 :64; }; u64 session_id, seq_num; };
struct bpf_iter__task { union { struct bpf_iter_meta *meta; __u64 :64; }; union { struct task_struct *task; __u64 :64; }; };
struct bpf_iter__task_file { union { struct bpf_iter_meta *meta; __u64 :64; }; union { struct task_struct *task; __u64 :64; }; u32 fd; union { struct file *file; __u64 :64; }; };
struct bpf_iter__bpf_map { union { struct bpf_iter_meta *meta; __u64 :64; }; union { struct bpf_map *map; __u64 :64; }; };
struct bpf_iter__bpf_prog { union { struct bpf_iter_meta *meta; __u64 :64; }; union { struct bpf_prog *prog; __u64 :64; }; };
struct bpf_iter__bpf_map_elem { union { struct bpf_iter_meta *meta; __u64 :64; }; union { struct bpf_map *map; __u64 :64; }; union { void *key; __u64 :64; }; union { void *value; __u64 :64; }; };

int bpf_iter_task(struct bpf_iter_meta *meta, struct task_struct *task);
int bpf_iter_task_file(struct bpf_iter_meta *meta, struct task_struct *task, u32 fd, struct file *file);
int bpf_iter_bpf_map(struct bpf_iter_meta *meta, struct bpf_map *map);
int bpf_iter_bpf_prog(struct bpf_iter_meta *meta, struct bpf_prog *prog);
int bpf_iter_bpf_map_elem(struct bpf_iter_meta *meta, struct bpf_map *map, void *key, void *value);

typedef void (*btf_trace_sched_switch)(void *data, bool preempt, struct task_struct *prev, struct task_struct *next, unsigned int prev_state);
typedef void (*btf_trace_sched_process_exec)(void *data, struct task_struct *p, pid_t old_pid, struct linux_binprm *bprm);
typedef void (*btf_trace_sched_process_fork)(void *data, struct task_struct *parent, struct task_struct *child);
typedef void (*btf_trace_sched_process_exit)(void *data, struct task_struct *p, bool group_dead);
typedef void (*btf_trace_bpf_test_finish)(void *data, const int *err);
typedef void (*btf_trace_bpf_trigger_tp)(void *data, int nonce);
typedef void (*btf_trace_bpf_trace_printk)(void *data, const char *bpf_string);
struct bpf_fentry_test_t { struct bpf_fentry_test_t *a; };
typedef void (*btf_trace_sys_enter)(void *data, struct pt_regs *regs, long id);
typedef void (*btf_trace_sys_exit)(void *data, struct pt_regs *regs, long ret);
typedef void (*btf_trace_task_newtask)(void *data, struct task_struct *task, unsigned long clone_flags);

int bpf_lsm_file_open(struct file *file);
int bpf_lsm_bprm_check_security(struct linux_binprm *bprm);
int bpf_lsm_inode_unlink(struct inode *dir, struct dentry *dentry);
int bpf_lsm_task_alloc(struct task_struct *task, unsigned long clone_flags);
int bpf_lsm_socket_create(int family, int type, int protocol, int kern);
int bpf_lsm_bpf(int cmd, void *attr, unsigned int size, bool kernel);
`;
