/** setsockopt(2) with a program of ours. */
import { BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import type { CurrentCall } from '../call.ts';
import { CONTINUE } from '../native.ts';

/** Option of setsockopt(2) for a program that chooses a socket. */
const SO_ATTACH_REUSEPORT_EBPF = 52;

/**
 * setsockopt(2) SO_ATTACH_BPF and SO_ATTACH_REUSEPORT_EBPF with a program of ours: the
 * socket gets a filter that lets everything through. All that can be wrong but for the
 * program is left to the kernel, which finds no program behind our descriptor.
 */
export function setsockopt(call: CurrentCall): number {
  const value = new Uint8Array(4);
  const reuseport = call.int(2) === SO_ATTACH_REUSEPORT_EBPF;
  if (call.int(4) !== value.length || call.native.supRead(call.long(3), value) < 0) return CONTINUE;
  const type = call.prog(new DataView(value.buffer).getInt32(0, true)).prog?.type;
  const fits = type === BPF_PROG_TYPE.SOCKET_FILTER || (reuseport && type === BPF_PROG_TYPE.SK_REUSEPORT);
  if (!fits) return CONTINUE;
  const socket = call.native.supGetFd(call.caller.process, call.int(0));
  if (socket < 0) return CONTINUE;
  const result = call.native.supSocketFilter(socket, reuseport);
  call.native.supCloseFd(socket);
  return result;
}
