/**
 * `bpf-emu exec` without the command line, for tests:
 *   node main.js [--fail RULE] [--stats] [--trace text|json] [--cpu N] [--no-mount] [--builtin] [--syscalls NAMES] -- COMMAND [ARG]...
 */
import { parseArgs } from 'node:util';
import { parseFault } from '../../exec/fault.ts';
import { execCommand } from '../../exec/run.ts';
import { mountBpffs } from '../../fs/mount.ts';
import { loadAddon } from '../../native/addon.ts';
import { builtinTypes, defaultTypes, hostClock, hostRandom, possibleCpus } from '../../native/host.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { LAUNCHER } from './util.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    fail: { type: 'string', multiple: true, default: [] },
    stats: { type: 'boolean', default: false },
    cpu: { type: 'string' },
    'no-mount': { type: 'boolean', default: false },
    builtin: { type: 'boolean', default: false },
    trace: { type: 'string' },
    syscalls: { type: 'string' },
  },
});

const types = values.builtin ? builtinTypes() : defaultTypes();

process.exitCode = await execCommand({
  native: loadAddon(),
  launcher: LAUNCHER,
  command: positionals,
  makeKernel: () =>
    new Kernel({ cpus: possibleCpus(), clock: hostClock(), random: hostRandom(), vmlinux: types.bytes }),
  vmlinux: types.shown,
  serve: async (kernel, mounted) => {
    const mount = await mountBpffs(kernel, mounted);
    return { pins: mount.pins, close: () => mount.over(0) };
  },
  noMount: values['no-mount'],
  faults: values.fail.map(parseFault),
  stats: values.stats,
  ...(values.syscalls === undefined ? {} : { syscalls: values.syscalls }),
  ...(values.trace === 'text' || values.trace === 'json' ? { trace: values.trace } : {}),
  ...(values.cpu === undefined ? {} : { cpu: Number(values.cpu) }),
});
