/** What `bpf-emu run` was asked for. */
import type { KernelFlags } from './flags.ts';

/** Options of `bpf-emu run`. */
export interface RunFlags extends KernelFlags {
  readonly prog?: string;
  readonly pcap?: string;
  readonly out?: string;
  readonly data?: string;
  readonly ctx?: string;
  readonly args?: string;
  readonly repeat: number;
  readonly each?: boolean;
  readonly step?: boolean;
  readonly json?: boolean;
}
