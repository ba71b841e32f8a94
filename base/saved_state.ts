/**
 * A copy of what objects hold, to put it back: for running a program twice from the
 * same state. Plain fields, arrays, maps and sets are copied as they are met; an object
 * with private fields says itself how it is put back ({@link Saves}).
 */

/** An object with state that is not in plain fields. */
export interface Saves {
  /** Copies its private state: what puts it back. */
  saveState(): () => void;
}

function savesItself(object: object): object is Saves {
  return 'saveState' in object && typeof object.saveState === 'function';
}

/**
 * Copies the state of everything that is reached from `roots`, except behind objects that
 * `isOutside`: what puts it back. Views of memory are left to the memory's own copy.
 */
export function saveState(roots: readonly object[], isOutside: (object: object) => boolean): () => void {
  const seen = new Set<object>();
  const undo: (() => void)[] = [];
  const waiting = [...roots];
  const meet = (value: unknown): void => {
    if (typeof value === 'object' && value !== null && !seen.has(value)) waiting.push(value);
  };
  for (let object = waiting.pop(); object !== undefined; object = waiting.pop()) {
    if (seen.has(object) || isOutside(object)) continue;
    seen.add(object);
    if (ArrayBuffer.isView(object)) {
      undo.push(saveView(object));
      continue;
    }
    if (savesItself(object)) undo.push(object.saveState());
    if (object instanceof Map) {
      undo.push(saveMap(object));
      for (const value of object.values()) meet(value);
    } else if (object instanceof Set) {
      undo.push(saveSet(object));
      for (const value of object) meet(value);
    } else if (Array.isArray(object)) {
      undo.push(saveArray(object));
      for (const value of object) meet(value);
    } else {
      undo.push(saveFields(object));
      for (const value of Object.values(object)) meet(value);
    }
  }
  return () => {
    for (const step of undo) step();
  };
}

function saveView(view: ArrayBufferView): () => void {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const copy = bytes.slice();
  return () => bytes.set(copy);
}

function saveMap(map: Map<unknown, unknown>): () => void {
  const entries = [...map];
  return () => {
    map.clear();
    for (const [key, value] of entries) map.set(key, value);
  };
}

function saveSet(set: Set<unknown>): () => void {
  const values = [...set];
  return () => {
    set.clear();
    for (const value of values) set.add(value);
  };
}

function saveArray(array: unknown[]): () => void {
  const values = array.slice();
  return () => {
    array.splice(0, array.length, ...values);
  };
}

/** Fields of its own; those it had not are taken away again. */
function saveFields(object: object): () => void {
  const fields = object as Record<string, unknown>;
  const values = Object.entries(fields);
  return () => {
    for (const name of Object.keys(fields)) if (!values.some(([known]) => known === name)) delete fields[name];
    for (const [name, value] of values) if (fields[name] !== value) fields[name] = value;
  };
}
