// The Admin API's keys: those of the settings, or made at the first start and kept in the data directory, readable by the owner only. A key in a
// file follows it: who writes a new one there has changed the key, without a restart.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { keyIn } from '../lib/made-file.ts'
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
    admin: key ?? keyIn(settings.data_dir, 'admin.key'),
    viewer: viewerKey === 'generate' ? keyIn(settings.data_dir, 'viewer.key') : viewerKey,
  }
}

const LOOK_EVERY_MS = 1000

/** The keys in force while a gateway runs. */
export class LiveAdminKeys {
  readonly #settings: Pick<Settings, 'admin' | 'data_dir'>
  readonly #onChange: (trouble: string | undefined) => void
  readonly #timer: NodeJS.Timeout
  #current: AdminKeys
  #trouble: string | undefined

  /** Throws as `loadAdminKeys`. `onChange`: other keys are in force from now on, or the files cannot be read and the last keys stay. */
  constructor(settings: Pick<Settings, 'admin' | 'data_dir'>, onChange: (trouble: string | undefined) => void) {
    this.#settings = settings
    this.#onChange = onChange
    this.#current = loadAdminKeys(settings)
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref()
  }

  get current(): AdminKeys {
    return this.#current
  }

  /** Reads the files again, now. A file that is not there or empty, since somebody is about to replace it, changes nothing. */
  look(): void {
    const { admin, viewer } = this.#current
    try {
      const { key, viewer_key: viewerKey } = this.#settings.admin
      const next = {
        admin: key ?? readKey(this.#settings.data_dir, 'admin.key'),
        viewer: viewerKey === 'generate' ? readKey(this.#settings.data_dir, 'viewer.key') : viewerKey,
      }
      this.#trouble = undefined
      if (next.admin === admin && next.viewer === viewer) return
      this.#current = next
      this.#onChange(undefined)
    } catch (error) {
      const { message } = error as Error
      if (message !== this.#trouble) this.#onChange(message)
      this.#trouble = message
    }
  }

  close(): void {
    clearInterval(this.#timer)
  }
}

function readKey(directory: string, name: string): string {
  const file = join(directory, name)
  const line = readFileSync(file, 'utf8').trim()
  if (line === '') throw new Error(`reading ${file}: found nothing in it`)
  return line
}
