// Shows what is configured: a compact list of a kind, or one resource whole. Secrets are hidden.
import Type from 'typebox'
import { redact } from '../../lib/redact.ts'
import { plainJson, plainText } from '../../lib/text.ts'
import { hideInUrls } from '../../lib/url-secrets.ts'
import { KINDS, type Kind, pluginsIn, type Resource } from '../../resources/kinds.ts'
import { endOfCertificate } from '../certificate.ts'
import { defineOperation, OperationError } from '../contract.ts'
import { text } from '../shapes.ts'
import { healthOf, isChecked } from '../traffic/health.ts'

/** Rows of one answer. */
const PAGE_ROWS = 50

interface Row {
  id: string
  /** What people call it; absent where that is the id. */
  name?: string
  summary: string
  /** What health checks say of the nodes; absent without checks. */
  health?: string
}

export const look = defineOperation({
  name: 'look',
  title: 'Look at the configuration',
  summary: 'Lists resources of a kind, or shows one whole when id is given. Secrets show as ***.',
  effect: 'read',
  input: Type.Object({
    kind: Type.Enum([...KINDS], { description: 'resource kind', default: 'routes' }),
    id: Type.Optional(Type.String({ description: 'show this one' })),
    search: Type.Optional(Type.String({ description: 'text in the rows' })),
    cursor: Type.Optional(Type.Integer({ minimum: 0, description: 'from the answer before' })),
    target: Type.Optional(Type.String()),
  }),
  output: Type.Object({
    target: text,
    kind: text,
    total: Type.Optional(Type.Integer()),
    rows: Type.Optional(
      Type.Array(Type.Object({ id: text, name: Type.Optional(text), summary: text, health: Type.Optional(text) })),
    ),
    cursor: Type.Optional(Type.Integer()),
    id: Type.Optional(text),
    value: Type.Optional(Type.Object({})),
    health: Type.Optional(text),
    trouble: Type.Optional(text),
  }),
  async run(input, ctx) {
    const target = ctx.targets.get(input.target, ctx.signal)
    const kind = input.kind ?? 'routes'
    if (input.id !== undefined) {
      const found = await target.admin.get(kind, input.id)
      if (!found)
        throw new OperationError('not_found', `there is no ${kind}/${plainText(input.id, 64)} on ${target.name}`)
      const value = plainJson(redact(kind, found.value)) as Resource
      const health = await healthOf(isChecked(kind, found.value) ? [`${kind}/${found.id}`] : [], target, ctx.signal)
      return {
        target: target.name,
        kind,
        id: found.id,
        value,
        ...withHealth(health, kind, found.id),
        ...troubleOf(target.admin),
      }
    }
    const found = await target.admin.list(kind)
    const needle = input.search?.toLowerCase()
    const checked = new Set(found.filter((one) => isChecked(kind, one.value)).map((one) => one.id))
    const rows = found.map(
      (one): Row => ({ id: plainText(one.id, 100), ...nameOf(one.id, one.value), summary: summarise(kind, one.value) }),
    )
    const fitting = needle
      ? rows.filter((row) => `${row.id} ${row.name ?? ''} ${row.summary}`.toLowerCase().includes(needle))
      : rows
    const start = input.cursor ?? 0
    const next = start + PAGE_ROWS < fitting.length ? start + PAGE_ROWS : undefined
    const page = fitting.slice(start, start + PAGE_ROWS)
    const keys = page.filter((row) => checked.has(row.id)).map((row) => `${kind}/${row.id}`)
    const health = await healthOf(keys, target, ctx.signal)
    return {
      target: target.name,
      kind,
      total: fitting.length,
      rows: page.map((row) => ({ ...row, ...withHealth(health, kind, row.id) })),
      ...(next === undefined ? {} : { cursor: next }),
      ...troubleOf(target.admin),
    }
  },
})

function troubleOf({ trouble }: { trouble: string | undefined }): { trouble?: string } {
  return trouble === undefined ? {} : { trouble: plainText(trouble, 500) }
}

function withHealth(health: ReadonlyMap<string, string>, kind: Kind, id: string): { health?: string } {
  const line = health.get(`${kind}/${id}`)
  return line === undefined ? {} : { health: line }
}

function nameOf(id: string, { name }: Resource): { name?: string } {
  return typeof name === 'string' && name !== id ? { name: plainText(name, 100) } : {}
}

/** One line about a resource: what it takes, where it goes, what it runs. */
function summarise(kind: Kind, value: Resource): string {
  const parts: string[] = []
  if (kind === 'routes')
    parts.push([value.methods, value.host ?? value.hosts, value.uri ?? value.uris].flat().filter(Boolean).join(' '))
  const upstream = (kind === 'upstreams' ? value : value.upstream) as Resource | undefined
  if (upstream?.nodes) parts.push(`-> ${nodesOf(upstream)}`)
  for (const field of ['service_id', 'upstream_id', 'plugin_config_id', 'group_id', 'snis', 'sni'])
    if (value[field] !== undefined) parts.push(`${field} ${String(value[field])}`)
  if (kind === 'ssls') parts.push(endOf(value.cert))
  const plugins = Object.keys(pluginsIn(value))
  if (plugins.length) parts.push(`[${plugins.join(', ')}]`)
  const labels = Object.entries(redact(kind, { labels: value.labels ?? {} }).labels ?? {}).map(
    ([name, one]) => `${name}=${one}`,
  )
  if (labels.length) parts.push(`{${labels.join(' ')}}`)
  if (value.status === 0) parts.push('(disabled)')
  if (value.desc) parts.push(`"${String(value.desc)}"`)
  return plainText(hideInUrls(parts.filter(Boolean).join(' ')), 200)
}

/** Until when a certificate is valid; empty for a reference to a secret, and for what is no certificate. */
function endOf(cert: unknown): string {
  const ends = typeof cert === 'string' ? endOfCertificate(cert) : undefined
  if (ends === undefined) return ''
  return `${ends < Date.now() ? 'expired' : 'valid until'} ${new Date(ends).toISOString().slice(0, 10)}`
}

function nodesOf(upstream: Resource): string {
  const { nodes } = upstream
  if (Array.isArray(nodes))
    return nodes
      .map((node: { host: string; port?: number; weight: number }) => `${node.host}:${node.port ?? ''}=${node.weight}`)
      .join(' ')
  return Object.entries(nodes as object)
    .map(([node, weight]) => (weight === 1 ? node : `${node}=${weight}`))
    .join(' ')
}
