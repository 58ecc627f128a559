// Which stream route takes a connection, without sockets.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { ConnectionInfo } from '../../../src/gateway/exchange.ts'
import { threadForTest } from '../thread-for-test.ts'

const thread = threadForTest()
after(() => thread.close())

const from = (sni: string | undefined): ConnectionInfo => ({
  remoteAddr: '10.0.0.1',
  remotePort: 1,
  serverAddr: '10.0.0.2',
  serverPort: 9100,
  openedAt: 0,
  requests: 0,
  ...(sni !== undefined && { tls: { sni, protocol: 'TLSv1.3', cipher: 'x' } }),
})

test('exact names go before wildcards, long wildcards before short ones, and those before routes without a name', () => {
  const upstream = { nodes: { '127.0.0.1:1': 1 } }
  for (const [id, sni] of Object.entries({ any: undefined, com: '*.com', test: '*.test.com', one: 'a.test.com' }))
    thread.put(`stream_routes/${id}`, { upstream, ...(sni && { sni }) })
  const match = (sni: string | undefined): string | undefined => thread.streamRoutes.match(from(sni))?.id
  assert.equal(match('a.test.com'), 'one')
  assert.equal(match('b.test.com'), 'test')
  assert.equal(match('c.b.test.com'), 'test')
  assert.equal(match('b.other.com'), 'com')
  assert.equal(match('b.org'), 'any')
  assert.equal(match(undefined), 'any')
})
