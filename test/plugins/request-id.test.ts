import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Echo, refusal, startBench } from './harness.ts'

const bench = await startBench()

test('an id for upstream and client; the client’s own is kept', async () => {
  bench.route({ 'request-id': {} })
  const answer = await bench.send('/a')
  const id = answer.headers['x-request-id'] as string
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.equal(answer.json<Echo>().headers['x-request-id'], id)
  const own = await bench.send('/a', { headers: { 'X-Request-Id': 'mine-1' } })
  assert.equal(own.headers['x-request-id'], 'mine-1')
  assert.match(String((await bench.send('/a', { headers: { 'X-Request-Id': '' } })).headers['x-request-id']), /-4/)
})

test('algorithms', async () => {
  const made = async (conf: object): Promise<string> => {
    bench.route({ 'request-id': conf })
    return String((await bench.send('/a')).headers['x-request-id'])
  }
  assert.match(await made({ algorithm: 'nanoid' }), /^[\w-]{21}$/)
  assert.match(await made({ algorithm: 'range_id', range_id: { length: 8, char_set: 'abcdef' } }), /^[a-f]{8}$/)
  assert.match(await made({ algorithm: 'range_id' }), /^[A-Za-z0-9]{16}$/)
  assert.match(await made({ algorithm: 'ksuid' }), /^[A-Za-z0-9]{27}$/)
  const v7 = await made({ algorithm: 'uuidv7' })
  assert.match(v7, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/)
  assert.ok(Math.abs(Number.parseInt(v7.replaceAll('-', '').slice(0, 12), 16) - Date.now()) < 60_000)
})

test('another header, not in the response; two ids from a global rule and a route', async () => {
  bench.route({ 'request-id': { header_name: 'X-Rid', include_in_response: false } })
  bench.put('global_rules/1', { plugins: { 'request-id': {} } })
  const answer = await bench.send('/a')
  assert.equal(answer.headers['x-rid'], undefined)
  assert.ok(answer.json<Echo>().headers['x-rid'])
  assert.ok(answer.headers['x-request-id'])
  bench.put('routes/a', undefined)
  const unknown = await bench.send('/a')
  assert.equal(unknown.status, 404)
  assert.ok(unknown.headers['x-request-id'])
})

test('refuses what a header cannot carry', () => {
  assert.match(refusal('request-id', { header_name: 'a b' }) ?? '', /not the name of a header/)
  assert.match(refusal('request-id', { range_id: { char_set: 'äöüßéè' } }) ?? '', /visible ASCII/)
})
