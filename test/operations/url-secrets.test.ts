// A password or a token inside an address: no answer, plan, error, log or ledger shows it; what is written back as it was shown stays as it is stored.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, test } from 'node:test'
import { isHidden, redact, restore } from '../../src/lib/redact.ts'
import { hideInUrls } from '../../src/lib/url-secrets.ts'
import { AdminClient } from '../../src/operations/admin-client.ts'
import type { Resource } from '../../src/resources/kinds.ts'
import { gatewayForTest } from './gateway-for-test.ts'

const g = await gatewayForTest(() => true, ['--store', 'memory'])
after(() => g.close())

const LOGGER = 'http://user:s3cr3t-pass@127.0.0.1:1/in?tenant=a&access_token=t0ken-value'
const SHOWN = 'http://user:***@127.0.0.1:1/in?tenant=a&access_token=***'
const SECRET = /s3cr3t-pass|t0ken-value|another-pass/

async function uri(): Promise<unknown> {
  const { body } = await g.admin('GET', '/routes/logged')
  return (body.value as { plugins: { 'http-logger': { uri: string } } }).plugins['http-logger'].uri
}

const setUri = (to: string): object => ({
  changes: [{ action: 'change', kind: 'routes', id: 'logged', set: { plugins: { 'http-logger': { uri: to } } } }],
})

test('of an address only the secret is hidden', () => {
  const shown: [string, string][] = [
    [LOGGER, SHOWN],
    ['https://u:p@ss@h/p', 'https://u:***@h/p'],
    ['https://:pass@h', 'https://:***@h'],
    ['https://ghp_token@h/x', 'https://***@h/x'],
    ['rediss://u:p%40@h:6379/0', 'rediss://u:***@h:6379/0'],
    [
      'https://h/x?api_key=a&apiKey=b&key=c&X-Amz-Signature=d',
      'https://h/x?api_key=***&apiKey=***&key=***&X-Amz-Signature=***',
    ],
    ['/x?sig=a#f', '/x?sig=***#f'],
    ['send to "https://u:p@h" or https://h?token=a, done', 'send to "https://u:***@h" or https://h?token=*** done'],
    [
      'https://h/@scope?sort_key=a&monkey=b&max_tokens=5&code=301',
      'https://h/@scope?sort_key=a&monkey=b&max_tokens=5&code=301',
    ],
    ['/login?token=$arg_token&next=$1', '/login?token=$arg_token&next=$1'],
    ['^/x\\?token=(.*)', '^/x\\?token=(.*)'],
    ['a@b.example', 'a@b.example'],
  ]
  for (const [text, expected] of shown) {
    assert.equal(hideInUrls(text), expected)
    assert.equal(hideInUrls(expected), expected)
  }
})

test('what was shown is put back, on the same host only', () => {
  const back = (shown: unknown, original: unknown): unknown => restore(shown, original)
  assert.equal(back(SHOWN, LOGGER), LOGGER)
  assert.equal(back(SHOWN.replace('/in', '/out'), LOGGER), LOGGER.replace('/in', '/out'))
  assert.equal(
    back('http://user:new@127.0.0.1:1/in?access_token=***', LOGGER),
    'http://user:new@127.0.0.1:1/in?access_token=t0ken-value',
  )
  assert.equal(isHidden(back(SHOWN.replace('127.0.0.1', 'evil.example'), LOGGER)), true)
  assert.equal(isHidden(back(SHOWN.replace('user', 'other'), LOGGER)), true)
  const list = ['https://a:1@x', 'https://a:2@y/p']
  assert.deepEqual(back(['https://a:***@y/q', 'https://a:***@x'], list), ['https://a:2@y/q', 'https://a:1@x'])
  assert.equal(isHidden((back(['https://a:***@z'], list) as string[])[0]), true)
  const code = `call("https://u:p@h")${' '.repeat(3000)}`
  assert.equal(back((redact('routes', { code }) as { code: string }).code, code), code)
})

test('operations show no secret of an address, and keep it through plan, apply and undo', async () => {
  const route = {
    uri: '/logged',
    upstream: { type: 'roundrobin', nodes: { [g.api]: 1 } },
    plugins: { 'http-logger': { uri: LOGGER } },
  }
  const said: unknown[] = []
  const see = async (name: string, input: object): Promise<Record<string, unknown>> => {
    const answer = await g.run(name, input)
    said.push(answer)
    return answer
  }
  const made = await see('plan', {
    changes: [{ action: 'create', kind: 'routes', id: 'logged', set: route }],
    summary: `log to ${LOGGER}`,
  })
  assert.match(String(made.diff), /user:\*\*\*@127\.0\.0\.1:1/)
  said.push(await g.run('apply', { plan_id: made.plan_id }))
  assert.equal(await uri(), LOGGER)

  const { value } = await see('look', { kind: 'routes', id: 'logged' })
  assert.equal(((value as Resource).plugins as { 'http-logger': Resource })['http-logger'].uri, SHOWN)
  await see('look', { kind: 'routes' })
  const found = await see('lint', {})
  assert.match(JSON.stringify(found), /plugins\.http-logger\.uri holds a secret in plain text/)

  await assert.rejects(
    g.run('plan', { changes: [{ action: 'change', kind: 'routes', id: 'logged', set: value as Resource }] }),
    /nothing would change/,
  )
  await g.change(setUri(SHOWN.replace('tenant=a', 'tenant=b')))
  assert.equal(await uri(), LOGGER.replace('tenant=a', 'tenant=b'))
  await assert.rejects(g.run('plan', setUri(SHOWN.replace('127.0.0.1', 'evil.example'))), /stands for a stored secret/)

  const other = LOGGER.replace('s3cr3t-pass', 'another-pass')
  assert.match(
    String((await see('plan', setUri(other))).diff),
    /tenant=a&access_token=\*\*\*" \(with another secret\)$/,
  )
  const changed = await see('plan', setUri(other.replace('tenant=a', 'tenant=b')))
  assert.match(String(changed.diff), /\(another value\)$/)
  await g.run('apply', { plan_id: changed.plan_id })
  await see('undo', {})
  assert.equal(await uri(), LOGGER.replace('tenant=a', 'tenant=b'))

  await assert.rejects(g.run('plan', setUri('ftp://user:another-pass@127.0.0.1:1')), (error: Error) => {
    said.push(error.message, (error as { details?: string[] }).details)
    return true
  })
  await see('history', {})
  said.push(g.ctx.ledger.auditEntries(100).map(({ detail }) => JSON.parse(detail) as unknown))
  assert.doesNotMatch(JSON.stringify(said), SECRET)
})

test('rows, proofs and what a target says of itself show none either', async () => {
  const desc = `see ${LOGGER}`
  const labels = { token: 't0ken-value', team: 'a' }
  const value = { uri: '/told', desc, labels, upstream: { type: 'roundrobin', nodes: { [g.api]: 1 } } }
  assert.equal((await g.admin('PUT', '/routes/told', value)).status, 201)
  const rows = JSON.stringify(await g.run('look', { kind: 'routes', search: 'told' }))
  assert.match(rows, /see http:\/\/user:\*\*\*@/)
  assert.match(rows, /\{token=\*\*\* team=a\}/)
  const applied = await g.change({ intents: [{ do: 'redirect', to: LOGGER, route: 'told' }] })
  assert.doesNotMatch(rows + JSON.stringify(applied), SECRET)
  const admin = new AdminClient({
    ...g.ctx.targets.get(),
    adminFetch: async () => new Response('{"list":[]}', { headers: { 'X-Gateward-Trouble': `routes/1: ${LOGGER}` } }),
  })
  await admin.list('routes')
  assert.equal(admin.trouble, `routes/1: ${SHOWN}`)
})

test('what is stored as *** by itself holds up no change', async () => {
  const value = {
    uri: '/literal',
    desc: `logs go to ${SHOWN}`,
    upstream: { type: 'roundrobin', nodes: { [g.api]: 1 } },
  }
  await g.admin('PUT', '/routes/literal', value)
  await g.change({ changes: [{ action: 'change', kind: 'routes', id: 'literal', set: { uri: '/other' } }] })
  const { body } = await g.admin('GET', '/routes/literal')
  assert.deepEqual((body.value as Resource).desc, value.desc)
})

test('the log hides them, in messages, errors and fields', () => {
  const script = `const { createLogger } = await import('./src/lib/log.ts')
    createLogger('info').warn({ uri: '${LOGGER}', err: new Error('"${LOGGER}" is away') }, 'to ${LOGGER}')`
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  const line = JSON.parse(stderr) as { uri: string; msg: string; err: { message: string } }
  assert.deepEqual([line.uri, line.msg, line.err.message], [SHOWN, `to ${SHOWN}`, `"${SHOWN}" is away`])
  assert.doesNotMatch(stderr, SECRET)
})

test('the words of a person stand in the audit log without the password of an address', () => {
  g.ctx.ledger.audit({ surface: 'chat', subject: 'p', words: `log "x" to ${LOGGER}` }, 'say', {}, 1)
  const [entry] = g.ctx.ledger.auditEntries(1)
  assert.deepEqual(JSON.parse(String(entry?.detail)), { words: `log "x" to ${SHOWN}` })
})

test('what is named like a secret is hidden in header lines, pairs and conditions, and comes back', () => {
  const S = 's3cr3t-pass'
  const hidden: [kind: string, value: object][] = [
    [
      'upstreams',
      { checks: { active: { req_headers: [`Authorization: Bearer ${S}`, `x-functions-key:${S}`, 'Accept: */*'] } } },
    ],
    [
      'routes',
      {
        vars: [
          ['http_authorization', '==', S],
          ['arg_token', 'in', [S, `${S}2`]],
          ['http_x_api_key', '!', '==', S],
        ],
      },
    ],
    ['routes', { plugins: { 'fault-injection': { abort: { vars: [[['post_arg.user.password', '==', S]]] } } } }],
    [
      'routes',
      {
        plugins: {
          'proxy-rewrite': { headers: { set: { 'X-Functions-Key': S, 'Ocp-Apim-Subscription-Key': S, 'X-JWT': S } } },
        },
      },
    ],
    ['routes', { plugins: { 'response-rewrite': { headers: { add: [`Set-Cookie: id=${S}`] } } } }],
    ['routes', { plugins: { 'api-breaker': { break_response_headers: [{ key: 'X-Auth-Token', value: S }] } } }],
    ['plugin_metadata', { passphrase: S, auth_key: S }],
  ]
  for (const [kind, value] of hidden) {
    const shown = redact(kind, value)
    assert.doesNotMatch(JSON.stringify(shown), SECRET)
    assert.deepEqual(redact(kind, shown), shown)
    assert.deepEqual(restore(shown, value), value)
  }
  const open = {
    vars: [
      ['http_authorization', '~~', '^Bearer '],
      ['arg_page', '==', '1'],
      ['http_authorization', '==', '$env://KEY'],
    ],
    headers: { set: { 'Idempotency-Key': 'one' } },
    lines: ['Authorization: $http_x_token', 'Accept: text/html', 'X-Cache-Key: a'],
    pairs: [{ key: 'Retry-After', value: '10' }],
  }
  assert.deepEqual(redact('routes', open), open)
  const line = 'Authorization: Bearer s3cr3t-pass'
  assert.equal(restore('Authorization: ***', line), line)
  assert.equal(isHidden(restore('X-Token: ***', line)), true, 'it is not put under another name')
})
