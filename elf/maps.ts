/**
 * The maps of an object: definitions in .maps (described by BTF), the older `maps`
 * section, and one map for each section of global variables.
 */
import type { Btf, BtfType } from '../btf/btf.ts';
import { plainType, sizeOf } from '../btf/core_spec.ts';
import { BTF_KIND } from '../btf/kinds.ts';
import { BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { EINVAL, Errno } from '../uapi/errno.ts';
import type { Externs } from './externs.ts';
import { type ElfFile, type Section, SHT, STT } from './file.ts';
import type { MapSpec } from './spec.ts';

/** A map and where instructions find it: the section, and the offset of its definition (-1: the whole section). */
export interface PlacedMap {
  readonly map: MapSpec;
  readonly section: number;
  readonly offset: number;
}

/** Name of the .kconfig map's section, which is none: its values come from elsewhere. */
export const KCONFIG = '.kconfig';

const NAME_MAX = 15;

/** A map with nothing filled in. */
export function emptyMap(name: string, frozen = false): MapSpec {
  return {
    name,
    type: 0,
    keySize: 0,
    valueSize: 0,
    maxEntries: 0,
    flags: 0,
    numaNode: 0,
    extra: 0n,
    keyTypeId: 0,
    valueTypeId: 0,
    pinning: 0,
    inner: undefined,
    contents: undefined,
    frozen,
    slots: [],
    structOps: undefined,
  };
}

/** All maps of the object. `objectName` goes into the names of the maps of sections. */
export function collectMaps(elf: ElfFile, btf: Btf | undefined, externs: Externs, objectName: string): PlacedMap[] {
  const maps: PlacedMap[] = [];
  for (const section of elf.sections) {
    if (section.name === 'maps') maps.push(...legacyMaps(elf, section));
    else if (section.name === '.maps') maps.push(...btfMaps(elf, section, btf));
    else {
      const frozen = isReadOnlyData(section.name);
      if (isData(section) && (frozen || isWritableData(section.name)))
        maps.push({ map: dataMap(section, btf, objectName, frozen), section: section.index, offset: -1 });
    }
  }
  if (externs.kconfig.length > 0) {
    const map = sectionMap(KCONFIG, externs.kconfig, btf, objectName, true);
    maps.push({ map, section: -1, offset: -1 });
  }
  return maps;
}

function isData(section: Section): boolean {
  return section.size > 0 && (section.type === SHT.PROGBITS || section.type === SHT.NOBITS);
}
function isReadOnlyData(name: string): boolean {
  return name === '.rodata' || name.startsWith('.rodata.') || name === '.data.rel.ro';
}
function isWritableData(name: string): boolean {
  return /^\.(data|bss)(\..+)?$/.test(name) && !name.startsWith('.data.rel.ro');
}

function dataMap(section: Section, btf: Btf | undefined, objectName: string, frozen: boolean): MapSpec {
  if (section.size > 64 << 20)
    throw new Errno(EINVAL, `Cannot read the object: ${section.name} takes ${section.size} bytes`);
  const contents = section.type === SHT.NOBITS ? new Uint8Array(section.size) : section.bytes.slice();
  return sectionMap(section.name, contents, btf, objectName, frozen);
}

/** An array of one value that holds a whole section. */
function sectionMap(
  name: string,
  contents: Uint8Array,
  btf: Btf | undefined,
  objectName: string,
  frozen: boolean,
): MapSpec {
  const map = emptyMap(sectionMapName(objectName, name), frozen);
  map.type = BPF_MAP_TYPE.ARRAY;
  map.keySize = 4;
  map.valueSize = contents.length;
  map.maxEntries = 1;
  map.valueTypeId = btf?.find(name, BTF_KIND.DATASEC) ?? 0;
  map.contents = contents;
  map.flags = BPF_F_MAP.MMAPABLE | (frozen ? BPF_F_MAP.RDONLY_PROG : 0);
  return map;
}

/** As loaders name them: the first letters of the object, then the section; one with two dots has its own name. */
function sectionMapName(objectName: string, section: string): string {
  if (section.lastIndexOf('.') > 0) return section.slice(0, NAME_MAX).replace(/[^A-Za-z0-9_.]/g, '_');
  const prefix = objectName.slice(0, Math.max(0, NAME_MAX - Math.max(7, section.length)));
  return `${prefix}${section}`.slice(0, NAME_MAX).replace(/[^A-Za-z0-9_.]/g, '_');
}

/** `struct bpf_map_def` in a section named `maps`: type, key, value, entries, flags. */
function legacyMaps(elf: ElfFile, section: Section): PlacedMap[] {
  const symbols = elf.symbols.filter((symbol) => symbol.section === section.index && symbol.type !== STT.SECTION);
  if (symbols.length === 0) return [];
  const size = Math.floor(section.size / symbols.length);
  const view = new DataView(section.bytes.buffer, section.bytes.byteOffset, section.bytes.byteLength);
  if (size < 20) throw new Errno(EINVAL, `Cannot read the object: definitions of ${size} bytes in its section maps`);
  return symbols.map((symbol) => {
    if (symbol.value + 20 > section.bytes.length)
      throw new Errno(EINVAL, `Cannot read map ${symbol.name}: it lies outside of its section`);
    const map = emptyMap(symbol.name);
    const word = (index: number): number => view.getUint32(symbol.value + index * 4, true);
    map.type = word(0);
    map.keySize = word(1);
    map.valueSize = word(2);
    map.maxEntries = word(3);
    map.flags = word(4);
    return { map, section: section.index, offset: symbol.value };
  });
}

function btfMaps(elf: ElfFile, section: Section, btf: Btf | undefined): PlacedMap[] {
  const datasec = btf?.type(btf.find('.maps', BTF_KIND.DATASEC));
  if (btf === undefined || datasec === undefined)
    throw new Errno(EINVAL, 'Cannot read the object: it has maps in .maps, but no BTF that describes them');
  const maps: PlacedMap[] = [];
  for (const { type } of datasec.vars) {
    const variable = btf.type(type);
    const symbol = elf.symbols.find((one) => one.name === variable?.name && one.section === section.index);
    const definition = variable === undefined ? undefined : plainType(btf, variable.type);
    if (variable === undefined || symbol === undefined || definition?.kind !== BTF_KIND.STRUCT) continue;
    const map = emptyMap(variable.name);
    readDefinition(btf, definition, map, 0);
    maps.push({ map, section: section.index, offset: symbol.value });
  }
  fillSlots(elf, section, btf, maps);
  return maps;
}

/** `__uint(name, n)` is a pointer to an array of n; `__type(name, T)` a pointer to T. */
function readDefinition(btf: Btf, definition: BtfType, map: MapSpec, depth: number): void {
  const wrong = (field: string, wanted: string): never => {
    throw new Errno(EINVAL, `Cannot read map ${map.name}: its ${field} is not ${wanted}`);
  };
  for (const member of definition.members) {
    const pointer = plainType(btf, member.type);
    const number = (): number => {
      const array = pointer?.kind === BTF_KIND.PTR ? plainType(btf, pointer.type) : undefined;
      return array?.kind === BTF_KIND.ARRAY ? array.nelems : wrong(member.name, 'made with __uint()');
    };
    const typed = (): { id: number; size: number } => {
      const id = pointer?.kind === BTF_KIND.PTR ? pointer.type : 0;
      const size = sizeOf(btf, id);
      return size === undefined ? wrong(member.name, 'made with __type() of a type that has a size') : { id, size };
    };
    const fields: Readonly<Record<string, () => void>> = {
      type: () => (map.type = number()),
      max_entries: () => (map.maxEntries = number()),
      map_flags: () => (map.flags = number()),
      numa_node: () => (map.numaNode = number()),
      key_size: () => (map.keySize = number()),
      value_size: () => (map.valueSize = number()),
      pinning: () => (map.pinning = number()),
      map_extra: () => (map.extra = BigInt(number())),
      key: () => ({ id: map.keyTypeId, size: map.keySize } = typed()),
      value: () => ({ id: map.valueTypeId, size: map.valueSize } = typed()),
      values: () => readValues(btf, pointer, map, depth),
    };
    const field = Object.hasOwn(fields, member.name) ? fields[member.name] : undefined;
    if (field === undefined) wrong(member.name, 'a property of maps');
    field?.();
  }
}

/** `__array(values, T)`: the template of a map of maps, or the programs of a prog array. */
function readValues(btf: Btf, array: BtfType | undefined, map: MapSpec, depth: number): void {
  const pointer = array?.kind === BTF_KIND.ARRAY ? plainType(btf, array.type) : undefined;
  const target = pointer?.kind === BTF_KIND.PTR ? plainType(btf, pointer.type) : undefined;
  if (target?.kind === BTF_KIND.STRUCT && depth === 0) {
    map.inner = emptyMap(`${map.name}.inner`.slice(0, NAME_MAX));
    readDefinition(btf, target, map.inner, 1);
  } else if (target?.kind !== BTF_KIND.FUNC_PROTO)
    throw new Errno(EINVAL, `Cannot read map ${map.name}: its values are neither maps nor programs`);
  if (map.keySize === 0) map.keySize = 4;
  map.valueSize = 4;
}

/** Relocations in .maps say what the slots of maps hold from the start. */
function fillSlots(elf: ElfFile, section: Section, btf: Btf, maps: readonly PlacedMap[]): void {
  const datasec = btf.type(btf.find('.maps', BTF_KIND.DATASEC));
  for (const relocation of elf.relocations.get(section.index) ?? []) {
    const owner = maps.filter((one) => one.offset <= relocation.offset).sort((a, b) => b.offset - a.offset)[0];
    if (owner === undefined) continue;
    const variable = datasec?.vars.map((one) => btf.type(one.type)).find((one) => one?.name === owner.map.name);
    const definition = variable === undefined ? undefined : plainType(btf, variable.type);
    const values = definition?.members.find((member) => member.name === 'values');
    const start = owner.offset + (values?.bitOffset ?? 0) / 8;
    if (values === undefined || relocation.offset < start) continue;
    owner.map.slots.push([(relocation.offset - start) / 8, relocation.symbol.name]);
  }
}
