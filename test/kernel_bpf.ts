/** Whether this machine's kernel answers bpf(2): some are built without it, some containers do not let it through. */
import { spawnSync } from 'node:child_process';

const ASK = `
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall(321, 0, None, 0)  # MAP_CREATE of nothing: EINVAL
sys.exit(0 if ctypes.get_errno() == 22 else 1)`;

let answer: string | undefined;

/** Why the kernel cannot be asked, or undefined. */
export function noKernelBpf(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may ask the kernel';
  answer ??=
    spawnSync('python3', ['-c', ASK]).status === 0 ? '' : 'this kernel has no bpf(2), or there is no python3 to ask it';
  return answer === '' ? undefined : answer;
}
