// What the page of response-rewrite in APISIX's documentation shows.
import { startStories } from './story.ts'

const { story, upstream, node } = await startStories()
const route = (conf: object, more: object = {}): [string, object] => [
  'routes/r',
  { uri: '/*', upstream, plugins: { 'response-rewrite': conf, ...more } },
]

story(
  'body and headers, when the status is 200',
  [
    route({
      body: '{"code":"ok"}',
      headers: { set: { 'X-Id': 3, 'X-On': 'on', 'X-Node': '$balancer_ip:$balancer_port' } },
      vars: [['status', '==', 200]],
    }),
  ],
  [
    { get: '/a', status: 200, body: '{"code":"ok"}', fields: { 'x-id': '3', 'x-on': 'on', 'x-node': node } },
    { get: '/a?status=404&body=no', status: 404, body: 'no', fields: { 'x-id': undefined } },
  ],
)

story(
  'a filter replaces once, or everywhere',
  [
    route({
      filters: [
        { regex: 'X-Trace', scope: 'global', replace: 'X-T' },
        { regex: 'one', replace: 'two' },
      ],
    }),
  ],
  [
    { get: '/a?body=X-Trace,one,X-Trace,one', status: 200, body: 'X-T,two,X-T,one' },
    { get: '/a?body=nothing', status: 200, body: 'nothing' },
  ],
)

story(
  'options of a filter',
  [route({ filters: [{ regex: 'HELLO', replace: 'bye', options: 'i' }] })],
  [{ get: '/a?body=hello', status: 200, body: 'bye' }],
)

story(
  'a body in base64',
  [route({ body: 'SGVsbG8gV29ybGQ=', body_base64: true })],
  [{ get: '/a', status: 200, body: 'Hello World' }],
)

story(
  'a refusal is rewritten too',
  [
    ['consumers/jack', { username: 'jack' }],
    ['consumers/jack/credentials/c', { plugins: { 'key-auth': { key: 'jack-key' } } }],
    route({ status_code: 200, body: '{"msg":"success"}' }, { 'key-auth': {} }),
  ],
  [
    { get: '/a', headers: { apikey: 'jack-key' }, status: 200, body: '{"msg":"success"}' },
    { get: '/a', status: 200, body: '{"msg":"success"}' },
  ],
)

story(
  'headers beside those that are there, in their place, or away; a Location',
  [
    route({
      status_code: 302,
      headers: { add: ['X-A: new'], set: { 'X-B': 'new', Location: '/login' }, remove: ['X-C'] },
    }),
  ],
  [
    {
      get: '/a?header=X-A:old&header=X-B:old&header=X-C:old',
      status: 302,
      fields: { 'x-a': 'old, new', 'x-b': 'new', 'x-c': undefined, location: '/login' },
    },
  ],
)

story('what cannot be is refused', [], async ({ refuses }) => {
  for (const [conf, message] of [
    [{ status_code: 199 }, /status_code/],
    [{ status_code: 599 }, /status_code/],
    [{ body: 'a', filters: [{ regex: 'a', replace: 'b' }] }, /response-rewrite/],
    [{ filters: [{ regex: 'a' }] }, /replace/],
    [{ filters: [{ regex: 'a', replace: 'b', scope: 'some' }] }, /scope/],
    [{ body: '!', body_base64: true }, /invalid base64/],
  ] as const)
    await refuses('routes/r', { uri: '/a', plugins: { 'response-rewrite': conf } }, message)
})
