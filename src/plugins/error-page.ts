// Own pages for errors that the gateway itself answers: no route, no upstream, a refusal. Answers of upstreams stay as they are. All of the
// configuration is in the plugin's metadata; where the plugin stands only tells for which requests it holds.
import { STATUS_CODES } from 'node:http'
import Type, { type Static, type TObject } from 'typebox'
import { withCharset } from '../gateway/content-type.ts'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin } from '../gateway/plugin.ts'

const STATUSES = [404, 500, 502, 503] as const

const page = (status: (typeof STATUSES)[number]) =>
  Type.Optional(
    Type.Object(
      {
        body: Type.Optional(
          Type.String({
            title: 'Body',
            description: 'the page',
            minLength: 1,
            default: defaultPage(status),
            examples: ['<h1>Sorry</h1>'],
          }),
        ),
        content_type: Type.Optional(
          Type.String({
            title: 'Content-Type',
            description: 'type of the page',
            minLength: 1,
            pattern: '^[^\\x00-\\x1f]+$',
            default: 'text/html',
            examples: ['application/json'],
          }),
        ),
      },
      {
        title: `Page for ${status}`,
        description: `answered with status ${status}`,
        examples: [{ body: '<h1>Sorry</h1>' }],
      },
    ),
  )

const metadataSchema = Type.Object({
  enable: Type.Optional(
    Type.Boolean({ title: 'Enable', description: 'whether the pages are used', default: false, examples: [true] }),
  ),
  error_404: page(404),
  error_500: page(500),
  error_502: page(502),
  error_503: page(503),
})
type Metadata = Static<typeof metadataSchema>

export default definePlugin<object>({
  name: 'error-page',
  version: 0.1,
  priority: 450,
  // APISIX's schema says nothing about the configuration, not even that it is an object.
  schema: { properties: {} } as unknown as TObject,
  metadataSchema,
  setup(_conf, env) {
    const PAGE = Symbol('error-page')
    return {
      header_filter(ctx) {
        const found = pageFor(ctx, env.metadata())
        if (!found) return
        ctx.set(PAGE, Buffer.from(found.body))
        ctx.response.forgetBody()
        ctx.response.headers.remove('content-encoding')
        ctx.response.headers.set('Content-Type', withCharset(found.contentType))
      },
      body_filter(ctx, chunk, last) {
        const own = ctx.get<Buffer>(PAGE)
        if (!own) return chunk
        return last ? own : undefined
      },
    }
  },
})

function pageFor(ctx: Exchange, metadata: Metadata | undefined): { body: string; contentType: string } | undefined {
  const { status, source } = ctx.response
  if (source === 'upstream' || !metadata?.enable) return undefined
  const own = STATUSES.includes(status as 404) ? metadata[`error_${status as 404}`] : undefined
  return own && { body: own.body ?? defaultPage(status), contentType: own.content_type ?? 'text/html' }
}

function defaultPage(status: number): string {
  const title = `${status} ${STATUS_CODES[status]}`
  return `<html>\n<head><title>${title}</title></head>\n<body>\n<center><h1>${title}</h1></center>\n<hr><center>Gateward</center>\n</body>\n</html>`
}
