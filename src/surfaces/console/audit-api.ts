// `GET /console/audit`: whether the chain of the audit log is whole.
import { Hono } from 'hono'
import type { Context } from './picture-api.ts'

export interface Audit {
  entries: number
  /** Sequence number of the first entry that does not fit; absent when all do. */
  broken_at?: number
}

export function auditApi(context: Context): Hono {
  return new Hono().get('/console/audit', (c) => {
    const { count, brokenAt } = context('console', c.req.raw.signal).ledger.verify()
    return c.json({ entries: count, broken_at: brokenAt } satisfies Audit)
  })
}
