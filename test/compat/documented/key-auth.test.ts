// key-auth behaves as APISIX's page of it says.
import { startStories } from './story.ts'

const { story, upstream } = await startStories()

const route = (conf: object): [string, object] => [
  'routes/1',
  { uri: '/anything', plugins: { 'key-auth': conf }, upstream },
]

story(
  'a key in the header',
  [
    ['consumers/jack', { username: 'jack' }],
    ['consumers/jack/credentials/one', { plugins: { 'key-auth': { key: 'jack-key' } } }],
    route({}),
  ],
  [
    {
      get: '/anything',
      status: 401,
      body: { message: 'Missing API key in request' },
      fields: { 'www-authenticate': 'apikey realm="key"' },
    },
    { get: '/anything', headers: { apikey: 'no' }, status: 401, body: { message: 'Invalid API key in request' } },
    {
      get: '/anything',
      headers: { apikey: 'jack-key' },
      status: 200,
      seen: { 'x-consumer-username': 'jack', 'x-credential-identifier': 'one', apikey: 'jack-key' },
    },
  ],
)
