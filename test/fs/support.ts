/** Mounts for tests: made when the machine can mount, skipped with a reason when it cannot. */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Why no mount can be made here, or undefined. */
export function whyNoMount(): string | undefined {
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
  } catch {
    return '/dev/fuse cannot be opened here';
  }
  if (process.getuid?.() === 0) return undefined;
  try {
    execFileSync('fusermount3', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'fusermount3 is not installed (Debian: fuse3)';
  }
}

/** A mount and the process that serves it. */
export class TestMount {
  readonly dir: string;
  readonly process: ChildProcess;

  private constructor(dir: string, process: ChildProcess) {
    this.dir = dir;
    this.process = process;
  }

  /** Mounts on a new directory, or on `dir`; `env` is the server's environment. Fails with the server's message. */
  static async make(
    options = '',
    dir = mkdtempSync(join(tmpdir(), 'bpf-emu-test-')),
    env: NodeJS.ProcessEnv = process.env,
  ): Promise<TestMount> {
    const script = fileURLToPath(new URL('serve.js', import.meta.url));
    const child = fork(script, [dir, options], { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const [message] = await once(child, 'message');
    if (message !== 'mounted') {
      await once(child, 'exit');
      if (readdirSync(dir).length === 0) rmdirSync(dir);
      throw new Error(JSON.stringify(message));
    }
    return new TestMount(dir, child);
  }

  /** Asks the server something; see serve.ts. */
  async ask<T>(question: 'pinned' | 'stats' | 'options' | 'memory'): Promise<T> {
    this.process.send(question);
    const [answer] = await once(this.process, 'message');
    return answer as T;
  }

  /** Unmounts and waits for the server's end: its exit status. */
  async end(): Promise<number | null> {
    const exited = this.process.exitCode === null ? once(this.process, 'exit') : undefined;
    if (this.process.connected) this.process.disconnect();
    if (exited !== undefined) await exited;
    rmdirSync(this.dir);
    return this.process.exitCode;
  }
}

/** Compiles a C program into a directory: its path, or undefined when there is no compiler. */
export function compileC(source: string, out: string): string | undefined {
  const cc = ['cc', 'gcc', 'clang'].find((name) => {
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
  if (cc === undefined) return undefined;
  execFileSync(cc, ['-Wall', '-O1', '-o', out, source, '-lpthread']);
  return out;
}
