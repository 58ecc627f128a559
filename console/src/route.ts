// Where the person is, in the part of the address after `#`: `/chat/ID`, `/gateway/routes/ID`, `/traffic`, `/history`. Links are plain links.
import { useEffect, useState } from 'react'

export function useRoute(): string[] {
  const [hash, setHash] = useState(location.hash)
  useEffect(() => {
    const changed = (): void => setHash(location.hash)
    addEventListener('hashchange', changed)
    return () => removeEventListener('hashchange', changed)
  }, [])
  return hash.replace(/^#\/?/, '').split('/').filter(Boolean).map(decodeURIComponent)
}

export function link(...parts: string[]): string {
  return `#/${parts.map(encodeURIComponent).join('/')}`
}

/** Goes there at once: the browser itself would tell it a task later, and what is typed in between would be said in the old place. */
export function go(...parts: string[]): void {
  if (location.hash === link(...parts)) return
  history.pushState(null, '', link(...parts))
  dispatchEvent(new Event('hashchange'))
}
