// References to secrets in configuration: `$env://NAME` and `$env://NAME/member` (a member of a JSON value).
// They are resolved when a configuration is compiled, in the thread that uses it; the stored configuration keeps the reference.
import type { Resource } from '../resources/kinds.ts'

const REFERENCE = /^\$(env|secret):\/\//i

/**
 * A copy in which every reference is replaced by its value. Throws when one cannot be resolved: its text must never stand in for the
 * secret, or whoever guesses the reference would have the key. The message names the reference, not a value.
 */
export function resolveReferences<T extends Resource>(value: T): T {
  return resolve(value) as T
}

function resolve(value: unknown): unknown {
  if (typeof value === 'string') return REFERENCE.test(value) ? fromReference(value) : value
  if (Array.isArray(value)) return value.map(resolve)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, resolve(member)]))
}

function fromReference(reference: string): string {
  if (!/^\$env:/i.test(reference))
    throw new Error(
      `resolving ${reference}: secret managers are not asked; put the value into the environment ($env://)`,
    )
  const value = fromEnvironment(reference.slice('$env://'.length))
  if (value === undefined || value === '') throw new Error(`resolving ${reference}: the environment has no such value`)
  return value
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
