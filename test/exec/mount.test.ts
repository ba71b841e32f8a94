import t from 'tap';
import { rewrite } from '../../exec/mount_table.ts';
import { cannotAskKernel, cannotExec, exec, run, scratch, which } from './util.ts';

t.setTimeout(120_000);

t.test('rewrite() shows our mounts as bpffs, with their options', async (t) => {
  const info = [
    '22 1 0:21 / /proc rw - proc proc rw',
    '36 1 0:40 / /sys/fs/bpf rw,relatime - fuse.bpf-emu bpf-emu rw,user_id=0,group_id=0,default_permissions,allow_other',
    '37 1 0:41 / /mnt rw,relatime - fuse.bpf-emu none rw,user_id=0,group_id=0,default_permissions,allow_other',
    '',
  ].join('\n');
  const mounts = [
    'proc /proc proc rw 0 0',
    'bpf-emu /sys/fs/bpf fuse.bpf-emu rw,relatime,user_id=0,group_id=0,default_permissions,allow_other 0 0',
    'none /mnt fuse.bpf-emu rw,relatime,user_id=0,group_id=0,default_permissions,allow_other 0 0',
    '',
  ].join('\n');
  const options = { optionsOf: (dev: number) => (dev === 41 ? 'mode=700' : '') };
  t.equal(
    rewrite(info, info, options),
    [
      '22 1 0:21 / /proc rw - proc proc rw',
      '36 1 0:40 / /sys/fs/bpf rw,relatime - bpf bpf-emu rw',
      '37 1 0:41 / /mnt rw,relatime - bpf none rw,mode=700',
      '',
    ].join('\n'),
  );
  t.equal(
    rewrite(mounts, info, options),
    [
      'proc /proc proc rw 0 0',
      'bpf-emu /sys/fs/bpf bpf rw,relatime 0 0',
      'none /mnt bpf rw,relatime,mode=700 0 0',
      '',
    ].join('\n'),
  );
});

t.test('rewrite() hides a bpffs of the kernel below one of ours, and only there', async (t) => {
  const info = [
    '30 1 0:30 / /sys/fs/bpf rw - bpf bpf rw',
    '31 1 0:30 / /other rw - bpf bpf rw',
    '36 1 0:40 / /sys/fs/bpf rw - fuse.bpf-emu bpf-emu rw',
    '',
  ].join('\n');
  const mounts = ['bpf /sys/fs/bpf bpf rw 0 0', 'bpf /other bpf rw 0 0', 'bpf-emu /sys/fs/bpf fuse.bpf-emu rw 0 0', ''];
  t.equal(
    rewrite(mounts.join('\n'), info, { optionsOf: () => '' }),
    ['bpf /other bpf rw 0 0', 'bpf-emu /sys/fs/bpf bpf rw 0 0', ''].join('\n'),
  );
});

/** Mounts a bpffs of its own below $1 and uses it. */
const SCRIPT = `
  cd "$1" && mkdir a b || exit 1
  mount -t bpf -o mode=700,uid=5,gid=6 none a; echo "mount $?"
  stat -c '%a %u %g' a
  stat -f -c %T a
  cat /proc/mounts | grep " $1/a " | sed "s# $1##"
  mount -t bpf -o ro none b; echo "mount $?"
  bpftool map create a/m type hash key 4 value 4 entries 1 name mounted; echo "create $?"
  bpftool map create b/m type hash key 4 value 4 entries 1 name other; echo "create $?"
  bpftool map update pinned a/m key 1 0 0 0 value 2 0 0 0
  bpftool map dump pinned a/m
  mv a/m b/m; echo "move $?"
  umount a; echo "umount $?"
  bpftool map show name mounted; echo "show $?"
  mount -t bpf -o mode=abc none a; echo "mount $?"
  umount b`;

const needs = ['bpftool', 'unshare'].find((program) => which(program) === undefined);
const skip = cannotExec(true) || (needs !== undefined && `needs the program ${needs}`);
const env = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };

t.test('mount(2) of a bpffs mounts one of ours', { skip }, async (t) => {
  const dir = scratch(t);
  const emulated = await exec([], ['sh', '-c', `(${SCRIPT}) 2>&1`, 'sh', dir], { env });
  t.match(
    emulated.stdout,
    'mount 0\n1700 5 6\nbpf_fs\nnone/a bpf rw,relatime,uid=5,gid=6,mode=700 0 0\nmount 0\ncreate 0\n',
  );
  t.match(emulated.stdout, 'key: 01 00 00 00  value: 02 00 00 00\n');
  t.match(emulated.stdout, 'umount 0\n');
  await t.test('as on the kernel here', { skip: cannotAskKernel() }, async (t) => {
    const other = scratch(t);
    const real = await run('unshare', ['-m', 'sh', '-c', `(${SCRIPT}) 2>&1`, 'sh', other], { env });
    t.strictSame(emulated.stdout.replaceAll(dir, 'DIR').split('\n'), real.stdout.replaceAll(other, 'DIR').split('\n'));
  });
});
