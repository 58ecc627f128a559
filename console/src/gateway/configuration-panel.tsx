// A resource as it is configured, and the ways to change it: a form made from its schema, or its JSON. Saving plans the change.
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { pruned, type Value } from '../forms/schema.ts'
import { patchFrom } from './patch.ts'
import { ResourceFields } from './resource-form.tsx'

interface Props {
  target: string
  kind: string
  id: string
  value: Value
  busy: boolean
  onChange(patch: Value): void
  onProblem(message: string): void
}

export function ConfigurationPanel({ target, kind, id, value, busy, onChange, onProblem }: Props): ReactNode {
  const [mode, setMode] = useState<'read' | 'form' | 'json'>('read')
  const [now, setNow] = useState(value)
  /** What the form began with: a change made elsewhere meanwhile is not taken back by it. */
  const [base, setBase] = useState(value)
  const [text, setText] = useState('')
  const open = (next: 'form' | 'json'): void => {
    setBase(value)
    setNow(value)
    setText(JSON.stringify(value, null, 2))
    setMode(next)
  }
  const save = (event: FormEvent): void => {
    event.preventDefault()
    try {
      const wanted = mode === 'json' ? (JSON.parse(text) as Value) : (pruned(now) as Value)
      onChange(patchFrom(base, wanted))
    } catch (problem) {
      onProblem(`this is not JSON: ${(problem as Error).message}`)
    }
  }
  const panel = useRef<HTMLElement>(null)
  const before = useRef(mode)
  // The button that was used has gone: the keyboard goes on in the form, and back to the button that opens it.
  useEffect(() => {
    if (before.current === mode) return
    before.current = mode
    panel.current?.querySelector<HTMLElement>(mode === 'read' ? 'button' : 'form')?.focus()
  }, [mode])
  return (
    <section className="card" aria-label="Configuration" ref={panel}>
      <header>
        <span className="on">secrets are hidden; *** keeps them</span>
        {mode === 'read' && (
          <span className="end buttons">
            <button type="button" className="small" onClick={() => open('form')}>
              Edit as a form
            </button>
            <button type="button" className="small" onClick={() => open('json')}>
              Edit as JSON
            </button>
          </span>
        )}
      </header>
      {mode === 'read' ? (
        <pre>{JSON.stringify(value, null, 2)}</pre>
      ) : (
        <form className="resource-form" tabIndex={-1} aria-label="Change the configuration" onSubmit={save}>
          {mode === 'form' ? (
            <ResourceFields target={target} kind={kind} id={id} value={now} onChange={setNow} />
          ) : (
            <textarea
              className="json"
              aria-label="Configuration as JSON"
              spellCheck={false}
              rows={Math.min(30, text.split('\n').length + 1)}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
          <div className="buttons">
            <button type="submit" className="main" disabled={busy}>
              Plan the change
            </button>
            <button type="button" onClick={() => setMode('read')}>
              Cancel
            </button>
          </div>
        </form>
      )}
    </section>
  )
}
