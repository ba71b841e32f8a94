/**
 * What happens on the machine and programs of the emulated kernel wait for: tracepoints and
 * uprobes. The machine's own perf events tell of it, through one ring a CPU; a program runs
 * a moment after the fact, in the order of the events and with their clock, at the latest
 * before the next bpf(2) call is answered. Where the machine gives no perf events to this
 * process, nothing happens, as before. Source: man perf_event_open(2).
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { Clock } from '../base/env.ts';
import { PAGE_SIZE } from '../mm/arena.ts';
import type { Kernel } from '../syscall/kernel.ts';
import type { PerfProbe, ProbeEvent } from '../syscall/perf_link.ts';
import { EFAULT } from '../uapi/errno.ts';
import { BpfProg } from '../vm/prog.ts';
import { PT_REGS_SIZE } from '../vm/progtypes/trace.ts';
import type { CurrentTask, UserMemory } from '../vm/task.ts';
import { runForEvent } from './event_run.ts';
import { BOX, type ExecNative } from './native.ts';
import { PERF_TYPE_SOFTWARE } from './perf.ts';
import { type Named, readSamples, type Sample, sampleAttr } from './perf_samples.ts';
import { commOf, tgidOf } from './proc.ts';

/** Pages of records in a CPU's ring. */
const RING_PAGES = 128;
/** Milliseconds between two looks at the rings. */
const LOOK_MS = 5;
/** Milliseconds that programs may take at a time. */
const BURST_MS = 5;
/** Most names that are kept. */
const NAMES_MAX = 20_000;
/** They may be so many, however long it takes. */
const RUNS_MIN = 32;
/** The same before a call while they have had their share. */
const CALL_MS = 2;
/** PERF_COUNT_SW_DUMMY: what owns a ring and never happens itself. */
const DUMMY = 9n;
/** Samples further from the kernel's clock than this are not of its time: it is a controlled one. */
const CLOCK_NEAR = 60_000_000_000n;
/** Tracepoints of system calls happen elsewhere: those of the command, when they are made (watched_calls.ts). */
const ELSEWHERE = /^sys_(?:enter|exit$|exit_bpf$)/;

/** An event of ours that waits for one of the machine's. */
interface Waiting {
  readonly event: ProbeEvent;
  /** Path of a uprobe's file, as this process finds it. */
  readonly path: string;
  /** Process it is for; 0: any. */
  readonly tgid: number;
  enabled: boolean;
  /** One a CPU, while it has a program. */
  fds: readonly number[];
}

/** Whether the machine's events are of use for a probe of this kind. */
export function happensOnMachine({ kind, name }: PerfProbe): boolean {
  if (process.arch !== 'x64') return false;
  if (kind === 'tracepoint') return !ELSEWHERE.test(name);
  return kind === 'uprobe' || kind === 'uretprobe';
}

/** All events of one kernel that wait for the machine. */
export class MachineEvents {
  readonly #kernel: Kernel;
  readonly #native: ExecNative;
  readonly #box: Float64Array;
  readonly #waiting = new Map<ProbeEvent, Waiting>();
  readonly #byId = new Map<number, Waiting>();
  /** By CPU; undefined where there is none to be had. */
  #rings: readonly (Ring | undefined)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #queue: (Sample | Named)[] = [];
  /** Names of threads as of the sample that is looked at. */
  readonly #names = new Map<number, string>();
  /** What has happened up to here is in the queue: the rings are read one after the other. */
  #until = 0n;
  /** When programs may run again, in milliseconds: they get half of the time. */
  #rest = 0;

  /** `mailbox` is the addon's. */
  constructor(kernel: Kernel, native: ExecNative, mailbox: ArrayBuffer) {
    this.#kernel = kernel;
    this.#native = native;
    this.#box = new Float64Array(mailbox, 0, BOX.ATTR / 8);
  }

  /** Lets an event happen from when it has a program; `tid`: a thread of the only process it is for, or 0. */
  add(event: ProbeEvent, path: string, tid: number): void {
    const waiting: Waiting = { event, path, tgid: tid === 0 ? 0 : tgidOf(tid), enabled: true, fds: [] };
    const before = event.onProg;
    event.onProg = () => {
      before?.();
      if (event.prog === undefined) this.#close(waiting);
      else if (waiting.fds.length === 0) this.#open(waiting);
    };
    this.#waiting.set(event, waiting);
    event.onRelease = () => this.#waiting.delete(event);
  }

  /** PERF_EVENT_IOC_ENABLE and _DISABLE: what happened before still counts. */
  enable(event: ProbeEvent, enabled: boolean): void {
    const waiting = this.#waiting.get(event);
    if (waiting === undefined) return;
    if (!enabled) this.drain(true);
    waiting.enabled = enabled;
  }

  #open(waiting: Waiting): void {
    const { probe, prog } = waiting.event;
    if (prog instanceof BpfProg) prog.makeReady();
    const attr = sampleAttr(probe.type, probe.config, probe.offset, 1n);
    const fds: number[] = [];
    this.#openRings();
    this.#rings.forEach((ring, cpu) => {
      if (ring === undefined) return;
      const fd = this.#native.supPerfOpen(attr, waiting.path, cpu, ring.fd);
      if (fd < 0) return;
      fds.push(fd);
      this.#byId.set(this.#box[BOX.INO]!, waiting);
    });
    waiting.fds = fds;
    if (fds.length > 0 && this.#timer === undefined) {
      this.#timer = setInterval(() => this.drain(false), LOOK_MS);
      this.#timer.unref();
    }
  }

  #openRings(): void {
    if (this.#rings.length > 0) return;
    const attr = sampleAttr(PERF_TYPE_SOFTWARE, DUMMY, 0n, 0n);
    this.#rings = Array.from({ length: this.#kernel.nrCpus }, (_, cpu) => {
      const fd = this.#native.supPerfOpen(attr, '', cpu, -1);
      if (fd < 0) return undefined;
      const pages = this.#native.supPerfRing(fd, (RING_PAGES + 1) * PAGE_SIZE);
      if (typeof pages !== 'number') return { fd, pages };
      this.#native.supCloseFd(fd);
      return undefined;
    });
  }

  /** What has happened so far still counts. */
  #close(waiting: Waiting): void {
    for (const fd of waiting.fds) this.#native.supCloseFd(fd);
    waiting.fds = [];
    for (const [id, other] of this.#byId) if (other === waiting) this.#byId.delete(id);
    if (this.#byId.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /**
   * Runs the programs for all that has happened, as far as there is time for it; not in the
   * middle of a program. Before a call is answered there is always some.
   */
  drain(isCall: boolean): void {
    if (this.#byId.size === 0 || this.#rest === Number.POSITIVE_INFINITY || this.#kernel.vm.depth > 0) return;
    const begin = performance.now();
    const rests = begin < this.#rest;
    if (rests && !isCall) return;
    // Until it has come to its end: what programs do may bring others here.
    this.#rest = Number.POSITIVE_INFINITY;
    try {
      this.#runUntil(begin + (rests ? CALL_MS : BURST_MS));
    } finally {
      const now = performance.now();
      this.#rest = now + (now - begin > LOOK_MS ? now - begin : 0);
    }
  }

  #runUntil(end: number): void {
    const oldest = this.#queue[0];
    if (oldest === undefined || oldest.time > this.#until) this.#fetch();
    for (let done = 0; done < RUNS_MIN || performance.now() < end; done++) {
      const next = this.#queue[0];
      if (next === undefined || next.time > this.#until) break;
      this.#queue.shift();
      if ('name' in next) this.#learn(next);
      else this.#run(next);
    }
  }

  /** Takes what is in the rings, in the order of time. What this process does itself is no news. */
  #fetch(): void {
    const samples: Sample[] = [];
    const names: Named[] = [];
    this.#until = process.hrtime.bigint();
    for (const ring of this.#rings) {
      if (ring !== undefined) readSamples(ring.pages, samples, names);
    }
    const foreign = samples.filter(({ pid }) => pid !== process.pid);
    this.#queue = [...this.#queue, ...names, ...foreign].sort((a, b) =>
      a.time < b.time ? -1 : a.time > b.time ? 1 : 0,
    );
  }

  /** Names are kept of threads that may have ended by the time they are asked for. */
  #learn({ tid, name }: Named): void {
    const known = typeof name === 'string' ? name : (this.#names.get(name.of) ?? commOf(name.of));
    if (known === '') return;
    if (this.#names.size >= NAMES_MAX) this.#names.clear();
    this.#names.set(tid, known);
  }

  #run(sample: Sample): void {
    const waiting = this.#byId.get(sample.id);
    const prog = waiting?.event.prog;
    if (waiting?.enabled !== true || !(prog instanceof BpfProg)) return;
    if (waiting.tgid !== 0 && waiting.tgid !== sample.pid) return;
    const kernel = this.#kernel;
    const { arena, clock } = kernel;
    const { kind, recordSize } = waiting.event.probe;
    const size = kind === 'tracepoint' ? Math.max(recordSize, 8) : PT_REGS_SIZE;
    const memory = new ProcMemory(sample.tid);
    const away = clock.monotonic() - sample.time;
    if (away > -CLOCK_NEAR && away < CLOCK_NEAR) kernel.clock = clockAgo(clock, away);
    try {
      runForEvent(kernel, prog, {
        cookie: waiting.event.cookie,
        cpu: sample.cpu,
        task: new SampledTask(sample, prog.vm.task, this.#names.get(sample.tid)),
        memory,
        size,
        fill: (ctx) => {
          // The first 8 bytes of a record are the kernel's own.
          if (kind === 'tracepoint') arena.u8.set(sample.raw.subarray(8, size), ctx + 8);
          else sample.fillRegisters(arena.view, ctx);
        },
      });
    } finally {
      memory.close();
      kernel.clock = clock;
    }
  }

  /** Nothing happens any more (the server ends). */
  close(): void {
    for (const waiting of new Set(this.#byId.values())) this.#close(waiting);
    for (const ring of this.#rings) if (ring !== undefined) this.#native.supCloseFd(ring.fd);
    this.#rings = [];
  }
}

/** Ring of a CPU. */
interface Ring {
  readonly fd: number;
  readonly pages: ArrayBuffer;
}

/** A clock as it was some nanoseconds ago, standing still at that moment. */
function clockAgo(clock: Clock, away: bigint): Clock {
  const monotonic = clock.monotonic() - away;
  return {
    monotonic: () => monotonic,
    boottime: () => clock.boottime() - (clock.monotonic() - monotonic),
    realtime: () => clock.realtime() - (clock.monotonic() - monotonic),
  };
}

/** The task of a sample; what is only in /proc is looked for when it is asked for. */
class SampledTask implements CurrentTask {
  readonly pid: number;
  readonly tgid: number;
  readonly cgroupId: bigint;
  readonly pidNsIno: bigint;
  readonly pidNsDev: bigint;
  readonly kernelStack: readonly bigint[] = [];
  readonly userStack: readonly bigint[] = [];
  readonly #cpu: number;
  #comm: string | undefined;

  constructor({ pid, tid, cpu }: Sample, like: CurrentTask, comm: string | undefined) {
    this.#comm = comm;
    this.pid = tid;
    this.tgid = pid;
    this.#cpu = cpu;
    ({ cgroupId: this.cgroupId, pidNsIno: this.pidNsIno, pidNsDev: this.pidNsDev } = like);
  }

  get comm(): string {
    this.#comm ??= this.pid === 0 ? `swapper/${this.#cpu}` : commOf(this.pid);
    return this.#comm;
  }

  get uid(): number {
    return statSync(`/proc/${this.pid}`, { throwIfNoEntry: false })?.uid ?? 0;
  }

  get gid(): number {
    return statSync(`/proc/${this.pid}`, { throwIfNoEntry: false })?.gid ?? 0;
  }
}

/** Memory of a process, as it is now; nothing can be written. */
class ProcMemory implements UserMemory {
  readonly #tid: number;
  #fd: number | undefined;

  constructor(tid: number) {
    this.#tid = tid;
  }

  read(addr: number, dst: Uint8Array): number {
    try {
      this.#fd ??= openSync(`/proc/${this.#tid}/mem`, 'r');
      return readSync(this.#fd, dst, 0, dst.length, addr) === dst.length ? 0 : -EFAULT;
    } catch {
      return -EFAULT;
    }
  }

  write(): number {
    return -EFAULT;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
  }
}
