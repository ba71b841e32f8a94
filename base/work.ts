/**
 * Work that may take long, in pieces: a generator that yields where others may have
 * their turn, and returns its result. What a yield answers tells whether a signal waits for
 * the one it is done for; such work then ends early with the errno the kernel gives
 * (-EAGAIN for a verification, -EINTR for a test run) and with everything given back.
 * So work that was begun is always run to its end.
 */

/** Work with a result of type T. */
export type Work<T = number> = Generator<void, T, boolean>;

/** What a command answers that is not finished. */
export const PENDING = -0x40000010;

/** Tells work from a result that is already there. */
export function isWork<T>(value: T | Work<T>): value is Work<T> {
  return typeof value === 'object' && value !== null && 'next' in value && typeof value.next === 'function';
}

/** Runs work to its end without a pause. */
export function runToEnd<T>(work: Work<T>): T {
  for (;;) {
    const step = work.next(false);
    if (step.done === true) return step.value;
  }
}

/**
 * Goes on with work until it is done or {@link monotonicMs} reaches `deadline`: whether it
 * is done, and its result.
 */
export function runUntil<T>(work: Work<T>, deadline: number, signal: boolean): IteratorResult<void, T> {
  for (;;) {
    const step = work.next(signal);
    if (step.done === true || monotonicMs() >= deadline) return step;
  }
}

/** Milliseconds that do not go backwards, of the machine, not of the emulated clock. */
export function monotonicMs(): number {
  return (globalThis as { performance?: { now(): number } }).performance?.now() ?? Date.now();
}
