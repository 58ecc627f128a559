// The built-in interpreter as a model: which tool it calls for a sentence about one of several targets.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createInterpreter } from '../../src/surfaces/chat/interpreter.ts'

async function called(sentence: string): Promise<{ tool: string; input: Record<string, unknown> } | undefined> {
  const { content } = await createInterpreter().doGenerate({
    prompt: [{ role: 'user', content: [{ type: 'text', text: sentence }] }],
  })
  const [first] = content
  return first?.type === 'tool-call' ? { tool: first.toolName, input: JSON.parse(first.input) } : undefined
}

test('interpreter: a sentence names its target', async () => {
  assert.deepEqual(await called('Show all routes on target prod'), {
    tool: 'look',
    input: { kind: 'routes', target: 'prod' },
  })
  assert.deepEqual(await called('What is wrong on the target prod?'), { tool: 'lint', input: { target: 'prod' } })
  assert.deepEqual(await called('limit route orders to 5 requests a minute on target staging-2'), {
    tool: 'plan',
    input: { intents: [{ do: 'limit', count: 5, seconds: 60, route: 'orders' }], target: 'staging-2' },
  })
  assert.deepEqual(await called('undo on target prod'), { tool: 'undo', input: { target: 'prod' } })
})

test('interpreter: a sentence without end costs nothing, and changes nothing', async () => {
  for (const unit of [' ', 'limit orders ', 'add header x: ', '"', 'delete the route ']) {
    const started = performance.now()
    assert.equal(await called(unit.repeat(100_000 / unit.length)), undefined, unit)
    assert.ok(performance.now() - started < 500, unit)
  }
})

test('interpreter: promote names both', async () => {
  assert.deepEqual(await called('promote route orders to prod'), {
    tool: 'promote',
    input: { to: 'prod', kind: 'routes', ids: ['orders'] },
  })
  assert.deepEqual(await called('copy the service shop from staging to prod'), {
    tool: 'promote',
    input: { from: 'staging', to: 'prod', kind: 'services', ids: ['shop'] },
  })
  assert.deepEqual(await called('promote all routes from staging to prod'), {
    tool: 'promote',
    input: { from: 'staging', to: 'prod', kind: 'routes' },
  })
})
