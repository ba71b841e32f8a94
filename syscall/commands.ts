/** The commands of bpf(2) by number. */
import { progAttach, progDetach, progQuery } from './attach.ts';
import { btfLoad } from './btf_load.ts';
import type { Command } from './dispatch.ts';
import { btfGetFdById, getNextId, linkGetFdById, mapGetFdById, progGetFdById } from './ids.ts';
import { iterCreate } from './iter/link.ts';
import { fillLinkInfo, linkDetach, linkUpdate } from './link.ts';
import { linkCreate } from './link_create.ts';
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
import { enableStats, progBindMap, progStreamRead, taskFdQuery, tokenCreate } from './misc_commands.ts';
import { commandInfo, fillBtfInfo, fillMapInfo, MAP_INFO } from './obj_info.ts';
import { objGet, objPin } from './pin.ts';
import { fillProgInfo, PROG_INFO } from './prog_info.ts';
import { progLoad } from './prog_load.ts';
import { rawTracepointOpen } from './raw_tracepoint.ts';
import { progTestRun } from './test_run.ts';

const objGetInfoByFd = commandInfo({
  map: { size: (kernel) => kernel.profile.infoSize.map, checkFrom: MAP_INFO.size, fill: fillMapInfo },
  prog: { size: (kernel) => kernel.profile.infoSize.prog, checkFrom: PROG_INFO.size, fill: fillProgInfo },
  btf: { size: (kernel) => kernel.profile.infoSize.btf, fill: fillBtfInfo, noSpaceIsPartial: true },
  link: { size: (kernel) => kernel.profile.infoSize.link, fill: fillLinkInfo },
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
  progAttach,
  progDetach,
  progTestRun,
  getNextId('progs'),
  getNextId('maps'),
  progGetFdById,
  mapGetFdById,
  objGetInfoByFd,
  progQuery,
  rawTracepointOpen,
  btfLoad,
  btfGetFdById,
  taskFdQuery,
  mapLookupAndDeleteElem,
  mapFreeze,
  getNextId('btfs'),
  mapLookupBatch,
  mapLookupAndDeleteBatch,
  mapUpdateBatch,
  mapDeleteBatch,
  linkCreate,
  linkUpdate,
  linkGetFdById,
  getNextId('links'),
  enableStats,
  iterCreate,
  linkDetach,
  progBindMap,
  tokenCreate,
  progStreamRead,
];
