/**
 * The special fields of a type as a {@link BtfRecord}, and the records of all structs
 * of a BTF object that have some (`btf_parse_fields`, `btf_parse_struct_metas` and
 * `btf_check_and_fixup_fields` of kernel/bpf/btf.c).
 */
import { E2BIG, EEXIST, EFAULT, EINVAL, ELOOP, ENOENT } from '../uapi/errno.ts';
import type { Btf, BtfField, BtfRecord } from './btf.ts';
import { MEMBER_WORDS } from './check_log.ts';
import {
  FIELD,
  FIELD_BIT,
  GRAPH_NODES,
  GRAPH_ROOTS,
  KPTR_DESTRUCTORS,
  KPTRS,
  OBJECT_FIELDS,
  OBJECT_MARKS,
  POINTERS,
  STRUCT_FIELDS,
} from './fields.ts';
import { type FieldCache, type FoundField, findFields, findPointer } from './find_fields.ts';
import { BTF_KIND } from './kinds.ts';

/** A uptr pins one page: what it points at must fit. */
const PAGE_SIZE = 4096;
/** Alignment of list and tree nodes. */
const NODE_ALIGN = 8;

/**
 * The fields of `mask` in type `id`, whose values take `valueSize` bytes: a record,
 * undefined when there are none, or -errno. Kernel types that kptrs name are looked
 * up in `vmlinux`.
 */
export function parseFields(
  btf: Btf,
  id: number,
  mask: number,
  valueSize: number,
  vmlinux: Btf | undefined,
  cache?: FieldCache,
): BtfRecord | undefined | number {
  const found = findFields(btf, id, mask, cache);
  if (typeof found === 'number') return found;
  if (found.length === 0) return undefined;
  const fields: BtfField[] = [];
  let next = 0;
  for (const one of found) {
    const end = one.offset + one.type.size;
    if (end > valueSize) return -EFAULT;
    if (one.offset < next) return -EEXIST;
    next = end;
    const field = complete(btf, one, vmlinux);
    if (typeof field === 'number') return field;
    fields.push(field);
  }
  return makeRecord(fields);
}

/** A field with what it points at or contains. */
function complete(btf: Btf, found: FoundField, vmlinux: Btf | undefined): BtfField | number {
  const { type, offset } = found;
  const plain = { kind: type.kind, offset, size: type.size };
  if ((type.bit & POINTERS) !== 0) {
    const target = pointerTarget(btf, found, vmlinux);
    return typeof target === 'number' ? target : { ...plain, ...target };
  }
  if ((type.bit & GRAPH_ROOTS) === 0) return plain;
  const nodeOffset = findNode(btf, found);
  return nodeOffset < 0 ? nodeOffset : { ...plain, btf, typeId: found.typeId, nodeOffset };
}

/** What a kptr points at: the kernel's type of that name, else the program's own (`btf_parse_kptr`). */
function pointerTarget(btf: Btf, found: FoundField, vmlinux: Btf | undefined): { btf: Btf; typeId: number } | number {
  const name = btf.table.name(found.typeId);
  const kernelType = name === '' ? 0 : (vmlinux?.find(name, btf.table.kind(found.typeId)) ?? 0);
  if (vmlinux === undefined || kernelType === 0) return { btf, typeId: found.typeId };
  if (found.type.bit === FIELD.KPTR_REF && KPTR_DESTRUCTORS[name] === undefined) return -ENOENT;
  return { btf: vmlinux, typeId: kernelType };
}

/** Offset of the member by which the contained struct hangs in the list or tree (`btf_parse_graph_root`). */
function findNode(btf: Btf, found: FoundField): number {
  const { table } = btf;
  const wanted = found.type.bit === FIELD.LIST_HEAD ? 'bpf_list_node' : 'bpf_rb_node';
  let offset = -1;
  for (let i = 0, count = table.vlen(found.typeId); i < count; i++) {
    if (table.string(table.word(found.typeId, i * MEMBER_WORDS)) !== found.nodeName) continue;
    if (offset >= 0) return -EINVAL;
    const node = table.word(found.typeId, i * MEMBER_WORDS + 1);
    if (table.kind(node) !== BTF_KIND.STRUCT || !table.nameIs(node, wanted)) return -EINVAL;
    // The kernel reads the offset as the node's struct would have it, not as the member's.
    const word = table.word(found.typeId, i * MEMBER_WORDS + 2);
    const bits = table.kindFlag(node) ? word & 0xffffff : word;
    if (bits % 8 !== 0 || (bits / 8) % NODE_ALIGN !== 0) return -EINVAL;
    offset = bits / 8;
  }
  return offset < 0 ? -ENOENT : offset;
}

function makeRecord(fields: BtfField[]): BtfRecord | number {
  const offsetOf = (bit: number): number => fields.findLast((field) => FIELD_BIT[field.kind] === bit)?.offset ?? -1;
  const mask = fields.reduce((bits, field) => bits | FIELD_BIT[field.kind], 0);
  const spinLockOff = offsetOf(FIELD.SPIN_LOCK);
  const resSpinLockOff = offsetOf(FIELD.RES_SPIN_LOCK);
  const refcountOff = offsetOf(FIELD.REFCOUNT);
  if (spinLockOff >= 0 && resSpinLockOff >= 0) return -EINVAL;
  if ((mask & GRAPH_ROOTS) !== 0 && spinLockOff < 0 && resSpinLockOff < 0) return -EINVAL;
  if (refcountOff < 0 && (mask & GRAPH_NODES) === GRAPH_NODES) return -EINVAL;
  fields.sort((a, b) => a.offset - b.offset);
  return {
    fields,
    mask,
    spinLockOff,
    resSpinLockOff,
    timerOff: offsetOf(FIELD.TIMER),
    wqOff: offsetOf(FIELD.WORKQUEUE),
    taskWorkOff: offsetOf(FIELD.TASK_WORK),
    refcountOff,
  };
}

/**
 * Finds the structs of a BTF object that have special fields and keeps their records
 * in it: 0 or -errno, as BTF_LOAD answers.
 */
export function parseStructMetas(btf: Btf, vmlinux: Btf | undefined): number {
  const { table } = btf;
  const special = new Set<number>();
  for (const { bit, kind } of STRUCT_FIELDS) {
    if ((bit & OBJECT_MARKS) === 0) continue;
    const id = btf.find(kind, BTF_KIND.STRUCT);
    if (id !== 0) special.add(id);
  }
  for (let id = 1; id < table.count; id++) {
    if (typeof findPointer(btf, id, KPTRS) === 'object') special.add(id);
  }
  if (special.size === 0) return 0;
  const metas = new Map<number, BtfRecord>();
  const cache: FieldCache = new Map();
  for (let id = 1; id < table.count; id++) {
    if (table.kind(id) !== BTF_KIND.STRUCT || !hasMember(btf, id, special)) continue;
    const record = parseFields(btf, id, OBJECT_FIELDS, table.sizeOrType(id), vmlinux, cache);
    if (record === undefined) return -EFAULT;
    if (typeof record === 'number') return record;
    metas.set(id, record);
  }
  btf.structMetas = metas;
  for (const record of metas.values()) {
    const err = checkFields(btf, record);
    if (err < 0) return err;
  }
  return 0;
}

function hasMember(btf: Btf, id: number, types: ReadonlySet<number>): boolean {
  const { table } = btf;
  for (let i = 0, count = table.vlen(id); i < count; i++)
    if (types.has(table.word(id, i * MEMBER_WORDS + 1))) return true;
  return false;
}

/**
 * The checks that need the records of all structs (`btf_check_and_fixup_fields`):
 * what a uptr points at, and that nothing owns itself. 0 or -errno. Fills in the
 * records of contained structs.
 */
export function checkFields(btf: Btf, record: BtfRecord): number {
  for (const field of record.fields as WritableField[]) {
    if (field.kind === 'uptr') {
      if (field.btf?.isKernel === true) return -EINVAL;
      const size = btf.table.sizeOrType(field.typeId ?? 0);
      if (size === 0) return -EINVAL;
      if (size > PAGE_SIZE) return -E2BIG;
      continue;
    }
    if ((FIELD_BIT[field.kind] & GRAPH_ROOTS) === 0) continue;
    const inner = btf.structMetas.get(field.typeId ?? 0);
    if (inner === undefined) return -EFAULT;
    field.valueRecord = inner;
    // Only what can hang in something itself could come to own itself.
    if ((record.mask & GRAPH_NODES) !== 0 && (inner.mask & GRAPH_ROOTS) !== 0) return -ELOOP;
  }
  return 0;
}

type WritableField = { -readonly [K in keyof BtfField]: BtfField[K] };
