// References to secrets behave as APISIX's page of them says, but for those that cannot be resolved: their text never stands for the value.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { type Config, startStories } from './story.ts'

const vault = createServer((request, response) => {
  const known = request.url === '/v1/kv/apisix/jack' && request.headers['x-vault-token'] === 'root'
  response.statusCode = known ? 200 : 404
  response.end(JSON.stringify(known ? { data: { 'auth-key': 'from-vault' } } : { errors: [] }))
})
await new Promise<void>((resolve) => vault.listen(0, '127.0.0.1', resolve))
after(() => vault.close())

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
const vaultUri = `http://127.0.0.1:${(vault.address() as AddressInfo).port}`
const keyed = (apikey: string, status: number) => ({ get: '/hello', headers: { apikey }, status })

for (const reference of ['$ENV://JACK_AUTH_KEY', '$env://JACK_AUTH_KEY', '$ENV://JACK/auth-key'])
  story(`${reference} is a variable of the environment`, jack(reference), [keyed('abc', 200), keyed(reference, 401)])

for (const token of ['root', '$ENV://VAULT_TOKEN'])
  story(
    `a value of a secret manager, asked with the token ${token}`,
    [['secrets/vault/1', { uri: vaultUri, prefix: 'kv/apisix', token }], ...jack('$secret://vault/1/jack/auth-key')],
    [keyed('from-vault', 200), keyed('$secret://vault/1/jack/auth-key', 401)],
  )

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
