// A resource as JSON, to read and to edit; saving plans the change.
import { type ReactNode, useState } from 'react'
import { patchFrom } from './patch.ts'

type Value = Record<string, unknown>

interface Props {
  value: Value
  busy: boolean
  onChange(patch: Value): void
  onDelete(): void
  onProblem(message: string): void
}

export function JsonPanel({ value, busy, onChange, onDelete, onProblem }: Props): ReactNode {
  const [editing, setEditing] = useState<string>()
  const save = (): void => {
    try {
      onChange(patchFrom(value, JSON.parse(editing as string) as Value))
    } catch (problem) {
      onProblem(`this is not JSON: ${(problem as Error).message}`)
    }
  }
  return (
    <section className="card" aria-label="Configuration">
      <header>
        <h3>Configuration</h3>
        <span className="on">secrets are hidden; *** keeps them</span>
        <span className="buttons">
          {editing === undefined ? (
            <>
              <button type="button" className="small" onClick={() => setEditing(JSON.stringify(value, null, 2))}>
                Edit
              </button>
              <button type="button" className="small" disabled={busy} onClick={onDelete}>
                Delete
              </button>
            </>
          ) : (
            <>
              <button type="button" className="small main" disabled={busy} onClick={save}>
                Plan the change
              </button>
              <button type="button" className="small" onClick={() => setEditing(undefined)}>
                Cancel
              </button>
            </>
          )}
        </span>
      </header>
      {editing === undefined ? (
        <pre>{JSON.stringify(value, null, 2)}</pre>
      ) : (
        <textarea
          className="json"
          aria-label="Configuration as JSON"
          spellCheck={false}
          rows={Math.min(30, editing.split('\n').length + 1)}
          value={editing}
          onChange={(event) => setEditing(event.target.value)}
        />
      )}
    </section>
  )
}
