/**
 * The JSON side of the control file: a line in, a line out.
 *
 *     {"as":"m","cmd":"BPF_MAP_CREATE","map_type":"hash","key_size":4,"value_size":8,"max_entries":16}
 *     {"ok":true,"fd":0,"as":"m"}
 *     {"cmd":"BPF_MAP_LOOKUP_ELEM","map_fd":"$m","key":"01000000"}
 *     {"ok":false,"errno":"ENOENT","message":"BPF_MAP_LOOKUP_ELEM: No such file or directory"}
 *
 * Fields are those of `union bpf_attr`; `as` names the new descriptor and `$name`
 * stands for it later; `{"cmd":"close","fd":"$m"}` closes it. A field that is wrong is
 * answered with one line: field, found, wanted. Nothing a client writes throws.
 */
import { isWork, monotonicMs, PENDING, runToEnd, type Work } from '../../base/work.ts';
import { BPF_CMD } from '../../uapi/bpf.ts';
import { EINTR, Errno, errnoName, strerror } from '../../uapi/errno.ts';
import { COMMAND_ATTRS, type CommandAttr } from '../attr_table.ts';
import type { Kernel } from '../kernel.ts';
import { LocalCaller, type LocalCallerOptions } from '../local_caller.ts';
import { decodeResults } from './decode.ts';
import { Encoder } from './encode.ts';
import { type Fields, Schemas, wantsCommand } from './schema.ts';
import { FieldError } from './text.ts';

/** Longest line that is read: BTF of 16 MiB as hex, and room for the rest. */
export const LINE_MAX = 40 << 20;
/** Deepest nesting of brackets in a line. */
const NESTING_MAX = 64;
const NEWLINE = 0x0a;

/** A command beside bpf(2), such as EMU_STATUS. */
export interface SessionCommand {
  /** What may stand in its line besides `cmd`; all of it may be left out. */
  readonly fields: Fields;
  /**
   * Those fields in, the fields of the reply out, or the work that leads to them. It may throw
   * an {@link Errno}.
   */
  run(fields: Readonly<Record<string, unknown>>, caller: LocalCaller): object | Work<object>;
}

/** Milliseconds that a pending command goes on between two pauses of its line. */
const SLICE_MS = 1;

/** How a {@link CtlSession} is made: the caller's side, and the commands beside bpf(2) by name. */
export interface CtlSessionOptions extends LocalCallerOptions {
  readonly commands?: ReadonlyMap<string, SessionCommand>;
}

/** Validators are the same for all sessions of a process. */
const SCHEMAS = new Schemas();

/** One open of the control file, as far as JSON lines go. */
export class CtlSession {
  readonly #kernel: Kernel;
  readonly caller: LocalCaller;
  readonly #commands: ReadonlyMap<string, SessionCommand>;
  readonly #names = new Map<string, number>();
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #pending: Uint8Array[] = [];
  #pendingLength = 0;
  /** A line was too long: its rest is dropped up to the next newline. */
  #skipping = false;

  /** `options` are the rights, descriptors and paths of who opened the file. */
  constructor(kernel: Kernel, options: CtlSessionOptions = {}) {
    this.#kernel = kernel;
    this.#commands = options.commands ?? new Map();
    this.caller = new LocalCaller(options);
  }

  /** Takes bytes as they are written, in any portions; the replies of the lines that are complete, each with its newline. */
  write(bytes: Uint8Array): string {
    let replies = '';
    let at = 0;
    while (at < bytes.length) {
      const newline = bytes.indexOf(NEWLINE, at);
      const end = newline === -1 ? bytes.length : newline;
      this.#keep(bytes.subarray(at, end));
      if (newline === -1) break;
      replies += this.#takeLine();
      at = newline + 1;
    }
    return replies;
  }

  /** Whether a line has been started and not ended. */
  get hasPartialLine(): boolean {
    return this.#pendingLength > 0 || this.#skipping;
  }

  /** Answers one line; the reply has no newline. */
  writeLine(line: string): string {
    return runToEnd(this.line(line));
  }

  /** The same with pauses, for a caller that may wait. One line at a time: they share the caller's memory. */
  *line(line: string): Work<string> {
    if (line.length > LINE_MAX) return refusal('E2BIG', `the line is too long: at most ${LINE_MAX} bytes`);
    try {
      return JSON.stringify(yield* this.#answer(line));
    } catch (error) {
      if (error instanceof FieldError) return refusal('EINVAL', error.message, error.field);
      if (error instanceof Errno) return refusal(error.code, error.message);
      throw error;
    } finally {
      this.caller.reset();
    }
  }

  /** Closes all descriptors, as at the end of a process. */
  close(): void {
    this.caller.exit();
    this.#names.clear();
    this.#pending = [];
    this.#pendingLength = 0;
  }

  #keep(part: Uint8Array): void {
    if (this.#skipping || part.length === 0) return;
    if (this.#pendingLength + part.length > LINE_MAX) {
      this.#skipping = true;
      this.#pending = [];
      this.#pendingLength = 0;
      return;
    }
    this.#pending.push(part.slice());
    this.#pendingLength += part.length;
  }

  #takeLine(): string {
    if (this.#skipping) {
      this.#skipping = false;
      return `${refusal('E2BIG', `the line is too long: at most ${LINE_MAX} bytes`)}\n`;
    }
    const bytes = new Uint8Array(this.#pendingLength);
    let at = 0;
    for (const part of this.#pending) {
      bytes.set(part, at);
      at += part.length;
    }
    this.#pending = [];
    this.#pendingLength = 0;
    let line: string;
    try {
      line = this.#decoder.decode(bytes);
    } catch {
      return `${refusal('EILSEQ', 'the line is not valid UTF-8')}\n`;
    }
    if (line.trim() === '') return '';
    return `${this.writeLine(line)}\n`;
  }

  *#answer(line: string): Work<unknown> {
    const request = parse(line);
    if (typeof request !== 'object' || request === null || Array.isArray(request)) throw wantsCommand(request);
    const fields = request as Record<string, unknown>;
    if (fields['cmd'] === 'close') return this.#closeFd(fields);
    const beside = this.#commands.get(String(fields['cmd']));
    if (beside !== undefined) {
      const numbered = this.#withDescriptors(fields);
      SCHEMAS.checkFields(String(fields['cmd']), beside.fields, numbered);
      const reply = beside.run(numbered, this.caller);
      // Work may run programs: not in the middle of another's run.
      if (isWork(reply) && this.#kernel.doors.isServing) yield;
      return { ok: true, ...(isWork(reply) ? yield* reply : reply) };
    }
    const command = commandOf(fields['cmd']);
    if (command === undefined) throw wantsCommand(fields);
    SCHEMAS.check(command, request);
    if (fields['as'] !== undefined && command.returns === undefined)
      throw new FieldError('as', fields['as'], `no name: BPF_${command.name} makes no descriptor`);
    return yield* this.#run(command, fields);
  }

  /** The fields with names of descriptors (`"$m"` in a field like `map_fd`) replaced by their numbers. */
  #withDescriptors(fields: Record<string, unknown>): Record<string, unknown> {
    const numbers = Object.entries(fields).map(([name, value]) => {
      const named = name.endsWith('_fd') && typeof value === 'string' && value.startsWith('$');
      if (!named) return [name, value] as const;
      const fd = this.#fd(value.slice(1));
      if (fd === undefined) throw new FieldError(name, value, 'the name of a descriptor of this session');
      return [name, fd] as const;
    });
    return Object.fromEntries(numbers);
  }

  *#run(command: CommandAttr, fields: Record<string, unknown>): Work<unknown> {
    const encoded = new Encoder(this.#kernel, this.caller, command, fields, (name) => this.#fd(name)).encode();
    const { attr } = encoded;
    const uaddr = this.caller.put(attr);
    if (uaddr === 0) throw new FieldError('cmd', fields['cmd'], 'less data: the memory of a request is limited');
    if (this.#kernel.hasVm) this.#kernel.vm.ended = '';
    let result = this.#kernel.bpf(command.number, attr, attr.length, uaddr, this.caller);
    if (result === PENDING) {
      const pending = this.#kernel.takePending();
      for (let signal = false; result === PENDING; ) {
        signal = yield;
        if (this.#kernel.hasVm) this.#kernel.vm.ended = '';
        result = pending.run(monotonicMs() + SLICE_MS, signal);
      }
    }
    const after = this.caller.bytes(uaddr, attr.length);
    if (result < 0) {
      const reply: Record<string, unknown> = {
        ok: false,
        errno: errnoName(result),
        message: `BPF_${command.name}: ${this.#why(result)}`,
      };
      decodeResults(reply, command, encoded, after, this.caller, true);
      return reply;
    }
    const reply: Record<string, unknown> = { ok: true };
    if (command.returns !== undefined) {
      reply['fd'] = result;
      if (typeof fields['as'] === 'string') {
        this.#name(fields['as'], result);
        reply['as'] = fields['as'];
      }
    } else if (result > 0) reply['ret'] = result;
    decodeResults(reply, command, encoded, after, this.caller, false);
    return reply;
  }

  /** What an errno means; of a run that was ended by force, why. */
  #why(result: number): string {
    const ended = result === -EINTR && this.#kernel.hasVm ? this.#kernel.vm.ended : '';
    return ended === '' ? strerror(result) : `${strerror(result)}: ${ended}`;
  }

  #closeFd(fields: Record<string, unknown>): unknown {
    const given = fields['fd'];
    const name = typeof given === 'string' && given.startsWith('$') ? given.slice(1) : undefined;
    const fd = name === undefined ? given : this.#fd(name);
    if (typeof fd !== 'number' || this.caller.close(fd) < 0)
      throw new FieldError('fd', given, 'an open descriptor, by "$name" or number');
    for (const [known, number] of this.#names) if (number === fd) this.#names.delete(known);
    return { ok: true };
  }

  #fd(name: string): number | undefined {
    const fd = this.#names.get(name);
    return fd !== undefined && this.caller.fdget(fd) !== undefined ? fd : undefined;
  }

  /** Binds a name; the descriptor it had before is closed. */
  #name(name: string, fd: number): void {
    const old = this.#names.get(name);
    if (old !== undefined) this.caller.close(old);
    this.#names.set(name, fd);
  }
}

function commandOf(cmd: unknown): CommandAttr | undefined {
  if (typeof cmd !== 'string') return undefined;
  const name = cmd.replace(/^BPF_/, '');
  return Object.hasOwn(BPF_CMD, name) ? COMMAND_ATTRS[BPF_CMD[name as keyof typeof BPF_CMD]] : undefined;
}

function refusal(errno: string, message: string, field?: string): string {
  return JSON.stringify(field === undefined ? { ok: false, errno, message } : { ok: false, errno, message, field });
}

/** JSON.parse with a limit on nesting and one message for everything that is wrong. */
function parse(line: string): unknown {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const c = line.charCodeAt(i);
    if (quoted) {
      if (c === 0x5c) i++;
      else if (c === 0x22) quoted = false;
    } else if (c === 0x22) quoted = true;
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > NESTING_MAX) throw new FieldError('line', 'JSON', `at most ${NESTING_MAX} levels of brackets`);
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
  try {
    return JSON.parse(line);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FieldError('line', line, `one JSON object (${reason.slice(0, 120)})`);
  }
}
