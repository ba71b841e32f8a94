/**
 * Which id of the current state stands for which id of an old one
 * (`struct bpf_idmap`, `check_ids`).
 */

/** A one-to-one relation, built while states are compared. */
export class IdMap {
  #old: number[] = [];
  #cur: number[] = [];
  #tmp = 0;

  reset(idGen: number): void {
    this.#old.length = 0;
    this.#cur.length = 0;
    this.#tmp = idGen;
  }

  /** Both are set or both are not, and they always meet each other (`check_ids`). */
  check(oldId: number, curId: number): boolean {
    if ((oldId !== 0) !== (curId !== 0)) return false;
    if (oldId === 0) return true;
    for (let i = 0; i < this.#old.length; i++) {
      if (this.#old[i] === oldId) return this.#cur[i] === curId;
      if (this.#cur[i] === curId) return false;
    }
    this.#old.push(oldId);
    this.#cur.push(curId);
    return true;
  }

  /** As {@link check}, where a scalar without an id is one of its own (`check_scalar_ids`). */
  checkScalar(oldId: number, curId: number): boolean {
    return this.check(oldId !== 0 ? oldId : ++this.#tmp, curId !== 0 ? curId : ++this.#tmp);
  }
}
