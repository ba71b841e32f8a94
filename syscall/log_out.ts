/**
 * Handing a log to the caller at the end of PROG_LOAD and BTF_LOAD
 * (`bpf_vlog_finalize` and `finalize_log`).
 */
import type { BpfLog } from '../base/bpf_log.ts';
import { EFAULT } from '../uapi/errno.ts';
import type { Attr } from './attr.ts';
import type { Caller } from './caller.ts';

/**
 * Stores the log at `ubuf` and its true size in the attr (only when the caller's attr
 * reaches that far): 0, or the error that replaces the command's own result.
 */
export function finishLog(log: BpfLog, attr: Attr, caller: Caller, ubuf: number, trueSizeAt: number): number {
  const { err, trueSize, bytes } = log.finish();
  let result = err;
  if (bytes.length > 0 && caller.write(ubuf, bytes) < 0) result = -EFAULT;
  if (attr.size >= trueSizeAt + 4 && attr.put(caller, trueSizeAt, trueSize) < 0) result = -EFAULT;
  return result;
}
