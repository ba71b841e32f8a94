/** Objects of the emulated kernel as its structures: what programs read through BTF pointers. */
import type { BpfProgBase } from '../../base/prog.ts';
import type { Btf } from '../../btf/btf.ts';
import { type BpfMap, MAP_HEADER_SIZE } from '../../maps/map.ts';
import { Image, type Images } from '../../vm/images.ts';
import type { Kernel } from '../kernel.ts';
import type { BpfLink } from '../link.ts';
import { LoadedProg } from '../loaded_prog.ts';

/** A larger BTF is not copied for a program to read. */
const BTF_MAX = 1 << 20;
/** Room of a link behind `struct bpf_link`: kinds have more fields, which read as 0. */
const LINK_SIZE = 256;
/** Bytes of `struct bpf_func_info`. */
const FUNC_INFO_SIZE = 8;

/** `struct bpf_map`: the map's own header, with what changes brought up to date. */
export function mapImage(kernel: Kernel, map: BpfMap): number {
  const image = new Image(kernel.vm.env, 'bpf_map', map.addr, MAP_HEADER_SIZE);
  image
    .text('name', map.name)
    .set('numa_node', map.numaNode)
    .set('btf_key_type_id', map.btfKeyTypeId)
    .set('btf_value_type_id', map.btfValueTypeId)
    .set('btf_vmlinux_value_type_id', map.btfVmlinuxValueTypeId)
    .set('refcnt', map.refcnt - map.doorRefs)
    .set('usercnt', map.usercnt - map.doorRefs)
    .set('frozen', map.frozen);
  return map.addr;
}

/** `struct bpf_prog` with its `aux`. */
export function progImage(images: Images, prog: BpfProgBase): number {
  if (!(prog instanceof LoadedProg)) return 0;
  const { facts } = prog;
  const image = images.make('bpf_prog');
  const aux = images.make('bpf_prog_aux');
  image
    .set('pages', 1)
    .set('jited', prog.jited)
    .set('jit_requested', 1)
    .set('gpl_compatible', facts.gplCompatible)
    .set('sleepable', prog.sleepable)
    .set('type', prog.type)
    .set('expected_attach_type', prog.expectedAttachType)
    .set('len', prog.shown.insns.length / 8)
    .bytes('tag', prog.tag)
    .ptr('aux', aux.addr);
  aux
    .set('refcnt', prog.refcnt)
    .set('id', prog.id)
    .set('used_map_cnt', prog.usedMaps.length)
    .set('max_ctx_offset', facts.maxCtxOffset)
    .set('max_tp_access', facts.maxTpAccess)
    .set('func_cnt', prog.funcCount > 1 ? prog.funcCount : 0)
    .set('real_func_cnt', prog.funcCount)
    .set('attach_btf_id', facts.attachBtfId)
    .set('load_time', facts.loadTime)
    .set('verified_insns', facts.verifiedInsns)
    .set('xdp_has_frags', prog.xdpHasFrags)
    .text('name', prog.name)
    .ptr('prog', image.addr);
  const target = facts.attachBtf?.type(facts.attachBtfId)?.name ?? facts.dstProg?.name ?? '';
  if (target !== '') aux.ptr('attach_func_name', images.text(target));
  if (facts.dstProg !== undefined) aux.ptr('dst_prog', progImage(images, facts.dstProg));
  if (facts.btf !== undefined && facts.btf.bytes.length <= BTF_MAX) aux.ptr('btf', btfImage(images, facts.btf));
  if (facts.funcInfo.length > 0) {
    aux.ptr('func_info', images.copy(facts.funcInfo)).set('func_info_cnt', facts.funcInfo.length / FUNC_INFO_SIZE);
  }
  return image.addr;
}

/** `struct btf`: its data, its types and its strings. */
function btfImage(images: Images, btf: Btf): number {
  const { table } = btf;
  const image = images.make('btf');
  const data = images.copy(btf.bytes);
  const types = images.block(btf.nrTypes * 8);
  if (data === 0 || types === 0) return image.addr;
  const pointers = new Image(images.env, 'btf', types, 0);
  for (let id = 1; id < btf.nrTypes; id++) pointers.ptrAt(id * 8, data + table.offset(id));
  return image
    .set('id', btf.id)
    .set('data_size', btf.bytes.length)
    .set('nr_types', btf.nrTypes - 1)
    .bytes('hdr', btf.bytes)
    .ptr('data', data)
    .ptr('types', types)
    .ptr('strings', data + table.strings).addr;
}

/** `struct bpf_link`. */
export function linkImage(images: Images, link: BpfLink): number {
  const addr = images.block(LINK_SIZE);
  if (addr === 0) return 0;
  new Image(images.env, 'bpf_link', addr, LINK_SIZE)
    .set('refcnt', link.refcnt)
    .set('id', link.id)
    .set('type', link.linkType)
    .set('attach_type', link.attachType)
    .ptr('prog', link.prog.id === 0 ? 0 : progImage(images, link.prog));
  return addr;
}
