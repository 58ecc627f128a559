// Takes secrets out of a target's own words: a validation error may quote the value that it refuses, and a change may hold a stored secret that the
// caller has only seen as `***`.
import { redact, secretsInText } from '../lib/redact.ts'
import { HIDDEN } from '../lib/url-secrets.ts'
import type { PlannedChange } from './plan.ts'

/** Shorter values would take ordinary words out of a message. */
const MIN_SECRET_LENGTH = 3

/** A function that hides every secret of these changes in a text. */
export function scrubber(changes: readonly PlannedChange[]): (text: string) => string {
  const secrets = new Set<string>()
  for (const { kind, before, after } of changes)
    for (const value of [before, after]) if (value) collect(value, redact(kind, value), secrets)
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length)
  return (text) => longestFirst.reduce((shown, secret) => shown.replaceAll(secret, HIDDEN), text)
}

function collect(value: unknown, shown: unknown, secrets: Set<string>): void {
  if (shown === HIDDEN && value !== HIDDEN) {
    keep(String(value), secrets)
    return
  }
  if (typeof value === 'string') for (const secret of secretsInText(value)) keep(secret, secrets)
  if (value === null || typeof value !== 'object') return
  for (const [name, member] of Object.entries(value))
    collect(member, (shown as Record<string, unknown>)?.[name], secrets)
}

function keep(secret: string, secrets: Set<string>): void {
  if (secret.length >= MIN_SECRET_LENGTH) secrets.add(secret)
}
