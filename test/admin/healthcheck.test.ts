// The Control API's /v1/healthcheck; what APISIX answers is replayed in test/compat.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HealthReport, readHealth } from '../../src/admin/healthcheck.ts'
import type { AdminAnswer } from '../../src/admin/message.ts'
import { MemoryStore } from '../../src/store/memory.ts'

const counter = { success: 1, tcp_failure: 2, http_failure: 3, timeout_failure: 4 }
const node = { ip: '10.0.0.1', port: 80, hostname: 'a.example' }
const reports: HealthReport[] = [
  { name: 'upstreams/1', type: 'http', nodes: [{ ...node, status: 'mostly_unhealthy', counter }] },
  { name: 'routes/r#<x>', type: 'tcp', nodes: [{ ...node, status: 'healthy', counter }] },
  { name: 'services/s', type: 'tcp', nodes: [] },
]

async function ask(path: string, accept?: string): Promise<AdminAnswer> {
  const store = new MemoryStore()
  for (const key of ['upstreams/1', 'routes/r', 'services/s']) await store.commit([{ type: 'put', key, text: '{}' }])
  const request = {
    method: 'GET',
    path,
    query: new URLSearchParams(),
    header: (name: string) => (name === 'accept' ? accept : undefined),
    body: Buffer.alloc(0),
    remoteAddress: '127.0.0.1',
  }
  const health = (owner?: string): HealthReport[] =>
    owner === undefined ? reports : reports.filter(({ name }) => name.split('#')[0] === owner)
  return readHealth(request, { store, health })
}

test('as JSON: names with the prefix, an empty list as an object', async () => {
  const all = JSON.parse((await ask('/v1/healthcheck')).body) as HealthReport[]
  assert.deepEqual(
    all.map(({ name, nodes }) => [name, nodes]),
    [
      ['/apisix/upstreams/1', reports[0]?.nodes],
      ['/apisix/routes/r#<x>', reports[1]?.nodes],
      ['/apisix/services/s', {}],
    ],
  )
  assert.deepEqual(JSON.parse((await ask('/v1/healthcheck/services/s')).body).nodes, {})
})

test('a kind without an id is told so', async () => {
  for (const kind of ['routes', 'nope']) {
    const { status, body } = await ask(`/v1/healthcheck/${kind}`)
    assert.deepEqual([status, JSON.parse(body)], [404, { error_msg: `missing src id for src type ${kind}` }])
  }
})

test('as a table for a browser: one row a node, those that are down marked, names escaped', async () => {
  const page = await ask('/v1/healthcheck', 'text/html,application/xhtml+xml')
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8')
  const rows = page.body.split('\n').filter((line) => line.includes('<td>'))
  assert.equal(rows.length, 2)
  const cells = (row = ''): string[] => [...row.matchAll(/<td>(.*?)<\/td>/g)].map((match) => match[1] as string)
  const counts = ['1', '2', '3', '4']
  assert.deepEqual(cells(rows[0]), ['1', '/apisix/upstreams/1', 'http', '10.0.0.1:80', 'mostly_unhealthy', ...counts])
  assert.deepEqual(cells(rows[1]).slice(0, 3), ['2', '/apisix/routes/r#&lt;x&gt;', 'tcp'])
  assert.deepEqual(
    rows.map((row) => row.includes('bgcolor')),
    [true, false],
  )
  const one = await ask('/v1/healthcheck/upstreams/1', 'text/html')
  assert.equal(one.body.split('\n').filter((line) => line.includes('<td>')).length, 1)
})

test('what there is not', async () => {
  const answers = await Promise.all(['upstreams/2', 'consumers/1'].map((path) => ask(`/v1/healthcheck/${path}`)))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [404, 400],
  )
})
