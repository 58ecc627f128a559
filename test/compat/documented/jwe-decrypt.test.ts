// jwe-decrypt behaves as APISIX's page of it says. The token is that of the page, made by the tools of its readers.
import { type Config, startStories } from './story.ts'

const SECRET = 'key-length-should-be-32-chars123'
const { story, upstream, stage } = await startStories({ JWE_SECRET: SECRET })

const token =
  'eyJraWQiOiJqYWNrLWtleSIsImFsZyI6ImRpciIsImVuYyI6IkEyNTZHQ00ifQ..vi29KBCQKcVmPwTT.VToyPMFbq-ZY05MIpntP1N3AmYeq3zELQ0B6iQ.vuTPG2ODc-DjUTjNCzfA2A'
const plaintext = '{"uid":10000,"uname":"test"}'
const jack = (auth: object): Config[number] => [
  'consumers',
  { username: 'jack', plugins: { 'jwe-decrypt': { key: 'jack-key', secret: SECRET, ...auth } } },
]
const route = (conf: object = {}): Config[number] => [
  'routes',
  { id: 'r', uri: '/anything/jwe', plugins: { 'jwe-decrypt': conf }, upstream },
]
const explicit = { header: 'Authorization', forward_header: 'Authorization' }

story(
  'the upstream gets the plaintext in the token’s place',
  [jack({}), route(explicit)],
  [
    { get: '/anything/jwe', headers: { authorization: token }, status: 200, seen: { authorization: plaintext } },
    {
      get: '/anything/jwe',
      headers: { authorization: `Bearer ${token}` },
      status: 200,
      seen: { authorization: plaintext },
    },
    { get: '/anything/jwe', headers: { authorization: `${token.slice(0, -4)}AAAA` }, status: 400 },
    { get: '/anything/jwe', status: 403, body: { message: 'missing JWE token in request' } },
  ],
)

const names = { header: 'X-Token', forward_header: 'X-Claims', strict: false }
story(
  'other headers, and requests without a token',
  [jack({}), route(names)],
  [
    { get: '/anything/jwe', headers: { 'x-token': token }, status: 200, seen: { 'x-claims': plaintext } },
    { get: '/anything/jwe', status: 200, seen: { 'x-claims': undefined } },
  ],
)

const secrets = [
  { secret: Buffer.from(SECRET).toString('base64url'), is_base64_encoded: true },
  { secret: '$env://JWE_SECRET' },
]
for (const auth of secrets)
  story(
    `the secret is written as ${Object.keys(auth)} ${auth.secret}`,
    [jack(auth), route()],
    [{ get: '/anything/jwe', headers: { authorization: token }, status: 200, seen: { authorization: plaintext } }],
  )

story('a secret has 32 bytes', [], async () => {
  const [path, body] = jack({ secret: 'too-short' })
  await stage.refuses(path, body, /32/)
})
