/** One readable line a FUSE request, made from the opcode table. */
import { BPF_CMD } from '../uapi/bpf.ts';
import { errnoName } from '../uapi/errno.ts';
import { CTL_IOC_TYPE } from './ctl.ts';
import { NO_REPLY } from './file.ts';
import type { FuseRequest } from './message.ts';
import { OPCODES } from './opcodes.ts';
import { IN } from './protocol.ts';

const FORMATS = {
  dec: (request: FuseRequest, word: number) => `${request.get(word)}`,
  oct: (request: FuseRequest, word: number) => `0${request.get(word).toString(8)}`,
  hex: (request: FuseRequest, word: number) => `0x${request.get(word).toString(16)}`,
  '64': (request: FuseRequest, word: number) => `${request.get64(word)}`,
  ioctl: (request: FuseRequest, word: number) => ioctlName(request.get(word)),
} as const;

/** Names of the commands of bpf(2); the first of two names for one number. */
const COMMAND_NAMES = new Map(
  Object.entries(BPF_CMD)
    .reverse()
    .map(([name, number]) => [number as number, `BPF_${name}`]),
);

/** An ioctl number: a command of bpf(2) by name where it is one. */
function ioctlName(request: number): string {
  const command = ((request >>> 8) & 0xff) === CTL_IOC_TYPE ? COMMAND_NAMES.get(request & 0xff) : undefined;
  return command ?? `0x${request.toString(16)}`;
}

/**
 * `unique OPCODE node=N field=… "name" [uid:gid tid] = result`, where the result is the
 * size of the reply's body, an errno, or `-` when there is no reply (yet).
 */
export function traceLine(request: FuseRequest, result: number): string {
  const operation = OPCODES[request.opcode];
  const parts = [
    `${request.get64(IN.unique)}`,
    operation?.name ?? `opcode-${request.opcode}`,
    `node=${request.nodeid}`,
  ];
  if (operation !== undefined && request.length >= operation.size) {
    for (const [label, word, format] of operation.fields ?? [])
      parts.push(`${label}=${FORMATS[format](request, word)}`);
    let at = operation.size;
    for (let i = 0; i < (operation.names ?? 0); i++) {
      const name = request.name(at);
      if (name === undefined) break;
      parts.push(JSON.stringify(name));
      at += name.length + 1;
    }
  }
  parts.push(`[${request.uid}:${request.gid} tid ${request.tid}]`);
  const outcome = result === NO_REPLY ? '-' : result < 0 ? errnoName(result) : `${result}`;
  return `${parts.join(' ')} = ${outcome}`;
}
