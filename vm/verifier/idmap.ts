/**
 * Which id of the current state stands for which id of an old one
 * (`struct bpf_idmap`, `check_ids`).
 */

/** A one-to-one relation, built while states are compared. */
export class IdMap {
  readonly #old: number[] = [];
  readonly #cur: number[] = [];
  #count = 0;
  #tmp = 0;

  reset(idGen: number): void {
    this.#count = 0;
    this.#tmp = idGen;
  }

  /** Both are set or both are not, and they always meet each other (`check_ids`). */
  check(oldId: number, curId: number): boolean {
    if ((oldId !== 0) !== (curId !== 0)) return false;
    if (oldId === 0) return true;
    for (let i = 0; i < this.#count; i++) {
      if (this.#old[i] === oldId) return this.#cur[i] === curId;
      if (this.#cur[i] === curId) return false;
    }
    this.#old[this.#count] = oldId;
    this.#cur[this.#count++] = curId;
    return true;
  }

  /** As {@link check}, where a scalar without an id is one of its own (`check_scalar_ids`). */
  checkScalar(oldId: number, curId: number): boolean {
    return this.check(oldId !== 0 ? oldId : ++this.#tmp, curId !== 0 ? curId : ++this.#tmp);
  }
}
