// hmac-auth behaves as APISIX's page of it says.
import { createHash, createHmac } from 'node:crypto'
import { configOf, type Shown, sharedStories, validStep } from './consumers.ts'
import { type StoryRequest, startStories } from './story.ts'

const { story, upstream } = await startStories()

interface Signing {
  method?: string
  /** Signed beside the request target, in this order; `date` is now unless it is given. */
  headers?: Record<string, string>
  algorithm?: 'sha1' | 'sha256' | 'sha512'
  secret?: string
  body?: string
  /** Instead of the digest of the body. */
  digest?: string | undefined
  ageS?: number
}

/** The request that the page's scripts make. */
function signed(target: string, signing: Signing = {}): StoryRequest {
  const { method = 'GET', headers = {}, algorithm = 'sha256', secret = 'jack-secret', body, ageS = 0 } = signing
  const fields: Record<string, string> = { date: new Date(Date.now() - ageS * 1000).toUTCString(), ...headers }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`)
  const text = `jack-key\n${method} ${target}\n${lines.join('')}`
  const signature = createHmac(algorithm, secret).update(text).digest('base64')
  const names = ['@request-target', ...Object.keys(fields)].join(' ')
  const authorization = `Signature keyId="jack-key",algorithm="hmac-${algorithm}",headers="${names}",signature="${signature}"`
  const digest = 'digest' in signing ? signing.digest : body && createHash('sha256').update(body).digest('base64')
  return { method, headers: { ...fields, authorization, ...(digest && { digest: `SHA-256=${digest}` }) }, body }
}

const shown: Shown = {
  plugin: 'hmac-auth',
  credential: { key_id: 'jack-key', secret_key: 'jack-secret' },
  carrier: 'authorization',
  valid: (target) => ({ target, request: signed(target) }),
}
const refused = { status: 401, body: { message: "client request can't be validated" } }
const jack = { 'x-consumer-username': 'jack', 'x-credential-identifier': 'one', 'x-consumer-custom-id': '495aec6a' }
const step = (signing: Signing, wanted: { status: number; body?: object; seen?: object }) =>
  validStep(
    { ...shown, valid: (target) => ({ target, request: signed(target, signing) }) },
    wanted as { status: number },
  )

story(
  'a signature over the request line and the date',
  configOf(shown, upstream, {}, { labels: { custom_id: '495aec6a' } }),
  [
    step({}, { status: 200, seen: jack }),
    step({ algorithm: 'sha1' }, { status: 200 }),
    step({ algorithm: 'sha512' }, { status: 200 }),
    step({ secret: 'another' }, refused),
    step({ ageS: 290 }, { status: 200 }),
    step({ ageS: 302 }, refused),
    { ...step({}, refused), get: '/anything?changed=1' },
    {
      get: '/anything',
      status: 401,
      body: { message: "client request can't be validated: missing Authorization header" },
      fields: { 'www-authenticate': 'hmac realm="hmac"' },
    },
  ],
)

story(
  'a wider clock skew, one algorithm, another realm',
  configOf(shown, upstream, { clock_skew: 600, allowed_algorithms: ['hmac-sha512'], realm: 'orders' }),
  [
    step({ algorithm: 'sha512', ageS: 500 }, { status: 200 }),
    step({ algorithm: 'sha256' }, refused),
    { get: '/anything', status: 401, fields: { 'www-authenticate': 'hmac realm="orders"' } },
  ],
)

const world = { method: 'POST', body: '{"name": "world"}' }
story('the body is what its digest says', configOf(shown, upstream, { validate_request_body: true }), [
  step(world, { status: 200, body: { body: world.body } }),
  step({ ...world, digest: undefined }, refused),
  step({ ...world, digest: '78qzJuLwSpZ8HacsTdFCQJWxzPMOf8bYctRk2ySLpS9=' }, refused),
])

const custom = { 'x-custom-header-a': 'hello123', 'x-custom-header-b': 'world456' }
story('headers that must be signed', configOf(shown, upstream, { signed_headers: ['date', ...Object.keys(custom)] }), [
  step({ headers: custom }, { status: 200, seen: custom }),
  step({ headers: { 'x-custom-header-a': 'hello123' } }, refused),
])

sharedStories({ story, upstream }, shown)
