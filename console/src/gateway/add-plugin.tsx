// A list of the target's plugins to add one from; of a credential only those that know a caller.
import type { ReactNode } from 'react'
import { CommandList } from '../parts/command-list.tsx'
import { useLoaded } from '../use-loaded.ts'

const CALLERS = new Set(['key-auth', 'basic-auth', 'jwt-auth', 'hmac-auth', 'ldap-auth', 'jwe-decrypt'])

interface Props {
  target: string
  kind: string
  taken: readonly string[]
  onAdd(name: string): void
}

export function AddPlugin({ target, kind, taken, onAdd }: Props): ReactNode {
  const { value } = useLoaded<{ plugins: string[] }>(`/console/plugins?target=${encodeURIComponent(target)}`)
  const names = (value?.plugins ?? [])
    .filter((one) => !taken.includes(one) && (kind !== 'credentials' || CALLERS.has(one)))
    .sort()
  return (
    <CommandList label="Add a plugin" value="" onChoose={onAdd}>
      <option value="">add a plugin…</option>
      {names.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </CommandList>
  )
}
