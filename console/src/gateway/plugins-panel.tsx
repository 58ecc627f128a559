// The plugins of a resource: a button for each that opens its form, and a list to add another from.
import { type ReactNode, useState } from 'react'
import type { PlanFlow } from '../cards/use-plan.tsx'
import { useLoaded } from '../use-loaded.ts'
import { patchFrom } from './patch.ts'
import { PluginForm } from './plugin-form.tsx'

type Value = Record<string, unknown>

interface Props {
  target: string
  kind: string
  id: string
  plugins: Record<string, Value>
  flow: PlanFlow
}

export function PluginsPanel({ target, kind, id, plugins, flow }: Props): ReactNode {
  const [open, setOpen] = useState<string>()
  const all = useLoaded<{ plugins: string[] }>(`/console/plugins?target=${encodeURIComponent(target)}`)
  const names = Object.keys(plugins)
  const others = (all.value?.plugins ?? []).filter((one) => !(one in plugins)).sort()
  const plan = (set: Value | null): void => {
    if (open === undefined) return
    flow.wish({ target, changes: [{ action: 'change', kind, id, set: { plugins: { [open]: set } } }] })
  }
  return (
    <section aria-label="Plugins">
      <h2>Plugins</h2>
      <div className="chips">
        {names.map((name) => (
          <button
            type="button"
            key={name}
            className="option"
            aria-pressed={name === open}
            onClick={() => setOpen(name === open ? undefined : name)}
          >
            {name}
            {(plugins[name]?._meta as Value | undefined)?.disable === true && <span className="badge">off</span>}
          </button>
        ))}
        <select aria-label="Add a plugin" value="" onChange={(event) => setOpen(event.target.value)}>
          <option value="">add a plugin…</option>
          {others.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </div>
      {open !== undefined && (
        <PluginForm
          key={open}
          target={target}
          kind={kind}
          name={open}
          value={plugins[open]}
          busy={flow.busy}
          onSave={(value) => plan(plugins[open] ? patchFrom(plugins[open], value) : value)}
          onRemove={() => plan(null)}
          onCancel={() => setOpen(undefined)}
          onProblem={(message) => flow.fail(message)}
        />
      )}
    </section>
  )
}
