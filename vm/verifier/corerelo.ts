/**
 * CO-RE records of PROG_LOAD (`bpf_core_apply`): applied to the instructions before they
 * are looked at.
 */

import type { Btf } from '../../btf/btf.ts';
import { typesOfName } from '../../btf/core_candidates.ts';
import { applyCoreRelo, type CoreInsns, type CoreRelo, KERNEL_LIMITS } from '../../btf/core_relo.ts';
import { CORE, essentialName } from '../../btf/core_spec.ts';
import { BTF_KIND_NAME } from '../../btf/kinds.ts';
import { jhash } from '../../maps/jhash.ts';
import { EINVAL } from '../../uapi/errno.ts';
import { type Insns, OP_CALL } from '../insn.ts';
import { btfString } from './btfwalk.ts';
import type { Env } from './env.ts';

/** Places of the kernel's list of candidates, which the log shows (`VMLINUX_CAND_CACHE_SIZE`). */
const CACHE_SIZE = 31;

/** Types of the kernel by one name. */
interface Candidates {
  readonly name: string;
  /** Kind that was looked for first. */
  readonly kind: number;
  readonly ids: readonly number[];
}

function hashOf(name: string): number {
  const bytes = new Uint8Array((name.length + 15) & ~3);
  for (let i = 0; i < name.length; i++) bytes[i] = name.charCodeAt(i);
  return jhash(new Int32Array(bytes.buffer), bytes, 0, name.length, 0);
}

/** What was looked for so far, one name a place: the next name of the place takes it. */
export class CandidateCache {
  readonly #found: (Candidates | undefined)[] = new Array(CACHE_SIZE).fill(undefined);
  /** Names that the kernel itself does not have are looked for in its modules. */
  readonly #missing: (Candidates | undefined)[] = new Array(CACHE_SIZE).fill(undefined);

  /** Types of the name, without its flavour, and the kind (`bpf_core_find_cands`). */
  find(vmlinux: Btf, name: string, kind: number): Candidates {
    const plain = essentialName(name);
    const at = (hashOf(plain) >>> 0) % CACHE_SIZE;
    let known = this.#found[at];
    if (known?.name !== plain) {
      known = { name: plain, kind, ids: typesOf(vmlinux, plain, kind) };
      this.#found[at] = known;
    }
    if (known.ids.length === 0 && this.#missing[at]?.name !== plain) this.#missing[at] = known;
    return known;
  }

  show(): string {
    const list = (cache: readonly (Candidates | undefined)[]): string =>
      cache.map((one, i) => (one === undefined ? '' : `[${i}]${one.name}(${one.ids.join(' ')}), `)).join('');
    return `vmlinux_cand_cache:${list(this.#found)}\nmodule_cand_cache:${list(this.#missing)}\n`;
  }
}

function typesOf(btf: Btf, name: string, kind: number): number[] {
  return typesOfName(btf, name)
    .filter((id) => btf.table.kind(id) === kind)
    .sort((a, b) => a - b);
}

/** The program's instructions, changed in place. */
class Patched implements CoreInsns {
  readonly #insns: Insns;

  constructor(insns: Insns) {
    this.#insns = insns;
  }

  get length(): number {
    return this.#insns.count;
  }

  op(i: number): number {
    return this.#insns.op[i]!;
  }

  dst(i: number): number {
    return this.#insns.dst[i]!;
  }

  src(i: number): number {
    return this.#insns.src[i]!;
  }

  off(i: number): number {
    return this.#insns.off[i]!;
  }

  imm(i: number): number {
    return this.#insns.imm[i]!;
  }

  setOp(i: number, op: number): void {
    this.#insns.op[i] = op;
  }

  setOff(i: number, off: number): void {
    this.#insns.off[i] = off;
  }

  setImm(i: number, imm: number): void {
    this.#insns.imm[i] = imm;
  }

  poison(i: number, imm: number): void {
    this.setOp(i, OP_CALL);
    this.#insns.dst[i] = 0;
    this.#insns.src[i] = 0;
    this.setOff(i, 0);
    this.setImm(i, imm);
  }
}

/** Applies one record; `accessOff` is where its path is in the strings of the program's BTF. */
export function applyRecord(
  env: Env,
  cache: CandidateCache,
  index: number,
  record: Omit<CoreRelo, 'access'> & { readonly accessOff: number },
): number {
  const local = env.input.btf!;
  const type = local.type(record.typeId);
  if (type === undefined) {
    env.verbose(`relo #${index}: bad type id ${record.typeId}\n`);
    return -EINVAL;
  }
  const search = record.kind !== CORE.TYPE_ID_LOCAL;
  let ids: readonly number[] = [];
  let err = 0;
  if (search && (type.name === '' || env.vmlinuxBtf === undefined)) {
    env.verbose(`target candidate search failed for ${record.typeId}\n`);
    err = -EINVAL;
  } else if (search) {
    const found = cache.find(env.vmlinuxBtf!, type.name, type.kind);
    ids = found.ids;
    for (const id of ids)
      env.verbose(`CO-RE relocating ${BTF_KIND_NAME[found.kind]} ${found.name}: found target candidate [${id}]\n`);
  }
  if (err === 0) {
    const access = btfString(local, record.accessOff);
    const side = { prog: '', limits: KERNEL_LIMITS, say: (text: string) => env.verbose(text) };
    const code = new Patched(env.insns);
    err = applyCoreRelo(side, { ...record, access }, index, local, env.vmlinuxBtf, ids, code);
    env.patched = true;
  }
  if (search && env.logLevel2) env.verbose(cache.show());
  return err;
}
