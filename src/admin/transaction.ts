// POST /apisix/admin/gateward/transaction: several writes, all or none. Each sees what those before it would have written. Not a part of
// APISIX's API; the operations use it where the target offers it.
import type { Condition } from '../store/contract.ts'
import { asObject } from './body.ts'
import type { Draft } from './draft.ts'
import { Refusal, refuse } from './message.ts'
import { toSegments, toTarget } from './target.ts'
import { type Planned, planWrite, type WriteParts } from './writes.ts'

const MAX_OPERATIONS = 1000
const METHODS = ['PUT', 'POST', 'PATCH', 'DELETE']

export interface Transaction {
  planned: Planned[]
  conditions: Condition[]
}

/** Plans every operation into `draft`. The refusal of one names it (`operation`) and is the refusal of all. */
export async function planTransaction(body: unknown, draft: Draft, parts: WriteParts): Promise<Transaction> {
  const { operations, conditions = [] } = asObject(body ?? {})
  if (!Array.isArray(operations) || operations.length === 0 || operations.length > MAX_OPERATIONS)
    throw new Refusal(refuse(400, `operations must be a list of 1 to ${MAX_OPERATIONS} {method, path, body}`))
  const planned: Planned[] = []
  for (const [index, operation] of operations.entries()) {
    try {
      planned.push(await planOne(operation, draft, parts))
    } catch (error) {
      throw error instanceof Refusal ? naming(error, index) : error
    }
  }
  return { planned, conditions: toConditions(conditions) }
}

async function planOne(operation: unknown, draft: Draft, parts: WriteParts): Promise<Planned> {
  const { method, path, body } = asObject(operation)
  if (typeof method !== 'string' || !METHODS.includes(method))
    throw new Refusal(refuse(400, `method must be one of ${METHODS.join(', ')}`))
  if (typeof path !== 'string')
    throw new Refusal(refuse(400, 'path must be a path below /apisix/admin, such as /routes/1'))
  const url = new URLSearchParams(path.split('?')[1] ?? '')
  const segments = toSegments((path.split('?')[0] ?? '').replace(/^\/apisix\/admin(?=\/)/, ''))
  const target = toTarget(segments)
  if (!target) throw new Refusal(refuse(404, `Unsupported resource type: ${segments[0] ?? ''}`))
  return planWrite({ method, target, body, force: url.get('force') === 'true' }, draft, parts)
}

function toConditions(conditions: unknown): Condition[] {
  const valid = (value: unknown): value is Condition => {
    const { key, modifiedIndex } = asObject(value)
    return typeof key === 'string' && Number.isSafeInteger(modifiedIndex) && Number(modifiedIndex) >= 0
  }
  if (!Array.isArray(conditions) || conditions.length > MAX_OPERATIONS || !conditions.every(valid))
    throw new Refusal(
      refuse(400, 'conditions must be a list of {key, modifiedIndex}, such as {"key":"routes/1","modifiedIndex":7}'),
    )
  return conditions
}

function naming(refusal: Refusal, operation: number): Refusal {
  const { status, body } = refusal.answer
  const { error_msg: message, message: missing, ...more } = JSON.parse(body) as Record<string, unknown>
  return new Refusal(refuse(status, String(message ?? missing), { ...more, operation }))
}
