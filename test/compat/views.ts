// Smaller, comparable forms of large bodies. A recording names the view that was applied to its body.
import type { Variables } from './placeholders.ts'

type Members = Record<string, unknown>
type View = (body: unknown, variables: Variables) => unknown

const sorted = (object: unknown): [string, unknown][] =>
  Object.entries((object ?? {}) as Members).sort(([a], [b]) => (a < b ? -1 : 1))

function pluginFacts(body: unknown): unknown {
  const plugins = (body as Members).plugins ?? body
  const facts = (plugin: unknown): Members =>
    Object.fromEntries(sorted(plugin).filter(([name]) => !/schema/.test(name)))
  return Object.fromEntries(sorted(plugins).map(([name, plugin]) => [name, facts(plugin)]))
}

function shape(value: unknown, depth = 3): unknown {
  if (Array.isArray(value)) return value.length > 0 ? [shape(value[0], depth)] : []
  if (value === null) return 'null'
  if (typeof value !== 'object') return typeof value
  if (depth === 0) return 'object'
  return Object.fromEntries(sorted(value).map(([name, member]) => [name, shape(member, depth - 1)]))
}

function schemaFacts(body: unknown): unknown {
  const { type, required, additionalProperties, properties } = body as Members
  const facts = (property: Members): Members => ({
    type: property.type,
    default: property.default,
    enum: Array.isArray(property.enum) ? [...property.enum].sort() : undefined,
    minimum: property.minimum,
    maximum: property.maximum,
  })
  const named = sorted(properties).map(([name, property]) => [name, facts(property as Members)])
  return { type, required, additionalProperties, properties: Object.fromEntries(named) }
}

function listIds(body: unknown): unknown {
  const { total, list } = body as { total: number; list: unknown }
  const idOf = (item: { key: string; value?: Members }): unknown => item.value?.id ?? item.value?.username ?? item.key
  return { total, ids: Array.isArray(list) ? list.map(idOf) : list, members: Object.keys(body as object).sort() }
}

function prometheus(body: unknown): unknown {
  const metrics: Record<string, Members> = {}
  for (const line of String(body).split('\n')) {
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line)
    const sample = /^(\w+?)(_bucket|_sum|_count)?(\{(.*)\})? \S+$/.exec(line)
    if (comment) {
      const [, word = '', name = '', text] = comment
      metrics[name] = { ...metrics[name], [word.toLowerCase()]: text }
    } else if (sample) {
      const [, name = '', suffix = '', , labels = ''] = sample
      const metric = metrics[name] ? name : name + suffix
      const names = [...labels.matchAll(/(\w+)="/g)].map((match) => match[1]).filter((label) => label !== 'le')
      const known = metrics[metric]?.labels as unknown[] | undefined
      if (!known || known.length < names.length) metrics[metric] = { ...metrics[metric], labels: names }
    }
  }
  return Object.fromEntries(sorted(metrics))
}

function logs(body: unknown): unknown {
  const { total, list } = body as { total: number; list: { body: unknown }[] }
  return { total, list: list.map((entry) => ({ ...entry, body: parseLines(String(entry.body)) })) }
}

function parseLines(text: string): unknown {
  const parse = (part: string): unknown => {
    try {
      return JSON.parse(part)
    } catch {
      return part
    }
  }
  const whole = parse(text)
  return whole === text ? text.split('\n').filter(Boolean).map(parse) : whole
}

/** By the name that recordings use. */
export const VIEWS: Readonly<Record<string, View>> = {
  plugin_facts: pluginFacts,
  shape: (body) => shape(body),
  control_schema_main: (body) => Object.keys(((body as Members).main ?? {}) as object).sort(),
  control_schema_stream: (body) => {
    const members = body as Members
    return pluginFacts({ plugins: members['stream-plugins'] ?? members.stream_plugins ?? {} })
  },
  keys: (body) => Object.keys(body as object).sort(),
  schema_facts: schemaFacts,
  list_ids: listIds,
  prometheus,
  logs,
  prometheus_samples: (body, { nonce = '' }) =>
    String(body)
      .split('\n')
      .filter((line) => line.includes(nonce) && /^apisix_http_status|^apisix_http_latency_count/.test(line))
      .sort(),
}
