// The text of a plugin's page: from its source file's opening comment, its schemas and the example that stands in the page already.
import type { Plugin } from '../src/gateway/plugin.ts'

/** A request of the Admin API that stands in an example. */
export interface ExampleRequest {
  method: string
  path: string
  body: Record<string, unknown>
}

interface Schema {
  type?: string
  title?: string
  description?: string
  default?: unknown
  examples?: unknown[]
  enum?: unknown[]
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  pattern?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
}

const BEGIN = '<!-- example: written by hand, kept when the page is generated -->'
const END = '<!-- end of the example -->'
const REQUEST = /`(PUT|POST|PATCH) \/apisix\/admin(\/\S+)`\n+```json\n([\s\S]*?)\n```/g

/** The example that a page holds, without its markers; undefined: none. */
export function exampleOf(page: string): string | undefined {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  return begin < 0 || end < begin ? undefined : page.slice(begin + BEGIN.length, end).trim()
}

/** The requests of an example, in order. Throws when a body is not JSON. */
export function requestsOf(example: string): ExampleRequest[] {
  return [...example.matchAll(REQUEST)].map(([, method = '', path = '', body = '']) => ({
    method,
    path,
    body: JSON.parse(body),
  }))
}

/** A first example: the required fields with the examples of their schema. */
export function draftExample(plugin: Plugin): string {
  const { properties = {}, required = [] } = plugin.schema as Schema
  const conf = Object.fromEntries(required.map((name) => [name, properties[name]?.examples?.[0]]))
  const route = {
    uri: '/example',
    plugins: { [plugin.name]: conf },
    upstream: { type: 'roundrobin', nodes: { '127.0.0.1:8080': 1 } },
  }
  return `\`PUT /apisix/admin/routes/example\`\n\n\`\`\`json\n${JSON.stringify(route, undefined, 2)}\n\`\`\``
}

/** What a source file's opening comment says, as paragraphs. */
export function introOf(source: string): string {
  const lines: string[] = []
  for (const line of source.split('\n')) {
    if (!line.startsWith('//')) break
    lines.push(line.slice(2).trim())
  }
  return lines.join('\n').trim()
}

/** The first sentence of a text. */
export function summaryOf(intro: string): string {
  const text = intro.split('\n\n')[0]?.replaceAll('\n', ' ') ?? ''
  return /^.*?\.(?=\s|$)/.exec(text)?.[0] ?? text
}

/** `phases`: those that the example takes part in. */
export function renderPage(plugin: Plugin, intro: string, example: string, phases: readonly string[]): string {
  const { name, priority, version, encrypted = [], schema, consumerSchema, metadataSchema, apis = [] } = plugin
  const facts: string[] = [
    `| priority | ${priority} |`,
    `| version | ${version} |`,
    ...(plugin.type === 'auth' ? ['| kind | authentication |'] : []),
    ...(plugin.scope === 'global' ? ['| kind | for the whole gateway: no configuration on routes |'] : []),
    `| phases in the example | ${phases.join(', ') || 'none'} |`,
    ...apis.map(({ methods, uri }) => `| interface | \`${methods.join(' ')} ${uri}\`, through public-api |`),
    ...(encrypted.length ? [`| stored encrypted | ${encrypted.map((field) => `\`${field}\``).join(', ')} |`] : []),
  ]
  const sections = [
    `# ${name}`,
    intro,
    ['| | |', '|---|---|', ...facts].join('\n'),
    `## Example\n\n${BEGIN}\n\n${example}\n\n${END}`,
    fieldsSection('Fields', schema as Schema),
    consumerSchema && fieldsSection('Fields of a consumer or credential', consumerSchema as Schema),
    metadataSchema && fieldsSection(`Plugin metadata (\`plugin_metadata/${name}\`)`, metadataSchema as Schema),
    `[All plugins](README.md). \`npm run docs\` writes this page, its example apart, from \`src/plugins/${name}.ts\`.`,
  ]
  return `${sections.filter(Boolean).join('\n\n')}\n`
}

export interface IndexEntry {
  name: string
  priority: number
  intro: string
  phases: readonly string[]
}

/** The index; `entries` are in the order of execution. */
export function renderIndex(entries: readonly IndexEntry[]): string {
  const rows = entries.map(
    ({ name, priority, intro, phases }) =>
      `| ${priority} | [${name}](${name}.md) | ${cell(summaryOf(intro))} | ${phases.join(', ')} |`,
  )
  const text = [
    'In the order of execution: within a phase the plugin with the higher priority runs first, and every rewrite phase runs before the first',
    'access phase. `npm run docs` writes these pages from the source; the examples in them are sent to an Admin API by the tests.',
  ]
  return [
    '# Plugins',
    '',
    ...text,
    '',
    '| priority | plugin | what it does | phases |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

function fieldsSection(title: string, schema: Schema): string {
  const rows = rowsOf(schema, '')
  if (rows.length === 0) return `## ${title}\n\nNone.`
  const head = ['| field | type | default | description | example |', '|---|---|---|---|---|']
  return `## ${title}\n\n${[...head, ...rows].join('\n')}`
}

/** One row for each field; members of objects and of lists of objects follow theirs. */
function rowsOf(schema: Schema, prefix: string): string[] {
  const required = new Set(schema.required)
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const path = `${prefix}${name}`
    const cells = [
      `\`${path}\`${required.has(name) ? ' (required)' : ''}`,
      typeOf(property),
      property.default === undefined ? '' : code(property.default),
      property.description ?? property.title ?? '',
      property.examples?.length ? code(property.examples[0]) : '',
    ]
    const members = property.items ? rowsOf(property.items, `${path}[].`) : rowsOf(property, `${path}.`)
    return [`| ${cells.map(cell).join(' | ')} |`, ...members]
  })
  return [...own, ...(schema.allOf ?? []).flatMap((part) => rowsOf(part, prefix))]
}

function typeOf(schema: Schema): string {
  const { type, items, anyOf, oneOf } = schema
  if (schema.enum) return schema.enum.map(code).join(', ')
  const alternatives = anyOf ?? oneOf
  if (!type && alternatives) return [...new Set(alternatives.map(typeOf))].join(' or ')
  if (type === 'array') return items && typeOf(items) !== 'any' ? `list of ${typeOf(items)}` : 'list'
  return `${type ?? 'any'}${rangeOf(schema)}`
}

function rangeOf({ minimum, maximum, exclusiveMinimum }: Schema): string {
  if (minimum !== undefined && maximum !== undefined) return `, ${minimum} to ${maximum}`
  if (minimum !== undefined) return `, at least ${minimum}`
  if (exclusiveMinimum !== undefined) return `, above ${exclusiveMinimum}`
  return maximum === undefined ? '' : `, at most ${maximum}`
}

function code(value: unknown): string {
  const text = JSON.stringify(value)
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``
}

/** A pipe would end the cell, also inside code. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
