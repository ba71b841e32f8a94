/** What `bpf-emu mount` was asked for. */
import type { KernelFlags } from './flags.ts';

/** Options of `bpf-emu mount`. */
export interface MountFlags extends KernelFlags {
  readonly options?: string;
  readonly daemon?: boolean;
  readonly join?: string;
  readonly log?: string;
  readonly traceFuse?: string | true;
  readonly spin: number;
}
