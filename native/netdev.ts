/** The net devices of a process's net namespace, by number, from its /proc/PID/net. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The first device of every namespace. */
const LOOPBACK = 1;

/**
 * A name for the device with this number as thread `tid` sees it, equal for all who mean
 * the same device; undefined when there is none. /proc/PID/net/dev_snmp6 has a file for
 * every device that IPv6 knows, igmp has those that are up.
 */
export function netDeviceKey(tid: number, ifindex: number): string | undefined {
  if (ifindex <= 0 || ifindex > 0x7fffffff) return undefined;
  let namespace: string;
  try {
    namespace = readlinkSync(`/proc/${tid}/ns/net`);
  } catch {
    return undefined;
  }
  const known =
    ifindex === LOOPBACK ||
    new RegExp(`^${ifindex}\\s`, 'm').test(read(tid, 'igmp')) ||
    ofIpv6(tid).some((name) => new RegExp(`^ifIndex\\s+${ifindex}$`, 'm').test(read(tid, `dev_snmp6/${name}`)));
  return known ? `${namespace}:${ifindex}` : undefined;
}

function ofIpv6(tid: number): string[] {
  try {
    return readdirSync(`/proc/${tid}/net/dev_snmp6`);
  } catch {
    return [];
  }
}

function read(tid: number, name: string): string {
  try {
    return readFileSync(`/proc/${tid}/net/${name}`, 'latin1');
  } catch {
    return '';
  }
}
