// Checks that hold for a commit on every store.

import assert from 'node:assert'
import type { Operation } from './contract.ts'

/** Throws when a commit is empty or names a key twice: a mistake of the caller, since etcd cannot say what such a commit means. */
export function assertOperations(operations: Operation[]): void {
  assert(operations.length > 0, 'a commit needs at least one operation')
  if (operations.length === 1) return
  const keys = new Set(operations.map((operation) => operation.key))
  assert(keys.size === operations.length, 'a commit must not name a key twice')
}

/** When a put's entry expires, in epoch milliseconds. */
export function expiresAtMs(operation: { ttlSeconds?: number }): number | undefined {
  return operation.ttlSeconds === undefined ? undefined : Date.now() + operation.ttlSeconds * 1000
}
