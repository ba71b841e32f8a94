/** A FUSE server without a kernel: requests are byte arrays, replies are looked at as they would be sent. */
import { seededRandom } from '../../base/env.ts';
import { parseBpffsOptions } from '../../fs/options.ts';
import { IN_HEADER_SIZE, OP, OUT_HEADER_SIZE } from '../../fs/protocol.ts';
import { FuseServer } from '../../fs/server.ts';
import { Superblock } from '../../fs/superblock.ts';
import { ManualClock } from '../../native/host.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { EFAULT, errnoName } from '../../uapi/errno.ts';
import { TraceBuffer } from '../../vm/trace.ts';

/** A reply taken apart. */
export interface Reply {
  readonly unique: number;
  /** Name of the error, or undefined. */
  readonly error: string | undefined;
  readonly body: Buffer;
}

/** Bytes of a request; `fields` are 32-bit words of the body, `tail` what follows them. */
export function makeRequest(opcode: keyof typeof OP | number, nodeid: number, fields: number[], tail = ''): Buffer {
  const names = Buffer.from(tail, 'latin1');
  const bytes = Buffer.alloc(IN_HEADER_SIZE + fields.length * 4 + names.length);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt32LE(typeof opcode === 'number' ? opcode : OP[opcode], 4);
  bytes.writeUInt32LE(77, 8); // unique
  bytes.writeUInt32LE(nodeid, 16);
  bytes.writeUInt32LE(1000, 24); // uid
  bytes.writeUInt32LE(1000, 28); // gid
  bytes.writeUInt32LE(4242, 32); // tid
  for (const [i, field] of fields.entries()) bytes.writeUInt32LE(field >>> 0, IN_HEADER_SIZE + i * 4);
  names.copy(bytes, IN_HEADER_SIZE + fields.length * 4);
  return bytes;
}

/** One mount that only tests talk to. */
export class FakeMount {
  readonly kernel: Kernel;
  readonly server: FuseServer;
  /** Replies sent later, and notifications, in order. */
  readonly sent: Buffer[] = [];
  readonly bugs: unknown[] = [];
  readonly printed = new TraceBuffer();

  constructor(options = '') {
    this.kernel = new Kernel({
      cpus: 2,
      memory: 1 << 24,
      clock: new ManualClock(1n, 10n ** 18n),
      random: seededRandom(1),
    });
    const keep = (message: Uint8Array, length = message.length): number => {
      this.sent.push(Buffer.from(message.subarray(0, length)));
      return 0;
    };
    const sb = new Superblock({
      kernel: this.kernel,
      options: parseBpffsOptions(options),
      transport: { reply: keep, notify: keep, notifyNow: keep },
      uid: 0,
      gid: 0,
      ctl: {
        process: {
          readMemory: () => -EFAULT,
          writeMemory: () => -EFAULT,
          capabilities: () => -EFAULT,
          descriptor: () => undefined,
        },
        // Walks end at once here: the tests of paths have a real mount.
        resolve: () => {},
        ownerUid: undefined,
        extensions: new Map(),
        printed: this.printed,
        commands: new Map(),
      },
    });
    this.server = new FuseServer(sb);
    sb.onBug = (error) => this.bugs.push(error);
  }

  /** Sends bytes as they are; undefined when there is no reply. */
  send(bytes: Uint8Array): Reply | undefined {
    const { request, reply } = this.server;
    request.bytes.set(bytes);
    const length = this.server.handle(bytes.length);
    return length === 0 ? undefined : takeApart(reply.bytes.subarray(0, length));
  }

  /** Sends a request made of its parts. */
  ask(opcode: keyof typeof OP | number, nodeid: number, fields: number[], tail = ''): Reply | undefined {
    return this.send(makeRequest(opcode, nodeid, fields, tail));
  }
}

/** A reply from its bytes. Throws when its header does not fit it. */
export function takeApart(bytes: Buffer): Reply {
  const length = bytes.readUInt32LE(0);
  const error = bytes.readInt32LE(4);
  if (length !== bytes.length || length < OUT_HEADER_SIZE)
    throw new Error(`reply of ${bytes.length} bytes claims ${length}`);
  if (error > 0 || error <= -1000) throw new Error(`reply with error ${error}`);
  if (error < 0 && length !== OUT_HEADER_SIZE) throw new Error('an error with a body');
  return {
    unique: bytes.readUInt32LE(8),
    error: error === 0 ? undefined : errnoName(error),
    body: Buffer.from(bytes.subarray(OUT_HEADER_SIZE)),
  };
}
