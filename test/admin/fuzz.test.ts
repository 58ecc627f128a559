// The Admin API under generated and damaged calls from a fixed seed (`npm run fuzz -- admin` goes on with others), and the bad bodies that
// generators do not find: too large, too deep, made to be slow.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { toListener } from '../../src/admin/listen.ts'
import { callAtRandom } from '../fuzz/admin.ts'
import { ADMIN_KEY, createTestAdmin, type TestAdmin } from './admin-for-test.ts'

const SEED = 1
const CALLS = 6000
const MAX_BODY_BYTES = 1024 * 1024
const MAX_ANSWER_MS = 3000

test('every call gets a decent answer, a refused one changes nothing', async () => {
  const { statuses, finding } = await callAtRandom(SEED, CALLS)
  assert.ok(finding === undefined, finding ?? '')
  for (const status of [200, 201, 400, 401, 404, 405, 412])
    assert.ok(statuses.has(status), `no call was answered with ${status}`)
})

describe('bad bodies', () => {
  let api: TestAdmin
  let server: http.Server
  let port = 0

  before(async () => {
    api = await createTestAdmin()
    server = http.createServer(toListener({ ...api.admin, maxBodyBytes: MAX_BODY_BYTES }))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  })
  after(async () => {
    server.close()
    server.closeAllConnections()
    await api.close()
  })

  /** PUT of a route over a socket: status and answer. */
  async function put(
    body: string | Buffer,
    headers = `Content-Length: ${Buffer.byteLength(body)}\r\n`,
  ): Promise<string> {
    const before = api.store.revision()
    const startedAt = performance.now()
    const socket = net.connect(port, '127.0.0.1')
    socket.on('error', () => {})
    let got = ''
    socket.on('data', (chunk) => {
      got += chunk
    })
    socket.write(
      `PUT /apisix/admin/routes/1 HTTP/1.1\r\nHost: a\r\nX-API-KEY: ${ADMIN_KEY}\r\nConnection: close\r\n${headers}\r\n`,
    )
    socket.write(body)
    await once(socket, 'close')
    assert.ok(performance.now() - startedAt < MAX_ANSWER_MS, `answered after ${performance.now() - startedAt} ms`)
    assert.equal(api.store.revision(), before)
    assert.match(got, /"error_msg":"[^"]/)
    return got
  }

  const large = `{"uri":"/a","desc":"${'x'.repeat(MAX_BODY_BYTES)}"}`

  test('larger than the limit: 413, announced or chunked', async () => {
    assert.match(await put(large), /^HTTP\/1\.1 413 /)
    assert.match(await put('', `Content-Length: ${large.length}\r\n`), /^HTTP\/1\.1 413 /)
    const chunks = `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`
    assert.match(await put(chunks, 'Transfer-Encoding: chunked\r\n'), /^HTTP\/1\.1 413 /)
  })

  const fill = (item: (i: number) => string): string => {
    const items: string[] = []
    for (let bytes = 0; bytes < MAX_BODY_BYTES - 2000; bytes += (items.at(-1) as string).length + 1)
      items.push(item(items.length))
    return items.join(',')
  }
  test('without a key: 401 before the body has come, which is not kept', async () => {
    const socket = net.connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('PUT /apisix/admin/routes/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n{')
    const [answer] = await once(socket, 'data')
    assert.match(String(answer), /^HTTP\/1\.1 401 .*missing apikey/s)
    socket.destroy()
  })

  const bodies: [name: string, body: string | Buffer, pattern: RegExp][] = [
    ['too deep', `{"uri":"/a","x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`, /nested deeper/],
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), /not UTF-8/],
    ['__proto__', '{"__proto__":{"admin":true}}', /__proto__/],
    ['a name twice', '{"uri":"/a","uri":"/b","upstream":{"nodes":{"127.0.0.1:80":1}}}', /stands twice/],
    [
      'a name twice, deep inside',
      '{"uri":"/a","upstream":{"nodes":{"127.0.0.1:80":1,"127.0.0.1:80":2}}}',
      /stands twice/,
    ],
    ['a number without end', '{"uri":"/a","priority":1e999}', /too large/],
    [
      'a number that loses digits',
      '{"uri":"/a","priority":9007199254740993e10,"upstream":{"nodes":{"a:80":-1}}}',
      /weight|nodes|number/,
    ],
    ['many equal addresses', `{"uri":"/a","remote_addrs":[${fill(() => '"::1"')}]}`, /./],
    [
      'many addresses',
      `{"uri":"/a","remote_addrs":[${fill((i) => `"10.${i >> 16}.${(i >> 8) & 255}.${i & 255}"`)}],"x":1}`,
      /./,
    ],
    ['many uris', `{"uris":[${fill((i) => `"/${i}"`)}],"x":1}`, /./],
    ['many objects where texts belong', `{"hosts":[${fill((i) => `{"a":${i}}`)}]}`, /./],
    ['many unknown fields', `{"uri":"/a",${fill((i) => `"f${i}":0`)}}`, /./],
    ['many unknown plugins', `{"uri":"/a","plugins":{${fill((i) => `"p${i}":{}`)}}}`, /./],
    ['many wrong nodes', `{"uri":"/a","upstream":{"nodes":{${fill((i) => `"n${i}:80":"x"`)}}}}`, /./],
    [
      'many broken expressions',
      `{"uri":"/a","vars":[${fill((i) => `["a${i}","??",1]`)}],"upstream":{"nodes":{"a:80":1}}}`,
      /./,
    ],
    ['many labels that are none', `{"uri":"/a","labels":{${fill((i) => `"l${i}":1`)}}}`, /./],
  ]
  for (const [name, body, pattern] of bodies) {
    test(`${name}: 400`, async () => {
      const answer = await put(body)
      assert.match(answer, /^HTTP\/1\.1 400 /)
      assert.match(answer, pattern)
      assert.ok(answer.length < 256 * 1024, `an answer of ${answer.length} bytes`)
    })
  }
})
