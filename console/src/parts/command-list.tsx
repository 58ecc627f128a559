// A list whose choice does something at once. At a keyboard the arrows and letters open it, where in a closed list they would already choose.
import type { KeyboardEvent, ReactNode } from 'react'

interface Props {
  label: string
  className?: string
  value: string
  onChoose(value: string): void
  /** Its options. */
  children: ReactNode
}

export function CommandList({ label, className, value, onChoose, children }: Props): ReactNode {
  return (
    <select
      aria-label={label}
      {...(className ? { className } : {})}
      value={value}
      onKeyDown={openInstead}
      onChange={({ target }) => target.value && onChoose(target.value)}
    >
      {children}
    </select>
  )
}

function openInstead(event: KeyboardEvent<HTMLSelectElement>): void {
  const chooses = /^Arrow|^Page|^Home$|^End$/.test(event.key) || (event.key.length === 1 && event.key !== ' ')
  if (!chooses || event.ctrlKey || event.altKey || event.metaKey) return
  event.preventDefault()
  event.currentTarget.showPicker()
}
