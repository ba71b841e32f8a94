/** Types that take no BTF (`map_check_no_btf`). */
import { ENOTSUPP } from '../uapi/errno.ts';

/** Refuses key and value types: -ENOTSUPP. */
export function mapCheckNoBtf(): number {
  return -ENOTSUPP;
}
