/**
 * The addon under hostile input, run by asan.test.ts with an addon that checks its memory:
 * functions called with nonsense, then a FUSE session over a socket (descriptor 3) instead
 * of /dev/fuse, at whose other end the test sends what it likes. Ends when that end closes.
 */
import { seededRandom } from '../../base/env.ts';
import { loadAddon } from '../../native/addon.ts';
import { FakeMount } from '../fs/fake.ts';

const addon = loadAddon();
const random = seededRandom(Number(process.argv[2]));
const pick = (): unknown => {
  const values = [
    0,
    -1,
    1e308,
    Number.NaN,
    process.pid,
    2 ** 47,
    'text',
    '',
    undefined,
    null,
    {},
    new Uint8Array(3),
    true,
    () => {},
  ];
  return values[random.u32() % values.length];
};

let refused = 0;
const functions = [
  'readMemory',
  'writeMemory',
  'capabilities',
  'credentials',
  'descriptor',
  'resolvePath',
  'probe',
] as const;
for (let i = 0; i < 3000; i++) {
  const name = functions[random.u32() % functions.length] as keyof typeof addon;
  // A write must not hit this very process.
  const tid = name === 'writeMemory' ? 0 : pick();
  try {
    (addon[name] as (...all: unknown[]) => unknown)(tid, pick(), pick(), pick(), pick());
  } catch {
    refused++;
  }
}
for (let i = 0; i < 50; i++) {
  try {
    new (addon.Session as new (...all: unknown[]) => unknown)(pick(), pick(), pick(), pick(), pick(), pick());
  } catch {
    refused++;
  }
}

// Real memory, across a page that is not there.
const here = new Uint8Array(64);
for (const addr of [0, 1, 4096, 2 ** 46, 2 ** 47 - 1, 2 ** 53]) addon.readMemory(process.pid, addr, here);
for (let i = 0; i < 300; i++) {
  const path = Buffer.alloc(random.u32() % 300, '/a/../proc/self/fd/0//./b');
  addon.resolvePath(process.pid, (random.u32() % 8) - 2, path, (random.u32() & 1) === 1, () => {});
}

const mount = new FakeMount();
const { request, reply } = mount.server;
const session = new addon.Session(
  3,
  request.bytes,
  reply.bytes,
  (length) => mount.server.handle(length),
  (errno) => {
    console.log(`ended ${errno}, refused ${refused}, bugs ${mount.bugs.length}`);
    session.close();
  },
  0,
);
session.notify(new Uint8Array(40));
session.notifyNow(new Uint8Array(40));
console.log('ready');
