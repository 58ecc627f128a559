// What the console shows beside the operations, for the owner only and read-only: the state of a target, whole lists in a compact form (tables),
// one resource whole, and applied changes with their diffs. What single views need is added from `../console/`.
import { Hono } from 'hono'
import { redact } from '../../lib/redact.ts'
import { plainJson, plainText } from '../../lib/text.ts'
import { type OperationContext, OperationError, type Surface } from '../../operations/contract.ts'
import { diffFields, formatDiff } from '../../operations/diff.ts'
import type { AppliedChange } from '../../operations/ledger.ts'
import { writable } from '../../operations/one-by-one.ts'
import { settleAll, stateOf } from '../../operations/settle.ts'
import { toTotal } from '../../operations/traffic/report.ts'
import type { Window } from '../../operations/traffic/traffic.ts'
import { isKind, type Kind } from '../../resources/kinds.ts'
import type { ModelChoice } from '../chat/model-choice.ts'
import { auditApi } from '../console/audit-api.ts'
import { type Demo, demoApi } from '../console/demo-api.ts'
import { modelApi } from '../console/model-api.ts'
import { pictureApi } from '../console/picture-api.ts'
import { resourceApi } from '../console/resource-api.ts'
import { toRow } from '../console/rows.ts'
import { schemaApi } from '../console/schema-api.ts'
import { tailApi, type Watch } from '../console/tail-api.ts'
import { targetsApi } from '../console/targets-api.ts'
import { trafficApi } from '../console/traffic-api.ts'
import type { Owner } from '../owner.ts'
import { isOwner } from './access.ts'
import { answerError, forbidden } from './answers.ts'

export interface ConsoleDeps {
  owner: Owner
  context(surface: Surface, signal: AbortSignal): OperationContext
  /** What answers in the chat. */
  model: ModelChoice
  demo: Demo
  version: string
  /** Why the store of the embedded gateway cannot be written now; undefined when it answers. */
  storeTrouble(): string | undefined
  /** Shows requests of the embedded gateway as they finish. */
  watch: Watch
}

/** Rows of one list; more are cut off, and the answer says so. */
const MAX_ROWS = 20_000
const MAX_CHANGES = 200
/** Of fewer requests nothing is concluded. */
const MIN_FAILING_REQUESTS = 10
const FAILING_SHARE = 0.05

export function consoleApi({ owner, context, model, demo, version, storeTrouble, watch }: ConsoleDeps): Hono {
  const app = new Hono()
  app.use('/console/*', async (c, next) => (isOwner(c, owner) ? next() : forbidden(c)))
  app.onError(answerError)
  app.route('/', pictureApi(context))
  app.route('/', resourceApi(context))
  app.route('/', schemaApi(context))
  app.route('/', auditApi(context))
  app.route('/', targetsApi(context))
  app.route('/', trafficApi(context))
  app.route('/', tailApi(watch))
  app.route('/', modelApi(context, model))
  app.route('/', demoApi(demo))

  app.get('/console/state', (c) => {
    const { targets } = context('console', c.req.raw.signal)
    const names = targets.names()
    return c.json({
      version,
      model: model.shown().provider,
      trouble: storeTrouble(),
      targets: names.map((name) => {
        const target = targets.get(name)
        return {
          name,
          gateway: target.gatewayUrl,
          admin: target.adminUrl,
          policy: targets.policy(target, 'console'),
          failing: isFailing(target.traffic.recent()),
        }
      }),
    })
  })

  app.get('/console/resources/:kind', async (c) => {
    const kind = c.req.param('kind')
    if (!isKind(kind))
      throw new OperationError('not_found', `there is no kind of resources called ${plainText(kind, 40)}`)
    const target = context('console', c.req.raw.signal).targets.get(c.req.query('target'), c.req.raw.signal)
    const found = await target.admin.list(kind, c.req.query('of'))
    return c.json({
      total: found.length,
      rows: found.slice(0, MAX_ROWS).map((one) => toRow(one.id, redact(kind, one.value))),
    })
  })

  app.get('/console/resources/:kind/:id', async (c) => {
    const { kind, id } = c.req.param()
    const target = context('console', c.req.raw.signal).targets.get(c.req.query('target'), c.req.raw.signal)
    const found = isKind(kind) ? await target.admin.get(kind, id) : undefined
    if (!found || !isKind(kind))
      throw new OperationError('not_found', `there is no ${plainText(kind, 40)}/${plainText(id, 64)} on ${target.name}`)
    return c.json({ value: plainJson(redact(kind, writable(found.value))), counted: target.metricsUrl !== undefined })
  })

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

  return app
}

function toShown(change: AppliedChange): object {
  const diff = change.changes.map(({ action, kind, id, before, after }) =>
    formatDiff(action, kind as Kind, id, diffFields(kind as Kind, before, after)),
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

/** Whether many of the last minutes' requests ended with a server's error. */
function isFailing(window: Window | undefined): boolean {
  if (!window) return false
  const { requests, server_errors: errors = 0 } = toTotal(window.counts, window.seconds)
  return requests >= MIN_FAILING_REQUESTS && errors >= requests * FAILING_SHARE
}

/** Who approved a change, on what words, and its proof. */
function auditOf(detail: string, surface: string): [string, object][] {
  const { change, approved_by, words, proof } = JSON.parse(detail) as Record<string, unknown>
  return typeof change === 'string' ? [[change, { surface, approved_by, words, proof }]] : []
}
