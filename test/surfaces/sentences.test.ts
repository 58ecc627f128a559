// Spoken sentences and what the built-in interpreter makes of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Command } from '../../src/surfaces/chat/sentences/command.ts'
import { parseSentence } from '../../src/surfaces/chat/sentences/index.ts'

const plan = (intents: object[], route: unknown = 'last') => ({ type: 'plan', intents, route })
const publish = (path: string, url: string, more: object = {}) => plan([{ do: 'publish', path, url, ...more }], 'none')
const limit = (count: number, seconds: number) => ({ do: 'limit', count, seconds })

const CASES: [string, object][] = [
  ['Show all routes', { type: 'list', kind: 'routes', search: undefined }],
  ['list the upstreams', { type: 'list', kind: 'upstreams', search: undefined }],
  ['what consumers are there?', { type: 'list', kind: 'consumers', search: undefined }],
  ['show me the global rules', { type: 'list', kind: 'global_rules', search: undefined }],
  ['Show route orders', { type: 'show', kind: 'routes', id: 'orders' }],
  ['show consumer jack', { type: 'show', kind: 'consumers', id: 'jack' }],
  ['Create a route for /speaker/* to http://127.0.0.1:8080', publish('/speaker/*', 'http://127.0.0.1:8080')],
  ['create a route to http://localhost:3000 for /api/*', publish('/api/*', 'http://localhost:3000')],
  ['put a gateway in front of http://127.0.0.1:9000', publish('/*', 'http://127.0.0.1:9000')],
  ['expose /orders at localhost:8080', publish('/orders', 'http://localhost:8080')],
  ['Publish https://api.example.com under /v1/*.', publish('/v1/*', 'https://api.example.com')],
  [
    'create a GET route for /x to http://a:1 on host shop.example',
    publish('/x', 'http://a:1', { host: 'shop.example', methods: ['GET'] }),
  ],
  ['Require an API key on it and allow 5 requests a minute', plan([{ do: 'require_key' }, limit(5, 60)])],
  ['require an api key on route orders', plan([{ do: 'require_key' }], { id: 'orders' })],
  ['protect /orders/*', plan([{ do: 'require_key' }], { path: '/orders/*' })],
  ['ask for a key', plan([{ do: 'require_key' }])],
  ['limit it to 100 requests per hour', plan([limit(100, 3600)])],
  ['allow 10 calls every 30 seconds on route orders', plan([limit(10, 30)], { id: 'orders' })],
  ['allow 1,000 requests a day', plan([limit(1000, 86400)])],
  ['remove the rate limit from it', plan([{ do: 'remove_plugin', plugin: 'limit-count' }])],
  ['enable CORS on route orders', plan([{ do: 'cors' }], { id: 'orders' })],
  ['collect metrics on it', plan([{ do: 'add_plugin', plugin: 'prometheus' }])],
  ['disable route orders', plan([{ do: 'disable' }], { id: 'orders' })],
  ['enable route orders', plan([{ do: 'enable' }], { id: 'orders' })],
  ['delete route orders', { type: 'delete', kind: 'routes', what: { ids: ['orders'] } }],
  ['delete it', { type: 'delete', kind: 'routes', what: 'last' }],
  ['Undo', { type: 'undo', id: undefined }],
  ['undo that please', { type: 'undo', id: undefined }],
  ['take it back', { type: 'undo', id: undefined }],
  ['undo change-1a2b3c4d', { type: 'undo', id: 'change-1a2b3c4d' }],
  ['history', { type: 'history' }],
  ['what changed?', { type: 'history' }],
  ['explain GET /orders/1', { type: 'explain', method: 'GET', path: '/orders/1', host: undefined }],
  ['why does POST /x on host a.example not work', { type: 'explain', method: 'POST', path: '/x', host: 'a.example' }],
  ['call /orders/1', { type: 'probe', method: 'GET', path: '/orders/1' }],
  ['which plugins are there?', { type: 'describe', plugins: [] }],
  ['describe plugin limit-count', { type: 'describe', plugins: ['limit-count'] }],
  ['orders: 5 rps', plan([limit(5, 1)], { id: 'orders' })],
  ['route /x -> localhost:3000', publish('/x', 'http://localhost:3000')],
  ['10 per hour', { type: 'instead', number: 10, seconds: undefined, per: 3600, otherwise: undefined }],
  ['only for POST', { type: 'only-for', methods: ['POST'], spared: false }],
  ['help', { type: 'help' }],
  ['sing a song', { type: 'unknown' }],
  ['', { type: 'unknown' }],
]

/** A route that is found among those that are there, or that was talked about last. */
function simply(command: Command): object {
  const meant = command.type === 'plan' && typeof command.route === 'object' && 'words' in command.route
  if (command.type === 'instead') return { ...command, otherwise: undefined }
  return meant ? { ...command, route: 'last' } : command
}

for (const [sentence, expected] of CASES) {
  test(JSON.stringify(sentence), () => assert.deepEqual(simply(parseSentence(sentence)), expected))
}
