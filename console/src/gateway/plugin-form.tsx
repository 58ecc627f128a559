// The configuration of one plugin as a form made from the plugin's own schema, as the target serves it. Saving plans a change; a member that the
// form left empty is taken out, so that its default holds.

import { type FormEvent, type ReactNode, useState } from 'react'
import { Problem } from '../parts/problem.tsx'
import { useLoaded } from '../use-loaded.ts'
import { type FieldSchema, fromText, SchemaField, toText } from './schema-field.tsx'

interface Props {
  target: string
  /** Where the plugin stands: a consumer has other fields than a route. */
  kind: string
  name: string
  /** Undefined for a plugin that is not there yet. */
  value: Record<string, unknown> | undefined
  busy: boolean
  onSave(value: Record<string, unknown>): void
  onRemove(): void
  onCancel(): void
  onProblem(message: string): void
}

export function PluginForm(props: Props): ReactNode {
  const { target, kind, name, onCancel } = props
  const query = new URLSearchParams({ target, kind })
  const { value, error } = useLoaded<{ schema: FieldSchema }>(
    `/console/schema/plugins/${encodeURIComponent(name)}?${query}`,
  )
  return (
    <section className="card plugin-form" aria-label={`Plugin ${name}`}>
      <header>
        <h3>{name}</h3>
        <a href={`https://apisix.apache.org/docs/apisix/plugins/${name}/`} target="_blank" rel="noreferrer">
          documentation
        </a>
        <button type="button" className="small end" onClick={onCancel}>
          Close
        </button>
      </header>
      <Problem text={error} />
      {value && <Form {...props} schema={value.schema} />}
    </section>
  )
}

function Form({ schema, value, busy, onSave, onRemove, onProblem }: Props & { schema: FieldSchema }): ReactNode {
  const fields = Object.entries(schema.properties ?? {}).filter(([field]) => field !== '_meta')
  const [texts, setTexts] = useState<Record<string, string>>(() =>
    Object.fromEntries(fields.map(([field, one]) => [field, toText(value?.[field], one)])),
  )
  const save = (event: FormEvent): void => {
    event.preventDefault()
    try {
      // What the schema does not name is kept.
      const wanted: Record<string, unknown> = { ...value }
      for (const [field, one] of fields) {
        const now = fromText(texts[field] ?? '', field, one)
        if (now === undefined) delete wanted[field]
        else wanted[field] = now
      }
      onSave(wanted)
    } catch (problem) {
      onProblem((problem as Error).message)
    }
  }
  return (
    <form onSubmit={save}>
      {fields.length === 0 && <p className="note">It has nothing to set.</p>}
      {fields.map(([field, one]) => (
        <SchemaField
          key={field}
          name={field}
          schema={one}
          required={schema.required?.includes(field) === true && one.default === undefined}
          text={texts[field] ?? ''}
          onChange={(text) => setTexts((all) => ({ ...all, [field]: text }))}
        />
      ))}
      <div className="buttons">
        <button type="submit" className="main" disabled={busy}>
          {value ? 'Plan the change' : 'Plan to add it'}
        </button>
        {value && (
          <button type="button" disabled={busy} onClick={onRemove}>
            Plan to remove it
          </button>
        )}
      </div>
    </form>
  )
}
