/** Names of the lists of objects that every bpffs has (`populate_bpffs`; CONFIG_BPF_PRELOAD). */
export type DebugName = 'maps.debug' | 'progs.debug';

/** Whether a name is one of theirs. */
export function isDebugName(name: string): name is DebugName {
  return name === 'maps.debug' || name === 'progs.debug';
}
