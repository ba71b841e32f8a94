/**
 * A mount as a door that is open while a program runs: requests are read and answered in the
 * middle of the run, with buffers of their own, since the one that started the program still
 * needs its. What would run another program, or close what goes on, waits for the end of it;
 * where programs are attached to bpf(2) itself, every command would.
 */
import type { Door } from '../base/doors.ts';
import { isWatched } from '../syscall/hooks.ts';
import { EINTR } from '../uapi/errno.ts';
import { CtlFile } from './ctl.ts';
import { isSame, type Waiting } from './message.ts';
import { IN_BODY, OP } from './protocol.ts';
import type { FuseServer } from './server.ts';

/** What the door needs of the mount's session. */
export interface MeanwhileSession {
  serve(request: Uint8Array, reply: Uint8Array, onRequest: (length: number) => number): number;
  reply(message: Uint8Array, length: number): number;
}

/** Operations whose body begins with the number of an open file. */
const OF_A_FILE: ReadonlySet<number> = new Set([OP.READ, OP.RELEASE, OP.IOCTL, OP.WRITE]);

/** The requests of one mount while a program runs. */
export class Meanwhile implements Door {
  readonly fd: number;
  readonly #outer: FuseServer;
  readonly #session: MeanwhileSession;
  /** Made when first needed: its buffers are large. */
  #inner: FuseServer | undefined;
  /** Requests for the time after the run. */
  readonly #later: { readonly waiting: Waiting; readonly bytes: Buffer }[] = [];
  readonly #handle = (length: number): number => this.handle(length);
  /** Answers come of paths that were resolved meanwhile: how many. */
  readonly #deliver: () => number;

  constructor(outer: FuseServer, session: MeanwhileSession, fd: number, deliver: () => number) {
    this.#outer = outer;
    this.#session = session;
    this.fd = fd;
    this.#deliver = deliver;
  }

  get inner(): FuseServer {
    this.#inner ??= this.#outer.another();
    return this.#inner;
  }

  serve(): number {
    const { request, reply } = this.inner;
    const found = isWatched(this.#outer.sb.kernel) ? 0 : this.#deliver();
    return found + this.#session.serve(request.bytes, reply.bytes, this.#handle);
  }

  /** Answers the request in the inner buffer: bytes of the reply, 0 for none. */
  handle(length: number): number {
    const { request } = this.inner;
    if (!this.#mustWait()) return this.inner.handle(length);
    if (request.opcode === OP.INTERRUPT) this.#interrupt();
    else {
      if (this.#later.length === 0) setImmediate(() => this.#next());
      this.#later.push({ waiting: request.waiting, bytes: Buffer.from(request.bytes.subarray(0, length)) });
    }
    return 0;
  }

  /** Whether the request is for the time after the run, or about one that is. */
  #mustWait(): boolean {
    const { request } = this.inner;
    const { sb } = this.#outer;
    const { opcode } = request;
    if (opcode === OP.INTERRUPT) return this.#find() >= 0;
    if (!OF_A_FILE.has(opcode)) return false;
    const file = request.get(IN_BODY + 1) === 0 ? sb.files.get(request.get(IN_BODY)) : undefined;
    if (opcode === OP.READ) return file?.runsPrograms === true;
    return opcode === OP.RELEASE ? file?.isBusy === true : file instanceof CtlFile && isWatched(sb.kernel);
  }

  /** The request that waits here and that the one in the buffer wants to interrupt. */
  #find(): number {
    const { request } = this.inner;
    const wanted = { low: request.get(IN_BODY), high: request.get(IN_BODY + 1) };
    return this.#later.findIndex(({ waiting }) => isSame(waiting, wanted));
  }

  #interrupt(): void {
    const [one] = this.#later.splice(this.#find(), 1);
    if (one !== undefined) this.#outer.sb.answer(one.waiting, () => -EINTR);
  }

  /** The run is over: the requests that waited, one a turn of the event loop. */
  #next(): void {
    const one = this.#later.shift();
    if (this.#later.length > 0) setImmediate(() => this.#next());
    if (one === undefined) return;
    const { request, reply } = this.#outer;
    request.bytes.set(one.bytes);
    const length = this.#outer.handle(one.bytes.length);
    if (length > 0) this.#session.reply(reply.bytes, length);
  }
}
