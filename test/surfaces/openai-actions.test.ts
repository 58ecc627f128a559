import assert from 'node:assert/strict'
import { test } from 'node:test'
import { operations } from '../../src/operations/index.ts'
import { actionsDocument } from '../../src/surfaces/openai/actions.ts'

interface Document {
  openapi: string
  paths: Record<
    string,
    { post: { operationId: string; summary: string; description: string } & Record<string, unknown> }
  >
}

const document = actionsDocument(operations, 'https://gateway.example', '1.0.0') as Document

test('actions: OpenAPI 3.1.0 within what the GPT builder accepts', () => {
  assert.equal(document.openapi, '3.1.0')
  const posts = Object.values(document.paths).map((path) => path.post)
  assert.ok(posts.length <= 30)
  assert.equal(new Set(posts.map((post) => post.operationId)).size, operations.length)
  for (const { summary, description } of posts) assert.ok(summary.length <= 300 && description.length <= 300)
  const text = JSON.stringify(document)
  assert.ok(text.length < 100_000)
  for (const [, description = ''] of text.matchAll(/"description":"((?:[^"\\]|\\.)*)"/g))
    assert.ok(description.length <= 700)
})

test('actions: preview and apply are separate, and only writes are consequential', () => {
  for (const { name, effect } of operations)
    assert.equal(document.paths[`/v1/operations/${name}`]?.post['x-openai-isConsequential'], effect === 'write', name)
})
