import { readdirSync, readlinkSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { socketInfo } from '../../exec/socket_info.ts';
import { sockMapSuitable } from '../../maps/socket.ts';

/** Inode numbers of this process's sockets. */
function sockets(): number[] {
  const found: number[] = [];
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const link = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`));
      if (link !== null) found.push(Number(link[1]));
    } catch {
      // The descriptor of the directory itself is closed by now.
    }
  }
  return found;
}

t.test('sockets are found by their inode numbers', async (t) => {
  for (const where of [{ host: '127.0.0.1', port: 0 }, { path: join(tmpdir(), `bpf-emu-test-${process.pid}`) }]) {
    const before = new Set(sockets());
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(where, resolve));
    const address = server.address();
    const client = connect(typeof address === 'string' ? { path: address } : { port: (address as AddressInfo).port });
    await Promise.all([
      new Promise<void>((resolve) => client.once('connect', () => resolve())),
      new Promise<void>((resolve) => server.once('connection', (peer) => resolve(void peer.unref()))),
    ]);
    const infos = sockets()
      .filter((ino) => !before.has(ino))
      .map((ino) => socketInfo(process.pid, ino));
    const family = 'path' in where ? 1 : 2;
    t.ok(infos.length >= 3, 'listener, client and server side');
    t.ok(infos.every((info) => info?.family === family && info.type === 1));
    t.equal(infos.filter((info) => info?.state === 1).length, 2, 'two are connected');
    const file = { kind: 'foreign', what: 'socket', dev: 0, ino: 1, path: '' } as const;
    const suitable = infos.filter((socket) => sockMapSuitable({ ...file, socket })).length;
    t.equal(suitable, family === 1 ? 2 : 3, 'those may be in a sockmap');
    client.destroy();
    server.close();
  }
  t.equal(socketInfo(process.pid, 1), undefined);
  t.equal(socketInfo(0x7fffffff, 1), undefined);
});
