import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'

const bench = await startBench({
  'consumer_groups/g1': { plugins: {} },
  'consumer_groups/7': { plugins: {} },
  'consumers/jack': { username: 'jack', group_id: 'g1', plugins: { 'key-auth': { key: 'k1' } } },
  'consumers/seven': { username: 'seven', group_id: 7, plugins: { 'key-auth': { key: 'k7' } } },
  'consumers/rose': { username: 'rose', plugins: { 'key-auth': { key: 'k2' } } },
})
const as = async (apikey: string, method = 'GET') => await bench.send('/a', { method, headers: { apikey } })
const restrict = (conf: object): void => bench.route({ 'key-auth': {}, 'consumer-restriction': conf })

test('names of consumers: allowed, refused', async () => {
  restrict({ whitelist: ['jack'] })
  assert.equal((await as('k1')).status, 200)
  const refused = await as('k2')
  assert.equal(refused.status, 403)
  assert.deepEqual(refused.json(), { message: 'The consumer_name is forbidden.' })
  restrict({ blacklist: ['jack'], rejected_code: 404, rejected_msg: 'go away' })
  const gone = await as('k1')
  assert.equal(gone.status, 404)
  assert.deepEqual(gone.json(), { message: 'go away' })
  assert.equal((await as('k2')).status, 200)
})

test('methods by consumer', async () => {
  restrict({ allowed_by_methods: [{ user: 'jack', methods: ['POST'] }] })
  assert.equal((await as('k1')).status, 403)
  assert.equal((await as('k1', 'POST')).status, 200)
  assert.equal((await as('k2')).status, 200)
})

test('a list by method lets nobody in whom the whitelist does not name, and takes nothing from those it names', async () => {
  restrict({
    whitelist: ['jack'],
    allowed_by_methods: [
      { user: 'rose', methods: ['GET'] },
      { user: 'jack', methods: ['POST'] },
    ],
  })
  assert.equal((await as('k2')).status, 403)
  assert.equal((await as('k1')).status, 200)
})

test('groups, routes, and who is not known at all', async () => {
  restrict({ type: 'consumer_group_id', whitelist: ['g1', '7'] })
  assert.equal((await as('k1')).status, 200)
  assert.equal((await as('k7')).status, 200, 'an id may be a number')
  const unknown = await as('k2')
  assert.equal(unknown.status, 401)
  assert.match(unknown.text, /please check the consumer_group_id for this request/)
  restrict({ type: 'route_id', blacklist: ['a'] })
  assert.equal((await as('k1')).status, 403)
  bench.route({ 'consumer-restriction': { whitelist: ['jack'] } })
  assert.equal((await bench.send('/a')).status, 401)
})

test('needs a list', () => {
  assert.match(refusal('consumer-restriction', {}) ?? '', /matches none of the required: \["blacklist"\] or/)
})
