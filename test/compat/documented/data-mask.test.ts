// The examples of data-mask's page: what file-logger writes.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../../until.ts'
import { type Stage, type StoryRequest, startStories } from './story.ts'

const { story, stage, upstream } = await startStories()
const CARD = { action: 'regex', regex: '(\\d+)\\-\\d+\\-\\d+\\-(\\d+)', value: '$1-****-****-$2' }

interface Logged {
  request: { uri: string; headers: Record<string, string>; body?: string; querystring: Record<string, string> }
}

let files = 0
const logFile = (): string => join(stage.running.directory, `masked-${++files}.log`)
const route = (request: object[], path: string, more: object = {}): [string, object] => [
  'routes/1',
  {
    uri: '/anything',
    upstream,
    plugins: { 'data-mask': { request, ...more }, 'file-logger': { path, include_req_body: true } },
  },
]

/** Sends a request that the upstream gets unchanged, and returns its line in the log. */
async function logged(at: Stage, path: string, target: string, request: StoryRequest = {}): Promise<Logged['request']> {
  const { status, body } = await at.send(target, request)
  assert.equal(status, 200)
  assert.equal((body as { url: string }).url, target)
  const line = await until(() => existsSync(path) && /^.+(?=\n)/.exec(readFileSync(path, 'utf8'))?.[0], path)
  return (JSON.parse(line) as Logged).request
}

const inQuery = logFile()
story(
  'arguments are removed, replaced, changed in part',
  [
    route(
      [
        { type: 'query', name: 'password', action: 'remove' },
        { type: 'query', name: 'token', action: 'replace', value: '*****' },
        { type: 'query', name: 'card', ...CARD },
      ],
      inQuery,
    ),
  ],
  async (at) => {
    const { uri } = await logged(at, inQuery, '/anything?password=secret&token=mytoken&card=1234-5678-9012-3456')
    assert.equal(decodeURIComponent(uri), '/anything?token=*****&card=1234-****-****-3456')
  },
)

const inHeaders = logFile()
story(
  'so are headers',
  [
    route(
      [
        { type: 'header', name: 'Authorization', action: 'remove' },
        { type: 'header', name: 'X-API-Key', action: 'replace', value: '[REDACTED]' },
        { type: 'header', name: 'X-Card-Number', ...CARD },
      ],
      inHeaders,
    ),
  ],
  async (at) => {
    const sent = {
      Authorization: 'Bearer secret-token',
      'X-API-Key': 'my-api-key',
      'X-Card-Number': '1234-5678-9012-3456',
    }
    const { headers } = await logged(at, inHeaders, '/anything', { headers: sent })
    assert.equal(headers.authorization, undefined)
    assert.equal(headers['x-api-key'], '[REDACTED]')
    assert.equal(headers['x-card-number'], '1234-****-****-3456')
  },
)

const inJson = logFile()
const user = (name: string, token: string, card: string): object => ({ name, token, credit: { card } })
story(
  'so are members of a JSON body',
  [
    route(
      [
        { type: 'body', body_format: 'json', name: '$.password', action: 'remove' },
        { type: 'body', body_format: 'json', name: '$.users[*].token', action: 'replace', value: '*****' },
        { type: 'body', body_format: 'json', name: '$.users[*].credit.card', ...CARD },
      ],
      inJson,
    ),
  ],
  async (at) => {
    const users = [user('alice', 'tok_abc123', '1234-5678-9012-3456'), user('bob', 'tok_xyz789', '9876-5432-1098-7654')]
    const headers = { 'Content-Type': 'application/json' }
    const { body = '' } = await logged(at, inJson, '/anything', {
      method: 'POST',
      headers,
      body: { password: 'secret', users },
    })
    assert.deepEqual(JSON.parse(body), {
      users: [user('alice', '*****', '1234-****-****-3456'), user('bob', '*****', '9876-****-****-7654')],
    })
  },
)

const inForm = logFile()
story(
  'so are fields of a form',
  [route([{ type: 'body', body_format: 'urlencoded', name: 'password', action: 'replace', value: '*' }], inForm)],
  async (at) => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
    const { body } = await logged(at, inForm, '/anything', { method: 'POST', headers, body: 'user=a&password=b' })
    assert.equal(body, 'user=a&password=*')
  },
)

story('a rule has what its action needs', [], async (at) => {
  const refused: [object, RegExp][] = [
    [{ type: 'body', name: '$.a', action: 'remove' }, /body_format/],
    [{ type: 'query', name: 'a', action: 'regex', value: 'b' }, /regex/],
    [{ type: 'query', name: 'a', action: 'replace' }, /value/],
    [{ type: 'cookie', name: 'a', action: 'remove' }, /type/],
  ]
  for (const [rule] of refused) await at.refuses(...route([rule], inForm), /data-mask/)
})
