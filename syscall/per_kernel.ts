/** What one emulated kernel has without knowing of it, made when it is first asked for. */
import type { Kernel } from './kernel.ts';

/** A function that gives a kernel's own one, and goes with the kernel. */
export function perKernel<T extends object>(make: () => T): (kernel: Kernel) => T {
  const made = new WeakMap<Kernel, T>();
  return (kernel) => {
    const known = made.get(kernel);
    if (known !== undefined) return known;
    const one = make();
    made.set(kernel, one);
    return one;
  };
}
