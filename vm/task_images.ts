/**
 * The machine's tasks, files, mappings and cgroups as structures that programs read, and
 * what else helpers must know of them by their address.
 */
import type { Image, Images } from './images.ts';
import type { MachineCgroup, MachineFile, MachineTask, MachineVma } from './machine.ts';
import type { Vm } from './vm.ts';

/** `PF_KTHREAD`. */
const PF_KTHREAD = 0x00200000;

/** A stand-in for memory that is not looked into: a structure of zeros. */
function placeholder(images: Images, struct: string): number {
  return images.make(struct).addr;
}

/** What every task has: ids, a name, rights. */
export function fillTask(
  image: Image,
  cred: Image,
  task: {
    readonly pid: number;
    readonly tgid: number;
    readonly comm: string;
    readonly uid: number;
    readonly gid: number;
  },
): void {
  for (const field of ['uid', 'suid', 'euid', 'fsuid']) cred.set(`${field}.val`, task.uid);
  for (const field of ['gid', 'sgid', 'egid', 'fsgid']) cred.set(`${field}.val`, task.gid);
  image.set('pid', task.pid).set('tgid', task.tgid).bytes('comm', new Uint8Array(16)).text('comm', task.comm);
  image.ptr('cred', cred.addr).ptr('real_cred', cred.addr);
}

/** `struct task_struct`: ids, names, rights, its leader and its parent. `parents`: how far up the parents go. */
export function taskImage(vm: Vm, images: Images, task: MachineTask, parents = 1): number {
  const image = images.make('task_struct');
  if (image.addr === 0) return 0;
  vm.kernelObjects.set(image.addr, { key: `pid:${task.pid}`, task });
  const { machine } = vm.env;
  const leader = task.pid === task.tgid ? undefined : machine?.task(task.tgid);
  const parent = parents > 0 && task.ppid !== 0 ? machine?.task(task.ppid) : undefined;
  const parentAddr = parent === undefined ? image.addr : taskImage(vm, images, parent, 0);
  const leaderAddr = leader === undefined ? image.addr : taskImage(vm, images, leader, 0);
  fillTask(image, images.make('cred'), task);
  image
    .set('flags', task.isKernelThread ? PF_KTHREAD : 0)
    .set('start_time', task.startTime)
    .set('start_boottime', task.startTime)
    .ptr('group_leader', leaderAddr)
    .ptr('real_parent', parentAddr)
    .ptr('parent', parentAddr)
    .ptr('stack', placeholder(images, 'pt_regs'));
  if (!task.isKernelThread) {
    const mm = placeholder(images, 'mm_struct');
    image.ptr('mm', mm).ptr('active_mm', mm).ptr('files', placeholder(images, 'files_struct'));
  }
  return image.addr;
}

/** File operations that programs tell our objects by (`file->f_op == &bpf_map_fops`). */
const FOPS: Readonly<Record<string, string>> = {
  map: 'bpf_map_fops',
  prog: 'bpf_prog_fops',
  link: 'bpf_link_fops',
  btf: 'btf_fops',
  iter: 'bpf_iter_fops',
};

/** `FMODE_READ`, `FMODE_WRITE` of an open file, from its `O_ACCMODE`. */
function fmode(flags: number): number {
  const access = flags & 3;
  return access === 2 ? 3 : access === 1 ? 2 : 1;
}

/** `struct file`; `privateData` is the address of the object of ours it stands for, 0 for none. */
export function fileImage(vm: Vm, images: Images, file: MachineFile, privateData: number): number {
  const image = images.make('file');
  if (image.addr === 0) return 0;
  const inode = inodeImage(images, file.ino, file.mode, file.dev);
  const dentry = dentryImage(images, file.path, inode);
  const { machine } = vm.env;
  const fops = file.object === undefined ? 0n : (machine?.symbol(FOPS[file.object.kind] ?? '') ?? 0n);
  image
    .set('f_op', fops)
    .set('f_flags', file.flags)
    .set('f_mode', fmode(file.flags))
    .ptr('f_inode', inode)
    .ptr('f_path.dentry', dentry)
    .ptr('private_data', privateData);
  const path = image.field('f_path');
  if (path !== 0) vm.kernelObjects.set(path, { path: file.path });
  return image.addr;
}

function inodeImage(images: Images, ino: bigint, mode: number, dev: number): number {
  const sb = images.make('super_block');
  sb.set('s_dev', dev);
  return images.make('inode').set('i_ino', ino).set('i_mode', mode).ptr('i_sb', sb.addr).addr;
}

function dentryImage(images: Images, path: string, inode: number): number {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const image = images.make('dentry').ptr('d_inode', inode).set('d_name.len', name.length);
  return image.ptr('d_name.name', images.text(name)).addr;
}

/** `struct vm_area_struct`. */
export function vmaImage(vm: Vm, images: Images, vma: MachineVma): number {
  const image = images.make('vm_area_struct');
  image
    .set('vm_start', vma.start)
    .set('vm_end', vma.end)
    .set('vm_flags', vma.flags)
    .set('vm_pgoff', vma.pgoff)
    .ptr('vm_mm', placeholder(images, 'mm_struct'));
  if (vma.path.startsWith('/')) {
    const { path, dev, ino } = vma;
    const file: MachineFile = { fd: -1, path, dev, ino, mode: 0o100644, flags: 0, object: undefined };
    image.ptr('vm_file', fileImage(vm, images, file, 0));
  }
  return image.addr;
}

/** `struct cgroup`: its id, its name, its level. */
export function cgroupImage(vm: Vm, images: Images, cgroup: MachineCgroup, rootPath: string): number {
  const image = images.make('cgroup');
  if (image.addr === 0) return 0;
  vm.kernelObjects.set(image.addr, { key: `${cgroup.dev}:${cgroup.id}`, cgroup });
  const below = cgroup.path === rootPath ? '' : cgroup.path.slice(rootPath.length);
  const level = below === '' ? 0 : below.split('/').length - 1;
  const kn = images.make('kernfs_node');
  kn.set('id', cgroup.id).ptr('name', images.text(below.slice(below.lastIndexOf('/') + 1)));
  return image.set('level', level).ptr('kn', kn.addr).ptr('self.cgroup', image.addr).set('self.id', 1).addr;
}
