/** What random programs are made of: instructions, helpers and kernel functions that were drawn, and those that never were. */
import type { Btf } from '../../../btf/btf.ts';
import { BTF_KIND } from '../../../btf/kinds.ts';
import { HELPERS, KFUNCS } from '../../../vm/helpers/index.ts';
import { INSN_TABLE } from '../../../vm/insn.ts';

const [LDDW, CALL] = [0x18, 0x85];
const PSEUDO_KFUNC = 2;

/** Counts by program; what is in {@link INSN_TABLE}, {@link HELPERS} and {@link KFUNCS} is looked for. */
export class Drawn {
  readonly #opcodes = new Set<number>();
  readonly #helpers = new Set<number>();
  readonly #kfuncs = new Set<number>();

  /** Adds a program's instructions, given as hex. */
  add(code: string): void {
    const bytes = Buffer.from(code, 'hex');
    for (let at = 0; at < bytes.length; at += 8) {
      const op = bytes[at]!;
      const src = bytes[at + 1]! >> 4;
      this.#opcodes.add(op);
      if (op === LDDW) at += 8;
      else if (op !== CALL) continue;
      else if (src === 0) this.#helpers.add(bytes.readInt32LE(at + 4));
      else if (src === PSEUDO_KFUNC) this.#kfuncs.add(bytes.readInt32LE(at + 4));
    }
  }

  /** How many there were, and the names of the others, of each kind. `types`: those of the kernel the programs are for. */
  report(types: Btf): string[] {
    const kfuncs = new Map([...KFUNCS.keys()].map((name) => [types.find(name, BTF_KIND.FUNC), name]));
    const opcodes = new Map(INSN_TABLE.flatMap((def) => (def === undefined ? [] : [[def.opcode, hex(def.opcode)]])));
    const helpers = new Map([...HELPERS].map(([id, { name }]) => [id, name]));
    return [
      line('opcodes', opcodes as Map<number, string>, this.#opcodes),
      line('helpers', helpers, this.#helpers),
      line('kernel functions', kfuncs, this.#kfuncs),
    ];
  }
}

const hex = (opcode: number): string => `0x${opcode.toString(16).padStart(2, '0')}`;

function line(what: string, all: ReadonlyMap<number, string>, drawn: ReadonlySet<number>): string {
  const others = [...all].filter(([id]) => !drawn.has(id)).map(([, name]) => name);
  return `${all.size - others.length} of ${all.size} ${what}; not: ${others.join(' ')}`;
}
