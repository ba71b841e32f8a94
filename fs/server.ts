/**
 * The FUSE server of one mount: takes a request out of the fixed buffer, runs the handler
 * that the opcode table names, leaves the reply in the other one.
 */
import { EINVAL, EIO, ENOSYS } from '../uapi/errno.ts';
import { NO_REPLY } from './file.ts';
import { FuseReply, FuseRequest, headerIsWhole } from './message.ts';
import { OPCODES } from './opcodes.ts';
import { IN_HEADER_SIZE, OP } from './protocol.ts';
import type { Superblock } from './superblock.ts';
import { traceLine } from './trace.ts';

/** Opcodes below this have a counter. */
const OPCODE_MAX = 64;

export class FuseServer {
  readonly request = new FuseRequest();
  readonly reply = new FuseReply();
  readonly sb: Superblock;
  /** Requests served, by opcode. */
  readonly served: Uint32Array;
  /** Receives one line a request (`--trace-fuse`). */
  trace: ((line: string) => void) | undefined;

  constructor(sb: Superblock, served: Uint32Array = new Uint32Array(OPCODE_MAX)) {
    this.sb = sb;
    this.served = served;
  }

  /** Another one for the same mount, with buffers of its own. */
  another(): FuseServer {
    const server = new FuseServer(this.sb, this.served);
    server.trace = this.trace;
    return server;
  }

  /** Answers the request of `length` bytes in the buffer: how many bytes of the reply to send, 0 for none. */
  handle(length: number): number {
    const { request, reply } = this;
    if (!headerIsWhole(request, length)) {
      // Whoever sent it can only be told when the header is there.
      if (length < IN_HEADER_SIZE) return 0;
      return reply.finish(request, -EIO);
    }
    const opcode = request.opcode;
    if (opcode < OPCODE_MAX) this.served[opcode]!++;
    const size = this.#run(opcode, length);
    if (this.trace !== undefined) this.trace(traceLine(request, size));
    if (size === NO_REPLY) return 0;
    return reply.finish(request, size);
  }

  #run(opcode: number, length: number): number {
    const operation = OPCODES[opcode];
    if (operation === undefined) return -ENOSYS;
    if (length < operation.size) return isSilent(opcode) ? NO_REPLY : -EINVAL;
    try {
      return operation.handler(this.sb, this.request, this.reply);
    } catch (error) {
      this.sb.onBug(error);
      return isSilent(opcode) ? NO_REPLY : -EIO;
    }
  }

  /** Requests served, by name; those never seen are left out. */
  statistics(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const [opcode, count] of this.served.entries()) {
      if (count > 0) counts[OPCODES[opcode]?.name ?? `opcode ${opcode}`] = count;
    }
    return counts;
  }

  /** Number of requests served. */
  get total(): number {
    return this.served.reduce((sum, count) => sum + count, 0);
  }
}

/** Operations that are never answered. */
function isSilent(opcode: number): boolean {
  return opcode === OP.FORGET || opcode === OP.BATCH_FORGET || opcode === OP.INTERRUPT;
}
