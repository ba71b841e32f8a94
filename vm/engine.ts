/** What the interpreter and the compiler have in common. */

/** One program made ready by an engine. */
export interface Engine {
  readonly name: 'interp' | 'jit' | 'both';
  /**
   * Runs the main function with r1 = `ctx`: the low half of r0 as an int32; the high
   * half is left in the scratch block (R0_HI). May throw ProgramAborted or BpfException.
   */
  run(ctx: number): number;
  /** As {@link run}, `count` (at least 1) times, each run with its own tail calls; the last r0. */
  repeat(ctx: number, count: number): number;
  /** As {@link run} for any function, with r1 to r5 from the scratch block (ARGS). */
  call(subprog: number): number;
  /** Frees what the engine holds. */
  release(): void;
}
