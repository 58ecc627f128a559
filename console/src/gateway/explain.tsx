// Which route would take a request, and why the others would not.

import { type FormEvent, type ReactNode, useState } from 'react'
import { operate } from '../api.ts'
import { type Explained, ExplainedCard } from '../cards/explained-card.tsx'
import { Problem } from '../parts/problem.tsx'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']

interface Props {
  target: string
  /** What the form begins with. */
  start?: { method: string; path: string; host: string }
}

const PLAIN = { method: 'GET', path: '/', host: '' }

export function Explain({ target, start = PLAIN }: Props): ReactNode {
  const [method, setMethod] = useState(start.method)
  const [path, setPath] = useState(start.path)
  const [host, setHost] = useState(start.host)
  const [found, setFound] = useState<Explained>()
  const [error, setError] = useState<string>()
  const ask = (event: FormEvent): void => {
    event.preventDefault()
    setError(undefined)
    operate<Explained>('explain', { target, method, path, ...(host ? { host } : {}) }).then(
      setFound,
      (problem: Error) => setError(problem.message),
    )
  }
  return (
    <section className="explain">
      <h2>Explain a request</h2>
      <form onSubmit={ask}>
        <select aria-label="Method" value={method} onChange={(event) => setMethod(event.target.value)}>
          {METHODS.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
        <input
          aria-label="Path"
          value={path}
          pattern="/.*"
          required
          onChange={(event) => setPath(event.target.value)}
        />
        <input aria-label="Host" placeholder="host" value={host} onChange={(event) => setHost(event.target.value)} />
        <button type="submit">Explain</button>
      </form>
      <Problem text={error} />
      {found && <ExplainedCard found={found} />}
    </section>
  )
}
