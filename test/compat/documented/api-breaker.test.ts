// The example of api-breaker's page. One thread: a request must find what the one before has left.
import { setTimeout as sleep } from 'node:timers/promises'
import { startStories } from './story.ts'

const { story, upstream } = await startStories({ GATEWARD_THREADS: '1' })
const conf = {
  break_response_code: 502,
  unhealthy: { http_statuses: [500, 503], failures: 3 },
  healthy: { http_statuses: [200], successes: 1 },
}
const route = (more: object = {}): [string, object] => [
  'routes/1',
  { uri: '/*', upstream, plugins: { 'api-breaker': { ...conf, ...more } } },
]
/** What is seen of a path outlives the route: each story has its own. */
const fails = (status: number, path = '/hello'): { get: string; method: string; status: number } => ({
  get: `${path}?status=${status}`,
  method: 'POST',
  status,
})

story('three bad answers break the route, one good one mends it', [route()], async (at) => {
  for (const status of [500, 503, 500]) await at.step(fails(status))
  await at.step({ get: '/hello', method: 'POST', status: 502, body: /502 Bad Gateway/ })
  await sleep(2100)
  await at.step({ get: '/hello', status: 200 })
  for (const status of [500, 500]) await at.step(fails(status))
  await at.step({ get: '/hello', status: 200 })
})

story(
  'the answer while it is broken has a body and headers of its own',
  [
    route({
      unhealthy: { failures: 1 },
      break_response_body: '{"message":"try later"}',
      break_response_headers: [
        { key: 'Content-Type', value: 'application/json' },
        { key: 'X-Client-Addr', value: '$remote_addr:$remote_port' },
      ],
    }),
  ],
  [
    fails(500, '/own'),
    {
      get: '/own',
      status: 502,
      body: { message: 'try later' },
      fields: { 'content-type': 'application/json', 'x-client-addr': /^127\.0\.0\.1:\d+$/ },
    },
  ],
)

story(
  'answers that are not listed count for nothing',
  [route({ unhealthy: { http_statuses: [503], failures: 1 } })],
  [fails(500, '/other'), { get: '/other', status: 200 }],
)

story('statuses and times have bounds', [], async (at) => {
  await at.refuses(...route({ break_response_code: 199 }), /break_response_code/)
  await at.refuses(...route({ max_breaker_sec: 2 }), /max_breaker_sec/)
  await at.refuses(...route({ unhealthy: { http_statuses: [499] } }), /unhealthy/)
  await at.refuses(...route({ healthy: { http_statuses: [500] } }), /healthy/)
})
