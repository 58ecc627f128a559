// Rows that a person adds and removes. The keyboard follows: into a row that was added, and to the button that adds when one was removed, since the
// button that removed it has gone.
import { type ReactNode, useEffect, useRef } from 'react'
import { Icon } from '../parts/icons.tsx'

export function Rows({ children }: { children: ReactNode }): ReactNode {
  const box = useRef<HTMLDivElement>(null)
  const before = useRef<number>(undefined)
  useEffect(() => {
    const rows = [...(box.current?.children ?? [])].filter((one) => one.matches('.row, .item'))
    const added = before.current !== undefined && rows.length > before.current
    const removed = before.current !== undefined && rows.length < before.current
    before.current = rows.length
    if (added) rows.at(-1)?.querySelector<HTMLElement>('input, select, textarea, button')?.focus()
    // Not where the mouse has removed it and the person goes on elsewhere.
    if (removed && document.activeElement === document.body)
      box.current?.querySelector<HTMLElement>(':scope > .add')?.focus({ preventScroll: true })
  })
  return (
    <div className="rows" ref={box}>
      {children}
    </div>
  )
}

export function AddButton({ label, onClick }: { label: string; onClick(): void }): ReactNode {
  return (
    <button type="button" className="small add" aria-label={label} onClick={onClick}>
      <Icon name="plus" size={14} /> Add
    </button>
  )
}

export function RemoveButton({ label, onClick }: { label: string; onClick(): void }): ReactNode {
  return (
    <button type="button" className="plain" aria-label={label} onClick={onClick}>
      <Icon name="cross" size={15} />
    </button>
  )
}
