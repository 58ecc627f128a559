// Asks for a signature over parts of the request, made with a shared secret (draft-cavage-http-signatures, in APISIX's form: the signing
// string begins with the key's id and each line ends with a line feed), and makes the request that consumer's. Why a signature is refused
// is not told to the client.
import { createHmac, hash } from 'node:crypto'
import Type, { type Static } from 'typebox'
import { authFields, challenger, endAuthentication, hideAuthorization } from '../gateway/auth.ts'
import { BodyError, readBody } from '../gateway/body.ts'
import type { Identity } from '../gateway/consumers.ts'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type PluginEnv, type Reply } from '../gateway/plugin.ts'
import { sameSecret } from '../lib/same-secret.ts'

const ALGORITHMS = ['hmac-sha1', 'hmac-sha256', 'hmac-sha512'] as const

const schema = Type.Object({
  ...authFields('hmac'),
  allowed_algorithms: Type.Array(Type.Enum([...ALGORITHMS]), {
    title: 'Algorithms',
    description: 'algorithms that a signature may have',
    minItems: 1,
    default: [...ALGORITHMS],
    examples: [['hmac-sha256']],
  }),
  clock_skew: Type.Integer({
    title: 'Clock skew',
    description: 'seconds by which the Date header may differ from now',
    minimum: 1,
    default: 300,
    examples: [60],
  }),
  signed_headers: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 50 }), {
      title: 'Signed headers',
      description: 'headers that a signature must cover',
      examples: [['date', 'x-tenant']],
    }),
  ),
  validate_request_body: Type.Boolean({
    title: 'Validate body',
    description: 'compare the body with the Digest header (SHA-256)',
    default: false,
    examples: [true],
  }),
  max_req_body_size: Type.Integer({
    title: 'Largest body',
    description: 'bytes; a larger body is refused with 413 when bodies are validated',
    minimum: 1,
    default: 67108864,
    examples: [1048576],
  }),
})
type Conf = Static<typeof schema>

const UNTRUSTED = "client request can't be validated"

/** What an Authorization header of the scheme `Signature` says. */
interface Signature {
  keyId: string
  algorithm: string
  headers: string[]
  signature: string
}

export default definePlugin<Conf>({
  name: 'hmac-auth',
  version: 0.1,
  priority: 2530,
  type: 'auth',
  schema: Type.Partial(schema),
  consumerSchema: Type.Object({
    key_id: Type.String({
      title: 'Key id',
      description: 'tells this consumer apart',
      minLength: 1,
      maxLength: 256,
      examples: ['jack-id'],
    }),
    secret_key: Type.String({
      title: 'Secret key',
      description: 'what signatures are made with',
      minLength: 1,
      maxLength: 256,
      examples: ['a-long-secret'],
    }),
  }),
  encrypted: ['secret_key'],
  consumerKey: 'key_id',
  setup(conf, env) {
    const refuse = challenger('hmac', conf.realm)
    const finish = (ctx: Exchange, found: Identity | string): Reply | undefined => {
      const outcome = typeof found === 'string' ? refuse(found) : found
      return endAuthentication(ctx, env, conf, outcome, hideAuthorization)
    }
    return {
      rewrite(ctx) {
        const found = authenticate(ctx, conf, env)
        if (typeof found === 'string' || !conf.validate_request_body) return finish(ctx, found)
        return readBody(ctx.request.body, conf.max_req_body_size).then((body) => {
          if (body instanceof BodyError) return { status: body.status }
          return finish(ctx, hasDigest(ctx, body) ? found : UNTRUSTED)
        })
      },
    }
  },
})

/** Whose signature it is, or why there is none. */
function authenticate(ctx: Exchange, conf: Conf, env: PluginEnv): Identity | string {
  const written = ctx.request.headers.get('authorization')
  if (written === undefined) return `${UNTRUSTED}: missing Authorization header`
  if (!written.startsWith('Signature')) return `${UNTRUSTED}: Authorization header does not start with 'Signature'`
  const signature = parseSignature(written)
  const identity = signature && env.consumers.find('hmac-auth', signature.keyId)
  if (!identity || !conf.allowed_algorithms.some((one) => one === signature.algorithm)) return UNTRUSTED
  if (!isFresh(ctx, conf.clock_skew, env.now())) return UNTRUSTED
  const signed = new Set(signature.headers.map((name) => name.toLowerCase()))
  if (conf.signed_headers?.some((name) => !signed.has(name.toLowerCase()))) return UNTRUSTED
  return isGenuine(signingString(ctx, signature), signature, String(identity.auth.secret_key)) ? identity : UNTRUSTED
}

function parseSignature(header: string): Signature | undefined {
  const fields = new Map<string, string>()
  for (const [, name, value] of header.matchAll(/(\w+)="([^"]*)"/g)) fields.set(name as string, value as string)
  const keyId = fields.get('keyId')
  const algorithm = fields.get('algorithm')
  const signature = fields.get('signature')
  if (!keyId || !algorithm || !signature) return undefined
  const headers = (fields.get('headers') ?? '').split(' ').filter(Boolean)
  return { keyId, algorithm, headers, signature }
}

function isFresh(ctx: Exchange, skewS: number, nowMs: number): boolean {
  const date = ctx.request.headers.get('date')
  const time = date === undefined ? Number.NaN : Date.parse(date)
  return Math.abs(nowMs - time) <= skewS * 1000
}

/** Names stand in it as the client wrote them; a header that the request does not have is left out, as in APISIX. */
function signingString(ctx: Exchange, { keyId, headers }: Signature): string {
  const { request } = ctx
  let text = `${keyId}\n`
  for (const name of headers) {
    const value = request.headers.get(name.toLowerCase())
    if (value !== undefined) text += `${name}: ${value}\n`
    else if (name === '@request-target') text += `${request.method} ${request.target}\n`
  }
  return text
}

function isGenuine(text: string, { algorithm, signature }: Signature, secret: string): boolean {
  const expected = createHmac(algorithm.slice('hmac-'.length), secret).update(text).digest()
  return sameSecret(Buffer.from(signature, 'base64'), expected)
}

function hasDigest(ctx: Exchange, body: Buffer): boolean {
  const digest = hash('sha256', body, 'base64')
  return ctx.request.headers.get('digest') === `SHA-256=${digest}`
}
