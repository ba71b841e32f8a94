/** What happens to the special fields of a map value that goes away (`bpf_obj_free_fields`). */
import type { BpfMap } from '../maps/map.ts';
import { drainList, drainTree, objDrop } from './helpers/kfunc_object.ts';
import type { Vm } from './vm.ts';

/** The function a map calls for each special field of a value it frees ({@link BpfMap.freeField}). */
export function freeMapField(vm: Vm): NonNullable<BpfMap['freeField']> {
  return (_map, field, address) => {
    switch (field.kind) {
      case 'bpf_timer':
      case 'bpf_wq':
      case 'bpf_task_work':
        vm.timers.free(address);
        return;
      case 'kptr_ref':
      case 'kptr_percpu':
        objDrop(vm, vm.env.arena.view.getInt32(address, true));
        return;
      case 'bpf_list_head':
        drainList(vm, address, field.nodeOffset ?? 0);
        return;
      case 'bpf_rb_root':
        drainTree(vm, address, field.nodeOffset ?? 0);
        return;
      default:
        return;
    }
  };
}
