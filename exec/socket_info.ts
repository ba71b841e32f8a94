/**
 * What is known of a client's socket by its inode number, from the tables of its
 * network namespace in /proc (man proc_net(5)): family, type and state. A socket that is
 * neither bound nor connected is in none of them.
 */
import { readFileSync } from 'node:fs';
import type { SocketInfo } from '../base/object.ts';
import { AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM, SOCK_STREAM, TCP_CLOSE, TCP_ESTABLISHED } from '../maps/socket.ts';

/** `SS_CONNECTED` in the column St of /proc/net/unix. */
const SS_CONNECTED = 3;

/** The tables of internet sockets: file, family, type. Their columns: st is the fourth, inode the tenth. */
const INET_TABLES = [
  ['tcp', AF_INET, SOCK_STREAM],
  ['tcp6', AF_INET6, SOCK_STREAM],
  ['udp', AF_INET, SOCK_DGRAM],
  ['udp6', AF_INET6, SOCK_DGRAM],
] as const;

/** Looks a socket of thread `tid` up; undefined when no table has it. */
export function socketInfo(tid: number, ino: number): SocketInfo | undefined {
  const cookie = BigInt(ino);
  for (const [table, family, type] of INET_TABLES) {
    const columns = find(tid, table, 9, ino);
    if (columns === undefined) continue;
    return { family, type, state: Number.parseInt(columns[3] ?? '', 16), cookie, reuseport: false };
  }
  const columns = find(tid, 'unix', 6, ino);
  if (columns === undefined) return undefined;
  const state = Number.parseInt(columns[5] ?? '', 16) === SS_CONNECTED ? TCP_ESTABLISHED : TCP_CLOSE;
  return { family: AF_UNIX, type: Number.parseInt(columns[4] ?? '', 16), state, cookie, reuseport: false };
}

/** The columns of the row whose column `at` is the inode number. */
function find(tid: number, table: string, at: number, ino: number): string[] | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${tid}/net/${table}`, 'latin1');
  } catch {
    return undefined;
  }
  const wanted = String(ino);
  // Most rows do not even contain the number: split only those that do.
  for (let found = text.indexOf(wanted); found !== -1; found = text.indexOf(wanted, found + 1)) {
    const end = text.indexOf('\n', found);
    const row = text.slice(text.lastIndexOf('\n', found) + 1, end === -1 ? text.length : end);
    const columns = row.trim().split(/\s+/);
    if (columns[at] === wanted) return columns;
  }
  return undefined;
}
