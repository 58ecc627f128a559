// What the page of fault-injection in APISIX's documentation shows.
import assert from 'node:assert/strict'
import { startStories } from './story.ts'

const { story, upstream, stage } = await startStories()
const route = (conf: object, more: object = {}): [string, object] => [
  'routes/r',
  { uri: '/*', upstream, plugins: { 'fault-injection': conf, ...more } },
]

/** Milliseconds until this request is answered with 200. */
async function took(target: string, headers: Record<string, string> = {}): Promise<number> {
  const begun = performance.now()
  await stage.step({ get: target, headers, status: 200 })
  return performance.now() - begun
}

story(
  'an abort answers at once, and later plugins do not run',
  [route({ abort: { http_status: 200, body: 'Fault!' } }, { 'key-auth': {} })],
  [{ get: '/hello', status: 200, body: 'Fault!', fields: { 'content-type': 'text/plain; charset=utf-8' } }],
)

story(
  'body and headers of an abort take variables',
  [route({ abort: { http_status: 503, body: 'for $remote_addr', headers: { 'X-Path': '$uri' } } })],
  [{ get: '/hello', status: 503, body: 'for 127.0.0.1', fields: { 'x-path': '/hello' } }],
)

story('a delay waits, then the request goes on', [route({ delay: { duration: 0.4 } })], async ({ step }) => {
  const begun = performance.now()
  await step({ get: '/hello', status: 200, url: '/hello' })
  assert.ok(performance.now() - begun >= 390)
})

story(
  'both, each for requests that its expressions fit: all of a group, one of the groups',
  [
    route({
      abort: {
        http_status: 403,
        body: 'Fault!\n',
        vars: [
          [
            ['arg_name', '==', 'jack'],
            ['arg_age', '==', 18],
          ],
          [['arg_name2', '==', 'allen']],
        ],
      },
      delay: { duration: 0.4, vars: [[['http_age', '==', '18']]] },
    }),
  ],
  async ({ step }) => {
    await step({ get: '/hello?name=jack&age=18', status: 403, body: 'Fault!\n' })
    await step({ get: '/hello?name2=allen', status: 403, body: 'Fault!\n' })
    assert.ok((await took('/hello?name=jack')) < 390)
    assert.ok((await took('/hello?name=allen', { age: '18' })) >= 390)
  },
)

story(
  'percentages: of none, of all, of about half',
  [
    route({ abort: { http_status: 500, percentage: 0 } }),
    [
      'routes/all',
      { uri: '/all', upstream, plugins: { 'fault-injection': { abort: { http_status: 500, percentage: 100 } } } },
    ],
    [
      'routes/half',
      { uri: '/half', upstream, plugins: { 'fault-injection': { abort: { http_status: 500, percentage: 50 } } } },
    ],
  ],
  async ({ send }) => {
    const share = async (target: string): Promise<number> => {
      const answers = await Promise.all(Array.from({ length: 100 }, () => send(target)))
      return answers.filter(({ status }) => status === 500).length
    }
    assert.deepEqual([await share('/none'), await share('/all')], [0, 100])
    const half = await share('/half')
    assert.ok(half > 20 && half < 80, `${half} of 100`)
  },
)

story('one of abort and delay is needed', [], async ({ refuses }) => {
  for (const [conf, message] of [
    [{}, /fault-injection/],
    [{ abort: { http_status: 199 } }, /http_status/],
    [{ abort: { body: 'x' } }, /http_status/],
    [{ delay: { percentage: 5 } }, /duration/],
    [{ delay: { duration: 1, percentage: 101 } }, /percentage/],
  ] as const)
    await refuses('routes/r', { uri: '/a', plugins: { 'fault-injection': conf } }, message)
})
