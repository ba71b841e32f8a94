/**
 * BTF_LOAD (`bpf_btf_load`, `btf_new_fd`, `btf_parse`).
 */
import { BpfLog } from '../base/bpf_log.ts';
import { BTF_MAX_SIZE, loadBtf } from '../btf/parse.ts';
import { BPF_F_MAP } from '../uapi/bpf.ts';
import { CAP } from '../uapi/capability.ts';
import { E2BIG, EFAULT, EINVAL, EPERM } from '../uapi/errno.ts';
import type { Attr } from './attr.ts';
import { BTF_LOAD } from './attr_table.ts';
import type { Caller } from './caller.ts';
import { capable, newFd, tokenOf } from './fd.ts';
import type { Kernel } from './kernel.ts';
import { finishLog } from './log_out.ts';

const AT = BTF_LOAD.at;

/** Runs the command: the new descriptor, or -errno. */
export function btfLoad(kernel: Kernel, attr: Attr, caller: Caller): number {
  const flags = attr.get(AT.btf_flags);
  if ((flags & ~BPF_F_MAP.TOKEN_FD) !== 0) return -EINVAL;
  if (flags !== 0) return tokenOf(caller, attr.getSigned(AT.btf_token_fd));
  if (!capable(caller, CAP.BPF)) return -EPERM;
  const size = attr.get(AT.btf_size);
  if (size > BTF_MAX_SIZE) return -E2BIG;
  const ubuf = attr.addr(AT.btf_log_buf);
  const log = BpfLog.open(attr.get(AT.btf_log_level), ubuf !== 0, attr.get(AT.btf_log_size));
  if (typeof log === 'number') return log;
  const bytes = new Uint8Array(size);
  const btf = caller.read(attr.addr(AT.btf), bytes) < 0 ? -EFAULT : loadBtf(bytes, log, kernel.vmlinux);
  const logError = finishLog(log, attr, caller, ubuf, AT.btf_log_true_size);
  if (typeof btf === 'number') return logError < 0 ? logError : btf;
  if (logError < 0) {
    btf.put();
    return logError;
  }
  kernel.btfs.add(btf);
  return newFd(caller, btf);
}
