// The examples of traffic-split's page. One thread: shares are dealt out in turn in each.
import assert from 'node:assert/strict'
import { type Stage, type StoryRequest, startStories, upstreamOf } from './story.ts'

const { story, node, node2, upstream, upstream2 } = await startStories({ GATEWARD_THREADS: '1' })
const route = (rules: object[], more: object = {}): [string, object] => [
  'routes/1',
  { uri: '/headers', upstream, plugins: { 'traffic-split': { rules } }, ...more },
]

/** Which upstream answered so many requests: how many the second one did. */
async function second(at: Stage, target: string, request: StoryRequest = {}, times = 10): Promise<number> {
  let count = 0
  for (let i = 0; i < times; i++) {
    const { status, body } = await at.send(target, request)
    assert.equal(status, 200)
    if ((body as { server: string }).server === 'u2') count++
  }
  return count
}

const CANARY = [{ upstream: { ...upstream2, pass_host: 'node' }, weight: 3 }, { weight: 2 }]

story('a canary gets its share', [route([{ weighted_upstreams: CANARY }])], async (at) => {
  assert.equal(await second(at, '/headers'), 6)
})

story(
  'blue and green: a header decides, and the host is that of the node',
  [
    route(
      [
        {
          match: [{ vars: [['http_release', '==', 'new_release']] }],
          weighted_upstreams: [{ upstream: { ...upstream2, pass_host: 'node' } }],
        },
      ],
      { upstream: { ...upstream, pass_host: 'node' } },
    ),
  ],
  [
    {
      get: '/headers',
      headers: { release: 'new_release' },
      status: 200,
      body: { server: 'u2' },
      seen: { host: node2 },
    },
    { get: '/headers', status: 200, body: { server: 'u1' }, seen: { host: node } },
  ],
)

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }
story(
  'a field of a posted form decides',
  [route([{ match: [{ vars: [['post_arg_id', '==', '1']] }], weighted_upstreams: [{ upstream: upstream2 }] }])],
  [
    { get: '/headers', method: 'POST', headers: FORM, send: 'id=1', status: 200, body: { server: 'u2', body: 'id=1' } },
    {
      get: '/headers',
      method: 'POST',
      headers: FORM,
      send: 'random=string',
      status: 200,
      body: { server: 'u1', body: 'random=string' },
    },
    { get: '/headers', status: 200, body: { server: 'u1' } },
  ],
)

const FIRST = {
  vars: [
    ['arg_name', '==', 'jack'],
    ['http_user-id', '>', '23'],
    ['http_apisix-key', '~~', '[a-z]+'],
  ],
}
const SECOND = {
  vars: [
    ['arg_name2', '==', 'rose'],
    ['http_user-id2', '!', '>', '33'],
    ['http_apisix-key2', '~~', '[a-z]+'],
  ],
}

story('all conditions of a set must hold', [route([{ match: [FIRST], weighted_upstreams: CANARY }])], async (at) => {
  const headers = { 'user-id': '30', 'apisix-key': 'helloapisix' }
  assert.equal(await second(at, '/headers?name=jack', { headers }), 6)
  assert.equal(await second(at, '/headers?name=random', { headers }), 0)
  assert.equal(await second(at, '/headers?name=jack', { headers: { ...headers, 'user-id': '23' } }), 0)
})

story(
  'one of several sets must hold',
  [route([{ match: [FIRST, SECOND], weighted_upstreams: CANARY }])],
  async (at) => {
    const headers = { 'user-id': '30', 'apisix-key2': 'helloapisix' }
    assert.equal(await second(at, '/headers?name2=rose', { headers }), 6)
    assert.equal(await second(at, '/headers?name=random'), 0)
  },
)

const byId = (id: string, to: object): object => ({
  match: [{ vars: [['http_x-api-id', '==', id]] }],
  weighted_upstreams: [{ ...to, weight: 1 }],
})
story(
  'each rule has an upstream of its own, inline or by its id',
  [
    ['upstreams/two', upstream2],
    route([byId('1', { upstream: upstreamOf(node) }), byId('2', { upstream_id: 'two' })], {
      upstream: upstreamOf('127.0.0.1:1'),
    }),
  ],
  [
    { get: '/headers', headers: { 'x-api-id': '1' }, status: 200, body: { server: 'u1' } },
    { get: '/headers', headers: { 'x-api-id': '2' }, status: 200, body: { server: 'u2' } },
    { get: '/headers', status: 502 },
  ],
)
