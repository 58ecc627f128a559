// What a request of the console names.
import type { Context } from 'hono'
import { plainText } from '../../lib/text.ts'
import { type OperationContext, OperationError, type Surface } from '../../operations/contract.ts'
import type { Target } from '../../operations/targets.ts'
import { isKind, type Kind } from '../../resources/kinds.ts'

/** A context for one request. */
export type MakeContext = (surface: Surface, signal: AbortSignal) => OperationContext

/** Reads of the target end with the request. */
export function targetOf(c: Context, makeContext: MakeContext): Target {
  const { signal } = c.req.raw
  return makeContext('console', signal).targets.get(c.req.query('target'), signal)
}

export function kindOf(c: Context): Kind {
  const kind = String(c.req.param('kind'))
  if (isKind(kind)) return kind
  throw new OperationError('not_found', `there is no kind of resources called ${plainText(kind, 40)}`)
}
