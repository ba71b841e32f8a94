import type { Engine } from '../engine.ts';
import type { LinkedProgram } from '../link.ts';
import type { Vm } from '../vm.ts';
export class Jit implements Engine {
  readonly name = 'jit';
  readonly main: () => void = () => {};
  constructor(_vm: Vm, _linked: LinkedProgram) {}
  run(_ctx: number): number {
    throw new Error('todo');
  }
  call(_subprog: number): number {
    throw new Error('todo');
  }
  release(): void {}
}
