// Any value as JSON, for what no control fits. While the text is not JSON the browser does not send the form and says why.
import { type ReactNode, useState } from 'react'
import type { FieldProps } from './field.tsx'
import { hintOf } from './schema.ts'

export function JsonField({ label, schema, required, value, onChange }: FieldProps & { label: string }): ReactNode {
  const [text, setText] = useState(() => (value === undefined ? '' : JSON.stringify(value, null, 2)))
  return (
    <textarea
      className="json"
      aria-label={label}
      spellCheck={false}
      rows={Math.min(16, Math.max(3, text.split('\n').length))}
      placeholder={hintOf(schema) ? `JSON, such as ${hintOf(schema)}` : 'JSON'}
      required={required}
      value={text}
      onChange={({ target }) => {
        setText(target.value)
        target.setCustomValidity(problemOf(target.value))
        if (target.value === '') onChange(undefined)
        else if (target.validationMessage === '') onChange(JSON.parse(target.value) as unknown)
      }}
    />
  )
}

function problemOf(text: string): string {
  if (text.trim() === '') return ''
  try {
    JSON.parse(text)
    return ''
  } catch (error) {
    return `this is not JSON: ${(error as Error).message}`
  }
}
