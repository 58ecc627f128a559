// Asks for a JSON Web Token (RFC 7519) in a header, a query argument or a cookie and makes the request that consumer's whose key it names.
// The consumer says which algorithm its tokens have; a token's own word for it never decides (RFC 8725 3.1).
import { createPublicKey } from 'node:crypto'
import Type, { type Static } from 'typebox'
import { authFields, challenger, endAuthentication, hideArgument } from '../gateway/auth.ts'
import type { Identity } from '../gateway/consumers.ts'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type PluginEnv } from '../gateway/plugin.ts'
import { cookie } from '../gateway/variables.ts'
import { ALGORITHMS, type Jwt, parseJwt, verifySignature } from '../lib/jwt.ts'
import { queryArgument } from '../lib/query.ts'
import { isReference } from '../lib/reference.ts'

const place = (title: string, description: string, otherwise: string) =>
  Type.String({ title, description, default: otherwise, examples: ['token'] })

const schema = Type.Object({
  ...authFields('jwt'),
  header: place('Header', 'header that carries the token, with or without `Bearer `', 'authorization'),
  query: place('Query argument', 'argument that carries the token when the header is absent', 'jwt'),
  cookie: place('Cookie', 'cookie that carries the token when header and argument are absent', 'jwt'),
  key_claim_name: Type.String({
    title: 'Key claim',
    description: "claim that holds the consumer's key",
    minLength: 1,
    default: 'key',
    examples: ['iss'],
  }),
  store_in_ctx: Type.Boolean({
    title: 'Store in context',
    description: 'keep the claims for Lua functions; not supported, only false',
    default: false,
    examples: [false],
  }),
  claims_to_verify: Type.Optional(
    Type.Array(Type.Enum(['exp', 'nbf']), {
      title: 'Claims to verify',
      description:
        'claims that a token must have and that are looked at; without this list exp and nbf, when it has them',
      uniqueItems: true,
      examples: [['exp']],
    }),
  ),
})
type Conf = Static<typeof schema>

const publicKey = Type.String({
  title: 'Public key',
  description: 'PEM; for all algorithms but HS*',
  minLength: 1,
  examples: ['-----BEGIN PUBLIC KEY-----...'],
})

const consumerSchema = Type.Object(
  {
    key: Type.String({ title: 'Key', description: 'tells this consumer apart', minLength: 1, examples: ['user-key'] }),
    secret: Type.Optional(
      Type.String({ title: 'Secret', description: 'for HS* algorithms', minLength: 1, examples: ['a-long-secret'] }),
    ),
    algorithm: Type.Optional(
      Type.Enum([...ALGORITHMS], {
        type: 'string',
        title: 'Algorithm',
        description: 'the one that tokens of this consumer must have',
        default: 'HS256',
        examples: ['RS256'],
      }),
    ),
    exp: Type.Optional(
      Type.Integer({
        title: 'Lifetime',
        description: 'seconds, for who signs tokens: the gateway signs none and looks at the claim of the token only',
        minimum: 1,
        default: 86400,
        examples: [3600],
      }),
    ),
    base64_secret: Type.Optional(
      Type.Boolean({ title: 'Base64', description: 'the secret is in base64', default: false, examples: [true] }),
    ),
    lifetime_grace_period: Type.Optional(
      Type.Integer({
        title: 'Grace period',
        description: 'seconds by which clocks may differ',
        minimum: 0,
        default: 0,
        examples: [5],
      }),
    ),
  },
  {
    dependencies: {
      algorithm: {
        oneOf: [
          { properties: { algorithm: { enum: ['HS256', 'HS384', 'HS512'], default: 'HS256' } } },
          {
            properties: {
              public_key: publicKey,
              algorithm: { enum: ALGORITHMS.filter((name) => !name.startsWith('HS')) },
            },
            required: ['public_key'],
          },
        ],
      },
    },
  },
)
type ConsumerConf = Static<typeof consumerSchema> & { public_key?: string }

export default definePlugin<Conf>({
  name: 'jwt-auth',
  version: 0.1,
  priority: 2510,
  type: 'auth',
  schema: Type.Partial(schema),
  consumerSchema,
  encrypted: ['secret'],
  consumerKey: 'key',
  check(conf, kind) {
    if (kind === 'consumer') checkConsumer(conf as unknown as ConsumerConf)
    else if (kind === 'plugin' && conf.store_in_ctx)
      throw new Error('property "store_in_ctx" is not supported: nothing here reads the context of Lua functions')
  },
  setup(conf, env) {
    const refuse = challenger('Bearer', conf.realm)
    return {
      rewrite(ctx) {
        const taken = takeToken(ctx, conf)
        const found = taken === undefined ? 'Missing JWT token in request' : authenticate(taken, conf, env)
        const outcome = typeof found === 'string' ? refuse(found) : found
        return endAuthentication(ctx, env, conf, outcome, () => hideToken(ctx, conf))
      },
    }
  },
})

function checkConsumer(conf: ConsumerConf): void {
  const { secret, algorithm = 'HS256' } = conf
  if (conf.base64_secret && secret !== undefined && !isReference(secret) && !isBase64(secret))
    throw new Error('base64_secret required but the secret is not in base64 format')
  if (isReference(algorithm)) return
  if (algorithm.startsWith('HS')) {
    if (secret === undefined) throw new Error('property "secret" is required when using HS based algorithms')
  } else if (conf.public_key !== undefined && !isReference(conf.public_key)) {
    try {
      createPublicKey(conf.public_key)
    } catch (error) {
      throw new Error(`property "public_key" is not a public key in PEM: ${(error as Error).message}`)
    }
  }
}

/** The consumer of a token, or why there is none. */
function authenticate(token: string, conf: Conf, env: PluginEnv): Identity | string {
  const jwt = parseJwt(token)
  if (!jwt) return 'JWT token invalid'
  const key = Object.hasOwn(jwt.claims, conf.key_claim_name) ? jwt.claims[conf.key_claim_name] : undefined
  if (key === undefined) return 'missing user key in JWT token'
  const identity = typeof key === 'string' ? env.consumers.find('jwt-auth', key) : undefined
  if (!identity) return 'Invalid user key in JWT token'
  const auth = identity.auth as ConsumerConf
  const { algorithm = 'HS256', lifetime_grace_period: grace = 0 } = auth
  const genuine = jwt.algorithm === algorithm && verifySignature(jwt, algorithm, auth)
  return genuine && isInTime(jwt, conf.claims_to_verify, env.now() / 1000, grace) ? identity : 'failed to verify jwt'
}

/** RFC 7519 4.1.4 and 4.1.5; a time that is no number is not a time. `listed`: the claims that count, and must be there. */
function isInTime({ claims }: Jwt, listed: string[] | undefined, now: number, grace: number): boolean {
  const names = listed?.length ? listed : ['exp', 'nbf'].filter((name) => claims[name] !== undefined)
  return names.every((name) => {
    const time = claims[name]
    if (typeof time !== 'number') return false
    return name === 'exp' ? now < time + grace : now >= time - grace
  })
}

function takeToken(ctx: Exchange, conf: Conf): string | undefined {
  const inHeader = ctx.request.headers.get(conf.header.toLowerCase())
  if (inHeader !== undefined) return inHeader.replace(/^bearer /i, '')
  return queryArgument(ctx.request.query, conf.query) ?? cookie(ctx, conf.cookie)
}

function hideToken(ctx: Exchange, conf: Conf): void {
  const { request } = ctx
  if (request.headers.remove(conf.header)) return
  if (queryArgument(request.query, conf.query) !== undefined) {
    hideArgument(ctx, conf.query)
    return
  }
  if (cookie(ctx, conf.cookie) === undefined) return
  const cookies = request.headers.getAll('cookie').flatMap((line) => line.split(';').map((one) => one.trim()))
  const kept = cookies.filter((one) => one.split('=', 1)[0] !== conf.cookie)
  if (kept.length) request.headers.set('Cookie', kept.join('; '))
  else request.headers.remove('cookie')
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text)
}
