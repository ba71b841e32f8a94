import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import t from 'tap';
import { BpfLog } from '../../base/bpf_log.ts';
import { BTF_KIND, type Btf } from '../../btf/btf.ts';
import { builtinBtf } from '../../btf/builtin.ts';
import { parseC } from '../../btf/c_parse.ts';
import { printC } from '../../btf/c_printer.ts';
import { loadBtf } from '../../btf/parse.ts';
import { parseVmlinux } from '../../btf/vmlinux.ts';

function types(source: string): Btf {
  const log = BpfLog.unbounded(1);
  const btf = loadBtf(parseC(source), log);
  if (typeof btf === 'number') throw new Error(log.text());
  return btf;
}

t.test('parseC() lays types out as C does', async (t) => {
  const btf = types(`
    typedef unsigned int u32;
    struct s { char c; u32 n, *p; unsigned a:3, b:30, d:2; struct { short x; }; union { long l; char text[3][2]; } u; };
    int f(const char *name, struct other *o, ...);
  `);
  t.equal(
    printC(btf),
    `typedef unsigned int u32;

struct s {
	char c;
	u32 n;
	u32 *p;
	unsigned int a: 3;
	int: 29;
	unsigned int b: 30;
	unsigned int d: 2;
	struct {
		short int x;
	};
	union {
		long int l;
		char text[3][2];
	} u;
};

struct other {};

`,
  );
  const members = btf.type(btf.find('s', BTF_KIND.STRUCT))?.members.map((member) => member.bitOffset);
  t.same(members, [0, 32, 64, 128, 160, 190, 192, 256]);
  const func = btf.type(btf.find('f', BTF_KIND.FUNC));
  t.same(
    btf.type(func?.type ?? 0)?.params.map((param) => param.name),
    ['name', 'o', ''],
  );
});

t.test('parseC() says where it fails', async (t) => {
  t.throws(() => parseC('struct s { int a }'), { message: /; is wanted near/ });
  t.throws(() => parseC('struct s { nothing a; };'), { message: 'Cannot parse: there is no type nothing' });
});

t.test('the built-in BTF passes the checks of BTF_LOAD and has what programs name', async (t) => {
  const log = BpfLog.unbounded(1);
  t.type(loadBtf(builtinBtf(), log), 'object', log.text().slice(-300));
  const btf = parseVmlinux(builtinBtf()) as Btf;
  const struct = (name: string) => btf.type(btf.find(name, BTF_KIND.STRUCT));
  t.equal(struct('__sk_buff')?.size, 192);
  t.equal(struct('xdp_md')?.size, 24);
  t.equal(struct('pt_regs')?.size, 168);
  t.equal(struct('bpf_sock_ops')?.size, 224);
  t.equal(struct('bpf_list_node')?.size, 24);
  t.ok(struct('task_struct')?.members.some((member) => member.name === 'comm'));
  for (const name of [
    'bpf_rcu_read_lock',
    'bpf_task_acquire',
    'bpf_obj_new_impl',
    'bpf_iter_num_next',
    'bpf_iter_task',
  ])
    t.ok(btf.find(name, BTF_KIND.FUNC) > 0, name);
  t.ok(btf.find('btf_trace_sched_switch', BTF_KIND.TYPEDEF) > 0);
  t.ok(builtinBtf().length < 512 << 10, `${builtinBtf().length} bytes`);
});

const HOST = '/sys/kernel/btf/vmlinux';
const isRecorded = release().startsWith('6.18.') && existsSync(HOST);

const skip = isRecorded ? false : 'needs the types of a Linux 6.18 kernel to compare with';

t.test('the built-in types are laid out as those of Linux 6.18', { skip }, async (t) => {
  const own = parseVmlinux(builtinBtf()) as Btf;
  const host = parseVmlinux(readFileSync(HOST)) as Btf;
  let compared = 0;
  for (const type of own.types) {
    if (type.name === '' || (type.kind !== BTF_KIND.STRUCT && type.kind !== BTF_KIND.UNION)) continue;
    const theirs = host.type(host.find(type.name, type.kind));
    if (theirs === undefined || (type.members.length === 0 && type.size === 0)) continue;
    compared++;
    const differs = type.size !== theirs.size || (type.members.length > 0 && places(type) !== places(theirs));
    if (differs) t.equal(`${type.size} ${places(type)}`, `${theirs.size} ${places(theirs)}`, type.name);
  }
  t.ok(compared > 700, `${compared} compared`);
});

function places({
  members,
}: {
  readonly members: readonly { readonly name: string; readonly bitOffset: number }[];
}): string {
  return members.map(({ name, bitOffset }) => `${name}@${bitOffset}`).join(' ');
}

t.test('the functions that programs call and attach to have the parameters of Linux 6.18', { skip }, async (t) => {
  const own = parseVmlinux(builtinBtf()) as Btf;
  const host = parseVmlinux(readFileSync(HOST)) as Btf;
  let compared = 0;
  for (const type of own.types) {
    if (type.kind !== BTF_KIND.FUNC) continue;
    const theirs = host.type(host.find(type.name, BTF_KIND.FUNC));
    if (theirs === undefined) continue;
    compared++;
    const mine = signature(own, type.type);
    if (mine !== signature(host, theirs.type)) t.equal(mine, signature(host, theirs.type), type.name);
  }
  t.ok(compared > 800, `${compared} compared`);
});

function signature(btf: Btf, proto: number): string {
  const { type = 0, params = [] } = btf.type(proto) ?? {};
  return [`${typeName(btf, type)}`, ...params.map((one) => `${typeName(btf, one.type)} ${one.name}`)].join(', ');
}

/** A type in words: modifiers but const are left out. */
function typeName(btf: Btf, id: number): string {
  const type = btf.type(id);
  if (id === 0 || type === undefined) return 'void';
  if (type.kind === BTF_KIND.PTR) return `${typeName(btf, type.type)} *`;
  if (type.kind === BTF_KIND.CONST) return `const ${typeName(btf, type.type)}`;
  if (type.kind === BTF_KIND.VOLATILE || type.kind === BTF_KIND.RESTRICT || type.kind === BTF_KIND.TYPE_TAG)
    return typeName(btf, type.type);
  if (type.kind === BTF_KIND.ARRAY) return typeName(btf, type.type);
  if (type.kind === BTF_KIND.FUNC_PROTO) return `(${signature(btf, id)})`;
  return type.name;
}
