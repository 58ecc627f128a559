// Receives a request's body whole before the upstream is asked, so that a slow client does not hold one of its connections. Bodies whose length
// is not announced or is large pass as they come: they would fill the memory.
import Type, { type Static } from 'typebox'
import { BodyError } from '../gateway/body.ts'
import { definePlugin, type Reply } from '../gateway/plugin.ts'

const schema = Type.Object({
  request_buffering: Type.Boolean({
    title: 'Request buffering',
    description:
      'receive bodies of announced length up to 16 MiB whole before the upstream is asked; else pass all as they come',
    default: true,
    examples: [false],
  }),
})
type Conf = Static<typeof schema>

const MAX_BUFFERED_BYTES = 16 * 1024 * 1024

export default definePlugin<Conf>({
  name: 'proxy-control',
  version: 0.1,
  priority: 21_990,
  schema: Type.Partial(schema),
  setup(conf) {
    if (!conf.request_buffering) return {}
    return {
      before_proxy({ request: { body } }): Promise<Reply | undefined> | undefined {
        if (body.ended || body.length === undefined || body.length > MAX_BUFFERED_BYTES) return undefined
        return body.read(MAX_BUFFERED_BYTES).then(() => undefined, refuse)
      },
    }
  },
})

function refuse(error: unknown): Reply {
  if (error instanceof BodyError) return { status: error.status }
  throw error
}
