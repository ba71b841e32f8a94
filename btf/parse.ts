/**
 * BTF_LOAD: bytes to a {@link Btf}, with the kernel's checks in the kernel's order and
 * its log (`btf_parse` of kernel/bpf/btf.c; recorded in the golden file `misc`, btf/*).
 */
import type { BpfLog } from '../base/bpf_log.ts';
import { E2BIG, EINVAL, ELOOP, ENOTSUPP } from '../uapi/errno.ts';
import { Btf } from './btf.ts';
import { CheckLog } from './check_log.ts';
import { BTF_KIND, inSet, MODIFIERS } from './kinds.ts';
import { checkMetas } from './meta.ts';
import { parseStructMetas } from './record.ts';
import { Resolver } from './resolve.ts';
import { BtfTable } from './table.ts';

/** Largest BTF a program may load (`BTF_MAX_SIZE`): more is -E2BIG, before the log is even looked at. */
export const BTF_MAX_SIZE = 16 * 1024 * 1024;

/** First word of every BTF object. */
const MAGIC = 0xeb9f;
/** `struct btf_header`. */
const HEADER_SIZE = 24;
/** Length of the string section, minus its first NUL (`BTF_MAX_NAME_OFFSET`). */
const STRINGS_MAX = 0x00ffffff;
/** Longest chain of modifiers (`btf_check_type_tags`). */
const MAX_MODIFIERS = 32;

/** The header's fields; what a short header leaves out is 0. */
interface Header {
  readonly magic: number;
  readonly version: number;
  readonly flags: number;
  readonly hdrLen: number;
  readonly typeOff: number;
  readonly typeLen: number;
  readonly strOff: number;
  readonly strLen: number;
}

/**
 * Checks and decodes BTF: the object, or -errno with the reason in the log. The bytes
 * are kept, not copied. `vmlinux` is where kptrs find the kernel's types.
 */
export function loadBtf(bytes: Uint8Array, log: BpfLog, vmlinux?: Btf): Btf | number {
  const header = parseHeader(bytes, log);
  if (typeof header === 'number') return header;
  const strings = header.hdrLen + header.strOff;
  const err = checkStrings(bytes, header, strings, log);
  if (err !== 0) return err;
  const table = new BtfTable(bytes, strings, header.strLen, header.typeLen >>> 4);
  const btf = parseTypes(table, header, log);
  if (typeof btf === 'number') return btf;
  return parseStructMetas(btf, vmlinux) || btf;
}

function refuse(log: BpfLog, reason: string, errno = EINVAL): number {
  log.write(reason);
  return -errno;
}

function parseHeader(bytes: Uint8Array, log: BpfLog): Header | number {
  if (bytes.length < 8) return refuse(log, 'hdr_len not found');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hdrLen = view.getUint32(4, true);
  if (bytes.length < hdrLen) return refuse(log, 'btf_header not found');
  for (let i = HEADER_SIZE; i < hdrLen; i++) {
    if (bytes[i] !== 0) return refuse(log, 'Unsupported btf_header', E2BIG);
  }
  // The kernel copies hdrLen bytes of the header, whatever it is; the rest stays 0.
  const known = new DataView(new ArrayBuffer(HEADER_SIZE));
  for (let i = 0; i < Math.min(hdrLen, HEADER_SIZE); i++) known.setUint8(i, bytes[i]!);
  const header: Header = {
    magic: known.getUint16(0, true),
    version: known.getUint8(2),
    flags: known.getUint8(3),
    hdrLen: known.getUint32(4, true),
    typeOff: known.getUint32(8, true),
    typeLen: known.getUint32(12, true),
    strOff: known.getUint32(16, true),
    strLen: known.getUint32(20, true),
  };
  logHeader(header, bytes.length, log);
  if (header.magic !== MAGIC) return refuse(log, 'Invalid magic');
  if (header.version !== 1) return refuse(log, 'Unsupported version', ENOTSUPP);
  if (header.flags !== 0) return refuse(log, 'Unsupported flags', ENOTSUPP);
  if (header.hdrLen === bytes.length) return refuse(log, 'No data');
  const err = checkSections(header, bytes.length - header.hdrLen, log);
  return err === 0 ? header : err;
}

function logHeader(header: Header, size: number, log: BpfLog): void {
  if (!log.needed) return;
  log.write(`magic: 0x${header.magic.toString(16)}\n`);
  log.write(`version: ${header.version}\n`);
  log.write(`flags: 0x${header.flags.toString(16)}\n`);
  log.write(`hdr_len: ${header.hdrLen}\n`);
  log.write(`type_off: ${header.typeOff}\n`);
  log.write(`type_len: ${header.typeLen}\n`);
  log.write(`str_off: ${header.strOff}\n`);
  log.write(`str_len: ${header.strLen}\n`);
  log.write(`btf_total_size: ${size}\n`);
}

/** The two sections must fill what follows the header, without gap or overlap (`btf_check_sec_info`). */
function checkSections(header: Header, size: number, log: BpfLog): number {
  const types = { off: header.typeOff, len: header.typeLen };
  const strings = { off: header.strOff, len: header.strLen };
  // The kernel compares differences as signed 32-bit numbers.
  const order = (types.off - strings.off) | 0 || (types.len - strings.len) | 0;
  let total = 0;
  for (const section of order <= 0 ? [types, strings] : [strings, types]) {
    if (size < section.off) return refuse(log, 'Invalid section offset');
    if (total < section.off) return refuse(log, 'Unsupported section found');
    if (total > section.off) return refuse(log, 'Section overlap found');
    if (size - total < section.len) return refuse(log, 'Total section length too long');
    total += section.len;
  }
  return size === total ? 0 : refuse(log, 'Unsupported section found');
}

function checkStrings(bytes: Uint8Array, header: Header, start: number, log: BpfLog): number {
  const end = start + header.strLen;
  if (end !== bytes.length) return refuse(log, 'String section is not at the end');
  const tooLong = header.strLen === 0 || header.strLen - 1 > STRINGS_MAX;
  if (tooLong || bytes[end - 1] !== 0 || bytes[start] !== 0) return refuse(log, 'Invalid string section');
  return 0;
}

function parseTypes(table: BtfTable, header: Header, log: BpfLog): Btf | number {
  if (header.typeOff % 4 !== 0) return refuse(log, 'Unaligned type_off');
  if (header.typeLen === 0) return refuse(log, 'No type found');
  const check = new CheckLog(table, log);
  const start = header.hdrLen + header.typeOff;
  const metas = checkMetas(check, start, start + header.typeLen);
  if (metas !== 0) return metas;
  const resolver = new Resolver(check);
  const err = resolver.run() || checkModifiers(table, log);
  return err === 0 ? new Btf(table, resolver.sizes) : err;
}

/** Type tags come before other modifiers, and chains of them are short (`btf_check_type_tags`). */
function checkModifiers(table: BtfTable, log: BpfLog): number {
  for (let id = 1; id < table.count; id++) {
    let inTags = table.kind(id) === BTF_KIND.TYPE_TAG;
    let at = id;
    for (let left = MAX_MODIFIERS; inSet(MODIFIERS, table.kind(at)); left--) {
      if (left === 0) return refuse(log, 'Max chain length or cycle detected', ELOOP);
      if (table.kind(at) !== BTF_KIND.TYPE_TAG) inTags = false;
      else if (!inTags) return refuse(log, "Type tags don't precede modifiers");
      // What was checked as a start of its own needs no second look.
      if (at < id) break;
      at = table.sizeOrType(at);
      if (!table.has(at)) return -EINVAL;
    }
  }
  return 0;
}
