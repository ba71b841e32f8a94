/**
 * Whether a signal waits for a thread (`signal_pending`). A system call that its supervisor
 * has taken is not broken off by signals that do not kill (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
 * commands that the kernel would break off look here.
 */
import { readFileSync } from 'node:fs';

/** `SigPnd` (of the thread), `ShdPnd` (of its process), `SigBlk` in /proc/PID/status; masks in hex. */
const MASKS = /^(SigPnd|ShdPnd|SigBlk):\t([0-9a-f]+)$/gm;

/** Whether a signal that is not blocked waits for the thread; also when the thread is gone. */
export function signalPending(tid: number): boolean {
  let status: string;
  try {
    status = readFileSync(`/proc/${tid}/status`, 'latin1');
  } catch {
    return true;
  }
  const masks = new Map([...status.matchAll(MASKS)].map(([, name, mask]) => [name, BigInt(`0x${mask}`)]));
  const pending = (masks.get('SigPnd') ?? 0n) | (masks.get('ShdPnd') ?? 0n);
  return (pending & ~(masks.get('SigBlk') ?? 0n)) !== 0n;
}
