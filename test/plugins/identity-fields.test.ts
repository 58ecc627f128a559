// What a plugin tells an upstream about the client cannot be written by that client, in no spelling that an upstream behind CGI or WSGI reads as
// the same name, and not while the plugin has nothing to tell.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { freePort } from '../e2e/process.ts'
import { startBench } from './harness.ts'

const bench = await startBench({
  'consumers/jack': { username: 'jack', labels: { team: 'x' }, plugins: { 'key-auth': { key: 'jacks' } } },
})
const service = createServer((request, response) => {
  request.resume()
  response
    .setHeader('X-User-Id', 'ann')
    .end(JSON.stringify({ result: { allow: true, headers: { 'X-User-Id': 'ann' } } }))
})
await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
after(() => service.close())
const address = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
const nobody = `http://127.0.0.1:${await freePort()}`

const session = { secret: 'a-secret-of-at-least-16' }
const login = { client_id: 'one', client_secret: 'two', discovery: nobody, session, unauth_action: 'pass' }
const named = { upstream_headers: ['X-User-Id', 'X-Role'] }

for (const [what, plugins, names] of [
  ['openid-connect', { 'openid-connect': login }, ['X-Userinfo', 'X-Access-Token', 'X-ID-Token', 'X-Refresh-Token']],
  ['forward-auth', { 'forward-auth': { uri: address, ...named } }, named.upstream_headers],
  [
    'forward-auth without its service',
    { 'forward-auth': { uri: nobody, allow_degradation: true, ...named } },
    named.upstream_headers,
  ],
  [
    'opa',
    { opa: { host: address, policy: 'p', send_headers_upstream: ['X-User-Id', 'X-Role'] } },
    named.upstream_headers,
  ],
  ['jwe-decrypt', { 'jwe-decrypt': { strict: false, header: 'X-Token', forward_header: 'X-Claims' } }, ['X-Claims']],
  [
    'attach-consumer-label',
    { 'key-auth': {}, 'attach-consumer-label': { headers: { 'X-Team': '$team', 'X-Role': '$role' } } },
    ['X-Team', 'X-Role'],
  ],
  ['a consumer', { 'key-auth': {} }, ['X-Consumer-Username', 'X-Consumer-Custom-ID', 'X-Credential-Identifier']],
] as const)
  test(what, async () => {
    bench.route(plugins)
    const spellings = names.flatMap((name) => [name, name.replaceAll('-', '_'), name.toLowerCase().replace('-', '_')])
    const headers = { apikey: 'jacks', ...Object.fromEntries(spellings.map((name) => [name, 'forged'])) }
    const answer = await bench.send('/a', { headers })
    assert.equal(answer.status, 200)
    assert.doesNotMatch(answer.text, /forged/)
  })
