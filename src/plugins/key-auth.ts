// Asks for an API key in a header or a query argument and makes the request that consumer's.
import Type, { type Static } from 'typebox'
import { authFields, challenger, endAuthentication, hideArgument } from '../gateway/auth.ts'
import { definePlugin } from '../gateway/plugin.ts'
import { queryArgument } from '../lib/query.ts'

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
        const found = key === undefined ? missing : (env.consumers.find('key-auth', key) ?? invalid)
        return endAuthentication(ctx, env, conf, found, () => {
          if (inHeader !== undefined) request.headers.remove(header)
          else if (key !== undefined) hideArgument(ctx, conf.query)
        })
      },
    }
  },
})
