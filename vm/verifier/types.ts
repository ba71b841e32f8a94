/**
 * What goes into the verifier and what comes out of it. The tables of helpers,
 * program types and kernel functions are written in these shapes; the interpreter
 * and the JIT read {@link InsnAux}.
 */
import type { BpfLog } from '../../base/bpf_log.ts';
import type { Profile } from '../../base/profile.ts';
import type { Btf, BtfRecord } from '../../btf/btf.ts';
import type { VState } from './state.ts';

/** A map as far as the verifier looks at it; every BpfMap is one. */
export interface MapDesc {
  readonly id: number;
  readonly mapType: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly mapFlags: number;
  readonly mapExtra: bigint;
  readonly name: string;
  readonly frozen: boolean;
  readonly btf?: Btf | undefined;
  readonly btfKeyTypeId?: number;
  readonly btfValueTypeId?: number;
  readonly record?: BtfRecord | undefined;
  /** Map of maps: the template. */
  readonly innerMapMeta?: MapDesc | undefined;
  /** Prog arrays: type and kind of the owner, for compatibility (0: none yet). */
  readonly ownerProgType?: number;
  /** Hash of the only program that may use the map. */
  readonly exclProgHash?: Uint8Array | undefined;
  /** User address of an arena; 0 until it is chosen by map_extra or mmap() (`user_vm_start`). */
  readonly userVmStart?: bigint;
}

/**
 * The program as the tables see it when they decide: `get_func_proto`,
 * `is_valid_access` and the return ranges depend on these.
 */
export interface ProgContext {
  readonly type: number;
  readonly expectedAttachType: number;
  readonly sleepable: boolean;
  /** CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN, CAP_SYS_ADMIN (each implied by CAP_SYS_ADMIN where the kernel says so). */
  readonly caps: VerifierCaps;
  readonly gplCompatible: boolean;
  /** Name of the function attached to (LSM hook, fentry target), or empty. */
  readonly attachFuncName: string;
  /** struct_ops programs: the structure whose member {@link attachFuncName} is. */
  readonly attachStruct?: string;
  /** The loads of a direct packet access have been allowed (`may_access_direct_pkt_data` result is cached by the verifier). */
  readonly devBound: boolean;
}

export interface VerifierCaps {
  readonly bpf: boolean;
  readonly perfmon: boolean;
  readonly netAdmin: boolean;
  readonly sysAdmin: boolean;
}

/** Prototype of a helper (`struct bpf_func_proto`), as data. Constants of the types: `flags.ts`. */
export interface HelperProto {
  readonly id: number;
  /** Without `bpf_`: `map_lookup_elem`. */
  readonly name: string;
  /** `ARG_*`, up to five; shorter when the rest is ARG_DONTCARE. */
  readonly args: readonly number[];
  /** For ARG_PTR_TO_BTF_ID (and percpu) arguments: the vmlinux struct's name, by argument; for ARG_KPTR_XCHG `*`. */
  readonly argBtf?: readonly (string | undefined)[];
  /** For MEM_FIXED_SIZE arguments: the size in bytes, by argument. */
  readonly argSize?: readonly (number | undefined)[];
  /** `RET_*`. */
  readonly ret: number;
  /** For RET_PTR_TO_BTF_ID: the vmlinux struct's name. */
  readonly retBtf?: string;
  readonly gplOnly?: boolean;
  /** `pkt_access`: packet pointers may be passed as memory. */
  readonly pktAccess?: boolean;
  readonly mightSleep?: boolean;
  /** `allow_fastcall`. */
  readonly allowFastcall?: boolean;
  /** Changes packet data: `bpf_helper_changes_pkt_data`. */
  readonly changesPktData?: boolean;
  /** Where the program is attached decides (`allowed`): false is "helper call is not allowed in probe", EINVAL. */
  readonly allowed?: (prog: ProgContext) => boolean;
}

/** What a load or store of the context stands for (`struct bpf_insn_access_aux`). */
export interface CtxAccess {
  /** `SCALAR_VALUE` or the pointer type a load gives: `PTR_TO_PACKET`, `PTR_TO_SOCK_COMMON | PTR_MAYBE_NULL`, … */
  readonly regType: number;
  /** Width of the field for narrow loads (`ctx_field_size`), 0 when narrowing is not converted. */
  readonly fieldSize: number;
  /** For PTR_TO_BTF_ID: vmlinux struct's name. */
  readonly btfName?: string;
  /** Narrow loads that read from elsewhere than their own offset (fields the kernel keeps in fewer bytes): the offset. */
  readonly loadOff?: number;
  /** Bytes a load (sign-extended) or a store really touches, when they are not those of the instruction. */
  readonly realSize?: number;
  /** Stores of values from this on do nothing. */
  readonly storeBelow?: number;
  /** The conversion of the access fails: the program is refused in the end (`convert_ctx_accesses`). */
  readonly unconvertible?: true;
  /** For pointer fields: offset in the context's extension area of the 64-bit pointer. */
  readonly ptrOff?: number;
  /** For buffers of iterators etc.: `PTR_TO_BUF` size does not matter, kept by the verifier. */
  readonly memSize?: number;
}

/** The rules of one program type (`struct bpf_verifier_ops` + attach rules), as data and small functions. */
export interface ProgTypeRules {
  readonly type: number;
  /** `socket_filter`, …: as bpftool and libbpf name it. */
  readonly name: string;
  /** Size of the uapi context structure; -1: not addressed by offset table (tracing: see {@link ctxKind}). */
  readonly ctxSize: number;
  /**
   * How the context is checked: `table` through {@link ctxAccess}; `btf` by the attach prototype (`btf_ctx_access`);
   * `raw_tp`: 8-byte reads at multiples of 8 below 96 (12 for `raw_tp_writable`'s buffer at 0).
   */
  readonly ctxKind: 'table' | 'btf' | 'raw_tp' | 'none';
  /** Name of the vmlinux struct that is the context's uapi type (`struct __sk_buff`), for global functions and kfuncs. */
  readonly ctxUapiName: string;
  /** Name of the kernel's own (`struct sk_buff`): `bpf_ctx_convert`. */
  readonly ctxKernelName: string;
  /** `is_valid_access`: undefined is refusal (`invalid bpf_context access`). */
  ctxAccess(off: number, size: number, write: boolean, prog: ProgContext): CtxAccess | undefined;
  /** `get_func_proto`: undefined: this type (or caller) has no such helper. */
  helper(id: number, prog: ProgContext): HelperProto | undefined;
  /** `may_access_direct_pkt_data`: whether packet data may be read / written directly (before the helper's pkt_access). */
  directPktAccess(write: boolean, prog: ProgContext): boolean;
  /** Range r0 must be in at exit (`check_return_code`): undefined: anything goes. */
  returnRange(prog: ProgContext): ReturnRange | undefined;
  /** `may_access_skb`: BPF_LD_ABS and BPF_LD_IND are allowed. */
  readonly mayLdAbs: boolean;
}

/** Bounds of the return value; `retval32`: the check is of the low 32 bits (`return_32bit`). */
export interface ReturnRange {
  readonly min: number;
  readonly max: number;
}

/** A kernel function programs may call (`struct btf_id_set8` entry + meta). */
export interface KfuncProto {
  readonly name: string;
  /** `KF_*` flags, constants in vm/kfuncs. */
  readonly flags: number;
  /** Program types (BPF_PROG_TYPE) for which the function is registered; `BTF_KFUNC_HOOK`. Empty: all (common). */
  readonly progTypes: readonly number[];
  /** The program decides (`btf_kfunc_filter_t`): false is "calling kernel function is not allowed". */
  readonly allowed?: (prog: ProgContext) => boolean;
}

/** `KF_*` flags (include/linux/btf.h). */
export const KF_ACQUIRE = 1 << 0;
export const KF_RELEASE = 1 << 1;
export const KF_RET_NULL = 1 << 2;
export const KF_TRUSTED_ARGS = 1 << 4;
export const KF_SLEEPABLE = 1 << 5;
export const KF_DESTRUCTIVE = 1 << 6;
export const KF_RCU = 1 << 7;
export const KF_ITER_NEW = 1 << 8;
export const KF_ITER_NEXT = 1 << 9;
export const KF_ITER_DESTROY = 1 << 10;
export const KF_RCU_PROTECTED = 1 << 11;
export const KF_FASTCALL = 1 << 12;
export const KF_ARENA_RET = 1 << 13;
export const KF_ARENA_ARG2 = 1 << 15;

/** The tables the verifier works from. */
export interface VerifierTables {
  progType(type: number): ProgTypeRules | undefined;
  /** Name of a helper by id (`func_id_name`), whatever the program type; undefined beyond the last. */
  helperName(id: number): string | undefined;
  /** Whether a helper may move or change the packet, whoever calls it (`bpf_helper_changes_pkt_data`). */
  changesPktData(id: number): boolean;
  kfunc(name: string, progType: number): KfuncProto | undefined;
}

/** A function of the target program. */
export interface TargetFunc {
  /** Its type in the program's BTF. */
  readonly typeId: number;
  /** Its arguments are not what its type says. */
  readonly unreliable: boolean;
  readonly isExceptionCb: boolean;
  readonly changesPktData: boolean;
  readonly mightSleep: boolean;
}

/** The program that another one is put on. */
export interface TargetProg {
  readonly type: number;
  readonly expectedAttachType: number;
  readonly btf: Btf | undefined;
  /** Its functions that have BTF, the main one first. */
  readonly funcs: readonly TargetFunc[];
  /** It traces a tracing program itself. */
  readonly attachTracingProg: boolean;
  /** An extension: the type of what it replaces. */
  readonly savedDstProgType: number;
}

/** What a program attaches to, for program types with a target. */
export interface AttachTarget {
  /** Types the id is looked up in: the kernel's, or those of {@link prog}, which may have none. */
  readonly btf: Btf | undefined;
  readonly btfId: number;
  /** For programs that replace or trace another program. */
  readonly prog?: TargetProg | undefined;
}

/** All the verifier looks at. */
export interface VerifierInput {
  /** Raw instructions, 8 bytes each. */
  readonly insns: Uint8Array;
  readonly progType: number;
  readonly expectedAttachType: number;
  /** `BPF_F_*` of PROG_LOAD (STRICT_ALIGNMENT, ANY_ALIGNMENT, TEST_RND_HI32, TEST_STATE_FREQ, SLEEPABLE, XDP_HAS_FRAGS, …). */
  readonly progFlags: number;
  readonly gplCompatible: boolean;
  readonly caps: VerifierCaps;
  /** Map behind a descriptor, or a negative errno (EBADF, EINVAL). */
  mapByFd(fd: number): MapDesc | number;
  /** BTF object behind a descriptor (module kfuncs, ksyms), or a negative errno. */
  btfByFd?(fd: number): Btf | number;
  /** Entry of fd_array; undefined when there is no such array or the entry cannot be read. */
  fdArray?(index: number): number | undefined;
  /** Number of entries when fd_array_cnt was given. */
  readonly fdArrayCnt?: number;
  readonly btf?: Btf | undefined;
  /** func_info and line_info records as given. */
  readonly funcInfo?: Uint8Array | undefined;
  readonly funcInfoRecSize?: number;
  readonly lineInfo?: Uint8Array | undefined;
  readonly lineInfoRecSize?: number;
  /**
   * Counts as given, when they differ from what the bytes hold: the bytes end early when
   * the caller's memory does, and the errno is what reading on would have answered.
   */
  readonly funcInfoCnt?: number;
  readonly funcInfoErrno?: number;
  readonly lineInfoCnt?: number;
  readonly lineInfoErrno?: number;
  readonly coreRelos?: Uint8Array;
  readonly coreReloRecSize?: number;
  readonly coreReloCnt?: number;
  readonly coreReloErrno?: number;
  /** What is wrong with prog_btf_fd, asked when there are func_info or line_info records; 0: nothing. */
  readonly btfErrno?: number;
  /** SHA-256 of the program, without descriptors: maps may be one program's own. */
  progHash?(): Uint8Array;
  /** Maps of fd_array, when its length was given: they must suit the program too. */
  readonly arrayMaps?: readonly MapDesc[];
  /** What `process_fd_array` answers behind those maps, with its line in the log: ends the verification before it begins. */
  readonly fdArrayAnswer?: { readonly errno: number; readonly message: string };
  /** vmlinux BTF, read when first needed; undefined when there is none. */
  vmlinux(): Btf | undefined;
  readonly attach?: AttachTarget | undefined;
  readonly profile: Profile;
  readonly tables: VerifierTables;
  /** Bytes of a frozen read-only map's value, for constant folding; undefined when not readable. */
  readMapValue?(map: MapDesc, off: number, size: number): bigint | undefined;
  /** Where the log goes; level 0: nowhere. */
  readonly log: BpfLog;
  /**
   * Shown the state before each instruction that is checked, but for paths the processor
   * would only guess (tests compare it with what happens when the program runs).
   */
  observe?(state: VState, insnIdx: number, liveRegs: number): void;
  /** Paths are walked to their end, also where a state is like one seen before; loops that have no end excepted. */
  readonly exhaustive?: boolean;
  /** Told of faults of our own, for tests. */
  onBug?(error: unknown): void;
  /** CPU and nodes, for bpf_get_numa_node_id-like ranges: possible CPUs. */
  readonly nrCpus?: number;
  /** Milliseconds so far, for the `verification time` line of the statistics. */
  now?(): number;
  /** Page shift of the machine, 12. */
  readonly kernelJitSupportsSubprogTailcalls?: boolean;
}

/** Kinds of memory an access may touch, for engines that treat them differently. */
export const PTR_KIND = {
  NONE: 0,
  CTX: 1,
  STACK: 2,
  MAP_VALUE: 3,
  PACKET: 4,
  MEM: 5,
  /** BTF object: a faulting load reads 0. */
  BTF_PROBE: 6,
  ARENA: 7,
  SOCK: 8,
  FLOW_KEYS: 9,
  MAP_KEY: 10,
  /** Reached with more than one kind. */
  MIXED: 15,
} as const;

/** Facts about one instruction, filled while it is verified. */
export class InsnAux {
  /** Reached on some path; false: dead code. */
  seen = false;
  /** lddw of a map, or the call of a map helper: the map, when it is the same on every path. */
  map: MapDesc | undefined = undefined;
  /** The call of a map helper is reached with different maps. */
  mapPoison = false;
  /** lddw of a map value: offset in the value; -1 otherwise. */
  mapValueOff = -1;
  /** Constant key of an array lookup or tail call on every path; -1: not constant. */
  mapKeyConst = -1;
  /** Load of a pointer field of the context: offset in the extension area to load 64 bits from; -1 otherwise. */
  ctxPtr = -1;
  /** Load of the context that reads from another offset than its own; -1 otherwise. */
  ctxOff = -1;
  /** Bytes a load of the context (then sign-extended) or a store to it touches instead of its own; 0: its own. */
  ctxSize = 0;
  /** A store to the context does nothing for values from this on; 0: no limit. */
  ctxBelow = 0;
  /** Width of the context field a narrow load reads from, 0 when none. */
  ctxFieldSize = 0;
  /** `PTR_KIND` of the memory accessed. */
  ptrKind = 0;
  /** PTR_KIND.SOCK: type of the pointer (`PTR_TO_SOCKET`, …) whose fields are converted. */
  sockType = 0;
  /** Spill or fill around a fastcall that the kernel takes out; the engines run it. */
  isNop = false;
  /** 64-bit arithmetic with an address of an arena: only the lower half counts, the upper becomes 0 (`needs_zext`). */
  needsZext = false;
  /** Call of a subprogram, or lddw of a function: index of the subprogram; -1 otherwise. */
  subprog = -1;
  /** Helper called, 0 when none. */
  helperId = 0;
  /** Callback given to the helper or kfunc: subprogram; -1 otherwise. */
  callback = -1;
  /** Call of bpf_loop without flags and with one callback on every path: the callback; negative otherwise. */
  loopCallback = -1;
  /** kfunc called. */
  kfunc: string | undefined = undefined;
  /** lddw of a vmlinux variable: name; the engine decides its address. */
  ksym: string | undefined = undefined;
  /** Stores of the return value of ld_abs etc. need the packet: kept for symmetry. */
  btfStructName: string | undefined = undefined;
}

/** One function of the program. */
export interface SubprogInfo {
  /** First instruction. */
  readonly start: number;
  /** One after the last. */
  readonly end: number;
  /** Bytes of stack it uses, rounded as the kernel does. */
  readonly stackDepth: number;
  /** The same in the kernel, which takes slots of fastcalls out; where it is less than {@link stackDepth}. */
  readonly keptDepth?: number;
  readonly name: string;
  readonly hasTailCall: boolean;
  readonly hasLdAbs: boolean;
  readonly isCb: boolean;
  readonly isAsyncCb: boolean;
  readonly isExceptionCb: boolean;
  readonly isGlobal: boolean;
  /** Calls passed it other arguments than its type says; programs on it see five numbers. */
  readonly unreliable?: boolean;
  /** It, or what it calls, may change the packet; may sleep. */
  readonly changesPktData?: boolean;
  readonly mightSleep?: boolean;
}

/** The verdict. */
export interface VerifierResult {
  /** 0 or a negative errno. */
  readonly errno: number;
  readonly aux: readonly InsnAux[];
  readonly subprogs: readonly SubprogInfo[];
  /** Maps used, in order of first use. */
  readonly usedMaps: readonly MapDesc[];
  /** The program's bytes as CO-RE records left them; undefined: as they were given. */
  readonly insns?: Uint8Array | undefined;
  /** Instructions processed (`verified_insns`). */
  readonly verifiedInsns: number;
  /** Instructions of the program decoded from bytes with checks done. */
  readonly maxCtxOffset: number;
  readonly maxPktOffset: number;
  readonly maxTpAccess: number;
  /** Most bytes it reads of an iterator's read-only buffer, and of the one it may write (checked against the map of the link). */
  readonly maxRdonlyAccess: number;
  readonly maxRdwrAccess: number;
  readonly changesPktData: boolean;
  /** Some instruction stores to the packet (`seen_direct_write`). */
  readonly directWrite: boolean;
  readonly mightSleep: boolean;
  readonly cbAccess: boolean;
  readonly dstNeeded: boolean;
}
