/** What the server compiles in an idle moment: a module the engine takes, of which nothing stays. */
import t from 'tap';
import { warmUp } from '../../vm/jit/warm_up.ts';
import { testVm } from './lib/facts.ts';

t.test('warmUp() compiles a program the engine takes and leaves the machine as it was', (t) => {
  const vm = testVm();
  const { used } = vm.env.arena;
  const slots = vm.table.length;
  const { Module } = WebAssembly;
  const sizes: number[] = [];
  WebAssembly.Module = class extends Module {
    constructor(bytes: Uint8Array<ArrayBuffer>) {
      super(bytes);
      sizes.push(bytes.length);
    }
  };
  t.teardown(() => {
    WebAssembly.Module = Module;
  });
  warmUp(vm);
  t.ok(sizes.length > 1, 'more than once');
  t.ok(sizes[0]! > 1000, `with many instructions (${sizes[0]} bytes)`);
  t.equal(vm.env.arena.used, used, 'no memory of the arena');
  t.equal(vm.table.length, slots);
  t.equal(vm.funcs.length, 1, 'no handle');
  t.end();
});
