import { readFileSync } from 'node:fs';
import t from 'tap';
import { BpfLog } from '../../base/bpf_log.ts';
import { BTF_KIND, type Btf } from '../../btf/btf.ts';
import { BtfBuilder } from '../../btf/build.ts';
import { loadBtf } from '../../btf/parse.ts';

t.test('test/fixtures/counts.btf holds a 4-byte key and an 8-byte counter', async (t) => {
  const builder = new BtfBuilder();
  builder.int('unsigned int', 4);
  builder.int('unsigned long long', 8);
  const bytes = new Uint8Array(readFileSync(new URL('../../../test/fixtures/counts.btf', import.meta.url)));
  t.same(bytes, builder.bytes());
  const btf = loadBtf(bytes, BpfLog.none()) as Btf;
  t.same(btf.typeIdSize(1), { id: 1, size: 4 });
  t.same(btf.typeIdSize(2), { id: 2, size: 8 });
});

t.test('find() takes the first type of the name and kind', async (t) => {
  const builder = new BtfBuilder();
  const int = builder.int('same', 4);
  const struct = builder.struct('same', 4, [['a', int, 0]]);
  builder.struct('same', 8, []);
  const btf = loadBtf(builder.bytes(), BpfLog.none()) as Btf;
  t.equal(btf.find('same', BTF_KIND.INT), int);
  t.equal(btf.find('same', BTF_KIND.STRUCT), struct);
  t.equal(btf.find('same', BTF_KIND.UNION), 0);
  t.equal(btf.find('sam', BTF_KIND.INT), 0);
  t.equal(btf.find('', BTF_KIND.INT), 0);
});

t.test('type() decodes every kind', async (t) => {
  const builder = new BtfBuilder();
  const int = builder.int('int', 4, 1);
  const flags = builder.enum('e', 4, [['A', -1]], true);
  const wide = builder.enum64('w', 8, [['B', 1n << 40n]]);
  const array = builder.array(int, int, 3);
  const struct = builder.struct('s', 16, [
    ['a', int, 0, 3],
    ['b', array, 32],
  ]);
  const proto = builder.proto(0, [['x', int]]);
  const func = builder.func('f', proto);
  const variable = builder.variable('v', struct);
  const section = builder.datasec('.bss', 16, [[variable, 0, 16]]);
  const tag = builder.declTag('t', struct, 1);
  const btf = loadBtf(builder.bytes(), BpfLog.none()) as Btf;
  t.equal(btf.nrTypes, tag + 1);
  t.equal(btf.types.length, tag + 1);
  t.same(btf.type(int)?.bits, 32);
  t.same(btf.type(flags)?.enumerators, [{ name: 'A', value: -1n }]);
  t.same(btf.type(wide)?.enumerators, [{ name: 'B', value: 1n << 40n }]);
  t.same(btf.type(struct)?.members, [
    { name: 'a', type: int, bitOffset: 0, bitfieldSize: 3 },
    { name: 'b', type: array, bitOffset: 32, bitfieldSize: 0 },
  ]);
  t.same(btf.type(proto)?.params, [{ name: 'x', type: int }]);
  t.equal(btf.type(func)?.linkage, 1);
  t.equal(btf.type(func)?.type, proto);
  t.same(btf.type(section)?.vars, [{ type: variable, offset: 0, size: 16 }]);
  t.equal(btf.type(tag)?.componentIdx, 1);
  t.same(btf.typeIdSize(array), { id: array, size: 12 });
  t.equal(btf.typeIdSize(func), undefined);
  t.equal(btf.type(0)?.kind, BTF_KIND.UNKN);
  t.equal(btf.type(99), undefined);
});
