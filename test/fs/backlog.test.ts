/** The backlog: turns, their order, and its limits. */
import t from 'tap';
import { ACTIVE_MAX, Backlog, type Job } from '../../fs/backlog.ts';

/** A job of so many turns; its number is noted at each. */
class Counted implements Job {
  readonly uid: number;
  readonly #number: number;
  readonly #turns: number[];
  #left: number;
  over = false;

  constructor(number: number, uid: number, left: number, turns: number[]) {
    this.#number = number;
    this.uid = uid;
    this.#left = left;
    this.#turns = turns;
  }

  run(): boolean {
    this.#turns.push(this.#number);
    return --this.#left <= 0 || this.over;
  }

  isOver(): boolean {
    return this.over;
  }
}

async function empty(backlog: Backlog): Promise<void> {
  while (backlog.size > 0) await new Promise((resolve) => setImmediate(resolve));
}

t.test('jobs take turns, a few at a time, and all are done', async (t) => {
  const backlog = new Backlog();
  const turns: number[] = [];
  for (let i = 0; i < ACTIVE_MAX + 2; i++) t.equal(backlog.add(new Counted(i, 0, 3, turns)), true);
  t.equal(turns.length, 0, 'nothing runs at once');
  await empty(backlog);
  t.strictSame(turns.slice(0, ACTIVE_MAX), [0, 1, 2, 3], 'one after the other');
  t.equal(turns.length, 3 * (ACTIVE_MAX + 2));
  t.ok(turns.indexOf(ACTIVE_MAX) >= 2 * ACTIVE_MAX, 'one more comes when one is done');
});

t.test('a user who has none is before one who has many', async (t) => {
  const backlog = new Backlog();
  const turns: number[] = [];
  for (let i = 0; i < 20; i++) backlog.add(new Counted(i, 1, 2, turns));
  backlog.add(new Counted(100, 2, 1, turns));
  await empty(backlog);
  t.ok(turns.indexOf(100) < turns.indexOf(ACTIVE_MAX), 'before the first of the others that wait');
});

t.test('a job that is over gets its turn although others wait before it', async (t) => {
  const backlog = new Backlog();
  const turns: number[] = [];
  for (let i = 0; i < 50; i++) backlog.add(new Counted(i, 0, 100, turns));
  const last = new Counted(99, 0, 1, turns);
  backlog.add(last);
  backlog.hurry(last);
  const asked = new Counted(98, 0, 1, turns);
  backlog.add(asked);
  asked.over = true;
  await empty(backlog);
  t.ok(turns.indexOf(99) <= ACTIVE_MAX, 'the one that was hurried');
  t.ok(turns.indexOf(98) < turns.indexOf(10), 'the one that was asked');
});

t.test('a job that is taken away has no turn any more', async (t) => {
  const backlog = new Backlog();
  const turns: number[] = [];
  const jobs = [0, 1, 2, 3, 4, 5].map((i) => new Counted(i, 0, 2, turns));
  for (const job of jobs) backlog.add(job);
  for (const i of [0, 5]) backlog.remove(jobs[i] as Counted);
  await empty(backlog);
  t.strictSame([...new Set(turns)].sort(), [1, 2, 3, 4]);
});

t.test('more than it takes are refused, and one user cannot fill it', async (t) => {
  const backlog = new Backlog();
  const turns: number[] = [];
  const add = (uid: number): boolean => backlog.add(new Counted(0, uid, 1, turns));
  let taken = 0;
  while (add(1)) taken++;
  t.equal(taken, ACTIVE_MAX + 512);
  t.equal(add(2), true, 'another user has room');
  while (add(2)) taken++;
  t.equal(backlog.size, ACTIVE_MAX + 1024);
  t.equal(add(3), false);
  await empty(backlog);
  t.equal(add(3), true);
  await empty(backlog);
});

t.test('when memory is short, the oldest goes on alone', async (t) => {
  const backlog = new Backlog(() => true);
  const turns: number[] = [];
  for (let i = 0; i < 3; i++) backlog.add(new Counted(i, 0, 50, turns));
  await empty(backlog);
  t.strictSame(turns.slice(0, 50), Array<number>(50).fill(0));
  t.equal(turns.length, 150);
  turns.length = 0;
  const jobs = [0, 1, 2].map((i) => new Counted(i, 0, i === 0 ? Number.POSITIVE_INFINITY : 50, turns));
  for (const job of jobs) backlog.add(job);
  await new Promise((resolve) => setTimeout(resolve, 150));
  const [oldest, , newest] = jobs as [Counted, Counted, Counted];
  newest.over = true;
  while (backlog.size === 3) await new Promise((resolve) => setImmediate(resolve));
  t.strictSame([turns.includes(1), turns.includes(2)], [false, true], 'but one that is over ends before it');
  oldest.over = true;
  await empty(backlog);
});

t.test('a job that takes more than its slices waits until the others had as much', async (t) => {
  const backlog = new Backlog();
  const turns: { readonly number: number; readonly took: number }[] = [];
  const job = (number: number, count: number, milliseconds: number): Job => {
    let left = count;
    return {
      uid: 0,
      run: () => {
        const start = performance.now();
        while (performance.now() < start + milliseconds);
        turns.push({ number, took: performance.now() - start });
        return --left === 0;
      },
      isOver: () => false,
    };
  };
  backlog.add(job(1, 3, 100));
  backlog.add(job(2, 100, 2));
  await empty(backlog);
  t.equal(turns.length, 103);
  const [first = 0, second = 0] = turns.flatMap(({ number }, i) => (number === 1 ? [i] : []));
  const between = turns.slice(first + 1, second).reduce((sum, { took }) => sum + took, 0);
  t.ok(between > 45, `${second - first - 1} turns of the other, ${Math.round(between)} ms, between two`);
});
