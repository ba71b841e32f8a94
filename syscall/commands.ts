/**
 * The commands of bpf(2) by number. A command that is missing here is unknown to
 * this kernel and answers -EINVAL, as on a kernel that lacks it.
 */
import { EINVAL } from '../uapi/errno.ts';
import { btfLoad } from './btf_load.ts';
import type { Command } from './dispatch.ts';
import { btfGetFdById, getNextId, linkGetFdById, mapGetFdById, progGetFdById } from './ids.ts';
import { mapDeleteBatch, mapLookupAndDeleteBatch, mapLookupBatch, mapUpdateBatch } from './map_batch.ts';
import { mapCreate } from './map_create.ts';
import {
  mapDeleteElem,
  mapFreeze,
  mapGetNextKey,
  mapLookupAndDeleteElem,
  mapLookupElem,
  mapUpdateElem,
} from './map_elem.ts';
import { commandInfo, fillBtfInfo, fillMapInfo } from './obj_info.ts';
import { objGet, objPin } from './pin.ts';
import { fillProgInfo } from './prog_info.ts';
import { progLoad } from './prog_load.ts';
import { progTestRun } from './test_run.ts';

/** A command this kernel does not have. */
function missing(): number {
  return -EINVAL;
}

const objGetInfoByFd = commandInfo({
  map: { size: (kernel) => kernel.profile.infoSize.map, fill: fillMapInfo },
  prog: { size: (kernel) => kernel.profile.infoSize.prog, fill: fillProgInfo },
  btf: { size: (kernel) => kernel.profile.infoSize.btf, fill: fillBtfInfo },
});

/** Handlers in the order of `enum bpf_cmd`. */
export const COMMANDS: readonly Command[] = [
  mapCreate,
  mapLookupElem,
  mapUpdateElem,
  mapDeleteElem,
  mapGetNextKey,
  progLoad,
  objPin,
  objGet,
  missing, // PROG_ATTACH
  missing, // PROG_DETACH
  progTestRun,
  getNextId('progs'),
  getNextId('maps'),
  progGetFdById,
  mapGetFdById,
  objGetInfoByFd,
  missing, // PROG_QUERY
  missing, // RAW_TRACEPOINT_OPEN
  btfLoad,
  btfGetFdById,
  missing, // TASK_FD_QUERY
  mapLookupAndDeleteElem,
  mapFreeze,
  getNextId('btfs'),
  mapLookupBatch,
  mapLookupAndDeleteBatch,
  mapUpdateBatch,
  mapDeleteBatch,
  missing, // LINK_CREATE
  missing, // LINK_UPDATE
  linkGetFdById,
  getNextId('links'),
  missing, // ENABLE_STATS
  missing, // ITER_CREATE
  missing, // LINK_DETACH
  missing, // PROG_BIND_MAP
  missing, // TOKEN_CREATE
  missing, // PROG_STREAM_READ_BY_FD
];
