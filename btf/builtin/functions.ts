/**
 * Functions that programs attach to (with fentry and fexit, or as probes), and per-CPU variables that they read.
 */
export const FUNCTIONS = `
typedef __kernel_rwf_t rwf_t; typedef int __kernel_rwf_t; typedef enum gro_result gro_result_t;
typedef sockptr_t bpfptr_t;
enum gro_result { GRO_MERGED, GRO_MERGED_FREE, GRO_HELD, GRO_NORMAL, GRO_CONSUMED };
enum cgroup_bpf_attach_type { CGROUP_BPF_ATTACH_TYPE_INVALID=-1, CGROUP_INET_INGRESS, CGROUP_INET_EGRESS,
  CGROUP_INET_SOCK_CREATE, CGROUP_SOCK_OPS, CGROUP_DEVICE, CGROUP_INET4_BIND, CGROUP_INET6_BIND,
  CGROUP_INET4_CONNECT, CGROUP_INET6_CONNECT, CGROUP_UNIX_CONNECT, CGROUP_INET4_POST_BIND, CGROUP_INET6_POST_BIND,
  CGROUP_UDP4_SENDMSG, CGROUP_UDP6_SENDMSG, CGROUP_UNIX_SENDMSG, CGROUP_SYSCTL, CGROUP_UDP4_RECVMSG,
  CGROUP_UDP6_RECVMSG, CGROUP_UNIX_RECVMSG, CGROUP_GETSOCKOPT, CGROUP_SETSOCKOPT, CGROUP_INET4_GETPEERNAME,
  CGROUP_INET6_GETPEERNAME, CGROUP_UNIX_GETPEERNAME, CGROUP_INET4_GETSOCKNAME, CGROUP_INET6_GETSOCKNAME,
  CGROUP_UNIX_GETSOCKNAME, CGROUP_INET_SOCK_RELEASE, CGROUP_LSM_START, CGROUP_LSM_END=37,
  MAX_CGROUP_BPF_ATTACH_TYPE };
enum cpuhp_state { CPUHP_INVALID=-1, CPUHP_OFFLINE, CPUHP_CREATE_THREADS, CPUHP_PERF_X86_PREPARE,
  CPUHP_PERF_X86_AMD_UNCORE_PREP, CPUHP_PERF_POWER, CPUHP_PERF_SUPERH, CPUHP_X86_HPET_DEAD, CPUHP_X86_MCE_DEAD,
  CPUHP_VIRT_NET_DEAD, CPUHP_IBMVNIC_DEAD, CPUHP_SLUB_DEAD, CPUHP_DEBUG_OBJ_DEAD, CPUHP_MM_WRITEBACK_DEAD,
  CPUHP_MM_VMSTAT_DEAD, CPUHP_SOFTIRQ_DEAD, CPUHP_NET_MVNETA_DEAD, CPUHP_CPUIDLE_DEAD, CPUHP_ARM64_FPSIMD_DEAD,
  CPUHP_ARM_OMAP_WAKE_DEAD, CPUHP_IRQ_POLL_DEAD, CPUHP_BLOCK_SOFTIRQ_DEAD, CPUHP_BIO_DEAD, CPUHP_ACPI_CPUDRV_DEAD,
  CPUHP_S390_PFAULT_DEAD, CPUHP_BLK_MQ_DEAD, CPUHP_FS_BUFF_DEAD, CPUHP_PRINTK_DEAD, CPUHP_MM_MEMCQ_DEAD,
  CPUHP_PERCPU_CNT_DEAD, CPUHP_RADIX_DEAD, CPUHP_PAGE_ALLOC, CPUHP_NET_DEV_DEAD, CPUHP_IOMMU_IOVA_DEAD,
  CPUHP_AP_ARM_CACHE_B15_RAC_DEAD, CPUHP_AP_DTPM_CPU_DEAD, CPUHP_RANDOM_PREPARE, CPUHP_WORKQUEUE_PREP,
  CPUHP_POWER_NUMA_PREPARE, CPUHP_HRTIMERS_PREPARE, CPUHP_X2APIC_PREPARE, CPUHP_SMPCFD_PREPARE,
  CPUHP_RELAY_PREPARE, CPUHP_MD_RAID5_PREPARE, CPUHP_RCUTREE_PREP, CPUHP_CPUIDLE_COUPLED_PREPARE,
  CPUHP_POWERPC_PMAC_PREPARE, CPUHP_POWERPC_MMU_CTX_PREPARE, CPUHP_XEN_PREPARE, CPUHP_XEN_EVTCHN_PREPARE,
  CPUHP_ARM_SHMOBILE_SCU_PREPARE, CPUHP_SH_SH3X_PREPARE, CPUHP_TOPOLOGY_PREPARE, CPUHP_NET_IUCV_PREPARE,
  CPUHP_ARM_BL_PREPARE, CPUHP_TRACE_RB_PREPARE, CPUHP_MM_ZSWP_POOL_PREPARE, CPUHP_KVM_PPC_BOOK3S_PREPARE,
  CPUHP_ZCOMP_PREPARE, CPUHP_TIMERS_PREPARE, CPUHP_TMIGR_PREPARE, CPUHP_MIPS_SOC_PREPARE, CPUHP_BP_PREPARE_DYN,
  CPUHP_BP_PREPARE_DYN_END=81, CPUHP_BP_KICK_AP, CPUHP_BRINGUP_CPU, CPUHP_AP_IDLE_DEAD, CPUHP_AP_OFFLINE,
  CPUHP_AP_CACHECTRL_STARTING, CPUHP_AP_SCHED_STARTING, CPUHP_AP_RCUTREE_DYING, CPUHP_AP_CPU_PM_STARTING,
  CPUHP_AP_IRQ_GIC_STARTING, CPUHP_AP_IRQ_HIP04_STARTING, CPUHP_AP_IRQ_APPLE_AIC_STARTING,
  CPUHP_AP_IRQ_ARMADA_XP_STARTING, CPUHP_AP_IRQ_BCM2836_STARTING, CPUHP_AP_IRQ_MIPS_GIC_STARTING,
  CPUHP_AP_IRQ_EIOINTC_STARTING, CPUHP_AP_IRQ_AVECINTC_STARTING, CPUHP_AP_IRQ_SIFIVE_PLIC_STARTING,
  CPUHP_AP_IRQ_ACLINT_SSWI_STARTING, CPUHP_AP_IRQ_RISCV_IMSIC_STARTING, CPUHP_AP_IRQ_RISCV_SBI_IPI_STARTING,
  CPUHP_AP_ARM_MVEBU_COHERENCY, CPUHP_AP_PERF_X86_AMD_UNCORE_STARTING, CPUHP_AP_PERF_X86_STARTING,
  CPUHP_AP_PERF_X86_AMD_IBS_STARTING, CPUHP_AP_PERF_XTENSA_STARTING, CPUHP_AP_ARM_VFP_STARTING,
  CPUHP_AP_ARM64_DEBUG_MONITORS_STARTING, CPUHP_AP_PERF_ARM_HW_BREAKPOINT_STARTING,
  CPUHP_AP_PERF_ARM_ACPI_STARTING, CPUHP_AP_PERF_ARM_STARTING, CPUHP_AP_PERF_RISCV_STARTING,
  CPUHP_AP_ARM_L2X0_STARTING, CPUHP_AP_EXYNOS4_MCT_TIMER_STARTING, CPUHP_AP_ARM_ARCH_TIMER_STARTING,
  CPUHP_AP_ARM_ARCH_TIMER_EVTSTRM_STARTING, CPUHP_AP_ARM_GLOBAL_TIMER_STARTING, CPUHP_AP_JCORE_TIMER_STARTING,
  CPUHP_AP_ARM_TWD_STARTING, CPUHP_AP_QCOM_TIMER_STARTING, CPUHP_AP_TEGRA_TIMER_STARTING,
  CPUHP_AP_ARMADA_TIMER_STARTING, CPUHP_AP_LOONGARCH_ARCH_TIMER_STARTING, CPUHP_AP_MIPS_GIC_TIMER_STARTING,
  CPUHP_AP_ARC_TIMER_STARTING, CPUHP_AP_REALTEK_TIMER_STARTING, CPUHP_AP_RISCV_TIMER_STARTING,
  CPUHP_AP_CLINT_TIMER_STARTING, CPUHP_AP_CSKY_TIMER_STARTING, CPUHP_AP_TI_GP_TIMER_STARTING,
  CPUHP_AP_HYPERV_TIMER_STARTING, CPUHP_AP_DUMMY_TIMER_STARTING, CPUHP_AP_ARM_XEN_STARTING,
  CPUHP_AP_ARM_XEN_RUNSTATE_STARTING, CPUHP_AP_ARM_CORESIGHT_STARTING, CPUHP_AP_ARM_CORESIGHT_CTI_STARTING,
  CPUHP_AP_ARM64_ISNDEP_STARTING, CPUHP_AP_SMPCFD_DYING, CPUHP_AP_HRTIMERS_DYING, CPUHP_AP_TICK_DYING,
  CPUHP_AP_X86_TBOOT_DYING, CPUHP_AP_ARM_CACHE_B15_RAC_DYING, CPUHP_AP_ONLINE, CPUHP_TEARDOWN_CPU,
  CPUHP_AP_ONLINE_IDLE, CPUHP_AP_HYPERV_ONLINE, CPUHP_AP_KVM_ONLINE, CPUHP_AP_SCHED_WAIT_EMPTY,
  CPUHP_AP_SMPBOOT_THREADS, CPUHP_AP_IRQ_AFFINITY_ONLINE, CPUHP_AP_BLK_MQ_ONLINE, CPUHP_AP_ARM_MVEBU_SYNC_CLOCKS,
  CPUHP_AP_X86_INTEL_EPB_ONLINE, CPUHP_AP_PERF_ONLINE, CPUHP_AP_PERF_X86_ONLINE, CPUHP_AP_PERF_X86_UNCORE_ONLINE,
  CPUHP_AP_PERF_X86_AMD_UNCORE_ONLINE, CPUHP_AP_PERF_X86_AMD_POWER_ONLINE, CPUHP_AP_PERF_S390_CF_ONLINE,
  CPUHP_AP_PERF_S390_SF_ONLINE, CPUHP_AP_PERF_ARM_CCI_ONLINE, CPUHP_AP_PERF_ARM_CCN_ONLINE,
  CPUHP_AP_PERF_ARM_HISI_CPA_ONLINE, CPUHP_AP_PERF_ARM_HISI_DDRC_ONLINE, CPUHP_AP_PERF_ARM_HISI_HHA_ONLINE,
  CPUHP_AP_PERF_ARM_HISI_L3_ONLINE, CPUHP_AP_PERF_ARM_HISI_PA_ONLINE, CPUHP_AP_PERF_ARM_HISI_SLLC_ONLINE,
  CPUHP_AP_PERF_ARM_HISI_PCIE_PMU_ONLINE, CPUHP_AP_PERF_ARM_HNS3_PMU_ONLINE, CPUHP_AP_PERF_ARM_L2X0_ONLINE,
  CPUHP_AP_PERF_ARM_QCOM_L2_ONLINE, CPUHP_AP_PERF_ARM_QCOM_L3_ONLINE, CPUHP_AP_PERF_ARM_APM_XGENE_ONLINE,
  CPUHP_AP_PERF_ARM_CAVIUM_TX2_UNCORE_ONLINE, CPUHP_AP_PERF_ARM_MARVELL_CN10K_DDR_ONLINE,
  CPUHP_AP_PERF_ARM_MRVL_PEM_ONLINE, CPUHP_AP_PERF_POWERPC_NEST_IMC_ONLINE, CPUHP_AP_PERF_POWERPC_CORE_IMC_ONLINE,
  CPUHP_AP_PERF_POWERPC_THREAD_IMC_ONLINE, CPUHP_AP_PERF_POWERPC_TRACE_IMC_ONLINE,
  CPUHP_AP_PERF_POWERPC_HV_24x7_ONLINE, CPUHP_AP_PERF_POWERPC_HV_GPCI_ONLINE, CPUHP_AP_PERF_CSKY_ONLINE,
  CPUHP_AP_TMIGR_ONLINE, CPUHP_AP_WATCHDOG_ONLINE, CPUHP_AP_WORKQUEUE_ONLINE, CPUHP_AP_RANDOM_ONLINE,
  CPUHP_AP_RCUTREE_ONLINE, CPUHP_AP_KTHREADS_ONLINE, CPUHP_AP_BASE_CACHEINFO_ONLINE, CPUHP_AP_ONLINE_DYN,
  CPUHP_AP_ONLINE_DYN_END=232, CPUHP_AP_X86_HPET_ONLINE, CPUHP_AP_X86_KVM_CLK_ONLINE, CPUHP_AP_ACTIVE,
  CPUHP_ONLINE };
struct kernel_cpustat { u64 cpustat[10]; };
struct kernel_stat { unsigned long irqs_sum; unsigned int softirqs[10]; };
ssize_t vfs_read(struct file *file, char *buf, size_t count, loff_t *pos);
ssize_t vfs_write(struct file *file, const char *buf, size_t count, loff_t *pos);
ssize_t vfs_readv(struct file *file, const struct iovec *vec, unsigned long vlen, loff_t *pos, rwf_t flags);
ssize_t vfs_writev(struct file *file, const struct iovec *vec, unsigned long vlen, loff_t *pos, rwf_t flags);
int vfs_open(const struct path *path, struct file *file);
int vfs_create(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry, umode_t mode, bool want_excl);
struct dentry *vfs_mkdir(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry, umode_t mode);
int vfs_rmdir(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry);
int vfs_unlink(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry, struct inode **delegated_inode);
int vfs_rename(struct renamedata *rd);
int vfs_link(struct dentry *old_dentry, struct mnt_idmap *idmap, struct inode *dir, struct dentry *new_dentry,
  struct inode **delegated_inode);
int vfs_symlink(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry, const char *oldname);
int vfs_fsync_range(struct file *file, loff_t start, loff_t end, int datasync);
int vfs_getattr(const struct path *path, struct kstat *stat, u32 request_mask, unsigned int query_flags);
int vfs_truncate(const struct path *path, loff_t length);
const char *vfs_get_link(struct dentry *dentry, struct delayed_call *done);
int do_sys_openat2(int dfd, const char *filename, struct open_how *how);
struct file *do_filp_open(int dfd, struct filename *pathname, const struct open_flags *op);
int filp_close(struct file *filp, fl_owner_t id);
void fput(struct file *file);
struct file *fget(unsigned int fd);
struct file *file_open_root(const struct path *root, const char *filename, int flags, umode_t mode);
struct file *dentry_open(const struct path *path, int flags, const struct cred *cred);
int notify_change(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr, struct inode
  **delegated_inode);
char *d_path(const struct path *path, char *buf, int buflen);
int do_truncate(struct mnt_idmap *idmap, struct dentry *dentry, loff_t length, unsigned int time_attrs, struct
  file *filp);
ssize_t ksys_read(unsigned int fd, char *buf, size_t count);
ssize_t ksys_write(unsigned int fd, const char *buf, size_t count);
void ksys_sync(void);
void __fput(struct file *file);
ssize_t vfs_iter_read(struct file *file, struct iov_iter *iter, loff_t *ppos, rwf_t flags);
ssize_t vfs_iter_write(struct file *file, struct iov_iter *iter, loff_t *ppos, rwf_t flags);
ssize_t generic_file_read_iter(struct kiocb *iocb, struct iov_iter *iter);
ssize_t generic_file_write_iter(struct kiocb *iocb, struct iov_iter *from);
int iterate_dir(struct file *file, struct dir_context *ctx);
void do_exit(long code);
void do_group_exit(int exit_code);
pid_t kernel_clone(struct kernel_clone_args *args);
void wake_up_new_task(struct task_struct *p);
int begin_new_exec(struct linux_binprm *bprm);
int bprm_execve(struct linux_binprm *bprm);
void free_bprm(struct linux_binprm *bprm);
void mmput(struct mm_struct *mm);
void __put_task_struct(struct task_struct *tsk);
void exit_signals(struct task_struct *tsk);
void release_task(struct task_struct *p);
int send_signal_locked(int sig, struct kernel_siginfo *info, struct task_struct *t, enum pid_type type);
int do_send_sig_info(int sig, struct kernel_siginfo *info, struct task_struct *p, enum pid_type type);
int kill_pid_info(int sig, struct kernel_siginfo *info, struct pid *pid);
int group_send_sig_info(int sig, struct kernel_siginfo *info, struct task_struct *p, enum pid_type type);
void schedule(void);
struct rq *finish_task_switch(struct task_struct *prev);
int try_to_wake_up(struct task_struct *p, unsigned int state, int wake_flags);
int wake_up_process(struct task_struct *p);
void ttwu_do_activate(struct rq *rq, struct task_struct *p, int wake_flags, struct rq_flags *rf);
void set_user_nice(struct task_struct *p, long nice);
long sched_setaffinity(pid_t pid, const struct cpumask *in_mask);
int sched_setscheduler(struct task_struct *p, int policy, const struct sched_param *param);
int commit_creds(struct cred *new);
struct cred *prepare_kernel_cred(struct task_struct *daemon);
int cap_capable(const struct cred *cred, struct user_namespace *target_ns, int cap, unsigned int opts);
bool ns_capable(struct user_namespace *ns, int cap);
bool capable(int cap);
void setup_new_exec(struct linux_binprm *bprm);
void oom_kill_process(struct oom_control *oc, const char *message);
bool out_of_memory(struct oom_control *oc);
vm_fault_t handle_mm_fault(struct vm_area_struct *vma, unsigned long address, unsigned int flags, struct pt_regs
  *regs);
unsigned long do_mmap(struct file *file, unsigned long addr, unsigned long len, unsigned long prot, unsigned long
  flags, vm_flags_t vm_flags, unsigned long pgoff, unsigned long *populate, struct list_head *uf);
unsigned long mmap_region(struct file *file, unsigned long addr, unsigned long len, vm_flags_t vm_flags, unsigned
  long pgoff, struct list_head *uf);
int do_munmap(struct mm_struct *mm, unsigned long start, size_t len, struct list_head *uf);
int do_mprotect_pkey(unsigned long start, size_t len, unsigned long prot, int pkey);
struct page *__alloc_frozen_pages_noprof(gfp_t gfp, unsigned int order, int preferred_nid, nodemask_t *nodemask);
void *__kmalloc_noprof(size_t size, gfp_t flags);
void kfree(const void *object);
void kmem_cache_free(struct kmem_cache *s, void *x);
void *vmalloc_noprof(unsigned long size);
unsigned long try_to_free_pages(struct zonelist *zonelist, int order, gfp_t gfp_mask, nodemask_t *nodemask);
int tcp_v4_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len);
int tcp_v6_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len);
int tcp_connect(struct sock *sk);
int tcp_sendmsg(struct sock *sk, struct msghdr *msg, size_t size);
int tcp_sendmsg_locked(struct sock *sk, struct msghdr *msg, size_t size);
int tcp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags);
void tcp_close(struct sock *sk, long timeout);
void tcp_set_state(struct sock *sk, int state);
void tcp_rcv_established(struct sock *sk, struct sk_buff *skb);
enum skb_drop_reason tcp_rcv_state_process(struct sock *sk, struct sk_buff *skb);
int tcp_v4_rcv(struct sk_buff *skb);
int tcp_v4_do_rcv(struct sock *sk, struct sk_buff *skb);
int tcp_v6_do_rcv(struct sock *sk, struct sk_buff *skb);
void tcp_cleanup_rbuf(struct sock *sk, int copied);
int tcp_retransmit_skb(struct sock *sk, struct sk_buff *skb, int segs);
int __tcp_retransmit_skb(struct sock *sk, struct sk_buff *skb, int segs);
int tcp_ack(struct sock *sk, const struct sk_buff *skb, int flag);
void tcp_drop_reason(struct sock *sk, struct sk_buff *skb, enum skb_drop_reason reason);
void tcp_reset(struct sock *sk, struct sk_buff *skb);
void tcp_send_loss_probe(struct sock *sk);
void tcp_finish_connect(struct sock *sk, struct sk_buff *skb);
void tcp_init_sock(struct sock *sk);
void tcp_release_cb(struct sock *sk);
struct sock *inet_csk_accept(struct sock *sk, struct proto_accept_arg *arg);
int inet_csk_listen_start(struct sock *sk);
int inet_listen(struct socket *sock, int backlog);
int inet_bind(struct socket *sock, struct sockaddr *uaddr, int addr_len);
int inet_stream_connect(struct socket *sock, struct sockaddr *uaddr, int addr_len, int flags);
int inet_accept(struct socket *sock, struct socket *newsock, struct proto_accept_arg *arg);
int inet_release(struct socket *sock);
int inet_create(struct net *net, struct socket *sock, int protocol, int kern);
void inet_sock_destruct(struct sock *sk);
void inet_csk_destroy_sock(struct sock *sk);
int inet_csk_get_port(struct sock *sk, unsigned short snum);
int udp_sendmsg(struct sock *sk, struct msghdr *msg, size_t len);
int udpv6_sendmsg(struct sock *sk, struct msghdr *msg, size_t len);
int udp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags);
int udpv6_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags);
int udp_rcv(struct sk_buff *skb);
int udp_queue_rcv_skb(struct sock *sk, struct sk_buff *skb);
void udp_destroy_sock(struct sock *sk);
int ip_rcv(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt, struct net_device *orig_dev);
struct sk_buff *ip_rcv_core(struct sk_buff *skb, struct net *net);
int ip_local_deliver(struct sk_buff *skb);
int ip_output(struct net *net, struct sock *sk, struct sk_buff *skb);
int ip_local_out(struct net *net, struct sock *sk, struct sk_buff *skb);
int __ip_local_out(struct net *net, struct sock *sk, struct sk_buff *skb);
int ip_queue_xmit(struct sock *sk, struct sk_buff *skb, struct flowi *fl);
int __ip_queue_xmit(struct sock *sk, struct sk_buff *skb, struct flowi *fl, __u8 tos);
int ip_send_skb(struct net *net, struct sk_buff *skb);
int ip_forward(struct sk_buff *skb);
int ip6_output(struct net *net, struct sock *sk, struct sk_buff *skb);
int ip6_local_out(struct net *net, struct sock *sk, struct sk_buff *skb);
int ipv6_rcv(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt, struct net_device *orig_dev);
int icmp_rcv(struct sk_buff *skb);
int icmpv6_rcv(struct sk_buff *skb);
int arp_rcv(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt, struct net_device *orig_dev);
int raw_sendmsg(struct sock *sk, struct msghdr *msg, size_t len);
int ping_v4_sendmsg(struct sock *sk, struct msghdr *msg, size_t len);
struct sk_buff *dev_hard_start_xmit(struct sk_buff *first, struct net_device *dev, struct netdev_queue *txq, int
  *ret);
int __dev_queue_xmit(struct sk_buff *skb, struct net_device *sb_dev);
bool sch_direct_xmit(struct sk_buff *skb, struct Qdisc *q, struct net_device *dev, struct netdev_queue *txq,
  spinlock_t *root_lock, bool validate);
int netif_rx(struct sk_buff *skb);
int netif_receive_skb(struct sk_buff *skb);
int netif_receive_skb_core(struct sk_buff *skb);
int __netif_receive_skb(struct sk_buff *skb);
gro_result_t gro_receive_skb(struct gro_node *gro, struct sk_buff *skb);
void dev_queue_xmit_nit(struct sk_buff *skb, struct net_device *dev);
void sk_skb_reason_drop(struct sock *sk, struct sk_buff *skb, enum skb_drop_reason reason);
void consume_skb(struct sk_buff *skb);
int skb_copy_datagram_iter(const struct sk_buff *skb, int offset, struct iov_iter *to, int len);
struct sk_buff *skb_clone(struct sk_buff *skb, gfp_t gfp_mask);
int pskb_expand_head(struct sk_buff *skb, int nhead, int ntail, gfp_t gfp_mask);
void __kfree_skb(struct sk_buff *skb);
void kfree_skbmem(struct sk_buff *skb);
struct sk_buff *validate_xmit_skb(struct sk_buff *skb, struct net_device *dev, bool *again);
__be16 eth_type_trans(struct sk_buff *skb, struct net_device *dev);
int register_netdevice(struct net_device *dev);
void unregister_netdevice_queue(struct net_device *dev, struct list_head *head);
int dev_change_flags(struct net_device *dev, unsigned int flags, struct netlink_ext_ack *extack);
int dev_open(struct net_device *dev, struct netlink_ext_ack *extack);
int sock_sendmsg(struct socket *sock, struct msghdr *msg);
int sock_recvmsg(struct socket *sock, struct msghdr *msg, int flags);
struct file *sock_alloc_file(struct socket *sock, int flags, const char *dname);
int sock_close(struct inode *inode, struct file *filp);
int __sock_create(struct net *net, int family, int type, int protocol, struct socket **res, int kern);
int __sys_connect(int fd, struct sockaddr *uservaddr, int addrlen);
int __sys_bind(int fd, struct sockaddr *umyaddr, int addrlen);
int __sys_listen(int fd, int backlog);
int __sys_accept4(int fd, struct sockaddr *upeer_sockaddr, int *upeer_addrlen, int flags);
int __sys_sendto(int fd, void *buff, size_t len, unsigned int flags, struct sockaddr *addr, int addr_len);
int __sys_recvfrom(int fd, void *ubuf, size_t size, unsigned int flags, struct sockaddr *addr, int *addr_len);
int __sys_socket(int family, int type, int protocol);
struct sock *sk_alloc(struct net *net, int family, gfp_t priority, struct proto *prot, int kern);
void sk_free(struct sock *sk);
void sk_destruct(struct sock *sk);
void sock_def_readable(struct sock *sk);
int sock_queue_rcv_skb_reason(struct sock *sk, struct sk_buff *skb, enum skb_drop_reason *reason);
int unix_stream_connect(struct socket *sock, struct sockaddr *uaddr, int addr_len, int flags);
int unix_stream_sendmsg(struct socket *sock, struct msghdr *msg, size_t len);
int unix_stream_read_generic(struct unix_stream_read_state *state, bool freezable);
int unix_dgram_sendmsg(struct socket *sock, struct msghdr *msg, size_t len);
int nf_hook_slow(struct sk_buff *skb, struct nf_hook_state *state, const struct nf_hook_entries *e, unsigned int
  s);
unsigned int nf_conntrack_in(struct sk_buff *skb, const struct nf_hook_state *state);
int __nf_conntrack_confirm(struct sk_buff *skb);
unsigned int nf_nat_inet_fn(void *priv, struct sk_buff *skb, const struct nf_hook_state *state);
unsigned int ipt_do_table(void *priv, struct sk_buff *skb, const struct nf_hook_state *state);
int fib_table_lookup(struct fib_table *tb, const struct flowi4 *flp, struct fib_result *res, int fib_flags);
int neigh_update(struct neighbour *neigh, const u8 *lladdr, u8 new, u32 flags, u32 nlmsg_pid);
int __neigh_event_send(struct neighbour *neigh, struct sk_buff *skb, const bool immediate_ok);
void submit_bio(struct bio *bio);
void submit_bio_noacct(struct bio *bio);
void blk_mq_start_request(struct request *rq);
void blk_mq_end_request(struct request *rq, blk_status_t error);
bool blk_update_request(struct request *req, blk_status_t error, unsigned int nr_bytes);
void bio_endio(struct bio *bio);
void blk_mq_submit_bio(struct bio *bio);
int security_file_open(struct file *file);
int security_file_permission(struct file *file, int mask);
int security_file_mprotect(struct vm_area_struct *vma, unsigned long reqprot, unsigned long prot);
int security_mmap_file(struct file *file, unsigned long prot, unsigned long flags);
int security_bprm_check(struct linux_binprm *bprm);
int security_bprm_creds_for_exec(struct linux_binprm *bprm);
int security_inode_create(struct inode *dir, struct dentry *dentry, umode_t mode);
int security_inode_unlink(struct inode *dir, struct dentry *dentry);
int security_inode_rename(struct inode *old_dir, struct dentry *old_dentry, struct inode *new_dir, struct dentry
  *new_dentry, unsigned int flags);
int security_inode_mkdir(struct inode *dir, struct dentry *dentry, umode_t mode);
int security_inode_rmdir(struct inode *dir, struct dentry *dentry);
int security_inode_setattr(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr);
int security_path_unlink(const struct path *dir, struct dentry *dentry);
int security_path_mkdir(const struct path *dir, struct dentry *dentry, umode_t mode);
int security_path_rename(const struct path *old_dir, struct dentry *old_dentry, const struct path *new_dir, struct
  dentry *new_dentry, unsigned int flags);
int security_socket_create(int family, int type, int protocol, int kern);
int security_socket_connect(struct socket *sock, struct sockaddr *address, int addrlen);
int security_socket_bind(struct socket *sock, struct sockaddr *address, int addrlen);
int security_socket_listen(struct socket *sock, int backlog);
int security_socket_accept(struct socket *sock, struct socket *newsock);
int security_socket_sendmsg(struct socket *sock, struct msghdr *msg, int size);
int security_socket_recvmsg(struct socket *sock, struct msghdr *msg, int size, int flags);
int security_task_kill(struct task_struct *p, struct kernel_siginfo *info, int sig, const struct cred *cred);
int security_task_alloc(struct task_struct *task, u64 clone_flags);
int security_task_prctl(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4, unsigned long
  arg5);
int security_capable(const struct cred *cred, struct user_namespace *ns, int cap, unsigned int opts);
int security_bpf(int cmd, union bpf_attr *attr, unsigned int size, bool kernel);
int security_bpf_map(struct bpf_map *map, fmode_t fmode);
int security_bpf_prog(struct bpf_prog *prog);
int security_bpf_map_create(struct bpf_map *map, union bpf_attr *attr, struct bpf_token *token, bool kernel);
int security_bpf_prog_load(struct bpf_prog *prog, union bpf_attr *attr, struct bpf_token *token, bool kernel);
int security_kernel_module_request(char *kmod_name);
int security_kernel_read_file(struct file *file, enum kernel_read_file_id id, bool contents);
int security_kernel_post_read_file(struct file *file, char *buf, loff_t size, enum kernel_read_file_id id);
int security_sb_mount(const char *dev_name, const struct path *path, const char *type, unsigned long flags, void
  *data);
int security_sb_umount(struct vfsmount *mnt, int flags);
int security_ptrace_access_check(struct task_struct *child, unsigned int mode);
int security_task_fix_setuid(struct cred *new, const struct cred *old, int flags);
int security_settime64(const struct timespec64 *ts, const struct timezone *tz);
int security_locked_down(enum lockdown_reason what);
int security_sk_alloc(struct sock *sk, int family, gfp_t priority);
long __x64_sys_read(const struct pt_regs *regs);
long __x64_sys_write(const struct pt_regs *regs);
long __x64_sys_open(const struct pt_regs *regs);
long __x64_sys_openat(const struct pt_regs *regs);
long __x64_sys_openat2(const struct pt_regs *regs);
long __x64_sys_close(const struct pt_regs *regs);
long __x64_sys_execve(const struct pt_regs *regs);
long __x64_sys_execveat(const struct pt_regs *__unused);
long __x64_sys_clone(const struct pt_regs *regs);
long __x64_sys_clone3(const struct pt_regs *regs);
long __x64_sys_exit(const struct pt_regs *regs);
long __x64_sys_exit_group(const struct pt_regs *regs);
long __x64_sys_kill(const struct pt_regs *regs);
long __x64_sys_tgkill(const struct pt_regs *regs);
long __x64_sys_socket(const struct pt_regs *__unused);
long __x64_sys_connect(const struct pt_regs *__unused);
long __x64_sys_bind(const struct pt_regs *__unused);
long __x64_sys_listen(const struct pt_regs *__unused);
long __x64_sys_accept(const struct pt_regs *__unused);
long __x64_sys_accept4(const struct pt_regs *__unused);
long __x64_sys_sendto(const struct pt_regs *__unused);
long __x64_sys_recvfrom(const struct pt_regs *__unused);
long __x64_sys_sendmsg(const struct pt_regs *__unused);
long __x64_sys_recvmsg(const struct pt_regs *__unused);
long __x64_sys_setsockopt(const struct pt_regs *__unused);
long __x64_sys_getsockopt(const struct pt_regs *__unused);
long __x64_sys_mmap(const struct pt_regs *regs);
long __x64_sys_munmap(const struct pt_regs *regs);
long __x64_sys_mprotect(const struct pt_regs *__unused);
long __x64_sys_brk(const struct pt_regs *regs);
long __x64_sys_unlink(const struct pt_regs *regs);
long __x64_sys_unlinkat(const struct pt_regs *regs);
long __x64_sys_mkdir(const struct pt_regs *regs);
long __x64_sys_mkdirat(const struct pt_regs *regs);
long __x64_sys_rename(const struct pt_regs *regs);
long __x64_sys_renameat2(const struct pt_regs *regs);
long __x64_sys_chmod(const struct pt_regs *regs);
long __x64_sys_fchmodat(const struct pt_regs *regs);
long __x64_sys_chown(const struct pt_regs *regs);
long __x64_sys_ptrace(const struct pt_regs *regs);
long __x64_sys_bpf(const struct pt_regs *__unused);
long __x64_sys_mount(const struct pt_regs *regs);
long __x64_sys_umount(const struct pt_regs *regs);
long __x64_sys_setuid(const struct pt_regs *regs);
long __x64_sys_setgid(const struct pt_regs *regs);
long __x64_sys_getpgid(const struct pt_regs *regs);
long __x64_sys_nanosleep(const struct pt_regs *regs);
long __x64_sys_futex(const struct pt_regs *__unused);
long __x64_sys_ioctl(const struct pt_regs *regs);
long __x64_sys_fcntl(const struct pt_regs *regs);
long __x64_sys_dup2(const struct pt_regs *regs);
long __x64_sys_pipe2(const struct pt_regs *regs);
long __x64_sys_prctl(const struct pt_regs *regs);
long __x64_sys_init_module(const struct pt_regs *__unused);
long __x64_sys_finit_module(const struct pt_regs *__unused);
long __x64_sys_delete_module(const struct pt_regs *__unused);
long __x64_sys_seccomp(const struct pt_regs *__unused);
long __x64_sys_memfd_create(const struct pt_regs *__unused);
long __x64_sys_process_vm_readv(const struct pt_regs *__unused);
void migrate_disable(void);
void migrate_enable(void);
void __rcu_read_lock(void);
void __rcu_read_unlock(void);
void kthread_complete_and_exit(struct completion *comp, long code);
void do_task_dead(void);
void make_task_dead(int signr);
void panic(const char *fmt, ...);
int bpf_fentry_test2(int a, u64 b);
int bpf_fentry_test3(char a, int b, u64 c);
int bpf_fentry_test4(void *a, char b, int c, u64 d);
int bpf_fentry_test5(u64 a, void *b, short c, int d, u64 e);
int bpf_fentry_test6(u64 a, void *b, short c, int d, void *e, u64 f);
int bpf_fentry_test7(struct bpf_fentry_test_t *arg);
int bpf_fentry_test8(struct bpf_fentry_test_t *arg);
u32 bpf_fentry_test9(u32 *a);
int bpf_fentry_test10(const void *a);
int update_socket_protocol(int family, int type, int protocol);
int should_fail_bio(struct bio *bio);
void bpf_map_put(struct bpf_map *map);
void bpf_prog_put(struct bpf_prog *prog);
int bpf_map_new_fd(struct bpf_map *map, int flags);
int bpf_prog_new_fd(struct bpf_prog *prog);
int bpf_check(struct bpf_prog **prog, union bpf_attr *attr, bpfptr_t uattr, __u32 uattr_size);
void __bpf_prog_put(struct bpf_prog *prog);
void bpf_link_put(struct bpf_link *link);
struct bpf_map *array_map_alloc(union bpf_attr *attr);
struct bpf_map *htab_map_alloc(union bpf_attr *attr);
void bpf_prog_free(struct bpf_prog *fp);
int cgroup_attach_task(struct cgroup *dst_cgrp, struct task_struct *leader, bool threadgroup);
int cgroup_mkdir(struct kernfs_node *parent_kn, const char *name, umode_t mode);
int cgroup_rmdir(struct kernfs_node *kn);
int cgroup_migrate_execute(struct cgroup_mgctx *mgctx);
int __cgroup_bpf_run_filter_skb(struct sock *sk, struct sk_buff *skb, enum cgroup_bpf_attach_type atype);
int sk_filter_trim_cap(struct sock *sk, struct sk_buff *skb, unsigned int cap, enum skb_drop_reason *reason);
unsigned long kallsyms_lookup_name(const char *name);
int rtnetlink_rcv_msg(struct sk_buff *skb, struct nlmsghdr *nlh, struct netlink_ext_ack *extack);
int netlink_sendmsg(struct socket *sock, struct msghdr *msg, size_t len);
int netlink_unicast(struct sock *ssk, struct sk_buff *skb, u32 portid, int nonblock);
int do_mount(const char *dev_name, const char *dir_name, const char *type_page, unsigned long flags, void
  *data_page);
int path_mount(const char *dev_name, const struct path *path, const char *type_page, unsigned long flags, void
  *data_page);
int path_umount(const struct path *path, int flags);
int do_sys_poll(struct pollfd *ufds, unsigned int nfds, struct timespec64 *end_time);
int do_epoll_wait(int epfd, struct epoll_event *events, int maxevents, struct timespec64 *to);
long do_futex(u32 *uaddr, int op, u32 val, ktime_t *timeout, u32 *uaddr2, u32 val2, u32 val3);
int futex_wait(u32 *uaddr, unsigned int flags, u32 val, ktime_t *abs_time, u32 bitset);
int futex_wake(u32 *uaddr, unsigned int flags, int nr_wake, u32 bitset);
int __send_signal_locked(int sig, struct kernel_siginfo *info, struct task_struct *t, enum pid_type type, bool
  force);
bool get_signal(struct ksignal *ksig);
long hrtimer_nanosleep(ktime_t rqtp, const enum hrtimer_mode mode, const clockid_t clockid);
int do_nanosleep(struct hrtimer_sleeper *t, enum hrtimer_mode mode);
int call_usermodehelper_exec(struct subprocess_info *sub_info, int wait);
struct task_struct *kthread_create_on_node(int (*threadfn)(void *), void *data, int node, const char *namefmt,
  ...);
int kthread_stop(struct task_struct *k);
bool queue_work_on(int cpu, struct workqueue_struct *wq, struct work_struct *work);
void __queue_work(int cpu, struct workqueue_struct *wq, struct work_struct *work);
void process_one_work(struct worker *worker, struct work_struct *work);
bool irq_work_queue(struct irq_work *work);
void __do_softirq(void);
void handle_softirqs(bool ksirqd);
void tasklet_action(void);
void do_idle(void);
void cpu_startup_entry(enum cpuhp_state state);
void account_process_tick(struct task_struct *p, int user_tick);
void update_process_times(int user_tick);
void sched_tick(void);
void input_event(struct input_dev *dev, unsigned int type, unsigned int code, int value);
ssize_t tty_write(struct kiocb *iocb, struct iov_iter *from);
ssize_t tty_read(struct kiocb *iocb, struct iov_iter *to);
ssize_t n_tty_write(struct tty_struct *tty, struct file *file, const u8 *buf, size_t nr);
struct uprobe *uprobe_register(struct inode *inode, loff_t offset, loff_t ref_ctr_offset, struct uprobe_consumer
  *uc);
extern int bpf_prog_active;
extern struct rq runqueues;
extern struct task_struct *current_task;
extern int cpu_number;
extern unsigned long this_cpu_off;
extern unsigned long process_counts;
extern struct kernel_cpustat kernel_cpustat;
extern struct kernel_stat kstat;
`;
