// Which target the views show: the person's choice, which this browser keeps, as long as there is such a target; else the first one.
import { useEffect, useState } from 'react'
import type { State } from '../../src/surfaces/console/state-api.ts'

const KEY = 'gateward-target'
/** Views that are open together follow one choice. */
const CHOSEN = 'gateward-target-chosen'

export function useTarget(state: State | undefined): string | undefined {
  const [chosen, setChosen] = useState(() => localStorage.getItem(KEY))
  useEffect(() => {
    const changed = (): void => setChosen(localStorage.getItem(KEY))
    addEventListener(CHOSEN, changed)
    return () => removeEventListener(CHOSEN, changed)
  }, [])
  const known = state?.targets.find((one) => one.name === chosen) ?? state?.targets[0]
  return known?.name
}

export function chooseTarget(name: string): void {
  localStorage.setItem(KEY, name)
  dispatchEvent(new Event(CHOSEN))
}
