// The connections of the client that plugins ask their services with.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { createHttpClient } from '../../src/gateway/http-client.ts'
import { until } from '../until.ts'

const server = createServer((_, response) => setTimeout(() => response.end('ok'), 20))
server.keepAliveTimeout = 60_000
let opened = 0
let open = 0
server.on('connection', (socket) => {
  opened++
  open++
  socket.on('close', () => open--)
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
after(() => {
  server.closeAllConnections()
  server.close()
})
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

test('connections beyond those that are kept serve a burst, and are closed when it is over', async () => {
  const client = createHttpClient({ maxIdle: 2 })
  after(() => client.close())
  const burst = () => Promise.all(Array.from({ length: 20 }, () => client.request(url)))
  for (let i = 0; i < 5; i++) await burst()
  assert.equal(opened, 20, 'each burst uses the connections of the one before')
  await until(
    () => open <= 2,
    () => `2 connections are kept, ${open} are open`,
  )
  assert.equal(open, 2)
  assert.equal((await client.request(url)).status, 200)
  assert.equal(opened, 20)
})
