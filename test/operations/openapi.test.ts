// OpenAPI documents as changes: golden files for what is made and what is told as lost, then served by the embedded gateway; and what is refused.
import assert from 'node:assert/strict'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { OperationError } from '../../src/operations/contract.ts'
import { createFetch } from '../../src/operations/openapi/fetch.ts'
import { importOpenapi } from '../../src/operations/openapi/import.ts'
import { type GatewayForTest, gatewayForTest } from './gateway-for-test.ts'

const DIRECTORY = new URL('openapi/', import.meta.url).pathname
const fails = (code: OperationError['code'], pattern: RegExp) => (error: unknown) =>
  error instanceof OperationError && error.code === code && pattern.test(error.message)

let gw: GatewayForTest
before(async () => {
  gw = await gatewayForTest()
})
after(() => gw.close())
beforeEach(() => gw.clear())

for (const name of globSync('*.{yaml,json}', { cwd: DIRECTORY }).filter((one) => !one.includes('.expected.'))) {
  test(`openapi: ${name} becomes what its golden file says, and every route of it is valid`, async () => {
    const document = readFileSync(DIRECTORY + name, 'utf8')
    const base = name.includes('3.1') ? 'https://events.example/openapi.json' : undefined
    const made = await importOpenapi({ document, base }, gw.ctx.targets.get())
    const file = `${DIRECTORY}${name.replace(/\.\w+$/, '')}.expected.json`
    if (process.env.UPDATE_SNAPSHOTS) writeFileSync(file, `${JSON.stringify(made, undefined, 2)}\n`)
    assert.deepEqual(JSON.parse(JSON.stringify(made)), JSON.parse(readFileSync(file, 'utf8')))
    const plan = await gw
      .run('plan', {
        openapi: { source: document, server: base && 'https://events.example/api' },
      })
      .catch((error: Error) => error)
    // multi-auth may not be there: then the gateway itself says so.
    if (plan instanceof Error) assert.match(plan.message, /unknown plugin \[multi-auth\]/)
  })
}

const users = (server: string): string =>
  JSON.stringify({
    openapi: '3.0.0',
    info: { title: 'Users' },
    servers: [{ url: `${server}/v1` }],
    components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Key' } } },
    paths: {
      '/users': { get: {}, post: { security: [{ key: [] }] } },
      '/users/{id}': { get: {} },
      '/users/{id}/{what}': { get: { summary: 'any' } },
      '/users/{id}/me': { get: { summary: 'me' } },
    },
  })

test('openapi: the imported API is served: parameters take one segment, the more literal path wins, protected operations ask', async () => {
  const { body } = await served(users(`http://${gw.api}`))
  assert.match(body, /5 operations make 5 routes of service users/)
  const status = async (path: string, method = 'GET'): Promise<number> =>
    (await fetch(gw.gateway + path, { method })).status
  assert.equal(await status('/v1/users'), 200)
  assert.equal(await status('/v1/users', 'POST'), 401)
  assert.equal(await status('/v1/users/7'), 200)
  assert.equal(await status('/v1/users/7/a/b'), 404)
  assert.equal((await gw.run('explain', { path: '/v1/users/7/me' })).route, 'users-users-id-me')
  assert.equal((await gw.run('explain', { path: '/v1/users/7/x' })).route, 'users-users-id-what')
})

async function served(document: string, more: object = {}): Promise<{ body: string }> {
  const plan = await gw.run('plan', { openapi: { source: document, ...more } })
  await gw.run('apply', { plan_id: plan.plan_id })
  return { body: (plan.notes as string[]).join('\n') }
}

test('openapi: another prefix, another server; a second import changes what is there and deletes nothing', async () => {
  const seen: string[] = []
  const api = http.createServer((request, response) => response.end(void seen.push(request.url ?? '')))
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  const server = `http://127.0.0.1:${(api.address() as AddressInfo).port}`
  await served(users('https://real.example'), { server, prefix: '/people', id: 'p' })
  assert.equal((await fetch(`${gw.gateway}/people/users/7`)).status, 200)
  assert.equal(seen.at(-1), '/v1/users/7')
  const smaller = JSON.parse(users('https://real.example'))
  delete smaller.paths['/users/{id}/me']
  const again = await served(JSON.stringify(smaller), { server: 'http://127.0.0.1:1', prefix: '/people', id: 'p' })
  assert.match(again.body, /1 routes of service p are not in the document and stay: p-users-id-me/)
  assert.equal((await gw.admin('GET', '/routes/p-users-id-me')).status, 200)
  api.close()
})

test('openapi: what is no document is refused with what was found', async () => {
  const plan = (source: string): Promise<unknown> => gw.run('plan', { openapi: { source } })
  await assert.rejects(plan('{'), fails('invalid', /cannot be read/))
  await assert.rejects(plan('- a\n- b'), fails('invalid', /not an object/))
  await assert.rejects(plan('a: 1'), fails('invalid', /neither `openapi` nor `swagger`/))
  await assert.rejects(plan('openapi: 4.0.0\npaths: {}'), fails('invalid', /4\.0\.0; 2\.0, 3\.0 and 3\.1/))
  await assert.rejects(plan('openapi: 3.0.0\npaths: {}'), fails('invalid', /no operations/))
  await assert.rejects(plan('openapi: 3.0.0\npaths: { /a: { get: {} } }'), fails('invalid', /give `server`/))
  await assert.rejects(plan(`openapi: 3.0.0\n# ${'x'.repeat(2 * 1024 * 1024)}`), fails('invalid', /bytes, more than/))
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d]`
  await assert.rejects(plan(bomb), OperationError)
})

test('openapi: two megabytes are read, also as YAML', async () => {
  const paths = Object.fromEntries(
    Array.from({ length: 400 }, (_, i) => [`/p${i}/{id}`, { get: { description: 'd'.repeat(5000) } }]),
  )
  const document = JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Big' },
    servers: [{ url: 'http://a.example' }],
    paths,
  })
  assert.ok(document.length > 1.9 * 1024 * 1024)
  const { changes } = await importOpenapi({ document }, gw.ctx.targets.get())
  assert.equal(changes.length, 401)
  const plan = await gw.run('plan', { openapi: { source: document } })
  assert.ok(JSON.stringify(plan).length < 40_000, 'a model is shown a part of it')
  assert.match(String(plan.diff), /and \d+ more lines, which the person sees before approving$/)
  const waiting = gw.ctx.approvals.get(String(plan.plan_id))
  assert.ok(waiting.diff.length > 50_000, 'the person sees all of it')
  assert.equal(waiting.summary, 'create services: 1, create routes: 400')
})

test('openapi: fetched by the process only from where that is harmless', async () => {
  const document = users(`http://${gw.api}`)
  const pages: Record<string, [number, string, string?]> = {
    '/api.json': [200, document],
    '/moved': [302, '', '/api.json'],
    '/big': [200, 'x'.repeat(3 * 1024 * 1024)],
  }
  const server = http.createServer((request, response) => {
    const [status, body, location] = pages[request.url ?? ''] ?? [404, '']
    response.writeHead(status, location ? { Location: location } : {}).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const plan = await gw.run('plan', { openapi: { source: `${at}/api.json` } })
  assert.match(String(plan.diff), /services\/users/)
  const { signal } = new AbortController()
  const local = createFetch(['127.0.0.0/8'])
  await assert.rejects(local(`${at}/moved`, signal), fails('unreachable', /redirects are not followed/))
  await assert.rejects(local(`${at}/big`, signal), fails('unreachable', /more than/))
  await assert.rejects(local('file:///etc/passwd', signal), fails('invalid', /http\(s\)/))
  await assert.rejects(local('http://a:b@127.0.0.1/', signal), fails('invalid', /without a password/))
  const strict = createFetch([])
  for (const inside of [
    'http://127.0.0.1/',
    'http://localhost/',
    'http://[::1]/',
    'http://169.254.169.254/latest',
    'http://10.1.2.3/',
    'http://[::ffff:10.0.0.1]/',
    'http://0x7f000001/',
    'http://2130706433/',
    'http://127.1/',
    'http://0177.0.0.1/',
    'http://0/',
    'http://127.0.0.1./',
    'http://[::ffff:7f00:1]/',
    'http://[::127.0.0.1]/',
    'http://[::]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[64:ff9b:1::a00:1]/',
    'http://[2002:7f00:1::]/',
    'http://[2001:0:7f00:1::]/',
    'http://[fec0::1]/',
    'http://[fe80::1]/',
    'http://100.100.100.200/',
  ])
    await assert.rejects(strict(inside, signal), fails('refused', /private network/), inside)
  for (const inside of ['http://169.254.169.254/', 'http://192.168.0.1/'])
    await assert.rejects(local(inside, signal), fails('refused', /private network/))
  server.close()
})

test('openapi: what is only half carried over, or could never match, is told', async () => {
  const key = { type: 'apiKey', in: 'header', name: 'X-Key' }
  const oauth = { type: 'oauth2', flows: {} }
  const source = JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'half' },
    servers: [{ url: 'http://127.0.0.1:1' }],
    components: { securitySchemes: { key, oauth } },
    odd: true,
    paths: {
      '/optional': { get: { security: [{ key: [] }, {}] } },
      '/either': { get: { security: [{ oauth: ['read'] }, { key: [] }] } },
      '/query?x=1': { get: {} },
      '/old': { get: { deprecated: true }, put: {} },
    },
  })
  const { notes, diff } = (await gw.run('plan', { openapi: { source } })) as { notes: string[]; diff: string }
  for (const told of [
    /security that is optional: nobody is asked \(GET \/optional\)/,
    /other ways to sign in, which the gateway cannot check, are refused .* \(GET \/either\)/,
    /a path with \? or #, .* \(\/query\?x=1\)/,
    /deprecation of some methods of a path \(GET \/old\)/,
    /members that OpenAPI does not know \(odd\)/,
  ])
    assert.ok(
      notes.some((one) => told.test(one)),
      `${told}\n${notes.join('\n')}`,
    )
  assert.doesNotMatch(diff, /query/)
})
