// What the system says about a file, in words: what cannot be done, where, and what to do about it.
import { readFileSync } from 'node:fs'

/** Undefined for an error that is not about a file. `path`: how the file is called, if not as in the error. */
export function describeFileError(
  { code, syscall, ...error }: NodeJS.ErrnoException,
  path = error.path,
): string | undefined {
  if (path === undefined || code === undefined) return undefined
  const say = SAYINGS[code]
  return say ? `${path}: ${say(syscall ?? 'open')}` : undefined
}

/** The file that the setting `setting` names; what is wrong with it is said with that name. */
export function readNamedFile(file: string, setting: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const { message } = error as Error
    throw new Error(`${setting}: ${describeFileError(error as NodeJS.ErrnoException, file) ?? message}`, {
      cause: error,
    })
  }
}

const SAYINGS: Record<string, (syscall: string) => string> = {
  ENOENT: (syscall) =>
    syscall === 'mkdir'
      ? 'this directory cannot be made there; choose another --data-dir'
      : 'there is no such file or directory',
  EACCES: refused,
  EPERM: refused,
  EROFS: () => 'the file system is read-only; choose another place, such as another --data-dir',
  EEXIST: (syscall) =>
    syscall === 'mkdir'
      ? 'a directory is needed and this is a file; remove it, or choose another --data-dir'
      : 'there is such a file already; remove it, or choose another name',
  ENOTDIR: () => 'a part of this path is a file, not a directory',
  EISDIR: () => 'a file is needed and this is a directory',
  ENOSPC: () => 'the disk is full; make room, or choose another --data-dir',
}

function refused(syscall: string): string {
  const wish = syscall === 'mkdir' ? 'make this directory' : 'use this file'
  return `this user may not ${wish}; run as its owner, or choose another --data-dir`
}
