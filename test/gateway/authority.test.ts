// The host of a request, as routes and certificates compare it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostOf, portOf, toAuthority } from '../../src/gateway/authority.ts'
import { threadForTest } from './thread-for-test.ts'

test('case, port and a dot at the end are not part of the host', () => {
  for (const authority of ['a.example', 'A.Example', 'a.example.', 'a.example:80', 'a.example.:80', 'a.example:'])
    assert.equal(hostOf(authority), 'a.example', authority)
  assert.equal(hostOf('[::1]:80'), '[::1]')
  assert.equal(portOf('a.example.:81'), '81')
  assert.equal(portOf('a.example.'), undefined)
})

test('what names no host is none', () => {
  for (const authority of ['.', '.:80', 'a..b', 'a..', '..', ':80', 'a b', 'a:x'])
    assert.equal(toAuthority(authority), undefined, authority)
  for (const authority of ['', 'a', 'a.', 'a.b.:1', '[::1]', 'a_b', '1.2.3.4:80'])
    assert.equal(toAuthority(authority), authority)
})

test('more hosts than are remembered are still themselves', () => {
  for (let i = 0; i < 3000; i++) {
    const authority = `Host-${i % 1500}.example:${i}`
    assert.equal(toAuthority(authority), authority)
    assert.equal(hostOf(authority), `host-${i % 1500}.example`)
    assert.equal(portOf(authority), String(i))
  }
  assert.equal(toAuthority('\uff45.example'), undefined, 'no text becomes another one')
  assert.equal(hostOf(`${'a'.repeat(5000)}.example:80`), `${'a'.repeat(5000)}.example`)
})

test('a dot at the end of Host is no way around a route that names the host', async () => {
  const thread = threadForTest()
  const refusal = { plugins: { 'fault-injection': { abort: { http_status: 418 } } } }
  thread.put('routes/named', { uri: '/*', hosts: ['a.example', '*.b.example'], ...refusal })
  thread.put('routes/all', { uri: '/*', plugins: { mocking: { response_example: 'open' } } })
  const status = async (host: string): Promise<number> =>
    (await thread.inject({ method: 'GET', target: '/', headers: { Host: host } })).status
  for (const host of ['a.example', 'a.example.', 'A.EXAMPLE.:80', 'x.b.example', 'x.b.example.'])
    assert.equal(await status(host), 418, host)
  assert.equal(await status('c.example.'), 200)
  thread.close()
})
