/** Helpers that read the machine: time, CPU, random numbers (man bpf-helpers). */
import type { HelperRecord } from '../helper.ts';
import { PERCPU_STRIDE, type Vm } from '../vm.ts';

/** CLOCK_TAI is ahead of CLOCK_REALTIME by the leap seconds since 1972. */
const TAI_OFFSET_NS = 37_000_000_000n;
/** CONFIG_HZ of distribution kernels, and where jiffies begin (`INITIAL_JIFFIES`, as 64 bits). */
const NS_PER_JIFFY = 4_000_000n;
const INITIAL_JIFFIES = 0x1_0000_0000n - 300n * 250n;

function perCpuPtr(vm: Vm, pointer = 0, cpu = 0): number {
  if (pointer === 0 || cpu >>> 0 >= vm.env.nrCpus) return 0;
  return pointer + cpu * PERCPU_STRIDE;
}

export const SYSTEM_HELPERS: readonly HelperRecord[] = [
  {
    id: 5,
    name: 'ktime_get_ns',
    doc: 'CLOCK_MONOTONIC in nanoseconds.',
    args: '',
    ret: 'long',
    fn: (vm) => vm.retBig(vm.env.clock.monotonic()),
  },
  {
    id: 125,
    name: 'ktime_get_boot_ns',
    doc: 'CLOCK_BOOTTIME in nanoseconds.',
    args: '',
    ret: 'long',
    fn: (vm) => vm.retBig(vm.env.clock.boottime()),
  },
  {
    id: 160,
    name: 'ktime_get_coarse_ns',
    doc: 'CLOCK_MONOTONIC at the last tick.',
    args: '',
    ret: 'long',
    fn: (vm) => {
      const now = vm.env.clock.monotonic();
      return vm.retBig(now - (now % NS_PER_JIFFY));
    },
  },
  {
    id: 208,
    name: 'ktime_get_tai_ns',
    doc: 'CLOCK_TAI in nanoseconds.',
    args: '',
    ret: 'long',
    fn: (vm) => vm.retBig(vm.env.clock.realtime() + TAI_OFFSET_NS),
  },
  {
    id: 118,
    name: 'jiffies64',
    doc: 'Ticks of 4 ms since five minutes before the clock began, plus 2^32.',
    args: '',
    ret: 'long',
    fn: (vm) => vm.retBig(INITIAL_JIFFIES + vm.env.clock.monotonic() / NS_PER_JIFFY),
  },
  {
    id: 7,
    name: 'get_prandom_u32',
    doc: 'Random 32 bits from the kernel’s source.',
    args: '',
    ret: 'uint',
    fn: (vm) => vm.env.random.u32() | 0,
  },
  {
    id: 8,
    name: 'get_smp_processor_id',
    doc: 'Number of the CPU the program runs on.',
    args: '',
    ret: 'uint',
    fn: (vm) => vm.env.cpu,
  },
  { id: 42, name: 'get_numa_node_id', doc: 'Always node 0.', args: '', ret: 'int', fn: () => 0 },
  {
    id: 153,
    name: 'per_cpu_ptr',
    doc: 'A CPU’s copy of a per-CPU variable; NULL for a CPU there is not.',
    args: 'ii',
    ret: 'ptr',
    fn: perCpuPtr,
  },
  {
    id: 154,
    name: 'this_cpu_ptr',
    doc: 'This CPU’s copy of a per-CPU variable.',
    args: 'i',
    ret: 'ptr',
    fn: (vm, pointer = 0) => perCpuPtr(vm, pointer, vm.env.cpu),
  },
  // Infrared remotes: no program type of this kernel may call them.
  {
    id: 77,
    name: 'rc_repeat',
    doc: 'Repeats the last key: there are no remotes, 0.',
    args: 'i',
    ret: 'int',
    fn: () => 0,
  },
  { id: 78, name: 'rc_keydown', doc: 'Reports a key: there are no remotes, 0.', args: 'illi', ret: 'int', fn: () => 0 },
  {
    id: 92,
    name: 'rc_pointer_rel',
    doc: 'Reports a motion: there are no remotes, 0.',
    args: 'iii',
    ret: 'int',
    fn: () => 0,
  },
];
