// Asks for an API key in a header or a query argument and makes the request that consumer's.
import Type, { type Static } from 'typebox'
import { attachConsumer } from '../gateway/consumers.ts'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type Reply } from '../gateway/plugin.ts'
import { queryArgument } from '../gateway/variables.ts'
import { withoutArgument } from '../lib/query.ts'

const schema = Type.Object({
  header: Type.String({
    title: 'Header',
    description: 'header that carries the key',
    default: 'apikey',
    examples: ['X-Token'],
  }),
  query: Type.String({
    title: 'Query argument',
    description: 'argument that carries the key when the header is absent',
    default: 'apikey',
    examples: ['token'],
  }),
  hide_credentials: Type.Boolean({
    title: 'Hide credentials',
    description: 'keep the key from the upstream',
    default: false,
    examples: [true],
  }),
  anonymous_consumer: Type.Optional(
    Type.String({
      title: 'Anonymous consumer',
      description: 'consumer for requests without a valid key',
      minLength: 1,
      examples: ['guest'],
    }),
  ),
  realm: Type.String({
    title: 'Realm',
    description: 'realm of the WWW-Authenticate header',
    default: 'key',
    minLength: 1,
    pattern: '^[ -!#-[\\]-~]+$',
    examples: ['orders'],
  }),
})
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'key-auth',
  version: 0.1,
  priority: 2500,
  type: 'auth',
  schema: Type.Partial(schema),
  consumerSchema: Type.Object({
    key: Type.String({ title: 'Key', description: 'the key that tells this consumer apart', examples: ['one-key'] }),
  }),
  encrypted: ['key'],
  consumerKey: 'key',
  setup(conf, env) {
    const header = conf.header.toLowerCase()
    const challenge = { 'WWW-Authenticate': `apikey realm="${conf.realm}"` }
    const refuse = (message: string): Reply => ({ status: 401, headers: challenge, body: { message } })
    const missing = refuse('Missing API key in request')
    const invalid = refuse('Invalid API key in request')

    const anonymous = (ctx: Exchange, refusal: Reply): Reply | undefined => {
      if (conf.anonymous_consumer === undefined) return refusal
      const consumer = env.consumers.get(conf.anonymous_consumer)
      if (!consumer) return refuse('Invalid user authorization')
      attachConsumer(ctx, consumer)
      return undefined
    }

    return {
      rewrite(ctx) {
        const { request } = ctx
        const inHeader = request.headers.get(header)
        const key = inHeader ?? queryArgument(request.query, conf.query)
        if (key === undefined) return anonymous(ctx, missing)
        const identity = env.consumers.find('key-auth', key)
        if (!identity) return anonymous(ctx, invalid)
        if (conf.hide_credentials) {
          if (inHeader !== undefined) request.headers.remove(header)
          else hideArgument(ctx, conf.query)
        }
        attachConsumer(ctx, identity.consumer, identity.credentialId)
        return undefined
      },
    }
  },
})

function hideArgument(ctx: Exchange, name: string): void {
  const { request } = ctx
  request.query = withoutArgument(request.query, name)
  const path = (ctx.upstreamUri ?? request.target).split('?', 1)[0] as string
  ctx.upstreamUri = request.query ? `${path}?${request.query}` : path
}
