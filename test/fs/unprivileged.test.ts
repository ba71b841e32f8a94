/**
 * A server that is not root: through fusermount3, and in a user namespace of its own. Run as
 * root in a private mount namespace in which /dev/fuse is open to all, as it is on most machines.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { compileC, whyNoMount } from './support.ts';

// The machine may be busy.
t.setTimeout(120_000);

const USER = 1000;
const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Mounts, runs the client, tries what a bpffs refuses, unmounts by signal; everything it prints is looked at. */
const SCRIPT = `
set -u
"$NODE" "$SERVE" "$DIR" & server=$!
for i in $(seq 100); do grep -q " $DIR fuse.bpf-emu" /proc/mounts && break; sleep 0.05; done
grep " $DIR " /proc/mounts
"$CLIENT" "$DIR"
touch "$DIR/file" 2>&1
mkdir "$DIR/sub" && rmdir "$DIR/sub" && echo made
kill $server; wait $server
grep -c " $DIR fuse.bpf-emu" /proc/mounts
echo end
`;

function whyNot(): string | undefined {
  const mount = whyNoMount();
  if (mount !== undefined) return mount;
  if (process.getuid?.() !== 0) return 'run as root: it prepares a place for a user';
  const as = ['--reuid', `${USER}`, '--regid', `${USER}`, '--clear-groups'];
  try {
    execFileSync(
      'unshare',
      ['-m', 'setpriv', ...as, process.execPath, '-e', `require('fs').readFileSync('${root}/package.json')`],
      {
        stdio: 'ignore',
      },
    );
    execFileSync('fusermount3', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'needs unshare, setpriv and fusermount3, and a checkout that every user may read';
  }
}

const why = whyNot();

for (const [name, wrap] of [
  ['through fusermount3', []],
  ['in a user namespace of its own', ['unshare', '-Urm']],
] as const) {
  t.test(`a user mounts ${name}`, { skip: why ?? false }, (t) => {
    const temp = mkdtempSync(join(tmpdir(), 'bpf-emu-user-'));
    t.teardown(() => rmSync(temp, { recursive: true }));
    chmodSync(temp, 0o755);
    const dir = join(temp, 'mnt');
    mkdirSync(dir);
    chownSync(dir, USER, USER);
    writeFileSync(join(temp, 'script'), SCRIPT);
    const client = compileC(join(root, 'test/ctl_client.c'), join(temp, 'client'));
    if (client === undefined) {
      t.comment('SKIP: no C compiler (Debian: gcc)');
      t.end();
      return;
    }
    const prepare = `mknod "$1/fuse" c 10 229 && chmod 666 "$1/fuse" && mount --bind "$1/fuse" /dev/fuse && shift && exec "$@"`;
    const as = ['setpriv', '--reuid', `${USER}`, '--regid', `${USER}`, '--clear-groups', ...wrap];
    const output = execFileSync('unshare', ['-m', 'sh', '-c', prepare, 'sh', temp, ...as, 'sh', join(temp, 'script')], {
      encoding: 'utf8',
      timeout: 30_000,
      env: {
        ...process.env,
        NODE: process.execPath,
        SERVE: fileURLToPath(new URL('serve_until_signal.js', import.meta.url)),
        DIR: dir,
        CLIENT: client,
      },
    });
    t.match(output, new RegExp(`${dir} fuse.bpf-emu`), 'mounted');
    t.match(output, /\n1\.\.30\n/, 'the client ran through');
    t.notMatch(output, /^not ok/m, 'with every capability in its own emulated kernel');
    t.match(output, /Permission denied/, 'no file can be made');
    t.match(output, /\nmade\n0\nend\n$/, 'unmounted at SIGTERM');
    t.end();
  });
}
