import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { type Echo, refusal, startBench } from './harness.ts'
import { arrived, startReceiver } from './logging/receiver.ts'

const bench = await startBench()
const receiver = await startReceiver()
beforeEach(() => {
  receiver.received.length = 0
})

interface Logged {
  request: { uri: string; url: string; querystring: object; headers: Record<string, string>; body?: string }
}

/** What a logger shows of a request, and what the upstream got. */
async function masked(
  rules: object[],
  target: string,
  request: { headers?: Record<string, string>; body?: string } = {},
  more: { mask?: object; logger?: object } = {},
): Promise<{ logged: Logged; up: Echo }> {
  receiver.received.length = 0
  bench.route({
    'data-mask': { request: rules, ...more.mask },
    'http-logger': { uri: receiver.url, batch_max_size: 1, include_req_body: true, ...more.logger },
  })
  const answer = await bench.send(target, { method: request.body === undefined ? 'GET' : 'POST', ...request })
  const [post] = await arrived(receiver.received)
  return { logged: JSON.parse(post?.body ?? ''), up: answer.json() }
}

const query = (name: string, more: object): object => ({ type: 'query', name, ...more })
const json = (name: string, more: object): object => ({ type: 'body', body_format: 'json', name, ...more })

test('query arguments, in the default entry and in variables; the upstream gets all', async () => {
  const rules = [
    query('password', { action: 'remove' }),
    query('token', { action: 'replace', value: '***' }),
    query('card', { action: 'regex', regex: '(\\d+)-\\d+-(\\d+)', value: '$1-**-$2$3' }),
  ]
  const target = '/a?password=p&token=t%20t&card=12-34-56&ok=1&p%61ssword=again'
  const { logged, up } = await masked(rules, target)
  assert.equal(up.url, target)
  assert.equal(logged.request.uri, '/a?token=***&card=12-**-56&ok=1')
  assert.ok(logged.request.url.endsWith(logged.request.uri))
  assert.deepEqual(logged.request.querystring, { token: '***', card: '12-**-56', ok: '1' })
  const log_format = { line: '$request_line', args: '$args', token: '$arg_token', up: '$upstream_uri' }
  const custom = (await masked(rules, '/a?token=t', {}, { logger: { log_format } })).logged
  assert.deepEqual(custom, { line: 'GET /a?token=*** HTTP/1.1', args: 'token=***', token: '***', route_id: 'a' })
})

test('a value that an expression takes too long for is hidden, wherever it stands', async () => {
  const slow = { action: 'regex', regex: '^(?=(?:a+)+b)', value: '' }
  const value = `${'a'.repeat(40)}c`
  const rules = [query('q', slow), { type: 'header', name: 'x-slow', ...slow }, json('$.word', slow)]
  const request = { headers: { 'X-Slow': value }, body: JSON.stringify({ word: value }) }
  const { logged, up } = await masked(rules, `/a?q=${value}`, request)
  assert.equal(up.url, `/a?q=${value}`)
  assert.equal(logged.request.uri, '/a?q=***')
  assert.deepEqual([logged.request.headers['x-slow'], logged.request.body], ['***', '{"word":"***"}'])
})

test('headers', async () => {
  const rules = [
    { type: 'header', name: 'Authorization', action: 'remove' },
    { type: 'header', name: 'X-Key', action: 'replace', value: 'hidden' },
    { type: 'header', name: 'x-card', action: 'regex', regex: '\\d', value: '#' },
  ]
  const headers = { Authorization: 'Bearer t', 'X-KEY': 'k', 'X-Card': '1-2', 'X-Other': 'o' }
  const { logged, up } = await masked(rules, '/a', { headers })
  assert.equal(up.headers.authorization, 'Bearer t')
  const { authorization, 'x-key': key, 'x-card': card, 'x-other': other } = logged.request.headers
  assert.deepEqual([authorization, key, card, other], [undefined, 'hidden', '#-#', 'o'])
})

test('members of a JSON body, also by $request_body', async () => {
  const rules = [
    json('$.user.password', { action: 'remove' }),
    json('$.cards[*].no', { action: 'regex', regex: '\\d', value: '*' }),
  ]
  const body = JSON.stringify({ user: { name: 'a', password: 'p' }, cards: [{ no: '12' }, { no: 3 }] })
  const hidden = { user: { name: 'a' }, cards: [{ no: '**' }, { no: '*' }] }
  const { logged, up } = await masked(rules, '/a', { body })
  assert.equal(up.body, body)
  assert.deepEqual(JSON.parse(logged.request.body ?? ''), hidden)
  const more = { logger: { include_req_body: false, log_format: { b: '$request_body' } } }
  const { b } = (await masked(rules, '/a', { body }, more)).logged as unknown as { b: string }
  assert.deepEqual(JSON.parse(b), hidden)
})

test('a body that cannot be taken apart is not logged', async () => {
  const rules = [json('$.password', { action: 'remove' })]
  const body = JSON.stringify({ name: 'n'.repeat(50), password: 'p' })
  const shown = async (sent: string, more: object = {}): Promise<string | undefined> =>
    (await masked(rules, '/a', { body: sent }, more)).logged.request.body
  assert.match((await shown('{"password":"p"')) ?? '', /^\(not logged/)
  assert.match((await shown(body, { mask: { max_body_size: 10 } })) ?? '', /^\(not logged/)
  assert.match((await shown(body, { logger: { max_req_body_bytes: 20 } })) ?? '', /^\(not logged/)
})

test('fields of a form, as many as may be looked at', async () => {
  const rules = [{ type: 'body', body_format: 'urlencoded', name: 'password', action: 'replace', value: '*' }]
  const { logged } = await masked(rules, '/a', { body: 'a=1&password=p&c=3' }, { mask: { max_req_post_args: 2 } })
  assert.equal(logged.request.body, 'a=1&password=*')
  const both = [...rules, json('$.password', { action: 'remove' })]
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
  assert.equal((await masked(both, '/a', { headers, body: 'password=p' })).logged.request.body, 'password=*')
  assert.equal((await masked(both, '/a', { body: '{"password":"p"}' })).logged.request.body, '{}')
})

test('configurations that are refused', () => {
  const refused = (rule: object): string => refusal('data-mask', { request: [rule] }) ?? ''
  assert.match(refused(query('a', { action: 'regex', regex: '(', value: '' })), /invalid regular expression/)
  assert.match(refused(json('password', { action: 'remove' })), /is not a path such as/)
  assert.match(refused(query('a', { action: 'replace' })), /item 1: allOf 3 failed: then clause did not match/)
})
