// Fields that are made of others: objects, maps with names of one's own, lists.
import { type ReactNode, useState } from 'react'
import { Field, type FieldProps, Inside } from './field.tsx'
import { AddButton, RemoveButton, Rows } from './rows.tsx'
import { asObject, emptyOf, memberSchema, membersOf, shapeOf, type Value } from './schema.ts'

interface ObjectProps extends FieldProps {
  /** Members that are edited elsewhere. */
  without?: readonly string[]
  /** Members that are shown first; others open with a click. All when absent. */
  first?: readonly string[]
}

export function ObjectField({ path, kind, schema, value, without = [], first, onChange }: ObjectProps): ReactNode {
  const now = asObject(value)
  const { properties, required } = membersOf(schema, now)
  const names = Object.keys(properties).filter((one) => !without.includes(one))
  // As the form was opened: a field that moved when its first letter is typed would lose the keyboard.
  const [early] = useState(() => new Set([...(first ?? []), ...Object.keys(now)]))
  const shown = first ? names.filter((one) => early.has(one)).sort(inOrderOf(first)) : names
  const more = names.filter((one) => !shown.includes(one))
  const toField = (name: string): ReactNode => (
    <Field
      key={name}
      path={[...path, name]}
      kind={kind}
      schema={properties[name] ?? {}}
      required={required.has(name) && properties[name]?.default === undefined}
      value={now[name]}
      onChange={(next) => onChange(withMember(now, name, next))}
    />
  )
  if (names.length === 0) return <p className="note">It has nothing to set.</p>
  return (
    <div className="schema-fields">
      {shown.map(toField)}
      {more.length > 0 && (
        <details className="more">
          <summary>{more.length} more fields</summary>
          <div className="schema-fields">{more.map(toField)}</div>
        </details>
      )}
    </div>
  )
}

/** Those that come first in their order, the others behind them as they are. */
function inOrderOf(first: readonly string[]): (a: string, b: string) => number {
  const place = (name: string): number => (first.includes(name) ? first.indexOf(name) : first.length)
  return (a, b) => place(a) - place(b)
}

/** Unknown members stay; what is not set is taken out. */
function withMember(value: Value, name: string, next: unknown): Value {
  const { [name]: _, ...others } = value
  return next === undefined ? others : { ...value, [name]: next }
}

/** Names and values; a row without a name is not part of the value yet. */
export function MapField({ path, kind, schema, value, onChange }: FieldProps): ReactNode {
  const member = memberSchema(schema) ?? {}
  const empty = { name: '', value: emptyOf(member) ?? firstWeight(member) }
  const [rows, setRows] = useState(() => {
    const there = Object.entries(asObject(value)).map(([name, one]) => ({ name, value: one }))
    return there.length ? there : [empty]
  })
  const label = path.at(-1)
  const [example = 'name'] = Object.keys(asObject(schema.example ?? schema.examples?.[0]))
  const change = (next: { name: string; value: unknown }[]): void => {
    setRows(next)
    onChange(Object.fromEntries(next.filter((one) => one.name).map((one) => [one.name, one.value])))
  }
  const set = (index: number, news: object): void =>
    change(rows.map((one, i) => (i === index ? { ...one, ...news } : one)))
  return (
    <Rows>
      {rows.map((row, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name while they are typed
        <div className="row" key={i}>
          <input
            aria-label={`Name ${i + 1} of ${label}`}
            placeholder={example}
            spellCheck={false}
            value={row.name}
            onChange={({ target }) => set(i, { name: target.value })}
          />
          <div className="row-value">
            <Inside
              path={[...path, row.name || `value ${i + 1}`]}
              kind={kind}
              schema={member}
              required={false}
              value={row.value}
              onChange={(next) => set(i, { value: next })}
            />
          </div>
          <RemoveButton
            label={`Remove ${row.name || `row ${i + 1}`} of ${label}`}
            onClick={() => change(rows.toSpliced(i, 1))}
          />
        </div>
      ))}
      <AddButton label={`Add to ${label}`} onClick={() => setRows([...rows, empty])} />
    </Rows>
  )
}

/** A number that has to be there begins with 1: a weight. */
function firstWeight(schema: FieldProps['schema']): unknown {
  return shapeOf(schema) === 'number' ? 1 : undefined
}

export function ListField({ path, kind, schema, value, onChange }: FieldProps): ReactNode {
  const items = Array.isArray(value) ? value : []
  const item = schema.items ?? {}
  const label = path.at(-1)
  return (
    <Rows>
      {items.map((one, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: items have no other name
        <div className="item" key={`${items.length} ${i}`}>
          <div className="row-value">
            <Inside
              path={[...path, `${i + 1}`]}
              kind={kind}
              schema={item}
              required
              value={one ?? undefined}
              onChange={(next) => onChange(items.with(i, next ?? null))}
            />
          </div>
          <RemoveButton
            label={`Remove item ${i + 1} of ${label}`}
            onClick={() => onChange(items.filter((_, other) => other !== i))}
          />
        </div>
      ))}
      <AddButton label={`Add to ${label}`} onClick={() => onChange([...items, emptyOf(item) ?? null])} />
    </Rows>
  )
}
