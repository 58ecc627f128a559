// The examples of workflow's page.
import assert from 'node:assert/strict'
import { type Config, startStories } from './story.ts'

const { story, upstream } = await startStories()
const route = (rules: object[], more: object = {}): [string, object] => [
  'routes/1',
  { uri: '/anything/*', upstream, plugins: { workflow: { rules }, ...more } },
]

story(
  'a status for a uri',
  [route([{ case: [['uri', '==', '/anything/rejected']], actions: [['return', { code: 403 }]] }])],
  [
    { get: '/anything/anything', status: 200 },
    { get: '/anything/rejected', status: 403, body: '{"error_msg":"rejected by workflow"}' },
  ],
)

story(
  'a limit for a uri with an argument',
  [
    route([
      {
        case: [
          ['uri', '==', '/anything/rate-limit'],
          ['arg_env', '==', 'v1'],
        ],
        actions: [['limit-count', { count: 1, time_window: 60, rejected_code: 429 }]],
      },
    ]),
  ],
  [
    { get: '/anything/rate-limit?env=v1', status: 200, fields: { 'x-ratelimit-remaining': '0' } },
    { get: '/anything/rate-limit?env=v1', status: 429 },
    { get: '/anything/rate-limit?env=v2', status: 200 },
    { get: '/anything/anything?env=v1', status: 200, fields: { 'x-ratelimit-limit': undefined } },
  ],
)

const limit = (count: number, key: string, key_type: string): unknown[] => [
  'limit-count',
  { count, key, key_type, rejected_code: 429, time_window: 30 },
]
const PEOPLE: Config = ['john', 'jane', 'jimmy', 'jo'].flatMap(
  (name): Config => [
    [`consumers/${name}`, { username: name }],
    [`consumers/${name}/credentials/key`, { plugins: { 'key-auth': { key: `${name}-key` } } }],
  ],
)
story(
  'some consumers have quotas of their own, all others one each',
  [
    ...PEOPLE,
    route(
      [
        { actions: [limit(5, 'consumer_john', 'constant')], case: [['consumer_name', '==', 'john']] },
        { actions: [limit(3, 'consumer_jane', 'constant')], case: [['consumer_name', '==', 'jane']] },
        { actions: [limit(2, '$consumer_name', 'var')] },
      ],
      { 'key-auth': {} },
    ),
  ],
  async (at) => {
    for (const [name, quota, times] of [
      ['john', 5, 6],
      ['jane', 3, 6],
      ['jimmy', 2, 3],
      ['jo', 2, 3],
    ] as const) {
      const statuses: number[] = []
      for (let i = 0; i < times; i++)
        statuses.push((await at.send('/anything/a', { headers: { apikey: `${name}-key` } })).status)
      assert.deepEqual(
        statuses,
        Array.from({ length: times }, (_, i) => (i < quota ? 200 : 429)),
        name,
      )
    }
  },
)

story(
  'a limit of requests at a time',
  [route([{ actions: [['limit-conn', { conn: 1, burst: 0, default_conn_delay: 0.1, rejected_code: 429 }]] }])],
  async (at) => {
    const sent = await Promise.all([1, 2, 3].map(() => at.send('/anything/a?delay=300')))
    assert.deepEqual(sent.map(({ status }) => status).sort(), [200, 429, 429])
  },
)

story('what an action cannot do is refused', [], async (at) => {
  const refused: [unknown[], RegExp][] = [
    [['limit-count', { count: 1, time_window: 1, group: 'g' }], /group is not supported/],
    [['limit-count', { count: 0, time_window: 1 }], /limit-count/],
    [['return', {}], /code/],
    [['return', { code: 99 }], /code/],
    [['return', { code: 100 }], /give one from 200 on/],
    [['proxy-rewrite', {}], /unsupported action/],
  ]
  for (const [action, message] of refused) await at.refuses(...route([{ actions: [action] }]), message)
})
