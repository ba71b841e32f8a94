/**
 * Types that user space shares with the kernel: contexts of programs, packet headers, enumerations. Offsets and sizes follow from
 * the members, or stand there (`btf/c_parse.ts`): those of Linux 6.18 on x86_64.
 */
export const UAPI = `
typedef __kernel_sa_family_t sa_family_t; typedef unsigned short __kernel_sa_family_t;
typedef long long __kernel_time64_t; typedef __signalfn_t *__sighandler_t; typedef void __signalfn_t;
typedef __restorefn_t *__sigrestore_t; typedef void __restorefn_t; typedef struct kernel_siginfo kernel_siginfo_t;
typedef struct pt_regs bpf_user_pt_regs_t; typedef struct siginfo siginfo_t;
union __sifields : 32; struct fred_ss : 8; struct icmpv6_nd_ra : 4;
enum bpf_prog_type { BPF_PROG_TYPE_UNSPEC, BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_SCHED_CLS, BPF_PROG_TYPE_SCHED_ACT, BPF_PROG_TYPE_TRACEPOINT, BPF_PROG_TYPE_XDP,
  BPF_PROG_TYPE_PERF_EVENT, BPF_PROG_TYPE_CGROUP_SKB, BPF_PROG_TYPE_CGROUP_SOCK, BPF_PROG_TYPE_LWT_IN,
  BPF_PROG_TYPE_LWT_OUT, BPF_PROG_TYPE_LWT_XMIT, BPF_PROG_TYPE_SOCK_OPS, BPF_PROG_TYPE_SK_SKB,
  BPF_PROG_TYPE_CGROUP_DEVICE, BPF_PROG_TYPE_SK_MSG, BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
  BPF_PROG_TYPE_LWT_SEG6LOCAL, BPF_PROG_TYPE_LIRC_MODE2, BPF_PROG_TYPE_SK_REUSEPORT, BPF_PROG_TYPE_FLOW_DISSECTOR,
  BPF_PROG_TYPE_CGROUP_SYSCTL, BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, BPF_PROG_TYPE_CGROUP_SOCKOPT,
  BPF_PROG_TYPE_TRACING, BPF_PROG_TYPE_STRUCT_OPS, BPF_PROG_TYPE_EXT, BPF_PROG_TYPE_LSM, BPF_PROG_TYPE_SK_LOOKUP,
  BPF_PROG_TYPE_SYSCALL, BPF_PROG_TYPE_NETFILTER, __MAX_BPF_PROG_TYPE };
enum bpf_attach_type { BPF_CGROUP_INET_INGRESS, BPF_CGROUP_INET_EGRESS, BPF_CGROUP_INET_SOCK_CREATE,
  BPF_CGROUP_SOCK_OPS, BPF_SK_SKB_STREAM_PARSER, BPF_SK_SKB_STREAM_VERDICT, BPF_CGROUP_DEVICE, BPF_SK_MSG_VERDICT,
  BPF_CGROUP_INET4_BIND, BPF_CGROUP_INET6_BIND, BPF_CGROUP_INET4_CONNECT, BPF_CGROUP_INET6_CONNECT,
  BPF_CGROUP_INET4_POST_BIND, BPF_CGROUP_INET6_POST_BIND, BPF_CGROUP_UDP4_SENDMSG, BPF_CGROUP_UDP6_SENDMSG,
  BPF_LIRC_MODE2, BPF_FLOW_DISSECTOR, BPF_CGROUP_SYSCTL, BPF_CGROUP_UDP4_RECVMSG, BPF_CGROUP_UDP6_RECVMSG,
  BPF_CGROUP_GETSOCKOPT, BPF_CGROUP_SETSOCKOPT, BPF_TRACE_RAW_TP, BPF_TRACE_FENTRY, BPF_TRACE_FEXIT,
  BPF_MODIFY_RETURN, BPF_LSM_MAC, BPF_TRACE_ITER, BPF_CGROUP_INET4_GETPEERNAME, BPF_CGROUP_INET6_GETPEERNAME,
  BPF_CGROUP_INET4_GETSOCKNAME, BPF_CGROUP_INET6_GETSOCKNAME, BPF_XDP_DEVMAP, BPF_CGROUP_INET_SOCK_RELEASE,
  BPF_XDP_CPUMAP, BPF_SK_LOOKUP, BPF_XDP, BPF_SK_SKB_VERDICT, BPF_SK_REUSEPORT_SELECT,
  BPF_SK_REUSEPORT_SELECT_OR_MIGRATE, BPF_PERF_EVENT, BPF_TRACE_KPROBE_MULTI, BPF_LSM_CGROUP, BPF_STRUCT_OPS,
  BPF_NETFILTER, BPF_TCX_INGRESS, BPF_TCX_EGRESS, BPF_TRACE_UPROBE_MULTI, BPF_CGROUP_UNIX_CONNECT,
  BPF_CGROUP_UNIX_SENDMSG, BPF_CGROUP_UNIX_RECVMSG, BPF_CGROUP_UNIX_GETPEERNAME, BPF_CGROUP_UNIX_GETSOCKNAME,
  BPF_NETKIT_PRIMARY, BPF_NETKIT_PEER, BPF_TRACE_KPROBE_SESSION, BPF_TRACE_UPROBE_SESSION, __MAX_BPF_ATTACH_TYPE
  };
enum bpf_link_type { BPF_LINK_TYPE_UNSPEC, BPF_LINK_TYPE_RAW_TRACEPOINT, BPF_LINK_TYPE_TRACING,
  BPF_LINK_TYPE_CGROUP, BPF_LINK_TYPE_ITER, BPF_LINK_TYPE_NETNS, BPF_LINK_TYPE_XDP, BPF_LINK_TYPE_PERF_EVENT,
  BPF_LINK_TYPE_KPROBE_MULTI, BPF_LINK_TYPE_STRUCT_OPS, BPF_LINK_TYPE_NETFILTER, BPF_LINK_TYPE_TCX,
  BPF_LINK_TYPE_UPROBE_MULTI, BPF_LINK_TYPE_NETKIT, BPF_LINK_TYPE_SOCKMAP, __MAX_BPF_LINK_TYPE };
enum bpf_cgroup_iter_order { BPF_CGROUP_ITER_ORDER_UNSPEC, BPF_CGROUP_ITER_SELF_ONLY,
  BPF_CGROUP_ITER_DESCENDANTS_PRE, BPF_CGROUP_ITER_DESCENDANTS_POST, BPF_CGROUP_ITER_ANCESTORS_UP };
enum bpf_map_type { BPF_MAP_TYPE_UNSPEC, BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_PROG_ARRAY,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_PERCPU_HASH, BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_STACK_TRACE,
  BPF_MAP_TYPE_CGROUP_ARRAY, BPF_MAP_TYPE_LRU_HASH, BPF_MAP_TYPE_LRU_PERCPU_HASH, BPF_MAP_TYPE_LPM_TRIE,
  BPF_MAP_TYPE_ARRAY_OF_MAPS, BPF_MAP_TYPE_HASH_OF_MAPS, BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_SOCKMAP,
  BPF_MAP_TYPE_CPUMAP, BPF_MAP_TYPE_XSKMAP, BPF_MAP_TYPE_SOCKHASH, BPF_MAP_TYPE_CGROUP_STORAGE_DEPRECATED,
  BPF_MAP_TYPE_CGROUP_STORAGE=19, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE_DEPRECATED,
  BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE=21, BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_STACK, BPF_MAP_TYPE_SK_STORAGE,
  BPF_MAP_TYPE_DEVMAP_HASH, BPF_MAP_TYPE_STRUCT_OPS, BPF_MAP_TYPE_RINGBUF, BPF_MAP_TYPE_INODE_STORAGE,
  BPF_MAP_TYPE_TASK_STORAGE, BPF_MAP_TYPE_BLOOM_FILTER, BPF_MAP_TYPE_USER_RINGBUF, BPF_MAP_TYPE_CGRP_STORAGE,
  BPF_MAP_TYPE_ARENA, __MAX_BPF_MAP_TYPE };
enum bpf_func_id { BPF_FUNC_unspec, BPF_FUNC_map_lookup_elem, BPF_FUNC_map_update_elem, BPF_FUNC_map_delete_elem,
  BPF_FUNC_probe_read, BPF_FUNC_ktime_get_ns, BPF_FUNC_trace_printk, BPF_FUNC_get_prandom_u32,
  BPF_FUNC_get_smp_processor_id, BPF_FUNC_skb_store_bytes, BPF_FUNC_l3_csum_replace, BPF_FUNC_l4_csum_replace,
  BPF_FUNC_tail_call, BPF_FUNC_clone_redirect, BPF_FUNC_get_current_pid_tgid, BPF_FUNC_get_current_uid_gid,
  BPF_FUNC_get_current_comm, BPF_FUNC_get_cgroup_classid, BPF_FUNC_skb_vlan_push, BPF_FUNC_skb_vlan_pop,
  BPF_FUNC_skb_get_tunnel_key, BPF_FUNC_skb_set_tunnel_key, BPF_FUNC_perf_event_read, BPF_FUNC_redirect,
  BPF_FUNC_get_route_realm, BPF_FUNC_perf_event_output, BPF_FUNC_skb_load_bytes, BPF_FUNC_get_stackid,
  BPF_FUNC_csum_diff, BPF_FUNC_skb_get_tunnel_opt, BPF_FUNC_skb_set_tunnel_opt, BPF_FUNC_skb_change_proto,
  BPF_FUNC_skb_change_type, BPF_FUNC_skb_under_cgroup, BPF_FUNC_get_hash_recalc, BPF_FUNC_get_current_task,
  BPF_FUNC_probe_write_user, BPF_FUNC_current_task_under_cgroup, BPF_FUNC_skb_change_tail, BPF_FUNC_skb_pull_data,
  BPF_FUNC_csum_update, BPF_FUNC_set_hash_invalid, BPF_FUNC_get_numa_node_id, BPF_FUNC_skb_change_head,
  BPF_FUNC_xdp_adjust_head, BPF_FUNC_probe_read_str, BPF_FUNC_get_socket_cookie, BPF_FUNC_get_socket_uid,
  BPF_FUNC_set_hash, BPF_FUNC_setsockopt, BPF_FUNC_skb_adjust_room, BPF_FUNC_redirect_map,
  BPF_FUNC_sk_redirect_map, BPF_FUNC_sock_map_update, BPF_FUNC_xdp_adjust_meta, BPF_FUNC_perf_event_read_value,
  BPF_FUNC_perf_prog_read_value, BPF_FUNC_getsockopt, BPF_FUNC_override_return, BPF_FUNC_sock_ops_cb_flags_set,
  BPF_FUNC_msg_redirect_map, BPF_FUNC_msg_apply_bytes, BPF_FUNC_msg_cork_bytes, BPF_FUNC_msg_pull_data,
  BPF_FUNC_bind, BPF_FUNC_xdp_adjust_tail, BPF_FUNC_skb_get_xfrm_state, BPF_FUNC_get_stack,
  BPF_FUNC_skb_load_bytes_relative, BPF_FUNC_fib_lookup, BPF_FUNC_sock_hash_update, BPF_FUNC_msg_redirect_hash,
  BPF_FUNC_sk_redirect_hash, BPF_FUNC_lwt_push_encap, BPF_FUNC_lwt_seg6_store_bytes, BPF_FUNC_lwt_seg6_adjust_srh,
  BPF_FUNC_lwt_seg6_action, BPF_FUNC_rc_repeat, BPF_FUNC_rc_keydown, BPF_FUNC_skb_cgroup_id,
  BPF_FUNC_get_current_cgroup_id, BPF_FUNC_get_local_storage, BPF_FUNC_sk_select_reuseport,
  BPF_FUNC_skb_ancestor_cgroup_id, BPF_FUNC_sk_lookup_tcp, BPF_FUNC_sk_lookup_udp, BPF_FUNC_sk_release,
  BPF_FUNC_map_push_elem, BPF_FUNC_map_pop_elem, BPF_FUNC_map_peek_elem, BPF_FUNC_msg_push_data,
  BPF_FUNC_msg_pop_data, BPF_FUNC_rc_pointer_rel, BPF_FUNC_spin_lock, BPF_FUNC_spin_unlock, BPF_FUNC_sk_fullsock,
  BPF_FUNC_tcp_sock, BPF_FUNC_skb_ecn_set_ce, BPF_FUNC_get_listener_sock, BPF_FUNC_skc_lookup_tcp,
  BPF_FUNC_tcp_check_syncookie, BPF_FUNC_sysctl_get_name, BPF_FUNC_sysctl_get_current_value,
  BPF_FUNC_sysctl_get_new_value, BPF_FUNC_sysctl_set_new_value, BPF_FUNC_strtol, BPF_FUNC_strtoul,
  BPF_FUNC_sk_storage_get, BPF_FUNC_sk_storage_delete, BPF_FUNC_send_signal, BPF_FUNC_tcp_gen_syncookie,
  BPF_FUNC_skb_output, BPF_FUNC_probe_read_user, BPF_FUNC_probe_read_kernel, BPF_FUNC_probe_read_user_str,
  BPF_FUNC_probe_read_kernel_str, BPF_FUNC_tcp_send_ack, BPF_FUNC_send_signal_thread, BPF_FUNC_jiffies64,
  BPF_FUNC_read_branch_records, BPF_FUNC_get_ns_current_pid_tgid, BPF_FUNC_xdp_output, BPF_FUNC_get_netns_cookie,
  BPF_FUNC_get_current_ancestor_cgroup_id, BPF_FUNC_sk_assign, BPF_FUNC_ktime_get_boot_ns, BPF_FUNC_seq_printf,
  BPF_FUNC_seq_write, BPF_FUNC_sk_cgroup_id, BPF_FUNC_sk_ancestor_cgroup_id, BPF_FUNC_ringbuf_output,
  BPF_FUNC_ringbuf_reserve, BPF_FUNC_ringbuf_submit, BPF_FUNC_ringbuf_discard, BPF_FUNC_ringbuf_query,
  BPF_FUNC_csum_level, BPF_FUNC_skc_to_tcp6_sock, BPF_FUNC_skc_to_tcp_sock, BPF_FUNC_skc_to_tcp_timewait_sock,
  BPF_FUNC_skc_to_tcp_request_sock, BPF_FUNC_skc_to_udp6_sock, BPF_FUNC_get_task_stack, BPF_FUNC_load_hdr_opt,
  BPF_FUNC_store_hdr_opt, BPF_FUNC_reserve_hdr_opt, BPF_FUNC_inode_storage_get, BPF_FUNC_inode_storage_delete,
  BPF_FUNC_d_path, BPF_FUNC_copy_from_user, BPF_FUNC_snprintf_btf, BPF_FUNC_seq_printf_btf,
  BPF_FUNC_skb_cgroup_classid, BPF_FUNC_redirect_neigh, BPF_FUNC_per_cpu_ptr, BPF_FUNC_this_cpu_ptr,
  BPF_FUNC_redirect_peer, BPF_FUNC_task_storage_get, BPF_FUNC_task_storage_delete, BPF_FUNC_get_current_task_btf,
  BPF_FUNC_bprm_opts_set, BPF_FUNC_ktime_get_coarse_ns, BPF_FUNC_ima_inode_hash, BPF_FUNC_sock_from_file,
  BPF_FUNC_check_mtu, BPF_FUNC_for_each_map_elem, BPF_FUNC_snprintf, BPF_FUNC_sys_bpf,
  BPF_FUNC_btf_find_by_name_kind, BPF_FUNC_sys_close, BPF_FUNC_timer_init, BPF_FUNC_timer_set_callback,
  BPF_FUNC_timer_start, BPF_FUNC_timer_cancel, BPF_FUNC_get_func_ip, BPF_FUNC_get_attach_cookie,
  BPF_FUNC_task_pt_regs, BPF_FUNC_get_branch_snapshot, BPF_FUNC_trace_vprintk, BPF_FUNC_skc_to_unix_sock,
  BPF_FUNC_kallsyms_lookup_name, BPF_FUNC_find_vma, BPF_FUNC_loop, BPF_FUNC_strncmp, BPF_FUNC_get_func_arg,
  BPF_FUNC_get_func_ret, BPF_FUNC_get_func_arg_cnt, BPF_FUNC_get_retval, BPF_FUNC_set_retval,
  BPF_FUNC_xdp_get_buff_len, BPF_FUNC_xdp_load_bytes, BPF_FUNC_xdp_store_bytes, BPF_FUNC_copy_from_user_task,
  BPF_FUNC_skb_set_tstamp, BPF_FUNC_ima_file_hash, BPF_FUNC_kptr_xchg, BPF_FUNC_map_lookup_percpu_elem,
  BPF_FUNC_skc_to_mptcp_sock, BPF_FUNC_dynptr_from_mem, BPF_FUNC_ringbuf_reserve_dynptr,
  BPF_FUNC_ringbuf_submit_dynptr, BPF_FUNC_ringbuf_discard_dynptr, BPF_FUNC_dynptr_read, BPF_FUNC_dynptr_write,
  BPF_FUNC_dynptr_data, BPF_FUNC_tcp_raw_gen_syncookie_ipv4, BPF_FUNC_tcp_raw_gen_syncookie_ipv6,
  BPF_FUNC_tcp_raw_check_syncookie_ipv4, BPF_FUNC_tcp_raw_check_syncookie_ipv6, BPF_FUNC_ktime_get_tai_ns,
  BPF_FUNC_user_ringbuf_drain, BPF_FUNC_cgrp_storage_get, BPF_FUNC_cgrp_storage_delete, __BPF_FUNC_MAX_ID };
enum bpf_cmd { BPF_MAP_CREATE, BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM,
  BPF_MAP_GET_NEXT_KEY, BPF_PROG_LOAD, BPF_OBJ_PIN, BPF_OBJ_GET, BPF_PROG_ATTACH, BPF_PROG_DETACH,
  BPF_PROG_TEST_RUN, BPF_PROG_RUN=10, BPF_PROG_GET_NEXT_ID, BPF_MAP_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID,
  BPF_MAP_GET_FD_BY_ID, BPF_OBJ_GET_INFO_BY_FD, BPF_PROG_QUERY, BPF_RAW_TRACEPOINT_OPEN, BPF_BTF_LOAD,
  BPF_BTF_GET_FD_BY_ID, BPF_TASK_FD_QUERY, BPF_MAP_LOOKUP_AND_DELETE_ELEM, BPF_MAP_FREEZE, BPF_BTF_GET_NEXT_ID,
  BPF_MAP_LOOKUP_BATCH, BPF_MAP_LOOKUP_AND_DELETE_BATCH, BPF_MAP_UPDATE_BATCH, BPF_MAP_DELETE_BATCH,
  BPF_LINK_CREATE, BPF_LINK_UPDATE, BPF_LINK_GET_FD_BY_ID, BPF_LINK_GET_NEXT_ID, BPF_ENABLE_STATS,
  BPF_ITER_CREATE, BPF_LINK_DETACH, BPF_PROG_BIND_MAP, BPF_TOKEN_CREATE, BPF_PROG_STREAM_READ_BY_FD, __MAX_BPF_CMD
  };
enum xdp_action { XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX, XDP_REDIRECT };
enum bpf_ret_code { BPF_OK, BPF_DROP=2, BPF_REDIRECT=7, BPF_LWT_REROUTE=128, BPF_FLOW_DISSECTOR_CONTINUE };
enum bpf_adj_room_mode { BPF_ADJ_ROOM_NET, BPF_ADJ_ROOM_MAC };
enum bpf_hdr_start_off { BPF_HDR_START_MAC, BPF_HDR_START_NET };
enum bpf_lwt_encap_mode { BPF_LWT_ENCAP_SEG6, BPF_LWT_ENCAP_SEG6_INLINE, BPF_LWT_ENCAP_IP };
enum bpf_stats_type { BPF_STATS_RUN_TIME };
enum bpf_task_fd_type { BPF_FD_TYPE_RAW_TRACEPOINT, BPF_FD_TYPE_TRACEPOINT, BPF_FD_TYPE_KPROBE,
  BPF_FD_TYPE_KRETPROBE, BPF_FD_TYPE_UPROBE, BPF_FD_TYPE_URETPROBE };
enum bpf_core_relo_kind { BPF_CORE_FIELD_BYTE_OFFSET, BPF_CORE_FIELD_BYTE_SIZE, BPF_CORE_FIELD_EXISTS,
  BPF_CORE_FIELD_SIGNED, BPF_CORE_FIELD_LSHIFT_U64, BPF_CORE_FIELD_RSHIFT_U64, BPF_CORE_TYPE_ID_LOCAL,
  BPF_CORE_TYPE_ID_TARGET, BPF_CORE_TYPE_EXISTS, BPF_CORE_TYPE_SIZE, BPF_CORE_ENUMVAL_EXISTS,
  BPF_CORE_ENUMVAL_VALUE, BPF_CORE_TYPE_MATCHES };
enum bpf_stack_build_id_status { BPF_STACK_BUILD_ID_EMPTY, BPF_STACK_BUILD_ID_VALID, BPF_STACK_BUILD_ID_IP };
enum bpf_check_mtu_flags { BPF_MTU_CHK_SEGS=1 };
enum bpf_check_mtu_ret { BPF_MTU_CHK_RET_SUCCESS, BPF_MTU_CHK_RET_FRAG_NEEDED, BPF_MTU_CHK_RET_SEGS_TOOBIG };
enum sock_type { SOCK_STREAM=1, SOCK_DGRAM, SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET, SOCK_DCCP, SOCK_PACKET=10 };
enum { TCP_ESTABLISHED=1, TCP_SYN_SENT, TCP_SYN_RECV, TCP_FIN_WAIT1, TCP_FIN_WAIT2, TCP_TIME_WAIT, TCP_CLOSE,
  TCP_CLOSE_WAIT, TCP_LAST_ACK, TCP_LISTEN, TCP_CLOSING, TCP_NEW_SYN_RECV, TCP_BOUND_INACTIVE, TCP_MAX_STATES };
enum { IPPROTO_IP, IPPROTO_ICMP, IPPROTO_IGMP, IPPROTO_IPIP=4, IPPROTO_TCP=6, IPPROTO_EGP=8, IPPROTO_PUP=12,
  IPPROTO_UDP=17, IPPROTO_IDP=22, IPPROTO_TP=29, IPPROTO_DCCP=33, IPPROTO_IPV6=41, IPPROTO_RSVP=46, IPPROTO_GRE,
  IPPROTO_ESP=50, IPPROTO_AH, IPPROTO_MTP=92, IPPROTO_BEETPH=94, IPPROTO_ENCAP=98, IPPROTO_PIM=103,
  IPPROTO_COMP=108, IPPROTO_L2TP=115, IPPROTO_SCTP=132, IPPROTO_UDPLITE=136, IPPROTO_MPLS, IPPROTO_ETHERNET=143,
  IPPROTO_AGGFRAG, IPPROTO_RAW=255, IPPROTO_SMC, IPPROTO_MPTCP=262, IPPROTO_MAX };
enum { BPF_ANY, BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK=4 };
enum : 8 { BPF_F_INDEX_MASK=4294967295, BPF_F_CURRENT_CPU=4294967295, BPF_F_CTXLEN_MASK=4503595332403200 };
enum { BPF_F_NO_PREALLOC=1, BPF_F_NO_COMMON_LRU, BPF_F_NUMA_NODE=4, BPF_F_RDONLY=8, BPF_F_WRONLY=16,
  BPF_F_STACK_BUILD_ID=32, BPF_F_ZERO_SEED=64, BPF_F_RDONLY_PROG=128, BPF_F_WRONLY_PROG=256, BPF_F_CLONE=512,
  BPF_F_MMAPABLE=1024, BPF_F_PRESERVE_ELEMS=2048, BPF_F_INNER_MAP=4096, BPF_F_LINK=8192, BPF_F_PATH_FD=16384,
  BPF_F_VTYPE_BTF_OBJ_FD=32768, BPF_F_TOKEN_FD=65536, BPF_F_SEGV_ON_FAULT=131072, BPF_F_NO_USER_CONV=262144 };
enum { BPF_F_INGRESS=1, BPF_F_BROADCAST=8, BPF_F_EXCLUDE_INGRESS=16 };
enum { BPF_F_ADJ_ROOM_FIXED_GSO=1, BPF_F_ADJ_ROOM_ENCAP_L3_IPV4, BPF_F_ADJ_ROOM_ENCAP_L3_IPV6=4,
  BPF_F_ADJ_ROOM_ENCAP_L4_GRE=8, BPF_F_ADJ_ROOM_ENCAP_L4_UDP=16, BPF_F_ADJ_ROOM_NO_CSUM_RESET=32,
  BPF_F_ADJ_ROOM_ENCAP_L2_ETH=64, BPF_F_ADJ_ROOM_DECAP_L3_IPV4=128, BPF_F_ADJ_ROOM_DECAP_L3_IPV6=256 };
enum { BPF_F_RECOMPUTE_CSUM=1, BPF_F_INVALIDATE_HASH };
enum { BPF_F_TIMER_ABS=1, BPF_F_TIMER_CPU_PIN };
enum { BPF_LOCAL_STORAGE_GET_F_CREATE=1, BPF_SK_STORAGE_GET_F_CREATE=1 };
enum { BPF_RB_NO_WAKEUP=1, BPF_RB_FORCE_WAKEUP };
enum { BPF_RB_AVAIL_DATA, BPF_RB_RING_SIZE, BPF_RB_CONS_POS, BPF_RB_PROD_POS };
enum { BPF_SOCK_OPS_VOID, BPF_SOCK_OPS_TIMEOUT_INIT, BPF_SOCK_OPS_RWND_INIT, BPF_SOCK_OPS_TCP_CONNECT_CB,
  BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB, BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB, BPF_SOCK_OPS_NEEDS_ECN,
  BPF_SOCK_OPS_BASE_RTT, BPF_SOCK_OPS_RTO_CB, BPF_SOCK_OPS_RETRANS_CB, BPF_SOCK_OPS_STATE_CB,
  BPF_SOCK_OPS_TCP_LISTEN_CB, BPF_SOCK_OPS_RTT_CB, BPF_SOCK_OPS_PARSE_HDR_OPT_CB, BPF_SOCK_OPS_HDR_OPT_LEN_CB,
  BPF_SOCK_OPS_WRITE_HDR_OPT_CB, BPF_SOCK_OPS_TSTAMP_SCHED_CB, BPF_SOCK_OPS_TSTAMP_SND_SW_CB,
  BPF_SOCK_OPS_TSTAMP_SND_HW_CB, BPF_SOCK_OPS_TSTAMP_ACK_CB, BPF_SOCK_OPS_TSTAMP_SENDMSG_CB };
enum { BPF_SOCK_OPS_RTO_CB_FLAG=1, BPF_SOCK_OPS_RETRANS_CB_FLAG, BPF_SOCK_OPS_STATE_CB_FLAG=4,
  BPF_SOCK_OPS_RTT_CB_FLAG=8, BPF_SOCK_OPS_PARSE_ALL_HDR_OPT_CB_FLAG=16,
  BPF_SOCK_OPS_PARSE_UNKNOWN_HDR_OPT_CB_FLAG=32, BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG=64,
  BPF_SOCK_OPS_ALL_CB_FLAGS=127 };
enum { BPF_TCP_ESTABLISHED=1, BPF_TCP_SYN_SENT, BPF_TCP_SYN_RECV, BPF_TCP_FIN_WAIT1, BPF_TCP_FIN_WAIT2,
  BPF_TCP_TIME_WAIT, BPF_TCP_CLOSE, BPF_TCP_CLOSE_WAIT, BPF_TCP_LAST_ACK, BPF_TCP_LISTEN, BPF_TCP_CLOSING,
  BPF_TCP_NEW_SYN_RECV, BPF_TCP_BOUND_INACTIVE, BPF_TCP_MAX_STATES };
enum { TCP_BPF_IW=1001, TCP_BPF_SNDCWND_CLAMP, TCP_BPF_DELACK_MAX, TCP_BPF_RTO_MIN, TCP_BPF_SYN, TCP_BPF_SYN_IP,
  TCP_BPF_SYN_MAC, TCP_BPF_SOCK_OPS_CB_FLAGS, SK_BPF_CB_FLAGS };
enum { BPF_FIB_LOOKUP_DIRECT=1, BPF_FIB_LOOKUP_OUTPUT, BPF_FIB_LOOKUP_SKIP_NEIGH=4, BPF_FIB_LOOKUP_TBID=8,
  BPF_FIB_LOOKUP_SRC=16, BPF_FIB_LOOKUP_MARK=32 };
enum { BPF_FIB_LKUP_RET_SUCCESS, BPF_FIB_LKUP_RET_BLACKHOLE, BPF_FIB_LKUP_RET_UNREACHABLE,
  BPF_FIB_LKUP_RET_PROHIBIT, BPF_FIB_LKUP_RET_NOT_FWDED, BPF_FIB_LKUP_RET_FWD_DISABLED,
  BPF_FIB_LKUP_RET_UNSUPP_LWT, BPF_FIB_LKUP_RET_NO_NEIGH, BPF_FIB_LKUP_RET_FRAG_NEEDED,
  BPF_FIB_LKUP_RET_NO_SRC_ADDR };
enum { BPF_FLOW_DISSECTOR_F_PARSE_1ST_FRAG=1, BPF_FLOW_DISSECTOR_F_STOP_AT_FLOW_LABEL,
  BPF_FLOW_DISSECTOR_F_STOP_AT_ENCAP=4 };
enum { BPF_F_SKIP_FIELD_MASK=255, BPF_F_USER_STACK, BPF_F_FAST_STACK_CMP=512, BPF_F_REUSE_STACKID=1024,
  BPF_F_USER_BUILD_ID=2048 };
enum { BPF_F_ZERO_CSUM_TX=2, BPF_F_DONT_FRAGMENT=4, BPF_F_SEQ_NUMBER=8, BPF_F_NO_TUNNEL_KEY=16 };
enum { BPF_F_PSEUDO_HDR=16, BPF_F_MARK_MANGLED_0=32, BPF_F_MARK_ENFORCE=64, BPF_F_IPV6=128 };
enum { BPF_CSUM_LEVEL_QUERY, BPF_CSUM_LEVEL_INC, BPF_CSUM_LEVEL_DEC, BPF_CSUM_LEVEL_RESET };
enum { BPF_SKB_TSTAMP_UNSPEC, BPF_SKB_TSTAMP_DELIVERY_MONO, BPF_SKB_CLOCK_REALTIME=0, BPF_SKB_CLOCK_MONOTONIC,
  BPF_SKB_CLOCK_TAI };
enum { BPF_F_SYSCTL_BASE_NAME=1 };
enum { BPF_F_GET_BRANCH_RECORDS_SIZE=1 };
enum { BPF_LOAD_HDR_OPT_TCP_SYN=1 };
enum { BPF_F_BPRM_SECUREEXEC=1 };
enum { BTF_F_COMPACT=1, BTF_F_NONAME, BTF_F_PTR_RAW=4, BTF_F_ZERO=8 };
enum { TCPF_ESTABLISHED=2, TCPF_SYN_SENT=4, TCPF_SYN_RECV=8, TCPF_FIN_WAIT1=16, TCPF_FIN_WAIT2=32,
  TCPF_TIME_WAIT=64, TCPF_CLOSE=128, TCPF_CLOSE_WAIT=256, TCPF_LAST_ACK=512, TCPF_LISTEN=1024, TCPF_CLOSING=2048,
  TCPF_NEW_SYN_RECV=4096, TCPF_BOUND_INACTIVE=8192 };
enum nf_inet_hooks { NF_INET_PRE_ROUTING, NF_INET_LOCAL_IN, NF_INET_FORWARD, NF_INET_LOCAL_OUT,
  NF_INET_POST_ROUTING, NF_INET_NUMHOOKS, NF_INET_INGRESS=5 };
enum { BPF_SK_LOOKUP_F_REPLACE=1, BPF_SK_LOOKUP_F_NO_REUSEPORT };
enum { BPF_F_KPROBE_MULTI_RETURN=1 };
enum { BPF_F_UPROBE_MULTI_RETURN=1 };
enum bpf_kfunc_flags { BPF_F_PAD_ZEROS=1 };
enum perf_hw_id { PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_HW_INSTRUCTIONS, PERF_COUNT_HW_CACHE_REFERENCES,
  PERF_COUNT_HW_CACHE_MISSES, PERF_COUNT_HW_BRANCH_INSTRUCTIONS, PERF_COUNT_HW_BRANCH_MISSES,
  PERF_COUNT_HW_BUS_CYCLES, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND, PERF_COUNT_HW_STALLED_CYCLES_BACKEND,
  PERF_COUNT_HW_REF_CPU_CYCLES, PERF_COUNT_HW_MAX };
union bpf_attr { struct { __u32 map_type, key_size, value_size, max_entries, map_flags, inner_map_fd, numa_node;
  char map_name[16]; __u32 map_ifindex, btf_fd, btf_key_type_id, btf_value_type_id, btf_vmlinux_value_type_id;
  __u64 map_extra; __s32 value_type_btf_obj_fd, map_token_fd; __u64 excl_prog_hash; __u32 excl_prog_hash_size; };
  struct { __u32 map_fd; __u64 key; union { __u64 value, next_key; }; __u64 flags; }; struct { __u64 in_batch,
  out_batch, keys, values; __u32 count, map_fd; __u64 elem_flags, flags; } batch; struct { __u32 prog_type,
  insn_cnt; __u64 insns, license; __u32 log_level, log_size; __u64 log_buf; __u32 kern_version, prog_flags; char
  prog_name[16]; __u32 prog_ifindex, expected_attach_type, prog_btf_fd, func_info_rec_size; __u64 func_info; __u32
  func_info_cnt, line_info_rec_size; __u64 line_info; __u32 line_info_cnt, attach_btf_id; union { __u32
  attach_prog_fd, attach_btf_obj_fd; }; __u32 core_relo_cnt; __u64 fd_array, core_relos; __u32 core_relo_rec_size,
  log_true_size; __s32 prog_token_fd; __u32 fd_array_cnt; __u64 signature; __u32 signature_size; __s32 keyring_id;
  }; struct { __u64 pathname; __u32 bpf_fd, file_flags; __s32 path_fd; }; struct { union { __u32 target_fd,
  target_ifindex; }; __u32 attach_bpf_fd, attach_type, attach_flags, replace_bpf_fd; union { __u32 relative_fd,
  relative_id; }; __u64 expected_revision; }; struct { __u32 prog_fd, retval, data_size_in, data_size_out; __u64
  data_in, data_out; __u32 repeat, duration, ctx_size_in, ctx_size_out; __u64 ctx_in, ctx_out; __u32 flags, cpu,
  batch_size; } test; struct { union { __u32 start_id, prog_id, map_id, btf_id, link_id; }; __u32 next_id,
  open_flags; __s32 fd_by_id_token_fd; }; struct { __u32 bpf_fd, info_len; __u64 info; } info; struct { union {
  __u32 target_fd, target_ifindex; }; __u32 attach_type, query_flags, attach_flags; __u64 prog_ids; union { __u32
  prog_cnt, count; }; __u64 prog_attach_flags, link_ids, link_attach_flags, revision; } query; struct { __u64
  name; __u32 prog_fd; __u64 cookie; } raw_tracepoint; struct { __u64 btf, btf_log_buf; __u32 btf_size,
  btf_log_size, btf_log_level, btf_log_true_size, btf_flags; __s32 btf_token_fd; }; struct { __u32 pid, fd, flags,
  buf_len; __u64 buf; __u32 prog_id, fd_type; __u64 probe_offset, probe_addr; } task_fd_query; struct { union {
  __u32 prog_fd, map_fd; }; union { __u32 target_fd, target_ifindex; }; __u32 attach_type, flags; union { __u32
  target_btf_id; struct { __u64 iter_info; __u32 iter_info_len; }; struct { __u64 bpf_cookie; } perf_event; struct
  { __u32 flags, cnt; __u64 syms, addrs, cookies; } kprobe_multi; struct { __u32 target_btf_id; __u64 cookie; }
  tracing; struct { __u32 pf, hooknum; __s32 priority; __u32 flags; } netfilter; struct { union { __u32
  relative_fd, relative_id; }; __u64 expected_revision; } tcx; struct { __u64 path, offsets, ref_ctr_offsets,
  cookies; __u32 cnt, flags, pid; } uprobe_multi; struct { union { __u32 relative_fd, relative_id; }; __u64
  expected_revision; } netkit; struct { union { __u32 relative_fd, relative_id; }; __u64 expected_revision; }
  cgroup; }; } link_create; struct { __u32 link_fd; union { __u32 new_prog_fd, new_map_fd; }; __u32 flags; union {
  __u32 old_prog_fd, old_map_fd; }; } link_update; struct { __u32 link_fd; } link_detach; struct { __u32 type; }
  enable_stats; struct { __u32 link_fd, flags; } iter_create; struct { __u32 prog_fd, map_fd, flags; }
  prog_bind_map; struct { __u32 flags, bpffs_fd; } token_create; struct { __u64 stream_buf; __u32 stream_buf_len,
  stream_id, prog_fd; } prog_stream_read; };
struct bpf_insn { __u8 code, dst_reg:4, src_reg:4; __s16 off; __s32 imm; };
struct btf_type { __u32 name_off, info; union { __u32 size, type; }; };
struct rlimit { __kernel_ulong_t rlim_cur, rlim_max; };
struct sockaddr { sa_family_t sa_family; union { char sa_data_min[14]; struct { struct {  } __empty_sa_data; char
  sa_data[0]; }; }; };
struct msghdr { void *msg_name; int msg_namelen, msg_inq; struct iov_iter msg_iter; union { void *msg_control;
  void *msg_control_user; }; bool msg_control_is_user:1, msg_get_inq:1; unsigned int msg_flags; __kernel_size_t
  msg_controllen; struct kiocb *msg_iocb; struct ubuf_info *msg_ubuf; int (*sg_from_iter)(struct sk_buff *, struct
  iov_iter *, size_t); };
struct iov_iter { u8 iter_type; bool nofault, data_source; size_t iov_offset; union { struct iovec __ubuf_iovec;
  struct { union { const struct iovec *__iov; const struct kvec *kvec; const struct bio_vec *bvec; const struct
  folio_queue *folioq; struct xarray *xarray; void *ubuf; }; size_t count; }; }; union { unsigned long nr_segs; u8
  folioq_slot; loff_t xarray_start; }; };
struct iovec { void *iov_base; __kernel_size_t iov_len; };
struct in6_addr { union { __u8 u6_addr8[16]; __be16 u6_addr16[8]; __be32 u6_addr32[4]; } in6_u; };
struct bpf_link_info { __u32 type, id, prog_id; union { struct { __u64 tp_name; __u32 tp_name_len; __u64 cookie; }
  raw_tracepoint; struct { __u32 attach_type, target_obj_id, target_btf_id; __u64 cookie; } tracing; struct {
  __u64 cgroup_id; __u32 attach_type; } cgroup; struct { __u64 target_name; __u32 target_name_len; union { struct
  { __u32 map_id; } map; }; union { struct { __u64 cgroup_id; __u32 order; } cgroup; struct { __u32 tid, pid; }
  task; }; } iter; struct { __u32 netns_ino, attach_type; } netns; struct { __u32 ifindex; } xdp; struct { __u32
  map_id; } struct_ops; struct { __u32 pf, hooknum; __s32 priority; __u32 flags; } netfilter; struct { __u64
  addrs; __u32 count, flags; __u64 missed, cookies; } kprobe_multi; struct { __u64 path, offsets, ref_ctr_offsets,
  cookies; __u32 path_size, count, flags, pid; } uprobe_multi; struct { __u32 type; union { struct { __u64
  file_name; __u32 name_len, offset; __u64 cookie, ref_ctr_offset; } uprobe; struct { __u64 func_name; __u32
  name_len, offset; __u64 addr, missed, cookie; } kprobe; struct { __u64 tp_name; __u32 name_len; __u64 cookie; }
  tracepoint; struct { __u64 config; __u32 type; __u64 cookie; } event; }; } perf_event; struct { __u32 ifindex,
  attach_type; } tcx; struct { __u32 ifindex, attach_type; } netkit; struct { __u32 map_id, attach_type; }
  sockmap; }; };
struct __kernel_timespec { __kernel_time64_t tv_sec; long long tv_nsec; };
struct new_utsname { char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65]; };
struct sigaction { __sighandler_t sa_handler; unsigned long sa_flags; __sigrestore_t sa_restorer; sigset_t
  sa_mask; };
struct kernel_siginfo { struct { int si_signo, si_errno, si_code; union __sifields _sifields; }; };
struct perf_event_attr { __u32 type, size; __u64 config; union { __u64 sample_period, sample_freq; }; __u64
  sample_type, read_format, disabled:1, inherit:1, pinned:1, exclusive:1, exclude_user:1, exclude_kernel:1,
  exclude_hv:1, exclude_idle:1, mmap:1, comm:1, freq:1, inherit_stat:1, enable_on_exec:1, task:1, watermark:1,
  precise_ip:2, mmap_data:1, sample_id_all:1, exclude_host:1, exclude_guest:1, exclude_callchain_kernel:1,
  exclude_callchain_user:1, mmap2:1, comm_exec:1, use_clockid:1, context_switch:1, write_backward:1, namespaces:1,
  ksymbol:1, bpf_event:1, aux_output:1, cgroup:1, text_poke:1, build_id:1, inherit_thread:1, remove_on_exec:1,
  sigtrap:1, __reserved_1:26; union { __u32 wakeup_events, wakeup_watermark; }; __u32 bp_type; union { __u64
  bp_addr, kprobe_func, uprobe_path, config1; }; union { __u64 bp_len, kprobe_addr, probe_offset, config2; };
  __u64 branch_sample_type, sample_regs_user; __u32 sample_stack_user; __s32 clockid; __u64 sample_regs_intr;
  __u32 aux_watermark; __u16 sample_max_stack, __reserved_2; __u32 aux_sample_size; union { __u32 aux_action;
  struct { __u32 aux_start_paused:1, aux_pause:1, aux_resume:1, __reserved_3:29; }; }; __u64 sig_data, config3; };
struct pt_regs { unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip;
  union { u16 cs; u64 csx; struct fred_cs fred_cs; }; unsigned long flags, sp; union { u16 ss; u64 ssx; struct
  fred_ss fred_ss; }; };
struct fred_cs { u64 cs:16, sl:2, wfe:1; };
struct bpf_func_info { __u32 insn_off, type_id; };
struct bpf_line_info { __u32 insn_off, file_name_off, line_off, line_col; };
struct bpf_cgroup_storage_key { __u64 cgroup_inode_id; __u32 attach_type; };
struct __sk_buff { __u32 len, pkt_type, mark, queue_mapping, protocol, vlan_present, vlan_tci, vlan_proto,
  priority, ingress_ifindex, ifindex, tc_index, cb[5], hash, tc_classid, data, data_end, napi_id, family,
  remote_ip4, local_ip4, remote_ip6[4], local_ip6[4], remote_port, local_port, data_meta; union { struct
  bpf_flow_keys *flow_keys; }; __u64 tstamp; __u32 wire_len, gso_segs; union { struct bpf_sock *sk; }; __u32
  gso_size; __u8 tstamp_type; __u64 hwtstamp; };
struct bpf_flow_keys { __u16 nhoff, thoff, addr_proto; __u8 is_frag, is_first_frag, is_encap, ip_proto; __be16
  n_proto, sport, dport; union { struct { __be32 ipv4_src, ipv4_dst; }; struct { __u32 ipv6_src[4], ipv6_dst[4];
  }; }; __u32 flags; __be32 flow_label; };
struct bpf_sock { __u32 bound_dev_if, family, type, protocol, mark, priority, src_ip4, src_ip6[4], src_port;
  __be16 dst_port; __u32 dst_ip4, dst_ip6[4], state; __s32 rx_queue_mapping; };
struct xdp_md { __u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };
struct bpf_sock_tuple { union { struct { __be32 saddr, daddr; __be16 sport, dport; } ipv4; struct { __be32
  saddr[4], daddr[4]; __be16 sport, dport; } ipv6; }; };
struct bpf_sock_addr { __u32 user_family, user_ip4, user_ip6[4], user_port, family, type, protocol, msg_src_ip4,
  msg_src_ip6[4]; union { struct bpf_sock *sk; }; };
struct bpf_sock_ops { __u32 op; union { __u32 args[4], reply, replylong[4]; }; __u32 family, remote_ip4,
  local_ip4, remote_ip6[4], local_ip6[4], remote_port, local_port, is_fullsock, snd_cwnd, srtt_us,
  bpf_sock_ops_cb_flags, state, rtt_min, snd_ssthresh, rcv_nxt, snd_nxt, snd_una, mss_cache, ecn_flags,
  rate_delivered, rate_interval_us, packets_out, retrans_out, total_retrans, segs_in, data_segs_in, segs_out,
  data_segs_out, lost_out, sacked_out, sk_txhash; __u64 bytes_received, bytes_acked; union { struct bpf_sock *sk;
  }; union { void *skb_data; }; union { void *skb_data_end; }; __u32 skb_len, skb_tcp_flags; __u64 skb_hwtstamp;
  };
struct bpf_sockopt { union { struct bpf_sock *sk; }; union { void *optval; }; union { void *optval_end; }; __s32
  level, optname, optlen, retval; };
struct bpf_sysctl { __u32 write, file_pos; };
struct bpf_cgroup_dev_ctx { __u32 access_type, major, minor; };
struct bpf_perf_event_data { bpf_user_pt_regs_t regs; __u64 sample_period, addr; };
struct bpf_raw_tracepoint_args { __u64 args[0]; };
struct sk_msg_md { union { void *data; }; union { void *data_end; }; __u32 family, remote_ip4, local_ip4,
  remote_ip6[4], local_ip6[4], remote_port, local_port, size; union { struct bpf_sock *sk; }; };
struct sk_reuseport_md { union { void *data; }; union { void *data_end; }; __u32 len, eth_protocol, ip_protocol,
  bind_inany, hash; union { struct bpf_sock *sk; }; union { struct bpf_sock *migrating_sk; }; };
struct bpf_sk_lookup { union { union { struct bpf_sock *sk; }; __u64 cookie; }; __u32 family, protocol,
  remote_ip4, remote_ip6[4]; __be16 remote_port; __u32 local_ip4, local_ip6[4], local_port, ingress_ifindex; };
struct bpf_pidns_info { __u32 pid, tgid; };
struct bpf_fib_lookup { __u8 family, l4_protocol; __be16 sport, dport; union { __u16 tot_len, mtu_result; }; __u32
  ifindex; union { __u8 tos; __be32 flowinfo; __u32 rt_metric; }; union { __be32 ipv4_src; __u32 ipv6_src[4]; };
  union { __be32 ipv4_dst; __u32 ipv6_dst[4]; }; union { struct { __be16 h_vlan_proto, h_vlan_TCI; }; __u32 tbid;
  }; union { struct { __u32 mark; }; struct { __u8 smac[6], dmac[6]; }; }; };
struct bpf_redir_neigh { __u32 nh_family; union { __be32 ipv4_nh; __u32 ipv6_nh[4]; }; };
struct bpf_tunnel_key { __u32 tunnel_id; union { __u32 remote_ipv4, remote_ipv6[4]; }; __u8 tunnel_tos,
  tunnel_ttl; union { __u16 tunnel_ext; __be16 tunnel_flags; }; __u32 tunnel_label; union { __u32 local_ipv4,
  local_ipv6[4]; }; };
struct bpf_xfrm_state { __u32 reqid, spi; __u16 family, ext; union { __u32 remote_ipv4, remote_ipv6[4]; }; };
struct bpf_tcp_sock { __u32 snd_cwnd, srtt_us, rtt_min, snd_ssthresh, rcv_nxt, snd_nxt, snd_una, mss_cache,
  ecn_flags, rate_delivered, rate_interval_us, packets_out, retrans_out, total_retrans, segs_in, data_segs_in,
  segs_out, data_segs_out, lost_out, sacked_out; __u64 bytes_received, bytes_acked; __u32 dsack_dups, delivered,
  delivered_ce, icsk_retransmits; };
struct bpf_perf_event_value { __u64 counter, enabled, running; };
struct bpf_spin_lock { __u32 val; };
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
struct bpf_res_spin_lock { u32 val; };
struct bpf_stack_build_id { __s32 status; unsigned char build_id[20]; union { __u64 offset, ip; }; };
struct bpf_map_info { __u32 type, id, key_size, value_size, max_entries, map_flags; char name[16]; __u32 ifindex,
  btf_vmlinux_value_type_id; __u64 netns_dev, netns_ino; __u32 btf_id, btf_key_type_id, btf_value_type_id,
  btf_vmlinux_id; __u64 map_extra, hash; __u32 hash_size; };
struct bpf_prog_info { __u32 type, id; __u8 tag[8]; __u32 jited_prog_len, xlated_prog_len; __u64 jited_prog_insns,
  xlated_prog_insns, load_time; __u32 created_by_uid, nr_map_ids; __u64 map_ids; char name[16]; __u32 ifindex,
  gpl_compatible:1; __u64 netns_dev, netns_ino; __u32 nr_jited_ksyms, nr_jited_func_lens; __u64 jited_ksyms,
  jited_func_lens; __u32 btf_id, func_info_rec_size; __u64 func_info; __u32 nr_func_info, nr_line_info; __u64
  line_info, jited_line_info; __u32 nr_jited_line_info, line_info_rec_size, jited_line_info_rec_size,
  nr_prog_tags; __u64 prog_tags, run_time_ns, run_cnt, recursion_misses; __u32 verified_insns, attach_btf_obj_id,
  attach_btf_id; };
struct bpf_btf_info { __u64 btf; __u32 btf_size, id; __u64 name; __u32 name_len, kernel_btf; };
struct bpf_lpm_trie_key_hdr { __u32 prefixlen; };
struct bpf_devmap_val { __u32 ifindex; union { int fd; __u32 id; } bpf_prog; };
struct bpf_cpumap_val { __u32 qsize; union { int fd; __u32 id; } bpf_prog; };
struct btf_ptr { void *ptr; __u32 type_id, flags; };
struct iphdr { __u8 ihl:4, version:4, tos; __be16 tot_len, id, frag_off; __u8 ttl, protocol; __sum16 check; union
  { struct { __be32 saddr, daddr; }; struct { __be32 saddr, daddr; } addrs; }; };
struct ipv6hdr { __u8 priority:4, version:4, flow_lbl[3]; __be16 payload_len; __u8 nexthdr, hop_limit; union {
  struct { struct in6_addr saddr, daddr; }; struct { struct in6_addr saddr, daddr; } addrs; }; };
struct tcphdr { __be16 source, dest; __be32 seq, ack_seq; __u16 ae:1, res1:3, doff:4, fin:1, syn:1, rst:1, psh:1,
  ack:1, urg:1, ece:1, cwr:1; __be16 window; __sum16 check; __be16 urg_ptr; };
struct udphdr { __be16 source, dest, len; __sum16 check; };
struct icmphdr { __u8 type, code; __sum16 checksum; union { struct { __be16 id, sequence; } echo; __be32 gateway;
  struct { __be16 __unused, mtu; } frag; __u8 reserved[4]; } un; };
struct icmp6hdr { __u8 icmp6_type, icmp6_code; __sum16 icmp6_cksum; union { __be32 un_data32[1]; __be16
  un_data16[2]; __u8 un_data8[4]; struct icmpv6_echo u_echo; struct icmpv6_nd_advt u_nd_advt; struct icmpv6_nd_ra
  u_nd_ra; } icmp6_dataun; };
struct icmpv6_echo { __be16 identifier, sequence; };
struct icmpv6_nd_advt { __u32 reserved:5, override:1, solicited:1, router:1, reserved2:24; };
struct ethhdr { unsigned char h_dest[6], h_source[6]; __be16 h_proto; };
struct arphdr { __be16 ar_hrd, ar_pro; unsigned char ar_hln, ar_pln; __be16 ar_op; };
struct vlan_hdr { __be16 h_vlan_TCI, h_vlan_encapsulated_proto; };
struct vlan_ethhdr { union { struct { unsigned char h_dest[6], h_source[6]; }; struct { unsigned char h_dest[6],
  h_source[6]; } addrs; }; __be16 h_vlan_proto, h_vlan_TCI, h_vlan_encapsulated_proto; };
struct in_addr { __be32 s_addr; };
struct sockaddr_in { __kernel_sa_family_t sin_family; __be16 sin_port; struct in_addr sin_addr; unsigned char
  __pad[8]; };
struct sockaddr_in6 { unsigned short sin6_family; __be16 sin6_port; __be32 sin6_flowinfo; struct in6_addr
  sin6_addr; __u32 sin6_scope_id; };
struct sockaddr_un { __kernel_sa_family_t sun_family; char sun_path[108]; };
struct __kernel_sockaddr_storage { union { struct { __kernel_sa_family_t ss_family; char __data[126]; }; void
  *__align; }; };
struct user_msghdr { void *msg_name; int msg_namelen; struct iovec *msg_iov; __kernel_size_t msg_iovlen; void
  *msg_control; __kernel_size_t msg_controllen; unsigned int msg_flags; };
struct cmsghdr { __kernel_size_t cmsg_len; int cmsg_level, cmsg_type; };
struct ip_options { __be32 faddr, nexthop; unsigned char optlen, srr, rr, ts, is_strictroute:1, srr_is_hit:1,
  is_changed:1, rr_needaddr:1, ts_needtime:1, ts_needaddr:1, router_alert, cipso, __pad2, __data[0]; };
struct ipv6_opt_hdr { __u8 nexthdr, hdrlen; };
struct frag_hdr { __u8 nexthdr, reserved; __be16 frag_off; __be32 identification; };
struct inet_diag_sockid { __be16 idiag_sport, idiag_dport; __be32 idiag_src[4], idiag_dst[4]; __u32 idiag_if,
  idiag_cookie[2]; };
struct siginfo { union { struct { int si_signo, si_errno, si_code; union __sifields _sifields; }; int _si_pad[32];
  }; };
struct stat { __kernel_ulong_t st_dev, st_ino, st_nlink; unsigned int st_mode, st_uid, st_gid, __pad0;
  __kernel_ulong_t st_rdev; __kernel_long_t st_size, st_blksize, st_blocks; __kernel_ulong_t st_atime,
  st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec; __kernel_long_t __unused[3]; };
struct statx { __u32 stx_mask, stx_blksize; __u64 stx_attributes; __u32 stx_nlink, stx_uid, stx_gid; __u16
  stx_mode, __spare0[1]; __u64 stx_ino, stx_size, stx_blocks, stx_attributes_mask; struct statx_timestamp
  stx_atime, stx_btime, stx_ctime, stx_mtime; __u32 stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
  __u64 stx_mnt_id; __u32 stx_dio_mem_align, stx_dio_offset_align; __u64 stx_subvol; __u32
  stx_atomic_write_unit_min, stx_atomic_write_unit_max, stx_atomic_write_segments_max, stx_dio_read_offset_align,
  stx_atomic_write_unit_max_opt, __spare2[1]; __u64 __spare3[8]; };
struct statx_timestamp { __s64 tv_sec; __u32 tv_nsec; __s32 __reserved; };
struct sysinfo { __kernel_long_t uptime; __kernel_ulong_t loads[3], totalram, freeram, sharedram, bufferram,
  totalswap, freeswap; __u16 procs, pad; __kernel_ulong_t totalhigh, freehigh; __u32 mem_unit; char _f[0]; };
struct ucred { __u32 pid, uid, gid; };
struct linger { int l_onoff, l_linger; };
struct epoll_event : 12 { __poll_t events; @4 __u64 data; };
struct open_how { __u64 flags, mode, resolve; };
struct clone_args { __u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
  set_tid_size, cgroup; };
struct rusage { struct __kernel_old_timeval ru_utime, ru_stime; __kernel_long_t ru_maxrss, ru_ixrss, ru_idrss,
  ru_isrss, ru_minflt, ru_majflt, ru_nswap, ru_inblock, ru_oublock, ru_msgsnd, ru_msgrcv, ru_nsignals, ru_nvcsw,
  ru_nivcsw; };
struct __kernel_old_timeval { __kernel_long_t tv_sec, tv_usec; };
struct tcp_info { __u8 tcpi_state, tcpi_ca_state, tcpi_retransmits, tcpi_probes, tcpi_backoff, tcpi_options,
  tcpi_snd_wscale:4, tcpi_rcv_wscale:4, tcpi_delivery_rate_app_limited:1, tcpi_fastopen_client_fail:2; __u32
  tcpi_rto, tcpi_ato, tcpi_snd_mss, tcpi_rcv_mss, tcpi_unacked, tcpi_sacked, tcpi_lost, tcpi_retrans,
  tcpi_fackets, tcpi_last_data_sent, tcpi_last_ack_sent, tcpi_last_data_recv, tcpi_last_ack_recv, tcpi_pmtu,
  tcpi_rcv_ssthresh, tcpi_rtt, tcpi_rttvar, tcpi_snd_ssthresh, tcpi_snd_cwnd, tcpi_advmss, tcpi_reordering,
  tcpi_rcv_rtt, tcpi_rcv_space, tcpi_total_retrans; __u64 tcpi_pacing_rate, tcpi_max_pacing_rate,
  tcpi_bytes_acked, tcpi_bytes_received; __u32 tcpi_segs_out, tcpi_segs_in, tcpi_notsent_bytes, tcpi_min_rtt,
  tcpi_data_segs_in, tcpi_data_segs_out; __u64 tcpi_delivery_rate, tcpi_busy_time, tcpi_rwnd_limited,
  tcpi_sndbuf_limited; __u32 tcpi_delivered, tcpi_delivered_ce; __u64 tcpi_bytes_sent, tcpi_bytes_retrans; __u32
  tcpi_dsack_dups, tcpi_reord_seen, tcpi_rcv_ooopack, tcpi_snd_wnd, tcpi_rcv_wnd, tcpi_rehash; __u16
  tcpi_total_rto, tcpi_total_rto_recoveries; __u32 tcpi_total_rto_time, tcpi_received_ce, tcpi_delivered_e1_bytes,
  tcpi_delivered_e0_bytes, tcpi_delivered_ce_bytes, tcpi_received_e1_bytes, tcpi_received_e0_bytes,
  tcpi_received_ce_bytes; __u16 tcpi_accecn_fail_mode, tcpi_accecn_opt_seen; };
`;
