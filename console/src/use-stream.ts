// What the server pushes at an address, as it comes: one connection that the browser opens again by itself after a break.
import { useEffect, useState } from 'react'

interface Streamed<T> {
  value: T | undefined
  error: string | undefined
}

const LOST = 'Gateward does not answer. Is it running? Start it with npm start; this page goes on by itself.'

export function useStream<T extends object>(path: string): Streamed<T> {
  const [state, setState] = useState<Streamed<T> & { path: string }>({ path, value: undefined, error: undefined })
  useEffect(() => {
    const source = new EventSource(`/v1${path}`)
    source.onmessage = ({ data }) => {
      const news = JSON.parse(String(data)) as T | { error: string }
      setState((last) =>
        'error' in news
          ? { path, value: last.path === path ? last.value : undefined, error: news.error }
          : { path, value: news, error: undefined },
      )
    }
    source.onerror = () => setState((last) => ({ ...last, path, error: LOST }))
    return () => source.close()
  }, [path])
  return state.path === path ? state : { value: undefined, error: undefined }
}
