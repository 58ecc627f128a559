// Decrypts a token of five parts (`header..iv.ciphertext.tag`, base64url) with a consumer's secret, AES-256-GCM, and hands its plaintext to
// the upstream in a header. The consumer is the one whose key is the token's `kid`; the request does not become that consumer's.
//
// Two forms are taken: a compact JWE with `alg: dir` and `enc: A256GCM` (RFC 7516), and APISIX's own, whose header is not authenticated. A
// plaintext that cannot stand in a header is refused, and where the token and the plaintext have different headers, a client cannot write
// the latter.
import { createDecipheriv } from 'node:crypto'
import Type, { type Static } from 'typebox'
import { definePlugin, type Reply } from '../gateway/plugin.ts'

const schema = Type.Object({
  header: Type.String({
    title: 'Header',
    description: 'header that carries the token, with or without `Bearer` before it',
    minLength: 1,
    default: 'Authorization',
    examples: ['X-Token'],
  }),
  forward_header: Type.String({
    title: 'Forward header',
    description: 'header in which the upstream gets the plaintext',
    minLength: 1,
    default: 'Authorization',
    examples: ['X-Claims'],
  }),
  strict: Type.Boolean({
    title: 'Strict',
    description: 'refuse requests without a token',
    default: true,
    examples: [false],
  }),
})
type Conf = Static<typeof schema>

const SECRET_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16

const missing: Reply = { status: 403, body: { message: 'missing JWE token in request' } }
const refuse = (message: string): Reply => ({ status: 400, body: { message } })

export default definePlugin<Conf>({
  name: 'jwe-decrypt',
  version: 0.1,
  priority: 2509,
  type: 'auth',
  schema: Type.Partial(schema),
  consumerSchema: Type.Object({
    key: Type.String({
      title: 'Key',
      description: '`kid` of the tokens that are for this consumer',
      minLength: 1,
      examples: ['jack-key'],
    }),
    secret: Type.String({
      title: 'Secret',
      description: 'what tokens are encrypted with: 32 bytes',
      minLength: 1,
      examples: ['a-secret-of-exactly-32-bytes-123'],
    }),
    is_base64_encoded: Type.Optional(
      Type.Boolean({
        title: 'Base64 encoded',
        description: 'the secret is base64url of the 32 bytes',
        default: false,
        examples: [true],
      }),
    ),
  }),
  encrypted: ['secret'],
  consumerKey: 'key',
  check(conf, kind) {
    if (kind !== 'consumer') return
    const { secret, is_base64_encoded } = conf as unknown as ConsumerConf
    // What a reference stands for is not known yet.
    if (secret.startsWith('$')) return
    const { length } = keyOf({ secret, is_base64_encoded })
    if (length !== SECRET_BYTES)
      throw new Error(`property "secret" validation failed: found ${length} bytes, expected ${SECRET_BYTES}`)
  },
  setup(conf, env) {
    const separate = conf.forward_header.toLowerCase() !== conf.header.toLowerCase()
    return {
      rewrite({ request: { headers } }) {
        const written = headers.get(conf.header.toLowerCase())
        if (separate) headers.removeAlike(conf.forward_header)
        if (written === undefined) return conf.strict ? missing : undefined
        const token = parse(written.replace(/^[Bb]earer /, ''))
        if (!token) return refuse('JWE token invalid')
        if (token.kid === undefined) return refuse('missing kid in JWE token')
        const identity = env.consumers.find('jwe-decrypt', token.kid)
        if (!identity) return refuse('invalid kid in JWE token')
        const plaintext = decrypt(token, keyOf(identity.auth as unknown as ConsumerConf))
        if (plaintext === undefined || !isFieldValue(plaintext)) return refuse('failed to decrypt JWE token')
        headers.set(conf.forward_header, plaintext.toString('latin1'))
        return undefined
      },
    }
  },
})

interface ConsumerConf {
  secret: string
  is_base64_encoded?: boolean
}

interface Token {
  /** The header as it was sent: what a JWE authenticates. */
  head: string
  kid: string | undefined
  iv: Buffer
  ciphertext: Buffer
  tag: Buffer
}

function keyOf({ secret, is_base64_encoded }: ConsumerConf): Buffer {
  return Buffer.from(secret, is_base64_encoded ? 'base64url' : 'utf8')
}

/** Undefined when there are not five parts, or the first is not a JSON object or names another algorithm. */
function parse(text: string): Token | undefined {
  const [head, , iv, ciphertext, tag, rest] = text.split('.')
  if (!head || iv === undefined || ciphertext === undefined || tag === undefined || rest !== undefined) return undefined
  let fields: { kid?: unknown; alg?: unknown; enc?: unknown } | null
  try {
    fields = JSON.parse(Buffer.from(head, 'base64url').toString())
  } catch {
    return undefined // told to the client by the caller
  }
  if (fields === null || typeof fields !== 'object') return undefined
  if ((fields.alg ?? 'dir') !== 'dir' || (fields.enc ?? 'A256GCM') !== 'A256GCM') return undefined
  const bytes = (part: string): Buffer => Buffer.from(part, 'base64url')
  const kid = typeof fields.kid === 'string' && fields.kid !== '' ? fields.kid : undefined
  return { head, kid, iv: bytes(iv), ciphertext: bytes(ciphertext), tag: bytes(tag) }
}

/** Undefined when the token was not made with this key, or was changed. */
function decrypt(token: Token, key: Buffer): Buffer | undefined {
  // A short tag would be easy to guess.
  if (key.length !== SECRET_BYTES || token.iv.length !== IV_BYTES || token.tag.length !== TAG_BYTES) return undefined
  return open(token, key, Buffer.from(token.head)) ?? open(token, key, undefined)
}

/** `bound`: what was authenticated beside the text. */
function open({ iv, ciphertext, tag }: Token, key: Buffer, bound: Buffer | undefined): Buffer | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, iv).setAuthTag(tag)
  if (bound) decipher.setAAD(bound)
  const start = decipher.update(ciphertext)
  try {
    return Buffer.concat([start, decipher.final()])
  } catch {
    return undefined // its only failure: the tag does not fit
  }
}

/** True when the bytes can stand in a header: no control characters but the tab. */
function isFieldValue(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 9 || (byte >= 32 && byte !== 127))
}
