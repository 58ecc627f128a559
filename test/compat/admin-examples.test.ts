// What APISIX's documentation of the Admin API shows works as printed, for every kind of resource, over HTTP.
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before } from 'node:test'
import { toListener } from '../../src/admin/listen.ts'
import { ADMIN_KEY, createTestAdmin, type TestAdmin } from '../admin/admin-for-test.ts'
import { until } from '../until.ts'
import {
  CONSUMERS,
  type Example,
  PLUGIN_GROUPS,
  PLUGIN_METADATA,
  PROTOS,
  ROUTES,
  SECRETS,
  SERVICES,
  SSLS,
  STREAM_ROUTES,
  UPSTREAMS,
} from './admin-examples.ts'
import { requirement } from './requirements.ts'

interface Answer {
  status: number
  body: Record<string, unknown>
}

let tested: TestAdmin
let server: Server
let base: string
before(async () => {
  tested = await createTestAdmin()
  server = createServer(toListener({ ...tested.admin, maxBodyBytes: 1024 * 1024 }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/apisix/admin`
})
after(async () => {
  server.close()
  await tested.close()
})

async function send(method: string, path: string, body?: unknown, key = ADMIN_KEY): Promise<Answer> {
  const response = await fetch(base + path, {
    method,
    headers: { 'X-API-KEY': key },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

async function play(examples: readonly Example[]): Promise<void> {
  for (const { method, path, body, status, value, answer } of examples) {
    const got = await send(method, path, body)
    const where = `${method} ${path}: ${JSON.stringify(got.body)}`
    assert.equal(got.status, status, where)
    if (value) assert.partialDeepStrictEqual(got.body.value, value, where)
    if (answer) assert.partialDeepStrictEqual(got.body, answer, where)
  }
}

/** `partialDeepStrictEqual` lets more nodes be there than named: what was taken away is looked for by name. */
async function nodesAt(path: string): Promise<unknown> {
  const value = (await send('GET', path)).body.value as { nodes?: object; upstream?: { nodes: object } }
  return value.nodes ?? value.upstream?.nodes
}

requirement('admin.put', async () => {
  await play([
    ...ROUTES.slice(0, 1),
    { ...(ROUTES[0] as Example), status: 200 },
    ...SERVICES.slice(0, 1),
    ...UPSTREAMS.slice(0, 1),
    ...STREAM_ROUTES,
    ...PLUGIN_GROUPS,
  ])
})

requirement('admin.patch.merge', async () => {
  for (const [path, examples] of [
    ['/routes/1', ROUTES],
    ['/services/201', SERVICES],
    ['/upstreams/100', UPSTREAMS],
  ] as const) {
    await play(examples.slice(1, 4))
    assert.deepEqual(await nodesAt(path), { '127.0.0.1:1981': 10 })
  }
  await play(ROUTES.slice(5, 6))
})

requirement('admin.patch.path', async () => {
  await play([...ROUTES.slice(4, 5), ...SERVICES.slice(4), ...UPSTREAMS.slice(4)])
  for (const path of ['/routes/1', '/services/201', '/upstreams/100'])
    assert.deepEqual(await nodesAt(path), { '127.0.0.1:1982': 1 })
  await play(ROUTES.slice(6))
})

requirement('admin.post', async () => {
  for (const kind of ['routes', 'services', 'upstreams']) {
    const { status, body: made } = await send('POST', `/${kind}`, toPost(kind))
    assert.equal(status, 201, JSON.stringify(made))
    const { id } = made.value as { id: string }
    assert.equal(made.key, `/apisix/${kind}/${id}`)
    assert.equal((await send('GET', `/${kind}/${id}`)).status, 200)
    assert.equal((await send('DELETE', `/${kind}/${id}`)).status, 200)
  }
})

function toPost(kind: string): object {
  const upstream = { type: 'roundrobin', nodes: { '127.0.0.1:1980': 1 } }
  if (kind === 'upstreams') return upstream
  return kind === 'routes' ? { uri: '/posted', upstream } : { upstream }
}

requirement('admin.get', async () => {
  const { status, body } = await send('GET', '/upstreams/100')
  assert.equal(status, 200)
  assert.deepEqual(Object.keys(body).sort(), ['createdIndex', 'key', 'modifiedIndex', 'value'])
  const { create_time: created, update_time: updated } = body.value as Record<string, number>
  assert.ok(Number.isInteger(created) && Number.isInteger(updated))
  assert.deepEqual(await send('GET', '/upstreams/none'), { status: 404, body: { message: 'Key not found' } })
})

requirement('admin.list', async () => {
  const { status, body } = await send('GET', '/routes')
  assert.equal(status, 200)
  assert.equal(body.total, 2)
  assert.deepEqual((body.list as { key: string }[]).map(({ key }) => key).sort(), [
    '/apisix/routes/1',
    '/apisix/routes/backup',
  ])
})

requirement('admin.paging', async () => {
  for (let i = 0; i < 25; i++) await send('PUT', `/protos/p${i}`, PROTOS[0]?.body)
  const sizes = []
  for (const page of [1, 2, 3, 4]) {
    const { body } = await send('GET', `/protos?page=${page}&page_size=10`)
    assert.equal(body.total, 25)
    sizes.push(Object.keys(body.list as object).length)
  }
  assert.deepEqual(sizes, [10, 10, 5, 0])
  for (const size of [9, 501])
    assert.equal(
      (await fetch(`${base}/protos?page=1&page_size=${size}`, { headers: { 'X-API-KEY': ADMIN_KEY } })).status,
      400,
    )
})

requirement('admin.filter', async () => {
  await send('PUT', '/routes/named', { name: 'test-route', uri: '/foo-1', labels: { env: 'prod' }, service_id: '201' })
  for (const query of [
    'name=test',
    'uri=foo',
    'label=env',
    `filter=${encodeURIComponent('service_id=201')}`,
    'name=test&uri=foo&label=env',
  ]) {
    const { body } = await send('GET', `/routes?${query}`)
    assert.equal(body.total, 1, query)
    assert.equal((body.list as { value: { id: string } }[])[0]?.value.id, 'named', query)
  }
})

requirement('admin.delete', async () => {
  const refused = await send('DELETE', '/services/201')
  assert.equal(refused.status, 400)
  assert.match(
    String(refused.body.error_msg),
    /can not delete this service directly, route \[named\] is still using it now/,
  )
  assert.deepEqual(await send('DELETE', '/services/201?force=true'), {
    status: 200,
    body: { deleted: '1', key: '/apisix/services/201' },
  })
  assert.equal((await send('DELETE', '/services/201')).status, 404)
})

requirement('admin.ttl', async () => {
  const body = { uri: '/aa/index.html', upstream: { type: 'roundrobin', nodes: { '127.0.0.1:1980': 1 } } }
  assert.equal((await send('PUT', '/routes/2?ttl=1', body)).status, 201)
  assert.equal((await send('GET', '/routes/2')).status, 200)
  await until(async () => (await send('GET', '/routes/2')).status === 404, 'a route with a ttl of 1 s is gone')
})

requirement('admin.key', async () => {
  for (const key of ['', 'wrong']) {
    const { status, body } = await send('GET', '/routes', undefined, key)
    assert.equal(status, 401)
    assert.equal(typeof body.description, 'string')
  }
})

requirement('admin.consumers', () => play(CONSUMERS))

requirement('admin.ssls', async () => {
  await play(SSLS)
  const { body } = await send('GET', '/ssls/1')
  assert.equal((body.value as { key?: string }).key, undefined)
})

requirement('admin.plugin-metadata', () => play(PLUGIN_METADATA))

requirement('admin.plugins', async () => {
  const names = (await send('GET', '/plugins/list')).body as unknown as string[]
  for (const name of ['request-id', 'key-auth', 'limit-count']) assert.ok(names.includes(name), name)
  const { body } = await send('GET', '/plugins/key-auth')
  assert.equal(body.type, 'object')
  const all = (await send('GET', '/plugins?all=true')).body as Record<string, Record<string, unknown>>
  assert.deepEqual(
    ['consumer_schema', 'priority', 'schema', 'type', 'version'].filter(
      (name) => all['key-auth']?.[name] === undefined,
    ),
    [],
  )
})

requirement('admin.protos', () => play(PROTOS))
requirement('admin.secrets', () => play(SECRETS))

requirement('admin.schema-validate', async () => {
  const upstream = { type: 'roundrobin', nodes: { '127.0.0.1:1980': 1 } }
  assert.equal((await send('POST', '/schema/validate/routes', { uri: 1980, upstream })).status, 400)
  const response = await fetch(`${base}/schema/validate/routes`, {
    method: 'POST',
    headers: { 'X-API-KEY': ADMIN_KEY },
    body: JSON.stringify({ uri: '/httpbin/*', upstream }),
  })
  assert.equal(response.status, 200)
})
