/**
 * Operations of the interpreter: dense numbers below 256, so that the loop's switch is a
 * table of jumps. Those with an operation of the instruction set are a group of 16 plus
 * bits 4 to 7 of the opcode (`BPF_ADD >> 4` and so on).
 */

/** First operation of each group. X: the second operand is a register, K: a constant. */
export const GROUP = {
  ALU64_X: 0,
  ALU32_X: 16,
  ALU64_K: 32,
  ALU32_K: 48,
  JMP64_X: 64,
  JMP32_X: 80,
  JMP64_K: 96,
  JMP32_K: 112,
  /** Loads of 4, 2, 1, 8 bytes, then sign-extending of 4, 2, 1. */
  LDX: 128,
  LDSX: 132,
  /** Stores of 4, 2, 1, 8 bytes. */
  STX: 136,
  ST: 140,
  /** A move and an operation on its target as one: `off` is the register the move is from. */
  FUSED64_X: 160,
  FUSED32_X: 176,
  FUSED64_K: 192,
  FUSED32_K: 208,
} as const;

/** Numbers within the ALU groups that the instruction set does not use for this. */
export const ALU = {
  /** Signed division and modulo, register form. */
  SDIV: 13,
  SMOD: 14,
  /** Shifts of 64 bits by a constant of 32 and more. */
  LSH_32: 8,
  RSH_32: 13,
  ARSH_32: 14,
} as const;

/** Operations with a number of their own. */
export const IOP = {
  /** The loop divides 32 bits, execute() the rest. */
  DIV64: 3,
  MOD64: 9,
  SDIV64: 13,
  SMOD64: 14,
  DIV64_K: 35,
  MOD64_K: 41,
  JA: 64,
  /** dst: which of r6 to r9 the function writes; off: stack of the caller; imm: words to the target. */
  CALL: 72,
  EXIT: 73,
  /** off: where to when the time is over. */
  MAY_GOTO: 78,
  LDDW: 135,
  /** Stores the loop leaves when they are not aligned. */
  STXW: 136,
  STXH: 137,
  STXDW: 139,
  STW: 140,
  STH: 141,
  STDW: 143,
  ATOMIC_ADD32: 144,
  ATOMIC_ADD64: 145,
  /** Sign-extending moves. */
  MOVSX8_64: 146,
  MOVSX16_64: 147,
  MOVSX32_64: 148,
  MOVSX8_32: 149,
  MOVSX16_32: 150,
  /** Byte order, in place. */
  ZEXT16: 151,
  BSWAP16: 152,
  BSWAP32: 153,
  BSWAP64: 154,
  /** Lookup in an array; imm: index of its constants behind the code: entries, values, size of one, and the words to go on by, beyond the call, when there is a value and when there is none. */
  ARRAY_LOOKUP: 155,
  ZEXT32: 156,
  /** Two shifts by 32 that extend the low half. */
  SEXT_PAIR: 157,
  ZEXT_PAIR: 158,
  /** A move with an addition, and a lddw of the register in off: the arguments of a call on a map. */
  ADD_LDDW: 159,
  /** An addition, and a jump that compares its target with a constant: the end of a loop. */
  ADD_JEQ: 224,
  ADD_JNE: 225,
  /** A move with an addition, and a load from there to the register in bits 20 on; bits 16 on: the addend. */
  INDEX_LDXB: 226,
  INDEX_LDXH: 227,
  INDEX_LDXW: 228,

  // What follows the loop leaves to execute().

  /** off: stack of the caller; imm: index of the call site, as for all calls below. */
  HELPER: 229,
  LOOKUP: 230,
  UPDATE: 231,
  REMOVE: 232,
  TAIL_CALL: 233,
  LOOP: 234,
  /** As {@link IOP.CALL}: of a global function, which is verified once however often it is called. */
  CALL_GLOBAL: 235,
  /** As {@link IOP.CALL}, in a program with may_goto. */
  CALL_TIMED: 236,
  /** off: size. */
  LD_ABS: 237,
  LD_IND: 238,
  /** A load that reads 0 where it would fault; imm: the opcode. */
  PROBE: 239,
  /** An access through a pointer of a BPF arena; imm: the opcode, and above it the atomic operation. */
  ARENA: 240,
  /** A store of the constant imm through one; src: bits of the size. */
  ARENA_ST: 241,
  /** imm: the operation, and from bit 16 on the opcode. */
  ATOMIC: 242,
  /** addr_space_cast to the user's address; imm 0: there is no arena. */
  CAST_USER: 243,
  /** A store of 2 bytes that does nothing for values from imm on. */
  STORE_BELOW: 244,
  /** Hooks are on: the real operation is in the code without traps. */
  TRAP: 245,
  /** An instruction the verifier never reached, or the end of the program. */
  DEAD: 246,
  /** A constant goes to {@link TEMP}; off: group of the operation that takes it from there, src: its number. */
  CONST: 247,
  /** Lookup in a hash table by the size of the key. */
  HASH_LOOKUP4: 248,
  HASH_LOOKUP8: 249,
  HASH_LOOKUP16: 250,
} as const;

/** Words an instruction takes: `op:8 dst:4 src:4 off:16` and the constant. */
export const WORDS = 2;
