/**
 * Kernel functions on packets and sockets. There is no connection tracking, no IPsec
 * and no network card with hints: those answer as a kernel without them.
 */
import { EINVAL, ENOENT, ENOTSUP } from '../../uapi/errno.ts';
import { XDP_FRAGS_MAX, xdpAt } from '../contexts/xdp.ts';
import type { HelperImpl } from '../helper.ts';
import type { Vm } from '../vm.ts';
import { DYNPTR, dynptrInit, dynptrSetNull } from './dynptr.ts';

/** Offset of `error` in struct bpf_ct_opts and struct bpf_xfrm_state_opts. */
const CT_OPTS_ERROR = 4;
const XFRM_OPTS_ERROR = 0;

function nothing(): number {
  return 0;
}

function unsupported(): number {
  return -ENOTSUP;
}

/** A lookup that finds nothing and says so in the options (their address is argument `at`). */
function finds(errno: number, at: number, errorOff: number): HelperImpl['fn'] {
  return (vm, ...args) => {
    const options = args[at] ?? 0;
    if (options !== 0) vm.env.arena.view.setInt32(options + errorOff, -errno, true);
    return 0;
  };
}

/** bpf_xdp_pull_data: moves bytes of the fragments to the linear part, so that it has `length`. */
function xdpPullData(vm: Vm, ctx = 0, length = 0): number {
  const xdp = xdpAt(vm, ctx);
  if (xdp === undefined) return -EINVAL;
  const wanted = length >>> 0;
  if (wanted > xdp.length) return -EINVAL;
  let missing = wanted - (xdp.dataEnd - xdp.data);
  if (missing <= 0) return 0;
  if (xdp.data + wanted > xdp.hardEnd) return -EINVAL;
  const { u8 } = vm.env.arena;
  for (let turn = 0; turn <= XDP_FRAGS_MAX && missing > 0; turn++) {
    const frag = xdp.frags[0]!;
    const count = Math.min(frag.length, missing);
    u8.copyWithin(xdp.dataEnd, frag.page, frag.page + count);
    xdp.dataEnd += count;
    missing -= count;
    frag.length -= count;
    if (frag.length === 0) xdp.dropFirstFrag();
    else u8.copyWithin(frag.page, frag.page + count, frag.page + count + frag.length);
  }
  xdp.sync();
  return 0;
}

/** bpf_dynptr_from_skb_meta: packets of socket buffers carry no metadata here: a dynptr of no bytes. */
function fromSkbMeta(vm: Vm, ctx = 0, lo = 0, hi = 0, ptr = 0): number {
  if (lo !== 0 || hi !== 0) {
    dynptrSetNull(vm, ptr);
    return -EINVAL;
  }
  dynptrInit(vm, ptr, ctx, DYNPTR.SKB_META, 0, 0);
  return 0;
}

/** Where bpf_session_cookie points: a word of the run's own. */
function sessionCookie(vm: Vm): number {
  return vm.ksym('bpf_session_cookie');
}

const CT_LOOKUP = {
  args: 'iiiii',
  ret: 'ptr',
  doc: 'No connection tracking: NULL, -ENOENT in the options.',
  fn: finds(ENOENT, 3, CT_OPTS_ERROR),
} as const;
const ON_CT = { args: 'ii', ret: 'int', doc: 'No connection tracking: -EINVAL.', fn: () => -EINVAL } as const;
const HINT = { args: 'iii', ret: 'int', doc: 'The device has no such hint: -EOPNOTSUPP.', fn: unsupported } as const;

export const PACKET_KFUNCS: readonly HelperImpl[] = [
  {
    name: 'bpf_xdp_pull_data',
    doc: 'Moves bytes of fragments to the linear part of the frame.',
    args: 'ii',
    ret: 'int',
    fn: xdpPullData,
  },
  { name: 'bpf_xdp_metadata_rx_timestamp', ...HINT },
  { name: 'bpf_xdp_metadata_rx_hash', ...HINT },
  { name: 'bpf_xdp_metadata_rx_vlan_tag', ...HINT },
  {
    name: 'bpf_dynptr_from_skb_meta',
    doc: 'A dynptr to the metadata of the packet, of which there is none.',
    args: 'ili',
    ret: 'int',
    fn: fromSkbMeta,
  },
  { name: 'bpf_xdp_ct_lookup', ...CT_LOOKUP },
  { name: 'bpf_skb_ct_lookup', ...CT_LOOKUP },
  { name: 'bpf_xdp_ct_alloc', ...CT_LOOKUP },
  { name: 'bpf_skb_ct_alloc', ...CT_LOOKUP },
  { name: 'bpf_ct_insert_entry', doc: 'No connection tracking: NULL.', args: 'i', ret: 'ptr', fn: nothing },
  { name: 'bpf_ct_release', doc: 'Nothing.', args: 'i', ret: 'void', fn: nothing },
  { name: 'bpf_ct_set_timeout', ...ON_CT, ret: 'void' },
  { name: 'bpf_ct_change_timeout', ...ON_CT },
  { name: 'bpf_ct_set_status', ...ON_CT },
  { name: 'bpf_ct_change_status', ...ON_CT },
  { name: 'bpf_ct_set_nat_info', ...ON_CT },
  {
    name: 'bpf_xdp_get_xfrm_state',
    doc: 'No IPsec: NULL, -ENOENT in the options.',
    args: 'iii',
    ret: 'ptr',
    fn: finds(ENOENT, 1, XFRM_OPTS_ERROR),
  },
  { name: 'bpf_xdp_xfrm_state_release', doc: 'Nothing.', args: 'i', ret: 'void', fn: nothing },
  {
    name: 'bpf_sk_assign_tcp_reqsk',
    doc: 'No TCP listeners: -EINVAL.',
    args: 'iiii',
    ret: 'int',
    fn: () => -EINVAL,
  },
  {
    name: 'bpf_sock_addr_set_sun_path',
    doc: 'No Unix sockets: -EINVAL.',
    args: 'iii',
    ret: 'int',
    fn: () => -EINVAL,
  },
  {
    name: 'bpf_sock_ops_enable_tx_tstamp',
    doc: 'Only while a message is sent, which does not happen: -EOPNOTSUPP.',
    args: 'il',
    ret: 'int',
    fn: unsupported,
  },
  {
    name: 'bpf_sock_destroy',
    doc: 'Sockets here cannot be destroyed: -EOPNOTSUPP.',
    args: 'i',
    ret: 'int',
    fn: unsupported,
  },
  { name: 'bpf_session_is_return', doc: 'The entry of the function: 0.', args: '', ret: 'int', fn: nothing },
  { name: 'bpf_session_cookie', doc: 'A word shared by entry and return.', args: '', ret: 'ptr', fn: sessionCookie },
];
