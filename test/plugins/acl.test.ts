import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'

const consumer = (username: string, labels: object): object => ({
  username,
  labels,
  plugins: { 'key-auth': { key: username } },
})
const bench = await startBench({
  'consumers/alice': consumer('alice', { team: 'platform', org: 'a, b' }),
  'consumers/bob': consumer('bob', { team: 'sales' }),
  'consumers/dan': consumer('dan', { team: '["platform","x"]' }),
  'consumers/eve': consumer('eve', { team: '[platform' }),
})

async function statuses(acl: object): Promise<Record<string, number>> {
  bench.route({ 'key-auth': {}, acl })
  const found: Record<string, number> = {}
  for (const name of ['alice', 'bob', 'dan', 'eve'])
    found[name] = (await bench.send('/a', { headers: { apikey: name } })).status
  return found
}

test('allowed labels let their consumers pass alone; one label of several is enough', async () => {
  assert.deepEqual(await statuses({ allow_labels: { team: ['platform'] } }), {
    alice: 200,
    bob: 403,
    dan: 200,
    eve: 403,
  })
  const several = { allow_labels: { team: ['sales'], org: ['b'] } }
  assert.deepEqual(await statuses(several), { alice: 200, bob: 200, dan: 403, eve: 403 })
})

test('refused labels go first, with a status and a message', async () => {
  const acl = { allow_labels: { team: ['platform', 'sales'] }, deny_labels: { team: ['sales'] }, rejected_code: 401 }
  assert.deepEqual(await statuses({ ...acl, rejected_msg: 'acl says no' }), {
    alice: 200,
    bob: 401,
    dan: 200,
    eve: 401,
  })
  const refused = await bench.send('/a', { headers: { apikey: 'bob' } })
  assert.deepEqual(refused.json(), { message: 'acl says no' })
})

test('refused labels alone let all others pass', async () => {
  assert.deepEqual(await statuses({ deny_labels: { team: ['sales'] } }), { alice: 200, bob: 403, dan: 200, eve: 200 })
})

test('without a consumer nobody passes, denylist or allowlist', async () => {
  for (const lists of [{ allow_labels: { team: ['platform'] } }, { deny_labels: { team: ['sales'] } }]) {
    bench.route({ acl: { ...lists, rejected_code: 404 } })
    const refused = await bench.send('/a')
    assert.deepEqual([refused.status, refused.json()], [401, { message: 'Missing authentication.' }])
  }
})

test('bad configuration is refused', () => {
  const good = { allow_labels: { team: ['a'] } }
  assert.equal(refusal('acl', { ...good, external_user_label_field: 'groups' }), undefined)
  assert.match(refusal('acl', {}) ?? '', /matches none of the required/)
  assert.match(
    refusal('acl', { ...good, external_user_label_field: '$.teams' }) ?? '',
    /is not supported: only consumers/,
  )
  assert.match(refusal('acl', { ...good, external_user_label_field_parser: 'json' }) ?? '', /is not supported/)
})
