// A new resource by hand: its id, its fields, its plugins; then the same plan, approval and proof as everything else.

import { type FormEvent, type ReactNode, useState } from 'react'
import { usePlan } from '../cards/use-plan.tsx'
import { pruned, type Value } from '../forms/schema.ts'
import { Crumbs } from '../parts/crumbs.tsx'
import { link } from '../route.ts'
import '../styles/forms.css'
import '../styles/resource.css'
import { AddPlugin } from './add-plugin.tsx'
import { wordsOf } from './kinds.ts'
import { PluginFields } from './plugin-form.tsx'
import { ResourceFields } from './resource-form.tsx'

interface Props {
  target: string
  kind: string
  /** The consumer that a new credential belongs to. */
  of: string | undefined
}

export function NewResource({ target, kind, of }: Props): ReactNode {
  const words = wordsOf(kind)
  const [id, setId] = useState('')
  const [value, setValue] = useState<Value>({})
  const [plugins, setPlugins] = useState<Record<string, Value>>({})
  const [made, setMade] = useState<string>()
  // What was made is no longer in the page's fields, its secrets least of all.
  const flow = usePlan((summary) => {
    setMade(idIn(summary, kind) ?? id)
    setValue({})
    setPlugins({})
  })
  const whole = of === undefined ? id : `${of}/${id}`
  const save = (event: FormEvent): void => {
    event.preventDefault()
    setMade(undefined)
    const set = {
      ...(pruned(value) as Value),
      ...(words.plugins && hasAny(plugins) ? { plugins: pruned(plugins) } : {}),
    }
    flow.wish({ target, changes: [{ action: 'create', kind, ...(id ? { id: whole } : {}), set }] })
  }
  return (
    <article>
      <Crumbs kind={kind} of={of}>
        New
      </Crumbs>
      <h2 className="resource-title">New {words.one.replace(/^an? /, '')}</h2>
      <p className="quiet">{words.about}</p>
      {flow.shown}
      {made !== undefined && <Made kind={kind} id={made} listed={of === undefined} />}
      {made === undefined && (
        <form className="card resource-form" onSubmit={save}>
          <IdField needed={words.id} value={id} onChange={setId} />
          <ResourceFields target={target} kind={kind} id={id} value={value} onChange={setValue} />
          {words.plugins && (
            <PluginsField {...{ target, kind, plugins }} needed={words.plugins === 'needed'} onChange={setPlugins} />
          )}
          <div className="buttons">
            <button
              type="submit"
              className="main"
              disabled={flow.busy || (words.plugins === 'needed' && !hasAny(plugins))}
            >
              Plan to create it
            </button>
            <a href={link('gateway', of === undefined ? kind : 'consumers', ...(of === undefined ? [] : [of]))}>
              Cancel
            </a>
          </div>
        </form>
      )}
    </article>
  )
}

interface IdProps {
  /** What it is called, when the person has to give one. */
  needed: string | undefined
  value: string
  onChange(id: string): void
}

function IdField({ needed, value, onChange }: IdProps): ReactNode {
  return (
    <div className="schema-fields">
      <div className="schema-field">
        <p className="field-head">
          <label htmlFor="new-id">
            <code>{needed === 'username' ? 'username' : 'id'}</code>
          </label>
          {needed && <span className="badge">required</span>}
        </p>
        <input
          id="new-id"
          spellCheck={false}
          autoComplete="off"
          required={needed !== undefined}
          pattern="[A-Za-z0-9_.\-\/]+"
          placeholder={needed ?? 'made from its name when empty'}
          value={value}
          onChange={({ target: field }) => onChange(field.value.trim())}
        />
        <p className="note">Letters, digits, dashes and underscores; it does not change later.</p>
      </div>
    </div>
  )
}

/** The way to what was made; `listed`: its kind has a table. */
function Made({ kind, id, listed }: { kind: string; id: string; listed: boolean }): ReactNode {
  return (
    <p>
      <a href={link('gateway', kind, id)}>Open {id}</a>
      {listed && (
        <>
          {' '}
          or <a href={link('gateway', kind)}>see all of them</a>
        </>
      )}
      .
    </p>
  )
}

function hasAny(plugins: Record<string, Value>): boolean {
  return Object.keys(plugins).length > 0
}

/** From the summary of what was applied. */
function idIn(summary: string, kind: string): string | undefined {
  const head = `create ${kind}/`
  return summary.startsWith(head) ? summary.slice(head.length) : undefined
}

interface PluginsProps {
  target: string
  kind: string
  plugins: Record<string, Value>
  needed: boolean
  onChange(plugins: Record<string, Value>): void
}

function PluginsField({ target, kind, plugins, needed, onChange }: PluginsProps): ReactNode {
  return (
    <fieldset className="compound">
      <legend>
        <code>plugins</code>
        {needed && <span className="badge">required</span>}
      </legend>
      {Object.entries(plugins).map(([name, value]) => (
        <fieldset className="compound" key={name}>
          <legend>{name}</legend>
          <span className="end buttons">
            <button
              type="button"
              className="small"
              aria-label={`Remove ${name}`}
              onClick={() => {
                const { [name]: _, ...others } = plugins
                onChange(others)
              }}
            >
              Remove
            </button>
          </span>
          <PluginFields
            {...{ target, kind, name, value }}
            onChange={(next) => onChange({ ...plugins, [name]: next })}
          />
        </fieldset>
      ))}
      <div className="chips">
        <AddPlugin
          {...{ target, kind }}
          taken={Object.keys(plugins)}
          onAdd={(name) => onChange({ ...plugins, [name]: {} })}
        />
      </div>
    </fieldset>
  )
}
