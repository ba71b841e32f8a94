/** Random BTF for tests: mostly valid, with what BTF_LOAD looks at closely; from a seed, so that a failure can be repeated. */
import { type Random, seededRandom } from '../../base/env.ts';
import { BTF_KIND } from '../../btf/btf.ts';
import { BtfBuilder, type NewMember } from '../../btf/build.ts';

const NAMES = ['a', 'b', 'c', 'val', 'next', 'x1', 'node', 'task_struct', 'cgroup', 'foo', 'bar', 'T.1', 'n\xe9'];
const BAD_NAMES = ['', '1a', 'a-b', 'sp ace', '.rodata', '\x01', 'x'.repeat(511), 'x'.repeat(513)];
const TAGS = ['kptr', 'kptr_untrusted', 'percpu_kptr', 'uptr', 'rcu', 'user', 'kptr'];
const SPECIAL: readonly (readonly [string, number])[] = [
  ['bpf_spin_lock', 4],
  ['bpf_res_spin_lock', 4],
  ['bpf_timer', 16],
  ['bpf_wq', 16],
  ['bpf_task_work', 8],
  ['bpf_list_head', 16],
  ['bpf_list_node', 24],
  ['bpf_rb_root', 16],
  ['bpf_rb_node', 32],
  ['bpf_refcount', 4],
];

/** Random choices. */
export class Dice {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    for (let i = 0; i < 8; i++) this.#random.u32();
  }

  below(limit: number): number {
    return this.#random.u32() % limit;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

/** Makes one BTF object. `special`: with the structs that are special fields, and what belongs to them. */
export function randomBtf(dice: Dice, special: boolean): Uint8Array {
  const b = new BtfBuilder();
  const count = 3 + dice.below(16);
  // Six in ten keep to the rules, so that later checks are reached.
  const tame = dice.chance(60);
  const wild = (percent: number): boolean => !tame && dice.chance(percent);
  /** Ids that can be a member, with their size in bits. */
  const values: [id: number, bits: number][] = [[b.int('int', 4, 1), 32]];
  values.push([b.int('u8', 1), 8], [b.int('u64', 8), 64]);
  let last = 3;
  if (special) {
    for (const [name, size] of SPECIAL) {
      if (!dice.chance(60)) continue;
      last = b.struct(name, wild(4) ? size + 4 : size, [['val', 1, 0]]);
      values.push([last, size * 8], [last, size * 8]);
    }
  }
  const name = (): string => (wild(4) ? dice.pick(BAD_NAMES) : dice.pick(NAMES));
  const any = (): number => (wild(8) ? dice.below(last + count + 2) : dice.pick(values)[0]);
  const members = (isUnion: boolean): [NewMember[], number] => {
    const list: NewMember[] = [];
    let at = 0;
    let end = 0;
    for (let i = dice.below(5); i > 0; i--) {
      const [type, bits] = wild(10) ? [any(), 32] : dice.pick(values);
      if (!isUnion && !wild(5)) at = Math.ceil(at / Math.min(64, bits || 8)) * Math.min(64, bits || 8);
      const memberName = dice.chance(30) ? 'node' : name();
      if (bits <= 64 && type <= 3 && dice.chance(6))
        list.push([memberName, type, at, dice.below(bits) + (wild(10) ? 2 : 0)]);
      else list.push([memberName, type, wild(3) ? at + dice.below(9) : at]);
      end = Math.max(end, at + bits);
      if (!isUnion) at += bits;
    }
    return [list, Math.ceil(end / 8) + (wild(5) ? dice.below(5) - 2 : 0)];
  };
  const makers: (() => void)[] = [
    () => {
      const size = dice.pick([1, 2, 4, 8, 16]);
      last = b.int(
        name(),
        size,
        dice.pick([0, 0, 1, 2, wild(20) ? 3 : 4]),
        wild(15) ? dice.below(size * 8 + 2) : size * 8,
      );
      values.push([last, size * 8]);
    },
    () => {
      last = b.ptr(dice.chance(90) ? any() : 0);
      values.push([last, 64]);
    },
    () => {
      const [type, bits] = dice.pick(values);
      const nelems = dice.pick([0, 1, 2, 3, 4, wild(20) ? 0x10000000 : 5]);
      last = b.array(wild(8) ? any() : type, wild(5) ? any() : 1, nelems);
      if (nelems < 10) values.push([last, bits * nelems]);
    },
    () => {
      const isUnion = dice.chance(15);
      const [list, size] = members(isUnion);
      const structName = dice.chance(40) ? dice.pick(NAMES) : name();
      last = isUnion ? b.union(structName, size, list) : b.struct(structName, size, list);
      values.push([last, size * 8]);
      const owner = last;
      list.forEach((_, index) => {
        if (special && dice.chance(50))
          last = b.declTag(
            `contains:${dice.pick(['foo', 'bar', 'a', 'nope'])}:${dice.pick(['node', 'next', ''])}`,
            owner,
            index,
          );
      });
    },
    () => {
      const size = dice.pick([1, 2, 4, wild(20) ? 3 : 8]);
      last = b.enum(
        name(),
        size,
        [
          [name(), dice.below(5) - 2],
          ['B', 7],
        ],
        dice.chance(50),
      );
      values.push([last, size * 8]);
    },
    () => {
      last = b.enum64(
        name(),
        8,
        [
          [name(), -1n],
          ['B', 1n << 40n],
        ],
        dice.chance(50),
      );
      values.push([last, 64]);
    },
    () => {
      last = b.add(BTF_KIND.FWD, name(), wild(3) ? 1 : 0, [], 0, dice.chance(50));
    },
    () => {
      const [type, bits] = dice.pick(values);
      last = b.typedef(name(), wild(8) ? any() : type);
      values.push([last, bits]);
    },
    () => {
      const [type, bits] = dice.pick(values);
      last = b.modifier(dice.pick([BTF_KIND.CONST, BTF_KIND.VOLATILE, BTF_KIND.RESTRICT]), wild(8) ? any() : type);
      values.push([last, bits]);
    },
    () => {
      last = b.add(BTF_KIND.TYPE_TAG, wild(3) ? '' : dice.pick(TAGS), any(), [], 0, dice.chance(8));
      last = b.ptr(last);
      values.push([last, 64], [last, 64]);
    },
    () => {
      last = b.proto(dice.chance(50) ? 0 : any(), [
        [wild(15) ? '' : name(), any()],
        ...(dice.chance(30) ? [['', 0] as const] : []),
      ]);
      if (dice.chance(70)) last = b.func(name(), last, dice.below(wild(5) ? 4 : 2));
    },
    () => {
      const [type, bits] = dice.pick(values);
      last = b.variable(name(), wild(10) ? any() : type, dice.below(wild(5) ? 4 : 2));
      if (dice.chance(60))
        last = b.datasec(dice.pick(['.bss', '.data', wild(20) ? '' : '.x y']), Math.max(bits >> 3, 1), [
          [last, 0, Math.max(bits >> 3, 1)],
        ]);
    },
    () => {
      last = b.add(BTF_KIND.FLOAT, name(), dice.pick([2, 4, 8, 12, wild(20) ? 5 : 16]));
    },
    () => {
      last = b.declTag(
        dice.pick(['contains:foo:node', 'tag', '']),
        any(),
        dice.below(4) - 1 - (dice.chance(3) ? 1 : 0),
      );
    },
  ];
  for (let i = 0; i < count; i++) (dice.chance(35) ? makers[3]! : dice.pick(makers))();
  return b.bytes();
}

/** Changes a few bytes or words, or cuts the end off. */
export function mutate(dice: Dice, bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  for (let i = 1 + dice.below(3); i > 0; i--) {
    const at = dice.below(changed.length);
    if (dice.chance(40)) changed[at] = dice.below(256);
    else if (dice.chance(50)) changed[at] = (changed[at]! ^ (1 << dice.below(8))) & 0xff;
    else if (at + 4 <= changed.length) {
      const word = dice.pick([0, 1, 2, 0xffffffff, 0x80000000, 0x100000, 0xfffff, dice.below(64)]);
      new DataView(changed.buffer).setUint32(at & ~3, word, true);
    }
  }
  return dice.chance(3) ? changed.subarray(0, dice.below(changed.length)) : changed;
}
