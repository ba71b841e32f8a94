/** The helpers that work on packets, sockets and contexts; a file a topic. */
import type { HelperImpl, HelperRecord } from '../helper.ts';
import { CGROUP_HELPERS } from './cgroup_hooks.ts';
import { CSUM_HELPERS } from './csum.ts';
import { CPUMASK_KFUNCS } from './kfunc_cpumask.ts';
import { ITER_KFUNCS } from './kfunc_iter.ts';
import { PACKET_KFUNCS } from './kfunc_packet.ts';
import { TASK_KFUNCS } from './kfunc_task.ts';
import { REDIRECT_HELPERS } from './redirect.ts';
import { SK_MSG_HELPERS } from './sk_msg.ts';
import { SKB_BYTES_HELPERS } from './skb_bytes.ts';
import { SKB_CHANGE_HELPERS } from './skb_change.ts';
import { SKB_INFO_HELPERS } from './skb_info.ts';
import { SOCK_HELPERS } from './sock.ts';
import { TRACE_HELPERS } from './trace_hooks.ts';
import { TUNNEL_HELPERS } from './tunnel.ts';
import { XDP_HELPERS } from './xdp.ts';

export const PACKET_HELPERS: readonly HelperRecord[] = [
  ...XDP_HELPERS,
  ...SKB_BYTES_HELPERS,
  ...CSUM_HELPERS,
  ...SKB_CHANGE_HELPERS,
  ...SKB_INFO_HELPERS,
  ...REDIRECT_HELPERS,
  ...SOCK_HELPERS,
  ...TUNNEL_HELPERS,
  ...CGROUP_HELPERS,
  ...SK_MSG_HELPERS,
  ...TRACE_HELPERS,
];

/** Kernel functions on packets, tasks, cgroups and CPU masks. */
export const OBJECT_KFUNC_LISTS: readonly HelperImpl[] = [
  ...CPUMASK_KFUNCS,
  ...TASK_KFUNCS,
  ...PACKET_KFUNCS,
  ...ITER_KFUNCS,
];
