/** All ways to choose one of each list. */
export function product(lists: readonly (readonly string[])[]): string[][] {
  return lists.reduce<string[][]>((all, list) => all.flatMap((one) => list.map((arg) => [...one, arg])), [[]]);
}
