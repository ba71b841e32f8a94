import t from 'tap';
import { Idr } from '../base/idr.ts';
import { BpfObject } from '../base/object.ts';

class Thing extends BpfObject {
  readonly kind = 'prog';
  released = false;
  protected override release(): void {
    this.released = true;
  }
}

t.test('Idr gives ascending ids and does not reuse a freed one at once', (t) => {
  const idr = new Idr<Thing>();
  const first = new Thing();
  const second = new Thing();
  idr.add(first);
  idr.add(second);
  t.same([first.id, second.id], [1, 2]);
  second.put();
  t.ok(second.released);
  t.equal(idr.find(2), undefined);
  const third = new Thing();
  idr.add(third);
  t.equal(third.id, 3);
  t.same([idr.nextAfter(0), idr.nextAfter(1), idr.nextAfter(3)], [1, 3, 0]);
  t.end();
});
