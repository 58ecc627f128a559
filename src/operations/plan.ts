// Makes a plan: reads what is there, works out what would be, lets the target check it, and shows the difference. Nothing is written.
//
// A change touches only the members it names: `set` is merged into the resource as it is (null removes), so that no default is injected and no
// unknown member is lost. `***` stands for a secret that stays.
import { hash } from 'node:crypto'
import { randomHex } from '../lib/random-hex.ts'
import { holdsHidden, restore } from '../lib/redact.ts'
import { plainText } from '../lib/text.ts'
import { hideInUrls } from '../lib/url-secrets.ts'
import type { Kind, Resource } from '../resources/kinds.ts'
import { type OperationContext, OperationError, type Secret } from './contract.ts'
import { diffFields, formatDiff } from './diff.ts'
import { Inventory } from './inventory.ts'
import { warnOfUnknownFields } from './lint/unknown-fields.ts'
import { type Found, writable } from './one-by-one.ts'
import { merge } from './patch.ts'
import { type Expectation, withinBounds } from './prove.ts'
import { scrubber } from './scrub.ts'
import type { Target } from './targets.ts'
import { impactOf } from './traffic/impact.ts'
import { findWarnings } from './warnings.ts'

/** A wished change, as a model or a person asks for it. */
export interface WishedChange {
  action: 'create' | 'change' | 'delete'
  kind: Kind
  id?: string
  /** Members to set; for `create` the whole resource. */
  set?: Resource
}

/** A change worked out against what is there. */
export interface PlannedChange {
  action: 'create' | 'change' | 'delete'
  kind: Kind
  id: string
  before: Resource | undefined
  after: Resource | undefined
  /** modifiedIndex at planning time; 0: it did not exist. */
  version: number
}

export interface Plan {
  id: string
  digest: string
  target: string
  summary: string
  changes: PlannedChange[]
  /** Applied, it takes itself back after so many seconds unless it is confirmed; the digest says so too. */
  trialSeconds?: number | undefined
  /** Readable, without secrets. */
  diff: string
  warnings: string[]
  /** The blast radius: what the change touches and how much that is used. */
  impact: string[]
  /** What the planner understood differently from how it was written. */
  notes: string[]
  /** New secrets in it, for the person only. */
  secrets: Secret[]
  expectations: Expectation[]
  createdAt: number
  /** The change that this plan takes back. */
  undoes: string | undefined
}

export interface PlanWish {
  target: Target
  /** The target's configuration, when the caller has just read it. */
  inventory?: Inventory
  changes: WishedChange[]
  summary?: string
  notes?: string[]
  secrets?: Secret[]
  expectations?: Expectation[]
  undoes?: string
}

const MAX_CHANGES = 500

/** Works out a plan and keeps it for approval. Throws an OperationError with every problem found. */
export async function makePlan(wish: PlanWish, ctx: OperationContext): Promise<Plan> {
  const { target } = wish
  if (ctx.targets.policy(target, ctx.caller.surface) === 'read-only')
    throw new OperationError(
      'refused',
      `target ${target.name} is read-only for ${ctx.caller.surface} by its settings; nothing can be planned for it`,
    )
  if (!wish.changes.length) throw new OperationError('invalid', 'the plan has no changes; name at least one')
  if (wish.changes.length > MAX_CHANGES)
    throw new OperationError(
      'invalid',
      `a plan holds at most ${MAX_CHANGES} changes, this one has ${wish.changes.length}; split it`,
    )
  const changes: PlannedChange[] = []
  for (const one of wish.changes) changes.push(await workOut(one, changes, target))
  const real = changes.filter((one) => JSON.stringify(one.before) !== JSON.stringify(one.after))
  if (!real.length) throw new OperationError('invalid', 'nothing would change: the gateway already has all of this')
  const problems = await checkAll(real, target)
  if (problems.length) throw new OperationError('invalid', `the plan is not valid: ${problems.join('; ')}`, problems)
  const inventory = wish.inventory ?? (await Inventory.read(target))
  const diff = real
    .map((one) => formatDiff(one.action, one.kind, one.id, diffFields(one.kind, one.before, one.after)))
    .join('\n')
  const warnings = [...findWarnings(real, inventory), ...(await warnOfUnknownFields(real, target.admin))]
  const wanted = wish.expectations ?? []
  const proofs = withinBounds(wanted)
  const plan: Plan = {
    id: `plan-${randomHex(4)}`,
    digest: hash('sha256', JSON.stringify([target.name, real])),
    target: target.name,
    summary: plainText(hideInUrls(wish.summary ?? summarise(real))),
    changes: real,
    diff,
    warnings: warnings.map((one) => plainText(hideInUrls(one))),
    impact: await impactOf(real, target, inventory, ctx.signal),
    notes: [
      ...(wish.notes ?? []).map((one) => plainText(hideInUrls(one), 600)),
      ...(await target.admin.shortcomings()),
      ...(proofs.length < wanted.length ? [`only ${proofs.length} of ${wanted.length} proofs will run`] : []),
      ...(proofs.some(needsConsumer)
        ? ["the proof makes a consumer for itself, so that it uses up nobody's quota, and takes it away again"]
        : []),
    ],
    secrets: wish.secrets ?? [],
    expectations: proofs,
    createdAt: ctx.now(),
    undoes: wish.undoes,
  }
  ctx.approvals.add(plan)
  ctx.ledger.audit(
    ctx.caller,
    'plan',
    { plan: plan.id, digest: plan.digest, target: plan.target, summary: plan.summary, diff: toldInAudit(diff) },
    ctx.now(),
  )
  return plan
}

function needsConsumer({ burst, limit, credential }: Expectation): boolean {
  const proved = limit ?? burst
  return proved?.own === 'consumer' && proved.not === undefined && credential !== undefined
}

/** Of a plan that nobody may ever apply; the digest stands for all of it. */
const MAX_AUDIT_CHARS = 8_000

function toldInAudit(diff: string): string {
  return diff.length <= MAX_AUDIT_CHARS
    ? diff
    : `${diff.slice(0, MAX_AUDIT_CHARS)}\n... ${diff.length} characters in all`
}

async function workOut(wished: WishedChange, earlier: PlannedChange[], target: Target): Promise<PlannedChange> {
  const { kind } = wished
  const id = wished.id ?? idFrom(wished)
  if (earlier.some((one) => one.kind === kind && one.id === id)) {
    throw new OperationError('invalid', `${kind}/${id} stands in the plan twice; put its changes together`)
  }
  const found = await target.admin.get(kind, id)
  const before = found && writable(found.value)
  if (wished.action === 'create') return create(wished, id, found)
  if (!found || !before) {
    const near = (await target.admin.list(kind, id.split('/')[0])).slice(0, 10).map((one) => one.id)
    throw new OperationError(
      'not_found',
      `there is no ${kind}/${id} on ${target.name}; there are: ${near.join(', ') || 'none'}`,
    )
  }
  if (wished.action === 'delete')
    return { action: 'delete', kind, id, before, after: undefined, version: found.modifiedIndex }
  const after = writable(restore(merge(before, wished.set ?? {}), before) as Resource)
  return { action: 'change', kind, id, before, after, version: found.modifiedIndex }
}

function create(wished: WishedChange, id: string, found: Found | undefined): PlannedChange {
  if (found)
    throw new OperationError('conflict', `${wished.kind}/${id} exists already; change it instead, or choose another id`)
  const named =
    wished.kind === 'consumers'
      ? { username: id }
      : ['credentials', 'plugin_metadata', 'secrets'].includes(wished.kind)
        ? {}
        : { id }
  return {
    action: 'create',
    kind: wished.kind,
    id,
    before: undefined,
    after: merge(named, wished.set ?? {}),
    version: 0,
  }
}

/** The id that a new resource brings itself, or a readable one from its name or uri, or one made up; the Admin API makes none for every kind. */
function idFrom({ action, kind, set = {} }: WishedChange): string {
  if (action !== 'create') throw new OperationError('invalid', `name the id of the ${kind} to ${action}`)
  const given = kind === 'consumers' ? set.username : set.id
  if (given !== undefined) return String(given)
  if (NAMED.includes(kind)) throw new OperationError('invalid', `the new ${kind} needs an id${ID_FORMS[kind] ?? ''}`)
  const basis = String(set.name ?? set.uri ?? (set.uris as string[] | undefined)?.[0] ?? '')
  const id = basis
    .toLowerCase()
    .replace(/[^a-z0-9_.-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60)
  return id || `${kind.replace(/s$/, '').replaceAll('_', '-')}-${randomHex(4)}`
}

/** Kinds whose id says what they are. */
const NAMED: Kind[] = ['consumers', 'credentials', 'plugin_metadata', 'secrets']
const ID_FORMS: Partial<Record<Kind, string>> = {
  credentials: ': consumer/name',
  plugin_metadata: ': the name of the plugin',
  secrets: ': manager/name, such as vault/1',
}

async function checkAll(changes: PlannedChange[], target: Target): Promise<string[]> {
  const scrub = scrubber(changes)
  const named = changes.flatMap(({ kind, id, before, after }) => (after ? [{ kind, id, value: after, before }] : []))
  const whole = new Set(named.filter(({ value, before }) => !holdsHidden(value, before)))
  const wrong = await target.admin.validate([...whole])
  return named.flatMap((one) => {
    const name = `${one.kind}/${one.id}`
    const problem = wrong.get(one)
    if (problem !== undefined) return [`${name}: ${scrub(problem)}`]
    return whole.has(one)
      ? []
      : [`${name}: *** stands for a stored secret, and there is none in that place; a person sets it`]
  })
}

/** Changes that a summary names one by one. */
const MAX_NAMED = 8

function summarise(changes: PlannedChange[]): string {
  if (changes.length <= MAX_NAMED) return changes.map((one) => `${one.action} ${one.kind}/${one.id}`).join(', ')
  const counts = new Map<string, number>()
  for (const { action, kind } of changes) counts.set(`${action} ${kind}`, (counts.get(`${action} ${kind}`) ?? 0) + 1)
  return [...counts].map(([what, count]) => `${what}: ${count}`).join(', ')
}
