// Light or dark: the system's choice until the person makes one, which this browser keeps.
import { useEffect, useState } from 'react'

type Theme = 'light' | 'dark'

const KEY = 'gateward-theme'

export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState<Theme>(
    () =>
      (localStorage.getItem(KEY) as Theme | null) ??
      (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'),
  )
  useEffect(() => {
    document.documentElement.dataset.theme = theme
  }, [theme])
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)')
    const follow = (): void => {
      if (localStorage.getItem(KEY) === null) setTheme(dark.matches ? 'dark' : 'light')
    }
    dark.addEventListener('change', follow)
    return () => dark.removeEventListener('change', follow)
  }, [])
  const toggle = (): void => {
    const next = theme === 'dark' ? 'light' : 'dark'
    localStorage.setItem(KEY, next)
    setTheme(next)
  }
  return [theme, toggle]
}

/** The theme that the page has now, for what is drawn in its colours. */
export function useShownTheme(): string | undefined {
  const [shown, setShown] = useState(themeNow)
  useEffect(() => {
    const observer = new MutationObserver(() => setShown(themeNow()))
    observer.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    return () => observer.disconnect()
  }, [])
  return shown
}

function themeNow(): string | undefined {
  return document.documentElement.dataset.theme
}
