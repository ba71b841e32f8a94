/**
 * Sockets as programs see them: a struct bpf_sock in the arena behind each socket
 * pointer. There is no network stack: a socket here is what a test run or the caller
 * describes.
 */
import { ENOMEM, Errno } from '../../uapi/errno.ts';
import { BPF_SOCK, BPF_SOCK_SIZE } from '../progtypes/sock.ts';
import type { Vm } from '../vm.ts';

/** `TCP_CLOSE` (include/net/tcp_states.h): the state of a socket that was never connected. */
const TCP_CLOSE = 7;
export const AF_INET = 2;
export const AF_INET6 = 10;

/** One socket. */
export class Sock {
  readonly vm: Vm;
  /** Address of the struct bpf_sock. */
  readonly addr: number;
  /** What ends with the socket: its values in storage maps, by map id. */
  readonly onRelease = new Map<number, () => void>();
  /** `sock_gen_cookie`: given when first asked for. */
  #cookie = 0n;

  constructor(vm: Vm) {
    this.vm = vm;
    this.addr = vm.env.arena.alloc(BPF_SOCK_SIZE);
    if (this.addr === 0) throw new Errno(ENOMEM, 'No arena memory for a socket');
    vm.contexts.set(this.addr, this);
    this.reset();
  }

  /** A fresh socket, as `sock_init_data` leaves it. */
  reset(): void {
    const { u8 } = this.vm.env.arena;
    u8.fill(0, this.addr, this.addr + BPF_SOCK_SIZE);
    this.set(BPF_SOCK.state, TCP_CLOSE);
    this.set(BPF_SOCK.rxQueueMapping, -1);
    this.#cookie = 0n;
    if (this.onRelease.size > 0) this.#dropStorage();
  }

  #dropStorage(): void {
    for (const drop of this.onRelease.values()) drop();
    this.onRelease.clear();
  }

  get(off: number): number {
    return this.vm.env.arena.u32[(this.addr + off) >> 2]!;
  }

  set(off: number, value: number): void {
    this.vm.env.arena.u32[(this.addr + off) >> 2] = value;
  }

  /** Number that names the socket for its lifetime. */
  cookie(): bigint {
    if (this.#cookie === 0n) this.#cookie = this.vm.nextCookie++;
    return this.#cookie;
  }

  /** Its cookie, for `Saves`. */
  saveState(): () => void {
    const cookie = this.#cookie;
    return () => {
      this.#cookie = cookie;
    };
  }

  release(): void {
    this.#dropStorage();
    this.vm.contexts.delete(this.addr);
    this.vm.env.arena.free(this.addr, BPF_SOCK_SIZE);
  }
}

/** The socket at an address, or undefined. */
export function sockAt(vm: Vm, addr: number): Sock | undefined {
  const object = vm.contexts.get(addr);
  return object instanceof Sock ? object : undefined;
}
