// The examples of limit-req's page; ten requests a second where the page has one, so that waiting is short.
import assert from 'node:assert/strict'
import { type Config, startStories } from './story.ts'

const { story, upstream } = await startStories()
const route = (conf: object, more: object = {}): [string, object] => [
  'routes/1',
  {
    uri: '/get',
    upstream,
    plugins: { ...more, 'limit-req': { key: 'remote_addr', rejected_code: 429, policy: 'local', ...conf } },
  },
]
const PEOPLE: Config = ['john', 'jane'].flatMap(
  (name): Config => [
    [`consumers/${name}`, { username: name }],
    [`consumers/${name}/credentials/key`, { plugins: { 'key-auth': { key: `${name}-key` } } }],
  ],
)
const as = (name: string): { headers: Record<string, string> } => ({ headers: { apikey: `${name}-key` } })

story(
  'one request a second',
  [route({ rate: 1, burst: 0, key_type: 'var', nodelay: true })],
  [
    { get: '/get', status: 200 },
    { get: '/get', status: 429 },
  ],
)

story('what is beyond the rate waits', [route({ rate: 10, burst: 1 })], async (at) => {
  const startedAt = performance.now()
  for (let i = 0; i < 3; i++) assert.equal((await at.send('/get')).status, 200)
  assert.ok(performance.now() - startedAt >= 190, 'the second and the third have waited')
  await at.put(...route({ rate: 1, burst: 1, nodelay: true }))
  const statuses: number[] = []
  for (let i = 0; i < 3; i++) statuses.push((await at.send('/get')).status)
  assert.deepEqual(statuses, [200, 200, 429])
})

story(
  'each consumer has a rate of its own',
  [
    ...PEOPLE,
    route({ rate: 1, burst: 0, key: '$remote_addr $consumer_name', key_type: 'var_combination' }, { 'key-auth': {} }),
  ],
  [
    { get: '/get', ...as('jane'), status: 200 },
    { get: '/get', ...as('john'), status: 200 },
    { get: '/get', ...as('jane'), status: 429 },
    { get: '/get', ...as('john'), status: 429 },
  ],
)

story(
  'the refusal has a message of its own',
  [route({ rate: 1, burst: 0, rejected_msg: 'slow down' })],
  [
    { get: '/get', status: 200 },
    { get: '/get', status: 429, body: { error_msg: 'slow down' } },
  ],
)

story('however many come at once, by whichever thread', [route({ rate: 0.1, burst: 4, nodelay: true })], async (at) => {
  const sent = await Promise.all(Array.from({ length: 40 }, () => at.send('/get')))
  assert.equal(sent.filter(({ status }) => status === 200).length, 5)
})

story('rate and burst have bounds', [], async (at) => {
  await at.refuses(...route({ rate: 0, burst: 0 }), /rate/)
  await at.refuses(...route({ rate: 1, burst: -1 }), /burst/)
  await at.refuses(...route({ rate: 1, burst: 0, policy: 'redis' }), /then clause/)
})
