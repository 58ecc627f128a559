import { useCallback, useEffect, useState } from 'react'
import { call } from './api.ts'

export interface Loaded<T> {
  value: T | undefined
  error: string | undefined
  reload(): void
}

/** What a path of the server answers; loaded again when the path changes, on `reload`, and every `everyMs` while the page is seen. */
export function useLoaded<T>(path: string, everyMs?: number): Loaded<T> {
  const [state, setState] = useState<{ path: string; value?: T; error?: string }>({ path })
  const [round, setRound] = useState(0)
  const reload = useCallback(() => setRound((one) => one + 1), [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round loads the same path again
  useEffect(() => {
    let current = true
    call<T>('GET', path).then(
      (value) => current && setState({ path, value }),
      (error: Error) => current && setState({ path, error: error.message }),
    )
    return () => {
      current = false
    }
  }, [path, round])
  useEffect(() => {
    if (!everyMs) return
    const timer = setInterval(() => document.visibilityState === 'visible' && reload(), everyMs)
    return () => clearInterval(timer)
  }, [everyMs, reload])
  const mine = state.path === path
  return { value: mine ? state.value : undefined, error: mine ? state.error : undefined, reload }
}
