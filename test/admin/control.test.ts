// What is served without a key is for programs of this machine and of its network, not for pages in a browser on it.
import assert from 'node:assert/strict'
import http from 'node:http'
import { hostname } from 'node:os'
import { after, test } from 'node:test'
import { type Closers, serveMessages, serveMetrics } from '../../src/servers.ts'
import { createTestControl } from './admin-for-test.ts'

const control = createTestControl([])
const closers: Closers = []
after(() => Promise.all(closers.map((close) => close())))
const places = [
  [await serveMessages('127.0.0.1:0', control.handle, closers), '/v1/routes'],
  [await serveMessages('127.0.0.1:0', control.handle, closers), '/status'],
  [await serveMetrics('127.0.0.1:0', () => 'counted 1\n', closers), '/apisix/prometheus/metrics'],
] as const

function ask(place: string, path: string, host: string): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    http
      .get(`http://${place}${path}`, { headers: { Host: host, Origin: 'http://evil.example' } }, (response) =>
        resolve(response.resume()),
      )
      .on('error', reject)
  })
}

for (const [place, path] of places)
  test(path, async () => {
    for (const host of [place as string, 'localhost:9090', 'a.localhost', '[::1]:9090', '10.0.0.7', hostname()]) {
      const { statusCode, headers } = await ask(place as string, path, host)
      assert.equal(statusCode, 200, host)
      assert.deepEqual(
        Object.keys(headers).filter((name) => name.startsWith('access-control-')),
        [],
        'a page of another site cannot read it',
      )
    }
    for (const host of ['evil.example', 'evil.example:9090', '127.0.0.1.evil.example', 'localhost.evil.example'])
      assert.equal((await ask(place as string, path, host)).statusCode, 403, host)
  })

test('a name is nobody’s trick when the caller is another machine, as a scraper is', async () => {
  const request = { method: 'GET', query: new URLSearchParams(), body: Buffer.alloc(0) }
  const header = (name: string) => (name === 'host' ? 'gateway:9090' : undefined)
  for (const [remoteAddress, status] of [
    ['10.0.0.7', 200],
    ['::ffff:127.0.0.1', 403],
  ] as const)
    assert.equal((await control.handle({ ...request, path: '/v1/routes', header, remoteAddress })).status, status)
})
