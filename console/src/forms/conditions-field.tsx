// An expression over variables as rows that all must hold.
import { type ReactNode, useId, useState } from 'react'
import { type Condition, conditionsOf, OPERATORS, textOf, toExpression, valueFrom } from './conditions.ts'
import type { FieldProps } from './field.tsx'
import { AddButton, RemoveButton, Rows } from './rows.tsx'

/** Names that most expressions are about; others are typed. */
const VARIABLES = ['arg_NAME', 'http_NAME', 'cookie_NAME', 'uri', 'host', 'request_method', 'remote_addr', 'scheme']

/** A row and the text of its value as it is typed: `1, ` is the beginning of a list. */
type Row = Condition & { text: string }

const EMPTY: Row = { variable: '', operator: '==', value: '', text: '' }

export function ConditionsField({ path, value, onChange }: FieldProps): ReactNode {
  const names = useId()
  const label = path.at(-1) ?? ''
  const [rows, setRows] = useState<Row[]>(() => {
    const found = (conditionsOf(value) ?? []).map((one) => ({ ...one, text: textOf(one) }))
    return found.length ? found : [EMPTY]
  })
  const change = (next: Row[]): void => {
    setRows(next)
    onChange(toExpression(next))
  }
  const set = (index: number, news: Partial<Row>): void =>
    change(
      rows.map((one, i) => {
        if (i !== index) return one
        const { text, operator, ...others } = { ...one, ...news }
        return { ...others, text, operator, value: valueFrom(text, operator) }
      }),
    )
  return (
    <Rows>
      {rows.map((row, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name while they are typed
        <div className="row condition" key={i}>
          <span className="quiet and">{i === 0 ? 'when' : 'and'}</span>
          <input
            aria-label={`Variable ${i + 1} of ${label}`}
            placeholder="arg_version"
            list={names}
            spellCheck={false}
            autoComplete="off"
            value={row.variable}
            onChange={({ target }) => set(i, { variable: target.value.trim() })}
          />
          <select
            aria-label={`Operator ${i + 1} of ${label}`}
            value={row.operator}
            onChange={({ target }) => set(i, { operator: target.value })}
          >
            {Object.entries(OPERATORS).map(([operator, meaning]) => (
              <option key={operator} value={operator}>
                {meaning} ({operator})
              </option>
            ))}
          </select>
          <input
            aria-label={`Value ${i + 1} of ${label}`}
            placeholder={row.operator.endsWith('in') || row.operator.endsWith('ipmatch') ? 'a, b, c' : 'value'}
            spellCheck={false}
            autoComplete="off"
            value={row.text}
            onChange={({ target }) => set(i, { text: target.value })}
          />
          <RemoveButton label={`Remove condition ${i + 1} of ${label}`} onClick={() => change(rows.toSpliced(i, 1))} />
        </div>
      ))}
      <AddButton label={`Add to ${label}`} onClick={() => setRows([...rows, EMPTY])} />
      <datalist id={names}>
        {VARIABLES.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </Rows>
  )
}
