/**
 * BTF of which nothing is known yet but that it is there: finds the records in one
 * pass, without the checks of BTF_LOAD. For the kernel's own BTF and for that of ELF
 * objects before it is made fit for loading.
 */
import { BTF_KIND, BTF_KIND_MAX, inSet, kindSet, MODIFIERS } from './kinds.ts';
import { BTF_TYPE_SIZE, BtfTable, tailSize } from './table.ts';

/** The records of a BTF object, or undefined when they are not whole. */
export function scanBtf(bytes: Uint8Array): BtfTable | undefined {
  if (bytes.length < 24) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hdrLen = view.getUint32(4, true);
  const start = hdrLen + view.getUint32(8, true);
  const end = start + view.getUint32(12, true);
  const strings = hdrLen + view.getUint32(16, true);
  const stringsLength = view.getUint32(20, true);
  if (view.getUint16(0, true) !== 0xeb9f || end > bytes.length || strings + stringsLength > bytes.length)
    return undefined;
  if (stringsLength === 0 || bytes[strings + stringsLength - 1] !== 0) return undefined;
  const table = new BtfTable(bytes, strings, stringsLength, (end - start) >>> 4);
  let at = start;
  while (at + BTF_TYPE_SIZE <= end) {
    const info = view.getUint32(at + 4, true);
    if (((info >>> 24) & 0x1f) > BTF_KIND_MAX) return undefined;
    table.add(at);
    at += BTF_TYPE_SIZE + tailSize(info);
  }
  return at === end ? table : undefined;
}

/** Words that follow a record, for each of vlen, and which of them are type ids. */
const REFERENCES: Readonly<Record<number, { readonly words: number; readonly ids: readonly number[] }>> = {
  [BTF_KIND.ARRAY]: { words: 3, ids: [0, 1] },
  [BTF_KIND.STRUCT]: { words: 3, ids: [1] },
  [BTF_KIND.UNION]: { words: 3, ids: [1] },
  [BTF_KIND.FUNC_PROTO]: { words: 2, ids: [1] },
  [BTF_KIND.DATASEC]: { words: 3, ids: [0] },
};

/** Kinds whose third word is a type id. */
const REFERRING =
  MODIFIERS | kindSet(BTF_KIND.PTR, BTF_KIND.FUNC, BTF_KIND.FUNC_PROTO, BTF_KIND.VAR, BTF_KIND.DECL_TAG);

/** Whether every type id in the records is that of a type. */
export function referencesInside(table: BtfTable): boolean {
  for (let id = 1; id < table.count; id++) {
    const kind = table.kind(id);
    if (inSet(REFERRING, kind) && !table.has(table.sizeOrType(id))) return false;
    const tail = REFERENCES[kind];
    if (tail === undefined) continue;
    const count = kind === BTF_KIND.ARRAY ? 1 : table.vlen(id);
    for (let i = 0; i < count; i++)
      for (const word of tail.ids) if (!table.has(table.word(id, i * tail.words + word))) return false;
  }
  return true;
}
