/**
 * Rules of the verifier, one behaviour a case in text (cases/*.txt; textcase.ts says how
 * they are written), and that no stream of bytes makes it fail by itself. Where this
 * machine's kernel may be asked, it has to say the same (CASES_KERNEL=0: it is not asked).
 */
import t from 'tap';
import { BpfLog } from '../../base/bpf_log.ts';
import { seededRandom } from '../../base/env.ts';
import { LINUX_6_18 } from '../../base/profile.ts';
import { EBADF } from '../../uapi/errno.ts';
import { TABLES } from '../../vm/tables.ts';
import type { MapDesc, VerifierResult } from '../../vm/verifier/types.ts';
import { verify } from '../../vm/verifier/verify.ts';
import { messages } from './messages.ts';
import type { Op, TextCase } from './textcase.ts';
import {
  type Answer,
  askKernel,
  CaseMachine,
  caseFiles,
  differs,
  noKernel,
  readCases,
  unsaidMessages,
} from './textcase_run.ts';

const MAP: MapDesc = {
  id: 1,
  mapType: 1,
  keySize: 8,
  valueSize: 48,
  maxEntries: 4,
  mapFlags: 0,
  mapExtra: 0n,
  name: '',
  frozen: false,
};

function run(insns: Uint8Array, progType: number, log: BpfLog, perfmon = true, maxInsns = 1_000_000): VerifierResult {
  return verify({
    insns,
    progType,
    expectedAttachType: 0,
    progFlags: 0,
    gplCompatible: true,
    caps: { bpf: true, perfmon, netAdmin: true, sysAdmin: perfmon },
    mapByFd: (fd) => (fd === 1 ? MAP : -EBADF),
    vmlinux: () => undefined,
    profile: { ...LINUX_6_18, maxProcessedInsns: maxInsns },
    tables: TABLES,
    log,
    nrCpus: 2,
    onBug: (error) => {
      throw error;
    },
  });
}

t.setTimeout(0);

const machine = new CaseMachine();
const noKernelReason = noKernel();
/** Logs of all cases. */
const said: string[] = [];

/** A case with the calls it asks for. */
interface Compiled {
  readonly file: string;
  readonly test: TextCase;
  readonly ops: readonly Op[];
}

const everything = caseFiles().flatMap((file): Compiled[] =>
  readCases(file).map((test) => ({ file, test, ops: machine.compiler.compile(test) })),
);
const asked = noKernelReason === undefined ? everything.filter(({ test }) => !test.words.has('kernel')) : [];
const kernelAnswers = new Map<Compiled, Answer>();
const answers = asked.length > 0 ? askKernel(asked.map(({ ops }) => ops)) : [];
asked.forEach((one, i) => {
  kernelAnswers.set(one, answers[i]!);
});
if (noKernelReason !== undefined) t.comment(`the kernel is not asked: ${noKernelReason}`);

for (const file of caseFiles()) {
  t.test(`rules of ${file}`, { timeout: 0 }, (t) => {
    const cases = everything.filter((one) => one.file === file);
    for (const one of cases) {
      const where = `${file}:${one.test.line}`;
      const answer = machine.run(one.ops);
      said.push(answer.log);
      const problem = differs(one.test, one.ops, answer);
      if (problem !== undefined) t.fail(`${where} ${one.test.name}: ${problem}`);
      const kernel = kernelAnswers.get(one);
      const wrong = kernel === undefined ? undefined : differs(one.test, one.ops, kernel);
      if (wrong !== undefined) t.fail(`${where} the kernel, ${one.test.name}: ${wrong}`);
    }
    t.equal(machine.bugs.length, 0, `the verifier does not fail by itself ${machine.bugs[0] ?? ''}`);
    t.pass(`${cases.length} cases`);
    t.end();
  });
}

t.test('every message of the verifier has a case, or a reason for none', (t) => {
  const log = said.join('\n');
  const reasons = unsaidMessages();
  const all = messages();
  const unsaid = all.filter(({ pattern }) => !pattern.test(log)).map(({ text }) => text);
  for (const text of unsaid) if (!reasons.includes(text)) t.fail(`no case says "${text}"`);
  for (const text of reasons)
    if (!unsaid.includes(text)) t.fail(`unsaid.def lists "${text}", which is said, or nowhere`);
  t.comment(`${all.length - unsaid.length} of ${all.length} messages have a case`);
  t.ok(unsaid.length < all.length / 5, 'most messages have a case');
  t.end();
});

t.test('no stream of instructions makes the verifier fail by itself', (t) => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 0x7fffffff);
  t.comment(`SEED=${seed}`);
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[random.u32() % list.length]!;
  const OPS = [
    0x07, 0x0f, 0x17, 0x1f, 0x27, 0x2f, 0x57, 0x5f, 0x47, 0x4f, 0x67, 0x6f, 0x77, 0x7f, 0xa7, 0xaf, 0xb7, 0xbf, 0xc7,
    0xcf, 0x04, 0x0c, 0x54, 0x5c, 0x64, 0x74, 0xb4, 0xbc, 0xc4, 0x87, 0xd4, 0xd7, 0xdc, 0x15, 0x1d, 0x25, 0x2d, 0x35,
    0x45, 0x55, 0x65, 0x75, 0xa5, 0xb5, 0xc5, 0xd5, 0x16, 0x26, 0x46, 0x56, 0x66, 0x05, 0x61, 0x69, 0x71, 0x79, 0x81,
    0x89, 0x91, 0x62, 0x63, 0x6a, 0x6b, 0x72, 0x73, 0x7a, 0x7b, 0xc3, 0xdb, 0xd3, 0x85, 0x95, 0xe5, 0x20, 0x30, 0x40,
    0x18,
  ] as const;
  const HELPERS = [1, 2, 3, 5, 6, 7, 8, 12, 14, 26, 28, 84, 86, 93, 131, 132, 164, 181, 197, 203] as const;
  let accepted = 0;
  let failed = '';
  for (let n = 0; n < 1000 && failed === ''; n++) {
    const count = 3 + (random.u32() % 24);
    const bytes = new Uint8Array(count * 8);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < count; i++) {
      const op = i === count - 1 ? 0x95 : i === 0 ? 0xb7 : pick(OPS);
      let off = 0;
      let imm = pick([0, 1, 2, 7, 8, 16, -1, -8, 255, 4096, 0x7fffffff]);
      let regs = (random.u32() % 11) | ((random.u32() % 11) << 4);
      const cls = op & 7;
      if (cls === 5 || cls === 6) off = (random.u32() % 8) - 3;
      else if (cls === 1 || cls === 2 || cls === 3) off = pick([0, 4, 8, -8, -16, 76, 80]);
      if (i === 0 || op === 0x95) regs = 0;
      if (op === 0x95) imm = 0;
      if (op === 0x85) {
        regs = pick([0, 0, 0, 0x10]);
        imm = regs === 0 ? pick(HELPERS) : (random.u32() % 6) - 2;
        off = 0;
      }
      if (op === 0x18) regs = (regs & 15) | pick([0, 0x10]);
      view.setUint8(i * 8, op);
      view.setUint8(i * 8 + 1, regs);
      view.setInt16(i * 8 + 2, off, true);
      view.setInt32(i * 8 + 4, op === 0x18 ? 1 : imm, true);
      if (op === 0x18 && i + 2 < count) i++;
    }
    try {
      const result = run(bytes, pick([1, 3, 6, 5]), BpfLog.unbounded(random.u32() % 3), random.u32() % 2 === 0, 1000);
      if (result.errno === 0) accepted++;
    } catch (error) {
      failed = `${Buffer.from(bytes).toString('hex')}: ${error instanceof Error ? error.stack : String(error)}`;
    }
  }
  t.equal(failed, '', 'nothing is thrown');
  t.comment(`${accepted} accepted`);
  t.end();
});
