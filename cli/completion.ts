/** `bpf-emu completion SHELL`: a completion script made from the commands and options there are. */
import { type Command, Option } from 'commander';
import { EINVAL, Errno } from '../uapi/errno.ts';

interface CommandWords {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly Option[];
}

function commandWords(program: Command): CommandWords[] {
  return program.commands.map((command) => ({
    name: command.name(),
    summary: command.summary(),
    options: [...command.options, new Option('-h, --help', 'display help for command')],
  }));
}

/** The long and short spellings of a command's options. */
function flags(command: CommandWords): string {
  return command.options
    .flatMap((option) => [option.long, option.short])
    .filter(Boolean)
    .join(' ');
}

function bash(commands: readonly CommandWords[]): string {
  const cases = commands.map((command) => `    ${command.name}) words="${flags(command)}" ;;`).join('\n');
  return `# bash completion of bpf-emu: eval "$(bpf-emu completion bash)"
_bpf_emu() {
  local cur=\${COMP_WORDS[COMP_CWORD]} words i
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map((command) => command.name).join(' ')} --help --version" -- "$cur"))
    return
  fi
  if [ "\${COMP_WORDS[1]}" = exec ]; then
    for ((i = 2; i < COMP_CWORD; i++)); do
      if [ "\${COMP_WORDS[i]}" = -- ]; then
        COMPREPLY=($(compgen -c -f -- "$cur"))
        return
      fi
    done
  fi
  case \${COMP_WORDS[1]} in
${cases}
    *) words= ;;
  esac
  case $cur in
    -*) COMPREPLY=($(compgen -W "$words" -- "$cur")) ;;
    *) COMPREPLY=($(compgen -f -- "$cur")) ;;
  esac
}
complete -o filenames -F _bpf_emu bpf-emu
`;
}

function zsh(commands: readonly CommandWords[]): string {
  const clean = (text: string): string => text.replace(/['[\]:]/g, ' ');
  const names = commands.map((command) => `    '${command.name}:${clean(command.summary)}'`).join('\n');
  const cases = commands
    .map((command) => {
      const specs = command.options
        .flatMap((option) => [option.long, option.short])
        .filter((flag) => flag !== undefined && flag !== null)
        .map((flag) => `'${flag}'`);
      return `    ${command.name}) _arguments ${specs.join(' ')} '*:file:_files' ;;`;
    })
    .join('\n');
  return `#compdef bpf-emu
# zsh completion of bpf-emu: save as _bpf-emu in a directory of $fpath
_bpf_emu() {
  local -a commands
  commands=(
${names}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
${cases}
  esac
}
compdef _bpf_emu bpf-emu
`;
}

function fish(commands: readonly CommandWords[]): string {
  const clean = (text: string): string => text.replaceAll("'", "\\'");
  const lines = ['# fish completion of bpf-emu: bpf-emu completion fish | source', 'complete -c bpf-emu -f'];
  for (const command of commands) {
    lines.push(`complete -c bpf-emu -n __fish_use_subcommand -a ${command.name} -d '${clean(command.summary)}'`);
    for (const option of command.options) {
      const long = option.long === undefined || option.long === null ? '' : ` -l ${option.long.replace(/^--/, '')}`;
      const short = option.short === undefined || option.short === null ? '' : ` -s ${option.short.replace(/^-/, '')}`;
      lines.push(
        `complete -c bpf-emu -F -n '__fish_seen_subcommand_from ${command.name}'${long}${short} -d '${clean(option.description)}'`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

const SHELLS: Readonly<Record<string, (commands: readonly CommandWords[]) => string>> = { bash, zsh, fish };

/** Adds the command to the program. Add it last: it completes the commands added before. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .summary('print a completion script for a shell')
    .description('Prints a completion script for bash, zsh or fish.')
    .argument('<shell>', 'bash, zsh or fish')
    .addHelpText('after', '\nExample:\n  eval "$(bpf-emu completion bash)"')
    .action((shell: string) => {
      const make = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
      if (make === undefined)
        throw new Errno(EINVAL, `there is no completion for "${shell}": bash, zsh or fish is wanted`);
      process.stdout.write(make(commandWords(program)));
    });
}
