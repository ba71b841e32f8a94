/**
 * Mounting the emulated bpffs: finds a way to mount, starts serving, and undoes all of it.
 */
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BpfObject } from '../base/object.ts';
import { type Addon, loadAddon, type PathAnswer, type ResolvePath, type Session } from '../native/addon.ts';
import { fileError } from '../native/file_error.ts';
import { graft, isGrafted, ungraft } from '../native/graft.ts';
import { isLink, mountAt, placeOf } from '../native/mountinfo.ts';
import type { SessionCommand } from '../syscall/ctl_json/session.ts';
import type { Kernel } from '../syscall/kernel.ts';
import { perKernel } from '../syscall/per_kernel.ts';
import { EBUSY, ECONNABORTED, EINVAL, ENOENT, ENOTCONN, ENOTDIR, EPERM, Errno, errnoName } from '../uapi/errno.ts';
import { TraceBuffer } from '../vm/trace.ts';
import type { CtlExtension, CtlServices } from './ctl.ts';
import { CTL_NAME } from './inode.ts';
import { Meanwhile } from './meanwhile.ts';
import { parseBpffsOptions, showBpffsOptions } from './options.ts';
import { getAt, type MountTable, mountsOf, pinAt } from './paths.ts';
import { FuseServer } from './server.ts';
import { Superblock } from './superblock.ts';
import type { AtimeRule } from './time.ts';

/** File system type in the mount table. */
export const FS_TYPE = 'fuse.bpf-emu';
export const MOUNT_SOURCE = 'bpf-emu';

/** A name nobody has, and how many milliseconds a server has to say so. */
const PROBE_NAME = 'bpf-emu-probe';
const PROBE_TIMEOUT = 2000;

const MNT_FORCE = 1;
const MNT_DETACH = 2;

/** Generic mount options and their mount(2) flags (mount(8), include/uapi/linux/mount.h). */
const MOUNT_FLAGS: Readonly<Record<string, number>> = {
  ro: 1,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  sync: 16,
  dirsync: 128,
  noatime: 1024,
  nodiratime: 2048,
  relatime: 1 << 21,
  strictatime: 1 << 24,
  lazytime: 1 << 25,
};

/** How a mount is made. */
export interface MountSetup {
  /** Directory to mount on; made when it does not exist. */
  readonly dir: string;
  /** Mount options, as after `mount -o`. */
  readonly options?: string;
  /** Receives one line a FUSE request. */
  readonly trace?: (line: string) => void;
  /** Commands of JSON lines beside bpf(2), by name (`EMU_STATUS`). */
  readonly commands?: ReadonlyMap<string, SessionCommand>;
  /** What the programs of the kernel print; default: a buffer of this mount's own. */
  readonly printed?: TraceBuffer;
  /** Microseconds to wait actively for the next request; 0 (default): sleep at once. */
  readonly spin?: number;
  /** Seconds after which a server that is stuck on its own mount gives up; default 10, 0: never. */
  readonly watchdog?: number;
  /** An open descriptor of /dev/fuse that is mounted already (exec's launcher did it): then nothing is mounted here. */
  readonly fuseFd?: number;
  /** Device number of that mount (`st_dev`); needed with `fuseFd`. */
  readonly dev?: number;
}

/** A pin, for `status`. */
export interface PinInfo {
  readonly path: string;
  readonly kind: string;
  readonly id: number;
}

/** The pins of all mounts of a kernel as doors other than the control file use them. */
export interface MountPins {
  /** Device number of this mount's file system. */
  readonly dev: number;
  /** Inode number of the control file, which is no pin. */
  readonly ctlIno: number;
  readonly resolve: ResolvePath;
  /** Whether a device number is that of any mount of the kernel. */
  has(dev: number): boolean;
  /** Options of such a mount, as a bpffs shows them. */
  optionsOf(dev: number): string;
  pin(answer: PathAnswer, object: BpfObject): number;
  get(answer: PathAnswer, access: number): BpfObject | number;
}

/** A mount that is served by this process. */
export class MountHandle {
  readonly dir: string;
  readonly sb: Superblock;
  readonly server: FuseServer;
  readonly pins: MountPins;
  /** Settles when the file system is unmounted, by us or by anyone; the errno is 0 then. */
  readonly ended: Promise<number>;
  readonly #addon: Addon;
  readonly #session: Session;
  readonly #mounts: MountTable;
  readonly #undo: () => void;
  readonly #byHelper: boolean;
  #isOver = false;
  #end: (errno: number) => void = () => {};

  constructor(parts: HandleParts) {
    this.dir = parts.dir;
    this.sb = parts.server.sb;
    this.server = parts.server;
    this.#addon = parts.addon;
    this.#session = parts.session;
    this.#mounts = mountsOf(this.sb.kernel);
    this.#undo = parts.undo;
    this.#byHelper = parts.byHelper;
    const mounts = this.#mounts;
    this.pins = {
      dev: this.sb.dev,
      ctlIno: this.sb.tree.root.children?.get(CTL_NAME)?.ino ?? 0,
      resolve: parts.addon.resolvePath,
      has: (dev) => mounts.find(dev) !== undefined,
      optionsOf: (dev) => {
        const sb = mounts.find(dev);
        return sb === undefined ? '' : showBpffsOptions(sb.tree.root, sb.options.delegate);
      },
      pin: (answer, object) => pinAt(mounts, answer, object),
      get: (answer, access) => getAt(mounts, answer, access),
    };
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#mounts.add(this.sb);
  }

  /** Requests served since the mount. */
  get requests(): number {
    return this.server.total;
  }

  /** Requests served, by operation. */
  get stats(): Record<string, number> {
    return this.server.statistics();
  }

  /** Open files and directories. */
  get openFiles(): number {
    return this.sb.files.size;
  }

  /** The options as the kernel would show them in /proc/mounts. */
  get options(): string {
    return showBpffsOptions(this.sb.tree.root, this.sb.options.delegate);
  }

  /** Every pin with its path below the mount, parents first. */
  pinned(): PinInfo[] {
    const found: PinInfo[] = [];
    const walk = (path: string, children: ReadonlyMap<string, (typeof this.sb.tree)['root']>): void => {
      for (const [name, inode] of children) {
        const at = `${path}/${Buffer.from(name, 'latin1').toString('utf8')}`;
        if (inode.object !== undefined) found.push({ path: at, kind: inode.object.kind, id: inode.object.id });
        if (inode.children !== undefined) walk(at, inode.children);
      }
    };
    walk(this.dir, this.sb.tree.root.children ?? new Map());
    return found;
  }

  /**
   * Unmounts. With `force`, also when files are open there: they get errors from then on.
   * Throws EBUSY with advice when the mount is in use.
   */
  async umount(options: { readonly force?: boolean } = {}): Promise<void> {
    if (this.#isOver) return;
    const result = this.#umountOnce(options.force === true);
    if (result === -EBUSY) {
      throw new Errno(EBUSY, `${this.dir} is in use: see "fuser -vm ${this.dir}", or unmount with --force`);
    }
    if (result < 0 && result !== -EINVAL && result !== -ENOENT) {
      throw new Errno(-result, `Cannot unmount ${this.dir}: ${errnoName(result)}`);
    }
    this.over(0);
    this.#undo();
  }

  #umountOnce(force: boolean): number {
    if (this.#byHelper) {
      const result = this.#addon.fuserumount(this.dir);
      if (!force || result === 0) return result;
      // The helper has no force: ending the connection makes every user fail, then it lets go.
      this.#session.close();
      return this.#addon.fuserumount(this.dir);
    }
    const result = this.#addon.umount(this.dir, 0);
    if (result !== -EBUSY || !force) return result;
    this.#addon.umount(this.dir, MNT_FORCE);
    return this.#addon.umount(this.dir, MNT_DETACH);
  }

  /** The connection has ended: drops everything that is pinned. */
  over(errno: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#session.close();
    this.#mounts.remove(this.sb);
    this.sb.destroy();
    this.#end(errno);
  }
}

interface HandleParts {
  readonly dir: string;
  readonly server: FuseServer;
  readonly addon: Addon;
  readonly session: Session;
  readonly undo: () => void;
  readonly byHelper: boolean;
}

const printedBuffer = perKernel(() => new TraceBuffer());

/** What programs of a kernel print, kept from its first mount on unless somebody else takes it. */
function printedBy(kernel: Kernel): TraceBuffer {
  const buffer = printedBuffer(kernel);
  kernel.vm.onTrace ??= buffer.push;
  return buffer;
}

/** Mounts an instance of the emulated bpffs and serves it. Throws an {@link Errno} that says what to do. */
export async function mountBpffs(kernel: Kernel, setup: MountSetup): Promise<MountHandle> {
  const addon = loadAddon();
  const options = parseBpffsOptions(setup.options ?? '');
  const words = (setup.options ?? '').split(',');
  const flags = mountFlags(setup.options ?? '');
  const place =
    setup.fuseFd !== undefined
      ? { dir: setup.dir, fd: setup.fuseFd, undo: () => {}, byHelper: false }
      : await mountSomewhere(addon, setup.dir, flags);

  const transport: { session: Session | undefined } = { session: undefined };
  const services: CtlServices = {
    process: addon,
    resolve: addon.resolvePath,
    ownerUid: process.geteuid?.() === 0 ? undefined : process.geteuid?.(),
    extensions: new Map<number, CtlExtension>(),
    printed: setup.printed ?? printedBy(kernel),
    commands: setup.commands ?? new Map<string, SessionCommand>(),
  };
  const sb = new Superblock({
    kernel,
    options,
    transport: {
      reply: (message, length) => transport.session?.reply(message, length) ?? -ENOTCONN,
      notify: (message) => transport.session?.notify(message),
      notifyNow: (message) => transport.session?.notifyNow(message) ?? -ENOTCONN,
    },
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    readonly: (flags & 1) !== 0,
    atime: atimeRule(words),
    ctl: services,
  });
  sb.tree.onChange = (inode) => sb.notifier.attributes(inode.ino);
  const server = new FuseServer(sb);
  server.trace = setup.trace;
  let handle: MountHandle | undefined;
  const session = new addon.Session(
    place.fd,
    server.request.bytes,
    server.reply.bytes,
    (length) => server.handle(length),
    (errno) => handle?.over(errno),
    setup.spin ?? 0,
  );
  transport.session = session;
  sb.dev = setup.dev ?? mountAt(place.dir)?.dev ?? 0;
  handle = new MountHandle({ dir: place.dir, server, addon, session, undo: place.undo, byHelper: place.byHelper });
  openDoor(kernel, addon, server, session, place.fd, handle);
  session.watch(setup.watchdog ?? 10, abortFile(sb.dev), place.dir);
  return handle;
}

/** From now on the mount is served in the middle of long runs, too. */
function openDoor(
  kernel: Kernel,
  addon: Addon,
  server: FuseServer,
  session: Session,
  fd: number,
  handle: MountHandle,
): void {
  kernel.doors.wait ??= addon.waitReadable;
  const close = kernel.doors.add(new Meanwhile(server, session, fd, addon.deliverPaths));
  handle.ended.then(close);
}

/** File that ends the connection (Documentation/filesystems/fuse: fusectl). */
function abortFile(dev: number): string {
  const minor = (dev & 0xff) + Math.floor(dev / 2 ** 20) * 256;
  return `/sys/fs/fuse/connections/${minor}/abort`;
}

function atimeRule(words: readonly string[]): AtimeRule {
  if (words.includes('noatime')) return 'noatime';
  return words.includes('strictatime') ? 'strictatime' : 'relatime';
}

/** A file system that is mounted and not yet served. */
export interface Place {
  /** Where, as the mount table names it. */
  readonly dir: string;
  /** The descriptor of /dev/fuse. */
  readonly fd: number;
  /** Takes back what was made to be mounted on, after the unmount. */
  readonly undo: () => void;
  /** Mounted through fusermount3. */
  readonly byHelper: boolean;
}

/**
 * Mounts without serving, for a server elsewhere: the descriptor is to be handed to it
 * (`EMU_SERVE`). The options are checked as {@link mountBpffs} does.
 */
export function mountForServer(dir: string, options: string): Promise<Place> {
  parseBpffsOptions(options);
  return mountSomewhere(loadAddon(), dir, mountFlags(options));
}

function mountFlags(options: string): number {
  return options.split(',').reduce((sum, word) => sum | (MOUNT_FLAGS[word] ?? 0), 0);
}

/** Prepares the directory, then mounts: by mount(2) when we may, else through fusermount3. */
async function mountSomewhere(addon: Addon, wanted: string, flags: number): Promise<Place> {
  const { dir, undo } = await prepareDirectory(addon, wanted);
  try {
    if (process.geteuid?.() === 0) return { dir, fd: mountDirectly(addon, dir, flags), undo, byHelper: false };
    return { dir, fd: mountByHelper(addon, dir, flags), undo, byHelper: true };
  } catch (error) {
    undo();
    throw error;
  }
}

function mountDirectly(addon: Addon, dir: string, flags: number): number {
  const fd = addon.openFuse();
  const data = `fd=${fd},rootmode=40000,user_id=0,group_id=0,default_permissions,allow_other`;
  const result = addon.mount(MOUNT_SOURCE, dir, FS_TYPE, flags, data);
  if (result === 0) return fd;
  addon.closeFd(fd);
  const advice =
    result === -EPERM
      ? 'this needs CAP_SYS_ADMIN: run as root, or start with "unshare -Urm", or give the container --cap-add SYS_ADMIN'
      : 'check that the directory can be mounted on';
  throw new Errno(-result, `Cannot mount on ${dir} (${errnoName(result)}); ${advice}`);
}

/** Options fusermount3 hands on to the kernel. `allow_other` only where the administrator permits it. */
function mountByHelper(addon: Addon, dir: string, flags: number): number {
  const words = Object.entries(MOUNT_FLAGS).filter(([, bit]) => (flags & bit) !== 0);
  const options = [...words.map(([word]) => word), 'default_permissions', `fsname=${MOUNT_SOURCE}`, 'subtype=bpf-emu'];
  try {
    return addon.fusermount(dir, [...options, 'allow_other'].join(','));
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes('allow_other')) throw error;
    return addon.fusermount(dir, options.join(','));
  }
}

/** What the server and its clients find by path while it is mounted. */
const NEEDED = ['/proc/self/mountinfo', '/dev/fuse', process.execPath, fileURLToPath(import.meta.url)];

/** A mount over what is needed to unmount it again could only be undone by a reboot. What is not there yet hides nothing. */
export function refuseNeeded(dir: string): void {
  const full = existsSync(dirname(resolve(dir))) ? placeOf(dir) : resolve(dir);
  const hidden = NEEDED.find((path) => path === full || path.startsWith(full === '/' ? full : `${full}/`));
  if (hidden !== undefined)
    throw new Errno(
      EBUSY,
      `cannot mount on ${dir}: that would hide ${hidden}, which is needed; name another directory`,
    );
}

/** Makes the directory ready to be mounted on: detaches a dead mount, makes what is missing. */
async function prepareDirectory(addon: Addon, named: string): Promise<{ dir: string; undo: () => void }> {
  const wanted = isLink(named) ? realpathSync(named) : named;
  refuseNeeded(wanted);
  await detachDead(addon, wanted);
  const there = addon.probe(wanted);
  if (there === -ENOTDIR) throw new Errno(ENOTDIR, `${wanted} is not a directory: name another one to mount on`);
  let undo = (): void => {};
  if (there === -ENOENT) undo = makeDirectory(addon, wanted);
  else if (there < 0) throw new Errno(-there, `Cannot use ${wanted}: ${errnoName(there)}`);
  else if (isGrafted(wanted)) undo = () => ungraft(addon, wanted);
  const dir = placeOf(wanted);
  const covered = mountAt(dir);
  if (covered?.type === FS_TYPE) {
    throw new Errno(EBUSY, `A bpf-emu is already mounted on ${dir}: unmount it first, or use another directory`);
  }
  return { dir, undo };
}

function makeDirectory(addon: Addon, wanted: string): () => void {
  const parent = dirname(wanted);
  try {
    mkdirSync(wanted, { recursive: true, mode: 0o755 });
    return () => {};
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    // sysfs has no mkdir (one that is read-only says ENOENT to this one): graft the name in, which only root can.
    const isSysfs = parent === '/sys/fs' && (code === 'EPERM' || code === 'EROFS' || code === 'ENOENT');
    if (isSysfs && existsSync(parent) && process.geteuid?.() === 0) {
      graft(addon, wanted);
      return () => ungraft(addon, wanted);
    }
    const { errno, message } = fileError(`make the directory ${wanted}`, error);
    throw new Errno(errno, `${message}: name a directory that you may write to`);
  }
}

/** Detaches mounts at a directory whose server is gone (a crash). True when there was one. */
export async function detachDead(addon: Addon, dir: string): Promise<boolean> {
  let found = false;
  // Several may lie on top of each other after several crashes.
  for (let i = 0; i < 16 && (await isDead(addon, dir)); i++) {
    const result = addon.umount(dir, MNT_DETACH);
    if (result < 0 && addon.fuserumount(dir) < 0) {
      throw new Errno(
        -result,
        `A dead mount is in the way at ${dir}: run "fusermount3 -uz ${dir}" or "umount -l ${dir}"`,
      );
    }
    found = true;
  }
  return found;
}

/**
 * Whether the mount at a directory has lost its server. Its root may still be cached: so a name
 * in it is asked for, on a thread of the pool, since a server may also be there and not answer.
 */
async function isDead(addon: Addon, dir: string): Promise<boolean> {
  const there = addon.probe(dir);
  if (there === -ENOTCONN || there === -ECONNABORTED) return true;
  if (there !== 0 || mountAt(placeOf(dir))?.type.startsWith('fuse') !== true) return false;
  const answer = lstat(join(dir, PROBE_NAME)).then(
    () => 'alive',
    (error: NodeJS.ErrnoException) => error.code,
  );
  const timeout = new Promise<'silent'>((resolve) => setTimeout(() => resolve('silent'), PROBE_TIMEOUT).unref());
  const code = await Promise.race([answer, timeout]);
  if (code === 'silent')
    throw new Errno(EBUSY, `The server of the mount at ${dir} does not answer: "umount -f ${dir}" ends it`);
  return code === 'ENOTCONN' || code === 'ECONNABORTED';
}
