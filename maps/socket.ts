/**
 * What a map may ask of a caller's socket. A door that knows no more than that it
 * is a socket leaves `socket` out: then it is taken for a TCP socket that is neither
 * bound nor connected, which no map accepts.
 */
import type { ForeignFile } from '../base/object.ts';

/** Families, types and states as in socket(2) and include/net/tcp_states.h. */
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const TCP_ESTABLISHED = 1;
export const TCP_CLOSE = 7;
const TCP_CLOSE_WAIT = 8;
const TCP_LISTEN = 10;

/** Whether a socket may be in a sockmap (`sock_map_sk_is_suitable`, `sock_map_sk_state_allowed`). */
export function sockMapSuitable(file: ForeignFile): boolean {
  const socket = file.socket;
  if (socket === undefined) return false;
  const { family, type, state } = socket;
  if (family === AF_UNIX) return type === SOCK_DGRAM || (type === SOCK_STREAM && state === TCP_ESTABLISHED);
  if (family !== AF_INET && family !== AF_INET6) return false;
  if (type === SOCK_DGRAM) return true;
  return type === SOCK_STREAM && (state === TCP_ESTABLISHED || state === TCP_CLOSE_WAIT || state === TCP_LISTEN);
}

/** Whether a reuseport group can be made of such sockets (`reuseport_array_update_check`). */
export function reuseportFamily(file: ForeignFile): boolean {
  const socket = file.socket;
  if (socket === undefined) return true;
  const inet = socket.family === AF_INET || socket.family === AF_INET6;
  return inet && (socket.type === SOCK_STREAM || socket.type === SOCK_DGRAM);
}

/** The socket's cookie: the real one when the door knows it, else its inode number. */
export function socketCookie(file: ForeignFile): bigint {
  return file.socket?.cookie ?? BigInt(file.ino);
}
