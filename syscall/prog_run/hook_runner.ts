/** Runs programs of hooks with a context of their own: netfilter, flow dissectors; and extensions, which are functions. */
import { E2BIG, EINVAL, ENOMEM, Errno } from '../../uapi/errno.ts';
import { FLOW_KEYS, FlowDissector } from '../../vm/contexts/flow.ts';
import { LOOPBACK } from '../../vm/contexts/netdev.ts';
import { NetfilterContext } from '../../vm/contexts/netfilter.ts';
import { ETH_HLEN, ETH_P_IP, ETH_P_IPV6, IPV4_HLEN, SKB_HEADROOM, SKB_TAILROOM, Skb } from '../../vm/contexts/skb.ts';
import { Images } from '../../vm/images.ts';
import type { BpfProg } from '../../vm/prog.ts';
import { pointerBits } from '../../vm/vm.ts';
import { ArgumentMemory } from './arguments.ts';
import type { FieldValue, ProgEvent, ProgOutcome, ProgRunner } from './event.ts';
import { FieldTable, toBigInt } from './fields.ts';
import { verdictName } from './verdicts.ts';

const PACKET_MAX = 65_535;
const NFPROTO_IPV4 = 2;
const NFPROTO_IPV6 = 10;
const NF_INET_HOOKS = 5;
const NF_INET_LOCAL_OUT = 3;
/** Members of an iterator's context. */
const ITER_ARGS_MAX = 8;
/** Text one run of an iterator may write. */
const TEXT_MAX = 1 << 20;
const WORD = 8;
/** Arguments a function takes in registers. */
const ARGS_MAX = 5;

/** struct bpf_flow_keys. */
const KEYS = new FieldTable([
  { name: 'nhoff', off: FLOW_KEYS.nhoff, size: 2 },
  { name: 'thoff', off: FLOW_KEYS.thoff, size: 2 },
  { name: 'addr_proto', off: FLOW_KEYS.addrProto, size: 2 },
  { name: 'is_frag', off: 6, size: 1 },
  { name: 'is_first_frag', off: 7, size: 1 },
  { name: 'is_encap', off: 8, size: 1 },
  { name: 'ip_proto', off: FLOW_KEYS.ipProto, size: 1 },
  { name: 'n_proto', off: FLOW_KEYS.nProto, size: 2 },
  { name: 'sport', off: 12, size: 2 },
  { name: 'dport', off: 14, size: 2 },
  ...Array.from({ length: 4 }, (_, i) => ({ name: `ipv6_src[${i}]`, off: 16 + 4 * i, size: 4 })),
  ...Array.from({ length: 4 }, (_, i) => ({ name: `ipv6_dst[${i}]`, off: 32 + 4 * i, size: 4 })),
  { name: 'flags', off: FLOW_KEYS.flags, size: 4 },
  { name: 'flow_label', off: 52, size: 4 },
]);

function packetOf(event: ProgEvent, least: number, what: string): Uint8Array {
  const data = event.data ?? new Uint8Array(0);
  if (data.length < least)
    throw new Errno(EINVAL, `data: ${data.length} bytes found, at least ${least} (${what}) are wanted`);
  if (data.length > PACKET_MAX)
    throw new Errno(E2BIG, `data: ${data.length} bytes found, at most ${PACKET_MAX} are taken`);
  return data;
}

/** A small number of the context; `fallback` when it is not given. */
function numberOf(fields: Readonly<Record<string, FieldValue>>, name: string, fallback: number): number {
  const value = fields[name];
  return value === undefined ? fallback : Number(toBigInt(value, `ctx.${name}`));
}

function onlyFields(fields: Readonly<Record<string, FieldValue>>, known: readonly string[]): void {
  for (const name of Object.keys(fields))
    if (!known.includes(name))
      throw new Errno(EINVAL, `ctx.${name}: there is no such field; there are ${known.join(', ')}`);
}

function outcome(prog: BpfProg, retval: number, rest: Omit<ProgOutcome, 'retval' | 'verdict'> = {}): ProgOutcome {
  const verdict = verdictName(prog.type, retval);
  return { retval, ...(verdict === undefined ? {} : { verdict }), ...rest };
}

/** Runs netfilter programs: `data` is an IP packet, `ctx` says which hook sees it (`hook`, `pf`). */
export class NetfilterRunner implements ProgRunner {
  readonly #prog: BpfProg;

  constructor(prog: BpfProg) {
    this.#prog = prog;
  }

  run(event: ProgEvent): ProgOutcome {
    const data = packetOf(event, IPV4_HLEN, 'an IP header');
    const fields = event.ctx ?? {};
    onlyFields(fields, ['hook', 'pf']);
    const version = (data[0] ?? 0) >> 4;
    const hook = numberOf(fields, 'hook', NF_INET_LOCAL_OUT);
    const pf = numberOf(fields, 'pf', version === 6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
    if (hook < 0 || hook >= NF_INET_HOOKS) throw new Errno(EINVAL, `ctx.hook: ${hook} found, 0 to 4 is wanted`);
    if (pf !== NFPROTO_IPV4 && pf !== NFPROTO_IPV6)
      throw new Errno(EINVAL, `ctx.pf: ${pf} found, ${NFPROTO_IPV4} (IPv4) or ${NFPROTO_IPV6} (IPv6) is wanted`);
    const { vm } = this.#prog;
    const skb = new Skb(vm);
    try {
      const at = skb.init(data.length, SKB_HEADROOM, SKB_TAILROOM);
      if (at < 0) throw new Errno(ENOMEM, 'No arena memory for the packet');
      vm.env.arena.u8.set(data, at);
      skb.protocol = pf === NFPROTO_IPV4 ? ETH_P_IP : ETH_P_IPV6;
      skb.resetNetworkHeader();
      const context = new NetfilterContext(vm, skb, { hook, pf, out: LOOPBACK });
      try {
        const retval = this.#prog.run(context.ctx);
        return outcome(this.#prog, retval, { data: vm.env.arena.u8.slice(skb.data, skb.tail) });
      } finally {
        context.release();
      }
    } finally {
      skb.release();
    }
  }

  release(): void {}
}

/** Runs flow dissectors: `data` is a frame, `ctx.flags` how it is to be dissected; the keys come back as `ctx`. */
export class FlowRunner implements ProgRunner {
  readonly #prog: BpfProg;

  constructor(prog: BpfProg) {
    this.#prog = prog;
  }

  run(event: ProgEvent): ProgOutcome {
    const data = packetOf(event, ETH_HLEN, 'an Ethernet header');
    const fields = event.ctx ?? {};
    onlyFields(fields, ['flags']);
    const { vm } = this.#prog;
    const flow = new FlowDissector(vm, data.length);
    try {
      if (flow.data === 0) throw new Errno(ENOMEM, 'No arena memory for the packet');
      vm.env.arena.u8.set(data, flow.data);
      flow.begin(numberOf(fields, 'flags', 0));
      const retval = this.#prog.run(flow.ctx);
      flow.clampOffsets();
      return outcome(this.#prog, retval, { ctx: KEYS.read(vm.env.arena, flow.keys) });
    } finally {
      flow.release();
    }
  }

  release(): void {}
}

/** Runs a function, as an extension is one: `args` are its arguments. */
export class FunctionRunner implements ProgRunner {
  readonly #prog: BpfProg;

  constructor(prog: BpfProg) {
    this.#prog = prog;
  }

  run(event: ProgEvent): ProgOutcome {
    const given = event.args ?? [];
    if (given.length > ARGS_MAX) throw new Errno(E2BIG, `args: at most ${ARGS_MAX} are taken`);
    const { vm } = this.#prog;
    const memory = new ArgumentMemory(vm, this.#prog);
    try {
      for (let i = 0; i < ARGS_MAX; i++) {
        const value = i < given.length ? memory.value(given[i] as FieldValue, i) : 0n;
        vm.setArg(i, Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
      }
      return outcome(this.#prog, this.#prog.callFunc(0) >>> 0);
    } finally {
      memory.release();
    }
  }

  release(): void {}
}

/** Runs an iterator on one object: `args` are what follows `meta` in its context; what it writes comes back as `text`. */
export class IterRunner implements ProgRunner {
  readonly #prog: BpfProg;
  /** Number of the object, and of the run, as `meta` tells it. */
  #seqNum = 0n;

  constructor(prog: BpfProg) {
    this.#prog = prog;
  }

  run(event: ProgEvent): ProgOutcome {
    const given = event.args ?? [];
    if (given.length >= ITER_ARGS_MAX) throw new Errno(E2BIG, `args: at most ${ITER_ARGS_MAX - 1} are taken`);
    const { vm } = this.#prog;
    const { arena } = vm.env;
    const images = new Images(vm.env);
    const memory = new ArgumentMemory(vm, this.#prog);
    const seq = images.block(WORD);
    let text = '';
    try {
      vm.seqFiles.set(seq, {
        write: (bytes) => {
          text += String.fromCharCode(...bytes);
          return text.length <= TEXT_MAX;
        },
      });
      const meta = images
        .make('bpf_iter_meta')
        .ptr('seq', seq)
        .set('session_id', 1)
        .set('seq_num', this.#seqNum++);
      const ctx = images.block(ITER_ARGS_MAX * WORD);
      arena.view.setBigUint64(ctx, pointerBits(meta.addr), true);
      given.forEach((value, i) => {
        arena.view.setBigUint64(ctx + (i + 1) * WORD, memory.value(value, i + 1), true);
      });
      return outcome(this.#prog, this.#prog.run(ctx), { text });
    } finally {
      vm.seqFiles.delete(seq);
      memory.release();
      images.free();
    }
  }

  release(): void {}
}
