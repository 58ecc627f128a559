// What the page of proxy-rewrite in APISIX's documentation shows.
import { startStories, upstreamOf } from './story.ts'

const { story, upstream, node } = await startStories()
const route = (conf: object, more: object = {}): [string, object] => [
  'routes/r',
  { uri: '/*', upstream, plugins: { 'proxy-rewrite': conf, ...more } },
]

story('a new Host', [route({ host: 'shop.example' })], [{ get: '/a', status: 200, seen: { host: 'shop.example' } }])

story(
  'a new path, and headers that replace those of the client',
  [route({ uri: '/new', headers: { set: { 'X-Version': 'v1', 'X-Engine': 'ours' } } })],
  [
    {
      get: '/',
      headers: { 'X-Version': 'v2' },
      status: 200,
      url: '/new',
      seen: { 'x-version': 'v1', 'x-engine': 'ours' },
    },
  ],
)

story(
  'a new path, and headers beside those of the client',
  [route({ uri: '/new', headers: { add: { 'X-Version': 'v1', 'X-Engine': 'ours' } } })],
  [
    {
      get: '/',
      headers: { 'X-Version': 'v2' },
      status: 200,
      url: '/new',
      seen: { 'x-version': /v1/, 'x-engine': 'ours' },
    },
  ],
)

story(
  'a header is taken away; an object of headers sets them, an empty value takes away',
  [route({ headers: { remove: ['User-Agent'] } }), ['routes/old', old({ 'X-A': 'v1', 'X-B': '' })]],
  [
    { get: '/a', headers: { 'User-Agent': 'curl' }, status: 200, seen: { 'user-agent': undefined } },
    { get: '/old', headers: { 'X-A': '0', 'X-B': '0' }, status: 200, seen: { 'x-a': 'v1', 'x-b': undefined } },
  ],
)

function old(headers: object): object {
  return { uri: '/old', upstream: upstreamOf(node), plugins: { 'proxy-rewrite': { headers } } }
}

story(
  'a path by a pattern: the first that matches; none: the path as it is; uri goes before',
  [
    route({
      regex_uri: ['^/test/(.*)/(.*)', '/$1-$2', '^/other/.*', '/other'],
      headers: { set: { 'X-Cut': '$2/$1' } },
    }),
    ['routes/both', { uri: '/both', upstream, plugins: { 'proxy-rewrite': { uri: '/u', regex_uri: ['.*', '/r'] } } }],
  ],
  [
    { get: '/test/user/agent?q=1', status: 200, url: '/user-agent?q=1', seen: { 'x-cut': 'agent/user' } },
    { get: '/other/a/b', status: 200, url: '/other' },
    { get: '/none', status: 200, url: '/none' },
    { get: '/both', status: 200, url: '/u' },
  ],
)

story(
  'arguments join those of the client; variables',
  [route({ uri: '/get/$arg_to?a=1&b=$scheme' })],
  [{ get: '/x?to=me', status: 200, url: '/get/me?a=1&b=http&to=me' }],
)

story(
  'another method',
  [route({ uri: '/anything', method: 'POST' })],
  [{ get: '/get', status: 200, url: '/anything', body: { method: 'POST' } }],
)

story(
  'who the consumer is goes on, its key does not',
  [
    ['consumers/john', { username: 'john' }],
    ['consumers/john/credentials/c', { plugins: { 'key-auth': { key: 'john-key' } } }],
    route({ headers: { set: { 'X-Who': '$consumer_name' }, remove: ['Apikey'] } }, { 'key-auth': {} }),
  ],
  [
    { get: '/get', headers: { apikey: 'john-key' }, status: 200, seen: { 'x-who': 'john', apikey: undefined } },
    { get: '/get', status: 401 },
  ],
)

story(
  'the target as it came when that is asked for',
  [route({ use_real_request_uri_unsafe: true })],
  [{ get: '/a//b/../c%2Fd?x', status: 200, url: '/a//b/../c%2Fd?x' }],
)

story('scheme', [route({ scheme: 'https' })], [{ get: '/a', status: 502 }])

story('what cannot be is refused', [], async ({ refuses }) => {
  for (const [conf, message] of [
    [{ method: 'NONE' }, /method/],
    [{ regex_uri: ['a', 'b', 'c'] }, /even number/],
    [{ scheme: 'ftp' }, /scheme/],
    [{}, /proxy-rewrite/],
  ] as const)
    await refuses('routes/r', { uri: '/a', plugins: { 'proxy-rewrite': conf } }, message)
})
