// What the system says about a file, in words: what cannot be done, where, and what to do about it.

/** Undefined for an error that is not about a file. */
export function describeFileError(error: NodeJS.ErrnoException): string | undefined {
  const { path, code, syscall } = error
  if (path === undefined || code === undefined) return undefined
  const say = SAYINGS[code]
  return say ? `${path}: ${say(syscall ?? 'open')}` : undefined
}

const SAYINGS: Record<string, (syscall: string) => string> = {
  ENOENT: () => 'there is no such file or directory',
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
