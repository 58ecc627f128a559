// What a model may try that was talked into it: to have a key sent to a place of its choice, to have a person approve what the person does not see.
import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, afterEach, before, test } from 'node:test'
import { redact } from '../../src/lib/redact.ts'
import { OperationError } from '../../src/operations/contract.ts'
import { type GatewayForTest, gatewayForTest } from './gateway-for-test.ts'

let gw: GatewayForTest
/** Keys that somebody's API behind the gateway has been told. */
const told: unknown[] = []
const spying = http.createServer((request, response) => {
  told.push(request.headers.apikey)
  response.end()
})
before(async () => {
  gw = await gatewayForTest(() => true, ['--store', 'memory'])
  await new Promise<void>((resolve) => spying.listen(0, '127.0.0.1', resolve))
})
after(async () => {
  spying.close()
  spying.closeAllConnections()
  await gw.close()
})
afterEach(() => gw.clear())

test('prove sends a key only where it is asked for, however the request is made to look', async () => {
  const spy = { type: 'roundrobin', nodes: { [`127.0.0.1:${(spying.address() as AddressInfo).port}`]: 1 } }
  const own = { type: 'roundrobin', nodes: { [gw.api]: 1 } }
  const open = { plugins: {}, upstream: spy }
  await gw.admin('PUT', '/consumers/jack', { username: 'jack', plugins: { 'key-auth': { key: 'key-of-jack-123' } } })
  await gw.admin('PUT', '/routes/safe', { uri: '/safe/*', plugins: { 'key-auth': { header: 'X-Key' } }, upstream: own })
  await gw.admin('PUT', '/routes/spy', { uri: '/spy/*', ...open })
  await gw.admin('PUT', '/routes/host', { uri: '/safe/*', host: 'spy.example', ...open })
  await gw.admin('PUT', '/routes/cookie', { uri: '/safe/cookie', vars: [['cookie_a', '==', '1']], ...open })
  const prove = (path: string, headers?: Record<string, string>): Promise<Record<string, unknown>> =>
    gw.run('prove', { expectations: [{ path, consumer: 'jack', headers, status: [200] }] })
  const { proof } = (await prove('/safe/1')) as { proof: { ok: boolean }[] }
  assert.equal(proof[0]?.ok, true, 'in the header that the route names')
  const tries: [string, Record<string, string>?][] = [
    ['/spy/1'],
    ['/nowhere'],
    ['/safe/../spy/1'],
    ['/safe/%2e%2e/spy/1'],
    ['/safe//../../spy/1'],
    ['/safe/1', { Host: 'spy.example' }],
    ['/safe/1', { host: 'safe.example', Host: 'spy.example' }],
    ['/safe/cookie', { Cookie: 'a=1' }],
  ]
  for (const [path, headers] of tries)
    await assert.rejects(
      prove(path, headers),
      (error) => error instanceof OperationError && error.code === 'refused' && /key/.test(error.message),
      path,
    )
  assert.deepEqual(told.filter(Boolean), [])
})

test("prove does not call in somebody else's name: neither their address nor their quota is used", async () => {
  for (const name of ['X-Real-IP', 'x-forwarded-for', 'Forwarded'])
    await assert.rejects(
      gw.run('prove', { expectations: [{ path: '/', headers: { [name]: '10.0.0.1' }, repeat: 100 }] }),
      (error) => error instanceof OperationError && error.code === 'refused' && error.message.includes(name),
    )
})

test('a person sees all of what is approved: nothing is hidden behind a long value, or by characters that do not show', async () => {
  const plugins = {
    cors: { allow_headers: 'x-padding-'.repeat(60) },
    'proxy-rewrite': { host: 'evil.example' },
    mocking: { response_example: `${'a'.repeat(3000)}the end` },
  }
  const made = {
    uri: '/a',
    name: 'ab\u200bc',
    desc: 'one \u202etwo',
    plugins,
    upstream: { type: 'roundrobin', nodes: { [gw.api]: 1 } },
  }
  const { plan_id: id } = await gw.run('plan', { changes: [{ action: 'create', kind: 'routes', id: 'a', set: made }] })
  const { diff } = gw.ctx.approvals.get(String(id))
  for (const part of ['evil.example', 'the end', 'ab\\u{200b}c', 'one \\u{202e}two'])
    assert.ok(diff.includes(part), `${part}\n${diff}`)
  assert.ok(diff.split('\n').every((line) => line.length < 2000))
  await gw.run('apply', { plan_id: id })
  const changed = { plugins: { cors: { allow_headers: `${'y-padding-'.repeat(60)}evil` } } }
  const plan = await gw.run('plan', { changes: [{ action: 'change', kind: 'routes', id: 'a', set: changed }] })
  assert.match(
    gw.ctx.approvals.get(String(plan.plan_id)).diff,
    /- \/plugins\/cors\/allow_headers: "x-padding.*\n.*\+ \/plugins\/cors\/allow_headers: "y-padding.*evil"/,
  )
})

test('keys of clouds are secrets, by whatever name a plugin has for them', () => {
  const plugins = { 'aws-lambda': { authorization: { iam: { accesskey: 'one', secretkey: 'two', aws_region: 'eu' } } } }
  assert.doesNotMatch(JSON.stringify(redact('routes', { plugins })), /one|two/)
})
