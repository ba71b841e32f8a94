/** The command line: one file a command; see `bpf-emu --help`. */
import { Command, CommanderError } from 'commander';
import { addBtfCommand } from './btf.ts';
import { EXIT, reportError } from './common.ts';
import { addCompletionCommand } from './completion.ts';
import { addCtlCommand } from './ctl.ts';
import { addExecCommand } from './exec.ts';
import { projectVersion } from './flags.ts';
import { addMountCommand } from './mount.ts';
import { guardOutput } from './output.ts';
import { addRunCommand } from './run.ts';
import { addStatusCommand } from './status.ts';
import { addTraceCommand } from './trace.ts';
import { addUmountCommand } from './umount.ts';
import { addVerifyCommand } from './verify.ts';

guardOutput();
const program = new Command('bpf-emu')
  .description('The Linux BPF filesystem and the bpf(2) system call, as a userspace program.')
  .version(projectVersion(), '-V, --version', 'print the version')
  .enablePositionalOptions()
  .showHelpAfterError('(add --help for what is possible)')
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'bpf-emu: ')) })
  .exitOverride();

addMountCommand(program);
addUmountCommand(program);
addStatusCommand(program);
addExecCommand(program);
addRunCommand(program);
addVerifyCommand(program);
addBtfCommand(program);
addTraceCommand(program);
addCtlCommand(program);
addCompletionCommand(program);

// What `exec` itself does wrong must not look like a status of the command.
const own = process.argv[2] === 'exec' ? { usage: EXIT.cannotRun, failure: EXIT.cannotRun } : EXIT;
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : own.usage;
  else {
    reportError(error);
    process.exitCode = own.failure;
  }
}
