// Collects the first bytes of request and response bodies beside their way, for the log. Neither is held back or changed.
import { brotliDecompressSync, constants, gunzipSync } from 'node:zlib'
import type { Exchange } from '../../gateway/exchange.ts'
import type { PluginInstance } from '../../gateway/plugin.ts'
import { compileVars } from '../../gateway/router/vars.ts'
import { operand } from '../../gateway/variables.ts'
import type { EntryConf } from './fields.ts'
import { type Bodies, type Formats, NO_BODIES } from './format.ts'
import { maskedBody } from './mask.ts'

export interface BodyCollector {
  /** The phases that collect; none when the configuration asks for no body. */
  phases: Pick<PluginInstance, 'access' | 'body_filter'>
  /** What has been collected for this request. */
  read(ctx: Exchange): Bodies
}

const MAX_BYTES = 524288
/** An encoded body is decoded when it grows to no more than so many times the bytes that are kept of it. */
const MAX_GROWTH = 8

export function createBodyCollector(conf: EntryConf, formats: Formats): BodyCollector {
  const included = conf.include_req_body ?? false
  const wantsResponse = conf.include_resp_body ?? false
  // A format in the metadata may come to name the body at any time; one of the configuration stays.
  const wantsRequest = included || !conf.log_format || formats.own()?.namesBody === true
  if (!wantsRequest && !wantsResponse) return { phases: {}, read: () => NO_BODIES }
  const named = (): boolean => (formats.own() ?? formats.extra())?.namesBody ?? false
  const request = Symbol('request body')
  const requestIncluded = Symbol('request body is part of the default entry')
  const response = Symbol('response body')
  const requestApplies = toCondition(conf.include_req_body_expr)
  const responseApplies = toCondition(conf.include_resp_body_expr)
  const maxRequestBytes = conf.max_req_body_bytes ?? MAX_BYTES
  const maxResponseBytes = conf.max_resp_body_bytes ?? MAX_BYTES
  return {
    phases: {
      ...(wantsRequest && {
        access(ctx) {
          const applies = included && requestApplies(ctx)
          if (applies) ctx.set(requestIncluded, true)
          if (applies || named()) collectRequest(ctx, request, maxRequestBytes)
        },
      }),
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
    read(ctx) {
      const body = maskedBody(ctx, ctx.get<Head>(request)?.bytes()?.toString())
      const answer = (ctx.get<Head | false>(response) || undefined)?.bytes()
      return {
        request: ctx.get(requestIncluded) ? body : undefined,
        response: answer && decoded(answer, ctx.response.headers.get('content-encoding'), maxResponseBytes).toString(),
        named: body,
      }
    },
  }
}

function collectRequest(ctx: Exchange, key: symbol, maxBytes: number): void {
  const { body } = ctx.request
  const head = new Head(maxBytes)
  for (const piece of body.pieces) head.add(piece)
  if (!body.ended) body.addTap({ data: (chunk) => head.add(chunk) })
  ctx.set(key, head)
}

/** What stands in a body that the upstream has encoded. What cannot be decoded, as a body that was cut off early, stays as it is. */
function decoded(bytes: Buffer, encoding: string | undefined, maxBytes: number): Buffer {
  // The header may tell of the gateway's own compression, which comes after; gzip is known by its first bytes.
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  if (!isGzip && encoding !== 'br') return bytes
  const options = { maxOutputLength: maxBytes * MAX_GROWTH }
  try {
    const whole = isGzip
      ? gunzipSync(bytes, { ...options, finishFlush: constants.Z_SYNC_FLUSH })
      : brotliDecompressSync(bytes, { ...options, finishFlush: constants.BROTLI_OPERATION_FLUSH })
    return whole.subarray(0, maxBytes)
  } catch {
    return bytes // not encoded in spite of its header, or too large
  }
}

function toCondition(expression: unknown[] | undefined): (ctx: Exchange) => boolean {
  if (!expression) return () => true
  const test = compileVars(expression)
  return (ctx) => test((name) => operand(ctx, name))
}

/** The first bytes of a body. */
class Head {
  readonly #maxBytes: number
  readonly #pieces: Buffer[] = []
  #length = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  add(piece: Buffer): void {
    const room = this.#maxBytes - this.#length
    if (room <= 0 || piece.length === 0) return
    // A copy: the buffer belongs to the connection, which may use it again.
    const kept = Buffer.from(piece.length > room ? piece.subarray(0, room) : piece)
    this.#pieces.push(kept)
    this.#length += kept.length
  }

  bytes(): Buffer | undefined {
    return this.#length === 0 ? undefined : Buffer.concat(this.#pieces)
  }
}
