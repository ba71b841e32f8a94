import t from 'tap';
import { BpfLog } from '../../base/bpf_log.ts';
import type { Btf, BtfRecord } from '../../btf/btf.ts';
import { BtfBuilder } from '../../btf/build.ts';
import { MAP_VALUE_FIELDS } from '../../btf/fields.ts';
import { loadBtf } from '../../btf/parse.ts';
import { checkFields, parseFields } from '../../btf/record.ts';
import { E2BIG, EEXIST, EINVAL, ELOOP, ENOENT } from '../../uapi/errno.ts';

/** Types that most cases use. */
interface Types {
  readonly b: BtfBuilder;
  readonly int: number;
  readonly u64: number;
  readonly lock: number;
  readonly timer: number;
  readonly head: number;
  readonly node: number;
  readonly root: number;
  readonly rbnode: number;
  readonly refcount: number;
}

/** Loads what `make` adds and parses the fields of the type it returns: a record, undefined, or -errno. */
function fieldsOf(make: (types: Types) => number, vmlinux?: Btf): BtfRecord | undefined | number {
  const b = new BtfBuilder();
  const types: Types = {
    b,
    int: b.int('int', 4, 1),
    u64: b.int('u64', 8),
    lock: b.struct('bpf_spin_lock', 4, []),
    timer: b.struct('bpf_timer', 16, []),
    head: b.struct('bpf_list_head', 16, []),
    node: b.struct('bpf_list_node', 24, []),
    root: b.struct('bpf_rb_root', 16, []),
    rbnode: b.struct('bpf_rb_node', 32, []),
    refcount: b.struct('bpf_refcount', 4, []),
  };
  const id = make(types);
  const btf = loadBtf(b.bytes(), BpfLog.none(), vmlinux);
  if (typeof btf === 'number') return btf;
  const size = btf.typeIdSize(id)?.size ?? 0;
  const record = parseFields(btf, id, MAP_VALUE_FIELDS, size, vmlinux);
  if (typeof record !== 'object') return record;
  return checkFields(btf, record) || record;
}

function kindsOf(record: BtfRecord | undefined | number): unknown {
  return typeof record === 'object' ? record.fields.map((field) => [field.kind, field.offset]) : record;
}

t.test('fields are found by name, size and alignment', async (t) => {
  const record = fieldsOf(({ b, lock, timer, u64 }) =>
    b.struct('v', 40, [
      ['lock', lock, 0],
      ['n', u64, 64],
      ['timer', timer, 128],
    ]),
  ) as BtfRecord;
  t.same(kindsOf(record), [
    ['bpf_spin_lock', 0],
    ['bpf_timer', 16],
  ]);
  t.equal(record.spinLockOff, 0);
  t.equal(record.timerOff, 16);
  t.equal(record.refcountOff, -1);
  t.equal(
    fieldsOf(({ b, u64 }) => b.struct('v', 8, [['n', u64, 0]])),
    undefined,
  );
  t.equal(
    fieldsOf(({ b, int, timer }) =>
      b.struct('v', 24, [
        ['i', int, 0],
        ['t', timer, 32],
      ]),
    ),
    undefined,
    'a timer at offset 4 is none',
  );
  t.equal(
    fieldsOf(({ int }) => int),
    -EINVAL,
    'only structs and sections have fields',
  );
});

t.test('a second lock in one struct is too many, and so are 12 pointers', async (t) => {
  t.equal(
    fieldsOf(({ b, timer }) =>
      b.struct('v', 32, [
        ['a', timer, 0],
        ['b', timer, 128],
      ]),
    ),
    -E2BIG,
  );
  const pointers = (count: number) =>
    fieldsOf(({ b, int }) => {
      const own = b.struct('own', 8, []);
      return b.struct('v', count * 8, [['p', b.array(b.ptr(b.typeTag('kptr', own)), int, count), 0]]);
    });
  t.equal((pointers(11) as BtfRecord).fields.length, 11);
  t.equal(pointers(12), -E2BIG);
});

t.test('fields of structs inside, and of arrays of them', async (t) => {
  t.same(
    kindsOf(
      fieldsOf(({ b, int, u64 }) => {
        const own = b.struct('own', 8, []);
        const pair = b.struct('pair', 16, [
          ['n', u64, 0],
          ['p', b.ptr(b.typeTag('kptr_untrusted', own)), 64],
        ]);
        return b.struct('v', 40, [
          ['n', u64, 0],
          ['pairs', b.array(pair, int, 2), 64],
        ]);
      }),
    ),
    [
      ['kptr_unref', 16],
      ['kptr_unref', 32],
    ],
  );
  t.equal(
    fieldsOf(({ b, int, timer }) => b.struct('v', 32, [['t', b.array(timer, int, 2), 0]])),
    -EINVAL,
    'timers do not come in arrays',
  );
});

t.test('lists and trees need contains: and a lock', async (t) => {
  const list = (tag: string, locked: boolean) =>
    fieldsOf(({ b, head, node, lock, u64 }) => {
      b.struct('elem', 32, [
        ['n', u64, 0],
        ['link', node, 64],
      ]);
      const value = b.struct('v', 24, [['head', head, 0], ...(locked ? [['lock', lock, 128] as const] : [])]);
      b.declTag(tag, value, 0);
      return value;
    });
  const record = list('contains:elem:link', true) as BtfRecord;
  t.same(kindsOf(record), [
    ['bpf_list_head', 0],
    ['bpf_spin_lock', 16],
  ]);
  t.equal(record.fields[0]?.nodeOffset, 8);
  t.equal(record.fields[0]?.valueRecord?.fields[0]?.kind, 'bpf_list_node');
  t.equal(list('contains:elem:link', false), -EINVAL);
  t.equal(list('contains:elem:nope', true), -ENOENT);
  t.equal(list('contains:nope:link', true), -ENOENT);
  t.equal(list('contains:elem:n', true), -EINVAL);
  t.equal(list('contains:elem', true), -EINVAL);
  t.equal(list('tag', true), -EINVAL);
});

t.test('what could come to own itself is refused', async (t) => {
  t.equal(
    fieldsOf(({ b, head, node, lock }) => {
      const self = b.struct('self', 48, [
        ['link', node, 0],
        ['head', head, 192],
        ['lock', lock, 320],
      ]);
      b.declTag('contains:self:link', self, 1);
      return self;
    }),
    -ELOOP,
  );
});

t.test('members that overlap, and uptrs to what fits no page', async (t) => {
  t.equal(
    fieldsOf(({ b, u64, timer, lock }) => {
      const inner = b.struct('i', 16, [['t', timer, 0]]);
      return b.struct('v', 24, [
        ['a', inner, 0],
        ['l', lock, 64],
        ['n', u64, 128],
      ]);
    }),
    -EEXIST,
  );
  const uptr = (size: number) =>
    fieldsOf(({ b }) => b.struct('v', 8, [['p', b.ptr(b.typeTag('uptr', b.struct('own', size, []))), 0]]));
  t.equal(uptr(0), -EINVAL);
  t.type(uptr(4096), 'object');
  t.equal(uptr(4097), -E2BIG);
});
