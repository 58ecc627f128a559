// What a target has configured is read again only when something was written there, and is never older than that.
import assert from 'node:assert/strict'
import { after, before, beforeEach, mock, test } from 'node:test'
import { AdminClient } from '../../src/operations/admin-client.ts'
import { KeptLists } from '../../src/operations/kept-lists.ts'
import type { Found } from '../../src/operations/one-by-one.ts'
import { readPicture } from '../../src/surfaces/console/picture.ts'
import { type GatewayForTest, gatewayForTest } from './gateway-for-test.ts'
import { plainTarget } from './plain-target.ts'

let gw: GatewayForTest
before(async () => {
  gw = await gatewayForTest()
})
after(() => gw.close())
beforeEach(() => gw.clear())

const put = async (id: string, more: object = {}): Promise<void> => {
  const route = { uri: `/${id}/*`, upstream: { type: 'roundrobin', nodes: { [gw.api]: 1 } }, ...more }
  const { status } = await gw.admin('PUT', `/routes/${id}`, route)
  assert.ok(status < 300)
}
const idsOf = (list: readonly Found[]): string[] => list.map((one) => one.id)

test('a list is kept until something is written, by whomever', async () => {
  await put('a')
  const { admin } = gw.ctx.targets.get()
  const first = await admin.list('routes')
  assert.equal(await admin.until(gw.ctx.signal).list('routes'), first, 'not read again for another caller')
  await put('b')
  const second = await admin.list('routes')
  assert.deepEqual([idsOf(first), idsOf(second)], [['a'], ['a', 'b']])
  assert.equal(await admin.list('routes'), second)
  await gw.admin('DELETE', '/routes/a')
  assert.deepEqual(idsOf(await admin.list('routes')), ['b'])
})

test('a target without tags is read each time', async () => {
  await put('a')
  const { adminUrl, adminKey } = gw.ctx.targets.get()
  const plain = await plainTarget(adminUrl, 'APISIX/3.18.0', [])
  try {
    const admin = new AdminClient({ name: 'plain', adminUrl: plain.url, adminKey })
    const first = await admin.list('routes')
    const second = await admin.list('routes')
    assert.notEqual(second, first)
    assert.deepEqual(second, first)
    await put('b')
    assert.deepEqual(idsOf(await admin.list('routes')), ['a', 'b'])
  } finally {
    plain.close()
  }
})

test('a read over a connection that ends is asked again, once; a write is not', async () => {
  const { adminUrl, adminKey } = gw.ctx.targets.get()
  const plain = await plainTarget(adminUrl, 'APISIX/3.18.0', [])
  try {
    const admin = new AdminClient({ name: 'plain', adminUrl: plain.url, adminKey })
    let cuts = 1
    plain.after = () => cuts-- > 0
    assert.deepEqual(await admin.list('routes'), [])
    cuts = 2
    await assert.rejects(admin.list('routes'), /does not answer/)
    cuts = 1
    await assert.rejects(admin.raw('PUT', '/routes/a', { uri: '/a' }), /does not answer/)
  } finally {
    plain.close()
  }
})

test('what is kept is the same after everybody has used it', async () => {
  await put('a', { plugins: { 'limit-count': { count: 1, time_window: 60, key: 'remote_addr' } } })
  await put('b', { uri: '/a/*', methods: ['GET'], labels: { team: 'x' } })
  await gw.admin('PUT', '/consumers/jack', { plugins: { 'key-auth': { key: 'a-key-of-some-length' } } })
  const target = gw.ctx.targets.get()
  const kept = await target.admin.list('routes')
  const text = JSON.stringify(kept)
  await gw.run('look', {})
  await gw.run('lint', {})
  await gw.run('explain', { path: '/a/x' })
  await gw.run('plan', { intents: [{ do: 'limit', route: 'a', count: 5, seconds: 60 }] })
  await gw.run('plan', { intents: [{ do: 'require_key', route: 'b' }] })
  await gw.run('plan', { changes: [{ action: 'delete', kind: 'routes', id: 'b' }] })
  await readPicture(target, { search: '', range: undefined }, { counts: [], seconds: 0, health: [] })
  assert.equal(await target.admin.list('routes'), kept, 'nothing was written')
  assert.equal(JSON.stringify(kept), text)
})

test('what is kept is bounded, and gone when nobody asks', () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const lists = new KeptLists()
    const mega = 1024 * 1024
    lists.keep('/untagged', null, [], 1)
    lists.keep('/huge', '"1"', [], 17 * mega)
    assert.deepEqual([lists.get('/untagged'), lists.get('/huge')], [undefined, undefined])

    lists.keep('/a', '"1"', [], 6 * mega)
    lists.keep('/b', '"1"', [], 6 * mega)
    assert.equal(lists.get('/a')?.etag, '"1"')
    lists.keep('/c', '"1"', [], 6 * mega)
    assert.deepEqual(
      ['/a', '/b', '/c'].map((path) => lists.get(path) !== undefined),
      [true, false, true],
      'what was asked for longest ago makes room',
    )
    lists.keep('/a', '"2"', [], 10 * mega)
    assert.deepEqual(
      [lists.get('/a')?.etag, lists.get('/c')?.etag],
      ['"2"', '"1"'],
      'a new list takes the place of the old',
    )

    mock.timers.tick(40_000)
    assert.ok(lists.get('/a'))
    mock.timers.tick(40_000)
    assert.ok(lists.get('/a'), 'asked for in between')
    mock.timers.tick(60_000)
    assert.equal(lists.get('/a'), undefined)

    for (let i = 0; i < 1001; i++) lists.keep(`/consumers/c${i}/credentials`, '"1"', [], 20)
    assert.equal(lists.get('/consumers/c0/credentials'), undefined)
    assert.ok(lists.get('/consumers/c1/credentials'))
  } finally {
    mock.timers.reset()
  }
})
