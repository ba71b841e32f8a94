/**
 * A ring buffer that programs wrote to and a reader emptied now and then, on Linux
 * 6.18: test/golden/maps/ringbuf.json.gz has the calls (`@consume`: the reader sets
 * its position to the producer's) and what was in the mapped memory at the end: both
 * positions and the data.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { RingbufMap } from '../../maps/ringbuf.ts';
import { PAGE_SIZE } from '../../mm/arena.ts';
import { replay, replayKernel, type Sequence } from '../syscall/replay.ts';

const file = new URL('../../../test/golden/maps/ringbuf.json.gz', import.meta.url);
const recorded = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Sequence & { memory: string };
const kernel = replayKernel();
const { u8 } = kernel.arena;

/** Numbers of the calls after which the reader catches up. */
const consumeAfter = new Set<number>();
let calls = 0;
for (const step of recorded.steps) {
  if (step.cmd === '@consume') consumeAfter.add(calls);
  else if (!step.cmd.startsWith('@')) calls++;
}

let ring: RingbufMap | undefined;
const bpf = kernel.bpf.bind(kernel);
calls = 0;
kernel.bpf = (...args) => {
  const result = bpf(...args);
  if (ring === undefined) {
    const found = kernel.maps.values().find((map) => map instanceof RingbufMap);
    found?.get();
    ring = found;
  }
  if (consumeAfter.has(++calls) && ring !== undefined)
    u8.copyWithin(ring.pages, ring.pages + PAGE_SIZE, ring.pages + PAGE_SIZE + 8);
  return result;
};

t.same(replay(kernel, recorded), [], 'every call has its recorded answer');
if (ring === undefined) t.fail('there is no ring buffer');
else {
  const { pages, data, maxEntries } = ring;
  const got = Buffer.concat([
    u8.subarray(pages, pages + 8),
    u8.subarray(pages + PAGE_SIZE, pages + PAGE_SIZE + 8),
    u8.subarray(data, data + maxEntries),
  ]);
  t.ok(got.equals(Buffer.from(recorded.memory, 'base64')), 'the memory is the same, byte by byte');
}
