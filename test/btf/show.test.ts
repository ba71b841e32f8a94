import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { BpfLog } from '../../base/bpf_log.ts';
import type { Btf } from '../../btf/btf.ts';
import { BtfBuilder } from '../../btf/build.ts';
import { loadBtf } from '../../btf/parse.ts';
import {
  BTF_F_COMPACT,
  BTF_F_NONAME,
  BTF_F_ZERO,
  pointerHash,
  showNamed,
  showToString,
  showValue,
} from '../../btf/show.ts';

/** An array map's BTF, its value type, what was put in, and what `cat` printed on Linux 6.18. */
interface Case {
  readonly id: string;
  readonly btf: string;
  readonly type: number;
  /** Type of the key; 0 for a map of global variables, whose lines have no index. */
  readonly key: number;
  readonly max: number;
  readonly size: number;
  readonly values: readonly (readonly [index: number, hex: string])[];
  readonly text: string;
}

const golden = gunzipSync(readFileSync(new URL('../../../test/golden/btf-show.jsonl.gz', import.meta.url))).toString();
const WARNING = '# WARNING!! The output is for debug purpose only\n# WARNING!! The output format will change\n';

function load(bytes: Uint8Array): Btf {
  const btf = loadBtf(bytes, BpfLog.none());
  if (typeof btf === 'number') throw new Error(`BTF is refused: ${btf}`);
  return btf;
}

for (const line of golden.trim().split('\n')) {
  const golden = JSON.parse(line) as Case;
  t.test(`${golden.id} prints as the kernel does`, async (t) => {
    const btf = load(Buffer.from(golden.btf, 'hex'));
    const values = new Map(golden.values);
    let text = WARNING;
    for (let i = 0; i < golden.max; i++) {
      const data = new Uint8Array(Math.ceil(golden.size / 8) * 8);
      data.set(Buffer.from((values.get(i) ?? '').replaceAll(' ', ''), 'hex'));
      text += `${golden.key === 0 ? '' : `${i}: `}${showToString(btf, golden.type, data)}\n`;
    }
    t.equal(text.replace(/0x0{8}(?!0{8})[0-9a-f]{8}/g, '0x00000000HHHHHHHH'), golden.text);
  });
}

t.test('a union whose only member counts as no beginning ends in |', async (t) => {
  const b = new BtfBuilder();
  const float = b.add(16, 'float', 4);
  const union = b.union('u', 4, [['f', float, 0]]);
  const outer = b.struct('s', 4, [['u', union, 0]]);
  t.equal(showToString(load(b.bytes()), outer, new Uint8Array(4)), '{{<unsupported kind:16>}|}');
});

t.test('bitfields of no bits and of the last of 128 come out as on x86_64', async (t) => {
  const show = (bits: number, offset: number, hex: string): string => {
    const b = new BtfBuilder();
    const struct = b.struct('s', 16, [['a', b.int('i', 16, 0, bits), offset]]);
    return showToString(load(b.bytes()), struct, Buffer.from(hex, 'hex'));
  };
  const value = '8192a3b4c5d6e7f80112233445566778';
  t.equal(show(0, 2, value), '{0x4000000000000000,}');
  t.equal(show(127, 1, value), '{0x7c73eb62da51c940fc73eb62da51c940,}');
  t.equal(show(127, 0, value), '{0x7867564534231201f8e7d6c5b4a39281,}');
});

t.test('text above 0x7f goes to the sink as bytes', async (t) => {
  const b = new BtfBuilder();
  const char = b.int('char', 1, 2);
  const array = b.array(char, b.int('int', 4, 1), 2);
  const parts: string[] = [];
  const sink = {
    text: (text: string) => parts.push(`text ${text}`),
    bytes: (bytes: Uint8Array) => parts.push(`bytes ${Buffer.from(bytes).toString('hex')}`),
  };
  const btf = load(b.bytes());
  showValue(btf, array, Uint8Array.of(0x41, 0), 0, sink);
  showValue(btf, array, Uint8Array.of(0xe4, 0), 0, sink);
  t.same(parts, ["text ['A',]", 'bytes 5b27e4272c5d']);
});

t.test('showNamed() writes what bpf_snprintf_btf writes', async (t) => {
  const b = new BtfBuilder();
  const int = b.int('int', 4, 1);
  const u32 = b.typedef('u32', b.int('unsigned int', 4));
  const inner = b.struct('inner', 8, [
    ['a', int, 0],
    ['b', u32, 32],
  ]);
  const outer = b.struct('outer', 40, [
    ['n', u32, 0],
    ['e', b.enum('color', 4, [['RED', 1]]), 32],
    ['p', b.ptr(inner), 64],
    ['empty', inner, 128],
    ['full', inner, 192],
    ['list', b.array(int, int, 2), 256],
  ]);
  const btf = load(b.bytes());
  const data = new Uint8Array(40);
  data[0] = 5;
  data[4] = 1;
  data[28] = 7;
  data[36] = 9;
  t.equal(
    showNamed(btf, outer, data, 0, 0),
    '(struct outer){\n .n = (u32)5,\n .e = (enum color)RED,\n .full = (struct inner){\n  .b = (u32)7,\n },\n' +
      ' .list = (int[])[\n  9,\n ],\n}\n',
  );
  t.equal(
    showNamed(btf, outer, data, 0, BTF_F_COMPACT | BTF_F_ZERO),
    '(struct outer){.n = (u32)5,.e = (enum color)RED,.p = (struct inner *)0x0000000000000000,' +
      '.empty = (struct inner){.a = (int)0,.b = (u32)0,},.full = (struct inner){.a = (int)0,.b = (u32)7,},.list = (int[])[0,9,],}',
  );
  t.equal(showNamed(btf, outer, data, 0, BTF_F_COMPACT | BTF_F_NONAME), '{5,RED,{7,},[9,],}');
});

t.test('pointers are hashed by the key; NULL and error pointers are not', async (t) => {
  const b = new BtfBuilder();
  const ptr = b.ptr(0);
  const btf = load(b.bytes());
  const show = (value: bigint, key: number) => {
    let text = '';
    const sink = { text: (s: string) => (text += s), bytes: () => t.fail() };
    const data = new Uint8Array(8);
    new DataView(data.buffer).setBigUint64(0, value, true);
    showValue(btf, ptr, data, 0, sink, pointerHash(key));
    return text;
  };
  t.equal(show(0n, 1), '0x0000000000000000');
  t.equal(show(0xffffffffffffffean, 1), '0xffffffffffffffea');
  t.match(show(0xffff888000001000n, 1), /^0x0{8}[0-9a-f]{8}$/);
  t.equal(show(0xffff888000001000n, 1), show(0xffff888000001000n, 1));
  t.not(show(0xffff888000001000n, 1), show(0xffff888000001000n, 2));
});

t.test('an array of 4 billion empty structs ends', async (t) => {
  const b = new BtfBuilder();
  const empty = b.struct('e', 0, []);
  const array = b.array(empty, b.int('int', 4, 1), 0xffffffff);
  const outer = b.struct('s', 4, [['a', array, 0]]);
  t.ok(showToString(load(b.bytes()), outer, new Uint8Array(4)).length < 32 << 20);
});
