/**
 * The checks of PROG_LOAD before the verifier sees the program, in the kernel's order
 * (`bpf_prog_load`, kernel/bpf/syscall.c; recorded in the golden sequence load/order/pairs).
 */
import type { BpfProgBase } from '../base/prog.ts';
import type { Btf } from '../btf/btf.ts';
import { BPF_F_PROG, BPF_PROG_TYPE } from '../uapi/bpf.ts';
import { CAP } from '../uapi/capability.ts';
import { E2BIG, EFAULT, EINVAL, ENOMEM, ENOTSUP, ENOTSUPP, EPERM } from '../uapi/errno.ts';
import {
  checkLoadAttach,
  fixupAttachType,
  isUnprivilegedType,
  needsNetAdmin,
  needsPerfmon,
} from '../vm/progtypes/load_rules.ts';
import { TABLES } from '../vm/tables.ts';
import type { ProgTypeRules, VerifierCaps } from '../vm/verifier/types.ts';
import { type Attr, objName } from './attr.ts';
import { PROG_LOAD } from './attr_table.ts';
import type { Caller } from './caller.ts';
import { btfOf, capable, progOf, tokenOf } from './fd.ts';
import type { Kernel } from './kernel.ts';
import { deviceOf } from './netdev.ts';
import { readString } from './user_string.ts';

const AT = PROG_LOAD.at;
const F = BPF_F_PROG;
const KNOWN_FLAGS =
  F.STRICT_ALIGNMENT |
  F.ANY_ALIGNMENT |
  F.TEST_RND_HI32 |
  F.TEST_STATE_FREQ |
  F.SLEEPABLE |
  F.XDP_HAS_FRAGS |
  F.XDP_DEV_BOUND_ONLY |
  F.TEST_REG_INVARIANTS |
  F.TOKEN_FD;

/** Most instructions without CAP_BPF (`BPF_MAXINSNS`). */
const MAXINSNS = 4096;
const LICENSE_MAX = 127;
/** Largest signature (`KMALLOC_MAX_CACHE_SIZE`). */
const SIGNATURE_MAX = 8192;
/** Keyrings there always are: system ones 0 to 2, and the special ones of every user (negative). */
const KEYRING_SYSTEM_MAX = 2;
const KEYRINGS_USER: readonly number[] = [-3, -4, -5];

/** Licenses that GPL-only helpers take (`license_is_gpl_compatible`). */
const GPL_LICENSES: ReadonlySet<string> = new Set([
  'GPL',
  'GPL v2',
  'GPL and additional rights',
  'Dual BSD/GPL',
  'Dual MIT/GPL',
  'Dual MPL/GPL',
]);

/** Attributes that were accepted, ready for the verifier. */
export interface ProgRequest {
  readonly type: number;
  readonly rules: ProgTypeRules;
  readonly expectedAttachType: number;
  readonly flags: number;
  readonly insns: Uint8Array;
  readonly gplCompatible: boolean;
  readonly name: string;
  readonly caps: VerifierCaps;
  /** The program or the BTF it attaches to. */
  readonly dstProg: BpfProgBase | undefined;
  readonly attachBtf: Btf | undefined;
  readonly attachBtfId: number;
}

/** Checks the attributes: what was asked for, or -errno. */
export function checkProgAttrs(kernel: Kernel, attr: Attr, caller: Caller): ProgRequest | number {
  const flags = attr.get(AT.prog_flags);
  if ((flags & ~KNOWN_FLAGS) !== 0) return -EINVAL;
  const type = attr.get(AT.prog_type);
  const expectedAttachType = fixupAttachType(type, attr.get(AT.expected_attach_type));
  if ((flags & F.TOKEN_FD) !== 0) return tokenOf(caller, attr.getSigned(AT.prog_token_fd));
  const caps: VerifierCaps = {
    bpf: capable(caller, CAP.BPF),
    perfmon: capable(caller, CAP.PERFMON),
    netAdmin: capable(caller, CAP.NET_ADMIN),
    sysAdmin: caller.hasCap(CAP.SYS_ADMIN),
  };
  if (kernel.profile.unprivilegedBpfDisabled !== 0 && !caps.bpf) return -EPERM;
  const count = attr.get(AT.insn_cnt);
  if (count === 0 || count > (caps.bpf ? kernel.profile.maxProcessedInsns : MAXINSNS)) return -E2BIG;
  if (!isUnprivilegedType(type) && !caps.bpf) return -EPERM;
  if (needsNetAdmin(type) && !caps.netAdmin) return -EPERM;
  if (needsPerfmon(type) && !caps.perfmon) return -EPERM;

  const attachBtfId = attr.get(AT.attach_btf_id);
  const target = attachTarget(kernel, attr, caller, attachBtfId);
  if (typeof target === 'number') return target;
  const attach = checkLoadAttach({
    type,
    expectedAttachType,
    attachBtfId,
    hasAttachBtf: target.btf !== undefined,
    hasDstProg: target.prog !== undefined,
  });
  if (attach < 0) return attach;

  const insns = new Uint8Array(count * 8);
  if (caller.read(attr.addr(AT.insns), insns) < 0) return -EFAULT;
  const license = readString(caller, attr.addr(AT.license), LICENSE_MAX);
  if (license === undefined) return -EFAULT;
  const signature = checkSignature(attr, caller);
  if (signature < 0) return signature;
  const device = checkDevice(caller, type, flags, attr.get(AT.prog_ifindex));
  if (device < 0) return device;
  const rules = TABLES.progType(type);
  if (rules === undefined) return -EINVAL;
  const name = objName(attr.u8, AT.prog_name, 16);
  if (typeof name === 'number') return name;
  return {
    type,
    rules,
    expectedAttachType,
    flags,
    insns,
    gplCompatible: GPL_LICENSES.has(license),
    name,
    caps,
    dstProg: target.prog,
    attachBtf: target.btf,
    attachBtfId,
  };
}

/** What attach_prog_fd (or attach_btf_obj_fd) and attach_btf_id name. */
function attachTarget(
  kernel: Kernel,
  attr: Attr,
  caller: Caller,
  btfId: number,
): { readonly prog?: BpfProgBase; readonly btf?: Btf } | number {
  const fd = attr.get(AT.attach_prog_fd);
  if (fd !== 0) {
    const prog = progOf(caller, fd);
    if (typeof prog !== 'number') return { prog };
    const btf = btfOf(caller, fd);
    if (typeof btf === 'number') return -EINVAL;
    return btf.isKernel ? { btf } : -ENOTSUPP;
  }
  if (btfId === 0) return {};
  const btf = kernel.vmlinux;
  return btf === undefined ? -EINVAL : { btf };
}

/** Signatures need a keyring, and this kernel has none that could verify one (`bpf_prog_verify_signature`). */
function checkSignature(attr: Attr, caller: Caller): number {
  const usig = attr.addr(AT.signature);
  if (usig === 0) return 0;
  const size = attr.get(AT.signature_size);
  if (size > SIGNATURE_MAX) return -EINVAL;
  const keyring = attr.getSigned(AT.keyring_id);
  const known = (keyring >= 0 && keyring <= KEYRING_SYSTEM_MAX) || KEYRINGS_USER.includes(keyring);
  if (!known) return -EINVAL;
  return caller.read(usig, new Uint8Array(size)) < 0 ? -ENOMEM : -ENOTSUP;
}

/** No net device here lets programs be bound to it (`bpf_prog_dev_bound_init`). */
function checkDevice(caller: Caller, type: number, flags: number, ifindex: number): number {
  if (ifindex === 0) return 0;
  const bound = (flags & F.XDP_DEV_BOUND_ONLY) !== 0;
  if (type !== BPF_PROG_TYPE.SCHED_CLS && type !== BPF_PROG_TYPE.XDP) return -EINVAL;
  if ((flags & ~(F.XDP_DEV_BOUND_ONLY | F.XDP_HAS_FRAGS)) !== 0) return -EINVAL;
  if ((flags & F.XDP_HAS_FRAGS) !== 0 && !bound) return -EINVAL;
  if (type === BPF_PROG_TYPE.SCHED_CLS && bound) return -EINVAL;
  return deviceOf(caller, ifindex) === undefined ? -EINVAL : -ENOTSUP;
}
