// The Admin API against the recordings, over every store that it writes to.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { toListener } from '../../src/admin/listen.ts'
import { ADMIN_KEY, createTestAdmin, STAND_IN_NAMES, VIEWER_KEY } from '../admin/admin-for-test.ts'
import { openStoreForTest, WRITABLE_STORES } from './every-store.ts'
import { runRecording } from './replay.ts'

const MAX_BODY_BYTES = 1024 * 1024

// Stand-ins of the tests have no whole schema.
const UNFINISHED_PLUGINS = STAND_IN_NAMES

for (const { name, options } of WRITABLE_STORES) {
  test(`the Admin API answers as recorded: ${name}`, options, async (t) => {
    const { admin, close } = await createTestAdmin({ store: await openStoreForTest(t, name) })
    const server = createServer(toListener({ ...admin, maxBodyBytes: MAX_BODY_BYTES }))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
      const report = await runRecording('admin.jsonl', {
        addresses: { admin: address, upstream: '127.0.0.1:17201' },
        adminKey: ADMIN_KEY,
        viewerKey: VIEWER_KEY,
      })
      const missing = UNFINISHED_PLUGINS.map((plugin) => `/schema/plugins/${plugin}`)
      const different = report.different.filter((text) => !missing.some((path) => text.includes(path)))
      assert.deepEqual(different, [])
      assert.ok(report.equal > 600, `only ${report.equal} exchanges are equal`)
    } finally {
      server.close()
      await close()
    }
  })
}
