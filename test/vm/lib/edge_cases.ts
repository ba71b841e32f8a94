/**
 * Helpers with arguments at the edges of what they take: offsets and lengths that are
 * negative, huge, zero or one more than there is, flags that exist and that do not, NULL.
 * One program a call; what it returned and 64 bytes of its stack are kept.
 */
import { BPF_MAP_TYPE as MT, BPF_PROG_TYPE as PT } from '../../../uapi/bpf.ts';
import { product } from './product.ts';
import type { ScriptCase, ScriptWriter } from './script_cases.ts';

/** Maps of every case: results, a ring buffer, an array of events, memory to read and print. */
const MAPS = [
  `m ${MT.ARRAY} 4 72 1 0 -1`,
  `m ${MT.RINGBUF} 0 0 4096 0 -1`,
  `m ${MT.PERF_EVENT_ARRAY} 4 4 3 0 -1`,
  `m ${MT.ARRAY} 4 64 1 128 -1`,
  `m ${MT.STACK_TRACE} 4 64 4 0 -1`,
];
const [RING, EVENTS, TEXT, STACKS] = [1, 2, 3, 4];

const IPV4 = `${'52540012345602'.padEnd(24, '0')}08004500005600010000400600000a0000010a000002${'0050c35000000001000000025010200000000000'}`;
const IPV6 = `${'52540012345602'.padEnd(24, '0')}86dd60000000002e0640${'20010db8'.padEnd(32, '0')}${'20010db8'.padEnd(31, '0')}1`;
const FILL = Array.from({ length: 100 }, (_, i) => i.toString(16).padStart(2, '0')).join('');
const packet = (head: string): string => (head + FILL).slice(0, 200);

/** A helper, the programs that call it, and what each argument may be: lines that load a register, or values for it. */
interface Edge {
  readonly helper: string;
  readonly id: number;
  readonly types?: readonly (number | string)[];
  readonly args: readonly (readonly string[])[];
  readonly packet?: string;
  /** Text of the map of texts, when there is one. */
  readonly text?: string;
  /** What is done with r0 before it is kept. */
  readonly after?: string;
  readonly context?: number;
}

const CTX = ['r9'];
const STACK = ['stack'];
const OFFSETS = [
  '0',
  '1',
  '14',
  '36',
  '37',
  '99',
  '100',
  '101',
  '0xfffe',
  '0xffff',
  '0x10000',
  '0x7fffffff',
  '-1',
  '-14',
];
const LENGTHS = ['0', '1', '2', '63', '64'];
const CHECKSUM_AT = ['0', '24', '50', '51', '98', '99', '100', '0xfffe', '0x10000', '-2'];
const FLAGS = ['0', '1', '2', '3', '4', '16', '-1', '0x100000000 ll'];
const NOWHERE = [
  '0',
  '1',
  '0xfff',
  '0x800000000000 ll',
  '0xffff7fffffffffff ll',
  '0xffffffffff600000 ll',
  'mapval[3]+0',
];
const CLS = PT.SCHED_CLS;
const TRACE = PT.RAW_TRACEPOINT;
const TAKES_LOADS = [CLS, PT.SOCKET_FILTER, PT.CGROUP_SKB, PT.LWT_IN];
/** XDP with fragments (BPF_F_XDP_HAS_FRAGS). */
const XDP_FRAGS = `${PT.XDP}:0:32`;
const BIG = Array.from({ length: 9000 }, (_, i) => (i & 255).toString(16).padStart(2, '0')).join('');
/** Only whether the arguments were refused is the same everywhere. */
const IS_INVALID = 'if r0 == -22 goto kept; r0 = 0; kept:';

const EDGES: readonly Edge[] = [
  { helper: 'skb_load_bytes', id: 26, types: TAKES_LOADS, args: [CTX, OFFSETS, STACK, LENGTHS] },
  {
    helper: 'skb_load_bytes_relative',
    id: 68,
    types: TAKES_LOADS.slice(0, 2),
    args: [CTX, OFFSETS, STACK, ['1', '64'], ['0', '1', '2', '-1']],
  },
  { helper: 'skb_store_bytes', id: 9, args: [CTX, OFFSETS, STACK, ['0', '1', '64'], FLAGS.slice(0, 7)] },
  {
    helper: 'skb_pull_data',
    id: 39,
    types: [CLS, PT.LWT_IN],
    args: [CTX, ['0', '1', '99', '100', '101', '1000', '65535', '0x7fffffff', '-1']],
  },
  {
    helper: 'skb_change_tail',
    id: 38,
    types: [CLS, PT.LWT_XMIT],
    args: [
      CTX,
      ['0', '1', '13', '14', '15', '33', '34', '53', '54', '55', '99', '100', '101', '1500', '0x4000', '65536', '-1'],
      ['0', '1'],
    ],
  },
  {
    helper: 'skb_change_head',
    id: 43,
    types: [CLS, PT.LWT_XMIT],
    args: [CTX, ['0', '1', '14', '16', '64', '128', '255', '1000', '65535', '-1'], ['0', '1']],
  },
  ...[IPV4, IPV6].map(
    (head): Edge => ({
      helper: 'skb_change_proto',
      id: 31,
      args: [CTX, ['0x0008', '0xdd86', '0x0608', '0', '-1'], ['0', '1', '-1']],
      packet: head,
    }),
  ),
  {
    helper: 'skb_change_type',
    id: 32,
    args: [CTX, ['0', '1', '2', '3', '4', '5', '6', '7', '8', '-1', '0x100000001 ll']],
  },
  { helper: 'l3_csum_replace', id: 10, args: [CTX, CHECKSUM_AT, ['0', '0x1234'], ['0', '0x12345'], FLAGS] },
  {
    helper: 'l4_csum_replace',
    id: 11,
    args: [
      CTX,
      CHECKSUM_AT.slice(1, 7),
      ['0', '0x1234'],
      ['0x12345'],
      [
        '0',
        '1',
        '2',
        '4',
        '8',
        '16',
        '0x12',
        '0x14',
        '0x20',
        '0x22',
        '0x24',
        '0x34',
        '0x40',
        '0x44',
        '0x54',
        '0x80',
        '-1',
      ],
    ],
  },
  {
    helper: 'csum_diff',
    id: 28,
    types: [CLS, PT.XDP],
    args: [
      ['0', 'stack'],
      ['0', '4', '8', '3', '64', '68'],
      ['0', 'mapval[3]+0'],
      ['0', '4', '64', '62'],
      ['0', '0x1ffff'],
    ],
  },
  { helper: 'csum_level', id: 135, args: [CTX, ['0', '1', '2', '3', '4', '5', '-1', '0x100000000 ll']] },
  { helper: 'csum_update', id: 40, args: [CTX, ['0', '1', '-1', '0xffff']] },
  {
    helper: 'skb_vlan_push',
    id: 18,
    args: [
      CTX,
      ['0x81', '0xa888', '0', '0x0008', '-1', '0x10081'],
      ['0', '0xfff', '0x1000', '0xffff', '0x10000', '-1'],
    ],
  },
  { helper: 'skb_set_tstamp', id: 192, args: [CTX, ['0', '1', '-1'], ['0', '1', '2', '3', '-1']] },
  {
    helper: 'redirect',
    id: 23,
    types: [CLS, PT.XDP],
    args: [
      ['0', '1', '-1'],
      ['0', '1', '2', '-1'],
    ],
  },
  { helper: 'skb_ecn_set_ce', id: 97, types: [CLS, PT.CGROUP_SKB], args: [CTX], packet: IPV6 },
  { helper: 'skb_ecn_set_ce', id: 97, types: [CLS, PT.CGROUP_SKB], args: [CTX] },
  {
    helper: 'xdp_adjust_head',
    id: 44,
    types: [PT.XDP],
    args: [
      CTX,
      ['0', '1', '86', '87', '100', '101', '-1', '-255', '-256', '-257', '0x7fffffff', '-0x80000000', '0x100000001 ll'],
    ],
  },
  {
    helper: 'xdp_adjust_tail',
    id: 65,
    types: [PT.XDP, XDP_FRAGS],
    args: [
      CTX,
      ['0', '1', '-86', '-87', '-100', '-101', '100', '3000', '3420', '3421', '4000', '-0x80000000', '0x7fffffff'],
    ],
  },
  {
    helper: 'xdp_adjust_tail',
    id: 65,
    types: [XDP_FRAGS],
    args: [
      CTX,
      [
        '-1',
        '-1384',
        '-1385',
        '-5480',
        '-5481',
        '-8986',
        '-8987',
        '-9000',
        '1',
        '100',
        '2711',
        '2712',
        '2713',
        '100000',
      ],
    ],
    packet: BIG,
  },
  {
    helper: 'xdp_adjust_meta',
    id: 54,
    types: [PT.XDP],
    args: [
      CTX,
      ['0', '4', '8', '-4', '-8', '-3', '-32', '-36', '-252', '-255', '-256', '-260', '0x7fffffff', '-0x80000000'],
    ],
  },
  ...[189, 190].flatMap((id): Edge[] => [
    {
      helper: id === 189 ? 'xdp_load_bytes' : 'xdp_store_bytes',
      id,
      types: [PT.XDP],
      args: [CTX, OFFSETS, STACK, ['0', '1', '64']],
    },
    {
      helper: id === 189 ? 'xdp_load_bytes' : 'xdp_store_bytes',
      id,
      types: [XDP_FRAGS],
      args: [
        CTX,
        ['0', '3400', '3519', '3520', '3456', '3457', '7615', '7616', '7552', '8936', '8937', '8999', '9000', '-1'],
        STACK,
        ['1', '64'],
      ],
      packet: BIG,
    },
  ]),
  {
    helper: 'get_current_comm',
    id: 16,
    types: [TRACE],
    args: [STACK, ['0', '1', '64']],
    after: '*(u64 *)(r10 - 64) = 0; *(u64 *)(r10 - 56) = 0',
  },
  {
    helper: 'get_stackid',
    id: 27,
    types: [TRACE],
    args: [CTX, [`map[${STACKS}]`], ['0x800', '0x1000', '0x2000', '-1', '0x100000000 ll']],
    after: IS_INVALID,
  },
  {
    helper: 'get_stack',
    id: 67,
    types: [TRACE],
    args: [
      CTX,
      STACK,
      ['0', '1', '7', '8', '12', '31', '32', '64'],
      ['0x200', '0x400', '0x800', '0x1000', '-1', '0x900'],
    ],
    after: `${IS_INVALID}; ${[64, 56, 48, 40, 32, 24, 16, 8].map((off) => `*(u64 *)(r10 - ${off}) = 0`).join('; ')}`,
  },
  {
    helper: 'perf_event_output',
    id: 25,
    types: [CLS, PT.XDP, TRACE],
    args: [
      CTX,
      [`map[${EVENTS}]`],
      [
        '0',
        '2',
        '3',
        '0xffffffff ll',
        '0xfffffffe ll',
        '0x100000000 ll',
        '0x6400000000 ll',
        '0x6500000000 ll',
        '0x100000ffffffff ll',
        '-1',
      ],
      STACK,
      ['0', '1', '64'],
    ],
  },
  {
    helper: 'ringbuf_output',
    id: 130,
    args: [[`map[${RING}]`], STACK, ['0', '1', '64'], ['0', '1', '2', '3', '4', '-1', '0x100000000 ll']],
  },
  {
    helper: 'ringbuf_query',
    id: 134,
    args: [[`map[${RING}]`], ['0', '1', '2', '3', '4', '5', '-1', '0x100000000 ll']],
  },
  {
    helper: 'ringbuf_reserve',
    id: 131,
    args: [
      [`map[${RING}]`],
      [
        '0',
        '1',
        '7',
        '8',
        '4080',
        '4081',
        '4088',
        '4089',
        '4096',
        '0x3ffffff7',
        '0x3fffffff',
        '0x40000000',
        '-1',
        '0x100000008 ll',
      ],
      ['0', '1', '2', '-1'],
    ],
    after: 'if r0 == 0 goto none; r1 = r0; r2 = 1; call 133; r0 = 1; none:',
  },
  {
    helper: 'probe_read_kernel',
    id: 113,
    types: [TRACE, CLS],
    args: [STACK, ['0', '1', '8', '64'], NOWHERE],
  },
  { helper: 'probe_read_kernel_str', id: 115, types: [TRACE], args: [STACK, ['0', '1', '8', '64'], NOWHERE] },
  { helper: 'probe_read_user', id: 112, types: [TRACE], args: [STACK, ['0', '1', '8'], NOWHERE] },
  { helper: 'probe_read', id: 4, types: [TRACE], args: [STACK, ['0', '1', '8'], NOWHERE] },
  { helper: 'probe_read_str', id: 45, types: [TRACE], args: [STACK, ['0', '1', '8', '64'], NOWHERE] },
  ...[
    '%d',
    '%d %u %x %s',
    '%d %d %d',
    '%d %d %d %d',
    '%s',
    '%pks',
    '%pus',
    '%p',
    '%px',
    '%pK',
    '%pI4',
    '%llx',
    '%5d',
    '%',
    '%%',
    '%c',
    '%n',
    'a',
    '',
    '%lld%',
    '\u00e9',
    '%i',
    '%.3d',
    '%*d',
    '%pB',
    '%ps',
    '%hhx',
    '%l',
    '%ll',
  ].map(
    (text): Edge => ({
      helper: `trace_printk "${text}"`,
      id: 6,
      args: [[`mapval[${TEXT}]+0`], [`${text.length}`, `${text.length + 1}`, '64'], ['7'], ['8'], ['0']],
      text,
    }),
  ),
];

/** Flags of bpf_skb_adjust_room: all there are (BPF_F_ADJ_ROOM_*), with lengths of a header of layer 2. */
const ROOM_FLAGS = 512;
const ROOM_L2 = [
  '0x0e00000000000002 ll',
  '0x0e00000000000042 ll',
  '0xff00000000000002 ll',
  '0x0100000000000000 ll',
  '-1',
];
const ROOM_CALLS = 32;
/** The first bytes of what else there is: IPv6, ARP, and IPv4 that is cut off. */
const ROOM_PACKETS = [packet(IPV4), packet(IPV6), packet(`${IPV4.slice(0, 24)}0806`), IPV4.slice(0, 68)];

/** Calls of bpf_skb_adjust_room one after the other, what each returned in the results. */
function roomCase(writer: ScriptWriter, bytes: string, calls: readonly (readonly string[])[]): string[] {
  const lines = calls.map(
    ([diff, mode, flags], i) => `r1 = r6; r2 = ${diff}; r3 = ${mode}; r4 = ${flags}; call 50
      r1 = mapval[0]+${8 * i}; *(u64 *)(r1 + 0) = r0`,
  );
  return [
    `m ${MT.ARRAY} 4 ${8 * ROOM_CALLS} 1 0 -1`,
    writer.prog(CLS, `r6 = r1\n${lines.join('\n')}\n r0 = 0; exit`),
    `r 0 ${bytes} 192 0`,
    'd 0',
    'c',
  ];
}

function roomCases(writer: ScriptWriter): ScriptCase[] {
  const flags = [...Array.from({ length: ROOM_FLAGS }, (_, i) => `${i}`), ...ROOM_L2];
  const calls = [
    ...flags.flatMap((flag) => [
      ['20', '1', flag],
      ['-20', '1', flag],
    ]),
    ...product([
      ['40', '-40', '4', '0', '4095', '4096', '-4095', '-4096', '100', '-200'],
      ['0', '1', '2', '-1'],
      ['0', '1', '32'],
    ]),
    ...flags.filter((_, i) => (i & (i - 1)) === 0).flatMap((flag) => product([['8', '-8'], ['0'], [flag]])),
  ];
  const cases: ScriptCase[] = [];
  for (const [which, bytes] of ROOM_PACKETS.entries()) {
    for (let i = 0; i < calls.length; i += ROOM_CALLS) {
      const script = roomCase(writer, bytes, calls.slice(i, i + ROOM_CALLS));
      cases.push({ title: `skb_adjust_room on packet ${which}, calls from ${i}`, script });
    }
  }
  return cases;
}

/** Tags pushed and popped on packets that are cut to a length around that of their first header. */
function tagCases(writer: ScriptWriter): ScriptCase[] {
  const cases: ScriptCase[] = [];
  for (const head of [0, 3]) {
    for (let length = 8; length <= 36; length++) {
      for (const tags of ['ppoo', 'opppoo', 'ppopo']) {
        const lines = [...tags].map(
          (
            tag,
            i,
          ) => `r1 = r6; ${tag === 'p' ? `r2 = 0x${i % 2 === 0 ? '81' : 'a888'}; r3 = ${0x123 + i}; call 18` : 'call 19'}
            r1 = mapval[0]+${8 * i + 8}; *(u64 *)(r1 + 0) = r0`,
        );
        const script = [
          `m ${MT.ARRAY} 4 72 1 0 -1`,
          writer.prog(
            CLS,
            `r6 = r1; r2 = ${length}; r3 = 0; call 38; r1 = mapval[0]+0; *(u64 *)(r1 + 0) = r0
             ${lines.join('\n')}
             r0 = 0; exit`,
          ),
          `r 0 ${ROOM_PACKETS[head]} 192 0`,
          'd 0',
          'c',
        ];
        cases.push({ title: `VLAN tags ${tags} on ${length} bytes of packet ${head}`, script });
      }
    }
  }
  return cases;
}

/** Callbacks in callbacks, each with some stack, until there are too many frames or too much stack. */
function nestedCases(writer: ScriptWriter): ScriptCase[] {
  const cases: ScriptCase[] = [];
  for (let depth = 1; depth <= 9; depth++) {
    for (const stack of [0, 8, 64, 128]) {
      const loop = (level: number): string =>
        level === depth
          ? 'r0 = 0'
          : `r1 = 2; r2 = func f_${level}; r3 = r10; r3 += -8; r4 = 0; call 181; r1 = *(u64 *)(r10 - 8); lock *(u64 *)(r6 + 0) += r1`;
      const frame = (level: number): string => `
        *(u64 *)(r10 - 8) = ${level}
        ${stack > 8 ? `*(u64 *)(r10 - ${stack}) = 1` : ''}
        r6 = mapval[0]+0; r1 = 1; lock *(u64 *)(r6 + ${8 * Math.min(level, 8)}) += r1
        ${loop(level)}`;
      const functions = Array.from({ length: depth }, (_, i) => `f_${i}: ${frame(i + 1)}; r0 = 0; exit`);
      const script = [
        `m ${MT.ARRAY} 4 72 1 0 -1`,
        writer.prog(CLS, `${frame(0)}; r0 = 0; exit\n${functions.join('\n')}`),
        `r 0 ${packet(IPV4)} 0 0`,
        'd 0',
        'c',
      ];
      cases.push({ title: `bpf_loop ${depth} deep, stack of ${stack}`, script });
    }
  }
  return cases;
}

const SLOTS = [8, 16, 24, 32, 40, 48, 56, 64];

function call(id: number, args: readonly string[], after: string): string {
  const loads = args.map((arg, i) => (arg === 'stack' ? `r${i + 1} = r10; r${i + 1} += -64` : `r${i + 1} = ${arg}`));
  return `r9 = r1
    ${SLOTS.map((off) => `r0 = 0x${(off * 0x01010101).toString(16)}${(off * 0x01010101).toString(16)} ll; *(u64 *)(r10 - ${off}) = r0`).join('; ')}
    ${loads.join('; ')}
    call ${id}
    ${after}
    r6 = mapval[0]+0; *(u64 *)(r6 + 0) = r0
    ${SLOTS.map((off) => `r1 = *(u64 *)(r10 - ${off}); *(u64 *)(r6 + ${72 - off}) = r1`).join('; ')}
    r0 = 0; exit`;
}

export function edgeCases(writer: ScriptWriter): ScriptCase[] {
  const cases: ScriptCase[] = [];
  for (const { helper, id, types = [CLS], args, packet: head = IPV4, text, after = '' } of EDGES) {
    for (const type of types) {
      for (const values of product(args)) {
        const script = [...MAPS];
        const bytes = Buffer.from(text ?? '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-', 'latin1');
        script.push(`u ${TEXT} 00000000 ${bytes.toString('hex').padEnd(128, '0')}`, `f ${TEXT}`);
        script.push(writer.prog(type, call(id, values, after)));
        const kind = Number.parseInt(`${type}`, 10);
        const data = kind === TRACE ? '-' : head === BIG ? BIG : packet(head);
        script.push(`r 0 ${data} ${kind === TRACE || kind === PT.XDP ? 0 : 192} 0`, 'd 0', 'c');
        cases.push({ title: `${helper}(${values.join(', ')}) of type ${type}`, script });
      }
    }
  }
  cases.push(...roomCases(writer), ...tagCases(writer), ...nestedCases(writer));
  return cases;
}
