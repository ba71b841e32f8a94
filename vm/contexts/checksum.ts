/**
 * Internet checksum arithmetic (RFC 1071, RFC 1624) on 32-bit partial sums, as
 * `csum_partial`, `csum_add` and `csum_fold` do it: values are unsigned numbers, in
 * the byte order of the machine.
 */

/** One's complement sum of two partial sums. */
export function csumAdd(a: number, b: number): number {
  const sum = (a >>> 0) + (b >>> 0);
  return sum > 0xffffffff ? (sum - 0xffffffff) >>> 0 : sum >>> 0;
}

/** Difference of two partial sums. */
export function csumSub(a: number, b: number): number {
  return csumAdd(a, ~b);
}

/** Folds a partial sum to 16 bits, carries added (`csum_from32to16`). */
export function csum32to16(sum: number): number {
  let folded = (sum >>> 16) + (sum & 0xffff);
  folded += folded >>> 16;
  return folded & 0xffff;
}

/** The checksum field for a partial sum: folded and complemented (`csum_fold`). */
export function csumFold(sum: number): number {
  return ~csum32to16(sum) & 0xffff;
}

/** The partial sum a checksum field stands for (`csum_unfold`). */
function csumUnfold(field: number): number {
  return field & 0xffff;
}

/**
 * Adds bytes to a partial sum, as little-endian words of 32 bits with the carry added
 * (`csum_partial` on x86_64); what is left over counts as the low bytes of a word.
 */
export function csumPartial(bytes: Uint8Array, start: number, length: number, seed: number): number {
  let sum = seed >>> 0;
  const end = start + length;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    sum += (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
    if (sum > 0xffffffff) sum -= 0xffffffff;
  }
  for (let shift = 0; at < end; at++, shift += 8) {
    sum += (bytes[at]! << shift) >>> 0;
    if (sum > 0xffffffff) sum -= 0xffffffff;
  }
  return sum;
}

/** As {@link csumPartial} for a block that begins at an odd offset of its packet (`csum_block_add`). */
export function csumBlock(sum: number, offset: number): number {
  return (offset & 1) === 0 ? sum >>> 0 : ((sum >>> 8) | (sum << 24)) >>> 0;
}

/** New checksum field after the words it covers changed by `diff` (`csum_replace_by_diff`). */
export function csumReplaceByDiff(field: number, diff: number): number {
  return csumFold(csumAdd(diff, ~csumUnfold(field)));
}

/** New checksum field after a 16- or 32-bit value it covers changed (`csum_replace4`). */
export function csumReplace(field: number, from: number, to: number): number {
  return csumFold(csumAdd(csumSub(~csumUnfold(field), from), to));
}
