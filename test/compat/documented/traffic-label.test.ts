// The examples of traffic-label's page. One thread: shares are dealt out in turn in each.
import assert from 'node:assert/strict'
import { startStories } from './story.ts'

const { story, upstream } = await startStories({ GATEWARD_THREADS: '1' })
const route = (rules: object[]): [string, object] => [
  'routes/1',
  { uri: '/anything', upstream, plugins: { 'traffic-label': { rules } } },
]
const label = (version: string, id: string): object => ({
  match: [['arg_version', '==', version]],
  actions: [{ set_headers: { 'X-Server-Id': id } }],
})

story(
  'a label by an argument',
  [route([label('v1', '100'), label('v2', '200')])],
  [
    { get: '/anything?version=v1', status: 200, seen: { 'x-server-id': '100' } },
    { get: '/anything?version=v2', headers: { 'X-Server-Id': 'mine' }, status: 200, seen: { 'x-server-id': '200' } },
    { get: '/anything', status: 200, seen: { 'x-server-id': undefined } },
  ],
)

story(
  'labels by weight',
  [
    route([
      {
        match: [['uri', '==', '/anything']],
        actions: [
          { set_headers: { 'X-Server-Id': '100' }, weight: 3 },
          { set_headers: { 'X-API-Version': 'v2' }, weight: 2 },
          { weight: 5 },
        ],
      },
    ]),
  ],
  async (at) => {
    const seen: string[] = []
    for (let i = 0; i < 10; i++) {
      const { headers } = (await at.send('/anything')).body as { headers: Record<string, string> }
      seen.push(headers['x-server-id'] ?? headers['x-api-version'] ?? 'none')
    }
    assert.deepEqual(seen.sort(), ['100', '100', '100', 'none', 'none', 'none', 'none', 'none', 'v2', 'v2'])
  },
)

story(
  'the first rule that matches counts; conditions may be joined by OR, values have variables',
  [
    route([
      {
        match: ['OR', ['arg_a', '==', '1'], ['arg_b', '==', '1']],
        actions: [{ set_headers: { 'X-From': '$remote_addr' } }],
      },
      { actions: [{ set_headers: { 'X-From': 'elsewhere' } }] },
    ]),
  ],
  [
    { get: '/anything?b=1', status: 200, seen: { 'x-from': '127.0.0.1' } },
    { get: '/anything', status: 200, seen: { 'x-from': 'elsewhere' } },
  ],
)

story('a weight is positive', [], (at) => at.refuses(...route([{ actions: [{ weight: 0 }] }]), /weight/))
