/** The iterator over symbols tells programs' by the names that kallsyms has (`bpf_get_prog_name`). */
import t from 'tap';
import { BtfBuilder } from '../../btf/build.ts';
import { BTF_KIND } from '../../btf/kinds.ts';
import { IterObject } from '../../syscall/iter/link.ts';
import { BPF_ATTACH_TYPE as AT, BPF_CMD, BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import { asm } from '../vm/lib/asm.ts';
import { attrOf } from '../vm/lib/run_case.ts';
import { Client } from './tracing_client.ts';

const FUNC = 'a_function_with_a_long_name';
const NAME_SIZE = 64;

/** Loads `r0 = 0; exit` with a function of that name. */
function loadNamed(client: Client): number {
  const b = new BtfBuilder();
  const id = b.func(FUNC, b.proto(b.int('int', 4, 1), []));
  const types = b.bytes();
  const btf = client.bpf(BPF_CMD.BTF_LOAD, attrOf([0, client.caller.put(types), true], [16, types.length]));
  const insns = asm('r0 = 0\nexit');
  const records = new Uint8Array(Uint32Array.of(0, id).buffer);
  const fields = attrOf(
    [0, PT.SOCKET_FILTER],
    [4, insns.length / 8],
    [8, client.caller.put(insns), true],
    [16, client.caller.put(Uint8Array.from([71, 80, 76, 0])), true],
    [72, btf],
    [76, 8],
    [80, client.caller.put(records), true],
    [88, 1],
  );
  return client.bpf(BPF_CMD.PROG_LOAD, fields);
}

t.test('a program is told by the name of its main function', async (t) => {
  const client = new Client();
  t.ok(loadNamed(client) > 0);
  const btf = client.kernel.vmlinux!;
  const members = btf.type(btf.find('kallsym_iter', BTF_KIND.STRUCT))?.members;
  const at = members!.find((member) => member.name === 'name')!.bitOffset / 8;
  const show = client.load(
    PT.TRACING,
    `r6 = *(u64 *)(r1 + 0)
     r7 = *(u64 *)(r1 + 8)
     if r7 == 0 goto out
     r6 = *(u64 *)(r6 + 0)
     r1 = r10; r1 += -${NAME_SIZE}; r2 = ${NAME_SIZE}; r3 = r7; r3 += ${at}; call 113
     r1 = r6; r2 = r10; r2 += -${NAME_SIZE}; r3 = ${NAME_SIZE}; call 127
     out:
     r0 = 0
     exit`,
    { type: AT.TRACE_ITER, func: 'bpf_iter_ksym' },
  );
  t.ok(show > 0);
  const link = client.link(show, AT.TRACE_ITER, 0);
  const iterator = client.caller.objectOf(client.bpf(BPF_CMD.ITER_CREATE, attrOf([0, link])));
  if (!(iterator instanceof IterObject)) throw new Error('no iterator');
  const names = Buffer.from(iterator.content()).toString('latin1').split(/\0+/);
  t.match(names[0], new RegExp(`^bpf_prog_[0-9a-f]{16}_${FUNC}$`));
  t.match(names[1], /^bpf_prog_[0-9a-f]{16}$/);
});
