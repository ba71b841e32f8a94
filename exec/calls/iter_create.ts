/** BPF_ITER_CREATE where the caller sees the mount: an iterator is read as a file of it, piece by piece. */
import { close, constants, open } from 'node:fs';
import type { BpfFile } from '../../base/object.ts';
import { hiddenOf } from '../../fs/hidden.ts';
import { IterObject } from '../../syscall/iter/link.ts';
import { BPF_CMD } from '../../uapi/bpf.ts';
import type { CurrentCall } from '../call.ts';
import { ANSWERED } from '../native.ts';

/** Where commands see the file system. */
const MOUNT_POINT = '/sys/fs/bpf';

/** A new iterator that can be given away as a file of the mount. */
export function isIterator(call: CurrentCall, pending: BpfFile, result: number): boolean {
  return result >= 0 && pending.object instanceof IterObject && call.host.pins !== undefined;
}

/**
 * Answers ITER_CREATE with a file of the mount, opened by another thread since this one
 * serves it; where the caller does not see the mount, with a file that holds all of the
 * text. `done` is told the result.
 */
export function openIterator(call: CurrentCall, pending: BpfFile, done: (result: number) => void): number {
  const { caller, native } = call;
  caller.pending = undefined;
  const { tid } = caller;
  const hidden = hiddenOf(call.host.kernel);
  const name = hidden.add(pending.object);
  const resume = call.later();
  open(`/proc/${tid}/root${MOUNT_POINT}/${name}`, constants.O_RDONLY, (error, file) => {
    hidden.drop(name);
    resume(() => {
      // install() puts the file it is given.
      pending.get();
      const fd = error === null ? native.supInject(file, true) : caller.install(pending, BPF_CMD.ITER_CREATE);
      if (error === null) pending.put();
      done(fd);
      return fd < 0 ? fd : ANSWERED;
    });
    pending.put();
    if (error === null) close(file, () => {});
  });
  return ANSWERED;
}
