// Values of a secret manager in a whole process: from the main thread to all data-plane threads.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { admin, start } from '../../e2e/process.ts'
import { serveVault } from './servers.ts'

test('a key in a vault lets in on every thread as soon as the write is answered', async () => {
  const vault = await serveVault('root', undefined, { 'kv/jack': { key: 'k' } })
  const running = await start()
  after(() => running.stop())
  const call = async (apikey: string): Promise<number> =>
    (await fetch(`${running.gateway}/a`, { headers: { apikey, connection: 'close' } })).status
  const statuses = async (apikey: string): Promise<number[]> => {
    const all = await Promise.all(Array.from({ length: 8 }, () => call(apikey)))
    return [...new Set(all)]
  }
  const plugins = { 'key-auth': {}, mocking: { response_example: 'x' } }
  await admin(running, 'PUT', '/secrets/vault/1', { uri: vault.url, prefix: 'kv', token: 'root' })
  await admin(running, 'PUT', '/routes/a', { uri: '/a', plugins })
  await admin(running, 'PUT', '/consumers/jack', {
    username: 'jack',
    plugins: { 'key-auth': { key: '$secret://vault/1/jack/key' } },
  })
  assert.deepEqual(await statuses('k'), [200])
  assert.equal(vault.asked.length, 1, 'one question for all threads')
  assert.deepEqual(await statuses('$secret://vault/1/jack/key'), [401])
})
