/** The addon under AddressSanitizer: nonsense arguments, random requests, and a real mount with a real client. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { OPCODES } from '../../fs/opcodes.ts';
import { OP } from '../../fs/protocol.ts';
import { makeRequest } from '../fs/fake.ts';
import { compileC, TestMount, whyNoMount } from '../fs/support.ts';

const REQUESTS = 20_000;
/** The first ones go one by one, so that each is read alone; the others as a stream, cut anywhere. */
const ONE_BY_ONE = 4_000;
/** Operations that have no reply, or none at once. */
const SILENT: ReadonlySet<number> = new Set([OP.FORGET, OP.BATCH_FORGET, OP.INTERRUPT, OP.READ]);
const seed = Number(process.env['BPF_EMU_SEED'] ?? Date.now() % 0x7fffffff);
const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Environment for a process that loads the checked addon; undefined when it cannot be built here. */
function sanitized(): NodeJS.ProcessEnv | undefined {
  try {
    const output = execFileSync(join(root, 'test/native/asan.sh'), {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [addon, library] = output.trim().split('\n');
    if (addon === undefined || library === undefined || !library.includes('/')) return undefined;
    // Node itself never frees all it has: only errors count, not leaks.
    return { ...process.env, BPF_EMU_ADDON: addon, LD_PRELOAD: library, ASAN_OPTIONS: 'detect_leaks=0:exitcode=99' };
  } catch (error) {
    t.comment(String(error));
    return undefined;
  }
}

t.setTimeout(140_000);
const env = sanitized();
const skip = env === undefined ? 'no compiler with AddressSanitizer (Debian: g++)' : false;

t.test(`nonsense and ${REQUESTS} random requests (seed ${seed})`, { skip }, async (t) => {
  const script = fileURLToPath(new URL('asan_main.js', import.meta.url));
  const child = spawn(process.execPath, [script, `${seed}`], { env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout?.on('data', (data) => {
    output += data;
  });
  child.stderr?.on('data', (data) => {
    errors += data;
  });
  const exited = once(child, 'exit');
  const socket = child.stdio[3] as Duplex;
  socket.on('error', () => {});
  let answered = 0;
  let wake = (): void => {};
  socket.on('data', (data: Buffer) => {
    answered += data.length;
    wake();
  });
  const random = seededRandom(seed);
  const known = OPCODES.flatMap((operation, opcode) => (operation === undefined ? [] : [opcode]));
  for (let i = 0; i < REQUESTS && child.exitCode === null; i++) {
    const opcode = known[random.u32() % known.length] ?? 1;
    const fields = Array.from(
      { length: random.u32() % 24 },
      () => (random.u32() & 1) * (random.u32() % 4) || random.u32(),
    );
    const bytes = makeRequest(opcode, random.u32() % 4, fields, 'name\0');
    const drained = socket.write(bytes);
    const reply = new Promise<void>((resolve) => {
      wake = resolve;
    });
    if (i < ONE_BY_ONE) await Promise.race([reply, sleep(SILENT.has(opcode) ? 1 : 100), exited]);
    else if (!drained) await Promise.race([once(socket, 'drain'), exited]);
  }
  socket.end();
  const [code] = await exited;
  t.equal(code, 0, 'ended by itself, without a memory error');
  t.notMatch(errors, /AddressSanitizer/);
  t.match(output, /ready\nended \d+, refused \d+, bugs 0\n/);
  t.ok(answered > ONE_BY_ONE * 8, `${answered} bytes of replies`);
});

t.test('a mount with a client', { skip: skip !== false ? skip : (whyNoMount() ?? false) }, async (t) => {
  const temp = mkdtempSync(join(tmpdir(), 'bpf-emu-c-'));
  t.teardown(() => rmSync(temp, { recursive: true }));
  const client = compileC(join(root, 'test/ctl_client.c'), join(temp, 'ctl_client'));
  const mount = await TestMount.make('', undefined, env);
  const { stdout } = await promisify(execFile)(client ?? 'true', [mount.dir], { timeout: 60_000 }).catch(
    (error) => error,
  );
  t.match(stdout, /1\.\.30/, 'the client ran through');
  t.notMatch(stdout, /not ok/);
  t.equal(await mount.end(), 0, 'the server ended without a memory error');
});
