// References to secrets in configuration: `$env://NAME`, `$env://NAME/member` (a member of a JSON value) and
// `$secret://MANAGER/ID/PATH/MEMBER` (a value that a secret manager keeps).
//
// They are resolved when a configuration is compiled, in the thread that uses it; the stored configuration keeps the reference. The
// environment is read here; the values of managers are fetched by the main thread (secret-managers/keeper.ts) and only looked up here.
import { isReference, isSecretReference } from '../lib/reference.ts'
import type { Resource } from '../resources/kinds.ts'

/** Values of secret managers by reference, as the main thread has sent them. */
export type SecretValues = ReadonlyMap<string, string>

/**
 * A copy in which every reference is replaced by its value. Throws when one cannot be resolved: its text must never stand in for the
 * secret, or whoever guesses the reference would have the key. The message names the reference, not a value.
 */
export function resolveReferences<T extends Resource>(value: T, secrets: SecretValues): T {
  return resolve(value, secrets) as T
}

function resolve(value: unknown, secrets: SecretValues): unknown {
  if (typeof value === 'string') return isReference(value) ? fromReference(value, secrets) : value
  if (Array.isArray(value)) return value.map((item) => resolve(item, secrets))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, resolve(member, secrets)]))
}

function fromReference(reference: string, secrets: SecretValues): string {
  const environment = !isSecretReference(reference)
  const value = environment ? fromEnvironment(reference.slice('$env://'.length)) : secrets.get(reference)
  if (value !== undefined && value !== '') return value
  const reason = environment ? 'the environment has no such value' : 'there is no value of a secret manager for it'
  throw new Error(`resolving ${reference}: ${reason}`)
}

function fromEnvironment(path: string): string | undefined {
  const slash = path.indexOf('/')
  if (slash < 0) return process.env[path]
  const text = process.env[path.slice(0, slash)]
  if (text === undefined) return undefined
  try {
    const member = (JSON.parse(text) as Record<string, unknown> | null)?.[path.slice(slash + 1)]
    return typeof member === 'string' ? member : undefined
  } catch {
    return undefined // not a JSON value: it has no members
  }
}
