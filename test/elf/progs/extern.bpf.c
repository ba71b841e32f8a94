/* What the kernel is to supply: configuration, functions, variables. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern int LINUX_KERNEL_VERSION __kconfig;
extern _Bool CONFIG_BPF_SYSCALL __kconfig __weak;
extern int CONFIG_NO_SUCH_OPTION __kconfig __weak;

struct cgroup;
extern void bpf_no_such_function(int x) __ksym __weak;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern const void bpf_prog_fops __ksym __weak;

__u64 result;

SEC("tc")
int classify(struct __sk_buff *skb)
{
	bpf_rcu_read_lock();
	result = LINUX_KERNEL_VERSION;
	bpf_rcu_read_unlock();
	if (CONFIG_BPF_SYSCALL)
		result += CONFIG_NO_SUCH_OPTION;
	if (bpf_no_such_function)
		bpf_no_such_function(3);
	return 0;
}

SEC("?tc")
int only_when_asked(struct __sk_buff *skb)
{
	return 1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
