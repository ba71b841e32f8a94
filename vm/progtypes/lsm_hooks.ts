/**
 * What the kernel knows of LSM hooks beyond their prototypes: which may sleep, which
 * cannot be attached to, whose arguments are not to be trusted, which return a bool
 * (source: the sets of kernel/bpf/bpf_lsm.c, read from a running 6.18). Names are
 * those of `include/linux/lsm_hook_defs.h`, without the `bpf_lsm_` of the functions.
 */

import { BTF_KIND, type Btf } from '../../btf/btf.ts';

/** Prefix of the functions that LSM programs attach to. */
const PREFIX = 'bpf_lsm_';

/** Hooks that are called where sleeping is allowed (`sleepable_lsm_hooks`). */
const SLEEPABLE: ReadonlySet<string> = new Set([
  'bpf',
  'bpf_map',
  'bpf_map_create',
  'bpf_map_free',
  'bpf_prog',
  'bpf_prog_free',
  'bpf_prog_load',
  'bpf_token_capable',
  'bpf_token_cmd',
  'bpf_token_create',
  'bpf_token_free',
  'bprm_check_security',
  'bprm_committed_creds',
  'bprm_committing_creds',
  'bprm_creds_for_exec',
  'bprm_creds_from_file',
  'capget',
  'capset',
  'cred_prepare',
  'file_ioctl',
  'file_lock',
  'file_open',
  'file_post_open',
  'file_receive',
  'inode_create',
  'inode_free_security',
  'inode_getattr',
  'inode_getxattr',
  'inode_mknod',
  'inode_need_killpriv',
  'inode_post_removexattr',
  'inode_post_setxattr',
  'inode_readlink',
  'inode_removexattr',
  'inode_rename',
  'inode_rmdir',
  'inode_setattr',
  'inode_setxattr',
  'inode_symlink',
  'inode_unlink',
  'kernel_module_request',
  'kernel_read_file',
  'kernfs_init_security',
  'mmap_file',
  'netlink_send',
  'path_chmod',
  'path_chown',
  'path_link',
  'path_mkdir',
  'path_notify',
  'path_rename',
  'path_rmdir',
  'path_symlink',
  'path_truncate',
  'path_unlink',
  'release_secctx',
  'sb_alloc_security',
  'sb_eat_lsm_opts',
  'sb_kern_mount',
  'sb_mount',
  'sb_remount',
  'sb_set_mnt_opts',
  'sb_show_options',
  'sb_statfs',
  'sb_umount',
  'settime',
  'socket_accept',
  'socket_bind',
  'socket_connect',
  'socket_create',
  'socket_getpeername',
  'socket_getpeersec_dgram',
  'socket_getsockname',
  'socket_getsockopt',
  'socket_listen',
  'socket_post_create',
  'socket_recvmsg',
  'socket_sendmsg',
  'socket_shutdown',
  'socket_socketpair',
  'syslog',
  'task_alloc',
  'task_prctl',
  'task_setscheduler',
  'userns_create',
]);

/** Hooks whose object is not fully made or already half gone (`untrusted_lsm_hooks`). */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'bpf_map_free',
  'bpf_prog_free',
  'file_alloc_security',
  'file_free_security',
  'sk_alloc_security',
  'sk_free_security',
  'task_free',
]);

/** Hooks that BPF cannot serve: they return more than 0 or an errno (`bpf_lsm_disabled_hooks`). */
const DISABLED: ReadonlySet<string> = new Set([
  'audit_rule_match',
  'getprocattr',
  'getselfattr',
  'inode_copy_up_xattr',
  'inode_getsecurity',
  'inode_listsecurity',
  'inode_need_killpriv',
  'ismaclabel',
  'key_getsecurity',
  'setprocattr',
  'vm_enough_memory',
  'xfrm_decode_session',
]);

/** Hooks that return 0 or 1 (`bool_lsm_hooks`). */
const BOOL: ReadonlySet<string> = new Set(['audit_rule_known', 'inode_xattr_skipcap', 'xfrm_state_pol_flow_match']);

/** Hooks of LSM_CGROUP programs that may use bpf_setsockopt and bpf_getsockopt (`bpf_lsm_*locked_sockopt_hooks`). */
const SOCKOPT: ReadonlySet<string> = new Set([
  'inet_conn_established',
  'inet_csk_clone',
  'sock_graft',
  'socket_post_create',
  'socket_socketpair',
]);

function hook(funcName: string): string {
  return funcName.startsWith(PREFIX) ? funcName.slice(PREFIX.length) : '';
}

/** The union of all hooks in the kernel's types. */
const HOOKS = 'security_list_options';

/** Whether a function is one of the hooks (`bpf_lsm_hooks`): its name is a member of the union of all hooks, where that is known. */
export function lsmIsHook(funcName: string, btf: Btf | undefined): boolean {
  const name = hook(funcName);
  if (name === '' || btf === undefined) return false;
  const union = btf.type(btf.find(HOOKS, BTF_KIND.UNION));
  return union === undefined || union.id === 0 || union.members.some((member) => member.name === name);
}

/** Whether a function (`bpf_lsm_file_open`) is a hook that may sleep (`bpf_lsm_is_sleepable_hook`). */
export function lsmIsSleepable(funcName: string): boolean {
  return SLEEPABLE.has(hook(funcName));
}

/** Whether the pointers a hook is given are trusted (`bpf_lsm_is_trusted`). */
export function lsmIsTrusted(funcName: string): boolean {
  return !UNTRUSTED.has(hook(funcName));
}

/** Whether a hook cannot be attached to (`bpf_lsm_verify_prog`: "points to disabled hook"). */
export function lsmIsDisabled(funcName: string): boolean {
  return DISABLED.has(hook(funcName));
}

/** Whether a hook returns a bool rather than an errno (`bpf_lsm_get_retval_range`). */
export function lsmReturnsBool(funcName: string): boolean {
  return BOOL.has(hook(funcName));
}

/** Whether an LSM_CGROUP program on this hook may use the sockopt helpers. */
export function lsmMaySockopt(funcName: string): boolean {
  return SOCKOPT.has(hook(funcName));
}
