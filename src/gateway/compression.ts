// What gzip and brotli have in common: which responses are compressed, and what that changes in their fields. The bytes flow through a stream
// of node:zlib; those of a stream of events are flushed piece by piece, so that nobody waits for an event.
import { Transform, type TransformCallback } from 'node:stream'
import Type, { type Static } from 'typebox'
import type { Exchange } from './exchange.ts'

/** The fields that both plugins have. */
export const compressionFields = {
  types: Type.Unsafe<string[] | '*'>({
    anyOf: [
      { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } },
      { type: 'string', enum: ['*'] },
    ],
    title: 'Types',
    description: 'media types that are compressed, or `*` for all',
    default: ['text/html'],
    examples: [['text/html', 'application/json']],
  }),
  min_length: Type.Integer({
    title: 'Least length',
    description: 'bytes below which a response stays as it is, when it says its length',
    minimum: 1,
    default: 20,
    examples: [1024],
  }),
  http_version: Type.Unsafe<number>({
    enum: [1.1, 1.0],
    title: 'HTTP version',
    description: 'the least version of the request',
    default: 1.1,
    examples: [1.0],
  }),
  vary: Type.Optional(
    Type.Boolean({ title: 'Vary', description: 'send `Vary: Accept-Encoding`, for caches', examples: [true] }),
  ),
}
const shape = Type.Object(compressionFields)
export type CompressionConf = Static<typeof shape>

export interface Compression {
  /** The token in Accept-Encoding and Content-Encoding. */
  encoding: 'gzip' | 'br'
  /** Undefined: all that may have a body. */
  statuses?: readonly number[]
  /** `length`: bytes of the body, undefined when not known. `flushes`: each piece must come through at once. */
  open(options: { length: number | undefined; flushes: boolean }): Transform
  /** The same for a whole body, at once. */
  whole(body: Buffer): Buffer
}

/**
 * Bodies of at most so many bytes are compressed at once, here: a stream of node:zlib takes them to another thread and back, which costs
 * some 80 us a response, and a body of 64 bytes takes 6 to 20 us.
 */
const MAX_AT_ONCE_BYTES = 8192

const STREAMED = new Set(['text/event-stream', 'application/x-ndjson', 'application/json-seq'])

/** For a header_filter: compresses what the configuration wants, once other plugins have changed the response as they like. */
export function compress(ctx: Exchange, conf: CompressionConf, compression: Compression): void {
  ctx.response.afterFilters(() => compressNow(ctx, conf, compression))
}

function compressNow(ctx: Exchange, conf: CompressionConf, compression: Compression): void {
  const { request, response } = ctx
  const { headers } = response
  const type = mediaType(headers.get('content-type'))
  const length = headers.has('content-length') ? Number(headers.get('content-length')) : undefined
  if (!isCompressible(ctx, conf, compression, type, length)) return
  if (conf.vary) headers.add('Vary', 'Accept-Encoding')
  if (!accepts(request.headers.getAll('accept-encoding').join(','), compression.encoding)) return
  const etag = headers.get('etag')
  const modified = headers.get('last-modified')
  const flushes = STREAMED.has(type)
  const small = length !== undefined && length <= MAX_AT_ONCE_BYTES && !flushes
  response.pipe(small ? new AtOnce(compression) : compression.open({ length, flushes }))
  // The same content in other bytes: a strong validator becomes weak (RFC 9110 8.8.1), the time holds.
  if (etag !== undefined) headers.set('ETag', etag.startsWith('W/') ? etag : `W/${etag}`)
  if (modified !== undefined) headers.set('Last-Modified', modified)
  headers.set('Content-Encoding', compression.encoding)
}

/** Gathers a body and compresses it when it is whole. */
class AtOnce extends Transform {
  readonly #compression: Compression
  readonly #pieces: Buffer[] = []

  constructor(compression: Compression) {
    super()
    this.#compression = compression
  }

  override _transform(piece: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#pieces.push(piece)
    done()
  }

  override _flush(done: TransformCallback): void {
    done(null, this.#compression.whole(Buffer.concat(this.#pieces)))
  }
}

function isCompressible(
  ctx: Exchange,
  conf: CompressionConf,
  { statuses }: Compression,
  type: string,
  length: number | undefined,
): boolean {
  const { request, response } = ctx
  const { status, headers } = response
  if (request.method === 'HEAD' || Number(request.httpVersion) < conf.http_version) return false
  if (status < 200 || status === 204 || status === 206 || status === 304) return false
  if (statuses && !statuses.includes(status)) return false
  if (headers.has('content-encoding') || (length ?? conf.min_length) < conf.min_length) return false
  // RFC 9110 7.7: the origin may forbid it.
  if (headers.get('cache-control')?.includes('no-transform')) return false
  return conf.types === '*' || conf.types.includes(type)
}

function mediaType(field: string | undefined): string {
  const end = field?.indexOf(';') ?? -1
  return (end < 0 ? (field ?? '') : (field as string).slice(0, end)).trim().toLowerCase()
}

/** Whether Accept-Encoding takes `encoding`: by its own weight, else by that of `*` (RFC 9110 12.5.3). */
function accepts(field: string, encoding: string): boolean {
  let any = false
  for (const part of field.split(',')) {
    const [token = '', ...parameters] = part.split(';').map((one) => one.trim().toLowerCase())
    const weight = parameters.find((one) => one.startsWith('q='))
    const wanted = weight === undefined || Number(weight.slice(2)) > 0
    if (token === encoding) return wanted
    if (token === '*') any = wanted
  }
  return any
}
