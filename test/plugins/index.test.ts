// The list of plugins: whole, in order, and its secrets hidden.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { Ajv } from 'ajv'
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

interface Field {
  title?: string
  description?: string
  examples?: unknown[]
  default?: unknown
  properties?: Record<string, Field>
  items?: Field
  [conditions: string]: unknown
}

/** Every field of a schema, those of its members too, by path. */
function* fieldsOf(schema: Field, path: string): Generator<[path: string, field: Field]> {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    yield [`${path}.${name}`, field]
    // What an upstream is, its own schema says.
    if (field.title !== 'Upstream') yield* fieldsOf(field, `${path}.${name}`)
  }
  if (schema.items) yield* fieldsOf(schema.items, `${path}[]`)
}

test('every field has a title, a description and an example that is good, and its default is good', () => {
  const ajv = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false })
  for (const { name, schema, consumerSchema = {}, metadataSchema = {} } of plugins) {
    for (const [path, field] of [schema, consumerSchema, metadataSchema].flatMap((one) => [
      ...fieldsOf(one as Field, name),
    ])) {
      assert.ok(field.title && field.description, `${path} lacks a title or a description`)
      assert.ok(field.examples?.length, `${path} lacks an example`)
      for (const value of [...field.examples, ...(field.default === undefined ? [] : [field.default])])
        assert.ok(ajv.validate(field, value), `${path}: ${JSON.stringify(value)} ${ajv.errorsText()}`)
    }
  }
})

test('every plugin of an authentication kind can tell consumers apart', () => {
  for (const { name, type, consumerKey, consumerSchema } of plugins) {
    if (type === 'auth' && consumerSchema) assert.ok(consumerKey, `${name} has no consumerKey`)
  }
})
