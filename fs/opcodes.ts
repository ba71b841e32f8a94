/**
 * The table of FUSE operations: name, how large a request of it must at least be, how many
 * names it carries (for the trace), and what handles it. Everything that looks at opcodes
 * (dispatch, bounds, trace, statistics, tests) reads this table.
 */

import type { FuseReply, FuseRequest } from './message.ts';
import * as attr from './ops_attr.ts';
import * as file from './ops_file.ts';
import * as name from './ops_name.ts';
import { IN_HEADER_SIZE, OP } from './protocol.ts';
import type { Superblock } from './superblock.ts';

/** Writes the reply's body and returns its size; or -errno; or NO_REPLY. */
export type Handler = (sb: Superblock, request: FuseRequest, reply: FuseReply) => number;

/** How the trace shows a request: fields of the body as [label, word, format], then the names. */
export interface OpcodeTrace {
  readonly fields?: readonly (readonly [label: string, word: number, format: 'dec' | 'oct' | 'hex' | '64' | 'ioctl'])[];
  /** Names after the fixed part. */
  readonly names?: 0 | 1 | 2;
}

export interface Opcode extends OpcodeTrace {
  readonly name: string;
  /** Bytes of the header and the fixed part of the body. */
  readonly size: number;
  readonly handler: Handler;
}

const FH = ['fh', 10, 'dec'] as const;

/** [opcode, fixed size, handler, trace]. */
const ROWS: readonly (readonly [keyof typeof OP, number, Handler, OpcodeTrace?])[] = [
  ['LOOKUP', 0, name.lookup, { names: 1 }],
  ['FORGET', 8, name.forget, { fields: [['nlookup', 10, '64']] }],
  ['GETATTR', 16, attr.getattr, { fields: [['flags', 10, 'hex']] }],
  [
    'SETATTR',
    88,
    attr.setattr,
    {
      fields: [
        ['valid', 10, 'hex'],
        ['mode', 27, 'oct'],
        ['uid', 29, 'dec'],
        ['gid', 30, 'dec'],
        ['size', 14, '64'],
      ],
    },
  ],
  ['READLINK', 0, name.readlink],
  ['SYMLINK', 0, name.symlink, { names: 2 }],
  [
    'MKNOD',
    16,
    name.mknod,
    {
      names: 1,
      fields: [
        ['mode', 10, 'oct'],
        ['umask', 12, 'oct'],
      ],
    },
  ],
  [
    'MKDIR',
    8,
    name.mkdir,
    {
      names: 1,
      fields: [
        ['mode', 10, 'oct'],
        ['umask', 11, 'oct'],
      ],
    },
  ],
  ['UNLINK', 0, name.unlink, { names: 1 }],
  ['RMDIR', 0, name.rmdir, { names: 1 }],
  ['RENAME', 8, name.rename, { names: 2, fields: [['newdir', 10, '64']] }],
  ['LINK', 8, name.link, { names: 1, fields: [['oldnode', 10, '64']] }],
  ['OPEN', 8, file.open, { fields: [['flags', 10, 'oct']] }],
  ['READ', 40, file.read, { fields: [FH, ['offset', 12, '64'], ['size', 14, 'dec']] }],
  ['WRITE', 40, file.write, { fields: [FH, ['offset', 12, '64'], ['size', 14, 'dec']] }],
  ['STATFS', 0, attr.statfs],
  ['RELEASE', 24, file.release, { fields: [FH] }],
  ['FSYNC', 16, file.fsync, { fields: [FH] }],
  ['SETXATTR', 8, attr.noXattr],
  ['GETXATTR', 8, attr.noXattr, { names: 1, fields: [['size', 10, 'dec']] }],
  ['LISTXATTR', 8, attr.listxattr, { fields: [['size', 10, 'dec']] }],
  ['REMOVEXATTR', 0, attr.noXattr, { names: 1 }],
  ['FLUSH', 24, file.unsupported, { fields: [FH] }],
  [
    'INIT',
    16,
    attr.init,
    {
      fields: [
        ['major', 10, 'dec'],
        ['minor', 11, 'dec'],
        ['flags', 13, 'hex'],
      ],
    },
  ],
  ['OPENDIR', 8, file.opendir, { fields: [['flags', 10, 'oct']] }],
  ['READDIR', 40, file.readdir, { fields: [FH, ['offset', 12, '64'], ['size', 14, 'dec']] }],
  ['RELEASEDIR', 24, file.release, { fields: [FH] }],
  ['FSYNCDIR', 16, file.noOperation, { fields: [FH] }],
  ['GETLK', 48, file.unsupported],
  ['SETLK', 48, file.unsupported],
  ['SETLKW', 48, file.unsupported],
  ['ACCESS', 8, file.unsupported],
  [
    'CREATE',
    16,
    name.createFile,
    {
      names: 1,
      fields: [
        ['flags', 10, 'oct'],
        ['mode', 11, 'oct'],
      ],
    },
  ],
  ['INTERRUPT', 8, file.interrupt, { fields: [['unique', 10, '64']] }],
  ['BMAP', 16, file.unsupported],
  ['DESTROY', 0, file.noOperation],
  [
    'IOCTL',
    32,
    file.ioctl,
    { fields: [FH, ['cmd', 13, 'ioctl'], ['arg', 14, '64'], ['in', 16, 'dec'], ['out', 17, 'dec']] },
  ],
  ['POLL', 24, file.poll, { fields: [FH, ['events', 15, 'hex']] }],
  ['BATCH_FORGET', 8, name.batchForget, { fields: [['count', 10, 'dec']] }],
  ['FALLOCATE', 32, file.fallocate, { fields: [FH] }],
  ['READDIRPLUS', 40, file.readdirplus, { fields: [FH, ['offset', 12, '64'], ['size', 14, 'dec']] }],
  [
    'RENAME2',
    16,
    name.rename2,
    {
      names: 2,
      fields: [
        ['newdir', 10, '64'],
        ['flags', 12, 'hex'],
      ],
    },
  ],
  ['LSEEK', 24, file.lseek, { fields: [FH, ['offset', 12, '64'], ['whence', 14, 'dec']] }],
  ['COPY_FILE_RANGE', 56, file.unsupported],
  ['SYNCFS', 8, file.unsupported],
  ['TMPFILE', 16, name.tmpfile],
  ['STATX', 24, file.unsupported],
  ['COPY_FILE_RANGE_64', 56, file.unsupported],
];

/** The operations by number; holes are unknown ones. */
export const OPCODES: readonly (Opcode | undefined)[] = makeTable();

function makeTable(): (Opcode | undefined)[] {
  const table: (Opcode | undefined)[] = [];
  for (const [key, size, handler, trace] of ROWS)
    table[OP[key]] = { name: key, size: size + IN_HEADER_SIZE, handler, ...trace };
  return table;
}
