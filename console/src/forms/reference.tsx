// A field that names another resource by its id: those that there are can be chosen.
import { createContext, type ReactNode, useContext, useId } from 'react'
import type { ResourceRow } from '../../../src/surfaces/console/rows.ts'
import { useLoaded } from '../use-loaded.ts'

/** The target whose resources can be referred to. */
export const FormTarget = createContext('embedded')

const KINDS: Record<string, string> = {
  upstream_id: 'upstreams',
  service_id: 'services',
  plugin_config_id: 'plugin_configs',
  group_id: 'consumer_groups',
  proto_id: 'protos',
  client_cert_id: 'ssls',
}
/** More are found by typing their ids. */
const MAX_OFFERED = 500

export function isReferenceField(name: string): boolean {
  return Object.hasOwn(KINDS, name)
}

interface Props {
  id: string
  name: string
  required: boolean
  value: unknown
  onChange(value: unknown): void
}

export function ReferenceField({ id, name, required, value, onChange }: Props): ReactNode {
  const list = useId()
  const target = useContext(FormTarget)
  const { value: loaded } = useLoaded<{ rows: ResourceRow[] }>(
    `/console/resources/${KINDS[name]}?target=${encodeURIComponent(target)}`,
  )
  const rows = loaded?.rows.slice(0, MAX_OFFERED) ?? []
  return (
    <>
      <input
        id={id}
        aria-describedby={`${id}-about`}
        list={list}
        spellCheck={false}
        autoComplete="off"
        placeholder={rows[0] ? `such as ${rows[0].id}` : ''}
        required={required}
        value={String(value ?? '')}
        onChange={({ target: field }) => onChange(field.value.trim() || undefined)}
      />
      <datalist id={list}>
        {rows.map((one) => (
          <option key={one.id} value={one.id}>
            {one.name}
          </option>
        ))}
      </datalist>
    </>
  )
}
