import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { encode } from 'gpt-tokenizer/encoding/o200k_base'
import { coerce } from '../../../src/operations/coerce.ts'
import { type Running, run } from '../running.ts'

/** What the whole list may cost a model. */
const MAX_TOKENS = 2500

let running: Running
before(async () => {
  running = await run()
})
after(() => running?.close())

async function listTools(): Promise<{ name: string; title: string; annotations: Record<string, boolean> }[]> {
  const response = await fetch(`${running.surface}/mcp`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
  })
  const text = await response.text()
  const data = text.startsWith('{') ? text : (/^data: (.*)$/m.exec(text)?.[1] ?? '')
  return JSON.parse(data).result.tools
}

test('mcp tools: the whole list costs at most 2,500 tokens (o200k)', async () => {
  const tokens = encode(JSON.stringify(await listTools())).length
  assert.ok(tokens <= MAX_TOKENS, `${tokens} tokens`)
})

test('mcp tools: what a model is shown is the reviewed snapshot', async () => {
  const file = new URL('tools.json', import.meta.url)
  // A widget's address changes with its content.
  const found = JSON.parse(JSON.stringify(await listTools()).replace(/(ui:\/\/[\w/]+)-[0-9a-f]{8}/g, '$1-VERSION'))
  if (process.env.UPDATE_SNAPSHOTS) writeFileSync(file, `${JSON.stringify(found, undefined, 2)}\n`)
  const reviewed = JSON.parse(readFileSync(file, 'utf8'))
  assert.deepEqual(found, reviewed, 'run UPDATE_SNAPSHOTS=1 node --test test/surfaces/mcp/tools.test.ts')
})

test('mcp tools: each has a title and all four hints', async () => {
  for (const { name, title, annotations } of await listTools()) {
    assert.match(name, /^[a-z_]{1,64}$/)
    assert.ok(title, name)
    for (const hint of ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'])
      assert.equal(typeof annotations[hint], 'boolean', `${name} ${hint}`)
  }
})

test('mcp tools: arguments as JSON text are read only where the schema leaves no doubt', () => {
  const schema = {
    type: 'object',
    properties: {
      list: { type: 'array', items: { type: 'object' } },
      count: { type: 'integer' },
      name: { type: 'string' },
    },
  }
  assert.deepEqual(coerce(schema, '{"list":"[{}]","count":"5","name":"7"}'), { list: [{}], count: 5, name: '7' })
  assert.deepEqual(coerce(schema, { list: { a: 1 } }), { list: [{ a: 1 }] })
  assert.deepEqual(coerce(schema, { list: 'no json', count: 'five' }), { list: 'no json', count: 'five' })
})
