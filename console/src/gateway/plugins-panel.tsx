// The plugins of a resource: a button for each that opens its form, and a list to add another from.
import { type ReactNode, useRef, useState } from 'react'
import type { PlanFlow } from '../cards/use-plan.tsx'
import { makeSecret } from '../forms/made-secrets.ts'
import type { Value } from '../forms/schema.ts'
import { AddPlugin } from './add-plugin.tsx'
import { patchFrom } from './patch.ts'
import { PluginForm } from './plugin-form.tsx'

interface Props {
  target: string
  kind: string
  id: string
  plugins: Record<string, Value>
  flow: PlanFlow
}

/** The member of a consumer's plugin that a new secret takes the place of. */
const ROTATED: Record<string, string> = {
  'key-auth': 'key',
  'basic-auth': 'password',
  'jwt-auth': 'secret',
  'hmac-auth': 'secret_key',
}

export function PluginsPanel({ target, kind, id, plugins, flow }: Props): ReactNode {
  const [open, setOpen] = useState<string>()
  /** The configuration that the open form began with: what was changed elsewhere meanwhile stays. */
  const [base, setBase] = useState<Value>()
  const panel = useRef<HTMLElement>(null)
  const openForm = (name: string): void => {
    setBase(plugins[name])
    setOpen(name)
  }
  const close = (): void => {
    const button = [...(panel.current?.querySelectorAll<HTMLElement>('.option') ?? [])].find(
      (one) => one.ariaPressed === 'true',
    )
    ;(button ?? panel.current?.querySelector('select'))?.focus()
    setOpen(undefined)
  }
  const names = Object.keys(plugins)
  const change = (name: string, set: Value | null): void =>
    flow.wish({ target, changes: [{ action: 'change', kind, id, set: { plugins: { [name]: set } } }] })
  const isCaller = kind === 'consumers' || kind === 'credentials'
  return (
    <section aria-label="Plugins" ref={panel}>
      <h2>Plugins</h2>
      <div className="chips">
        {names.map((name) => (
          <button
            type="button"
            key={name}
            className="option"
            aria-pressed={name === open}
            onClick={() => (name === open ? close() : openForm(name))}
          >
            {name}
            {(plugins[name]?._meta as Value | undefined)?.disable === true && <span className="badge">off</span>}
          </button>
        ))}
        {isCaller &&
          names
            .filter((name) => ROTATED[name])
            .map((name) => (
              <button
                type="button"
                key={`new ${name}`}
                className="small"
                disabled={flow.busy}
                onClick={() => change(name, { [ROTATED[name] as string]: makeSecret() })}
              >
                New {ROTATED[name]?.replaceAll('_', ' ')} for {name}
              </button>
            ))}
        <AddPlugin target={target} kind={kind} taken={names} onAdd={openForm} />
      </div>
      {open !== undefined && (
        <PluginForm
          key={open}
          target={target}
          kind={kind}
          name={open}
          value={base}
          busy={flow.busy}
          onSave={(value) => change(open, base ? patchFrom(base, value) : value)}
          onRemove={() => change(open, null)}
          onCancel={close}
        />
      )}
    </section>
  )
}
