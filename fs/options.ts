/**
 * Mount options of bpffs, parsed and shown as the kernel does it (`bpf_parse_param`,
 * `bpf_show_options`; the rules were recorded on 6.18):
 * mode=, uid=, gid=, delegate_cmds=, delegate_maps=, delegate_progs=, delegate_attachs=.
 * Unknown options are ignored.
 */
import { BPF_ATTACH_TYPE, BPF_CMD, BPF_MAP_TYPE, BPF_PROG_TYPE } from '../uapi/bpf.ts';
import { EINVAL, ERANGE, Errno } from '../uapi/errno.ts';
import type { Inode } from './inode.ts';

/** What a BPF token made from a mount may do: one bit mask a kind. */
export interface Delegation {
  readonly cmds: bigint;
  readonly maps: bigint;
  readonly progs: bigint;
  readonly attachs: bigint;
}

export interface BpffsOptions {
  /** Mode of the root without the sticky bit, which it always has. */
  readonly mode: number;
  /** Owner of the root; undefined: who mounts. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly delegate: Delegation;
}

type DelegateKey = keyof Delegation;

/** Names each delegate option accepts, without prefix and in small letters, and the number of bits known. */
const DELEGATES: Readonly<
  Record<DelegateKey, { readonly names: ReadonlyMap<string, number>; readonly known: number }>
> = {
  cmds: delegateNames(BPF_CMD),
  maps: delegateNames(BPF_MAP_TYPE),
  progs: delegateNames(BPF_PROG_TYPE),
  attachs: delegateNames(BPF_ATTACH_TYPE),
};
const DELEGATE_KEYS: readonly DelegateKey[] = ['cmds', 'maps', 'progs', 'attachs'];

const U32_MAX = 0xffffffff;
const U64_MAX = (1n << 64n) - 1n;

function delegateNames(table: Readonly<Record<string, number>>): { names: ReadonlyMap<string, number>; known: number } {
  const names = new Map(Object.entries(table).map(([name, value]) => [name.toLowerCase(), value]));
  return { names, known: Math.max(...names.values()) + 1 };
}

/** Parses `mode=0700,uid=1000,…`. Throws {@link Errno} EINVAL or ERANGE with the option that is wrong. */
export function parseBpffsOptions(text: string): BpffsOptions {
  let mode = 0o777;
  let uid: number | undefined;
  let gid: number | undefined;
  const delegate: Record<DelegateKey, bigint> = { cmds: 0n, maps: 0n, progs: 0n, attachs: 0n };
  for (const option of text.split(',')) {
    const equals = option.indexOf('=');
    const key = equals < 0 ? option : option.slice(0, equals);
    const value = equals < 0 ? undefined : option.slice(equals + 1);
    if (key === 'mode') mode = parseNumber(option, value, 8) & 0o7777;
    else if (key === 'uid') uid = parseId(option, value);
    else if (key === 'gid') gid = parseId(option, value);
    else if (key.startsWith('delegate_')) {
      const kind = DELEGATE_KEYS.find((name) => key === `delegate_${name}`);
      if (kind !== undefined) delegate[kind] |= parseDelegate(option, kind, value);
    } else if (key === 'source') {
      throw new Errno(EINVAL, `Mount option "${option}" is not wanted: a source is given already`);
    }
  }
  return { mode, uid, gid, delegate };
}

/** `kstrtouint` with base 8 or, for 0, as the digits say (0x…, 0…, decimal). */
function parseNumber(option: string, value: string | undefined, base: 0 | 8): number {
  const parsed = kstrtoull(value ?? '', base);
  if (typeof parsed === 'bigint' && parsed <= BigInt(U32_MAX)) return Number(parsed);
  const wanted = base === 8 ? 'an octal number such as 0700' : 'a number below 4294967295';
  throw new Errno(EINVAL, `Mount option "${option}": ${wanted} is wanted`);
}

function parseId(option: string, value: string | undefined): number {
  const id = parseNumber(option, value, 0);
  if (id !== U32_MAX) return id;
  throw new Errno(EINVAL, `Mount option "${option}": 4294967295 is no valid id`);
}

/** Names are added to the mask; a number replaces what stands before it in the same option. */
function parseDelegate(option: string, kind: DelegateKey, value: string | undefined): bigint {
  if (value === undefined) throw new Errno(EINVAL, `Mount option "${option}" needs a value, such as "any"`);
  let mask = 0n;
  for (const item of value.split(':')) {
    const bit = DELEGATES[kind].names.get(item.toLowerCase());
    if (item === 'any') mask = U64_MAX;
    else if (bit !== undefined) mask |= 1n << BigInt(bit);
    else mask = parseMask(option, item);
  }
  return mask;
}

function parseMask(option: string, item: string): bigint {
  const parsed = kstrtoull(item, 0);
  if (typeof parsed === 'bigint') return parsed;
  const what = `Mount option "${option}": "${item}"`;
  if (parsed === -ERANGE) throw new Errno(ERANGE, `${what} does not fit into 64 bits`);
  throw new Errno(EINVAL, `${what} is neither "any", a name such as "map_create", nor a number`);
}

/** `kstrtoull`: an unsigned number, a plus sign before and a newline after it allowed; -EINVAL or -ERANGE. */
function kstrtoull(text: string, base: 0 | 8): bigint | number {
  let digits = text.startsWith('+') ? text.slice(1) : text;
  if (digits.endsWith('\n')) digits = digits.slice(0, -1);
  const hex = base === 0 && /^0x[0-9a-f]+$/i.test(digits);
  const octal = base === 8 || (!hex && /^0./.test(digits));
  const valid = hex || (octal ? /^[0-7]+$/ : /^[0-9]+$/).test(digits);
  if (!valid) return -EINVAL;
  const value = BigInt(octal ? `0o${digits}` : digits);
  return value > U64_MAX ? -ERANGE : value;
}

/** One delegate mask as /proc/mounts shows it; empty when nothing is delegated. */
function showDelegate(kind: DelegateKey, mask: bigint): string {
  const { names, known } = DELEGATES[kind];
  const all = (1n << BigInt(known)) - 1n;
  const shown = mask & all;
  if (mask === 0n) return '';
  if (shown === all) return `delegate_${kind}=any`;
  const items: string[] = [];
  let done = 0n;
  // The first name of a number is the one that is shown.
  for (const [name, value] of [...names].sort((a, b) => a[1] - b[1])) {
    const bit = 1n << BigInt(value);
    if ((shown & bit) === 0n || (done & bit) !== 0n) continue;
    done |= bit;
    items.push(name);
  }
  return items.length === 0 ? '' : `delegate_${kind}=${items.join(':')}`;
}

/** The options as /proc/mounts shows them for a bpffs, from the root as it is now; defaults are left out. */
export function showBpffsOptions(root: Inode, delegate: Delegation): string {
  const mode = root.mode & 0o6777;
  return [
    root.uid !== 0 ? `uid=${root.uid}` : '',
    root.gid !== 0 ? `gid=${root.gid}` : '',
    mode !== 0o777 ? `mode=${mode.toString(8)}` : '',
    ...DELEGATE_KEYS.map((kind) => showDelegate(kind, delegate[kind])),
  ]
    .filter((part) => part !== '')
    .join(',');
}
