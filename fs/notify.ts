/**
 * What the server tells the kernel on its own: that something it caches has changed.
 *
 * Attributes are invalidated at once, before whoever caused it gets an answer: that takes
 * no lock in the kernel. Names are invalidated by the transport's helper thread, since the
 * kernel takes the directory's lock for it, which a waiting client may hold.
 */
import { NOTIFY, OUT_HEADER_SIZE } from './protocol.ts';

/** The way to the kernel's FUSE client. */
export interface Transport {
  /** Writes a reply of `length` bytes: 0 or -errno. */
  reply(message: Uint8Array, length: number): number;
  /** Queues a notification for the helper thread. */
  notify(message: Uint8Array): void;
  /** Writes a notification at once: 0 or -errno. */
  notifyNow(message: Uint8Array): number;
}

export class Notifier {
  readonly #transport: Transport;
  readonly #inode = message(NOTIFY.INVAL_INODE, 24);
  readonly #poll = message(NOTIFY.POLL, 8);

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The attributes of an inode changed (`fuse_notify_inval_inode_out` with a negative offset). */
  attributes(ino: number): void {
    const view = this.#inode;
    view.setUint32(16, ino, true);
    view.setBigInt64(24, -1n, true);
    this.#transport.notifyNow(bytesOf(view));
  }

  /** A name in a directory now means something else (`fuse_notify_inval_entry_out`). */
  entry(parent: number, name: string): void {
    const view = message(NOTIFY.INVAL_ENTRY, 16 + name.length + 1);
    view.setUint32(16, parent, true);
    view.setUint32(24, name.length, true);
    Buffer.from(view.buffer).write(name, 32, 'latin1');
    this.#transport.notify(bytesOf(view));
  }

  /** A polled file became ready (`fuse_notify_poll_wakeup_out`). */
  wake(low: number, high: number): void {
    const view = this.#poll;
    view.setUint32(16, low, true);
    view.setUint32(20, high, true);
    this.#transport.notifyNow(bytesOf(view));
  }
}

/** A notification with its header (the code stands where a reply has its error) and `size` zero bytes. */
function message(code: number, size: number): DataView {
  const view = new DataView(new ArrayBuffer(OUT_HEADER_SIZE + size));
  view.setUint32(0, OUT_HEADER_SIZE + size, true);
  view.setInt32(4, code, true);
  return view;
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer);
}
