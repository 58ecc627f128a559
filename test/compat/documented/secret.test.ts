// References to secrets behave as APISIX's page of them says, but for those that cannot be resolved: their text never stands for the value.
import { serveAws, serveGcp, serveVault } from '../../gateway/secret-managers/servers.ts'
import { type Config, startStories } from './story.ts'

const aws = { id: 'access', secret: 'secret', session: 'token', region: 'us-east-1' }
const [{ url: vaultUri }, { url: awsUri }, { account }] = await Promise.all([
  serveVault('root', undefined, { 'kv/apisix/jack': { 'auth-key': 'from-vault' } }),
  serveAws(aws, { jack: '{"auth-key":"from-aws"}' }),
  serveGcp({ jack: '{"auth-key":"from-gcp"}' }),
])

const { story, upstream } = await startStories({
  JACK_AUTH_KEY: 'abc',
  JACK: '{"auth-key":"abc","openid-key":"def"}',
  VAULT_TOKEN: 'root',
  HEADER: 'X-Key',
  POLICY: 'local',
  WRONG_POLICY: 'nowhere',
})

const route = (plugins: object): Config[number] => ['routes/1', { uri: '/hello', plugins, upstream }]
const jack = (key: string): Config => [
  ['consumers', { username: 'jack', plugins: { 'key-auth': { key } } }],
  route({ 'key-auth': {} }),
]
const keyed = (apikey: string, status: number) => ({ get: '/hello', headers: { apikey }, status })

for (const reference of ['$ENV://JACK_AUTH_KEY', '$env://JACK_AUTH_KEY', '$ENV://JACK/auth-key'])
  story(`${reference} is a variable of the environment`, jack(reference), [keyed('abc', 200), keyed(reference, 401)])

const managers: [string, object, string][] = [
  ['vault/1', { uri: vaultUri, prefix: 'kv/apisix', token: 'root' }, 'from-vault'],
  ['vault/1', { uri: vaultUri, prefix: 'kv/apisix', token: '$ENV://VAULT_TOKEN' }, 'from-vault'],
  [
    'aws/1',
    {
      endpoint_url: awsUri,
      region: aws.region,
      access_key_id: aws.id,
      secret_access_key: aws.secret,
      session_token: aws.session,
    },
    'from-aws',
  ],
  ['gcp/1', { auth_config: account }, 'from-gcp'],
]
for (const [id, conf, value] of managers) {
  const reference = `$secret://${id}/jack/auth-key`
  const config: Config = [[`secrets/${id}`, conf], ...jack(reference)]
  story(`the value of ${reference}`, config, [keyed(value, 200), keyed(reference, 401)])
}

story('a reference that cannot be resolved is nobody’s key', jack('$env://NOT_THERE'), [keyed('$env://NOT_THERE', 401)])

const limit = (policy: string): object => ({ 'limit-count': { count: 1, time_window: 60, rejected_code: 429, policy } })
story(
  'any text of a plugin may be a reference, whatever its form must be',
  [
    ['consumers', { username: 'jack', plugins: { 'key-auth': { key: 'abc' } } }],
    route({ 'key-auth': { header: '$env://HEADER' }, ...limit('$env://POLICY') }),
  ],
  [
    { get: '/hello', headers: { 'X-Key': 'abc' }, status: 200 },
    { get: '/hello', headers: { 'X-Key': 'abc' }, status: 429 },
  ],
)

story('a text that is wrong and none of a reference is refused', [], async ({ refuses }) => {
  await refuses(...route(limit('nowhere')), /property "policy" validation failed: matches none of the enum values/)
  await refuses(...route({ ...limit('$env://POLICY'), 'key-auth': { realm: '' } }), /realm/)
  await refuses(...route({ 'key-auth': { hide_credentials: '$env://POLICY' } }), /hide_credentials.*wrong type/)
})

story(
  'a value that the plugin cannot use lets nothing pass',
  [route(limit('$env://WRONG_POLICY'))],
  [{ get: '/hello', status: 500 }],
)
