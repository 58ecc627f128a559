// What a caller may do. A scope is asked for by an operation's effect; `approve` lets a client carry its person's approval.
import type { Operation } from '../operations/contract.ts'

export const SCOPES = ['read', 'plan', 'apply', 'approve'] as const

export type Scope = (typeof SCOPES)[number]

/** The scope that an operation needs. */
export function scopeOf(operation: Operation): Scope {
  return operation.effect === 'write' ? 'apply' : operation.effect
}
