// The beginning of a conversation: three steps for an empty gateway, suggestions for one that serves something.
import { type ReactNode, useState } from 'react'
import { counted } from '../../../src/lib/counted.ts'
import type { State } from '../../../src/surfaces/console/state-api.ts'
import { call } from '../api.ts'
import { Problem } from '../parts/problem.tsx'
import { isFailing, suggestions } from './suggestions.ts'

interface Props {
  state: State | undefined
  routes: number | undefined
  say(sentence: string): Promise<void>
}

export function Welcome({ state, routes, say }: Props): ReactNode {
  const gateway = state?.targets[0]?.gateway
  if (routes === undefined) return null
  return (
    <div className="welcome">
      <h1>{routes === 0 ? 'Put your first API behind the gateway' : 'What should the gateway do?'}</h1>
      <p className="quiet">
        {gateway ? (
          <>
            It serves <code>{gateway}</code>
            {routes === 0 ? ' and has no routes yet.' : ` with ${counted(routes, 'route')}.`}
          </>
        ) : null}{' '}
        You say it, you see what would change, you approve, it proves it.
      </p>
      {routes === 0 ? <FirstSteps say={say} /> : <Ideas say={say} failing={isFailing(state)} />}
    </div>
  )
}

function FirstSteps({ say }: { say: Props['say'] }): ReactNode {
  const [path, setPath] = useState('/speaker/*')
  const [address, setAddress] = useState('http://127.0.0.1:8088')
  const [problem, setProblem] = useState<string>()
  const tryDemo = (): void => {
    call<{ address: string }>('POST', '/console/demo').then(
      (demo) => say(`Create a route for /speaker/* to ${demo.address}`),
      (error: Error) => setProblem(error.message),
    )
  }
  return (
    <ol className="steps">
      <li>
        <h2>Add an API</h2>
        <form
          onSubmit={(event) => {
            event.preventDefault()
            void say(
              /openapi|swagger|\.ya?ml$|\.json$/.test(address)
                ? `Import ${address}`
                : `Create a route for ${path} to ${address}`,
            )
          }}
        >
          <label>
            Path
            <input value={path} onChange={(event) => setPath(event.target.value)} required pattern="/.*" />
          </label>
          <label>
            Where the API runs, or its OpenAPI document
            <input type="url" value={address} onChange={(event) => setAddress(event.target.value)} required />
          </label>
          <button type="submit" className="main">
            Add it
          </button>
        </form>
        <p className="quiet">
          Nothing at hand?{' '}
          <button type="button" className="small" onClick={tryDemo}>
            Take the sample API
          </button>
        </p>
        <Problem text={problem} />
      </li>
      <li>
        <h2>See it served</h2>
        <p>
          You approve the plan; the gateway serves it a few milliseconds later and proves that with a real request. Then
          call it yourself, with one click.
        </p>
      </li>
      <li>
        <h2>Protect it</h2>
        <p>
          Say <q>Require an API key on it and allow 5 requests a minute</q>. <q>Undo</q> takes any change back.
        </p>
      </li>
    </ol>
  )
}

function Ideas({ say, failing }: { say: Props['say']; failing: boolean }): ReactNode {
  return (
    <div className="ideas">
      {[...suggestions({ entries: [], routes: undefined, failing }), 'Help'].map((one) => (
        <button type="button" key={one} className="idea" onClick={() => void say(one)}>
          {one}
        </button>
      ))}
    </div>
  )
}
