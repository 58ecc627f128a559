// Tells when a store goes away and when it is back: reads go on from what is kept in memory, so that nobody else would notice until a write.
import type { Store } from './contract.ts'

const LOOK_EVERY_MS = 500

/** Calls `onChange` with what is wrong, or undefined when the store answers again; at once when it is away already. Returns the way to end it. */
export function watchTrouble(store: Store, onChange: (trouble: string | undefined) => void): () => void {
  let known: string | undefined
  const look = (): void => {
    const trouble = store.trouble()
    if ((trouble === undefined) !== (known === undefined)) onChange(trouble)
    known = trouble
  }
  look()
  const timer = setInterval(look, LOOK_EVERY_MS).unref()
  return () => clearInterval(timer)
}
