// What the owner sets here: which model answers in the chat. A key that is entered goes to the server and never comes back.

import { type FormEvent, type ReactNode, useState } from 'react'
import type { Provider, ShownModel, Tested } from '../../../src/surfaces/chat/providers.ts'
import { call } from '../api.ts'
import { Problem } from '../parts/problem.tsx'
import { useLoaded } from '../use-loaded.ts'
import '../styles/settings.css'

interface Kind {
  title: string
  about: string
  /** A model that may be typed when another than the usual one is wanted. */
  example: string
}

const KINDS: Record<Provider, Kind> = {
  builtin: {
    title: 'Built-in interpreter',
    about: 'No key, no network, answers at once. It understands the common sentences; say “help” in the chat.',
    example: '',
  },
  openai: { title: 'OpenAI', about: 'A key of platform.openai.com.', example: 'gpt-5' },
  anthropic: { title: 'Anthropic', about: 'A key of console.anthropic.com.', example: 'claude-sonnet-4-5' },
  google: { title: 'Google', about: 'A key of aistudio.google.com.', example: 'gemini-2.5-pro' },
  'openai-compatible': {
    title: 'OpenAI-compatible server',
    about: 'Ollama, vLLM, LM Studio and others, also on this machine.',
    example: 'llama3.3',
  },
}

/** `onChange`: another model answers from now on. */
export default function SettingsView({ onChange }: { onChange(): void }): ReactNode {
  const { value, error, reload } = useLoaded<ShownModel>('/console/model')
  const changed = (): void => {
    reload()
    onChange()
  }
  return (
    <div className="page">
      <header>
        <h1>Settings</h1>
      </header>
      <Problem text={error} />
      {value && <ModelForm shown={value} onChange={changed} />}
    </div>
  )
}

/** What the form says now. `key`: entered here; undefined: the kept one, if there is one. */
type Wish = Omit<ShownModel, 'key'> & { key: string | undefined }

function ModelForm({ shown, onChange }: { shown: ShownModel; onChange(): void }): ReactNode {
  const [wish, setWish] = useState<Wish>({ ...shown, key: undefined })
  const [state, setState] = useState<{ busy?: 'test' | 'save'; error?: string; tested?: Tested; saved?: boolean }>({})
  const set = (members: Partial<Wish>): void => {
    setWish((one) => ({ ...one, ...members }))
    setState({})
  }
  const { provider } = wish
  const kept = shown.key && shown.provider === provider && shown.base_url === wish.base_url
  const body = {
    provider,
    name: wish.name,
    ...(provider === 'openai-compatible' ? { base_url: wish.base_url } : {}),
    key: wish.key,
  }
  const test = (): void => {
    setState({ busy: 'test' })
    call<Tested>('POST', '/console/model/test', body).then(
      (tested) => setState({ tested }),
      (problem: Error) => setState({ error: problem.message }),
    )
  }
  const save = (event: FormEvent): void => {
    event.preventDefault()
    setState({ busy: 'save' })
    call<ShownModel>('PUT', '/console/model', body).then(
      (now) => {
        setState({ saved: true })
        setWish({ ...now, key: undefined })
        onChange()
      },
      (problem: Error) => setState({ error: problem.message }),
    )
  }
  const fixed = shown.from === 'settings'
  return (
    <form className="settings" onSubmit={save}>
      <fieldset disabled={fixed}>
        <legend>Who answers in the chat</legend>
        {fixed && (
          <p className="note">
            This is set in <code>gateward.yaml</code>, the environment or a flag (<code>model.provider</code>): change
            it there.
          </p>
        )}
        <ProviderChoice
          provider={provider}
          onChoose={(one) => set({ provider: one, name: one === shown.provider ? shown.name : '', key: undefined })}
        />
        {provider !== 'builtin' && <Entries wish={wish} kept={Boolean(kept)} onChange={set} />}
        <div className="tools">
          {provider !== 'builtin' && (
            <button type="button" onClick={test} disabled={state.busy !== undefined}>
              {state.busy === 'test' ? 'Asking…' : 'Test'}
            </button>
          )}
          <button type="submit" className="main" disabled={state.busy !== undefined}>
            Save
          </button>
        </div>
      </fieldset>
      <Outcome {...state} />
      {provider !== 'builtin' && (
        <p className="quiet">
          The provider sees your sentences and what the operations answer: names, paths and counts, never a secret.
        </p>
      )}
    </form>
  )
}

function ProviderChoice({ provider, onChoose }: { provider: Provider; onChoose(provider: Provider): void }): ReactNode {
  return (
    <div className="choices">
      {(Object.keys(KINDS) as Provider[]).map((one) => (
        <label key={one} className="provider card">
          <input type="radio" name="provider" checked={one === provider} onChange={() => onChoose(one)} />
          <span>
            <strong>{KINDS[one].title}</strong>
            <small>{KINDS[one].about}</small>
          </span>
        </label>
      ))}
    </div>
  )
}

interface EntriesProps {
  wish: Wish
  /** The server has a key for this provider at this address. */
  kept: boolean
  onChange(members: Partial<Wish>): void
}

/** How the provider is reached. */
function Entries({ wish: { provider, base_url, name, key }, kept, onChange }: EntriesProps): ReactNode {
  return (
    <div className="entries">
      {provider === 'openai-compatible' && (
        <label>
          Address
          <input
            type="url"
            required
            placeholder="http://127.0.0.1:11434/v1"
            value={base_url}
            onChange={({ target }) => onChange({ base_url: target.value })}
          />
        </label>
      )}
      <label>
        Model
        <input
          placeholder={KINDS[provider].example}
          required={provider === 'openai-compatible'}
          value={name}
          onChange={({ target }) => onChange({ name: target.value })}
        />
      </label>
      <label>
        Key
        <input
          type="password"
          autoComplete="off"
          placeholder={kept ? 'kept on the server; enter another to replace it' : 'stays on the server, encrypted'}
          value={key ?? ''}
          onChange={({ target }) => onChange({ key: target.value || undefined })}
        />
      </label>
    </div>
  )
}

function Outcome({ error, tested, saved }: { error?: string; tested?: Tested; saved?: boolean }): ReactNode {
  return (
    <div role="status">
      <Problem text={error} />
      {tested && (
        <p className={tested.ok ? 'ok' : 'no'}>
          {tested.ok
            ? `It answers, in ${(tested.ms / 1000).toFixed(1)} s: “${tested.said}”`
            : `It does not answer: ${tested.said}`}
        </p>
      )}
      {saved && <p className="ok">Saved: it answers from the next sentence on.</p>}
    </div>
  )
}
