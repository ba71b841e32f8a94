/**
 * PROG_LOAD (`bpf_prog_load`, `bpf_check`): checked attributes go through the verifier
 * and become a program.
 */
import { BpfLog } from '../base/bpf_log.ts';
import { BpfFile, type BpfObject } from '../base/object.ts';
import { isWork, type Work } from '../base/work.ts';
import type { Btf } from '../btf/btf.ts';
import type { BpfMap } from '../maps/map.ts';
import { progMapCompatible } from '../maps/prog_compatible.ts';
import { BPF_F_PROG } from '../uapi/bpf.ts';
import { E2BIG, EBADF, EFAULT, EINVAL } from '../uapi/errno.ts';
import { TABLES } from '../vm/tables.ts';
import type { MapDesc, VerifierInput, VerifierResult } from '../vm/verifier/types.ts';
import type { Attr } from './attr.ts';
import { PROG_LOAD } from './attr_table.ts';
import type { Caller } from './caller.ts';
import { btfOf, mapOf } from './fd.ts';
import { securityProgLoad } from './hooks.ts';
import type { Kernel } from './kernel.ts';
import { LoadedProg, progDigest } from './loaded_prog.ts';
import { finishLog } from './log_out.ts';
import { newProgFd } from './new_fd.ts';
import { Held } from './pending.ts';
import { checkProgAttrs, type ProgRequest } from './prog_attrs.ts';
import { mapMayHoldProgs } from './prog_maps.ts';
import { type Records, readRecords } from './prog_records.ts';

const AT = PROG_LOAD.at;
/** More entries of `fd_array` than this have no 32-bit size. */
const FD_ARRAY_MAX = Math.floor(0xffffffff / 4);
/** Most maps a program uses (`MAX_USED_MAPS`). */
const MAX_USED_MAPS = 64;
const FUNC_INFO_SIZE = 8;
const LINE_INFO_SIZE = 16;
const CORE_RELO_SIZE = 16;

/** Runs the command: the new descriptor, or -errno; -EAGAIN when a signal broke it off. */
export function* progLoad(kernel: Kernel, attr: Attr, caller: Caller): Work {
  const request = checkProgAttrs(kernel, attr, caller);
  if (typeof request === 'number') return request;
  const refused = securityProgLoad(kernel, request, attr);
  if (refused !== 0) return refused;
  const ubuf = attr.addr(AT.log_buf);
  const log = BpfLog.open(attr.get(AT.log_level), ubuf !== 0, attr.get(AT.log_size));
  if (typeof log === 'number') return log;

  const arrayMaps: BpfMap[] = [];
  const debug: DebugInfo = { ...debugInfo(attr, caller, request), arrayMaps };
  const held = new Held();
  try {
    const input = verifierInput(kernel, attr, caller, request, debug, log, held);
    const verdict = kernel.verify(input);
    const result = isWork(verdict) ? yield* holding(verdict, held) : verdict;
    return finishLoad(kernel, attr, caller, request, debug, log, result);
  } finally {
    held.release();
  }
}

/** A verification; what it has looked up is held from its first pause on. */
function* holding(verification: Work<VerifierResult>, held: Held): Work<VerifierResult> {
  for (let signal = false; ; ) {
    const step = verification.next(signal);
    if (step.done === true) return step.value;
    held.take();
    signal = yield;
  }
}

function finishLoad(
  kernel: Kernel,
  attr: Attr,
  caller: Caller,
  request: ProgRequest,
  debug: DebugInfo,
  log: BpfLog,
  result: VerifierResult,
): number {
  if (result.errno === -E2BIG) tellRecordSize(attr, caller, debug);
  const logError = finishLog(log, attr, caller, attr.addr(AT.log_buf), AT.log_true_size);
  if (logError < 0) return logError;
  if (result.errno < 0) return result.errno;
  return makeProg(kernel, caller, request, debug, result);
}

/** BTF, func_info and line_info of a request, as far as they could be read. */
interface DebugInfo {
  readonly btf: Btf | undefined;
  /** What is wrong with prog_btf_fd; it matters only when there are records. */
  readonly btfError: number;
  readonly funcInfo: Records;
  readonly lineInfo: Records;
  readonly coreRelos: Records;
  /** Maps of fd_array, when its length is given. */
  readonly arrayMaps: BpfMap[];
}

function debugInfo(attr: Attr, caller: Caller, request: ProgRequest): Omit<DebugInfo, 'arrayMaps'> {
  const insns = request.insns.length / 8;
  const funcInfo = readRecords(
    caller,
    attr.addr(AT.func_info),
    attr.get(AT.func_info_cnt),
    attr.get(AT.func_info_rec_size),
    (offset, index, prev) => (index === 0 ? offset === 0 : offset > prev),
  );
  const lineInfo = readRecords(
    caller,
    attr.addr(AT.line_info),
    attr.get(AT.line_info_cnt),
    attr.get(AT.line_info_rec_size),
    (offset, index, prev) => (index === 0 || offset > prev) && offset < insns,
  );
  const coreRelos = readRecords(
    caller,
    attr.addr(AT.core_relos),
    attr.get(AT.core_relo_cnt),
    attr.get(AT.core_relo_rec_size),
    (offset) => offset % 8 === 0 && offset / 8 < insns,
  );
  if (funcInfo.count === 0 && lineInfo.count === 0)
    return { btf: undefined, btfError: 0, funcInfo, lineInfo, coreRelos };
  const btf = btfOf(caller, attr.get(AT.prog_btf_fd));
  return typeof btf === 'number'
    ? { btf: undefined, btfError: btf, funcInfo, lineInfo, coreRelos }
    : { btf, btfError: 0, funcInfo, lineInfo, coreRelos };
}

function verifierInput(
  kernel: Kernel,
  attr: Attr,
  caller: Caller,
  request: ProgRequest,
  debug: DebugInfo,
  log: BpfLog,
  held: Held,
): VerifierInput {
  held.use(debug.btf);
  held.use(request.attachBtf);
  held.use(request.dstProg);
  const fdArray = attr.addr(AT.fd_array);
  const fdArrayCnt = attr.get(AT.fd_array_cnt);
  const entry = new Uint8Array(4);
  const readEntry = (index: number): number | undefined => {
    if (caller.read(fdArray + index * 4, entry) < 0) return undefined;
    return new DataView(entry.buffer).getInt32(0, true);
  };
  return {
    insns: request.insns,
    progType: request.type,
    expectedAttachType: request.expectedAttachType,
    progFlags: request.flags,
    gplCompatible: request.gplCompatible,
    caps: request.caps,
    // The template of a map of maps has no id and no name: the verifier asks it for neither.
    mapByFd: (fd) => use(held, mapOf(caller, fd >>> 0)) as MapDesc | number,
    btfByFd: (fd) => use(held, btfOf(caller, fd >>> 0)),
    ...(fdArray === 0 ? {} : { fdArray: readEntry }),
    ...(fdArrayCnt === 0 ? {} : { fdArrayCnt }),
    fdArrayAnswer: checkFdArray(caller, fdArray, fdArrayCnt, readEntry, debug.arrayMaps, held),
    arrayMaps: debug.arrayMaps as readonly MapDesc[],
    progHash: () => progDigest(request.insns),
    btfErrno: debug.btfError,
    funcInfo: debug.funcInfo.bytes,
    funcInfoRecSize: debug.funcInfo.recSize,
    funcInfoCnt: debug.funcInfo.count,
    funcInfoErrno: debug.funcInfo.errno,
    lineInfo: debug.lineInfo.bytes,
    lineInfoRecSize: debug.lineInfo.recSize,
    lineInfoCnt: debug.lineInfo.count,
    lineInfoErrno: debug.lineInfo.errno,
    coreRelos: debug.coreRelos.bytes,
    coreReloRecSize: debug.coreRelos.recSize,
    coreReloCnt: debug.coreRelos.count,
    coreReloErrno: debug.coreRelos.errno,
    vmlinux: () => kernel.vmlinux,
    attach: attachOf(request),
    profile: kernel.profile,
    tables: TABLES,
    readMapValue: (map, off, size) => readMapValue(map as BpfMap, off, size),
    log,
    onBug: (error) => kernel.onBug?.(error),
    nrCpus: kernel.nrCpus,
    now: () => Number(kernel.clock.monotonic()) / 1e6,
    ...(debug.btf === undefined ? {} : { btf: debug.btf }),
  };
}

/** What a descriptor led to, kept for as long as the command goes on. */
function use<T extends BpfObject>(held: Held, found: T | number): T | number {
  if (typeof found !== 'number') held.use(found);
  return found;
}

function attachOf(request: ProgRequest): VerifierInput['attach'] {
  const { dstProg, attachBtf, attachBtfId } = request;
  if (dstProg instanceof LoadedProg) return { btf: dstProg.facts.btf, btfId: attachBtfId, prog: dstProg.asTarget() };
  return attachBtf === undefined ? undefined : { btf: attachBtf, btfId: attachBtfId };
}

/** What the first bad entry of fd_array answers, with its line in the log. */
interface FdArrayAnswer {
  readonly errno: number;
  readonly message: string;
}

/** Every entry must be a map or a BTF object (`process_fd_array`); only looked at when its length is given. */
function checkFdArray(
  caller: Caller,
  array: number,
  count: number,
  read: (index: number) => number | undefined,
  maps: BpfMap[],
  held: Held,
): FdArrayAnswer {
  if (count === 0) return { errno: 0, message: '' };
  if (count >= FD_ARRAY_MAX) {
    return { errno: -EINVAL, message: `fd_array_cnt is too big (${count})\n` };
  }
  for (let i = 0; i < count; i++) {
    const fd = array === 0 ? undefined : read(i);
    if (fd === undefined) return { errno: -EFAULT, message: '' };
    const file = caller.fdget(fd >>> 0);
    if (file === undefined) {
      return { errno: -EBADF, message: `fd ${fd} is not pointing to valid bpf_map or btf\n` };
    }
    const object = file instanceof BpfFile ? file.object : undefined;
    if (object?.kind === 'map') {
      const map = object as BpfMap;
      if (!maps.includes(map)) {
        if (maps.length >= MAX_USED_MAPS) {
          const message = `The total number of maps per program has reached the limit of ${MAX_USED_MAPS}\n`;
          return { errno: -E2BIG, message };
        }
        maps.push(map);
        held.use(map);
      }
    } else if (object?.kind !== 'btf') {
      return { errno: -EINVAL, message: `fd ${fd} is not pointing to valid bpf_map or btf\n` };
    }
  }
  return { errno: 0, message: '' };
}

/** Bytes of the one value of a frozen read-only array, for constant folding. */
function readMapValue(map: BpfMap, off: number, size: number): bigint | undefined {
  if (off < 0 || off + size > map.valueSize || size > 8) return undefined;
  const { arena } = map.env;
  const key = arena.alloc(4);
  if (key === 0) return undefined;
  const value = map.ops.lookup?.(map, key) ?? 0;
  arena.free(key, 4);
  if (value <= 0) return undefined;
  let bits = 0n;
  for (let i = size - 1; i >= 0; i--) bits = (bits << 8n) | BigInt(arena.u8[value + off + i] as number);
  return bits;
}

/** Records longer than ours with something in them: the caller is told the size that would do. */
function tellRecordSize(attr: Attr, caller: Caller, debug: DebugInfo): void {
  if (debug.funcInfo.hasTail(FUNC_INFO_SIZE)) attr.put(caller, AT.func_info_rec_size, FUNC_INFO_SIZE);
  else if (debug.lineInfo.hasTail(LINE_INFO_SIZE)) attr.put(caller, AT.line_info_rec_size, LINE_INFO_SIZE);
  else if (debug.coreRelos.hasTail(CORE_RELO_SIZE)) attr.put(caller, AT.core_relo_rec_size, CORE_RELO_SIZE);
}

function makeProg(
  kernel: Kernel,
  caller: Caller,
  request: ProgRequest,
  debug: DebugInfo,
  result: VerifierResult,
): number {
  const insns = result.insns ?? request.insns;
  // Maps of fd_array belong to the program whether an instruction names them or not.
  const usedMaps = [...new Set([...debug.arrayMaps, ...(result.usedMaps as readonly BpfMap[])])];
  const prog = new LoadedProg(
    {
      vm: kernel.vm,
      type: request.type,
      expectedAttachType: request.expectedAttachType,
      name: request.name,
      insns,
      aux: result.aux,
      subprogs: result.subprogs,
      usedMaps,
      sleepable: (request.flags & BPF_F_PROG.SLEEPABLE) !== 0,
      xdpHasFrags: (request.flags & BPF_F_PROG.XDP_HAS_FRAGS) !== 0,
      dstProgType: request.dstProg?.type ?? 0,
      verifiedInsns: result.verifiedInsns,
      attachFuncProto: request.attachBtfId,
    },
    {
      gplCompatible: request.gplCompatible,
      loadTime: kernel.clock.boottime(),
      createdByUid: caller.uid,
      insns,
      xlate: {
        insns,
        progType: request.type,
        aux: result.aux,
        subprogs: result.subprogs,
        directWrite: result.directWrite,
        sleepable: (request.flags & BPF_F_PROG.SLEEPABLE) !== 0,
        privileged: request.caps.bpf,
        bypassSpec: request.caps.perfmon,
        vmlinux: kernel.vmlinux,
      },
      verifiedInsns: result.verifiedInsns,
      flags: request.flags,
      btf: debug.btf,
      funcInfo: debug.funcInfo.packed(FUNC_INFO_SIZE),
      lineInfo: debug.lineInfo.packed(LINE_INFO_SIZE),
      attachBtf: request.attachBtf,
      attachBtfId: request.attachBtfId,
      dstProg: request.dstProg,
      maxCtxOffset: result.maxCtxOffset,
      maxTpAccess: result.maxTpAccess,
      maxRdonlyAccess: result.maxRdonlyAccess,
      maxRdwrAccess: result.maxRdwrAccess,
    },
  );
  for (const map of usedMaps) map.get();
  for (const map of usedMaps) {
    if (mapMayHoldProgs(map) && !progMapCompatible(map, prog)) {
      prog.put();
      return -EINVAL;
    }
  }
  kernel.progs.add(prog);
  return newProgFd(kernel, caller, prog);
}
