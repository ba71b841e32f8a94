/**
 * What statfs(2) says of a bpffs, which FUSE cannot say of itself: libbpf and others
 * compare `f_type` before they pin (`simple_statfs`, include/uapi/linux/magic.h).
 */

const BPF_FS_MAGIC = 0xcafe4a11n;
const ANON_INODE_FS_MAGIC = 0x09041934n;
const PAGE = 4096n;
const NAME_MAX = 255n;
const ST_VALID = 0x20n;

/** 64-bit words of `struct statfs` (x86_64): type, bsize, 5 counts, fsid, namelen, frsize, flags, 4 spare. */
function statfs(type: bigint, dev: bigint, flags: bigint): Uint8Array {
  return new Uint8Array(
    BigInt64Array.of(type, PAGE, 0n, 0n, 0n, 0n, 0n, dev, NAME_MAX, PAGE, flags, 0n, 0n, 0n, 0n).buffer,
  );
}

/** `struct statfs` of a mount of ours; `flags` are its `ST_*`. */
export function statfsBpffs(dev: number, flags: number): Uint8Array {
  return statfs(BPF_FS_MAGIC, BigInt(dev), BigInt(flags));
}

/** `struct statfs` of a descriptor of a map, program, link or BTF object. */
export function statfsAnonInode(): Uint8Array {
  return statfs(ANON_INODE_FS_MAGIC, 0n, ST_VALID);
}
