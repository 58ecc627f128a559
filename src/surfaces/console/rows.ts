// Resources in the compact form of the console's tables.
import { plainText } from '../../lib/text.ts'
import { pluginsIn, type Resource } from '../../resources/kinds.ts'

/** What a table shows of a resource. */
export interface ResourceRow {
  id: string
  name: string
  methods: string[]
  hosts: string[]
  uris: string[]
  /** Nodes, or the resource that has them. */
  upstream: string[]
  plugins: string[]
  enabled: boolean
  updated: number | undefined
}

/** `value`: without its secrets. */
export function toRow(id: string, value: Resource): ResourceRow {
  const upstream = (value.upstream ?? (value.nodes ? value : undefined)) as Resource | undefined
  const shared = ['upstream_id', 'service_id'].filter((field) => value[field] !== undefined)
  return {
    id,
    name: plainText(String(value.name ?? value.username ?? value.desc ?? ''), 100),
    methods: texts(value.methods),
    hosts: texts(value.hosts ?? value.host ?? value.snis ?? value.sni),
    uris: texts(value.uris ?? value.uri),
    upstream: [...nodes(upstream?.nodes), ...shared.map((field) => `${field.replace('_id', '')} ${value[field]}`)],
    plugins: Object.keys(pluginsIn(value)),
    enabled: value.status !== 0,
    updated: typeof value.update_time === 'number' ? value.update_time * 1000 : undefined,
  }
}

function texts(value: unknown): string[] {
  return value === undefined ? [] : [value].flat().map((one) => plainText(String(one), 200))
}

function nodes(value: unknown): string[] {
  if (Array.isArray(value))
    return value.map((one: { host: string; port?: number }) => (one.port ? `${one.host}:${one.port}` : one.host))
  return Object.keys(value ?? {})
}
