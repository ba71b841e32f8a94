/** The context of a socket lookup (`struct bpf_sk_lookup_kern`): who connects to whom, and the socket chosen. */
import { SK_LOOKUP } from '../progtypes/net.ts';
import { ContextObject } from './block.ts';
import { AF_INET, type Sock } from './sock.ts';

/** One lookup. */
export class SkLookup extends ContextObject {
  /** The socket bpf_sk_assign chose. */
  selected: Sock | undefined = undefined;
  /** BPF_SK_LOOKUP_F_NO_REUSEPORT was given. */
  noReuseport = false;

  /** Takes the addresses and ports of a struct bpf_sk_lookup; only those of the family are seen. */
  describe(given: Uint8Array, family: number): void {
    const { u8 } = this.vm.env.arena;
    this.clear();
    const copy = (off: number, length: number): void => u8.set(given.subarray(off, off + length), this.ctx + off);
    this.set32(SK_LOOKUP.family, family);
    copy(SK_LOOKUP.protocol, 2);
    copy(SK_LOOKUP.remotePort, 2);
    copy(SK_LOOKUP.localPort, 2);
    if (family === AF_INET) {
      copy(SK_LOOKUP.remoteIp4, 4);
      copy(SK_LOOKUP.localIp4, 4);
    } else {
      copy(SK_LOOKUP.remoteIp6, 16);
      copy(SK_LOOKUP.localIp6, 16);
    }
  }

  /** Chooses a socket, or none. */
  select(sock: Sock | undefined): void {
    this.selected = sock;
    this.setPtr(SK_LOOKUP.cookie, sock?.addr ?? 0);
  }
}
