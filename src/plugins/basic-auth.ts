// Asks for a user name and a password (RFC 7617) and makes the request that consumer's.
import { createHash, timingSafeEqual } from 'node:crypto'
import Type, { type Static } from 'typebox'
import { authFields, basicCredentials, basicRefusals, withoutCredentials } from '../gateway/auth.ts'
import { attachConsumer } from '../gateway/consumers.ts'
import { definePlugin } from '../gateway/plugin.ts'

const schema = Type.Object(authFields('basic'))
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'basic-auth',
  version: 0.1,
  priority: 2520,
  type: 'auth',
  schema: Type.Partial(schema),
  consumerSchema: Type.Object({
    username: Type.String({ title: 'User name', description: 'tells this consumer apart', examples: ['jack'] }),
    password: Type.String({ title: 'Password', description: 'password of the user', examples: ['one-password'] }),
  }),
  encrypted: ['password'],
  consumerKey: 'username',
  setup(conf, env) {
    const { missing, malformed, invalid } = basicRefusals(conf.realm)
    return {
      rewrite(ctx) {
        const written = ctx.request.headers.get('authorization')
        if (written === undefined) return withoutCredentials(ctx, env, conf.anonymous_consumer, missing)
        const credentials = basicCredentials(written)
        if (!credentials) return withoutCredentials(ctx, env, conf.anonymous_consumer, malformed)
        const identity = env.consumers.find('basic-auth', credentials.username)
        if (!identity || !equal(String(identity.auth.password), credentials.password))
          return withoutCredentials(ctx, env, conf.anonymous_consumer, invalid)
        if (conf.hide_credentials) ctx.request.headers.remove('authorization')
        attachConsumer(ctx, identity.consumer, identity.credentialId)
        return undefined
      },
    }
  },
})

/** Takes the same time wherever the texts differ. */
function equal(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
