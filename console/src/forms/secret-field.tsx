// A field that holds a secret: typed out of sight, made at random, read from a file, or a reference to where it is kept. What is stored already is
// not known here: `***` stands for it and stays.
import { type ReactNode, useState } from 'react'
import { isSecret } from '../../../src/lib/redact.ts'
import { HIDDEN } from '../../../src/lib/url-secrets.ts'
import type { FieldProps } from './field.tsx'
import { makeSecret } from './made-secrets.ts'
import { isLong } from './schema.ts'

export function isSecretPlace(kind: string, path: readonly string[]): boolean {
  return isSecret(kind, path)
}

export function SecretField({
  id,
  path,
  kind,
  schema,
  required,
  value,
  onChange,
}: FieldProps & { id: string }): ReactNode {
  const [seen, setSeen] = useState(false)
  const kept = value === HIDDEN
  const name = path.at(-1)
  const common = {
    id,
    'aria-describedby': `${id}-about`,
    spellCheck: false,
    autoComplete: 'off',
    placeholder: kept ? 'kept; enter another to replace it' : '',
    required: required && !kept,
    value: kept ? '' : String(value ?? ''),
  }
  if (isLong(schema)) {
    return (
      <>
        <textarea
          {...common}
          className="json"
          rows={5}
          onChange={({ target }) => onChange(target.value || (kept ? HIDDEN : undefined))}
        />
        <FileButton label={`File for ${name}`} onText={onChange} />
      </>
    )
  }
  return (
    <div className="secret-entry">
      <input
        {...common}
        type={seen ? 'text' : 'password'}
        onChange={({ target }) => onChange(target.value || undefined)}
      />
      <button
        type="button"
        className="small"
        aria-label={`${seen ? 'Hide' : 'Show'} ${name}`}
        onClick={() => setSeen(!seen)}
      >
        {seen ? 'Hide' : 'Show'}
      </button>
      {(kind === 'consumers' || kind === 'credentials') && (
        <button
          type="button"
          className="small"
          aria-label={`Make one for ${name}`}
          onClick={() => onChange(makeSecret())}
        >
          Make one
        </button>
      )}
    </div>
  )
}

/** Reads a file into the form; it goes nowhere else. */
export function FileButton({ label, onText }: { label: string; onText(text: string): void }): ReactNode {
  return (
    <label className="file">
      <span className="hidden">{label}</span>
      <input type="file" onChange={({ target }) => void target.files?.[0]?.text().then(onText)} />
    </label>
  )
}
