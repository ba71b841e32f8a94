/** Commands that take long, through the control file: others are served meanwhile, signals end them, nothing is left. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { EAGAIN, EINTR } from '../../uapi/errno.ts';
import { compileC, TestMount, whyNoMount } from './support.ts';

// The machine may be busy: unloaded, no answer takes longer than 10 ms.
t.setTimeout(120_000);
const WORST_US = 500_000;

const run = promisify(execFile);
const skip = whyNoMount() ?? false;
const temp = mkdtempSync(join(tmpdir(), 'bpf-emu-long-'));
t.teardown(() => rmSync(temp, { recursive: true }));
const source = fileURLToPath(new URL('../../../test/long_client.c', import.meta.url));
const client = skip === false ? compileC(source, join(temp, 'long_client')) : undefined;
const noClient = skip || (client === undefined && 'no C compiler (Debian: gcc)');

function makeMount(): Promise<TestMount> {
  return TestMount.make();
}

/** What there is once the files that were just closed are released, which close(2) does not wait for. */
async function left(mount: TestMount): Promise<{ maps: number; progs: number; openFiles: number }> {
  for (let tries = 0; ; tries++) {
    const stats = await mount.ask<{ maps: number; progs: number; openFiles: number }>('stats');
    if (stats.openFiles === 0 || tries === 500) return stats;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

for (const what of ['load', 'run']) {
  t.test(`others are answered while a ${what} goes on, and its death leaves nothing`, { skip: noClient }, async (t) => {
    const mount = await makeMount();
    try {
      const args = [`${mount.dir}/bpf.ctl`, mount.dir, 'respond', what];
      const { stdout } = await run(String(client), args, { timeout: 30_000 });
      t.comment(stdout.trim());
      const found = JSON.parse(stdout) as Record<string, number>;
      for (const one of ['stat', 'list', 'lookup', 'gone']) t.ok(Number(found[one]) < WORST_US, one);
      t.match(found, { maps: 0, progs: 0 });
    } finally {
      t.equal(await mount.end(), 0, 'unmounted');
    }
  });

  t.test(`a signal ends a ${what}`, { skip: noClient }, async (t) => {
    const mount = await makeMount();
    try {
      const args = [`${mount.dir}/bpf.ctl`, mount.dir, 'signal', what];
      const { stdout } = await run(String(client), args, { timeout: 30_000 });
      const found = JSON.parse(stdout) as Record<string, number>;
      t.match(found, { result: -1, errno: what === 'load' ? EAGAIN : EINTR });
      t.ok(Number(found['us']) >= 200_000, 'not before it came');
      t.match(await left(mount), { maps: 0, progs: 0 }, 'nothing is left');
    } finally {
      t.equal(await mount.end(), 0, 'unmounted');
    }
  });
}

/** Counts to 200,000 (asm as in long_client.c). */
const LONG = 'b7000000000000000700000001000000a500feff400d03009500000000000000';

function load(insns: string, as: string): string {
  const fields = { cmd: 'BPF_PROG_LOAD', prog_type: 'xdp', insns, insn_cnt: insns.length / 16, license: 'GPL', as };
  return `${JSON.stringify(fields)}\n`;
}

async function reply(file: FileHandle): Promise<Record<string, unknown>> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(65536), 0, 65536, null);
  return JSON.parse(buffer.toString('latin1', 0, bytesRead)) as Record<string, unknown>;
}

t.test('JSON lines keep their order behind a long one, and other opens do not wait', { skip }, async (t) => {
  const mount = await makeMount();
  const first = await open(`${mount.dir}/bpf.ctl`, 'r+');
  const second = await open(`${mount.dir}/bpf.ctl`, 'r+');
  try {
    const map = { cmd: 'BPF_MAP_CREATE', map_type: 'array', key_size: 4, value_size: 4, max_entries: 1, as: 'm' };
    const start = performance.now();
    await first.write(load(LONG, 'p'));
    await first.write(`${JSON.stringify(map)}\n`);
    await second.write(`${JSON.stringify({ ...map, as: 'other' })}\n`);
    t.match(await reply(second), { ok: true, as: 'other' });
    const before = performance.now() - start;
    t.match(await reply(first), { ok: true, as: 'p' });
    const after = performance.now() - start;
    t.comment(`the short one was answered after ${Math.round(before)} ms, the long one after ${Math.round(after)} ms`);
    t.ok(before < after / 2);
    t.match(await reply(first), { ok: true, as: 'm' });
    await first.write('{"cmd":"EMU_PROG_RUN","prog_fd":0,"data":"000000000000000000000000000000000000","repeat":2}\n');
    t.match(await reply(first), { ok: true, runs: 2, retval: 200_000 });
  } finally {
    await first.close();
    await second.close();
    t.match(await left(mount), { maps: 0, progs: 0 }, 'nothing is left');
    t.equal(await mount.end(), 0, 'unmounted');
  }
});

t.test('closing the control file ends what goes on in it', { skip }, async (t) => {
  const mount = await makeMount();
  try {
    const file = await open(`${mount.dir}/bpf.ctl`, 'r+');
    await file.write(load(LONG, 'p'));
    await file.close();
    const start = performance.now();
    while ((await mount.ask<{ openFiles: number }>('stats')).openFiles > 0 && performance.now() - start < 10_000);
    t.ok(performance.now() - start < 500);
    t.match(await left(mount), { maps: 0, progs: 0 }, 'nothing is left');
  } finally {
    t.equal(await mount.end(), 0, 'unmounted');
  }
});

t.test('a mount that ends by force ends what goes on', { skip: noClient }, async (t) => {
  const mount = await makeMount();
  const going = run(String(client), [`${mount.dir}/bpf.ctl`, mount.dir, 'finish'], { timeout: 30_000 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.equal(await mount.end(), 0, 'unmounted');
  t.match(JSON.parse((await going).stdout), { result: 0 });
});
