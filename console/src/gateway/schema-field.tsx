// One field of a form that is made from a JSON Schema: the control that fits its type. What has no control of its own is written as JSON.
import type { ReactNode } from 'react'

export interface FieldSchema {
  type?: string
  title?: string
  description?: string
  default?: unknown
  enum?: unknown[]
  examples?: unknown[]
  minimum?: number
  maximum?: number
  items?: FieldSchema
  properties?: Record<string, FieldSchema>
  required?: string[]
  oneOf?: FieldSchema[]
  anyOf?: FieldSchema[]
}

interface Props {
  name: string
  schema: FieldSchema
  required: boolean
  /** As it stands in the form; empty: not set. */
  text: string
  onChange(text: string): void
}

/** What a control holds for a value. */
export function toText(value: unknown, schema: FieldSchema): string {
  if (value === undefined) return ''
  if (isList(schema) && Array.isArray(value)) return value.join('\n')
  return typeof value === 'object' || (typeof value === 'string' && !isPlain(schema))
    ? JSON.stringify(value, null, 2)
    : String(value)
}

/** The value of what a control holds; undefined: not set. Throws an Error that says what is wrong. */
export function fromText(text: string, name: string, schema: FieldSchema): unknown {
  if (text === '') return undefined
  if (isList(schema)) return text.split('\n').filter((one) => one.trim())
  if (schema.type === 'boolean') return text === 'true'
  if (schema.enum) return schema.enum.find((one) => String(one) === text)
  if (schema.type === 'string') return text
  if (isScalar(schema)) return isNumeric(schema) && Number.isFinite(Number(text)) ? Number(text) : text
  if (schema.type === 'integer' || schema.type === 'number') {
    const number = Number(text)
    if (!Number.isFinite(number)) throw new Error(`${name}: ${text} is no number`)
    return number
  }
  try {
    return JSON.parse(text) as unknown
  } catch (problem) {
    throw new Error(`${name} is not JSON: ${(problem as Error).message}`)
  }
}

export function SchemaField({ name, schema, required, text, onChange }: Props): ReactNode {
  const id = `field-${name}`
  const hint = schema.default === undefined ? schema.examples?.[0] : schema.default
  const about = [schema.description, schema.default !== undefined && `default ${JSON.stringify(schema.default)}`]
  return (
    <div className="schema-field">
      <label htmlFor={id}>
        <code>{name}</code>
        {required && <span className="badge">required</span>}
      </label>
      <Control {...{ id, schema, required, text, onChange }} hint={hint === undefined ? '' : toText(hint, schema)} />
      <p className="note" id={`${id}-about`}>
        {about.filter(Boolean).join('; ').replaceAll('`', '')}
      </p>
    </div>
  )
}

type ControlProps = Omit<Props, 'name'> & { id: string; hint: string }

function Control({ id, schema, required, text, hint, onChange }: ControlProps): ReactNode {
  const described = { id, 'aria-describedby': `${id}-about` }
  const options = schema.enum ?? (schema.type === 'boolean' ? [true, false] : undefined)
  if (options)
    return (
      <select {...described} value={text} required={required} onChange={(event) => onChange(event.target.value)}>
        <option value="">{hint ? `not set (${hint})` : 'not set'}</option>
        {options.map((one) => (
          <option key={String(one)}>{String(one)}</option>
        ))}
      </select>
    )
  if (schema.type === 'integer' || schema.type === 'number')
    return (
      <input
        {...described}
        type="number"
        step={schema.type === 'integer' ? 1 : 'any'}
        min={schema.minimum}
        max={schema.maximum}
        placeholder={hint}
        value={text}
        required={required}
        onChange={(event) => onChange(event.target.value)}
      />
    )
  if (schema.type === 'string' || isScalar(schema))
    return (
      <input
        {...described}
        placeholder={hint}
        value={text}
        required={required}
        onChange={(event) => onChange(event.target.value)}
      />
    )
  return (
    <textarea
      {...described}
      className="json"
      rows={Math.min(10, Math.max(2, text.split('\n').length))}
      placeholder={
        isList(schema)
          ? `one a line${hint ? `, such as ${hint.split('\n')[0]}` : ''}`
          : `JSON${hint ? `, such as ${hint}` : ''}`
      }
      value={text}
      required={required}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}

function isList({ type, items }: FieldSchema): boolean {
  return type === 'array' && items?.type === 'string'
}

/** True when the control holds a text as it is. */
function isPlain(schema: FieldSchema): boolean {
  return schema.type === 'string' || schema.enum !== undefined || isScalar(schema)
}

/** True for a number or a text, or texts of several forms. */
function isScalar({ type, oneOf, anyOf }: FieldSchema): boolean {
  const among = oneOf ?? anyOf
  return type === undefined && among !== undefined && among.every((one) => SCALARS.has(one.type ?? ''))
}

function isNumeric({ oneOf, anyOf }: FieldSchema): boolean {
  return (oneOf ?? anyOf ?? []).some((one) => one.type !== 'string')
}

const SCALARS = new Set(['string', 'integer', 'number'])
