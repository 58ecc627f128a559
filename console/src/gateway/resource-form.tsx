// The members of a resource as a form made from the schema of its kind.
import type { ReactNode } from 'react'
import { ObjectField } from '../forms/compound.tsx'
import { FormTarget } from '../forms/reference.tsx'
import type { FieldSchema, Value } from '../forms/schema.ts'
import { Problem } from '../parts/problem.tsx'
import { useLoaded } from '../use-loaded.ts'
import { withoutFields, wordsOf } from './kinds.ts'

interface Props {
  target: string
  kind: string
  /** Of secret managers and plugin metadata it decides which fields there are. */
  id: string
  value: Value
  onChange(value: Value): void
}

export function ResourceFields({ target, kind, id, value, onChange }: Props): ReactNode {
  const depends = kind === 'secrets' || kind === 'plugin_metadata'
  const query = new URLSearchParams({ target, ...(depends ? { id } : {}) })
  const { value: loaded, error } = useLoaded<{ schema: FieldSchema }>(`/console/schema/kinds/${kind}?${query}`)
  if (depends && !/^[a-z0-9-]+(\/.+)?$/.test(id))
    return <p className="note">Its fields appear when the id says what it is.</p>
  if (error) return <Problem text={error} />
  if (!loaded) return <p className="note">Loading…</p>
  const { first } = wordsOf(kind)
  return (
    <FormTarget value={target}>
      <ObjectField
        path={[]}
        kind={kind}
        schema={loaded.schema}
        required
        value={value}
        without={withoutFields(value)}
        {...(first.length ? { first } : {})}
        onChange={(next) => onChange((next ?? {}) as Value)}
      />
    </FormTarget>
  )
}
