import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ADMIN_KEY, createTestAdmin, VIEWER_KEY } from './admin-for-test.ts'

const ROUTE = { uri: '/a', upstream: { type: 'roundrobin', nodes: { '127.0.0.1:1980': 1 } } }

async function withAdmin(run: (admin: Awaited<ReturnType<typeof createTestAdmin>>) => Promise<void>): Promise<void> {
  const admin = await createTestAdmin()
  try {
    await run(admin)
  } finally {
    await admin.close()
  }
}

test('a write answers with the revision that serves it', () =>
  withAdmin(async ({ call }) => {
    const put = await call('PUT', '/routes/1', ROUTE)
    assert.equal(put.status, 201)
    assert.equal(put.headers.get('x-gateward-revision'), put.headers.get('x-gateward-served-revision'))
    const got = await call('GET', '/routes/1')
    assert.equal(String(got.body.modifiedIndex), put.headers.get('x-gateward-revision'))
  }))

test('a refusal tells all that is wrong at once: of the resource, of each plugin, and what no schema tells', () =>
  withAdmin(async ({ call }) => {
    const plugins = { 'limit-count': { count: 0 }, cors: { allow_credential: true, allow_origins: '*' }, nope: {} }
    const { status, body } = await call('PUT', '/routes/1', { ...ROUTE, priority: 'high', plugins })
    assert.equal(status, 400)
    assert.equal(
      body.error_msg,
      'invalid configuration: property "priority" validation failed: wrong type: expected integer, got string',
    )
    const pointers = (body.errors as { pointer: string }[]).map(({ pointer }) => pointer)
    for (const place of ['/priority', '/plugins/limit-count/count', '/plugins/cors', '/plugins/nope'])
      assert.ok(pointers.includes(place), `${place} in ${pointers.join(' ')}`)
  }))

test('a member that a check refuses is named with its place and what stands there', () =>
  withAdmin(async ({ call }) => {
    const { body } = await call('PUT', '/routes/1', { ...ROUTE, filter_func: 'function(vars) return true end' })
    const [first] = body.errors as { pointer: string; found: string; expected: string }[]
    assert.equal(first?.pointer, '/filter_func')
    assert.equal(first?.found, '"function(vars) return true end"')
    assert.match(first?.expected ?? '', /^property "filter_func" is not supported/)
  }))

test('If-Match and If-None-Match compare before they write', () =>
  withAdmin(async ({ call }) => {
    await call('PUT', '/routes/1', ROUTE)
    const { modifiedIndex } = (await call('GET', '/routes/1')).body
    assert.equal((await call('PUT', '/routes/1', ROUTE, { 'If-None-Match': '*' })).status, 412)
    assert.equal((await call('PUT', '/routes/1', ROUTE, { 'If-Match': `"${modifiedIndex}"` })).status, 200)
    const late = await call('DELETE', '/routes/1', undefined, { 'If-Match': `"${modifiedIndex}"` })
    assert.equal(late.status, 412)
    assert.match(String(late.body.error_msg), /read it again/)
    assert.equal((await call('PUT', '/routes/1', ROUTE, { 'If-Match': 'x' })).status, 400)
  }))

test('a transaction writes all or nothing, and sees its own writes', () =>
  withAdmin(async ({ call, store }) => {
    const upstream = { method: 'PUT', path: '/upstreams/u', body: ROUTE.upstream }
    const route = { method: 'PUT', path: '/routes/r', body: { uri: '/r', upstream_id: 'u' } }
    const bad = { method: 'PUT', path: '/routes/bad', body: { uri: 5 } }
    const refused = await call('POST', '/gateward/transaction', { operations: [upstream, route, bad] })
    assert.equal(refused.status, 400)
    assert.equal(refused.body.operation, 2)
    assert.equal((await store.list('')).total, 0)
    const done = await call('POST', '/gateward/transaction', { operations: [upstream, route] })
    assert.deepEqual(
      (done.body.results as { status: number }[]).map(({ status }) => status),
      [201, 201],
    )
    const late = { operations: [route], conditions: [{ key: 'upstreams/u', modifiedIndex: 999 }] }
    assert.equal((await call('POST', '/gateward/transaction', late)).status, 412)
  }))

test('what others name stays, unless forced', () =>
  withAdmin(async ({ call }) => {
    await call('PUT', '/upstreams/u', ROUTE.upstream)
    await call('PUT', '/routes/r', { uri: '/r', upstream_id: 'u' })
    const refused = await call('DELETE', '/upstreams/u')
    assert.equal(refused.status, 400)
    assert.equal(refused.body.error_msg, 'can not delete this upstream, route [r] is still using it now')
    assert.equal((await call('DELETE', '/upstreams/u?force=true')).status, 200)
    const missing = await call('PUT', '/routes/s', { uri: '/s', upstream_id: 'u' })
    assert.equal(missing.body.error_msg, 'failed to fetch upstream info by upstream id [u], response code: 404')
  }))

test('every failure is listed, with the nearest names', () =>
  withAdmin(async ({ call }) => {
    const { status, body } = await call('PUT', '/routes/1', { ...ROUTE, priorty: 1, desc: 5 })
    assert.equal(status, 400)
    const errors = body.errors as { pointer: string; nearest?: string[] }[]
    assert.deepEqual(errors.find(({ pointer }) => pointer === '/priorty')?.nearest, ['priority'])
    assert.ok(errors.some(({ pointer }) => pointer === '/desc'))
    const plugin = await call('PUT', '/routes/1', { ...ROUTE, plugins: { 'key-aut': {} } })
    assert.deepEqual((plugin.body.errors as { nearest: string[] }[])[0]?.nearest, ['key-auth'])
  }))

test('of two writers at once with one consumer key, one is refused', () =>
  withAdmin(async ({ call }) => {
    const names = ['a', 'b', 'c', 'd']
    const answers = await Promise.all(
      names.map((username) => call('PUT', '/consumers', { username, plugins: { 'key-auth': { key: 'same' } } })),
    )
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 400, 400, 400])
  }))

test('a consumer goes with its credentials', () =>
  withAdmin(async ({ call, store }) => {
    await call('PUT', '/consumers', { username: 'jack' })
    assert.equal(
      (await call('PUT', '/consumers/jack/credentials/c', { plugins: { 'key-auth': { key: 'k' } } })).status,
      201,
    )
    assert.equal((await call('GET', '/consumers')).body.total, 1)
    assert.equal((await call('GET', '/consumers/jack/credentials')).body.total, 1)
    assert.equal((await call('DELETE', '/consumers/jack')).status, 200)
    assert.equal((await store.list('')).total, 0)
    assert.equal((await call('PUT', '/consumers/none/credentials/c', { plugins: {} })).status, 404)
  }))

test('secrets are stored encrypted and survive a patch', () =>
  withAdmin(async ({ call, store }) => {
    const conf = { plugins: { 'key-auth': { key: 'jack-key' } } }
    await call('PUT', '/consumers', { username: 'jack', ...conf })
    assert.ok(!(await store.get('consumers/jack'))?.text.includes('jack-key'))
    const clear = await call('GET', '/consumers/jack')
    assert.deepEqual((clear.body.value as typeof conf).plugins, conf.plugins)
    const viewed = await call('GET', '/consumers/jack', undefined, { 'X-API-KEY': 'viewer-key-for-tests' })
    assert.notDeepEqual((viewed.body.value as typeof conf).plugins, conf.plugins)
  }))

test('what a secret manager is asked with is not shown to the viewer', () =>
  withAdmin(async ({ call }) => {
    const vault = { uri: 'http://127.0.0.1:8200', prefix: 'kv', token: 'hush' }
    const key = { client_email: 'a@b.c', private_key: 'hush', project_id: 'p' }
    assert.equal((await call('PUT', '/secrets/vault/1', vault)).status, 201)
    assert.equal((await call('PUT', '/secrets/gcp/1', { auth_config: key })).status, 201)
    const viewer = { 'X-API-KEY': 'viewer-key-for-tests' }
    for (const path of ['/secrets/vault/1', '/secrets/gcp/1', '/secrets', '/secrets/vault']) {
      assert.match(JSON.stringify((await call('GET', path)).body), /hush/)
      const seen = JSON.stringify((await call('GET', path, undefined, viewer)).body)
      assert.match(seen, /\*\*\*/)
      assert.doesNotMatch(seen, /hush/)
    }
  }))

test('Lua is refused with a word on what to use instead', () =>
  withAdmin(async ({ call }) => {
    const { status, body } = await call('PUT', '/routes/1', { ...ROUTE, filter_func: 'function(vars) return true end' })
    assert.equal(status, 400)
    assert.match(String(body.error_msg), /`vars`/)
  }))

test('a body that is too large is 413', () =>
  withAdmin(async ({ call }) => {
    assert.equal((await call('PUT', '/routes/1', 'x'.repeat(1024 * 1024 + 1))).status, 413)
  }))

test('a list has a tag, by which it is sent again only when something was written', () =>
  withAdmin(async ({ admin, call }) => {
    await call('PUT', '/routes/1', ROUTE)
    await call('PUT', '/consumers', { username: 'jack', plugins: { 'key-auth': { key: 'k' } } })
    const first = await call('GET', '/routes')
    const tag = { 'If-None-Match': first.headers.get('etag') as string }
    assert.deepEqual((await call('GET', '/routes', undefined, { 'If-None-Match': '"x"' })).body, first.body)
    const same = await admin.fetch(
      new Request('http://admin/apisix/admin/routes', { headers: { 'X-API-KEY': ADMIN_KEY, ...tag } }),
    )
    assert.deepEqual([same.status, await same.text(), same.headers.get('etag')], [304, '', first.headers.get('etag')])

    // What one role was shown is nothing that another has.
    const consumers = await call('GET', '/consumers')
    const headers = { 'X-API-KEY': VIEWER_KEY, 'If-None-Match': consumers.headers.get('etag') as string }
    const viewer = await admin.fetch(new Request('http://admin/apisix/admin/consumers', { headers }))
    assert.equal(viewer.status, 200)

    for (const [method, path] of [
      ['PUT', '/routes/2'],
      ['DELETE', '/routes/1'],
    ] as const) {
      const before = { 'If-None-Match': (await call('GET', '/routes')).headers.get('etag') as string }
      await call(method, path, method === 'PUT' ? ROUTE : undefined)
      const after = await call('GET', '/routes', undefined, before)
      assert.equal(after.status, 200)
      assert.notEqual(after.headers.get('etag'), before['If-None-Match'])
    }
  }))

test('the tag of one run is none of another, whose revisions begin anew', () =>
  withAdmin(async (one) =>
    withAdmin(async (other) => {
      await one.call('PUT', '/routes/1', ROUTE)
      await other.call('PUT', '/routes/2', ROUTE)
      const tag = { 'If-None-Match': (await one.call('GET', '/routes')).headers.get('etag') as string }
      assert.equal((await other.call('GET', '/routes', undefined, tag)).status, 200)
    }),
  ))
