import { useCallback, useEffect, useState } from 'react'
import { type ApiError, call } from './api.ts'

export interface Loaded<T> {
  value: T | undefined
  error: string | undefined
  reload(): void
}

/**
 * What a path of the server answers; loaded again when the path changes, on `reload`, and every `everyMs` while the page is seen. While the
 * server is away its last answer stays, with all that somebody has begun to type around it.
 */
export function useLoaded<T>(path: string, everyMs?: number): Loaded<T> {
  const [state, setState] = useState<{ path: string; value?: T; error?: string }>({ path })
  const [round, setRound] = useState(0)
  const reload = useCallback(() => setRound((one) => one + 1), [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round loads the same path again
  useEffect(() => {
    let current = true
    call<T>('GET', path).then(
      (value) => current && setState({ path, value }),
      (error: ApiError) =>
        current &&
        setState((last) => ({ path, error: error.message, ...(keeps(last.path, error) && { value: last.value }) })),
    )
    return () => {
      current = false
    }
  }, [path, round])
  function keeps(shown: string, { status }: ApiError): boolean {
    return shown === path && (status === 0 || status >= 500)
  }
  useEffect(() => {
    if (!everyMs) return
    const timer = setInterval(() => document.visibilityState === 'visible' && reload(), everyMs)
    return () => clearInterval(timer)
  }, [everyMs, reload])
  const mine = state.path === path
  return { value: mine ? state.value : undefined, error: mine ? state.error : undefined, reload }
}
