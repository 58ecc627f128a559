// Bounds the size of request bodies. A body whose length is announced is refused before it is read, any other as soon as it is too large.
import Type, { type Static } from 'typebox'
import { BodyError } from '../gateway/body.ts'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin } from '../gateway/plugin.ts'

const schema = Type.Object({
  max_body_size: Type.Optional(
    Type.Integer({
      title: 'Largest body',
      description: 'bytes of a request body at most; 0: no bound',
      minimum: 0,
      examples: [1_048_576],
    }),
  ),
})
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'client-control',
  version: 0.1,
  priority: 22_000,
  schema,
  setup(conf) {
    const maxBytes = conf.max_body_size ?? 0
    if (maxBytes === 0) return {}
    return {
      rewrite(ctx) {
        const { body } = ctx.request
        if (body.length !== undefined) return body.length > maxBytes ? { status: 413 } : undefined
        return watch(ctx, maxBytes)
      },
    }
  },
})

/** Counts a body that comes in pieces; it is cut off at the piece that is too much. */
function watch(ctx: Exchange, maxBytes: number): { status: number } | undefined {
  const { body } = ctx.request
  let bytes = body.pieces.reduce((sum, piece) => sum + piece.length, 0)
  if (bytes > maxBytes) return { status: 413 }
  body.addTap({
    data(piece) {
      bytes += piece.length
      if (bytes > maxBytes) body.fail(new BodyError(413, `request body is larger than ${maxBytes} bytes`))
    },
  })
  return undefined
}
