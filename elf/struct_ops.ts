/**
 * Structures of operations in an object: variables in `.struct_ops` and
 * `.struct_ops.link`, whose members name programs. Each becomes a map; its value is
 * laid out anew for the kernel's structure of that name.
 */
import type { Btf, BtfType } from '../btf/btf.ts';
import { essentialName, plainType } from '../btf/core_spec.ts';
import { BTF_KIND } from '../btf/kinds.ts';
import { BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { EINVAL, ENOTSUP, Errno } from '../uapi/errno.ts';
import type { ElfFile, Section } from './file.ts';
import { emptyMap } from './maps.ts';
import type { MapSpec, StructOpsSpec } from './spec.ts';

/** The maps of the sections. */
export function collectStructOps(elf: ElfFile, btf: Btf | undefined): MapSpec[] {
  if (btf === undefined) return [];
  return elf.sections
    .filter((section) => section.name === '.struct_ops' || section.name === '.struct_ops.link')
    .flatMap((section) => sectionMaps(elf, section, btf));
}

function sectionMaps(elf: ElfFile, section: Section, btf: Btf): MapSpec[] {
  const datasec = btf.type(btf.find(section.name, BTF_KIND.DATASEC));
  const maps: MapSpec[] = [];
  for (const { type } of datasec?.vars ?? []) {
    const variable = btf.type(type);
    const struct = variable === undefined ? undefined : plainType(btf, variable.type);
    const symbol = elf.symbols.find((one) => one.name === variable?.name && one.section === section.index);
    if (variable === undefined || struct?.kind !== BTF_KIND.STRUCT || symbol === undefined) continue;
    const end = symbol.value + struct.size;
    if (end > section.bytes.length)
      throw new Errno(EINVAL, `Cannot read ${variable.name}: it lies outside of ${section.name}`);
    const programs = (elf.relocations.get(section.index) ?? [])
      .filter((one) => one.offset >= symbol.value && one.offset < end)
      .map((one) => [one.offset - symbol.value, one.symbol.name] as const);
    const map = emptyMap(variable.name);
    map.type = BPF_MAP_TYPE.STRUCT_OPS;
    map.keySize = 4;
    map.maxEntries = 1;
    map.flags = section.name.endsWith('.link') ? BPF_F_MAP.LINK : 0;
    map.structOps = {
      struct: struct.name,
      data: section.bytes.slice(symbol.value, end),
      programs: programs.map(([offset, name]) => [memberAt(struct, offset), name] as const),
      btf,
      typeId: struct.id,
    };
    maps.push(map);
  }
  return maps;
}

function memberAt(struct: BtfType, offset: number): string {
  const member = struct.members.find((one) => one.bitOffset === offset * 8);
  if (member === undefined) throw new Errno(EINVAL, `Cannot read ${struct.name}: there is no member at byte ${offset}`);
  return member.name;
}

/** Where a program stands in the kernel's structure: its type, and the member's index. */
export interface StructOpsSlot {
  readonly typeId: number;
  readonly index: number;
}

/** The slot that one of the maps has for a program; undefined when none names it. */
export function slotOf(maps: readonly MapSpec[], program: string, vmlinux: Btf | undefined): StructOpsSlot | undefined {
  for (const { structOps } of maps) {
    const member = structOps?.programs.find(([, name]) => name === program)?.[0];
    if (structOps === undefined || member === undefined || vmlinux === undefined) continue;
    const typeId = vmlinux.find(essentialName(structOps.struct), BTF_KIND.STRUCT);
    const index = vmlinux.type(typeId)?.members.findIndex((one) => one.name === member) ?? -1;
    if (typeId !== 0 && index >= 0) return { typeId, index };
  }
  return undefined;
}

/** The kernel's value of a structure: its type id and the bytes, with descriptors where programs stand. */
export function kernelValue(
  spec: StructOpsSpec,
  vmlinux: Btf,
  fdOf: (program: string) => number,
): { typeId: number; bytes: Uint8Array } {
  const name = essentialName(spec.struct);
  const typeId = vmlinux.find(`bpf_struct_ops_${name}`, BTF_KIND.STRUCT);
  const value = vmlinux.type(typeId);
  const data = value?.members.find((member) => member.name === 'data');
  const struct = data === undefined ? undefined : plainType(vmlinux, data.type);
  if (value === undefined || data === undefined || struct === undefined)
    throw new Errno(ENOTSUP, `Cannot load struct_ops ${spec.struct}: the kernel has none of that name`);
  const bytes = new Uint8Array(value.size);
  const view = new DataView(bytes.buffer);
  for (const member of spec.btf.type(spec.typeId)?.members ?? []) {
    const target = struct.members.find((one) => one.name === member.name);
    const from = member.bitOffset / 8;
    const size = spec.btf.typeIdSize(member.type)?.size ?? 0;
    const program = spec.programs.find(([slot]) => slot === member.name)?.[1];
    const part = spec.data.subarray(from, from + size);
    if (target === undefined) {
      if (program === undefined && part.every((byte) => byte === 0)) continue;
      throw new Errno(ENOTSUP, `Cannot load struct_ops ${spec.struct}: the kernel's has no member ${member.name}`);
    }
    const at = (data.bitOffset + target.bitOffset) / 8;
    if (program !== undefined) view.setInt32(at, fdOf(program), true);
    else if (vmlinux.typeIdSize(target.type)?.size === size) bytes.set(part, at);
    else
      throw new Errno(
        EINVAL,
        `Cannot load struct_ops ${spec.struct}: member ${member.name} has another size in the kernel`,
      );
  }
  return { typeId, bytes };
}
