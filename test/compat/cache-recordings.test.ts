// The recordings of caching, mirroring, compression, error pages and the plugins' own interfaces.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startReplay } from './plugin-replay.ts'

const bench = await startReplay()

for (const plugin of [
  'proxy-cache',
  'proxy-mirror',
  'gzip',
  'brotli',
  'error-page',
  'exit-transformer',
  'batch-requests',
  'public-api',
  'node-status',
  'server-info',
  'prometheus',
]) {
  test(`${plugin} answers as recorded`, async () => {
    assert.deepEqual((await bench.replay(plugin)).different, [])
  })
}
