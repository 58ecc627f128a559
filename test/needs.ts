// Programs that some tests need, such as a real etcd. On a developer's machine a test whose program is missing is skipped and says why;
// in CI (environment variable CI) it runs and fails, so that nothing is skipped there unseen.

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Options for `test`: `test(name, needs('etcd'), ...)`. The Debian package may have another name than the program. */
export function needs(program: string, debianPackage = program): { skip: string | false } {
  if (process.env.CI || isInstalled(program)) return { skip: false }
  return { skip: `needs ${program}: apt-get install ${debianPackage}` }
}

function isInstalled(program: string): boolean {
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
  return directories.some((directory) => isExecutable(join(directory, program)))
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
