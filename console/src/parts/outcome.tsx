// Where what came of a wish stands. Whoever has asked, at the foot of a long page or by a button that has gone with it, sees it, hears it, and goes on
// from there by keyboard.
import { type ReactNode, useEffect, useRef } from 'react'

interface Props {
  /** Each change of it is something new to see. */
  news: unknown
  children: ReactNode
}

export function Outcome({ news, children }: Props): ReactNode {
  const box = useRef<HTMLDivElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: that is when there is something to see
  useEffect(() => {
    box.current?.scrollIntoView({ block: 'nearest' })
    box.current?.focus({ preventScroll: true })
  }, [news])
  return (
    <div className="outcome" ref={box} tabIndex={-1}>
      {children}
    </div>
  )
}
