/**
 * Times of inodes: signed 64-bit seconds as two words, as they travel in FUSE messages,
 * and nanoseconds. Users may set any of them (utimensat(2)).
 */
import type { Clock } from '../base/env.ts';

export interface Timestamp {
  /** Low and high (signed) word of the seconds. */
  low: number;
  high: number;
  nsec: number;
}

const TWO_32 = 2 ** 32;
/** A day: how old an access time must be for `relatime` to renew it. */
const DAY = 86400;

/** The current time. */
export function now(clock: Clock): Timestamp {
  const nanoseconds = clock.realtime();
  const seconds = Number(nanoseconds / 1_000_000_000n);
  return { low: seconds >>> 0, high: Math.floor(seconds / TWO_32), nsec: Number(nanoseconds % 1_000_000_000n) };
}

/** Whole seconds, for comparing. */
function seconds(time: Timestamp): number {
  return time.high * TWO_32 + time.low;
}

function isAtOrBefore(a: Timestamp, b: Timestamp): boolean {
  const difference = seconds(a) - seconds(b);
  return difference < 0 || (difference === 0 && a.nsec <= b.nsec);
}

/** When reading renews an access time: never, when it is not newer than the last change or a day old, or always. */
export type AtimeRule = 'noatime' | 'relatime' | 'strictatime';

/** `relatime_need_update` (mount(8)): whether reading at `current` renews `atime`. */
export function needsAtime(
  rule: AtimeRule,
  atime: Timestamp,
  mtime: Timestamp,
  ctime: Timestamp,
  current: Timestamp,
): boolean {
  if (rule !== 'relatime') return rule === 'strictatime';
  return isAtOrBefore(atime, mtime) || isAtOrBefore(atime, ctime) || seconds(current) - seconds(atime) >= DAY;
}
