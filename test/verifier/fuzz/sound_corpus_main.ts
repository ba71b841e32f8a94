/**
 * The recorded programs of the oracle that are run, watched as those of the soundness fuzzer:
 *
 *     node dist/test/verifier/fuzz/sound_corpus_main.js [--ids REGEX]
 */
import { existsSync, readFileSync } from 'node:fs';
import { BpfLog } from '../../../base/bpf_log.ts';
import type { Insns } from '../../../vm/insn.ts';
import type { BpfProg } from '../../../vm/prog.ts';
import { verify } from '../../../vm/verifier/verify.ts';
import { ProgramAborted } from '../../../vm/vm.ts';
import { CorpusReplay, corpusFolder, readCorpus } from '../corpus.ts';
import { option, text } from './options.ts';
import { decode, encode, type Word } from './program.ts';
import { Recording, Watch } from './soundness.ts';

const VMLINUX = '/sys/kernel/btf/vmlinux';
const MOST_PROCESSED = 5000;

const key = (words: readonly Word[]): string => Buffer.from(encode(words)).toString('latin1');
const recordings = new Map<string, Recording>();
const watched = new WeakMap<BpfProg, { words: Word[]; recording: Recording | undefined }>();

function wordsOf(insns: Insns): Word[] {
  return Array.from(
    { length: insns.count },
    (_, i): Word => [insns.op[i]!, insns.dst[i]!, insns.src[i]!, insns.off[i]!, insns.imm[i]!],
  );
}

const folder = corpusFolder();
if (folder === undefined)
  throw new Error('the recorded verdicts are not here: set BPF_EMU_ORACLE to the oracle folder');
const replay = new CorpusReplay(
  (input) => {
    for (const exhaustive of [true, false]) {
      const recording = new Recording(exhaustive);
      const { errno } = verify({
        ...input,
        log: BpfLog.none(),
        exhaustive,
        observe: recording.observe,
        profile: { ...input.profile, maxProcessedInsns: MOST_PROCESSED },
      });
      if (errno < 0 || recording.overflow) continue;
      recordings.set(key(decode(input.insns)), recording);
      break;
    }
    return verify(input);
  },
  existsSync(VMLINUX) ? readFileSync(VMLINUX) : undefined,
);
replay.quick = true;
const { vm } = replay.kernel;
vm.engine = 'interp';

let runs = 0;
let whole = 0;
let compared = 0;
let runId = -1;
let watch: Watch | undefined;
let faults: string[] = [];

function begin(prog: BpfProg, insn: number, regs: Int32Array): void {
  runId = vm.runId;
  watch = undefined;
  if (insn !== 0) return;
  let known = watched.get(prog);
  if (known === undefined) {
    const words = wordsOf(prog.insns);
    known = { words, recording: recordings.get(key(words)) };
    watched.set(prog, known);
  }
  if (known.recording === undefined) return;
  runs++;
  if (known.recording.whole) whole++;
  watch = new Watch(known.words, known.recording, regs[2]! >>> 0, () => replay.kernel.arena.view);
  current = prog;
}
let current: BpfProg | undefined;

vm.hook = (prog, insn, regs) => {
  if (vm.runId !== runId) begin(prog, insn, regs);
  if (watch === undefined) return;
  // A tail call, or a program that another one runs: left alone.
  if (prog !== current) {
    watch = undefined;
    return;
  }
  const before = watch.compared;
  try {
    watch.step(insn, regs);
  } catch (error) {
    if (!(error instanceof ProgramAborted)) throw error;
    watch = undefined;
    return;
  }
  compared += watch.compared - before;
  if (watch.fault !== undefined) {
    faults.push(watch.fault);
    watch = undefined;
  }
};

const ids = new RegExp(text('ids') ?? '');
let shown = 0;
for (const test of readCorpus(folder)) {
  if (!ids.test(test.key) || replay.skipReason(test) !== undefined || !test.events.some(({ op }) => op === 'run'))
    continue;
  faults = [];
  replay.run(test, false);
  for (const fault of faults) if (shown++ < option('show', 20)) console.log(`${test.key}: ${fault}`);
}
console.log(`${runs} runs watched, ${whole} with all states, ${compared} steps compared, ${shown} faults`);
