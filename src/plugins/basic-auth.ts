// Asks for a user name and a password (RFC 7617) and makes the request that consumer's.
import Type, { type Static } from 'typebox'
import { authFields, basicCredentials, basicRefusals, endAuthentication, hideAuthorization } from '../gateway/auth.ts'
import type { Identity } from '../gateway/consumers.ts'
import { definePlugin, type PluginEnv, type Reply } from '../gateway/plugin.ts'
import { sameSecret } from '../lib/same-secret.ts'

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
    password: Type.String({
      title: 'Password',
      description: 'password of the user',
      minLength: 1,
      examples: ['one-password'],
    }),
  }),
  encrypted: ['password'],
  consumerKey: 'username',
  setup(conf, env) {
    const refusals = basicRefusals(conf.realm)
    return {
      rewrite(ctx) {
        const found = authenticate(ctx.request.headers.get('authorization'), env, refusals)
        return endAuthentication(ctx, env, conf, found, hideAuthorization)
      },
    }
  },
})

function authenticate(
  written: string | undefined,
  env: PluginEnv,
  { missing, malformed, invalid }: ReturnType<typeof basicRefusals>,
): Identity | Reply {
  if (written === undefined) return missing
  const credentials = basicCredentials(written)
  if (!credentials) return malformed
  const identity = env.consumers.find('basic-auth', credentials.username)
  // A reference may stand for nothing: no password is not one that everybody knows.
  const password = String(identity?.auth.password ?? '')
  return identity && password !== '' && sameSecret(password, credentials.password) ? identity : invalid
}
