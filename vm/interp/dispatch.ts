/**
 * The interpreter's loop: all that needs no more than registers and memory. It calls
 * nothing and has no loop within it, so what it works with stays in the machine's registers,
 * and an instruction costs little more than its own work. Whatever has to call something is
 * left to execute(). (A lookup in a hash table in its place here cost all others a third.)
 */
import { BASE_HI } from '../../mm/arena.ts';
import { FRAMES, REGS_HI, REGS_LO } from './registers.ts';

/** Makes the loop. Constants of a function are constants for V8's compiler; what is imported is not, nor are those of a module in a bundle. */
function makeDispatch() {
  const RL = REGS_LO;
  const RH = REGS_HI;
  const F = FRAMES;
  const BASE_HI_I32 = BASE_HI | 0;

  return function dispatch(
    at: number,
    first: number,
    C: Int32Array,
    i32: Int32Array,
    u16: Uint16Array,
    u8: Uint8Array,
    view: DataView,
  ): number {
    let p = at | 0;
    let word = first === -1 ? C[p]! : first | 0;
    let fp = F[0]!;
    const last = i32.length - 1;
    const last16 = u16.length - 1;
    loop: for (;;) {
      const d = (word >> 8) & 15;
      const s = (word >> 12) & 15;
      switch (word & 255) {
        // --- 64 bits, register
        case 0: {
          // add
          const a = RL[d]!;
          const b = RL[s]!;
          const r = (a + b) | 0;
          RH[d] = RH[d]! + RH[s]! + (((a & b) | ((a | b) & ~r)) >>> 31);
          RL[d] = r;
          break;
        }
        case 1: {
          // sub
          const a = RL[d]!;
          const b = RL[s]!;
          const r = (a - b) | 0;
          RH[d] = RH[d]! - RH[s]! - (((~a & b) | ((~a | b) & r)) >>> 31);
          RL[d] = r;
          break;
        }
        case 2: {
          // mul
          const a = RL[d]!;
          const b = RL[s]!;
          const a0 = a & 0xffff;
          const a1 = a >>> 16;
          const b0 = b & 0xffff;
          const b1 = b >>> 16;
          const low = (Math.imul(a1, b0) >>> 0) + (Math.imul(a0, b0) >>> 16);
          const mid = (Math.imul(a0, b1) >>> 0) + (low & 0xffff);
          RH[d] = Math.imul(a1, b1) + (low >>> 16) + (mid >>> 16) + Math.imul(a, RH[s]!) + Math.imul(RH[d]!, b);
          RL[d] = Math.imul(a, b);
          break;
        }
        case 4: {
          // or
          RL[d] = RL[d]! | RL[s]!;
          RH[d] = RH[d]! | RH[s]!;
          break;
        }
        case 5: {
          // and
          RL[d] = RL[d]! & RL[s]!;
          RH[d] = RH[d]! & RH[s]!;
          break;
        }
        case 10: {
          // xor
          RL[d] = RL[d]! ^ RL[s]!;
          RH[d] = RH[d]! ^ RH[s]!;
          break;
        }
        case 6: {
          // lsh
          const n = RL[s]! & 63;
          const lo = RL[d]!;
          const hi = RH[d]!;
          if (n >= 32) {
            RH[d] = lo << (n - 32);
            RL[d] = 0;
          } else {
            // A shift by 32 is one by 0: the bits that move over in two steps.
            RH[d] = (hi << n) | ((lo >>> 1) >>> (31 - n));
            RL[d] = lo << n;
          }
          break;
        }
        case 7: {
          // rsh
          const n = RL[s]! & 63;
          const lo = RL[d]!;
          const hi = RH[d]!;
          if (n >= 32) {
            RL[d] = hi >>> (n - 32);
            RH[d] = 0;
          } else {
            RL[d] = (lo >>> n) | ((hi << 1) << (31 - n));
            RH[d] = hi >>> n;
          }
          break;
        }
        case 12: {
          // arsh
          const n = RL[s]! & 63;
          const lo = RL[d]!;
          const hi = RH[d]!;
          if (n >= 32) {
            RL[d] = hi >> (n - 32);
            RH[d] = hi >> 31;
          } else {
            RL[d] = (lo >>> n) | ((hi << 1) << (31 - n));
            RH[d] = hi >> n;
          }
          break;
        }
        case 3: {
          // div
          const b = RL[s]!;
          // Division of more than 32 bits, like all that is rare, is not here.
          if ((RH[d]! | RH[s]!) !== 0) break loop;
          RL[d] = b === 0 ? 0 : (RL[d]! >>> 0) / (b >>> 0);
          break;
        }
        case 9: {
          // mod
          const b = RL[s]!;
          if ((RH[d]! | RH[s]!) !== 0) break loop;
          if (b !== 0) RL[d] = (RL[d]! >>> 0) % (b >>> 0);
          break;
        }
        case 8: {
          // neg
          const a = RL[d]!;
          RH[d] = ~RH[d]! + (a === 0 ? 1 : 0);
          RL[d] = -a;
          break;
        }
        case 11: // mov
          RL[d] = RL[s]!;
          RH[d] = RH[s]!;
          break;
        // --- 32 bits, register: the high half becomes 0
        case 16: // add32
          RL[d] = RL[d]! + RL[s]!;
          RH[d] = 0;
          break;
        case 17: // sub32
          RL[d] = RL[d]! - RL[s]!;
          RH[d] = 0;
          break;
        case 18: // mul32
          RL[d] = Math.imul(RL[d]!, RL[s]!);
          RH[d] = 0;
          break;
        case 20: // or32
          RL[d] = RL[d]! | RL[s]!;
          RH[d] = 0;
          break;
        case 21: // and32
          RL[d] = RL[d]! & RL[s]!;
          RH[d] = 0;
          break;
        case 26: // xor32
          RL[d] = RL[d]! ^ RL[s]!;
          RH[d] = 0;
          break;
        case 22: // lsh32
          RL[d] = RL[d]! << RL[s]!;
          RH[d] = 0;
          break;
        case 23: // rsh32
          RL[d] = RL[d]! >>> RL[s]!;
          RH[d] = 0;
          break;
        case 28: // arsh32
          RL[d] = RL[d]! >> RL[s]!;
          RH[d] = 0;
          break;
        case 19: {
          // div32
          const b = RL[s]!;
          RL[d] = b === 0 ? 0 : (RL[d]! >>> 0) / (b >>> 0);
          RH[d] = 0;
          break;
        }
        case 25: {
          // mod32
          const b = RL[s]!;
          if (b !== 0) RL[d] = (RL[d]! >>> 0) % (b >>> 0);
          RH[d] = 0;
          break;
        }
        case 29: {
          // sdiv32
          const b = RL[s]!;
          RL[d] = b === 0 ? 0 : (RL[d]! / b) | 0;
          RH[d] = 0;
          break;
        }
        case 30: {
          // smod32
          const b = RL[s]!;
          if (b !== 0) RL[d] = (RL[d]! % b) | 0;
          RH[d] = 0;
          break;
        }
        case 24: // neg32
          RL[d] = -RL[d]!;
          RH[d] = 0;
          break;
        case 27: // mov32
          RL[d] = RL[s]!;
          RH[d] = 0;
          break;
        // --- 64 bits, constant; subtraction is addition here
        case 32: {
          // add K
          const k = C[(p + 1) | 0]!;
          const a = RL[d]!;
          const b = k;
          const r = (a + b) | 0;
          RH[d] = RH[d]! + (k >> 31) + (((a & b) | ((a | b) & ~r)) >>> 31);
          RL[d] = r;
          break;
        }
        case 34: {
          // mul K
          const k = C[(p + 1) | 0]!;
          const a = RL[d]!;
          const b = k;
          const a0 = a & 0xffff;
          const a1 = a >>> 16;
          const b0 = b & 0xffff;
          const b1 = b >>> 16;
          const low = (Math.imul(a1, b0) >>> 0) + (Math.imul(a0, b0) >>> 16);
          const mid = (Math.imul(a0, b1) >>> 0) + (low & 0xffff);
          RH[d] = Math.imul(a1, b1) + (low >>> 16) + (mid >>> 16) + Math.imul(a, k >> 31) + Math.imul(RH[d]!, b);
          RL[d] = Math.imul(a, b);
          break;
        }
        case 36: {
          // or K
          const k = C[(p + 1) | 0]!;
          RL[d] = RL[d]! | k;
          RH[d] = RH[d]! | (k >> 31);
          break;
        }
        case 37: {
          // and K
          const k = C[(p + 1) | 0]!;
          RL[d] = RL[d]! & k;
          RH[d] = RH[d]! & (k >> 31);
          break;
        }
        case 42: {
          // xor K
          const k = C[(p + 1) | 0]!;
          RL[d] = RL[d]! ^ k;
          RH[d] = RH[d]! ^ (k >> 31);
          break;
        }
        case 38: {
          // lsh, below 32 K
          const k = C[(p + 1) | 0]!;
          const lo = RL[d]!;
          const hi = RH[d]!;
          RH[d] = (hi << k) | ((lo >>> 1) >>> (31 - k));
          RL[d] = lo << k;
          break;
        }
        case 39: {
          // rsh, below 32 K
          const k = C[(p + 1) | 0]!;
          const lo = RL[d]!;
          const hi = RH[d]!;
          RL[d] = (lo >>> k) | ((hi << 1) << (31 - k));
          RH[d] = hi >>> k;
          break;
        }
        case 40: {
          // lsh, from 32 on K
          const k = C[(p + 1) | 0]!;
          RH[d] = RL[d]! << (k - 32);
          RL[d] = 0;
          break;
        }
        case 44: {
          // arsh, below 32 K
          const k = C[(p + 1) | 0]!;
          const lo = RL[d]!;
          const hi = RH[d]!;
          RL[d] = (lo >>> k) | ((hi << 1) << (31 - k));
          RH[d] = hi >> k;
          break;
        }
        case 45: {
          // rsh, from 32 on K
          const k = C[(p + 1) | 0]!;
          RL[d] = RH[d]! >>> (k - 32);
          RH[d] = 0;
          break;
        }
        case 46: {
          // arsh, from 32 on K
          const k = C[(p + 1) | 0]!;
          const hi = RH[d]!;
          RL[d] = hi >> (k - 32);
          RH[d] = hi >> 31;
          break;
        }
        case 35: {
          // div K
          const k = C[(p + 1) | 0]!;
          if (RH[d] !== 0 || k <= 0) break loop;
          RL[d] = (RL[d]! >>> 0) / k;
          break;
        }
        case 41: {
          // mod K
          const k = C[(p + 1) | 0]!;
          if (RH[d] !== 0 || k <= 0) break loop;
          RL[d] = (RL[d]! >>> 0) % k;
          break;
        }
        case 43: {
          // mov K
          const k = C[(p + 1) | 0]!;
          RL[d] = k;
          RH[d] = k >> 31;
          break;
        }
        // --- 32 bits, constant
        case 48: // add32 K
          RL[d] = RL[d]! + C[(p + 1) | 0]!;
          RH[d] = 0;
          break;
        case 50: // mul32 K
          RL[d] = Math.imul(RL[d]!, C[(p + 1) | 0]!);
          RH[d] = 0;
          break;
        case 52: // or32 K
          RL[d] = RL[d]! | C[(p + 1) | 0]!;
          RH[d] = 0;
          break;
        case 53: // and32 K
          RL[d] = RL[d]! & C[(p + 1) | 0]!;
          RH[d] = 0;
          break;
        case 58: // xor32 K
          RL[d] = RL[d]! ^ C[(p + 1) | 0]!;
          RH[d] = 0;
          break;
        case 54: // lsh32 K
          RL[d] = RL[d]! << C[(p + 1) | 0]!;
          RH[d] = 0;
          break;
        case 55: // rsh32 K
          RL[d] = RL[d]! >>> C[(p + 1) | 0]!;
          RH[d] = 0;
          break;
        case 60: // arsh32 K
          RL[d] = RL[d]! >> C[(p + 1) | 0]!;
          RH[d] = 0;
          break;
        case 51: {
          // div32 K
          const k = C[(p + 1) | 0]!;
          RL[d] = k === 0 ? 0 : (RL[d]! >>> 0) / (k >>> 0);
          RH[d] = 0;
          break;
        }
        case 57: {
          // mod32 K
          const k = C[(p + 1) | 0]!;
          if (k !== 0) RL[d] = (RL[d]! >>> 0) % (k >>> 0);
          RH[d] = 0;
          break;
        }
        case 59: // mov32 K
          RL[d] = C[(p + 1) | 0]!;
          RH[d] = 0;
          break;
        // --- jumps
        case 64: // ja
          p = (p + C[(p + 1) | 0]!) | 0;
          break;
        case 65: // jeq
          if (((RL[d]! ^ RL[s]!) | (RH[d]! ^ RH[s]!)) === 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 66: {
          // jgt
          const a = RH[d]!;
          const b = RH[s]!;
          if (a === b ? RL[d]! >>> 0 > RL[s]! >>> 0 : a >>> 0 > b >>> 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        }
        case 67: {
          // jge
          const a = RH[d]!;
          const b = RH[s]!;
          if (a === b ? RL[d]! >>> 0 >= RL[s]! >>> 0 : a >>> 0 > b >>> 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        }
        case 68: // jset
          if (((RL[d]! & RL[s]!) | (RH[d]! & RH[s]!)) !== 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 69: // jne
          if (((RL[d]! ^ RL[s]!) | (RH[d]! ^ RH[s]!)) !== 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 70: {
          // jsgt
          const a = RH[d]!;
          const b = RH[s]!;
          if (a === b ? RL[d]! >>> 0 > RL[s]! >>> 0 : a > b) p = (p + ((word >> 16) << 1)) | 0;
          break;
        }
        case 71: {
          // jsge
          const a = RH[d]!;
          const b = RH[s]!;
          if (a === b ? RL[d]! >>> 0 >= RL[s]! >>> 0 : a > b) p = (p + ((word >> 16) << 1)) | 0;
          break;
        }
        case 74: {
          // jlt
          const a = RH[d]!;
          const b = RH[s]!;
          if (a === b ? RL[d]! >>> 0 < RL[s]! >>> 0 : a >>> 0 < b >>> 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        }
        case 75: {
          // jle
          const a = RH[d]!;
          const b = RH[s]!;
          if (a === b ? RL[d]! >>> 0 <= RL[s]! >>> 0 : a >>> 0 < b >>> 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        }
        case 76: {
          // jslt
          const a = RH[d]!;
          const b = RH[s]!;
          if (a === b ? RL[d]! >>> 0 < RL[s]! >>> 0 : a < b) p = (p + ((word >> 16) << 1)) | 0;
          break;
        }
        case 77: {
          // jsle
          const a = RH[d]!;
          const b = RH[s]!;
          if (a === b ? RL[d]! >>> 0 <= RL[s]! >>> 0 : a < b) p = (p + ((word >> 16) << 1)) | 0;
          break;
        }
        case 72: // call
          // The halves of those of r6 to r9 that the function writes, and where the caller goes on.
          if (d !== 0) {
            if ((d & 1) !== 0) {
              F[fp] = RL[6]!;
              F[(fp + 1) | 0] = RH[6]!;
              fp = (fp + 2) | 0;
            }
            if ((d & 2) !== 0) {
              F[fp] = RL[7]!;
              F[(fp + 1) | 0] = RH[7]!;
              fp = (fp + 2) | 0;
            }
            if ((d & 4) !== 0) {
              F[fp] = RL[8]!;
              F[(fp + 1) | 0] = RH[8]!;
              fp = (fp + 2) | 0;
            }
            if ((d & 8) !== 0) {
              F[fp] = RL[9]!;
              F[(fp + 1) | 0] = RH[9]!;
              fp = (fp + 2) | 0;
            }
          }
          F[fp] = p;
          fp = (fp + 1) | 0;
          RL[10] = RL[10]! - (word >> 16);
          p = (p + C[(p + 1) | 0]!) | 0;
          break;
        case 73: {
          // exit
          const q = F[(fp - 1) | 0]!;
          if (q < 0) break loop;
          fp = (fp - 1) | 0;
          p = q;
          const call = C[q]!;
          RL[10] = RL[10]! + (call >> 16);
          const saved = (call >> 8) & 15;
          if (saved !== 0) {
            if ((saved & 8) !== 0) {
              fp = (fp - 2) | 0;
              RL[9] = F[fp]!;
              RH[9] = F[(fp + 1) | 0]!;
            }
            if ((saved & 4) !== 0) {
              fp = (fp - 2) | 0;
              RL[8] = F[fp]!;
              RH[8] = F[(fp + 1) | 0]!;
            }
            if ((saved & 2) !== 0) {
              fp = (fp - 2) | 0;
              RL[7] = F[fp]!;
              RH[7] = F[(fp + 1) | 0]!;
            }
            if ((saved & 1) !== 0) {
              fp = (fp - 2) | 0;
              RL[6] = F[fp]!;
              RH[6] = F[(fp + 1) | 0]!;
            }
          }
          break;
        }
        case 78: {
          // may_goto
          const left = F[2]!;
          if (left <= 1) break loop;
          F[2] = left - 1;
          break;
        }
        case 81: // jeq32
          if (RL[d] === RL[s]) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 82: // jgt32
          if (RL[d]! >>> 0 > RL[s]! >>> 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 83: // jge32
          if (RL[d]! >>> 0 >= RL[s]! >>> 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 84: // jset32
          if ((RL[d]! & RL[s]!) !== 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 85: // jne32
          if (RL[d] !== RL[s]) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 86: // jsgt32
          if (RL[d]! > RL[s]!) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 87: // jsge32
          if (RL[d]! >= RL[s]!) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 90: // jlt32
          if (RL[d]! >>> 0 < RL[s]! >>> 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 91: // jle32
          if (RL[d]! >>> 0 <= RL[s]! >>> 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 92: // jslt32
          if (RL[d]! < RL[s]!) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 93: // jsle32
          if (RL[d]! <= RL[s]!) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 97: {
          // jeq K
          const k = C[(p + 1) | 0]!;
          if (((RL[d]! ^ k) | (RH[d]! ^ (k >> 31))) === 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        }
        case 98: {
          // jgt K
          const k = C[(p + 1) | 0]!;
          const a = RH[d]!;
          const b = k >> 31;
          if (a === b ? RL[d]! >>> 0 > k >>> 0 : a >>> 0 > b >>> 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        }
        case 99: {
          // jge K
          const k = C[(p + 1) | 0]!;
          const a = RH[d]!;
          const b = k >> 31;
          if (a === b ? RL[d]! >>> 0 >= k >>> 0 : a >>> 0 > b >>> 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        }
        case 100: {
          // jset K
          const k = C[(p + 1) | 0]!;
          if (((RL[d]! & k) | (RH[d]! & (k >> 31))) !== 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        }
        case 101: {
          // jne K
          const k = C[(p + 1) | 0]!;
          if (((RL[d]! ^ k) | (RH[d]! ^ (k >> 31))) !== 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        }
        case 102: {
          // jsgt K
          const k = C[(p + 1) | 0]!;
          const a = RH[d]!;
          const b = k >> 31;
          if (a === b ? RL[d]! >>> 0 > k >>> 0 : a > b) p = (p + ((word >> 16) << 1)) | 0;
          break;
        }
        case 103: {
          // jsge K
          const k = C[(p + 1) | 0]!;
          const a = RH[d]!;
          const b = k >> 31;
          if (a === b ? RL[d]! >>> 0 >= k >>> 0 : a > b) p = (p + ((word >> 16) << 1)) | 0;
          break;
        }
        case 106: {
          // jlt K
          const k = C[(p + 1) | 0]!;
          const a = RH[d]!;
          const b = k >> 31;
          if (a === b ? RL[d]! >>> 0 < k >>> 0 : a >>> 0 < b >>> 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        }
        case 107: {
          // jle K
          const k = C[(p + 1) | 0]!;
          const a = RH[d]!;
          const b = k >> 31;
          if (a === b ? RL[d]! >>> 0 <= k >>> 0 : a >>> 0 < b >>> 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        }
        case 108: {
          // jslt K
          const k = C[(p + 1) | 0]!;
          const a = RH[d]!;
          const b = k >> 31;
          if (a === b ? RL[d]! >>> 0 < k >>> 0 : a < b) p = (p + ((word >> 16) << 1)) | 0;
          break;
        }
        case 109: {
          // jsle K
          const k = C[(p + 1) | 0]!;
          const a = RH[d]!;
          const b = k >> 31;
          if (a === b ? RL[d]! >>> 0 <= k >>> 0 : a < b) p = (p + ((word >> 16) << 1)) | 0;
          break;
        }
        case 113: // jeq32 K
          if (RL[d] === C[(p + 1) | 0]) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 114: // jgt32 K
          if (RL[d]! >>> 0 > C[(p + 1) | 0]! >>> 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 115: // jge32 K
          if (RL[d]! >>> 0 >= C[(p + 1) | 0]! >>> 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 116: // jset32 K
          if ((RL[d]! & C[(p + 1) | 0]!) !== 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 117: // jne32 K
          if (RL[d] !== C[(p + 1) | 0]) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 118: // jsgt32 K
          if (RL[d]! > C[(p + 1) | 0]!) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 119: // jsge32 K
          if (RL[d]! >= C[(p + 1) | 0]!) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 122: // jlt32 K
          if (RL[d]! >>> 0 < C[(p + 1) | 0]! >>> 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 123: // jle32 K
          if (RL[d]! >>> 0 <= C[(p + 1) | 0]! >>> 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 124: // jslt32 K
          if (RL[d]! < C[(p + 1) | 0]!) p = (p + ((word >> 16) << 1)) | 0;
          break;
        case 125: // jsle32 K
          if (RL[d]! <= C[(p + 1) | 0]!) p = (p + ((word >> 16) << 1)) | 0;
          break;
        // --- loads
        case 128: // ldxw
          RL[d] = view.getInt32((RL[s]! + (word >> 16)) | 0, true);
          RH[d] = 0;
          break;
        case 129: // ldxh
          RL[d] = view.getUint16((RL[s]! + (word >> 16)) | 0, true);
          RH[d] = 0;
          break;
        case 130: // ldxb
          RL[d] = u8[(RL[s]! + (word >> 16)) | 0]!;
          RH[d] = 0;
          break;
        case 131: {
          // ldxdw
          const at = (RL[s]! + (word >> 16)) | 0;
          RL[d] = view.getInt32(at, true);
          RH[d] = view.getInt32((at + 4) | 0, true);
          break;
        }
        case 132: {
          // ldxsw
          const v = view.getInt32((RL[s]! + (word >> 16)) | 0, true);
          RL[d] = v;
          RH[d] = v >> 31;
          break;
        }
        case 133: {
          // ldxsh
          const v = view.getInt16((RL[s]! + (word >> 16)) | 0, true);
          RL[d] = v;
          RH[d] = v >> 31;
          break;
        }
        case 134: {
          // ldxsb
          const v = view.getInt8((RL[s]! + (word >> 16)) | 0);
          RL[d] = v;
          RH[d] = v >> 31;
          break;
        }
        case 135: // lddw
          RL[d] = C[(p + 1) | 0]!;
          RH[d] = C[(p + 3) | 0]!;
          p = (p + 2) | 0;
          break;
        // --- stores of what is aligned and within the memory. Turned round, an address that is not aligned is one far
        // beyond the end.
        case 136: {
          // stxw
          const at = (RL[d]! + (word >> 16)) | 0;
          const w = (at >>> 2) | (at << 30);
          if (w >>> 0 > last) break loop;
          i32[w] = RL[s]!;
          break;
        }
        case 137: {
          // stxh
          const at = (RL[d]! + (word >> 16)) | 0;
          const w = (at >>> 1) | (at << 31);
          if (w >>> 0 > last16) break loop;
          u16[w] = RL[s]!;
          break;
        }
        case 138: // stxb
          u8[(RL[d]! + (word >> 16)) | 0] = RL[s]!;
          break;
        case 139: {
          // stxdw
          const at = (RL[d]! + (word >> 16)) | 0;
          const w = (at >>> 2) | (at << 30);
          if (w >>> 0 >= last) break loop;
          i32[w] = RL[s]!;
          i32[(w + 1) | 0] = RH[s]!;
          break;
        }
        case 140: {
          // stw
          const at = (RL[d]! + (word >> 16)) | 0;
          const w = (at >>> 2) | (at << 30);
          if (w >>> 0 > last) break loop;
          i32[w] = C[(p + 1) | 0]!;
          break;
        }
        case 141: {
          // sth
          const at = (RL[d]! + (word >> 16)) | 0;
          const w = (at >>> 1) | (at << 31);
          if (w >>> 0 > last16) break loop;
          u16[w] = C[(p + 1) | 0]!;
          break;
        }
        case 142: // stb
          u8[(RL[d]! + (word >> 16)) | 0] = C[(p + 1) | 0]!;
          break;
        case 143: {
          // stdw
          const at = (RL[d]! + (word >> 16)) | 0;
          const w = (at >>> 2) | (at << 30);
          if (w >>> 0 >= last) break loop;
          const k = C[(p + 1) | 0]!;
          i32[w] = k;
          i32[(w + 1) | 0] = k >> 31;
          break;
        }
        case 144: {
          // atomic add of 32 bits
          const at = (RL[d]! + (word >> 16)) | 0;
          const w = (at >>> 2) | (at << 30);
          if (w >>> 0 > last) break loop;
          i32[w] = i32[w]! + RL[s]!;
          break;
        }
        case 145: {
          // atomic add of 64 bits
          const at = (RL[d]! + (word >> 16)) | 0;
          const w = (at >>> 2) | (at << 30);
          if (w >>> 0 >= last) break loop;
          const a = i32[w]!;
          const b = RL[s]!;
          const r = (a + b) | 0;
          i32[w] = r;
          i32[(w + 1) | 0] = i32[(w + 1) | 0]! + RH[s]! + (((a & b) | ((a | b) & ~r)) >>> 31);
          break;
        }
        // --- sign extension and byte order
        case 146: {
          // movsx8
          const v = (RL[s]! << 24) >> 24;
          RL[d] = v;
          RH[d] = v >> 31;
          break;
        }
        case 147: {
          // movsx16
          const v = (RL[s]! << 16) >> 16;
          RL[d] = v;
          RH[d] = v >> 31;
          break;
        }
        case 148: {
          // movsx32
          const v = RL[s]!;
          RL[d] = v;
          RH[d] = v >> 31;
          break;
        }
        case 149: // movsx8, 32 bits
          RL[d] = (RL[s]! << 24) >> 24;
          RH[d] = 0;
          break;
        case 150: // movsx16, 32 bits
          RL[d] = (RL[s]! << 16) >> 16;
          RH[d] = 0;
          break;
        case 151: // le16
          RL[d] = RL[d]! & 0xffff;
          RH[d] = 0;
          break;
        case 152: {
          // be16
          const v = RL[d]!;
          RL[d] = ((v & 255) << 8) | ((v >>> 8) & 255);
          RH[d] = 0;
          break;
        }
        case 153: {
          // be32
          const v = RL[d]!;
          RL[d] = (v << 24) | ((v & 0xff00) << 8) | ((v >>> 8) & 0xff00) | (v >>> 24);
          RH[d] = 0;
          break;
        }
        case 154: {
          // be64
          const v = RL[d]!;
          const h = RH[d]!;
          RL[d] = (h << 24) | ((h & 0xff00) << 8) | ((h >>> 8) & 0xff00) | (h >>> 24);
          RH[d] = (v << 24) | ((v & 0xff00) << 8) | ((v >>> 8) & 0xff00) | (v >>> 24);
          break;
        }
        case 156: // le32
          RH[d] = 0;
          break;
        case 157: {
          // lsh by 32, arsh by 32
          RH[d] = RL[d]! >> 31;
          p = (p + 2) | 0;
          break;
        }
        case 158: // lsh by 32, rsh by 32
          RH[d] = 0;
          p = (p + 2) | 0;
          break;
        // --- lookup in an array
        case 155: {
          const map = C[(p + 1) | 0]!;
          const index = view.getInt32(RL[2]!, true);
          if (index >>> 0 < C[map]! >>> 0) {
            RL[0] = C[(map + 1) | 0]! + Math.imul(index, C[(map + 2) | 0]!);
            RH[0] = BASE_HI_I32;
            p = (p + C[(map + 3) | 0]!) | 0;
          } else {
            RL[0] = 0;
            RH[0] = 0;
            p = (p + C[(map + 4) | 0]!) | 0;
          }
          break;
        }
        // --- three instructions, or two, as one
        case 159: {
          // mov, add K, lddw
          const x = s;
          const d2 = (word >> 16) & 15;
          const k = C[(p + 3) | 0]!;
          const a = RL[x]!;
          const r = (a + k) | 0;
          RH[d] = RH[x]! + (k >> 31) + (((a & k) | ((a | k) & ~r)) >>> 31);
          RL[d] = r;
          RL[d2] = C[(p + 5) | 0]!;
          RH[d2] = C[(p + 7) | 0]!;
          p = (p + 6) | 0;
          break;
        }
        case 224: {
          // add K, jeq K
          const k = C[(p + 1) | 0]!;
          const a = RL[d]!;
          const r = (a + k) | 0;
          const h = (RH[d]! + (k >> 31) + (((a & k) | ((a | k) & ~r)) >>> 31)) | 0;
          RH[d] = h;
          RL[d] = r;
          const wanted = C[(p + 3) | 0]!;
          p = (p + 2) | 0;
          if (((r ^ wanted) | (h ^ (wanted >> 31))) === 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        }
        case 225: {
          // add K, jne K
          const k = C[(p + 1) | 0]!;
          const a = RL[d]!;
          const r = (a + k) | 0;
          const h = (RH[d]! + (k >> 31) + (((a & k) | ((a | k) & ~r)) >>> 31)) | 0;
          RH[d] = h;
          RL[d] = r;
          const wanted = C[(p + 3) | 0]!;
          p = (p + 2) | 0;
          if (((r ^ wanted) | (h ^ (wanted >> 31))) !== 0) p = (p + ((word >> 16) << 1)) | 0;
          break;
        }
        case 226: {
          // mov, add, ldxb
          const x = s;
          const y = (word >> 16) & 15;
          const d2 = (word >> 20) & 15;
          const a = RL[x]!;
          const b = RL[y]!;
          const r = (a + b) | 0;
          RH[d] = RH[x]! + RH[y]! + (((a & b) | ((a | b) & ~r)) >>> 31);
          RL[d] = r;
          const to = (r + (C[(p + 4) | 0]! >> 16)) | 0;
          RL[d2] = u8[to]!;
          RH[d2] = 0;
          p = (p + 4) | 0;
          break;
        }
        case 227: {
          // mov, add, ldxh
          const x = s;
          const y = (word >> 16) & 15;
          const d2 = (word >> 20) & 15;
          const a = RL[x]!;
          const b = RL[y]!;
          const r = (a + b) | 0;
          RH[d] = RH[x]! + RH[y]! + (((a & b) | ((a | b) & ~r)) >>> 31);
          RL[d] = r;
          const to = (r + (C[(p + 4) | 0]! >> 16)) | 0;
          RL[d2] = view.getUint16(to, true);
          RH[d2] = 0;
          p = (p + 4) | 0;
          break;
        }
        case 228: {
          // mov, add, ldxw
          const x = s;
          const y = (word >> 16) & 15;
          const d2 = (word >> 20) & 15;
          const a = RL[x]!;
          const b = RL[y]!;
          const r = (a + b) | 0;
          RH[d] = RH[x]! + RH[y]! + (((a & b) | ((a | b) & ~r)) >>> 31);
          RL[d] = r;
          const to = (r + (C[(p + 4) | 0]! >> 16)) | 0;
          RL[d2] = view.getInt32(to, true);
          RH[d2] = 0;
          p = (p + 4) | 0;
          break;
        }
        // --- a move and an operation on its target; the instruction after it is passed over
        case 160: {
          // fused add
          const x = (word >> 16) & 15;
          const a = RL[x]!;
          const b = RL[s]!;
          const r = (a + b) | 0;
          RH[d] = RH[x]! + RH[s]! + (((a & b) | ((a | b) & ~r)) >>> 31);
          RL[d] = r;
          p = (p + 2) | 0;
          break;
        }
        case 161: {
          // fused sub
          const x = (word >> 16) & 15;
          const a = RL[x]!;
          const b = RL[s]!;
          const r = (a - b) | 0;
          RH[d] = RH[x]! - RH[s]! - (((~a & b) | ((~a | b) & r)) >>> 31);
          RL[d] = r;
          p = (p + 2) | 0;
          break;
        }
        case 162: {
          // fused mul
          const x = (word >> 16) & 15;
          const a = RL[x]!;
          const b = RL[s]!;
          const a0 = a & 0xffff;
          const a1 = a >>> 16;
          const b0 = b & 0xffff;
          const b1 = b >>> 16;
          const low = (Math.imul(a1, b0) >>> 0) + (Math.imul(a0, b0) >>> 16);
          const mid = (Math.imul(a0, b1) >>> 0) + (low & 0xffff);
          RH[d] = Math.imul(a1, b1) + (low >>> 16) + (mid >>> 16) + Math.imul(a, RH[s]!) + Math.imul(RH[x]!, b);
          RL[d] = Math.imul(a, b);
          p = (p + 2) | 0;
          break;
        }
        case 164: {
          // fused or
          const x = (word >> 16) & 15;
          const lo = RL[x]! | RL[s]!;
          RH[d] = RH[x]! | RH[s]!;
          RL[d] = lo;
          p = (p + 2) | 0;
          break;
        }
        case 165: {
          // fused and
          const x = (word >> 16) & 15;
          const lo = RL[x]! & RL[s]!;
          RH[d] = RH[x]! & RH[s]!;
          RL[d] = lo;
          p = (p + 2) | 0;
          break;
        }
        case 170: {
          // fused xor
          const x = (word >> 16) & 15;
          const lo = RL[x]! ^ RL[s]!;
          RH[d] = RH[x]! ^ RH[s]!;
          RL[d] = lo;
          p = (p + 2) | 0;
          break;
        }
        case 166: {
          // fused lsh
          const x = (word >> 16) & 15;
          const n = RL[s]! & 63;
          const lo = RL[x]!;
          const hi = RH[x]!;
          if (n >= 32) {
            RH[d] = lo << (n - 32);
            RL[d] = 0;
          } else {
            // A shift by 32 is one by 0: the bits that move over in two steps.
            RH[d] = (hi << n) | ((lo >>> 1) >>> (31 - n));
            RL[d] = lo << n;
          }
          p = (p + 2) | 0;
          break;
        }
        case 167: {
          // fused rsh
          const x = (word >> 16) & 15;
          const n = RL[s]! & 63;
          const lo = RL[x]!;
          const hi = RH[x]!;
          if (n >= 32) {
            RL[d] = hi >>> (n - 32);
            RH[d] = 0;
          } else {
            RL[d] = (lo >>> n) | ((hi << 1) << (31 - n));
            RH[d] = hi >>> n;
          }
          p = (p + 2) | 0;
          break;
        }
        case 172: {
          // fused arsh
          const x = (word >> 16) & 15;
          const n = RL[s]! & 63;
          const lo = RL[x]!;
          const hi = RH[x]!;
          if (n >= 32) {
            RL[d] = hi >> (n - 32);
            RH[d] = hi >> 31;
          } else {
            RL[d] = (lo >>> n) | ((hi << 1) << (31 - n));
            RH[d] = hi >> n;
          }
          p = (p + 2) | 0;
          break;
        }
        case 176: // fused add32
          RL[d] = RL[(word >> 16) & 15]! + RL[s]!;
          RH[d] = 0;
          p = (p + 2) | 0;
          break;
        case 177: // fused sub32
          RL[d] = RL[(word >> 16) & 15]! - RL[s]!;
          RH[d] = 0;
          p = (p + 2) | 0;
          break;
        case 178: // fused mul32
          RL[d] = Math.imul(RL[(word >> 16) & 15]!, RL[s]!);
          RH[d] = 0;
          p = (p + 2) | 0;
          break;
        case 180: // fused or32
          RL[d] = RL[(word >> 16) & 15]! | RL[s]!;
          RH[d] = 0;
          p = (p + 2) | 0;
          break;
        case 181: // fused and32
          RL[d] = RL[(word >> 16) & 15]! & RL[s]!;
          RH[d] = 0;
          p = (p + 2) | 0;
          break;
        case 186: // fused xor32
          RL[d] = RL[(word >> 16) & 15]! ^ RL[s]!;
          RH[d] = 0;
          p = (p + 2) | 0;
          break;
        case 182: // fused lsh32
          RL[d] = RL[(word >> 16) & 15]! << RL[s]!;
          RH[d] = 0;
          p = (p + 2) | 0;
          break;
        case 183: // fused rsh32
          RL[d] = RL[(word >> 16) & 15]! >>> RL[s]!;
          RH[d] = 0;
          p = (p + 2) | 0;
          break;
        case 188: // fused arsh32
          RL[d] = RL[(word >> 16) & 15]! >> RL[s]!;
          RH[d] = 0;
          p = (p + 2) | 0;
          break;
        case 192: {
          // fused add K
          const x = (word >> 16) & 15;
          const k = C[(p + 3) | 0]!;
          const a = RL[x]!;
          const b = k;
          const r = (a + b) | 0;
          RH[d] = RH[x]! + (k >> 31) + (((a & b) | ((a | b) & ~r)) >>> 31);
          RL[d] = r;
          p = (p + 2) | 0;
          break;
        }
        case 194: {
          // fused mul K
          const x = (word >> 16) & 15;
          const k = C[(p + 3) | 0]!;
          const a = RL[x]!;
          const b = k;
          const a0 = a & 0xffff;
          const a1 = a >>> 16;
          const b0 = b & 0xffff;
          const b1 = b >>> 16;
          const low = (Math.imul(a1, b0) >>> 0) + (Math.imul(a0, b0) >>> 16);
          const mid = (Math.imul(a0, b1) >>> 0) + (low & 0xffff);
          RH[d] = Math.imul(a1, b1) + (low >>> 16) + (mid >>> 16) + Math.imul(a, k >> 31) + Math.imul(RH[x]!, b);
          RL[d] = Math.imul(a, b);
          p = (p + 2) | 0;
          break;
        }
        case 196: {
          // fused or K
          const x = (word >> 16) & 15;
          const k = C[(p + 3) | 0]!;
          RL[d] = RL[x]! | k;
          RH[d] = RH[x]! | (k >> 31);
          p = (p + 2) | 0;
          break;
        }
        case 197: {
          // fused and K
          const x = (word >> 16) & 15;
          const k = C[(p + 3) | 0]!;
          RL[d] = RL[x]! & k;
          RH[d] = RH[x]! & (k >> 31);
          p = (p + 2) | 0;
          break;
        }
        case 202: {
          // fused xor K
          const x = (word >> 16) & 15;
          const k = C[(p + 3) | 0]!;
          RL[d] = RL[x]! ^ k;
          RH[d] = RH[x]! ^ (k >> 31);
          p = (p + 2) | 0;
          break;
        }
        case 198: {
          // fused lsh, below 32 K
          const x = (word >> 16) & 15;
          const k = C[(p + 3) | 0]!;
          const lo = RL[x]!;
          const hi = RH[x]!;
          RH[d] = (hi << k) | ((lo >>> 1) >>> (31 - k));
          RL[d] = lo << k;
          p = (p + 2) | 0;
          break;
        }
        case 199: {
          // fused rsh, below 32 K
          const x = (word >> 16) & 15;
          const k = C[(p + 3) | 0]!;
          const lo = RL[x]!;
          const hi = RH[x]!;
          RL[d] = (lo >>> k) | ((hi << 1) << (31 - k));
          RH[d] = hi >>> k;
          p = (p + 2) | 0;
          break;
        }
        case 200: {
          // fused lsh, from 32 on K
          const x = (word >> 16) & 15;
          const k = C[(p + 3) | 0]!;
          RH[d] = RL[x]! << (k - 32);
          RL[d] = 0;
          p = (p + 2) | 0;
          break;
        }
        case 204: {
          // fused arsh, below 32 K
          const x = (word >> 16) & 15;
          const k = C[(p + 3) | 0]!;
          const lo = RL[x]!;
          const hi = RH[x]!;
          RL[d] = (lo >>> k) | ((hi << 1) << (31 - k));
          RH[d] = hi >> k;
          p = (p + 2) | 0;
          break;
        }
        case 205: {
          // fused rsh, from 32 on K
          const x = (word >> 16) & 15;
          const k = C[(p + 3) | 0]!;
          RL[d] = RH[x]! >>> (k - 32);
          RH[d] = 0;
          p = (p + 2) | 0;
          break;
        }
        case 206: {
          // fused arsh, from 32 on K
          const x = (word >> 16) & 15;
          const k = C[(p + 3) | 0]!;
          const hi = RH[x]!;
          RL[d] = hi >> (k - 32);
          RH[d] = hi >> 31;
          p = (p + 2) | 0;
          break;
        }
        case 208: // fused add32 K
          RL[d] = RL[(word >> 16) & 15]! + C[(p + 3) | 0]!;
          RH[d] = 0;
          p = (p + 2) | 0;
          break;
        case 210: // fused mul32 K
          RL[d] = Math.imul(RL[(word >> 16) & 15]!, C[(p + 3) | 0]!);
          RH[d] = 0;
          p = (p + 2) | 0;
          break;
        case 212: // fused or32 K
          RL[d] = RL[(word >> 16) & 15]! | C[(p + 3) | 0]!;
          RH[d] = 0;
          p = (p + 2) | 0;
          break;
        case 213: // fused and32 K
          RL[d] = RL[(word >> 16) & 15]! & C[(p + 3) | 0]!;
          RH[d] = 0;
          p = (p + 2) | 0;
          break;
        case 218: // fused xor32 K
          RL[d] = RL[(word >> 16) & 15]! ^ C[(p + 3) | 0]!;
          RH[d] = 0;
          p = (p + 2) | 0;
          break;
        case 214: // fused lsh32 K
          RL[d] = RL[(word >> 16) & 15]! << C[(p + 3) | 0]!;
          RH[d] = 0;
          p = (p + 2) | 0;
          break;
        case 215: // fused rsh32 K
          RL[d] = RL[(word >> 16) & 15]! >>> C[(p + 3) | 0]!;
          RH[d] = 0;
          p = (p + 2) | 0;
          break;
        case 220: // fused arsh32 K
          RL[d] = RL[(word >> 16) & 15]! >> C[(p + 3) | 0]!;
          RH[d] = 0;
          p = (p + 2) | 0;
          break;
        default:
          break loop;
      }
      p = (p + 2) | 0;
      word = C[p]!;
    }
    F[0] = fp;
    F[1] = word;
    return p;
  };
}

/**
 * Runs from word `at` of the code C on, where instead of what is there `first` is executed
 * unless it is -1 (the constant is in the code all the same), up to an operation that is not done here: its
 * index. Its word is left in FRAMES[FRAME_WORD]. The numbers are those of ops.ts: a switch over
 * anything else than literals is a chain of comparisons.
 */
export const dispatch = makeDispatch();
