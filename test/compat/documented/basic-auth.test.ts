// basic-auth behaves as APISIX's page of it says.
import { configOf, type Shown, sharedStories } from './consumers.ts'
import { startStories } from './story.ts'

const { story, upstream } = await startStories({ JACK_PASSWORD: 'from-outside' })

const basic = (user: string, password: string): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})
const shown: Shown = {
  plugin: 'basic-auth',
  credential: { username: 'jack', password: 'jack-key' },
  carrier: 'authorization',
  valid: (target) => ({ target, request: { headers: basic('jack', 'jack-key') } }),
}
const challenge = { 'www-authenticate': 'Basic realm="basic"' }

story('a name and a password', configOf(shown, upstream), [
  {
    get: '/anything',
    headers: basic('jack', 'jack-key'),
    status: 200,
    seen: { 'x-consumer-username': 'jack', 'x-credential-identifier': 'one', ...basic('jack', 'jack-key') },
  },
  {
    get: '/anything',
    headers: basic('jack', 'wrong'),
    status: 401,
    body: { message: 'Invalid user authorization' },
    fields: challenge,
  },
  {
    get: '/anything',
    headers: basic('jill', 'jack-key'),
    status: 401,
    body: { message: 'Invalid user authorization' },
  },
  { get: '/anything', status: 401, body: { message: 'Missing authorization in request' }, fields: challenge },
])

story('another realm', configOf(shown, upstream, { realm: 'orders' }), [
  { get: '/anything', status: 401, fields: { 'www-authenticate': 'Basic realm="orders"' } },
])

const kept = { username: 'jack', password: '$env://JACK_PASSWORD' }
story('the password is kept in the environment', configOf({ ...shown, credential: kept }, upstream), [
  { get: '/anything', headers: basic('jack', 'from-outside'), status: 200 },
  { get: '/anything', headers: basic('jack', '$env://JACK_PASSWORD'), status: 401 },
])

sharedStories({ story, upstream }, shown)
