/** A BPF arena in the memory of a client: shared both ways, mapped as the kernel says. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { cannotAskKernel, cannotExec, cannotRunPython, exec, FIXTURES, run } from './util.ts';

t.setTimeout(120_000);

/** What a kernel 6.18 prints. */
const KERNEL = `before it is mapped -22 arena's user address must be set via map_extra or mmap()
offset -22
to read True
mapped True again -22 another size -22 -7
two pages 0 0 4660 22136
what the client wrote 0 77 99
four pages 0 6
a page less 0 0 22136
given address -22 -22 True
large True -7
touched by reading 0 or writing zeros 0 2
nobody has 0 0 0
given back 0 0 8 0
given back and touched 0 0 0 9
`;

const SCRIPT = join(FIXTURES, 'arena.py');
const noTypes = existsSync('/sys/kernel/btf/vmlinux') ? false : 'needs the types of the kernel';
const skip = cannotExec(false) || cannotRunPython() || noTypes;

t.test('a client maps an arena', { skip }, async (t) => {
  const emulated = await exec(['--no-mount'], ['python3', SCRIPT]);
  t.equal(emulated.stdout, KERNEL, emulated.stderr);
  await t.test('the kernel here prints the same', { skip: cannotAskKernel() }, async (t) => {
    t.equal((await run('python3', [SCRIPT])).stdout, KERNEL);
  });
});
