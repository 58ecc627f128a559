// The list of plugins: whole, in order, and its secrets hidden.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import { isSecret } from '../../src/lib/redact.ts'
import { plugins } from '../../src/plugins/index.ts'
import { refusal } from './harness.ts'

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

test('no configuration makes a status that HTTP cannot hold', () => {
  const unbounded: string[] = []
  const look = (at: Field | undefined, path: string[]): void => {
    if (/(?:code|status)$/.test(path.at(-1) ?? '') && at?.type === 'integer' && !(Number(at.maximum) <= 999))
      unbounded.push(path.join('.'))
    for (const [name, one] of Object.entries(at?.properties ?? {})) look(one, [...path, name])
  }
  for (const { name, schema } of plugins) look(schema as Field, [name])
  const refused: Record<string, object> = {
    'fault-injection.abort.http_status': { abort: { http_status: 1000 } },
    'mocking.response_status': { response_example: 'a', response_status: 1000 },
    'uri-blocker.rejected_code': { block_rules: ['a'], rejected_code: 1000 },
    'acl.rejected_code': { allow_labels: { a: ['b'] }, rejected_code: 1000 },
    'consumer-restriction.rejected_code': { whitelist: ['a'], rejected_code: 1000 },
    'redirect.ret_code': { uri: '/a', ret_code: 1000 },
  }
  assert.deepEqual(unbounded, Object.keys(refused), 'the others have a maximum')
  for (const [path, conf] of Object.entries(refused)) {
    assert.match(refusal(path.split('.')[0] as string, conf) ?? '', /is 1000: a status has three digits/, path)
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
