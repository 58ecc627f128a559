// The members of a resource that people ask for first, in words, with links to what it refers to.
import type { ReactNode } from 'react'
import { conditionsOf, OPERATORS, textOf } from '../forms/conditions.ts'
import { link } from '../route.ts'

type Value = Record<string, unknown>

const REFERENCES: Record<string, string> = {
  upstream_id: 'upstreams',
  service_id: 'services',
  plugin_config_id: 'plugin_configs',
  group_id: 'consumer_groups',
}
/** Shown elsewhere on the page. */
const ELSEWHERE = new Set(['plugins', 'create_time', 'update_time', 'id'])

export function Fields({ value }: { value: Value }): ReactNode {
  const shown = Object.entries(value).filter(([name]) => !ELSEWHERE.has(name))
  return (
    <section className="card" aria-label="Fields">
      <dl className="fields">
        {shown.map(([name, one]) => (
          <div key={name}>
            <dt>{name.replaceAll('_', ' ')}</dt>
            <dd>{tell(name, one)}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function tell(name: string, value: unknown): ReactNode {
  const kind = REFERENCES[name]
  if (kind) return <a href={link('gateway', kind, String(value))}>{String(value)}</a>
  if (name === 'status') return value === 0 ? 'disabled' : 'enabled'
  if (name === 'vars' && conditionsOf(value)) return <Conditions value={value} />
  if (name === 'nodes') return <code>{nodes(value)}</code>
  if (name === 'upstream') return <code>{nodes((value as Value).nodes) || JSON.stringify(value)}</code>
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) return <code>{value.join(', ')}</code>
  return <code>{typeof value === 'object' ? JSON.stringify(value) : String(value)}</code>
}

function Conditions({ value }: { value: unknown }): ReactNode {
  return (conditionsOf(value) ?? []).map((one, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: they are only shown
    <div key={i}>
      {i > 0 && 'and '}
      <code>{one.variable}</code> {OPERATORS[one.operator]} <code>{textOf(one)}</code>
    </div>
  ))
}

function nodes(value: unknown): string {
  if (Array.isArray(value))
    return value
      .map(({ host, port, weight }: Value) => `${host}${port === undefined ? '' : `:${port}`} (weight ${weight})`)
      .join(', ')
  return Object.entries((value ?? {}) as Value)
    .map(([address, weight]) => `${address} (weight ${weight})`)
    .join(', ')
}
