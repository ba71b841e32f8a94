/**
 * What EMU_PROG_RUN gives a program, in the caller's terms, and what comes of it.
 *
 * BPF_PROG_TEST_RUN has no runner for most cgroup and tracing types; this one has, and
 * it runs packet programs too, packet after packet without setting everything up again.
 */
import type { Redirect } from '../../vm/contexts/block.ts';

/** A value of a context field: a number, text (an address, a number, hex), or a list for arrays. */
export type FieldValue = number | bigint | string | readonly FieldValue[] | { readonly [field: string]: FieldValue };

/** One event. */
export interface ProgEvent {
  /** Bytes of the packet, of a trace record, of a syscall program's context, of a message. */
  readonly data?: Uint8Array;
  /** Fields of the context by their uapi names; `sk` holds those of the socket. */
  readonly ctx?: Readonly<Record<string, FieldValue>>;
  /** Arguments of raw tracepoints and traced functions. */
  readonly args?: readonly FieldValue[];
}

/** What a run gave. */
export interface ProgOutcome {
  /** r0, its low half. */
  readonly retval: number;
  /** Its name where the type has names for its verdicts: `XDP_DROP`. */
  readonly verdict?: string;
  /** The bytes afterwards: packet, option value, message, record. */
  readonly data?: Uint8Array;
  /** Fields of the context that are not zero afterwards. */
  readonly ctx?: Readonly<Record<string, string | number | readonly number[]>>;
  /** Where the packet was sent. */
  readonly redirect?: Redirect;
  /** What an iterator wrote. */
  readonly text?: string;
  /** New value of a sysctl, when the program set one. */
  readonly newValue?: string;
}

/** Runs one program on events; made once, used for many. */
export interface ProgRunner {
  /** Runs the program. Throws Errno for an event it cannot be given. */
  run(event: ProgEvent): ProgOutcome;
  /** Frees what it holds. */
  release(): void;
}
