// References to secrets in configuration: `$env://NAME` and `$env://NAME/member` (a member of a JSON value).
// They are resolved when a configuration is compiled, in the thread that uses it; the stored configuration keeps the reference.
import type { Resource } from '../resources/kinds.ts'

/** A copy in which every environment reference is replaced by its value. An unresolved reference stays as it is, and so matches nothing. */
export function resolveEnvironment<T extends Resource>(value: T): T {
  return resolve(value) as T
}

function resolve(value: unknown): unknown {
  if (typeof value === 'string') return /^\$env:\/\//i.test(value) ? (fromEnvironment(value.slice(7)) ?? value) : value
  if (Array.isArray(value)) return value.map(resolve)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, resolve(member)]))
}

function fromEnvironment(path: string): string | undefined {
  const slash = path.indexOf('/')
  if (slash < 0) return process.env[path]
  const text = process.env[path.slice(0, slash)]
  if (text === undefined) return undefined
  try {
    const member = (JSON.parse(text) as Record<string, unknown>)[path.slice(slash + 1)]
    return typeof member === 'string' ? member : undefined
  } catch {
    return undefined // not a JSON value: it has no members
  }
}
