// Answers instead of an upstream that does not exist yet: with a written example, or with JSON or XML made from a schema.
import { randomInt } from 'node:crypto'
import Type, { type Static } from 'typebox'
import { withCharset } from '../gateway/content-type.ts'
import { SERVER } from '../gateway/error-page.ts'
import type { Exchange } from '../gateway/exchange.ts'
import { MAX_PAUSE_S, pause } from '../gateway/pause.ts'
import { definePlugin, type Reply } from '../gateway/plugin.ts'
import { interpolate, interpolateField } from '../gateway/variables.ts'
import { checkFields } from '../lib/header-fields.ts'
import { checkStatus } from '../lib/status-check.ts'

const schema = Type.Object({
  delay: Type.Integer({
    title: 'Delay',
    description: 'seconds before the answer',
    default: 0,
    examples: [1],
  }),
  response_status: Type.Integer({
    title: 'Status',
    description: 'status of the answer, from 200 on',
    minimum: 100,
    default: 200,
    examples: [201],
  }),
  content_type: Type.String({
    title: 'Content type',
    description: 'type of the answer: application/json, application/xml, text/xml, text/plain or text/html',
    default: 'application/json;charset=utf8',
    examples: ['text/plain'],
  }),
  response_example: Type.Optional(
    Type.String({ title: 'Example', description: 'body of the answer, with variables', examples: ['{"id":1}'] }),
  ),
  response_schema: Type.Optional(
    Type.Unsafe<SchemaNode>({
      type: 'object',
      title: 'Schema',
      description: 'JSON Schema that a body is made from, in JSON or XML: its examples, else random values',
      examples: [{ type: 'object', properties: { id: { type: 'integer' } } }],
    }),
  ),
  with_mock_header: Type.Boolean({
    title: 'Mark',
    description: 'say with x-mock-by that the answer is made up',
    default: true,
    examples: [false],
  }),
  response_headers: Type.Optional(
    Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]), {
      title: 'Headers',
      description: 'headers of the answer, with variables',
      minProperties: 1,
      examples: [{ 'X-Total': 3 }],
    }),
  ),
})
type Conf = Static<typeof schema>

interface SchemaNode {
  type?: string
  example?: unknown
  properties?: Record<string, SchemaNode>
  items?: SchemaNode
}

const MEDIA_TYPES = new Set(['application/xml', 'application/json', 'text/plain', 'text/html', 'text/xml'])

function mediaType(type = 'application/json'): string {
  return type.replace(/;.*/, '').trim()
}

/** Levels of a schema; deeper ones are refused. */
const MAX_DEPTH = 32
const TYPES = new Set(['object', 'array', 'string', 'number', 'integer', 'boolean'])

export default definePlugin<Conf>({
  name: 'mocking',
  version: 0.1,
  priority: 10900,
  schema: Type.Partial(schema, { anyOf: [{ required: ['response_example'] }, { required: ['response_schema'] }] }),
  check(conf, kind) {
    if (kind !== 'plugin') return
    if (conf.response_status !== undefined && conf.response_status < 200)
      throw new Error('property "response_status" must be 200 or more: a lower one does not end a response')
    checkStatus('response_status', conf.response_status)
    if (conf.delay !== undefined && conf.delay > MAX_PAUSE_S)
      throw new Error(`property "delay" is ${conf.delay} seconds: use at most ${MAX_PAUSE_S}`)
    checkFields('response_headers', conf.response_headers)
    const type = mediaType(conf.content_type)
    if (!MEDIA_TYPES.has(type)) throw new Error('unsupported content type!')
    if (!conf.response_schema || conf.response_example !== undefined) return
    if (type === 'text/html')
      throw new Error('response_schema makes JSON or XML: use such a content_type, or response_example')
    checkNode(conf.response_schema, 1)
  },
  setup: (conf) => ({
    access(ctx) {
      if (conf.delay <= 0) return toReply(ctx, conf)
      return pause(ctx, conf.delay).then(() => toReply(ctx, conf))
    },
  }),
})

function toReply(ctx: Exchange, conf: Conf): Reply {
  const headers: Record<string, string> = { 'Content-Type': withCharset(conf.content_type) }
  if (conf.with_mock_header) headers['x-mock-by'] = SERVER
  for (const [name, value] of Object.entries(conf.response_headers ?? {}))
    headers[name] = interpolateField(ctx, String(value))
  const { response_example: example, response_schema: node = {} } = conf
  const body = interpolate(ctx, example ?? written(make(node) ?? {}, mediaType(conf.content_type)))
  return { status: conf.response_status, headers, body }
}

function written(made: unknown, type: string): string {
  return type.endsWith('/xml') ? `<data>\n${toXml(made as object, '  ')}</data>\n` : JSON.stringify(made)
}

const XML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** Elements for the members of an object, one line each; a list repeats its element. */
function toXml(made: object, indent: string): string {
  const elements = Object.entries(made).flatMap(([name, value]) =>
    Array.isArray(value) ? value.flat(MAX_DEPTH).map((one) => [name, one] as const) : [[name, value] as const],
  )
  return elements.map(([name, value]) => element(name, value, indent)).join('')
}

function element(name: string, value: unknown, indent: string): string {
  if (value !== null && typeof value === 'object')
    return `${indent}<${name}>\n${toXml(value, `${indent}  `)}${indent}</${name}>\n`
  return `${indent}<${name}>${String(value ?? '').replace(/[&<>]/g, (found) => XML[found] as string)}</${name}>\n`
}

function checkNode(node: SchemaNode, depth: number): void {
  if (depth > MAX_DEPTH) throw new Error(`response_schema has more than ${MAX_DEPTH} levels`)
  if (node === null || typeof node !== 'object') throw new Error('response_schema holds something else than a schema')
  if (node.type !== undefined && !TYPES.has(node.type))
    throw new Error(`response_schema has the type ${JSON.stringify(node.type)}: use one of ${[...TYPES].join(', ')}`)
  for (const property of Object.values(node.properties ?? {})) checkNode(property, depth + 1)
  if (node.items !== undefined) checkNode(node.items, depth + 1)
}

/** Levels at which lists have several items: the number of values grows with each. */
const MAX_LIST_DEPTH = 3

/** An example is taken when it is of the schema's type; an integer's loses its fraction. */
function make(node: SchemaNode, depth = 1): unknown {
  const { example } = node
  const type = node.type ?? (node.properties ? 'object' : node.items ? 'array' : undefined)
  if (type === 'integer' && typeof example === 'number') return Math.floor(example)
  if (example !== undefined && typeof example === (type === 'array' ? 'object' : (type ?? typeof example)))
    return example
  switch (type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(node.properties ?? {}).map(([name, property]) => [name, make(property, depth + 1)]),
      )
    case 'array': {
      const { items } = node
      const length = depth > MAX_LIST_DEPTH ? 1 : 1 + randomInt(3)
      return items ? Array.from({ length }, () => make(items, depth + 1)) : []
    }
    case 'string':
      return Array.from({ length: 1 + randomInt(10) }, () => String.fromCharCode(97 + randomInt(26))).join('')
    case 'integer':
      return 1 + randomInt(10_000)
    case 'number':
      return randomInt(1_000_000) / 100 + 0.005
    case 'boolean':
      return randomInt(2) === 1
    default:
      return undefined
  }
}
