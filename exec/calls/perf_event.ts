/**
 * perf_event_open(2) and the ioctls of what it gives: events that programs write to, and
 * the tracepoints, probes and clocks that programs are attached to. All other events are
 * the kernel's.
 */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { BpfFile, FMODE_READ, FMODE_WRITE } from '../../base/object.ts';
import { PAGE_SIZE } from '../../mm/arena.ts';
import type { Kernel } from '../../syscall/kernel.ts';
import { type PerfProbe, PLAIN_EVENT, ProbeEvent } from '../../syscall/perf_link.ts';
import { readString } from '../../syscall/user_string.ts';
import { BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { CAP } from '../../uapi/capability.ts';
import { E2BIG, EACCES, EFAULT, EINVAL, ENOSPC, EPERM, ESRCH } from '../../uapi/errno.ts';
import type { PerfRecord } from '../../vm/task.ts';
import type { CurrentCall, Host } from '../call.ts';
import { type ClockSpec, clockSpec, maxSampleRate } from '../clock_events.ts';
import { happensOnMachine } from '../machine_events.ts';
import { ANSWERED, CONTINUE } from '../native.ts';
import {
  isBpfOutput,
  PERF_ATTR_SIZE,
  PERF_EVENT_IOC_DISABLE,
  PERF_EVENT_IOC_ENABLE,
  PERF_EVENT_IOC_ID,
  PERF_EVENT_IOC_QUERY_BPF,
  PERF_EVENT_IOC_SET_BPF,
  PERF_FLAG_FD_CLOEXEC,
  PERF_QUERY_MAX,
  PerfEvent,
  probeControl,
} from '../perf.ts';
import { PROBE_ATTR_SIZE } from '../probe_events.ts';
import { seenPath } from '../probed_file.ts';

/** Link of a perf event's descriptor. */
const PERF_EVENT_LINK = 'anon_inode:[perf_event]';

/** Offsets in struct perf_event_attr, and the bit of the flags that makes the period a frequency. */
const ATTR_AT = { size: 4, period: 16, flags: 40 } as const;
const ATTR_FREQ = 1 << 10;
/** `PERF_ATTR_SIZE_VER0`: the first published size; 0 stands for it. */
const PERF_ATTR_SIZE_VER0 = 64;
/** `PERF_FLAG_ALL`. */
const PERF_FLAG_ALL = 0xf;

/** Whether the caller may look at the kernel's events. */
function mayMonitor({ caller }: CurrentCall): boolean {
  return caller.hasCap(CAP.PERFMON) || caller.hasCap(CAP.SYS_ADMIN);
}

/** `perf_copy_attr` and what stands before it in perf_event_open(2): 0, or -errno. */
function wrongArguments(call: CurrentCall, attr: Uint8Array): number {
  if (call.long(4) > PERF_FLAG_ALL) return -EINVAL;
  const view = new DataView(attr.buffer, attr.byteOffset);
  const size = view.getUint32(ATTR_AT.size, true);
  if (size !== 0 && (size < PERF_ATTR_SIZE_VER0 || size > PAGE_SIZE)) return -E2BIG;
  const isFreq = (view.getUint32(ATTR_AT.flags, true) & ATTR_FREQ) !== 0;
  return !isFreq && view.getUint32(ATTR_AT.period + 4, true) >>> 31 !== 0 ? -EINVAL : 0;
}

/** perf_event_open(2): events that programs write to are ours, all others the kernel's. */
export function perfEventOpen(call: CurrentCall): number {
  const attr = new Uint8Array(PERF_ATTR_SIZE);
  if (call.native.supRead(call.long(0), attr) < 0) return CONTINUE;
  if (!isBpfOutput(attr)) return openProbe(call);
  const wrong = wrongArguments(call, attr);
  if (wrong !== 0) return wrong;
  const { kernel } = call.host;
  const cpu = call.int(2);
  if (cpu < 0 || cpu >= kernel.nrCpus) return cpu === -1 ? CONTINUE : -EINVAL;
  if (!mayMonitor(call)) return -EACCES;
  takePerfRecords(call.host);
  const event = new PerfEvent(call.native, kernel.clock, attr);
  const fd = call.caller.install(
    new BpfFile(event, FMODE_READ | FMODE_WRITE),
    -1,
    (call.int(4) & PERF_FLAG_FD_CLOEXEC) !== 0,
  );
  return fd < 0 ? fd : ANSWERED;
}

/**
 * What perf_event_open(2) is told of the thread (argument 1; 0: the caller) and the CPU
 * (argument 2) of an event: the thread, 0 for an event of a CPU, or -errno
 * (`find_lively_task_by_vpid`, then `perf_event_alloc`).
 */
function targetOf(call: CurrentCall): number {
  const pid = call.int(1);
  const cpu = call.int(2);
  const tid = pid === 0 ? call.caller.tid : pid;
  if (pid !== -1 && (pid < 0 || !existsSync(`/proc/${tid}`))) return -ESRCH;
  if (cpu >= call.host.kernel.nrCpus || cpu < -1 || (pid === -1 && cpu === -1)) return -EINVAL;
  return pid === -1 ? 0 : tid;
}

/** perf_event_open(2) of a tracepoint, probe or clock, by whoever may; other events are the kernel's. */
function openProbe(call: CurrentCall): number {
  const attr = new Uint8Array(PROBE_ATTR_SIZE);
  const { caller } = call;
  const { probes } = call.host;
  if (call.native.supRead(call.long(0), attr) < 0) return CONTINUE;
  const clock = clockSpec(attr);
  if ((clock === undefined && !probes.isProbe(attr)) || !mayMonitor(call)) return CONTINUE;
  const wrong = wrongArguments(call, attr);
  if (wrong !== 0) return wrong;
  if (clock !== undefined && clock.freq > maxSampleRate()) return -EINVAL;
  const target = targetOf(call);
  if (target < 0) return target;
  if (clock !== undefined) return openClock(call, clock, target);
  const cloexec = (call.int(4) & PERF_FLAG_FD_CLOEXEC) !== 0;
  const resume = call.later();
  const text = (addr: number, max: number): string | number => readString(caller, addr, max) ?? -EFAULT;
  const { tid } = caller;
  probes.find(attr, tid, text).then(async (probe) => {
    const path = typeof probe === 'number' ? undefined : await machinePath(call, probe, tid);
    resume(() => {
      if (typeof probe === 'number') return probe;
      const event = new ProbeEvent(probe, call.host.kernel);
      if (path !== undefined) call.host.machineEvents.add(event, path, target);
      const fd = caller.install(new BpfFile(event, FMODE_READ | FMODE_WRITE), -1, cloexec);
      return fd < 0 ? fd : ANSWERED;
    });
  });
  return ANSWERED;
}

/**
 * What the machine is to be told of a probe that happens there: the path of a uprobe's file,
 * nothing for a tracepoint. Undefined: it does not, or the file is in one of our own mounts.
 */
async function machinePath(call: CurrentCall, probe: PerfProbe, tid: number): Promise<string | undefined> {
  if (!happensOnMachine(probe) || !call.host.probes.isMachines(probe)) return undefined;
  if (probe.kind === 'tracepoint') return '';
  const path = seenPath(tid, probe.name);
  const dev = (await stat(path).catch(() => undefined))?.dev;
  return dev === undefined || call.host.pins?.has(dev) === true ? undefined : path;
}

/** A software event that programs wait for. */
function openClock(call: CurrentCall, clock: ClockSpec, target: number): number {
  const event = new ProbeEvent({ ...PLAIN_EVENT, type: clock.type, config: clock.config });
  const cloexec = (call.int(4) & PERF_FLAG_FD_CLOEXEC) !== 0;
  const cpu = Math.max(call.int(2), 0);
  const fd = call.caller.install(new BpfFile(event, FMODE_READ | FMODE_WRITE), -1, cloexec);
  if (fd < 0) return fd;
  call.host.clocks.add(event, clock, cpu, target);
  return ANSWERED;
}

/** PERF_EVENT_IOC_SET_BPF of one of the machine's own events, with a program of ours. */
function setForeignEvent(call: CurrentCall): number {
  if (call.int(1) >>> 0 !== PERF_EVENT_IOC_SET_BPF) return CONTINUE;
  const { prog } = call.prog(call.long(2));
  if (prog === undefined || call.native.supFdLink(call.int(0)) !== PERF_EVENT_LINK) return CONTINUE;
  return prog.type === BPF_PROG_TYPE.PERF_EVENT ? 0 : -EINVAL;
}

/** PERF_EVENT_IOC_* of a tracepoint, probe or clock. */
function controlProbe(call: CurrentCall, event: ProbeEvent, request: number): number {
  if (request === PERF_EVENT_IOC_ENABLE || request === PERF_EVENT_IOC_DISABLE) {
    call.host.clocks.enable(event, request === PERF_EVENT_IOC_ENABLE);
    call.host.machineEvents.enable(event, request === PERF_EVENT_IOC_ENABLE);
  }
  if (request === PERF_EVENT_IOC_QUERY_BPF) return queryProbe(call, event);
  if (request !== PERF_EVENT_IOC_SET_BPF) return probeControl(request);
  const { prog, errno } = call.prog(call.long(2));
  return prog === undefined ? errno : event.attach(prog, true);
}

/** `perf_event_query_prog_array`: ids of the programs that wait for the same tracepoint. */
function queryProbe(call: CurrentCall, { probe }: ProbeEvent): number {
  const { caller } = call;
  const addr = call.long(2);
  if (!mayMonitor(call)) return -EPERM;
  if (probe.kind !== 'tracepoint') return -EINVAL;
  const room = new Uint32Array(1);
  if (caller.read(addr, new Uint8Array(room.buffer)) < 0) return -EFAULT;
  if (room[0]! > PERF_QUERY_MAX) return -E2BIG;
  const ids: number[] = [];
  for (const { object } of call.host.objects) {
    if (object instanceof ProbeEvent && object.probe.config === probe.config && object.prog !== undefined)
      ids.push(object.prog.id);
  }
  const told = Uint32Array.of(ids.length, ...ids.slice(0, room[0]!));
  if (caller.write(addr + 4, new Uint8Array(told.buffer)) < 0) return -EFAULT;
  return room[0]! < ids.length && room[0]! > 0 ? -ENOSPC : 0;
}

/** ioctl(2) PERF_EVENT_IOC_*, of our events. */
export function ioctl(call: CurrentCall): number {
  const event = call.held(call.int(0))?.object;
  if (event instanceof ProbeEvent) return controlProbe(call, event, call.int(1) >>> 0);
  if (!(event instanceof PerfEvent)) return setForeignEvent(call);
  const request = call.int(1) >>> 0;
  if (request === PERF_EVENT_IOC_ID) return call.native.supWrite(call.long(2), event.idBytes());
  return event.control(request);
}

/** Has what programs put into perf events written to them, from the first one on. */
function takePerfRecords({ kernel, objects }: Host): void {
  kernel.vm.onPerfEvent ??= (record) => {
    const event = objects.byIno(record.event.ino)?.object;
    if (event instanceof PerfEvent) event.output(record.index, withPacket(kernel, record));
  };
}

/** A record's data, with the bytes of the packet that were asked for behind it. */
function withPacket({ vm, arena }: Kernel, { data, ctx, ctxLength }: PerfRecord): Uint8Array {
  const at = ctxLength === 0 ? 0 : arena.alloc(ctxLength);
  if (at === 0) return data;
  const copied = vm.packet?.load(ctx, 0, at, ctxLength) ?? -EINVAL;
  const whole = new Uint8Array(data.length + (copied === 0 ? ctxLength : 0));
  whole.set(data);
  if (copied === 0) whole.set(arena.u8.subarray(at, at + ctxLength), data.length);
  arena.free(at, ctxLength);
  return whole;
}
