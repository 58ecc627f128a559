// docs: router-radixtree, terminology/{route,service,global-rule,plugin-config,plugin,script}, FAQ (routing), tutorials/expose-api
import assert from 'node:assert/strict'
import { startStories } from './story.ts'

const { story, upstream, upstream2, node } = await startStories()

/** A route that answers with its own name, so that a test sees which one matched. */
const named = (name: string, more: object): object => ({
  ...more,
  upstream,
  plugins: { 'response-rewrite': { headers: { set: { 'x-route': name } } } },
})
const hit = (name: string): { status: number; fields: Record<string, string> } => ({
  status: 200,
  fields: { 'x-route': name },
})
const NOT_FOUND = { status: 404, body: { error_msg: '404 Route Not Found' } }

story(
  'a whole uri, and a prefix',
  [
    ['routes/full', named('full', { uri: '/blog/foo' })],
    ['routes/prefix', named('prefix', { uri: '/blog/bar*' })],
  ],
  [
    { get: '/blog/foo', ...hit('full') },
    { get: '/blog/foo/', ...NOT_FOUND },
    { get: '/blog/bar', ...hit('prefix') },
    { get: '/blog/bar/c/d/e', ...hit('prefix') },
    { get: '/blog/barn', ...hit('prefix') },
  ],
)

story(
  'a whole uri before the deepest prefix',
  [
    ['routes/1', named('foo', { uri: '/blog/foo/*' })],
    ['routes/2', named('a', { uri: '/blog/foo/a/*' })],
    ['routes/3', named('c', { uri: '/blog/foo/c/*' })],
    ['routes/4', named('bar', { uri: '/blog/foo/bar' })],
  ],
  [
    { get: '/blog/foo/bar', ...hit('bar') },
    { get: '/blog/foo/a/b/c', ...hit('a') },
    { get: '/blog/foo/c/d', ...hit('c') },
    { get: '/blog/foo/gloo', ...hit('foo') },
    { get: '/blog/bar', ...NOT_FOUND },
  ],
)

story(
  'the same uri: priority decides, before other conditions',
  [
    ['routes/1', named('3', { uri: '/hello', priority: 3 })],
    ['routes/2', named('2', { uri: '/hello', priority: 2, vars: [['arg_a', '==', '1']] })],
  ],
  [{ get: '/hello?a=1', ...hit('3') }],
)

story(
  'the same uri: hosts tell routes apart',
  [
    ['routes/1', named('one', { uri: '/hello', hosts: ['localhost.com'] })],
    ['routes/2', named('two', { uri: '/hello', hosts: ['test.com', '*.test.com'] })],
  ],
  [
    { get: '/hello', headers: { Host: 'localhost.com' }, ...hit('one') },
    { get: '/hello', headers: { Host: 'test.com' }, ...hit('two') },
    { get: '/hello', headers: { Host: 'a.test.com' }, ...hit('two') },
    { get: '/hello', ...NOT_FOUND },
  ],
)

const vars = [
  ['http_host', '==', 'iresty.com'],
  ['cookie_device_id', '==', 'a66f'],
  ['arg_name', '==', 'json'],
  ['arg_age', '>', '18'],
  ['arg_address', '~~', 'China.*'],
]
const asked = { Host: 'iresty.com', Cookie: 'x=1; device_id=a66f' }
story(
  'variables of the request',
  [['routes/1', named('vars', { uri: '/index.html', vars })]],
  [
    { get: '/index.html?name=json&age=20&address=China-1', headers: asked, ...hit('vars') },
    { get: '/index.html?name=json&age=18&address=China-1', headers: asked, ...NOT_FOUND },
    { get: '/index.html?name=json&age=20&address=1', headers: asked, ...NOT_FOUND },
    { get: '/index.html?name=json&age=20&address=China', headers: { ...asked, Cookie: 'device_id=b' }, ...NOT_FOUND },
  ],
)

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }
story(
  'fields of a posted form',
  [['routes/1', named('form', { methods: ['POST', 'GET'], uri: '/_post', vars: [['post_arg_name', '==', 'json']] })]],
  [
    { get: '/_post', method: 'POST', headers: FORM, send: 'a=1&name=json', ...hit('form') },
    { get: '/_post', method: 'POST', headers: FORM, send: 'name=xml', ...NOT_FOUND },
    { get: '/_post', ...NOT_FOUND },
  ],
)

const QUERY = 'query getRepo { owner { name } repo { created } }'
const graphql = [
  ['graphql_operation', '==', 'query'],
  ['graphql_name', '==', 'getRepo'],
  ['graphql_root_fields', 'has', 'owner'],
]
const GRAPHQL = { 'Content-Type': 'application/graphql' }
const JSON_TYPE = { 'Content-Type': 'application/json' }
story(
  'operation, name and fields of GraphQL',
  [['routes/1', named('graphql', { methods: ['POST', 'GET'], uri: '/graphql', vars: graphql })]],
  [
    { get: '/graphql', method: 'POST', headers: GRAPHQL, send: QUERY, ...hit('graphql') },
    { get: '/graphql', method: 'POST', headers: JSON_TYPE, send: { query: QUERY }, ...hit('graphql') },
    { get: `/graphql?query=${encodeURIComponent(QUERY)}`, headers: GRAPHQL, ...hit('graphql') },
    { get: '/graphql', method: 'POST', headers: GRAPHQL, send: QUERY.replace('owner', 'user'), ...NOT_FOUND },
    { get: '/graphql', method: 'POST', headers: GRAPHQL, send: QUERY.replace('query', 'mutation'), ...NOT_FOUND },
  ],
)

const roles = [['post_arg.messages[*].role', 'has', 'system']]
story(
  'places in a JSON body',
  [
    ['routes/1', named('roles', { uri: '/chat', vars: roles })],
    ['routes/2', named('model', { uri: '/chat', vars: [['post_arg.model.version', '==', 4]] })],
    ['routes/3', named('stream', { uri: '/chat', vars: [['post_arg.stream', '==', true]] })],
  ],
  [
    {
      get: '/chat',
      method: 'POST',
      headers: JSON_TYPE,
      send: { messages: [{ role: 'user' }, { role: 'system' }] },
      ...hit('roles'),
    },
    { get: '/chat', method: 'POST', headers: JSON_TYPE, send: { messages: [{ role: 'user' }] }, ...NOT_FOUND },
    { get: '/chat', method: 'POST', headers: JSON_TYPE, send: { model: { version: 4 } }, ...hit('model') },
    { get: '/chat', method: 'POST', headers: JSON_TYPE, send: { stream: true }, ...hit('stream') },
  ],
)

story(
  'a client cannot speak for the gateway, nor hide a path from a condition',
  [
    ['routes/1', named('proto', { uri: '/v', vars: [['http_x_forwarded_proto', '==', 'https']] })],
    ['routes/2', named('admin', { uri: '/*', vars: [['request_uri', '~~', '^/admin']] })],
    ['routes/3', named('raw', { uri: '/*', vars: [['real_request_uri', '~~', '^/%62']] })],
  ],
  [
    { get: '/v', headers: { 'X-Forwarded-Proto': 'https' }, ...NOT_FOUND },
    { get: '/%61dmin', ...hit('admin') },
    { get: '/x/../admin?a=%20', ...hit('admin') },
    { get: '/%62', ...hit('raw') },
  ],
)

story(
  'a regular expression for the uri',
  [['routes/1', named('regex', { uri: '/*', vars: [['uri', '~~', '^/[a-z]+$']] })]],
  [
    { get: '/hello', ...hit('regex') },
    { get: '/12ab', ...NOT_FOUND },
  ],
)

const grey = (id: string, operator: string): [string, object] => [
  `routes/${id}`,
  { uri: '/index.html', vars: [['arg_id', operator, '1000']], plugins: { redirect: { uri: `/test?group_id=${id}` } } },
]
story(
  'a grey release by a number in the query',
  [grey('1', '<='), grey('2', '>')],
  [
    { get: '/index.html?id=1000', status: 302, fields: { location: '/test?group_id=1' } },
    { get: '/index.html?id=1001', status: 302, fields: { location: '/test?group_id=2' } },
  ],
)

const toHttps = { redirect: { uri: 'https://$host$request_uri', ret_code: 301 } }
story(
  'http becomes https by a condition on the scheme',
  [['routes/1', { uri: '/hello', host: 'foo.com', vars: [['scheme', '==', 'http']], plugins: toHttps }]],
  [
    {
      get: '/hello?a=1',
      headers: { Host: 'foo.com' },
      status: 301,
      fields: { location: 'https://foo.com/hello?a=1' },
    },
  ],
)

story(
  'a route that tells that the gateway lives; a prefix that stays here',
  [
    [
      'routes/health-info',
      { uri: '/status', plugins: { 'fault-injection': { abort: { http_status: 200, body: 'fine' } } } },
    ],
    ['routes/1', { uri: '/foo/*', upstream, plugins: { 'proxy-rewrite': { regex_uri: ['^/foo/(.*)', '/$1'] } } }],
  ],
  [
    { get: '/status', status: 200, body: 'fine' },
    { get: '/foo/get', status: 200, url: '/get' },
  ],
)

story(
  'addresses of clients, methods, several uris',
  [
    ['routes/1', named('near', { uri: '/a', remote_addrs: ['127.0.0.0/8', '::1'] })],
    ['routes/2', named('far', { uri: '/b', remote_addr: '192.0.2.0/24' })],
    ['routes/3', named('put', { uris: ['/c', '/d/*'], methods: ['PUT'] })],
  ],
  [
    { get: '/a', ...hit('near') },
    { get: '/b', ...NOT_FOUND },
    { get: '/d/e', method: 'PUT', ...hit('put') },
    { get: '/c', method: 'POST', ...NOT_FOUND },
  ],
)

story(
  'a route that is switched off, or gone after its time',
  [
    ['routes/1', named('off', { uri: '/a', status: 0 })],
    ['routes/2?ttl=1', named('short', { uri: '/b' })],
  ],
  async (stage) => {
    await stage.step({ get: '/a', ...NOT_FOUND })
    await stage.step({ get: '/b', ...hit('short') })
    await new Promise((resolve) => setTimeout(resolve, 2300))
    await stage.step({ get: '/b', ...NOT_FOUND })
  },
)

story(
  'a service gives its routes an upstream and plugins; what the route says counts',
  [
    ['services/s', { upstream, plugins: { 'response-rewrite': { headers: { set: { 'x-from': 'service' } } } } }],
    ['routes/1', { uri: '/plain', service_id: 's' }],
    [
      'routes/2',
      {
        uri: '/own',
        service_id: 's',
        upstream: upstream2,
        plugins: { 'response-rewrite': { headers: { set: { 'x-from': 'route' } } } },
      },
    ],
    ['routes/3', { uri: '/off', service_id: 's', plugins: { 'response-rewrite': { _meta: { disable: true } } } }],
  ],
  [
    { get: '/plain', status: 200, body: { server: 'u1' }, fields: { 'x-from': 'service' } },
    { get: '/own', status: 200, body: { server: 'u2' }, fields: { 'x-from': 'route' } },
    { get: '/off', status: 200, fields: { 'x-from': undefined } },
  ],
)

story(
  'hosts of a service are those of its routes, unless they have their own',
  [
    ['services/s', { upstream, hosts: ['foo.com'] }],
    ['routes/1', { uri: '/a', service_id: 's' }],
    ['routes/2', { uri: '/b', service_id: 's', host: 'bar.com' }],
  ],
  [
    { get: '/a', headers: { Host: 'foo.com' }, status: 200 },
    { get: '/a', headers: { Host: 'bar.com' }, ...NOT_FOUND },
    { get: '/b', headers: { Host: 'bar.com' }, status: 200 },
    { get: '/b', headers: { Host: 'foo.com' }, ...NOT_FOUND },
  ],
)

story(
  'a plugin config under many routes; the route wins',
  [
    [
      'plugin_configs/1',
      {
        plugins: {
          'response-rewrite': { headers: { set: { 'x-a': 'config' } } },
          'proxy-rewrite': { headers: { set: { 'x-b': 'config' } } },
        },
      },
    ],
    ['routes/1', { uri: '/a', plugin_config_id: 1, upstream }],
    [
      'routes/2',
      {
        uri: '/b',
        plugin_config_id: 1,
        upstream,
        plugins: { 'proxy-rewrite': { headers: { set: { 'x-b': 'route' } } } },
      },
    ],
  ],
  [
    { get: '/a', status: 200, fields: { 'x-a': 'config' }, seen: { 'x-b': 'config' } },
    { get: '/b', status: 200, fields: { 'x-a': 'config' }, seen: { 'x-b': 'route' } },
  ],
)

story(
  'a plugin config that is not there: 503; one in use is not deleted',
  [
    ['plugin_configs/1', { plugins: { cors: {} } }],
    ['routes/1', { uri: '/a', plugin_config_id: 1, upstream }],
  ],
  async (stage) => {
    const refused = await stage.admin('DELETE', 'plugin_configs/1')
    assert.equal(refused.status, 400)
    assert.equal((await stage.admin('DELETE', 'plugin_configs/1?force=true')).status, 200)
    await stage.step({ get: '/a', status: 503 })
    await stage.admin('DELETE', 'routes/1')
  },
)

story(
  'global rules run before the route, also without one',
  [
    ['global_rules/1', { plugins: { 'request-id': { header_name: 'X-Global' } } }],
    ['routes/1', { uri: '/a', upstream }],
  ],
  [
    { get: '/a', status: 200, fields: { 'x-global': /.{8}/ } },
    { get: '/none', ...NOT_FOUND },
  ],
)

const limited = { 'limit-count': { count: 1, time_window: 60, rejected_code: 503, key: 'remote_addr' } }
story(
  'a plugin of a consumer goes before that of the route',
  [
    ['consumers/jack', { username: 'jack', plugins: { 'key-auth': { key: 'k' }, ...limited } }],
    [
      'routes/1',
      {
        uri: '/a',
        upstream,
        plugins: { 'key-auth': {}, 'limit-count': { count: 9, time_window: 60, key: 'remote_addr' } },
      },
    ],
  ],
  [
    { get: '/a', headers: { apikey: 'k' }, status: 200, fields: { 'x-ratelimit-limit': '1' } },
    { get: '/a', headers: { apikey: 'k' }, status: 503 },
  ],
)

story(
  '_meta: a plugin is off, filtered, answers differently, runs earlier',
  [
    ['routes/off', { uri: '/off', upstream, plugins: { 'key-auth': { _meta: { disable: true } } } }],
    [
      'routes/filter',
      { uri: '/filter', upstream, plugins: { 'key-auth': { _meta: { filter: [['arg_version', '==', 'v2']] } } } },
    ],
    [
      'routes/error',
      { uri: '/error', upstream, plugins: { 'jwt-auth': { _meta: { error_response: { message: 'missing' } } } } },
    ],
    [
      'routes/order',
      {
        uri: '/order',
        upstream,
        plugins: {
          'limit-count': { count: 1, time_window: 60, key: 'remote_addr', _meta: { priority: 3010 } },
          'ip-restriction': { whitelist: ['192.0.2.1'], message: 'no' },
        },
      },
    ],
  ],
  [
    { get: '/off', status: 200 },
    { get: '/filter', status: 200 },
    { get: '/filter?version=v2', status: 401 },
    { get: '/error', status: 401, body: { message: 'missing' } },
    { get: '/order', status: 403 },
    { get: '/order', status: 503 },
  ],
)

story('what is Lua is refused, with a word on what to use', [], async (stage) => {
  await stage.refuses('routes/1', { uri: '/a', upstream, filter_func: 'function(vars) return true end' }, /vars/)
  await stage.refuses('routes/1', { uri: '/a', upstream, script: 'return {}' }, /script/)
})

story(
  'a route to an upstream by its id; a changed upstream serves at once',
  [
    ['upstreams/1', { type: 'roundrobin', nodes: { [node]: 1 } }],
    ['routes/1', { uri: '/anything/*', methods: ['GET'], upstream_id: '1' }],
  ],
  async (stage) => {
    await stage.step({ get: '/anything/foo?arg=10', status: 200, body: { server: 'u1', url: '/anything/foo?arg=10' } })
    await stage.put('upstreams/1', upstream2)
    await stage.step({ get: '/anything/foo', status: 200, body: { server: 'u2' } })
    assert.equal((await stage.admin('DELETE', 'upstreams/1')).status, 400)
  },
)
