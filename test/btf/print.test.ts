import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { BTF_KIND, Btf } from '../../btf/btf.ts';
import { BtfBuilder } from '../../btf/build.ts';
import { printC, printHeader } from '../../btf/c_printer.ts';
import { dumpRaw } from '../../btf/raw_dump.ts';
import { scanBtf } from '../../btf/scan.ts';
import { parseVmlinux } from '../../btf/vmlinux.ts';
import { readElf } from '../../elf/file.ts';

/** The C of what `make` adds. */
function c(make: (b: BtfBuilder, int: number) => void): string {
  const b = new BtfBuilder();
  make(b, b.int('int', 4, 1));
  return printC(parseVmlinux(b.bytes()) as Btf);
}

t.test('declarations are written from the inside out', async (t) => {
  const text = c((b, int) => {
    const char = b.int('char', 1, 1);
    const text = b.ptr(b.modifier(BTF_KIND.CONST, char));
    const callback = b.ptr(
      b.proto(text, [
        ['n', int],
        ['', 0],
      ]),
    );
    b.struct('s', 64, [
      ['matrix', b.array(b.array(int, int, 3), int, 2), 0],
      ['names', b.array(text, int, 2), 192],
      ['call', callback, 320],
      ['fixed', b.modifier(BTF_KIND.CONST, b.ptr(int)), 384],
      ['grid', b.ptr(b.array(int, int, 4)), 448],
    ]);
  });
  t.equal(
    text,
    `struct s {
	int matrix[2][3];
	const char *names[2];
	const char * (*call)(int n, ...);
	int * const fixed;
	int (*grid)[4];
};

`,
  );
});

t.test('a struct that points at one not yet defined declares it', async (t) => {
  t.equal(
    c((b) => {
      const a = b.struct('a', 8, [['other', 3, 0]]);
      t.equal(a, 2);
      b.ptr(4);
      b.struct('b', 8, [['back', 5, 0]]);
      b.ptr(a);
    }),
    'struct b;\n\nstruct a {\n\tstruct b *other;\n};\n\nstruct b {\n\tstruct a *back;\n};\n\n',
  );
});

t.test('padding and packing are made explicit', async (t) => {
  t.equal(
    c((b, int) => {
      const char = b.int('char', 1, 1);
      b.struct('packed', 5, [
        ['c', char, 0],
        ['n', int, 8],
      ]);
      b.struct('hole', 16, [
        ['c', char, 0],
        ['n', int, 64],
      ]);
      b.struct('bits', 4, [
        ['a', int, 0, 3],
        ['b', int, 5, 2],
      ]);
    }),
    `struct packed {
	char c;
	int n;
} __attribute__((packed));

struct hole {
	char c;
	long: 0;
	int n;
	long: 0;
};

struct bits {
	int a: 3;
	char: 2;
	int b: 2;
};

`,
  );
});

t.test('a name that comes twice gets a number', async (t) => {
  t.equal(
    c((b, int) => {
      b.struct('s', 4, [['x', int, 0]]);
      b.struct('s', 8, [
        ['x', int, 0],
        ['y', int, 32],
      ]);
    }),
    'struct s {\n\tint x;\n};\n\nstruct s___2 {\n\tint x;\n\tint y;\n};\n\n',
  );
});

t.test('a function that takes itself twice ends', async (t) => {
  const b = new BtfBuilder();
  b.ptr(2);
  b.proto(1, [
    ['a', 1],
    ['b', 1],
  ]);
  b.struct('s', 8, [['f', 1, 0]]);
  t.ok(printC(parseVmlinux(b.bytes()) as Btf).length < 1 << 28);
});

t.test('types that contain one another end', async (t) => {
  const b = new BtfBuilder();
  b.struct('a', 8, [['b', 2, 0]]);
  b.struct('b', 8, [['a', 1, 0]]);
  b.typedef('loop', 3);
  b.ptr(5);
  b.proto(0, [['self', 4]]);
  b.struct('huge', 0xffffffff, [['f', 4, 0]]);
  const text = printC(parseVmlinux(b.bytes()) as Btf);
  t.ok(text.length < 1 << 20, `${text.length} characters`);
});

const bpftool = spawnSync('bpftool', ['version'], { encoding: 'utf8' });
const skip = bpftool.status === 0 ? false : 'bpftool is not installed';

/** What bpftool prints of a file's BTF. */
function dump(file: string, format: string): string {
  return spawnSync('bpftool', ['btf', 'dump', 'file', file, 'format', format], { maxBuffer: 1 << 28 }).stdout.toString(
    'latin1',
  );
}

for (const name of ['maps', 'core', 'extern']) {
  t.test(`${name}.bpf.o is printed as bpftool prints it`, { skip }, async (t) => {
    const file = new URL(`../../../test/fixtures/${name}.bpf.o`, import.meta.url).pathname;
    const section = readElf(new Uint8Array(readFileSync(file))).sections.find((one) => one.name === '.BTF');
    const btf = new Btf(scanBtf(section?.bytes.slice() ?? new Uint8Array(0)) as never);
    t.equal(printHeader(btf), dump(file, 'c'));
    t.equal(dumpRaw(btf), dump(file, 'raw'));
  });
}

const VMLINUX = '/sys/kernel/btf/vmlinux';

t.test(
  "the kernel's types are printed as bpftool prints them",
  {
    skip: skip || (existsSync(VMLINUX) ? false : `there is no ${VMLINUX}`),
  },
  async (t) => {
    const btf = parseVmlinux(new Uint8Array(readFileSync(VMLINUX))) as Btf;
    // Older versions of bpftool leave out what makes an enum one byte long.
    const plain = (text: string): string[] => text.replaceAll(' __attribute__((mode(byte)))', '').split('\n');
    const ours = plain(printHeader(btf));
    const theirs = plain(dump(VMLINUX, 'c'));
    const different = ours.filter((line, index) => line !== theirs[index]).length;
    t.equal(different, 0, `${ours.length} lines, ${theirs.length} of bpftool`);
  },
);
