// Parts of answers that the owner's APIs share.
import type { Context } from 'hono'
import { isObject } from '../../lib/is-object.ts'
import { OperationError } from '../../operations/contract.ts'

/** HTTP status of an operation's error. */
export const STATUS = {
  invalid: 400,
  not_found: 404,
  conflict: 409,
  refused: 403,
  unreachable: 502,
  target: 502,
  fault: 500,
} as const

/** `otherwise`: another way in than being the owner. */
export function forbidden(c: Context, otherwise = ''): Response {
  return c.json(
    {
      error: `only the owner may do this: open the one-time address that \`gateward start\` or \`gateward open\` prints${otherwise}`,
    },
    403,
  )
}

/** For `onError`: what an operation refuses is answered, a fault of ours is thrown on. */
export function answerError(error: Error, c: Context): Response {
  if (error instanceof OperationError)
    return c.json({ error: error.message, code: error.code, details: error.details }, STATUS[error.code])
  throw error
}

/** The body as a JSON object; undefined when it is something else. */
export async function readJson(c: Context): Promise<Record<string, unknown> | undefined> {
  try {
    const value = (await c.req.json()) as unknown
    return isObject(value) ? value : undefined
  } catch {
    return undefined // not JSON: the caller says so
  }
}
