/** The helpers that work on packets, sockets and contexts; a file a topic. */
import type { HelperRecord } from '../helper.ts';
import { XDP_HELPERS } from './xdp.ts';

export const PACKET_HELPERS: readonly HelperRecord[] = [...XDP_HELPERS];
