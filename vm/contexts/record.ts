/**
 * Contexts that are a plain record: cgroup hooks, socket messages, registers, trace
 * records. What a hook needs besides its record (a sysctl's values, an option's
 * buffer, a message's bytes) is kept with it.
 */
import { ENOMEM, Errno } from '../../uapi/errno.ts';
import type { Vm } from '../vm.ts';
import { ContextObject } from './block.ts';
import { Sock } from './sock.ts';

/** A record of up to 256 bytes, and the socket it is about. */
export class RecordContext extends ContextObject {
  /** The socket the event is about. */
  readonly sock: Sock;

  constructor(vm: Vm) {
    super(vm);
    this.sock = new Sock(vm);
  }

  override release(): void {
    this.sock.release();
    super.release();
  }
}

/** A sysctl being read or written (`struct bpf_sysctl_kern`). */
export class SysctlContext extends RecordContext {
  /** Path below /proc/sys, such as `net/ipv4/tcp_mem`. */
  name = '';
  current: Uint8Array = new Uint8Array(0);
  /** Value being written; undefined: the sysctl is read. */
  next: Uint8Array | undefined = undefined;
  /** The program replaced the value. */
  updated = false;
}

/** Bytes a program may change through packet pointers: a socket option's value, a message. */
export class BufferContext extends RecordContext {
  /** Address and size of the buffer, and the part in use. */
  buffer = 0;
  size = 0;
  data = 0;
  dataEnd = 0;

  /** Makes the buffer hold these bytes. */
  fill(bytes: Uint8Array, room: number): void {
    const { arena } = this.vm.env;
    const size = Math.max(bytes.length, room);
    if (size > this.size) {
      arena.free(this.buffer, this.size);
      this.buffer = arena.alloc(size);
      this.size = this.buffer === 0 ? 0 : size;
      if (this.buffer === 0) throw new Errno(ENOMEM, 'No arena memory for a buffer');
    }
    arena.u8.fill(0, this.buffer, this.buffer + this.size);
    arena.u8.set(bytes, this.buffer);
    this.data = this.buffer;
    this.dataEnd = this.buffer + bytes.length;
  }

  override release(): void {
    this.vm.env.arena.free(this.buffer, this.size);
    this.size = 0;
    super.release();
  }
}

/** A message sent on a socket (`struct sk_msg`). */
export class MessageContext extends BufferContext {
  /** Bytes the verdict is good for, and bytes to wait for. */
  applyBytes = 0;
  corkBytes = 0;
}
