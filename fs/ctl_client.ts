/** The client's side of a control file: opens it, sends a line, reads the reply. */
import { openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileError } from '../native/file_error.ts';
import { EINVAL, EIO, Errno, errnoNumber } from '../uapi/errno.ts';
import { CTL_NAME } from './inode.ts';

/** Largest reply that is read; the control file never makes a longer one. */
const REPLY_MAX = 64 << 20;
const CHUNK = 1 << 16;

/** What a reply may have besides what was asked for. */
export interface Reply {
  readonly ok: boolean;
  readonly errno?: string;
  readonly message?: string;
}

/** Opens the control file of the mount on a directory. The error says what to do. */
export function openControl(dir: string): number {
  try {
    return openSync(join(dir, CTL_NAME), 'r+');
  } catch (error) {
    const found = fileError(`talk to the bpf-emu on ${dir}`, error);
    throw new Errno(found.errno, ADVICE[found.code]?.(dir) ?? found.message);
  }
}

const notMounted = (dir: string): string =>
  `no bpf-emu is mounted on ${dir}: "bpf-emu status" lists the mounts, "bpf-emu mount ${dir}" makes one`;
const serverGone = (dir: string): string =>
  `the server of the mount on ${dir} is gone: "bpf-emu umount ${dir}" clears it away`;
const notAllowed = (dir: string): string =>
  `you may not use the bpf-emu on ${dir}: its owner or root must give you permission on ${join(dir, CTL_NAME)}`;

const ADVICE: Readonly<Record<string, (dir: string) => string>> = {
  ENOENT: notMounted,
  ENOTDIR: notMounted,
  ENOTCONN: serverGone,
  ECONNABORTED: serverGone,
  EACCES: notAllowed,
  EPERM: notAllowed,
};

/** Writes a line, in as many calls as it takes, and reads the one line that answers it. */
export function exchange(fd: number, line: string): string {
  const bytes = Buffer.from(`${line}\n`);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at);
  const chunks: Buffer[] = [];
  for (let length = 0; length <= REPLY_MAX; ) {
    const chunk = Buffer.allocUnsafe(CHUNK);
    const got = readSync(fd, chunk, 0, chunk.length, null);
    if (got === 0) break;
    chunks.push(chunk.subarray(0, got));
    length += got;
    if (chunk[got - 1] === 0x0a) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Sends one command; its reply. Throws what the server says against it. */
export function ask<T extends object>(fd: number, request: object): Reply & T {
  let text: string;
  try {
    text = exchange(fd, JSON.stringify(request));
  } catch (error) {
    throw fileError('ask the server', error);
  }
  let reply: Reply & T;
  try {
    reply = JSON.parse(text) as Reply & T;
  } catch {
    throw new Errno(EIO, `the server answers with what is no JSON: ${text.slice(0, 200)}`);
  }
  if (reply.ok) return reply;
  throw new Errno(errnoNumber(reply.errno ?? '') ?? EINVAL, reply.message ?? 'the server refuses');
}
