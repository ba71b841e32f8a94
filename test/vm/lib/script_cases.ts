/** Scripts (see native/fuzz_kernel.c) written down with their programs as text, and the subjects there are of them. */
import type { Btf } from '../../../btf/btf.ts';
import { BTF_KIND } from '../../../btf/kinds.ts';
import { asm } from './asm.ts';
import { edgeCases } from './edge_cases.ts';
import { exceptionCases } from './exception_cases.ts';
import { stringCases } from './string_cases.ts';
import { treeCases } from './tree_cases.ts';
import { TYPE_IDS } from './wide_btf.ts';

/** A script and what it is about. */
export interface ScriptCase {
  readonly title: string;
  readonly script: readonly string[];
}

/** Makes the lines of scripts for the kernel that has `types`. */
export class ScriptWriter {
  readonly #types: Btf;

  constructor(types: Btf) {
    this.#types = types;
  }

  /** `p`: the labels `f_NAME` are functions, `g_NAME` global ones, `gc_NAME` those that take the context, `cb` the exception callback of the main function. */
  prog(type: number | string, text: string): string {
    const labels = new Map<string, number>();
    const insns = asm(text, (name) => this.#types.find(name, BTF_KIND.FUNC), labels);
    const starts = [`0${labels.has('cb') ? `:${TYPE_IDS.main}` : ''}`];
    for (const [label, insn] of [...labels].sort((a, b) => a[1] - b[1])) {
      if (label === 'cb') starts.push(`${insn}:${TYPE_IDS.callback}`);
      else if (label.startsWith('gc_')) starts.push(`${insn}:${TYPE_IDS.globalCtx}`);
      else if (label.startsWith('g_')) starts.push(`${insn}:${TYPE_IDS.global}`);
      else if (label.startsWith('f_')) starts.push(`${insn}`);
    }
    return `p ${type} ${Buffer.from(insns).toString('hex')} ${starts}`;
  }
}

/** The subjects; each has its answers in test/golden/scripts. */
export const SCRIPT_CASES: Readonly<Record<string, (writer: ScriptWriter) => ScriptCase[]>> = {
  edges: edgeCases,
  exceptions: exceptionCases,
  strings: stringCases,
  trees: treeCases,
};
