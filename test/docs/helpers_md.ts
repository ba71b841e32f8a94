/** The text of docs/coverage/helpers.md, made from the tables of helpers, program types and kernel functions. */
import { BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { HELPERS, KFUNCS } from '../../vm/helpers/index.ts';
import { HELPER_PROTOS } from '../../vm/helpers/protos.ts';
import { helperProto } from '../../vm/helpers/protos_access.ts';
import { KFUNC_PROTOS } from '../../vm/kfuncs/kfuncs.ts';
import { progType } from '../../vm/progtypes/index.ts';
import type { ProgContext } from '../../vm/verifier/types.ts';

/** Helpers the engines do themselves. */
const BUILT_IN: ReadonlyMap<number, string> = new Map([
  [12, 'Goes on in another program, at most 33 times. Done by the engines.'],
]);

/** Attach types looked at, for the types whose helpers depend on them. */
const ATTACH: ReadonlyMap<number, readonly number[]> = new Map<number, readonly number[]>([
  [BPF_PROG_TYPE.CGROUP_SOCK_ADDR, [8, 10, 14, 19]],
  [BPF_PROG_TYPE.CGROUP_SOCKOPT, [21, 22]],
  [BPF_PROG_TYPE.TRACING, [23, 24, 26, 28]],
  [BPF_PROG_TYPE.LSM, [27, 43]],
]);

const TYPES = Object.values(BPF_PROG_TYPE).filter((type) => progType(type) !== undefined);

function context(type: number, expectedAttachType: number): ProgContext {
  const caps = { bpf: true, perfmon: true, netAdmin: true, sysAdmin: true };
  const attachFuncName = type === BPF_PROG_TYPE.LSM ? 'bpf_lsm_socket_post_create' : '';
  return { type, expectedAttachType, sleepable: false, caps, gplCompatible: true, attachFuncName, devBound: false };
}

function mayCall(id: number, type: number): boolean {
  return (ATTACH.get(type) ?? [0]).some((attach) => helperProto(id, context(type, attach)) !== undefined);
}

/** Types that have a helper, in words. */
function callers(id: number): string {
  const types = TYPES.filter((type) => type !== BPF_PROG_TYPE.EXT);
  const able = types.filter((type) => mayCall(id, type));
  if (able.length === types.length) return 'all';
  if (able.length === 0) return 'none on this kernel';
  const names = (list: readonly number[]): string => list.map((type) => progType(type)?.name).join(', ');
  const unable = types.filter((type) => !able.includes(type));
  return unable.length < 6 ? `all but ${names(unable)}` : names(able);
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** The whole page. */
export function helpersMarkdown(): string {
  const implemented = HELPER_PROTOS.filter((p) => HELPERS.has(p.id) || BUILT_IN.has(p.id)).length;
  const kfuncs = [...KFUNC_PROTOS.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const runnable = kfuncs.filter((k) => KFUNCS.has(k.name)).length;
  return [
    '# Helpers, kernel functions and program types',
    '',
    'Made from the tables of `vm/helpers`, `vm/kfuncs` and `vm/progtypes` by `node dist/test/docs/write.js`; a test checks that it is up to date.',
    '',
    `All ${HELPER_PROTOS.length} helpers of Linux 6.18 are known to the verifier with prototype and callers (test/vm/helper_access.test.ts compares them with the kernel's answers); ${implemented} of them run. One that does not is accepted, and returns -ENOTSUPP (or NULL) when called.`,
    '',
    '## Helpers',
    '',
    row(['id', 'helper', 'what it does here', 'GPL', 'program types']),
    row(['---', '---', '---', '---', '---']),
    ...HELPER_PROTOS.map((p) =>
      row([
        String(p.id),
        `\`bpf_${p.name}\``,
        HELPERS.get(p.id)?.doc ?? BUILT_IN.get(p.id) ?? '**not implemented**',
        p.gplOnly === true ? 'yes' : '',
        callers(p.id),
      ]),
    ),
    '',
    '## Kernel functions',
    '',
    `All ${kfuncs.length} that 6.18 registers are known with their flags; ${runnable} run.`,
    '',
    row(['function', 'what it does here', 'program types']),
    row(['---', '---', '---']),
    ...kfuncs.map((k) =>
      row([
        `\`${k.name}\``,
        KFUNCS.get(k.name)?.doc ?? '**not implemented**',
        k.progTypes.length > 30
          ? 'all'
          : TYPES.filter((type) => k.progTypes.includes(type))
              .map((type) => progType(type)?.name)
              .join(', '),
      ]),
    ),
    '',
    '## Contexts: known differences',
    '',
    '- Hashes, socket cookies and SYN cookies are other numbers than a kernel would give, as they are random there too.',
    '- Network devices: `lo` (1) and `eth0` (2), connected to nothing. Lookups of sockets and routes find none.',
    '',
  ].join('\n');
}
