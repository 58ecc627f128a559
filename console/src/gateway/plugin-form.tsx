// The configuration of one plugin as a form made from the plugin's own schema, as the target serves it. Saving plans a change; a member that the
// form left empty is taken out, so that its default holds.

import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { ObjectField } from '../forms/compound.tsx'
import { JsonField } from '../forms/json-field.tsx'
import { FormTarget } from '../forms/reference.tsx'
import { type FieldSchema, pruned, type Value } from '../forms/schema.ts'
import { Problem } from '../parts/problem.tsx'
import { useLoaded } from '../use-loaded.ts'

interface Props {
  target: string
  /** Where the plugin stands: a consumer has other fields than a route. */
  kind: string
  name: string
  /** Undefined for a plugin that is not there yet. */
  value: Value | undefined
  busy: boolean
  onSave(value: Value): void
  onRemove(): void
  onCancel(): void
}

export function PluginForm(props: Props): ReactNode {
  const { name, onCancel } = props
  const [asJson, setAsJson] = useState(false)
  const [now, setNow] = useState<Value>(props.value ?? {})
  const form = useRef<HTMLElement>(null)
  // Whoever has opened it goes on in it.
  useEffect(() => form.current?.focus(), [])
  return (
    <section className="card plugin-form" aria-label={`Plugin ${name}`} ref={form} tabIndex={-1}>
      <header>
        <h3>{name}</h3>
        <PluginDocs name={name} />
        <span className="end buttons">
          <button type="button" className="small" onClick={() => setAsJson(!asJson)}>
            {asJson ? 'As a form' : 'As JSON'}
          </button>
          <button type="button" className="small" onClick={onCancel}>
            Close
          </button>
        </span>
      </header>
      <form
        onSubmit={(event: FormEvent) => {
          event.preventDefault()
          props.onSave(pruned(now) as Value)
        }}
      >
        <PluginFields {...props} value={now} asJson={asJson} onChange={setNow} />
        <div className="buttons">
          <button type="submit" className="main" disabled={props.busy}>
            {props.value ? 'Plan the change' : 'Plan to add it'}
          </button>
          {props.value && (
            <button type="button" disabled={props.busy} onClick={props.onRemove}>
              Plan to remove it
            </button>
          )}
        </div>
      </form>
    </section>
  )
}

export function PluginDocs({ name }: { name: string }): ReactNode {
  return (
    <a href={`https://apisix.apache.org/docs/apisix/plugins/${name}/`} target="_blank" rel="noreferrer">
      documentation
    </a>
  )
}

interface FieldsProps {
  target: string
  kind: string
  name: string
  value: Value
  asJson?: boolean
  onChange(value: Value): void
}

/** The fields of a plugin, once its schema is here. */
export function PluginFields({ target, kind, name, value, asJson = false, onChange }: FieldsProps): ReactNode {
  const query = new URLSearchParams({ target, kind })
  const { value: loaded, error } = useLoaded<{ schema: FieldSchema }>(
    `/console/schema/plugins/${encodeURIComponent(name)}?${query}`,
  )
  const field = {
    path: ['plugins', name],
    kind,
    schema: loaded?.schema ?? {},
    required: true,
    value,
    onChange: (next: unknown) => onChange((next ?? {}) as Value),
  }
  if (error) return <Problem text={error} />
  if (!loaded) return <p className="note">Loading…</p>
  return (
    <FormTarget value={target}>
      {asJson ? <JsonField {...field} label={`${name} as JSON`} /> : <ObjectField {...field} without={['_meta']} />}
    </FormTarget>
  )
}
