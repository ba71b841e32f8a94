/** Arguments of a traced function, as an event gave them; found by the address of the context. */
export class Arguments {
  readonly values: readonly bigint[];
  /** What the function returned; undefined where it has not. */
  readonly result: bigint | undefined;

  constructor(values: readonly bigint[], result?: bigint) {
    this.values = values;
    this.result = result;
  }
}
