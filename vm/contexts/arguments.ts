/** Arguments of a traced function, as an event or a call gave them; found by the address of the context. */
export class Arguments {
  readonly values: readonly bigint[];
  /** What the function returned; undefined where it has not. */
  result: bigint | undefined;
  /** Cookie of the link the program that runs was attached by. */
  cookie = 0n;

  constructor(values: readonly bigint[], result?: bigint) {
    this.values = values;
    this.result = result;
  }
}
