// The examples of proxy-cache's page.
import assert from 'node:assert/strict'
import { until } from '../../until.ts'
import { startStories, upstreamOf } from './story.ts'

const { story, upstream } = await startStories()
const route = (conf: object, more: object = {}): [string, object] => [
  'routes/1',
  { uri: '/anything', upstream, plugins: { 'proxy-cache': conf }, ...more },
]
const cache = (status: string): { fields: Record<string, string> } => ({ fields: { 'apisix-cache-status': status } })
const MEMORY = { cache_strategy: 'memory', cache_zone: 'memory_cache', cache_ttl: 10 }

story('on disk: how long is what the answer says', [route({ cache_strategy: 'disk' })], async (at) => {
  const target = '/anything?header=Cache-Control:max-age=1'
  await at.step({ get: target, status: 200, ...cache('MISS') })
  await at.step({ get: target, status: 200, ...cache('HIT') })
  const next = await until(async () => {
    const { headers } = await at.send(target)
    return headers['apisix-cache-status'] !== 'HIT' && headers['apisix-cache-status']
  }, 'it expires')
  assert.equal(next, 'EXPIRED')
})

story(
  'in memory',
  [route(MEMORY)],
  [
    { get: '/anything', status: 200, ...cache('MISS') },
    { get: '/anything', status: 200, fields: { 'apisix-cache-status': 'HIT', age: '0' } },
  ],
)

story(
  'parameters keep an answer from being kept',
  [route({ ...MEMORY, no_cache: ['$arg_no_cache', '$http_no_cache'] })],
  [
    { get: '/anything?no_cache=1', status: 200, ...cache('MISS') },
    { get: '/anything?no_cache=1', status: 200, ...cache('MISS') },
    { get: '/anything?no_cache=0', status: 200, ...cache('MISS') },
    { get: '/anything?no_cache=0', status: 200, ...cache('HIT') },
    { get: '/anything', headers: { no_cache: '1' }, status: 200, ...cache('MISS') },
    { get: '/anything', status: 200, ...cache('MISS') },
  ],
)

story(
  'parameters keep an answer from being taken from the cache',
  [route({ cache_bypass: ['$arg_bypass', '$http_bypass'] })],
  [
    { get: '/anything?bypass=1', status: 200, ...cache('BYPASS') },
    { get: '/anything?bypass=0', status: 200, ...cache('MISS') },
    { get: '/anything?bypass=0', status: 200, ...cache('HIT') },
    { get: '/anything?bypass=0', headers: { bypass: '1' }, status: 200, ...cache('BYPASS') },
  ],
)

story(
  'that the upstream was away is kept on disk too',
  [route({}, { upstream: upstreamOf('127.0.0.1:1') })],
  [
    { get: '/anything', method: 'HEAD', status: 502, ...cache('MISS') },
    { get: '/anything', method: 'HEAD', status: 502, ...cache('HIT') },
    { get: '/anything', status: 502, body: /502 Bad Gateway/, ...cache('HIT') },
  ],
)

story(
  'but not a 503',
  [route({})],
  [
    { get: '/anything?status=503', status: 503, ...cache('MISS') },
    { get: '/anything?status=503', status: 503, ...cache('MISS') },
  ],
)

story(
  'methods and statuses are chosen, cache headers hidden',
  [route({ ...MEMORY, cache_method: ['POST'], cache_http_status: [201], hide_cache_headers: true })],
  [
    {
      get: '/anything?status=201&header=Cache-Control:max-age=9',
      method: 'POST',
      status: 201,
      fields: { 'cache-control': undefined },
    },
    { get: '/anything?status=201&header=Cache-Control:max-age=9', method: 'POST', status: 201, ...cache('HIT') },
    { get: '/anything', method: 'POST', status: 200, ...cache('MISS') },
    { get: '/anything', method: 'POST', status: 200, ...cache('MISS') },
    { get: '/anything', status: 200 },
  ],
)

story('a zone must be there and fit', [], async (at) => {
  await at.refuses(...route({ cache_zone: 'no_such' }), /cache_zone no_such not found/)
  await at.refuses(...route({ cache_strategy: 'memory' }), /invalid or empty cache_zone/)
  await at.refuses(...route({ cache_method: ['PUT'] }), /cache_method/)
  await at.refuses(...route({ cache_ttl: 0 }), /cache_ttl/)
})
