// How a plugin hides parts of request bodies from logs. Parts of the query and of headers are hidden by changing them in the log phase, before
// the loggers read them.
import type { Exchange } from '../../gateway/exchange.ts'

const MASK = Symbol('mask of the request body')

/** Every logger of this request shows `mask(body)` from now on. The body may have been cut off at a logger's bound. */
export function maskRequestBody(ctx: Exchange, mask: (body: string) => string): void {
  ctx.set(MASK, mask)
}

export function maskedBody(ctx: Exchange, body: string | undefined): string | undefined {
  if (body === undefined) return undefined
  return ctx.get<(body: string) => string>(MASK)?.(body) ?? body
}
