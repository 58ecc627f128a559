// A whole Gateward on free ports in a directory of its own, with the sample API, for tests that come in by the front door.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Gateward, startGateward } from '../../src/app.ts'
import { startConferenceApi } from '../../src/lib/sample-api.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { readOwnerKey } from '../../src/surfaces/owner.ts'
import type { AdminAccess } from '../e2e/process.ts'

export interface Running extends AdminAccess {
  gateward: Gateward
  directory: string
  surface: string
  gateway: string
  api: string
  ownerKey: string
  /** Calls the surface as the owner. */
  owner(method: string, path: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }>
  close(): Promise<void>
}

/** `surface`: lines of the section `surface` of gateward.yaml. */
export async function run(surfaceLines = "  listen: '127.0.0.1:0'"): Promise<Running> {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-test-'))
  writeFileSync(join(directory, 'gateward.yaml'), `${BASE}\nsurface:\n${surfaceLines}`)
  const { settings } = loadSettings({ argv: ['--data-dir', directory], env: {}, cwd: directory })
  const api = await startConferenceApi(0)
  const gateward = await startGateward(settings).catch(async (error) => {
    await api.close()
    throw error
  })
  const surface = `http://${gateward.surface}`
  const ownerKey = readOwnerKey(directory)
  return {
    gateward,
    directory,
    surface,
    gateway: `http://${gateward.gateway[0]}`,
    api: `http://127.0.0.1:${api.port}`,
    ownerKey,
    admin: `http://${gateward.admin}/apisix/admin`,
    key: readFileSync(join(directory, 'admin.key'), 'utf8').trim(),
    async owner(method, path, body) {
      const headers = { Authorization: `Bearer ${ownerKey}`, 'Content-Type': 'application/json' }
      const response = await fetch(surface + path, { method, headers, body: body && JSON.stringify(body) })
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    },
    async close() {
      await gateward.close()
      await api.close()
      rmSync(directory, { recursive: true })
    },
  }
}

const BASE = `threads: 1
log: { level: fatal }
gateway: { http: ['127.0.0.1:0'], https: [] }
admin: { listen: '127.0.0.1:0' }
control: { listen: 'off' }
metrics: { listen: 'off' }`
