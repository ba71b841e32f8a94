/**
 * The network devices of the emulated machine: the loopback, and one Ethernet card
 * that is connected to nothing. Packets of test runs come by them.
 */

/** One device. */
export interface NetDevice {
  readonly ifindex: number;
  readonly name: string;
  readonly mtu: number;
  readonly hardHeaderLen: number;
  readonly address: readonly number[];
  readonly broadcast: readonly number[];
  readonly rxQueues: number;
}

const DEVICES: readonly NetDevice[] = [
  {
    ifindex: 1,
    name: 'lo',
    mtu: 65536,
    hardHeaderLen: 14,
    address: [0, 0, 0, 0, 0, 0],
    broadcast: [0, 0, 0, 0, 0, 0],
    rxQueues: 1,
  },
  {
    ifindex: 2,
    name: 'eth0',
    mtu: 1500,
    hardHeaderLen: 14,
    address: [2, 0, 0, 0, 0, 1],
    broadcast: [255, 255, 255, 255, 255, 255],
    rxQueues: 1,
  },
];

/** The loopback device. */
export const LOOPBACK = DEVICES[0] as NetDevice;

/** The device with this index (`dev_get_by_index`), or undefined. */
export function netDevice(ifindex: number): NetDevice | undefined {
  return DEVICES.find((device) => device.ifindex === ifindex);
}
