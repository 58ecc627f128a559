// Which upstream a route has: its own before its service's, of both kinds the one that is named by id, and none in place of one that is gone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Echo, startBench, startEcho } from '../../plugins/harness.ts'

const bench = await startBench()
const [two, three] = [await startEcho('u2'), await startEcho('u3')]
bench.put('upstreams/x', two.upstream)
bench.put('services/inline', { upstream: three.upstream })
bench.put('services/by-id', { upstream_id: 'x', upstream: three.upstream })
const none = { upstream: undefined }

async function ask(route: object): Promise<string | number> {
  bench.route({}, route)
  const answer = await bench.send('/a')
  return answer.status === 200 ? answer.json<Echo>().server : answer.status
}

test('an upstream by id counts before one that is written out, in a route and in a service', async () => {
  assert.equal(await ask({ upstream: three.upstream, upstream_id: 'x' }), 'u2')
  assert.equal(await ask({ ...none, service_id: 'by-id' }), 'u2')
})

test('any upstream of a route counts before those of its service', async () => {
  assert.equal(await ask({ upstream: three.upstream, service_id: 'by-id' }), 'u3')
  assert.equal(await ask({ ...none, upstream_id: 'x', service_id: 'inline' }), 'u2')
  assert.equal(await ask({ ...none, service_id: 'inline' }), 'u3')
})

test('an upstream that does not exist is 502, and no other takes its place', async () => {
  assert.equal(await ask({ ...none, upstream_id: 'gone' }), 502)
  assert.equal(await ask({ ...none, upstream_id: 'gone', service_id: 'inline' }), 502)
  assert.equal(await ask(none), 503)
})
