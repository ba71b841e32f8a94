/** Pointers of 64 bits that stand in the arena, as programs read them. */
import { type Arena, BASE_HI } from '../../mm/arena.ts';

/** The address that a pointer leads to; 0: NULL. */
export function getPtr({ view }: Arena, at: number): number {
  return view.getInt32(at, true);
}

/** Stores a pointer to an address; 0 is NULL. */
export function setPtr({ view }: Arena, at: number, to: number): void {
  view.setInt32(at, to, true);
  view.setInt32(at + 4, to === 0 ? 0 : BASE_HI, true);
}
