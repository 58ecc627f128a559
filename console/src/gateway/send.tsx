// Sends one request through the gateway and shows its answer: status, headers, the start of the body, the time it took.

import { type FormEvent, type ReactNode, useState } from 'react'
import type { Sent } from '../../../src/surfaces/console/send.ts'
import { call } from '../api.ts'
import { Problem } from '../parts/problem.tsx'

interface Props {
  target: string
  /** What the form begins with. */
  start: { method: string; path: string; host: string }
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const BODYLESS = new Set(['GET', 'HEAD', 'OPTIONS'])

export function SendRequest({ target, start }: Props): ReactNode {
  const [wish, setWish] = useState({ ...start, headers: '', body: '' })
  const [sent, setSent] = useState<Sent>()
  const [error, setError] = useState<string>()
  const set = (members: Partial<typeof wish>): void => setWish((one) => ({ ...one, ...members }))
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    setError(undefined)
    const headers = { ...toHeaders(wish.headers), ...(wish.host ? { Host: wish.host } : {}) }
    const body = BODYLESS.has(wish.method) || !wish.body ? {} : { body: wish.body }
    call<Sent>('POST', `/console/send?target=${encodeURIComponent(target)}`, {
      method: wish.method,
      path: wish.path,
      headers,
      ...body,
    }).then(setSent, (problem: Error) => setError(problem.message))
  }
  return (
    <section className="explain">
      <h2>Send a request</h2>
      <form onSubmit={submit}>
        <select
          aria-label="Method to send"
          value={wish.method}
          onChange={(event) => set({ method: event.target.value })}
        >
          {METHODS.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
        <input
          aria-label="Path to send"
          value={wish.path}
          pattern="/.*"
          required
          onChange={(event) => set({ path: event.target.value })}
        />
        <input
          aria-label="Host to send"
          placeholder="host"
          value={wish.host}
          onChange={(event) => set({ host: event.target.value })}
        />
        <button type="submit">Send</button>
        <textarea
          className="json"
          aria-label="Headers to send"
          placeholder="Header: value, one a line"
          rows={2}
          value={wish.headers}
          onChange={(event) => set({ headers: event.target.value })}
        />
        {!BODYLESS.has(wish.method) && (
          <textarea
            className="json"
            aria-label="Body to send"
            placeholder="body"
            rows={3}
            value={wish.body}
            onChange={(event) => set({ body: event.target.value })}
          />
        )}
      </form>
      <Problem text={error} />
      {sent && <Answer sent={sent} />}
    </section>
  )
}

function Answer({ sent: { status, headers, body, cut, ms } }: { sent: Sent }): ReactNode {
  return (
    <section className="card" role="status" aria-label="Answer">
      <p>
        <strong className={status < 400 ? 'ok' : 'no'}>{status}</strong> <span className="on">in {ms} ms</span>
      </p>
      <pre className="quiet">{headers.map(([name, value]) => `${name}: ${value}`).join('\n')}</pre>
      {body && <pre className="body">{body}</pre>}
      {cut && <p className="note">The answer goes on; this is its start.</p>}
    </section>
  )
}

/** `Name: value` lines; what has no colon is sent as an empty header, so that the server can say what is wrong with it. */
function toHeaders(text: string): Record<string, string> {
  const lines = text.split('\n').filter((one) => one.trim())
  return Object.fromEntries(
    lines.map((line) => {
      const [name = '', ...rest] = line.split(':')
      return [name.trim(), rest.join(':').trim()]
    }),
  )
}
