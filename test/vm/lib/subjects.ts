/** The subjects of the wide fuzzer. */
import type { Random } from '../../../base/env.ts';
import type { Btf } from '../../../btf/btf.ts';
import { skbSequence } from './skb_sequence.ts';
import { wideCase } from './wide_program.ts';
import { scriptOf } from './wide_script.ts';

/** What scripts are made of; `types`: those of the kernel that runs them. */
export const SUBJECTS: Readonly<Record<string, (random: Random, types: Btf) => string[]>> = {
  programs: (random, types) => scriptOf(wideCase(random), types),
  calls: (random, types) => scriptOf(wideCase(random, true), types),
  packets: skbSequence,
};
