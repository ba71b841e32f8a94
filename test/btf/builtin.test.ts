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
  t.ok(builtinBtf().length < 64 << 10, `${builtinBtf().length} bytes`);
});
