import t from 'tap';
import { BpfLog } from '../../base/bpf_log.ts';
import { BTF_KIND, type Btf } from '../../btf/btf.ts';
import { BtfBuilder } from '../../btf/build.ts';
import { decodeJson, encodeJson, type Json, problemText } from '../../btf/json.ts';
import { loadBtf } from '../../btf/parse.ts';

const b = new BtfBuilder();
const int = b.int('int', 4, 1);
const u8 = b.int('unsigned char', 1);
const char = b.int('char', 1, 1);
const u64 = b.int('unsigned long long', 8);
const bool = b.int('_Bool', 1, 4);
const float = b.add(BTF_KIND.FLOAT, 'float', 4);
const double = b.add(BTF_KIND.FLOAT, 'double', 8);
const color = b.enum('color', 4, [
  ['RED', 0],
  ['BLUE', 7],
]);
const wide = b.enum64(
  'wide',
  8,
  [
    ['BIG', 1n << 40n],
    ['MINUS', -1n],
  ],
  true,
);
const name = b.array(char, int, 8);
const bytes = b.array(u8, int, 4);
const inner = b.struct('', 8, [
  ['x', int, 0],
  ['y', int, 32],
]);
const pair = b.union('', 8, [
  ['whole', u64, 0],
  ['half', int, 0],
]);
const bits = b.struct('bits', 4, [
  ['a', int, 0, 3],
  ['b', b.int('unsigned int', 4), 3, 5],
  ['c', color, 8, 8],
]);
const typedef = b.typedef('name_t', name);
const all = b.struct('all', 72, [
  ['n', int, 0],
  ['flag', bool, 32],
  ['big', u64, 64],
  ['color', color, 128],
  ['wide', wide, 192],
  ['name', typedef, 256],
  ['bytes', bytes, 320],
  ['f', float, 352],
  ['', inner, 384],
  ['', pair, 448],
  ['p', b.ptr(0), 512],
]);
const variable = b.variable('counter', int);
const section = b.datasec('.bss', 8, [[variable, 4, 4]]);
const btf = loadBtf(b.bytes(), BpfLog.none()) as Btf;

function roundTrip(type: number, json: unknown): Json | string | undefined {
  const out = new Uint8Array(btf.typeIdSize(type)?.size ?? 0);
  const problem = encodeJson(btf, type, json, out);
  return problem === undefined ? decodeJson(btf, type, out) : problemText(problem);
}

t.test('values go to bytes and back', async (t) => {
  t.equal(roundTrip(int, -5), -5);
  t.equal(roundTrip(int, '0x7fffffff'), 0x7fffffff);
  t.equal(roundTrip(u64, '18446744073709551615'), '18446744073709551615');
  t.equal(roundTrip(u64, 5), 5);
  t.equal(roundTrip(bool, true), true);
  t.equal(roundTrip(bool, 0), false);
  t.equal(roundTrip(double, 1.5), 1.5);
  t.equal(roundTrip(color, 'BLUE'), 'BLUE');
  t.equal(roundTrip(color, 7), 'BLUE');
  t.equal(roundTrip(color, 9), 9);
  t.equal(roundTrip(wide, 'MINUS'), 'MINUS');
  t.equal(roundTrip(wide, 'BIG'), 'BIG');
  t.equal(roundTrip(name, 'h\xe9llo'), 'h\xe9llo');
  t.equal(roundTrip(name, '12345678'), '12345678');
  t.same(roundTrip(name, [1, 2]), [1, 2, 0, 0, 0, 0, 0, 0]);
  t.same(roundTrip(bytes, [1, 2]), [1, 2, 0, 0]);
  t.same(roundTrip(bits, { a: -4, b: 31, c: 'BLUE' }), { a: -4, b: 31, c: 'BLUE' });
  t.same(roundTrip(section, { counter: 3 }), { counter: 3 });
  const value = {
    n: 1,
    flag: true,
    big: '9007199254740993',
    color: 'RED',
    wide: 'BIG',
    name: 'abc',
    bytes: [9, 8, 7, 6],
    f: 0.5,
    x: 3,
    y: -4,
    whole: 77,
    half: 77,
    p: '0xffff888000000000',
  };
  t.same(roundTrip(all, value), value);
});

t.test('what is left out is 0', async (t) => {
  t.same(roundTrip(inner, {}), { x: 0, y: 0 });
  const out = new Uint8Array(8).fill(0xff);
  t.equal(encodeJson(btf, inner, { y: 1 }, out), undefined);
  t.same(out, Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0));
});

t.test('a value that does not fit is told apart: field, found, wanted', async (t) => {
  t.equal(roundTrip(int, 'abc'), 'value: found "abc", wanted a whole number from -2147483648 to 2147483647');
  t.equal(roundTrip(int, 2147483648), 'value: found 2147483648, wanted a whole number from -2147483648 to 2147483647');
  t.equal(roundTrip(u8, 1.5), 'value: found 1.5, wanted a whole number from 0 to 255');
  t.equal(roundTrip(u8, null), 'value: found null, wanted a whole number from 0 to 255');
  t.equal(
    roundTrip(u64, 2 ** 60),
    'value: found 1152921504606847000, wanted a whole number from 0 to 18446744073709551615',
  );
  t.equal(roundTrip(all, { bytes: [1, 2, 3, 256] }), 'bytes[3]: found 256, wanted a whole number from 0 to 255');
  t.equal(roundTrip(all, { name: '123456789' }), 'name: found "123456789", wanted a string of at most 8 bytes');
  t.equal(roundTrip(all, { color: 'GREEN' }), 'color: found "GREEN", wanted one of RED, BLUE');
  t.equal(roundTrip(inner, { z: 1 }), 'z: found 1, wanted one of the members x, y');
  t.equal(roundTrip(inner, [1]), 'value: found [1], wanted an object with x, y');
  t.equal(roundTrip(bytes, [1, 2, 3, 4, 5]), 'value: found [1,2,3,4,5], wanted at most 4 elements, not 5');
  t.equal(roundTrip(bits, { a: 4 }), 'a: found 4, wanted a whole number from -4 to 3');
  t.equal(roundTrip(bool, 'yes'), 'value: found "yes", wanted true or false');
  t.equal(roundTrip(section, { nope: 1 }), 'nope: found 1, wanted a variable of .bss');
});

t.test('a text that is none is shown as numbers', async (t) => {
  t.same(decodeJson(btf, name, Uint8Array.of(65, 0, 66, 0, 0, 0, 0, 0)), [65, 0, 66, 0, 0, 0, 0, 0]);
  t.same(decodeJson(btf, name, Uint8Array.of(255, 0, 0, 0, 0, 0, 0, 0)), [-1, 0, 0, 0, 0, 0, 0, 0]);
});

t.test('bytes that are not there are not read', async (t) => {
  t.equal(decodeJson(btf, u64, new Uint8Array(4)), undefined);
  t.type(encodeJson(btf, u64, 1, new Uint8Array(4)), 'object');
});
