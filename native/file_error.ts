/** Errors of files, said so that one knows what to do. */
import { EIO, Errno, errnoName } from '../uapi/errno.ts';

/** What is wrong with a file, by error. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  EISDIR: 'it is a directory, a file is wanted',
  ENOTDIR: 'a part of its path is no directory',
  EACCES: 'you have no permission',
  EPERM: 'you have no permission',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your quota of the disk is used up',
  EROFS: 'it is on a read-only file system',
  ELOOP: 'its symbolic links lead to each other',
  ENAMETOOLONG: 'its name is too long',
  ENOTCONN: 'the server of the file system that it is on is gone',
  EFBIG: 'it would become too large',
  ERR_FS_FILE_TOO_LARGE: 'it is larger than 2 GiB',
};

/** What {@link Errno} an error of node:fs is, when `attempt` ("read x.o") failed. */
export function fileError(attempt: string, error: unknown): Errno {
  if (error instanceof Errno) return error;
  const { errno, code, message } = error as NodeJS.ErrnoException;
  const name = code ?? errnoName(errno ?? -EIO);
  return new Errno(errno ?? EIO, `cannot ${attempt}: ${REASONS[name] ?? message}`);
}
