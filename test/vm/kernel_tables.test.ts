/**
 * The tables of helpers and context fields against this machine's own kernel, when it is
 * a 6.18 that lets us ask (root, a C compiler): some 60,000 loads. Elsewhere the recorded
 * answers of helper_access.test.ts and ctx_access.test.ts stand.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import { HELPER_MAX_ID, helperName } from '../../vm/helpers/protos.ts';
import { helperProto } from '../../vm/helpers/protos_access.ts';
import { progType } from '../../vm/progtypes/index.ts';
import type { ProgContext } from '../../vm/verifier/types.ts';

/** Attach types looked at: those that make a difference. */
const ATTACH: ReadonlyMap<number, readonly number[]> = new Map<number, readonly number[]>([
  [PT.KPROBE, [0, 42, 48, 56, 57]],
  [PT.XDP, [0, 33, 35, 37]],
  [PT.CGROUP_SKB, [0, 1]],
  [PT.CGROUP_SOCK, [2, 34, 12, 13]],
  [PT.SOCK_OPS, [3]],
  [PT.CGROUP_DEVICE, [6]],
  [PT.SK_MSG, [7]],
  [PT.CGROUP_SOCK_ADDR, [8, 9, 10, 11, 49, 14, 15, 50, 19, 20, 51, 29, 30, 52, 31, 32, 53]],
  [PT.SK_REUSEPORT, [39, 40]],
  [PT.FLOW_DISSECTOR, [17]],
  [PT.CGROUP_SYSCTL, [18]],
  [PT.CGROUP_SOCKOPT, [21, 22]],
  [PT.SK_LOOKUP, [36]],
  [PT.NETFILTER, [45]],
]);

const WITH_TARGET: ReadonlySet<number> = new Set([PT.UNSPEC, PT.TRACING, PT.STRUCT_OPS, PT.EXT, PT.LSM, PT.LIRC_MODE2]);
const CASES = Object.values(PT)
  .filter((type) => !WITH_TARGET.has(type))
  .flatMap((type) => (ATTACH.get(type) ?? [0]).map((attach) => [type, attach] as const));
const LIMIT = 232;
const SOURCE = fileURLToPath(new URL('../../../test/vm/native/table_probe.c', import.meta.url));

/** The kernel's answers, a line a question, or why there are none. */
function ask(questions: readonly string[]): string[] | string {
  if (process.getuid?.() !== 0) return 'only root may ask the kernel';
  if (!release().startsWith('6.18.')) return `this kernel is ${release()}, not 6.18`;
  const dir = mkdtempSync(join(tmpdir(), 'bpf-emu-tables-'));
  try {
    const program = join(dir, 'table_probe');
    if (spawnSync('cc', ['-O1', '-o', program, SOURCE]).status !== 0) return 'no C compiler, or no <linux/bpf.h>';
    const run = spawnSync(program, { input: `${questions.join('\n')}\n`, encoding: 'utf8', timeout: 60_000 });
    const lines = run.stdout.split('\n').slice(0, questions.length);
    return lines.every((line) => line === '-') ? 'this kernel has no bpf(2)' : lines;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function context(type: number, expectedAttachType: number): ProgContext {
  const caps = { bpf: true, perfmon: true, netAdmin: true, sysAdmin: true };
  return { type, expectedAttachType, sleepable: false, caps, gplCompatible: true, attachFuncName: '', devBound: false };
}

/** What our tables say to the accesses the probe tries, in its order. */
function ourAccesses(type: number, attach: number): string {
  const prog = context(type, attach);
  let text = '';
  for (const write of [false, true]) {
    for (const size of [1, 2, 4, 8]) {
      for (let off = 0; off < LIMIT; off += size) {
        text += progType(type)?.ctxAccess(off, size, write, prog) === undefined ? '0' : '1';
      }
    }
  }
  return text;
}

const questions = CASES.flatMap(([type, attach]) => [`h ${type} ${attach}`, `c ${type} ${attach} ${LIMIT}`]);
const answers = ask(questions);
const skip = typeof answers === 'string' ? answers : false;

t.test("this machine's kernel gives the same helpers and context fields", { skip, timeout: 120_000 }, async (t) => {
  if (typeof answers === 'string') return;
  let asked = 0;
  for (const [index, [type, attach]] of CASES.entries()) {
    const helpers = answers[2 * index]!;
    const accesses = answers[2 * index + 1]!;
    if (helpers === '-') continue;
    asked++;
    const bits = Buffer.from(helpers, 'hex');
    const wrong: string[] = [];
    for (let id = 1; id < HELPER_MAX_ID; id++) {
      const kernel = ((bits[id >> 3]! >> (id & 7)) & 1) === 1;
      if (kernel !== (helperProto(id, context(type, attach)) !== undefined)) wrong.push(`${helperName(id)}: ${kernel}`);
    }
    t.same(wrong, [], `helpers of type ${type}, attach type ${attach}`);
    t.equal(ourAccesses(type, attach), accesses, `context of type ${type}, attach type ${attach}`);
  }
  t.ok(asked > 40, `${asked} types and attach types`);
});
