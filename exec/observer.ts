/** Those who look at every bpf(2) call of a session: tracing, fault injection, counting. */
import type { ExecCaller } from './caller.ts';

/** What looks at every bpf(2) call: tracing, fault injection, counting. */
export interface Observer {
  /** Before the command: a negative errno answers it without running it. `bytes` are the attr as far as it could be read. */
  enter?(call: ObservedCall): number;
  /** After it; `result` is what the caller gets. */
  exit?(call: ObservedCall, result: number): void;
}

/** One bpf(2) call, while it is looked at. */
export interface ObservedCall {
  readonly cmd: number;
  readonly size: number;
  readonly uaddr: number;
  /** The attr; moved when the call takes long. */
  bytes: Uint8Array | undefined;
  readonly caller: ExecCaller;
}
