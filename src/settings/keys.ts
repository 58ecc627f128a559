// The Admin API's keys: those of the settings, or made at the first start and kept in the data directory, readable by the owner only.

import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from './schema.ts'

/** Keys by role. */
export interface AdminKeys {
  admin: string
  viewer: string | undefined
}

/** The keys in force; reading them again later gives a key file's new content. Throws when the data directory cannot be written. */
export function loadAdminKeys(settings: Pick<Settings, 'admin' | 'data_dir'>): AdminKeys {
  const { key, viewer_key: viewerKey } = settings.admin
  return {
    admin: key ?? keyInFile(settings.data_dir, 'admin.key'),
    viewer: viewerKey === 'generate' ? keyInFile(settings.data_dir, 'viewer.key') : viewerKey,
  }
}

function keyInFile(directory: string, name: string): string {
  return fileIn(directory, name, () => randomBytes(24).toString('base64url'))
}

/** One line in the file `name`, made when there is none, readable by the owner only. Throws when it cannot be made. */
export function fileIn(directory: string, name: string, make: () => string): string {
  const file = join(directory, name)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  try {
    // `wx` makes the file or fails, so that two starts at once agree on one key.
    writeFileSync(file, `${make()}\n`, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  const line = readFileSync(file, 'utf8').trim()
  if (line === '') throw new Error(`reading ${file}: found nothing in it: remove the file, and a new one is made`)
  return line
}
