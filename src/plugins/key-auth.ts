// Asks for an API key in a header or a query argument and makes the request that consumer's.
import Type, { type Static } from 'typebox'
import { authFields, challenger, hideArgument, withoutCredentials } from '../gateway/auth.ts'
import { attachConsumer } from '../gateway/consumers.ts'
import { definePlugin } from '../gateway/plugin.ts'
import { queryArgument } from '../gateway/variables.ts'

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
  ...authFields('key'),
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
    const refuse = challenger('apikey', conf.realm)
    const missing = refuse('Missing API key in request')
    const invalid = refuse('Invalid API key in request')
    return {
      rewrite(ctx) {
        const { request } = ctx
        const inHeader = request.headers.get(header)
        const key = inHeader ?? queryArgument(request.query, conf.query)
        if (key === undefined) return withoutCredentials(ctx, env, conf.anonymous_consumer, missing)
        const identity = env.consumers.find('key-auth', key)
        const refusal = identity ? undefined : withoutCredentials(ctx, env, conf.anonymous_consumer, invalid)
        if (refusal) return refusal
        // A wrong key is hidden too: it may be right elsewhere.
        if (conf.hide_credentials) {
          if (inHeader !== undefined) request.headers.remove(header)
          else hideArgument(ctx, conf.query)
        }
        if (identity) attachConsumer(ctx, identity.consumer, identity.credentialId)
        return undefined
      },
    }
  },
})
