import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Echo, refusal, startBench } from './harness.ts'

const bench = await startBench()

async function label(target: string): Promise<string | undefined> {
  return (await bench.send(target)).json<Echo>().headers['x-label']
}

test('the first rule that matches labels the request', async () => {
  bench.route({
    'traffic-label': {
      rules: [
        { match: [['arg_v', '==', '1']], actions: [{ set_headers: { 'X-Label': 'one of $remote_addr' } }] },
        { match: ['OR', ['arg_v', '==', '1'], ['arg_v', '==', '2']], actions: [{ set_headers: { 'X-Label': 'two' } }] },
      ],
    },
  })
  assert.match((await label('/a?v=1')) ?? '', /^one of \S+$/)
  assert.equal(await label('/a?v=2'), 'two')
  assert.equal(await label('/a'), undefined)
})

test('actions are dealt out by weight', async () => {
  const actions = [{ set_headers: { 'X-Label': 'a' }, weight: 3 }, { set_headers: { 'X-Label': 'b' } }, { weight: 2 }]
  bench.route({ 'traffic-label': { rules: [{ actions }] } })
  const labels = []
  for (let i = 0; i < 12; i++) labels.push(await label('/a'))
  assert.equal(labels.filter((one) => one === 'a').length, 6)
  assert.equal(labels.filter((one) => one === 'b').length, 2)
  assert.equal(labels.filter((one) => one === undefined).length, 4)
})

test('an action without headers leaves the request to the rules after it', async () => {
  const rules = [{ actions: [{ weight: 1 }] }, { actions: [{ set_headers: { 'X-Label': 'last' } }] }]
  bench.route({ 'traffic-label': { rules } })
  assert.equal(await label('/a'), 'last')
})

test('bad configuration is refused', () => {
  assert.equal(refusal('traffic-label', { rules: [{ actions: [{ drop: {} }] }] }), 'not supported action: drop')
  assert.match(refusal('traffic-label', {}) ?? '', /"rules" is required/)
  assert.match(
    refusal('traffic-label', { rules: [{ match: [['a', '==']], actions: [{}] }] }) ?? '',
    /'match' expression/,
  )
})
