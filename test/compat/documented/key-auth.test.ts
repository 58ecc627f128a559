// key-auth behaves as APISIX's page of it says. Where the page and APISIX 3.18 itself differ (the text for a missing key), it is as APISIX.
import { configOf, type Shown, sharedStories } from './consumers.ts'
import { startStories } from './story.ts'

const { story, upstream } = await startStories({ JACK_KEY: 'from-outside', JACK: '{"auth-key":"from-json"}' })

const shown: Shown = {
  plugin: 'key-auth',
  credential: { key: 'jack-key' },
  carrier: 'apikey',
  valid: (target) => ({ target, request: { headers: { apikey: 'jack-key' } } }),
}
const jack = { 'x-consumer-username': 'jack', 'x-credential-identifier': 'one' }

story('a key in the header', configOf(shown, upstream), [
  { get: '/anything', headers: { apikey: 'jack-key' }, status: 200, seen: jack },
  { get: '/anything', headers: { apikey: 'wrong' }, status: 401, body: { message: 'Invalid API key in request' } },
  {
    get: '/anything',
    status: 401,
    body: { message: 'Missing API key in request' },
    fields: { 'www-authenticate': 'apikey realm="key"' },
  },
])

story('a key in the query is seen by the upstream', configOf(shown, upstream), [
  { get: '/anything?apikey=jack-key', status: 200, seen: jack, url: '/anything?apikey=jack-key' },
])

story('a key in the query is hidden', configOf(shown, upstream, { hide_credentials: true }), [
  { get: '/anything?apikey=jack-key', status: 200, seen: jack, url: '/anything' },
])

story('the argument has another name, and the header goes first', configOf(shown, upstream, { query: 'auth' }), [
  { get: '/anything?auth=jack-key', status: 200 },
  { get: '/anything?auth=wrong', status: 401, body: { message: 'Invalid API key in request' } },
  { get: '/anything?auth=wrong', headers: { apikey: 'jack-key' }, status: 200 },
])

story('another header and realm', configOf(shown, upstream, { header: 'X-Key', realm: 'orders' }), [
  { get: '/anything', headers: { 'X-Key': 'jack-key' }, status: 200, seen: jack },
  { get: '/anything', status: 401, fields: { 'www-authenticate': 'apikey realm="orders"' } },
])

for (const [key, value] of [
  ['$env://JACK_KEY', 'from-outside'],
  ['$ENV://JACK_KEY', 'from-outside'],
  ['$env://JACK/auth-key', 'from-json'],
] as const)
  story(`the key ${key} is kept in the environment`, configOf({ ...shown, credential: { key } }, upstream), [
    { get: '/anything', headers: { apikey: value }, status: 200, seen: jack },
    { get: '/anything', headers: { apikey: key }, status: 401 },
  ])

sharedStories({ story, upstream }, shown)
