/** Requests that come while a program runs: what would run another one waits for its end, or for a signal. */
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { OpenFile } from '../../fs/file.ts';
import { Meanwhile } from '../../fs/meanwhile.ts';
import type { FuseReply, FuseRequest } from '../../fs/message.ts';
import { FakeMount, makeRequest, type Reply, takeApart } from './fake.ts';

/** A file whose reads run a program. */
class ProgramFile extends OpenFile {
  readonly openFlags = 0;
  reads = 0;

  override get runsPrograms(): boolean {
    return true;
  }

  override read(_request: FuseRequest, _reply: FuseReply, _offset: number, _size: number): number {
    this.reads++;
    return 0;
  }
}

function asUnique(unique: number, bytes: Buffer): Buffer {
  bytes.writeUInt32LE(unique, 8);
  return bytes;
}

t.test('reads that run programs wait; a signal ends the one it is for', async (t) => {
  const mount = new FakeMount();
  const { sb } = mount.server;
  const file = new ProgramFile(sb.tree.root);
  const fh = sb.files.add(file);
  const come: Buffer[] = [];
  const replies = (): Reply[] => mount.sent.splice(0).map(takeApart);
  const session = {
    serve(request: Uint8Array, reply: Uint8Array, onRequest: (length: number) => number): number {
      const bytes = come.shift();
      if (bytes === undefined) return 0;
      request.set(bytes);
      const length = onRequest(bytes.length);
      if (length > 0) session.reply(reply, length);
      return 1;
    },
    reply: (message: Uint8Array, length: number): number => mount.sent.push(Buffer.from(message.subarray(0, length))),
  };
  const door = new Meanwhile(mount.server, session, -1, () => 0);
  const read = [fh, 0, 0, 0, 4096, 0, 0, 0, 0, 0];
  come.push(asUnique(11, makeRequest('READ', 1, read)), asUnique(12, makeRequest('READ', 1, read)));
  come.push(asUnique(13, makeRequest('LOOKUP', 1, [], 'none\0')));
  while (door.serve() > 0);
  t.match(replies(), [{ unique: 13 }], 'what runs nothing is answered');
  come.push(asUnique(14, makeRequest('INTERRUPT', 0, [11, 0])));
  while (door.serve() > 0);
  t.match(replies(), [{ unique: 11, error: 'EINTR' }]);
  t.equal(file.reads, 0);
  await setImmediate();
  await setImmediate();
  t.match(replies(), [{ unique: 12, error: undefined }], 'the other one is read after the run');
  t.equal(file.reads, 1);
});
