/**
 * `bpf-emu ctl`: sends JSON lines to the control file of a mount and prints the replies.
 *
 * One run is one open of bpf.ctl, so descriptors named with "as" live until the end
 * of the input. `btf_file` is read here, on the client's side and with its rights.
 */
import { closeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { exchange, openControl } from '../fs/ctl_client.ts';
import { EINVAL, Errno } from '../uapi/errno.ts';
import { btfSection } from './btf_file.ts';
import { chooseMount, EXIT, OBJECT_MAX, readInput } from './common.ts';

interface CtlOptions {
  readonly mount?: string;
  readonly keepGoing?: boolean;
  readonly quiet?: boolean;
}

/** Replaces `btf_file` by the bytes of the file, as hex in `btf`. Other lines pass as they are. */
function inlineFiles(line: string): string {
  if (!line.includes('"btf_file"')) return line;
  const request: unknown = parse(line);
  if (typeof request !== 'object' || request === null || !('btf_file' in request)) return line;
  const { btf_file: file, ...rest } = request;
  if (typeof file !== 'string') throw new Errno(EINVAL, `btf_file is ${JSON.stringify(file)}, a path is wanted`);
  return JSON.stringify({ ...rest, btf: Buffer.from(btfSection(readInput(file, OBJECT_MAX), file)).toString('hex') });
}

/** A line that is not JSON is passed on unchanged: the control file's own message says what is wrong with it. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

async function ctl(files: readonly string[], options: CtlOptions): Promise<number> {
  const fd = openControl(chooseMount(options.mount));
  let failed = false;
  try {
    for await (const line of inputLines(files)) {
      if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
      const reply = exchange(fd, inlineFiles(line));
      const answer = parse(reply);
      const ok = typeof answer === 'object' && answer !== null && 'ok' in answer && answer.ok === true;
      if (!ok || options.quiet !== true) process.stdout.write(reply);
      if (!ok) {
        failed = true;
        if (options.keepGoing !== true) break;
      }
    }
  } finally {
    closeSync(fd);
  }
  return failed ? EXIT.failure : EXIT.ok;
}

/** The lines of the files given, or of standard input. */
async function* inputLines(files: readonly string[]): AsyncGenerator<string> {
  if (files.length === 0) {
    yield* createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
    return;
  }
  for (const file of files) yield* readInput(file).toString('utf8').split('\n');
}

/** Adds the command to the program. */
export function addCtlCommand(program: Command): void {
  program
    .command('ctl')
    .summary('run bpf(2) commands given as JSON lines')
    .description(
      'Sends JSON lines to the control file of a mount and prints one reply line each.\n' +
        'Lines come from the files given, or from standard input. Empty lines and lines that start with # are skipped.\n' +
        'It stops at the first command that fails and then exits with 1.',
    )
    .argument('[file...]', 'files of JSON lines')
    .option('-m, --mount <dir>', 'the mount to talk to')
    .option('-k, --keep-going', 'go on after a command that fails')
    .option('-q, --quiet', 'print only the replies of commands that fail')
    .addHelpText(
      'after',
      `
Example:
  bpf-emu ctl <<'EOF'
  {"as":"m","cmd":"BPF_MAP_CREATE","map_type":"hash","key_size":4,"value_size":8,"max_entries":16,"map_name":"m"}
  {"cmd":"BPF_MAP_UPDATE_ELEM","map_fd":"$m","key":"01000000","value":"0200000000000000"}
  {"cmd":"BPF_OBJ_PIN","bpf_fd":"$m","pathname":"/sys/fs/bpf-emu/m"}
  EOF`,
    )
    .action(async (files: string[], options: CtlOptions) => {
      process.exitCode = await ctl(files, options);
    });
}
