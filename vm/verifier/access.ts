/**
 * Bounds of memory that a pointer register with an offset may reach: map values,
 * packets, plain memory (`check_mem_region_access` and what is built on it).
 */
import type { BtfField } from '../../btf/btf.ts';
import { EACCES, EINVAL } from '../../uapi/errno.ts';
import type { Env } from './env.ts';
import { PTR_TO_MAP_KEY, PTR_TO_MAP_VALUE, PTR_TO_PACKET, PTR_TO_PACKET_END, PTR_TO_PACKET_META } from './flags.ts';
import { regTypeStr } from './print.ts';
import { S64_MIN } from './range.ts';
import { curRegs } from './regs.ts';
import type { Reg } from './state.ts';

/** Who accesses: an instruction, or a helper on behalf of the program. */
export const ACCESS_DIRECT = 1;
export const ACCESS_HELPER = 2;

const BPF_MAX_VAR_OFF = 1n << 29n;

function fitsS32(x: bigint): boolean {
  return BigInt.asIntN(32, x) === x;
}

function memError(env: Env, regno: number, off: number, size: number, memSize: number): number {
  const reg = curRegs(env)[regno]!;
  switch (reg.type) {
    case PTR_TO_MAP_KEY:
      env.verbose(`invalid access to map key, key_size=${memSize} off=${off} size=${size}\n`);
      break;
    case PTR_TO_MAP_VALUE:
      env.verbose(`invalid access to map value, value_size=${memSize} off=${off} size=${size}\n`);
      break;
    case PTR_TO_PACKET:
    case PTR_TO_PACKET_META:
    case PTR_TO_PACKET_END:
      env.verbose(
        `invalid access to packet, off=${off} size=${size}, R${regno}(id=${reg.id},off=${off},r=${memSize})\n`,
      );
      break;
    default:
      env.verbose(`invalid access to memory, mem_size=${memSize >>> 0} off=${off} size=${size}\n`);
  }
  return -EACCES;
}

/** `__check_mem_access`: `off` is a 32-bit number. */
function checkMem(env: Env, regno: number, off: number, size: number, memSize: number, zeroOk: boolean): number {
  const sizeOk = size > 0 || (size === 0 && zeroOk);
  if (off >= 0 && sizeOk && off + size <= memSize) return 0;
  return memError(env, regno, off, size, memSize);
}

/** The whole range the register may be in stays within the memory. */
export function checkMemRegion(
  env: Env,
  regno: number,
  off: number,
  size: number,
  memSize: number,
  zeroOk: boolean,
): number {
  const { smin, umax } = curRegs(env)[regno]!.range;
  const lowest = smin + BigInt(off);
  if (smin < 0n && (smin === S64_MIN || !fitsS32(lowest) || lowest < 0n)) {
    env.verbose(`R${regno} min value is negative, either use unsigned index or do a if (index >=0) check.\n`);
    return -EACCES;
  }
  let err = checkMem(env, regno, Number(BigInt.asIntN(32, lowest)), size, memSize, zeroOk);
  if (err < 0) {
    env.verbose(`R${regno} min value is outside of the allowed memory range\n`);
    return err;
  }
  if (umax >= BPF_MAX_VAR_OFF) {
    env.verbose(`R${regno} unbounded memory access, make sure to bounds check any such access\n`);
    return -EACCES;
  }
  err = checkMem(env, regno, Number(BigInt.asIntN(32, umax + BigInt(off))), size, memSize, zeroOk);
  if (err < 0) env.verbose(`R${regno} max value is outside of the allowed memory range\n`);
  return err;
}

/** Names of special fields in messages (`btf_field_type_name`). */
export function fieldName(field: BtfField): string {
  switch (field.kind) {
    case 'kptr_unref':
    case 'kptr_ref':
      return 'kptr';
    case 'kptr_percpu':
      return 'percpu_kptr';
    default:
      return field.kind;
  }
}

export function isKptrField(field: BtfField): boolean {
  return field.kind.startsWith('kptr') || field.kind === 'uptr';
}

/** A map value, and that special fields in it are left alone (`check_map_access`). */
export function checkMapAccess(
  env: Env,
  regno: number,
  off: number,
  size: number,
  zeroOk: boolean,
  by: number,
): number {
  const reg = curRegs(env)[regno]!;
  const map = reg.map!;
  const err = checkMemRegion(env, regno, off, size, map.valueSize, zeroOk);
  if (err < 0 || map.record === undefined) return err;
  const { bits, smin, umax } = reg.range;
  const low = smin + BigInt(off);
  const high = umax + BigInt(off + size);
  for (const field of map.record.fields) {
    const at = BigInt(field.offset);
    if (!(low < at + BigInt(field.size) && at < high)) continue;
    const name = fieldName(field);
    if (!isKptrField(field)) {
      env.verbose(`${name} cannot be accessed directly by load/store\n`);
      return -EACCES;
    }
    let message = '';
    if (by !== ACCESS_DIRECT) message = 'cannot be accessed indirectly by helper';
    else if (!bits.isConst) message = 'access cannot have variable offset';
    else if (at !== BigInt(off) + bits.value) {
      message = `access misaligned expected=${field.offset} off=${BigInt(off) + bits.value}`;
    } else if (size !== 8) message = 'access size must be BPF_DW';
    if (message !== '') {
      env.verbose(`${name} ${message}\n`);
      return -EACCES;
    }
  }
  return 0;
}

/** Read or write of a map value as the map's flags allow (`check_map_access_type`). */
export function checkMapAccessType(env: Env, regno: number, off: number, size: number, write: boolean): number {
  const map = curRegs(env)[regno]!.map!;
  // BPF_F_RDONLY_PROG 1 << 7, BPF_F_WRONLY_PROG 1 << 8.
  const forbidden = (map.mapFlags & (write ? 1 << 7 : 1 << 8)) !== 0;
  if (!forbidden) return 0;
  const what = write ? 'write into' : 'read from';
  env.verbose(`${what} map forbidden, value_size=${map.valueSize} off=${off} size=${size}\n`);
  return -EACCES;
}

/** Packet data up to what was compared with the end. */
export function checkPacketAccess(env: Env, regno: number, off: number, size: number, zeroOk: boolean): number {
  const reg = curRegs(env)[regno]!;
  if (reg.range.smin < 0n) {
    env.verbose(`R${regno} min value is negative, either use unsigned index or do a if (index >=0) check.\n`);
    return -EACCES;
  }
  const err = reg.num < 0 ? -EINVAL : checkMem(env, regno, off, size, reg.num, zeroOk);
  if (err < 0) {
    env.verbose(`R${regno} offset is outside of the packet\n`);
    return err;
  }
  env.maxPktOffset = Math.max(env.maxPktOffset, off + Number(reg.range.umax) + size - 1);
  return 0;
}

/** A pointer passed or followed in its original form (`__check_ptr_off_reg`). */
export function checkPtrOff(env: Env, reg: Reg, regno: number, fixedOk: boolean): number {
  const name = regTypeStr(reg.type);
  if (reg.off < 0) {
    env.verbose(`negative offset ${name} ptr R${regno} off=${reg.off} disallowed\n`);
    return -EACCES;
  }
  if (!fixedOk && reg.off !== 0) {
    env.verbose(`dereference of modified ${name} ptr R${regno} off=${reg.off} disallowed\n`);
    return -EACCES;
  }
  const { bits } = reg.range;
  if (!bits.isConst || bits.value !== 0n) {
    env.verbose(`variable ${name} access var_off=${bits} disallowed\n`);
    return -EACCES;
  }
  return 0;
}
