/**
 * What the kernel itself writes into the stream of errors of a program, and who ran it
 * (`bpf_stream_stage_dump_stack`). Of the stack one frame is known, that of the program:
 * its offset is 0 and its size that of the instructions.
 */
import type { ArenaMap } from '../maps/arena_map.ts';
import { BPF_STREAM } from '../uapi/bpf.ts';
import type { Vm } from './vm.ts';

/** Bytes of an instruction. */
const INSN_SIZE = 8;
/** Held locks that are listed (`RES_NR_HELD`). */
const HELD_MAX = 31;

/** Writes lines, each with its end, and who was running. */
function report(vm: Vm, text: string): void {
  const prog = vm.current;
  const stream = prog?.stream(BPF_STREAM.STDERR);
  // Programs that go wrong do so many times.
  if (prog === undefined || stream === undefined || stream.isFull) return;
  const { uid, pid, comm } = vm.task;
  const frame = `${prog.symbol}+0x0/0x${(prog.insns.count * INSN_SIZE).toString(16)}`;
  const all = `${text}CPU: ${vm.env.cpu} UID: ${uid} PID: ${pid} Comm: ${comm}\nCall trace:\n${frame}\n\n`;
  stream.push(Uint8Array.from(all, (char) => char.charCodeAt(0)));
}

/** Loops that may_goto ended because their time was over (`bpf_prog_report_may_goto_violation`). */
export function reportMayGoto(vm: Vm): void {
  report(vm, 'ERROR: Timeout detected for may_goto instruction\n');
}

/** An access through a pointer of an arena where there is no page (`bpf_prog_report_arena_violation`); `pointer`: its low half. */
export function reportArena(vm: Vm, map: ArenaMap, pointer: number, off: number, isWrite: boolean): undefined {
  const start = BigInt.asUintN(64, map.userVmStart);
  const at = BigInt.asUintN(64, ((start >> 32n) << 32n) + BigInt(pointer >>> 0) + BigInt(off));
  report(vm, `ERROR: Arena ${isWrite ? 'WRITE' : 'READ'} access at unmapped address 0x${at.toString(16)}\n`);
}

/** A lock that this program holds already (`bpf_prog_report_rqspinlock_violation`). `held`: those it holds, in their order. */
export function reportLock(vm: Vm, lock: bigint, held: readonly bigint[], withIrq: boolean): void {
  const lines = [
    `ERROR: AA or ABBA deadlock detected for bpf_res_spin_lock${withIrq ? '_irqsave' : ''}`,
    `Attempted lock   = 0x${lock.toString(16)}`,
    `Total held locks = ${held.length}`,
    ...held.slice(0, HELD_MAX).map((at, i) => `Held lock[${`${i}`.padStart(2)}] = 0x${at.toString(16)}`),
  ];
  report(vm, `${lines.join('\n')}\n`);
}
