// What a reader was shown of a resource can be written back: what it was not shown (secrets, the end of long texts and lists, invisible characters)
// stays as it is stored.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Resource } from '../../src/resources/kinds.ts'
import { gatewayForTest } from './gateway-for-test.ts'

const g = await gatewayForTest(() => true, ['--store', 'memory'])
after(() => g.close())

const nodes = Array.from({ length: 250 }, (_, i) => ({ host: '127.0.0.1', port: 1000 + i, weight: 1 }))
const route = {
  name: 'long',
  desc: `a family: \u{1F468}\u200D\u{1F469}\u200D\u{1F467}`,
  uri: '/long',
  upstream: { type: 'roundrobin', nodes },
  plugins: {
    mocking: { response_example: `${'word '.repeat(1000)}end` },
    'http-logger': { uri: 'http://127.0.0.1:1', auth_header: 'Bearer of-the-logger' },
  },
}

async function stored(): Promise<Resource> {
  const { body } = await g.admin('GET', '/routes/long')
  const { create_time: _created, update_time: _updated, ...value } = body.value as Resource
  return value
}

const before = await g.admin('PUT', '/routes/long', route).then(stored)
const look = async (): Promise<Resource> => (await g.run('look', { kind: 'routes', id: 'long' })).value as Resource

test('what look shows, written back, changes nothing', async () => {
  const shown = await look()
  assert.match(String((shown.plugins as typeof route.plugins).mocking.response_example), /^word.{1990,}…$/)
  assert.equal((shown.upstream as { nodes: unknown[] }).nodes.at(-1), '… 50 more')
  assert.equal(JSON.stringify(shown).includes('of-the-logger'), false)
  await assert.rejects(
    g.run('plan', { changes: [{ action: 'change', kind: 'routes', id: 'long', set: shown }] }),
    /nothing would change/,
  )
})

test('one field of it edited, the others stay as they are stored', async () => {
  const shown = await look()
  const edited = { ...shown, uri: '/longer' }
  const { diff, plan_id: id } = await g.run('plan', {
    changes: [{ action: 'change', kind: 'routes', id: 'long', set: edited }],
  })
  assert.equal(diff, '~ change routes/long\n    ~ /uri: "/long" -> "/longer"')
  await g.run('apply', { plan_id: id })
  assert.deepEqual(await stored(), { ...before, uri: '/longer' })
})

test('a list is edited before the place where it was cut', async () => {
  const shown = (await look()).upstream as { nodes: unknown[] }
  const set = { upstream: { nodes: shown.nodes.slice(1) } }
  await g.change({ changes: [{ action: 'change', kind: 'routes', id: 'long', set }] })
  assert.deepEqual((await stored()).upstream, { ...route.upstream, nodes: nodes.slice(1) })
})
