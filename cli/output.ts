/** Where output goes: what happens when nobody reads it any more, or when it cannot be written. */
import { openSync, writeSync } from 'node:fs';
import { fileError } from '../native/file_error.ts';
import { EXIT, reportError } from './common.ts';

let isServing = false;

/**
 * To be called once, before anything is written. A reader that goes away early (`| head`)
 * ends the command without a word, as SIGPIPE ends others; a full disk is said.
 */
export function guardOutput(): void {
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'EPIPE') {
      if (!isServing) process.exit(EXIT.brokenPipe);
      return;
    }
    reportError(fileError('write the output', error));
    if (!isServing) process.exit(EXIT.failure);
  };
  process.stdout.on('error', onError);
  process.stderr.on('error', () => {
    if (!isServing) process.exit(EXIT.failure);
  });
}

/** From now on others depend on this process: it goes on when nobody reads what it prints. */
export function outliveReaders(): void {
  isServing = true;
}

/** Takes lines for a file, or for standard error. What a disk has no room for is lost; that is said once. */
export function lineSink(target: string | true, flags: 'a' | 'w'): (line: string) => void {
  if (target === true) return (line) => process.stderr.write(`${line}\n`);
  let fd: number;
  try {
    fd = openSync(target, flags);
  } catch (error) {
    throw fileError(`write ${target}`, error);
  }
  let isFull = false;
  return (line) => {
    try {
      writeSync(fd, `${line}\n`);
    } catch (error) {
      if (!isFull) reportError(fileError(`write ${target}`, error));
      isFull = true;
    }
  };
}
