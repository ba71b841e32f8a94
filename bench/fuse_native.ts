/** The npm package fuse-native with a root and one file: `fuse_native.js DIR`. Prints "mounted"; SIGTERM unmounts. */
import { createRequire } from 'node:module';

type Done = (error: number, result?: unknown) => void;
interface FuseNative {
  mount(done: (error: Error | null) => void): void;
  unmount(done: () => void): void;
}

const Fuse = createRequire(import.meta.url)('fuse-native') as new (
  dir: string,
  operations: Record<string, unknown>,
  options: Record<string, unknown>,
) => FuseNative;

const EPOCH = new Date(0);
const stat = (mode: number): object => ({
  mtime: EPOCH,
  atime: EPOCH,
  ctime: EPOCH,
  nlink: 1,
  size: 0,
  mode,
  uid: 0,
  gid: 0,
});

const fuse = new Fuse(
  process.argv[2] ?? '.',
  {
    readdir: (_path: string, done: Done) => done(0, ['test']),
    getattr: (path: string, done: Done) => {
      if (path === '/') done(0, stat(0o40755));
      else if (path === '/test') done(0, stat(0o100666));
      else done(-2);
    },
    open: (_path: string, _flags: number, done: Done) => done(0, 42),
    release: (_path: string, _fd: number, done: Done) => done(0),
  },
  { force: true, allowOther: true, attrTimeout: 86400, entryTimeout: 86400, acAttrTimeout: 86400 },
);
fuse.mount((error) => {
  console.log(error === null || error === undefined ? 'mounted' : `failed: ${error.message}`);
});
process.on('SIGTERM', () => fuse.unmount(() => process.exit(0)));
