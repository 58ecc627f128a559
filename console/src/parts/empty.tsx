import type { ReactNode } from 'react'

/** What stands where nothing is yet: what this place is for, and the way to begin. */
export function Empty({ title, text, children }: { title: string; text: ReactNode; children?: ReactNode }): ReactNode {
  return (
    <section className="empty">
      <h2>{title}</h2>
      <p>{text}</p>
      <div className="buttons">{children}</div>
    </section>
  )
}
