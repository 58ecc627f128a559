// Controls of fields that hold one thing: texts, numbers, choices, and lists of these.
import { type ReactNode, useState } from 'react'
import type { FieldProps } from './field.tsx'
import { fromText, hintOf, isLong, shapeOf } from './schema.ts'
import { FileButton } from './secret-field.tsx'

interface Props extends FieldProps {
  /** Where a label element names it; else `label` does. */
  id?: string
  label?: string
}

export function SimpleControl({ id, label, path, schema, required, value, onChange }: Props): ReactNode {
  const named = id === undefined ? { 'aria-label': label } : { id, 'aria-describedby': `${id}-about` }
  const hint = hintOf(schema)
  switch (shapeOf(schema)) {
    case 'one of':
    case 'boolean': {
      const options = schema.enum ?? [true, false]
      return (
        <select
          {...named}
          value={value === undefined ? '' : String(value)}
          required={required}
          onChange={({ target }) => onChange(options.find((one) => String(one) === target.value))}
        >
          <option value="">{hint ? `not set (${hint})` : 'not set'}</option>
          {options.map((one) => (
            <option key={String(one)} value={String(one)}>
              {schema.enum ? String(one) : one ? 'yes' : 'no'}
            </option>
          ))}
        </select>
      )
    }
    case 'options':
      return <Options {...{ named, value, onChange }} options={schema.items?.enum ?? []} />
    case 'lines':
      return <Lines {...{ named, hint, required, value, onChange }} schema={schema.items ?? {}} />
    case 'number':
      return (
        <input
          {...named}
          type="number"
          step={schema.type === 'integer' ? 1 : 'any'}
          min={schema.minimum}
          max={schema.maximum}
          placeholder={hint}
          value={typeof value === 'number' ? value : ''}
          required={required}
          onChange={({ target }) => onChange(target.value === '' ? undefined : Number(target.value))}
        />
      )
    default:
      return isLong(schema) || String(value ?? '').includes('\n') ? (
        <>
          <textarea
            {...named}
            className="json"
            spellCheck={false}
            rows={5}
            placeholder={hint}
            value={String(value ?? '')}
            required={required}
            onChange={({ target }) => onChange(target.value || undefined)}
          />
          {isLong(schema) && <FileButton label={`File for ${path.at(-1)}`} onText={onChange} />}
        </>
      ) : (
        <input
          {...named}
          spellCheck={false}
          autoComplete="off"
          placeholder={hint}
          value={String(value ?? '')}
          required={required}
          onChange={({ target }) => onChange(fromText(target.value, schema))}
        />
      )
  }
}

type Named = Record<string, string | undefined>

interface OptionsProps {
  named: Named
  options: unknown[]
  value: unknown
  onChange(value: unknown): void
}

function Options({ named, options, value, onChange }: OptionsProps): ReactNode {
  const chosen = Array.isArray(value) ? value : []
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would need a legend, and the label element names it already
    <div {...named} role="group" className="options">
      {options.map((one) => (
        <label key={String(one)}>
          <input
            type="checkbox"
            checked={chosen.includes(one)}
            onChange={({ target }) => {
              const next = options.filter((other) => (other === one ? target.checked : chosen.includes(other)))
              onChange(next.length ? next : undefined)
            }}
          />
          {String(one)}
        </label>
      ))}
    </div>
  )
}

interface LinesProps {
  named: Named
  schema: FieldProps['schema']
  hint: string
  required: boolean
  value: unknown
  onChange(value: unknown): void
}

/** Keeps what is typed, so that an empty line can be begun. */
function Lines({ named, schema, hint, required, value, onChange }: LinesProps): ReactNode {
  const [text, setText] = useState(() => (Array.isArray(value) ? value.join('\n') : ''))
  const type = (next: string): void => {
    setText(next)
    const lines = next.split('\n').filter((one) => one.trim())
    onChange(lines.length ? lines.map((one) => fromText(one.trim(), schema)) : undefined)
  }
  return (
    <textarea
      {...named}
      className="json"
      spellCheck={false}
      rows={Math.min(10, Math.max(2, text.split('\n').length))}
      placeholder={hint ? `one a line, such as ${hint}` : 'one a line'}
      value={text}
      required={required}
      onChange={({ target }) => type(target.value)}
    />
  )
}
