// Collects the first bytes of request and response bodies beside their way, for the log. Neither is held back or changed.
import type { Exchange } from '../../gateway/exchange.ts'
import type { PluginInstance } from '../../gateway/plugin.ts'
import { compileVars } from '../../gateway/router/vars.ts'
import { variable } from '../../gateway/variables.ts'
import type { EntryConf } from './fields.ts'
import type { Bodies } from './format.ts'
import { maskedBody } from './mask.ts'

export interface BodyCollector {
  /** The phases that collect; none when the configuration asks for no body. */
  phases: Pick<PluginInstance, 'access' | 'body_filter'>
  /** What has been collected for this request. */
  read(ctx: Exchange): Bodies
}

const NONE: Bodies = { request: undefined, response: undefined }

const MAX_BYTES = 524288

export function createBodyCollector(conf: EntryConf): BodyCollector {
  const wantsRequest = conf.include_req_body ?? false
  const wantsResponse = conf.include_resp_body ?? false
  if (!wantsRequest && !wantsResponse) return { phases: {}, read: () => NONE }
  const request = Symbol('request body')
  const response = Symbol('response body')
  const requestApplies = toCondition(conf.include_req_body_expr)
  const responseApplies = toCondition(conf.include_resp_body_expr)
  const maxRequestBytes = conf.max_req_body_bytes ?? MAX_BYTES
  const maxResponseBytes = conf.max_resp_body_bytes ?? MAX_BYTES
  return {
    phases: {
      ...(wantsRequest && { access: (ctx) => collectRequest(ctx, request, requestApplies, maxRequestBytes) }),
      ...(wantsResponse && {
        body_filter(ctx, chunk) {
          let head = ctx.get<Head | false>(response)
          if (head === undefined) {
            head = responseApplies(ctx) && new Head(maxResponseBytes)
            ctx.set(response, head)
          }
          if (head) head.add(chunk)
          return chunk
        },
      }),
    },
    read: (ctx) => ({ request: maskedBody(ctx, textOf(ctx, request)), response: textOf(ctx, response) }),
  }
}

function collectRequest(ctx: Exchange, key: symbol, applies: (ctx: Exchange) => boolean, maxBytes: number): void {
  if (!applies(ctx)) return
  const { body } = ctx.request
  const head = new Head(maxBytes)
  for (const piece of body.pieces) head.add(piece)
  if (!body.ended) body.addTap({ data: (chunk) => head.add(chunk) })
  ctx.set(key, head)
}

function textOf(ctx: Exchange, key: symbol): string | undefined {
  const head = ctx.get<Head | false>(key)
  return (head || undefined)?.text()
}

function toCondition(expression: unknown[] | undefined): (ctx: Exchange) => boolean {
  if (!expression) return () => true
  const test = compileVars(expression)
  return (ctx) => test((name) => variable(ctx, name))
}

/** The first bytes of a body. */
class Head {
  readonly #maxBytes: number
  readonly #pieces: Buffer[] = []
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  add(piece: Buffer): void {
    const room = this.#maxBytes - this.#bytes
    if (room <= 0 || piece.length === 0) return
    // A copy: the buffer belongs to the connection, which may use it again.
    const kept = Buffer.from(piece.length > room ? piece.subarray(0, room) : piece)
    this.#pieces.push(kept)
    this.#bytes += kept.length
  }

  text(): string | undefined {
    return this.#bytes === 0 ? undefined : Buffer.concat(this.#pieces).toString()
  }
}
