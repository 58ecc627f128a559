import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { threadForTest } from '../thread-for-test.ts'

const statuses = [200, 200]
const servers: http.Server[] = []
let nodes: Record<string, number>

before(async () => {
  for (const i of [0, 1]) {
    const server = http.createServer((_, response) => {
      response.statusCode = statuses[i] as number
      response.end(String(i))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    servers.push(server)
  }
  nodes = Object.fromEntries(servers.map((server) => [`127.0.0.1:${(server.address() as AddressInfo).port}`, 1]))
})
after(() => {
  for (const server of servers) {
    server.close()
    server.closeAllConnections()
  }
})

/** Bodies of ten requests, sorted: which node answered how often. */
async function spread(thread: ReturnType<typeof threadForTest>): Promise<string> {
  const bodies: string[] = []
  for (let i = 0; i < 10; i++) bodies.push((await thread.inject({ target: '/a' })).body.toString())
  return bodies.sort().join('')
}

async function until(expected: string, thread: ReturnType<typeof threadForTest>): Promise<void> {
  for (let i = 0; i < 100; i++) {
    if ((await spread(thread)) === expected) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  assert.equal(await spread(thread), expected)
}

test('active checks take a failing node out and bring it back', async () => {
  const active = {
    type: 'http',
    http_path: '/h',
    healthy: { interval: 1, successes: 1 },
    unhealthy: { interval: 1, http_failures: 1 },
  }
  const thread = threadForTest({ 'routes/1': { uri: '/a', upstream: { nodes, checks: { active } } } })
  assert.equal(await spread(thread), '0000011111')
  statuses[1] = 500
  await until('0000000000', thread)
  statuses[1] = 200
  await until('0000011111', thread)
  thread.close()
})

test('passive checks count what requests see; with every node down all are tried', async () => {
  const passive = { unhealthy: { http_statuses: [500], http_failures: 2 } }
  const thread = threadForTest({ 'routes/1': { uri: '/a', upstream: { nodes, checks: { passive } } } })
  statuses[0] = 500
  await spread(thread)
  assert.equal(await spread(thread), '1111111111')
  statuses[1] = 500
  await spread(thread)
  assert.equal((await spread(thread)).length, 10)
  thread.close()
})
