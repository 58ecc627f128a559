// Secrets that were made on this page. They are remembered in its memory only, so that they can be shown once, after they are written.
import type { Secret } from '../../../src/operations/contract.ts'

const SECRET_BYTES = 24
const made = new Set<string>()

export function makeSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES))
  const secret = `gw_${btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')}`
  made.add(secret)
  return secret
}

/** Those that stand in a change, each named by its place. */
export function madeSecretsIn(value: unknown, path: readonly string[] = []): Secret[] {
  if (typeof value === 'string')
    return made.has(value) ? [{ label: path.filter((one) => !/^(\d+|plugins)$/.test(one)).join(' '), value }] : []
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([name, one]) => madeSecretsIn(one, [...path, name]))
}
