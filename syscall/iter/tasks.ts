/**
 * Iterators over the machine's tasks: `task`, `task_file`, `task_vma`
 * (kernel/bpf/task_iter.c). What there is is taken down when a read begins to look for
 * it; a task that ends meanwhile is passed over.
 */
import { BpfFile } from '../../base/object.ts';
import { BpfMap } from '../../maps/map.ts';
import { EBADF, EINVAL } from '../../uapi/errno.ts';
import type { Images } from '../../vm/images.ts';
import type { MachineFile, MachineTask, MachineVma } from '../../vm/machine.ts';
import { fileImage, taskImage, vmaImage } from '../../vm/task_images.ts';
import type { Caller } from '../caller.ts';
import type { Kernel } from '../kernel.ts';
import { BpfLink } from '../link.ts';
import { LoadedProg } from '../loaded_prog.ts';
import { linkImage, mapImage, progImage } from './images.ts';
import type { IterAux, IterObjects, IterRequest, IterRun, IterTarget, TaskScope } from './target.ts';

/** `bpf_iter_attach_task`. */
function attachTask(_kernel: Kernel, caller: Caller, request: IterRequest): IterAux | number {
  const [tid, pid, pidFd] = request.words as unknown as readonly [number, number, number];
  if (Number(tid !== 0) + Number(pid !== 0) + Number(pidFd !== 0) > 1) return -EINVAL;
  if (tid !== 0) return { tasks: { scope: 'TID', pid: tid } };
  if (pid !== 0) return { tasks: { scope: 'PID', pid } };
  if (pidFd === 0) return { tasks: { scope: 'ALL', pid: 0 } };
  const file = caller.fdget(pidFd);
  if (file === undefined || file instanceof BpfFile || file.what !== 'pidfd') return -EBADF;
  return { tasks: { scope: 'PID', pid: file.pid ?? 0 } };
}

function fdinfo(aux: IterAux): string {
  const { scope, pid } = aux.tasks ?? { scope: 'ALL', pid: 0 };
  const lines = [`task_type:\t${scope}`];
  if (scope === 'TID') lines.push(`tid:\t${pid}`);
  if (scope === 'PID') lines.push(`pid:\t${pid}`);
  return `${lines.join('\n')}\n`;
}

/** The tasks there are: those of the machine, or the one that runs. */
function tasksOf(kernel: Kernel): readonly MachineTask[] {
  if (kernel.machine !== undefined) return kernel.machine.tasks();
  const { pid, tgid, comm, uid, gid } = kernel.vm.task;
  return [{ pid, tgid, ppid: 0, comm, uid, gid, isKernelThread: false, startTime: 0n }];
}

/** Walks over tasks by rising id (`task_seq_get_next`). */
class TaskWalk {
  readonly #kernel: Kernel;
  readonly #scope: TaskScope;
  readonly #pid: number;
  readonly #leadersOnly: boolean;
  #next = 0;
  #tasks: readonly MachineTask[] = [];
  /** Where in them the search goes on. */
  #at = 0;
  current: MachineTask | undefined;

  constructor(kernel: Kernel, aux: IterAux, leadersOnly: boolean) {
    this.#kernel = kernel;
    this.#scope = aux.tasks?.scope ?? 'ALL';
    this.#pid = aux.tasks?.pid ?? 0;
    this.#leadersOnly = leadersOnly;
  }

  /** A read begins: looks at the machine anew. */
  refresh(): void {
    this.#tasks = tasksOf(this.#kernel);
    this.#at = 0;
  }

  /** The first task from the position on that is meant. */
  find(): boolean {
    for (; this.#at < this.#tasks.length; this.#at++) {
      const task = this.#tasks[this.#at]!;
      if (task.pid < this.#next || !this.#isMeant(task)) continue;
      this.current = task;
      this.#next = task.pid;
      return true;
    }
    this.current = undefined;
    return false;
  }

  advance(): void {
    this.#next++;
  }

  #isMeant(task: MachineTask): boolean {
    if (this.#scope === 'TID') return task.pid === this.#pid;
    if (this.#scope === 'PID' && task.tgid !== this.#pid) return false;
    return !this.#leadersOnly || task.pid === task.tgid;
  }
}

class Tasks implements IterObjects {
  readonly #kernel: Kernel;
  readonly #walk: TaskWalk;

  constructor(kernel: Kernel, aux: IterAux) {
    this.#kernel = kernel;
    this.#walk = new TaskWalk(kernel, aux, false);
  }

  start(): number {
    this.#walk.refresh();
    return this.#walk.find() ? 1 : 0;
  }

  next(): number {
    this.#walk.advance();
    return this.#walk.find() ? 1 : 0;
  }

  show(run: IterRun, end: boolean): number {
    const task = end ? undefined : this.#walk.current;
    run.ptr(0, task === undefined ? 0 : taskImage(this.#kernel.vm, run.images, task));
    return run.call();
  }
}

/** Walks over what each task has, one task after the other: its files, or its mappings. */
abstract class OfTasks<T> implements IterObjects {
  protected readonly kernel: Kernel;
  readonly #walk: TaskWalk;
  #items: readonly T[] | undefined;
  /** First key (descriptor, address) that has not been shown, and where the search for it goes on. */
  #from = 0n;
  #at = 0;
  #current: T | undefined;

  constructor(kernel: Kernel, aux: IterAux, leadersOnly: boolean) {
    this.kernel = kernel;
    this.#walk = new TaskWalk(kernel, aux, leadersOnly);
  }

  protected abstract list(task: MachineTask): readonly T[];
  protected abstract keyOf(item: T): bigint;
  protected abstract fill(run: IterRun, item: T | undefined): void;

  start(): number {
    this.#walk.refresh();
    this.#items = undefined;
    return this.#find();
  }

  next(): number {
    this.#from = this.#current === undefined ? 0n : this.keyOf(this.#current) + 1n;
    return this.#find();
  }

  #find(): number {
    while (this.#walk.find()) {
      if (this.#items === undefined) {
        this.#items = this.list(this.#walk.current as MachineTask);
        this.#at = 0;
      }
      while (this.#at < this.#items.length && this.keyOf(this.#items[this.#at]!) < this.#from) this.#at++;
      this.#current = this.#items[this.#at];
      if (this.#current !== undefined) return 1;
      this.#items = undefined;
      this.#from = 0n;
      this.#walk.advance();
    }
    this.#current = undefined;
    return 0;
  }

  show(run: IterRun, end: boolean): number {
    const task = end ? undefined : this.#walk.current;
    run.ptr(0, task === undefined ? 0 : taskImage(this.kernel.vm, run.images, task));
    this.fill(run, end ? undefined : this.#current);
    return run.call();
  }
}

/** The structure of the object of ours that a file stands for. */
function objectImage(kernel: Kernel, images: Images, file: MachineFile): number {
  const { object } = file;
  if (object instanceof BpfMap) return mapImage(kernel, object);
  if (object instanceof LoadedProg) return progImage(images, object);
  if (object instanceof BpfLink) return linkImage(images, object);
  return object?.kind === 'btf' ? images.make('btf').set('id', object.id).addr : 0;
}

class TaskFiles extends OfTasks<MachineFile> {
  protected list(task: MachineTask): readonly MachineFile[] {
    return this.kernel.machine?.files(task.pid) ?? [];
  }

  protected keyOf(file: MachineFile): bigint {
    return BigInt(file.fd);
  }

  protected fill(run: IterRun, file: MachineFile | undefined): void {
    run.u32(1, file?.fd ?? 0);
    if (file === undefined) run.ptr(2, 0);
    else run.ptr(2, fileImage(this.kernel.vm, run.images, file, objectImage(this.kernel, run.images, file)));
  }
}

class TaskVmas extends OfTasks<MachineVma> {
  protected list(task: MachineTask): readonly MachineVma[] {
    return this.kernel.machine?.vmas(task.pid) ?? [];
  }

  protected keyOf(vma: MachineVma): bigint {
    return vma.start;
  }

  protected fill(run: IterRun, vma: MachineVma | undefined): void {
    run.ptr(1, vma === undefined ? 0 : vmaImage(this.kernel.vm, run.images, vma));
  }
}

/** All threads, or one, or those of a process. */
export const TASK_TARGET: IterTarget = {
  name: 'task',
  resched: true,
  attach: attachTask,
  open: (kernel, aux) => new Tasks(kernel, aux),
  fdinfo,
};

/** Their open files; threads that share their process's are left out. */
export const TASK_FILE_TARGET: IterTarget = {
  name: 'task_file',
  resched: true,
  attach: attachTask,
  open: (kernel, aux) => new TaskFiles(kernel, aux, true),
  fdinfo,
};

/** Their mappings. */
export const TASK_VMA_TARGET: IterTarget = {
  name: 'task_vma',
  resched: true,
  attach: attachTask,
  open: (kernel, aux) => new TaskVmas(kernel, aux, true),
  fdinfo,
};
