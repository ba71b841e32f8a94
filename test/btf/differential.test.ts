import { readFileSync } from 'node:fs';
import t from 'tap';
import { BpfLog } from '../../base/bpf_log.ts';
import type { Btf } from '../../btf/btf.ts';
import { loadBtf } from '../../btf/parse.ts';
import { parseVmlinux } from '../../btf/vmlinux.ts';
import { Dice, mutate, randomBtf } from './generate.ts';
import { askKernel, kernelMissing, type Question } from './kernel.ts';

const COUNT = 2000;
const SIZE = 65536;
const seed = Number(process.env['BPF_EMU_SEED'] ?? Date.now() % 1_000_000_007);

function vmlinux(): Btf | undefined {
  try {
    return parseVmlinux(new Uint8Array(readFileSync('/sys/kernel/btf/vmlinux')));
  } catch {
    return undefined;
  }
}

/** What this process answers, as the kernel would. */
function answer(question: Question, kernelTypes: Btf | undefined): { errno: number; log: string; true: number } {
  const log = new BpfLog(question.level ?? 0, question.size ?? 0);
  const btf = loadBtf(Buffer.from(question.btf, 'hex'), log, kernelTypes);
  const { err, trueSize } = log.finish();
  return { errno: err !== 0 ? -err : typeof btf === 'number' ? -btf : 0, log: log.text(), true: trueSize };
}

/** Wording and checks are those of one kernel version; others are not compared. */
const release = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
const missing = /^6\.18\./.test(release) ? kernelMissing() : `the kernel is ${release}, not 6.18`;

t.test(
  `BTF_LOAD of ${COUNT} random BTF objects answers as the kernel does (seed ${seed})`,
  {
    skip: missing === '' ? false : missing,
  },
  async (t) => {
    const dice = new Dice(seed);
    const questions: Question[] = [];
    for (let i = 0; i < COUNT; i++) {
      const bytes = randomBtf(dice, dice.chance(60));
      const btf = Buffer.from(dice.chance(40) ? mutate(dice, bytes) : bytes).toString('hex');
      questions.push({ btf, level: dice.pick([1, 1, 2, 4, 8, 9]), size: dice.pick([SIZE, SIZE, 64, 1, 600]) });
    }
    const kernelTypes = vmlinux();
    const answers = askKernel(questions);
    let differences = 0;
    questions.forEach((question, index) => {
      const ours = answer(question, kernelTypes);
      const theirs = answers[index];
      if (ours.errno === theirs?.errno && ours.log === theirs.log && ours.true === theirs.true) return;
      if (++differences <= 3) t.same(ours, theirs, `${JSON.stringify(question)}`);
    });
    t.equal(differences, 0);
  },
);
