import t from 'tap';
import { BpfFile, type FdTarget, type ForeignFile } from '../../base/object.ts';
import { perfEventGet } from '../../maps/array_fd.ts';
import { localStorageGet } from '../../maps/bpf_local_storage.ts';
import type { BpfMap, MapSyscall } from '../../maps/map.ts';
import { create, testEnv, tryCreate } from './util.ts';

const EVENT: ForeignFile = { kind: 'foreign', what: 'perf_event', dev: 1, ino: 1, path: '' };

function fds(...targets: FdTarget[]): MapSyscall {
  return { fdget: (fd) => targets[fd] };
}

/** Stores `fd` at index `key` of a map the way the system call does. */
function put(map: BpfMap, key: number, fd: number, sys: MapSyscall, file?: BpfFile, flags = 0): number {
  const { arena } = map.env;
  const at = arena.alloc(16);
  arena.u32[at >> 2] = key;
  arena.u32[(at >> 2) + 2] = fd;
  map.writer = file;
  const result = map.ops.sysUpdate?.(map, at, at + 8, flags, sys) ?? -524;
  arena.free(at, 16);
  return result;
}

t.test('perf events go with the descriptor they were put in through', async (t) => {
  for (const [mapFlags, left] of [
    [0, 1],
    [2048, 2],
  ] as const) {
    const map = create(testEnv(), { mapType: 4, valueSize: 4, maxEntries: 4, mapFlags });
    map.getUser();
    map.getUser();
    const [first, second] = [new BpfFile(map, 3), new BpfFile(map, 3)];
    t.equal(put(map, 0, 0, fds(EVENT), first), 0);
    t.equal(put(map, 1, 0, fds(EVENT), second), 0);
    t.equal(put(map, 1, 0, fds({ ...EVENT, what: 'socket' }), second), -9, 'only perf events');
    first.put();
    t.equal([0, 1].filter((index) => perfEventGet(map, index) !== undefined).length, left);
  }
});

t.test('a map of maps holds its maps, and lets them go', async (t) => {
  for (const mapType of [12, 13]) {
    const env = testEnv();
    const template = create(env, { mapType: 2, maxEntries: 4 });
    const outer = create(env, { mapType, valueSize: 4, maxEntries: 4, innerMap: template });
    const inner = [0, 1, 2].map(() => create(env, { mapType: 2, maxEntries: 4 }));
    const sys = fds(...inner.map((map) => new BpfFile(map, 3)));
    t.equal(put(outer, 0, 0, sys), 0);
    t.equal(put(outer, 1, 0, sys), 0);
    t.equal(inner[0]?.refcnt, 3, 'one reference for every place');
    t.equal(put(outer, 1, 1, sys), 0);
    t.equal(inner[0]?.refcnt, 2);
    t.equal(put(outer, 2, 9, sys), -9);
    t.equal(put(outer, 2, 0, fds(new BpfFile(outer, 3))), -22, 'a map that does not fit');
    t.equal(tryCreate(env, { mapType, valueSize: 4, innerMap: outer }), -22, 'nor a map of maps of maps');
    const at = env.arena.alloc(8);
    env.arena.u32[at >> 2] = 1;
    t.equal(outer.ops.lookup?.(outer, at), inner[1]?.addr, 'a program gets the inner map');
    env.arena.free(at, 8);
    for (const map of inner) map.put();
    template.put();
    outer.put();
    t.equal(env.arena.used, 0);
  }
});

t.test('storage belongs to its object', async (t) => {
  const env = testEnv();
  const btf = { btfKeyTypeId: 1, btfValueTypeId: 1 };
  const map = create(env, { mapType: 29, maxEntries: 0, mapFlags: 1, ...btf });
  t.equal(localStorageGet(map, 'pid:1', 0, 0), 0, 'nothing is made unless asked for');
  const value = localStorageGet(map, 'pid:1', 0, 1);
  t.not(value, 0);
  t.equal(localStorageGet(map, 'pid:1', 0, 1), value);
  t.not(localStorageGet(map, 'pid:2', 0, 1), value);
  const task: ForeignFile = { ...EVENT, what: 'pidfd', pid: 1 };
  t.equal(put(map, 0, 0, fds(task), undefined, 1), -17, 'a pidfd as key names the task');
  t.equal(put(map, 5, 0, fds(task)), -9);
  map.put();
  t.equal(env.arena.used, 0);
});
