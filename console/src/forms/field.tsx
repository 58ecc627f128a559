// One field of a form that is made from a JSON Schema, with all that is inside it. A field that is made of others can also be written as JSON.
import { type ReactNode, useId, useState } from 'react'
import { ListField, MapField, ObjectField } from './compound.tsx'
import { conditionsOf, isExpression } from './conditions.ts'
import { ConditionsField } from './conditions-field.tsx'
import { JsonField } from './json-field.tsx'
import { isReferenceField, ReferenceField } from './reference.tsx'
import { emptyOf, type FieldSchema, formOf, formsOf, nameOfForm, shapeOf } from './schema.ts'
import { isSecretPlace, SecretField } from './secret-field.tsx'
import { SimpleControl } from './simple.tsx'

export interface FieldProps {
  /** The member's names from the resource down; decides what is a secret. */
  path: readonly string[]
  /** Kind of the resource that it is a part of. */
  kind: string
  schema: FieldSchema
  required: boolean
  /** Undefined: not set. */
  value: unknown
  onChange(value: unknown): void
}

/** What nearly everybody fills in next is open at once. */
const BEGUN: Record<string, unknown> = { upstream: { nodes: {} } }

const COMPOUND = new Set(['object', 'map', 'items', 'choice', 'json'])

export function Field(props: FieldProps): ReactNode {
  const { path, kind, schema, required, value } = props
  const id = useId()
  const name = path.at(-1) ?? ''
  if (COMPOUND.has(shapeOf(schema)) || hasLines(value)) return <CompoundField {...props} />
  const secret = isSecretPlace(kind, path)
  return (
    <div className="schema-field">
      <p className="field-head">
        <label htmlFor={id}>
          <code>{name}</code>
        </label>
        {required && <span className="badge">required</span>}
      </p>
      {secret ? (
        <SecretField {...props} id={id} />
      ) : isReferenceField(name) ? (
        <ReferenceField {...props} id={id} name={name} />
      ) : (
        <SimpleControl {...props} id={id} />
      )}
      <p className="note" id={`${id}-about`}>
        {[about(schema), secret && 'a reference may stand for it: $env://NAME or $secret://manager/id/path']
          .filter(Boolean)
          .join('; ')}
      </p>
    </div>
  )
}

/** Texts of several lines do not fit into a list of one a line. */
function hasLines(value: unknown): boolean {
  return Array.isArray(value) && value.some((one) => typeof one === 'string' && one.includes('\n'))
}

function about({ description, default: byDefault }: FieldSchema): string {
  const parts = [description, byDefault !== undefined && `default ${JSON.stringify(byDefault)}`]
  return parts.filter(Boolean).join('; ').replaceAll('`', '')
}

/** A frame around other fields; not set before the person wants it. */
function CompoundField(props: FieldProps): ReactNode {
  const { path, schema, required, value, onChange } = props
  const [asJson, setAsJson] = useState(false)
  const name = path.at(-1) ?? ''
  const set = value !== undefined || required
  const only = shapeOf(schema) === 'json' && !hasRows(path, value)
  return (
    <fieldset className="compound">
      <legend>
        <code>{name}</code>
        {required && <span className="badge">required</span>}
      </legend>
      <span className="end buttons">
        {set && !only && (
          <button
            type="button"
            className="small"
            aria-label={`${name} as ${asJson ? 'fields' : 'JSON'}`}
            onClick={() => setAsJson(!asJson)}
          >
            {asJson ? 'Fields' : 'JSON'}
          </button>
        )}
        {!required && (
          <button
            type="button"
            className="small"
            aria-label={`${set ? 'Remove' : 'Set'} ${name}`}
            onClick={() => onChange(set ? undefined : (BEGUN[name] ?? emptyOf(schema) ?? {}))}
          >
            {set ? 'Remove' : 'Set'}
          </button>
        )}
      </span>
      {about(schema) && <p className="note">{about(schema)}</p>}
      {set && (asJson || only ? <JsonField {...props} label={`${name} as JSON`} /> : <Inside {...props} />)}
    </fieldset>
  )
}

/** An expression that rows can hold. */
function hasRows(path: readonly string[], value: unknown): boolean {
  return isExpression(path) && conditionsOf(value ?? []) !== undefined
}

/** An upstream of one's own has as many fields as a shared one, most of which are rarely set. */
const ARRANGED: Record<string, { first: string[]; without: string[] }> = {
  upstream: {
    first: ['nodes', 'type', 'scheme', 'timeout'],
    without: ['id', 'create_time', 'update_time', 'name', 'desc', 'labels'],
  },
}

/** What is inside a field that is made of others. */
export function Inside(props: FieldProps): ReactNode {
  const { schema } = props
  switch (shapeOf(schema)) {
    case 'object':
      return <ObjectField {...props} {...ARRANGED[props.path.at(-1) ?? '']} />
    case 'map':
      return <MapField {...props} />
    case 'items':
    case 'lines':
      return <ListField {...props} />
    case 'choice':
      return <ChoiceField {...props} />
    case 'json':
      return hasRows(props.path, props.value) ? (
        <ConditionsField {...props} />
      ) : (
        <JsonField {...props} label={`${props.path.at(-1)} as JSON`} />
      )
    default:
      return <SimpleControl {...props} label={props.path.at(-1) ?? ''} />
  }
}

/** The whole's example, where it has this form. */
function exampleOf({ example, examples }: FieldSchema, form: FieldSchema): FieldSchema {
  const one = example ?? examples?.[0]
  return one !== undefined && formOf([{ const: null }, form], one) === 1 ? { example: one } : {}
}

/** One of several forms: which, and then its fields. */
function ChoiceField(props: FieldProps): ReactNode {
  const { path, schema, value, onChange } = props
  const forms = formsOf(schema)
  const [chosen, setChosen] = useState(() => formOf(forms, value))
  const form = forms[chosen] ?? {}
  const choose = (index: number): void => {
    setChosen(index)
    onChange(emptyOf(forms[index] ?? {}))
  }
  return (
    <>
      <label className="form-of">
        <span className="quiet">as</span>
        <select
          aria-label={`Form of ${path.at(-1)}`}
          value={chosen}
          onChange={(event) => choose(Number(event.target.value))}
        >
          {forms.map((one, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the forms of one schema
            <option key={i} value={i}>
              {nameOfForm(one)}
            </option>
          ))}
        </select>
      </label>
      <Inside key={chosen} {...props} schema={{ ...exampleOf(schema, form), ...form }} required />
    </>
  )
}
