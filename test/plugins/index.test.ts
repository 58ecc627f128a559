// The list of plugins: whole, in order, and its secrets hidden.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { isSecret } from '../../src/lib/redact.ts'
import { plugins } from '../../src/plugins/index.ts'

const files = readdirSync(new URL('../../src/plugins/', import.meta.url), { recursive: true, encoding: 'utf8' })
const names = files.filter((file) => /^[^/]+\.ts$/.test(file) && file !== 'index.ts').map((file) => file.slice(0, -3))

test('every file in src/plugins is in the list, under its own name', () => {
  assert.deepEqual(plugins.map(({ name }) => name).sort(), names.sort())
})

test('the order is that of the priorities, and none is given twice', () => {
  const priorities = plugins.map(({ priority }) => priority)
  assert.deepEqual(
    priorities,
    [...new Set(priorities)].sort((a, b) => b - a),
  )
})

test('every encrypted field is hidden from a model', () => {
  for (const { name, type, encrypted = [] } of plugins) {
    for (const field of encrypted) {
      const path = ['plugins', name, ...field.split('.')]
      assert.ok(isSecret(type === 'auth' ? 'consumers' : 'routes', path), `${name}: ${field} is shown`)
    }
  }
})

test('every field has a title and a description', () => {
  for (const { name, schema } of plugins) {
    const { properties = {} } = schema as { properties?: Record<string, { title?: string; description?: string }> }
    for (const [field, { title, description }] of Object.entries(properties))
      assert.ok(title && description, `${name}: ${field} lacks a title or a description`)
  }
})

test('every plugin of an authentication kind can tell consumers apart', () => {
  for (const { name, type, consumerKey, consumerSchema } of plugins) {
    if (type === 'auth' && consumerSchema) assert.ok(consumerKey, `${name} has no consumerKey`)
  }
})
