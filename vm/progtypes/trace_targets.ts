/**
 * Functions of the kernel that tracing programs may be put on, beyond their prototypes
 * (kernel/bpf/verifier.c: `btf_id_deny`, `noreturn_deny`, `check_attach_modify_return`).
 *
 * Which functions may have errors injected is a table of the kernel image that its BTF
 * does not tell. System calls are all in it; of the others those are listed here that
 * test suites and manuals name.
 */

/** No program may be put on these: they are part of how programs are entered. */
const DENIED: ReadonlySet<string> = new Set([
  'migrate_disable',
  'migrate_enable',
  'rcu_read_unlock_strict',
  'preempt_count_add',
  'preempt_count_sub',
  '__rcu_read_lock',
  '__rcu_read_unlock',
]);

/** Functions that do not return: nothing can run after them. */
const NORETURN: ReadonlySet<string> = new Set([
  '__ia32_sys_exit',
  '__ia32_sys_exit_group',
  '__kunit_abort',
  'kunit_try_catch_throw',
  '__module_put_and_kthread_exit',
  '__x64_sys_exit',
  '__x64_sys_exit_group',
  'do_exit',
  'do_group_exit',
  'kthread_complete_and_exit',
  'kthread_exit',
  'make_task_dead',
]);

/** System calls by the names of their entry points; all may have errors injected. */
const SYSCALL_PREFIXES: readonly string[] = ['__x64_sys_', '__ia32_sys_', '__ia32_compat_sys_'];
const ERROR_INJECTION: ReadonlySet<string> = new Set([
  '__filemap_add_folio',
  'should_fail_alloc_page',
  'should_failslab',
  'should_fail_bio',
  'io_ctl_init',
  'open_ctree',
]);
/** Of these it is not known that they may sleep where they are called. */
const NEVER_SLEEPABLE: ReadonlySet<string> = new Set([
  '__filemap_add_folio',
  'should_fail_alloc_page',
  'should_failslab',
]);

/** Functions registered for fmod_ret (`register_btf_fmodret_id_set`); true: programs on them may sleep. */
const MODIFY_RETURN: ReadonlyMap<string, boolean> = new Map([
  ['bpf_modify_return_test', false],
  ['bpf_modify_return_test2', false],
  ['bpf_modify_return_test_tp', false],
  ['bpf_fentry_test1', true],
  ['bpf_rstat_flush', false],
  ['update_socket_protocol', false],
]);

const SECURITY_PREFIX = 'security_';

/** "Attaching tracing programs to function '…' is rejected." */
export function tracingDenied(func: string): boolean {
  return DENIED.has(func);
}

/** "Attaching fexit/fmod_ret to __noreturn function '…' is rejected." */
export function isNoreturn(func: string): boolean {
  return NORETURN.has(func);
}

function mayInjectErrors(func: string): boolean {
  return ERROR_INJECTION.has(func) || SYSCALL_PREFIXES.some((prefix) => func.startsWith(prefix));
}

/** Whether the result of a function may be replaced (fmod_ret). */
export function mayModifyReturn(func: string): boolean {
  return MODIFY_RETURN.has(func) || mayInjectErrors(func) || func.startsWith(SECURITY_PREFIX);
}

/** Whether tracing programs on a function may sleep. */
export function tracingMaySleep(func: string): boolean {
  return (mayInjectErrors(func) && !NEVER_SLEEPABLE.has(func)) || MODIFY_RETURN.get(func) === true;
}
