// Two gateward processes with two data-plane threads each, one Redis: together they let exactly the limit pass, and a client that goes away
// leaves no place taken.
import assert from 'node:assert/strict'
import { createServer, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { startRedis } from '../lib/redis-servers.ts'
import { needs } from '../needs.ts'
import { until } from '../until.ts'
import { admin, type Running, start } from './process.ts'

/** Each `/slow` waits until it is let go. */
const waiting: ServerResponse[] = []
const server = createServer((incoming, response) => {
  if (incoming.url === '/slow') waiting.push(response)
  else response.end('ok')
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
after(() => {
  server.closeAllConnections()
  server.close()
})
const upstream = { type: 'roundrobin', nodes: { [`127.0.0.1:${(server.address() as AddressInfo).port}`]: 1 } }

async function withTwo(plugins: object, run: (gateways: string[]) => Promise<void>): Promise<void> {
  const running: Running[] = await Promise.all([start(), start()])
  try {
    for (const one of running) {
      const written = await admin(one, 'PUT', '/routes/a', { uri: '/*', upstream, plugins })
      assert.equal(written.status, 201, JSON.stringify(written.body))
    }
    await run(running.map(({ gateway }) => gateway))
  } finally {
    await Promise.all(running.map((one) => one.stop()))
  }
}

/** Each request on a connection of its own, so that all threads get some. */
function statusOf(gateway: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(gateway, { agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
    sent.on('error', reject).end()
  })
}

test('two processes of two threads let exactly the limit pass', needs('redis-server'), async () => {
  const { port } = await startRedis()
  const where = { policy: 'redis', redis_host: '127.0.0.1', redis_port: port, redis_timeout: 10_000 }
  await withTwo({ 'limit-count': { count: 123, time_window: 600, rejected_code: 429, ...where } }, async (gateways) => {
    const counts = new Map<number, number>()
    const client = async (gateway: string): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        const status = await statusOf(gateway)
        counts.set(status, (counts.get(status) ?? 0) + 1)
      }
    }
    await Promise.all(gateways.flatMap((gateway) => Array.from({ length: 5 }, () => client(gateway))))
    assert.deepEqual(Object.fromEntries(counts), { 200: 123, 429: 77 })
  })
})

test('a client that goes away gives its place back, here and in Redis', needs('redis-server'), async () => {
  const { port } = await startRedis()
  const limit = { conn: 1, burst: 0, default_conn_delay: 0.1, key: 'remote_addr', rejected_code: 429 }
  const where = { policy: 'redis', redis_host: '127.0.0.1', redis_port: port, redis_timeout: 10_000 }
  for (const conf of [limit, { ...limit, ...where }]) {
    await withTwo({ 'limit-conn': conf }, async ([gateway = '', other = '']) => {
      const aborted = request(`${gateway}/slow`, { agent: false })
      aborted.on('error', () => undefined).end()
      const before = waiting.length
      await until(() => waiting.length !== before)
      assert.equal(await statusOf(gateway), 429)
      assert.equal(await statusOf(other), 'policy' in conf ? 429 : 200)
      aborted.socket?.resetAndDestroy()
      let status = 429
      await until(async () => {
        status = await statusOf(gateway)
        return status !== 429
      }, 'the place is given back')
      assert.equal(status, 200)
    })
  }
})
