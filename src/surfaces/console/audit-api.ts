// What was done: `GET /console/changes` lists applied changes with their diffs, who approved each and its proof; `GET /console/audit` tells whether
// the chain of the audit log is whole.
import { Hono } from 'hono'
import { plainText } from '../../lib/text.ts'
import { diffFields, formatDiff } from '../../operations/diff.ts'
import type { AppliedChange } from '../../operations/ledger.ts'
import { settleAll, stateOf } from '../../operations/settle.ts'
import type { Kind } from '../../resources/kinds.ts'
import type { MakeContext } from './named.ts'

const MAX_CHANGES = 200

export interface Audit {
  entries: number
  /** Sequence number of the first entry that does not fit; absent when all do. */
  broken_at?: number
}

export function auditApi(context: MakeContext): Hono {
  const app = new Hono()

  app.get('/console/changes', async (c) => {
    const ctx = context('console', c.req.raw.signal)
    const { ledger } = ctx
    const unsettled = await settleAll(ctx)
    const changes = ledger.changes(MAX_CHANGES, c.req.query('target'), c.req.query('about'))
    const audit = new Map(ledger.auditEntries(MAX_CHANGES * 3).flatMap((one) => auditOf(one.detail, one.surface)))
    return c.json({
      changes: changes.map((one) => ({ ...toShown(one), ...stateOf(one, unsettled), ...audit.get(one.id) })),
    })
  })

  app.get('/console/audit', (c) => {
    const { count, brokenAt } = context('console', c.req.raw.signal).ledger.verify()
    return c.json({ entries: count, broken_at: brokenAt } satisfies Audit)
  })

  return app
}

function toShown(change: AppliedChange): object {
  const diff = change.changes.map(({ action, kind, id, before, after }) =>
    formatDiff(action, kind as Kind, id, diffFields(kind, before, after)),
  )
  return {
    id: change.id,
    at: change.at,
    target: change.target,
    summary: plainText(change.summary),
    diff: diff.join('\n'),
    undone_by: change.undoneBy,
  }
}

/** Who approved a change, on what words, and its proof. */
function auditOf(detail: string, surface: string): [string, object][] {
  const { change, approved_by, words, proof } = JSON.parse(detail) as Record<string, unknown>
  return typeof change === 'string' ? [[change, { surface, approved_by, words, proof }]] : []
}
