// The members of a resource that people ask for first, in words, with links to what it refers to.
import type { ReactNode } from 'react'
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
  if (name === 'nodes') return <code>{nodes(value)}</code>
  if (name === 'upstream') return <code>{nodes((value as Value).nodes) || JSON.stringify(value)}</code>
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) return <code>{value.join(', ')}</code>
  return <code>{typeof value === 'object' ? JSON.stringify(value) : String(value)}</code>
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
