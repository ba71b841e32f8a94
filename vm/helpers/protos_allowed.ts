/**
 * Helpers that look at where their program is attached before they may be called
 * (`allowed` of struct bpf_func_proto); a refusal reads
 * "helper call is not allowed in probe".
 */
import { BPF_ATTACH_TYPE, BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { lsmIsSleepable } from '../progtypes/lsm_hooks.ts';
import type { ProgContext } from '../verifier/types.ts';

/** Functions that hold a path which may be resolved (`btf_allowlist_d_path`, kernel/trace/bpf_trace.c). */
const D_PATH: ReadonlySet<string> = new Set([
  'dentry_open',
  'filp_close',
  'security_file_open',
  'security_file_permission',
  'security_inode_getattr',
  'security_path_truncate',
  'vfs_fallocate',
  'vfs_getattr',
  'vfs_truncate',
]);

/** bpf_d_path: iterators, sleepable LSM hooks, and a few functions (`bpf_d_path_allowed`). */
export function dPathAllowed(prog: ProgContext): boolean {
  if (prog.type === BPF_PROG_TYPE.TRACING && prog.expectedAttachType === BPF_ATTACH_TYPE.TRACE_ITER) return true;
  if (prog.type === BPF_PROG_TYPE.LSM) return lsmIsSleepable(prog.attachFuncName);
  return D_PATH.has(prog.attachFuncName);
}

/** bpf_ima_inode_hash, bpf_ima_file_hash: sleepable LSM hooks (`bpf_ima_inode_hash_allowed`). */
export function imaHashAllowed(prog: ProgContext): boolean {
  return lsmIsSleepable(prog.attachFuncName);
}

/**
 * bpf_sk_storage_get and _delete in tracing programs: not while tracing the socket
 * storage itself (`bpf_sk_storage_tracing_allowed`).
 */
export function skStorageTracingAllowed(prog: ProgContext): boolean {
  switch (prog.expectedAttachType) {
    case BPF_ATTACH_TYPE.TRACE_ITER:
    case BPF_ATTACH_TYPE.TRACE_RAW_TP:
      return true;
    case BPF_ATTACH_TYPE.TRACE_FENTRY:
    case BPF_ATTACH_TYPE.TRACE_FEXIT:
      return !prog.attachFuncName.startsWith('bpf_sk_storage');
    default:
      return false;
  }
}
