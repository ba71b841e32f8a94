/** Objects that the ELF tests read; made from test/elf/progs by clang 14 with `-O2 -g -target bpf`, without DWARF. */
import { readFileSync } from 'node:fs';

/** The bytes of test/fixtures/NAME.bpf.o. */
export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../../test/fixtures/${name}.bpf.o`, import.meta.url)));
}

/** The parsed test/golden/NAME.json. */
export function golden<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../../test/golden/${name}.json`, import.meta.url), 'utf8')) as T;
}
