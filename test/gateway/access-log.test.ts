import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type AccessLog, openAccessLog } from '../../src/gateway/access-log.ts'
import { threadForTest } from './thread-for-test.ts'

const file = (): string => join(mkdtempSync(join(tmpdir(), 'gateward-access-')), 'logs', 'access.log')

const lost = (lines: number): void => assert.fail(`${lines} lines are lost`)

async function logged(
  log: AccessLog,
  path: string,
  targets: string[],
  headers: Record<string, string>,
): Promise<string[]> {
  const thread = threadForTest(
    { 'routes/1': { uri: '/hello', plugins: { mocking: { response_example: 'hi', content_type: 'text/plain' } } } },
    {},
    undefined,
    (ctx) => log.write(ctx),
  )
  for (const target of targets) await thread.inject({ target, headers: { host: 'a.example', ...headers } })
  await log.close()
  thread.close()
  return readFileSync(path, 'utf8').split('\n').slice(0, -1)
}

test('a JSON object a line, whatever the client sends', async () => {
  const path = file()
  const lines = await logged(openAccessLog(path, undefined, lost), path, ['/hello?q="x"\\', '/none'], {
    'user-agent': 'quote " backslash \\ \u00e9',
  })
  const [first, second] = lines.map((line) => JSON.parse(line))
  assert.match(first.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  assert.ok(first.request_time_ms >= 0)
  assert.deepEqual(
    { ...first, time: '', request_time_ms: 0 },
    {
      time: '',
      remote_addr: '127.0.0.1',
      method: 'GET',
      host: 'a.example',
      uri: '/hello?q="x"\\',
      status: 200,
      body_bytes_sent: 2,
      request_time_ms: 0,
      route_id: '1',
      user_agent: 'quote " backslash \\ \u00e9',
    },
  )
  assert.equal(second.status, 404)
  assert.equal('route_id' in second, false)
})

test('a format of its own, one line for each request', async () => {
  const path = file()
  const lines = await logged(openAccessLog(path, '$status $uri "$http_x"', lost), path, ['/hello', '/none'], {
    x: 'y',
  })
  assert.deepEqual(lines, ['200 /hello "y"', '404 /none "y"'])
})

test('what a client sends ends neither a value nor a line of a format', async () => {
  const text = file()
  const headers = { x: 'a" b\\\t', 'user-agent': 'u' }
  const [line] = await logged(
    openAccessLog(text, '"$http_x" "$http_user_agent" "$http_none"', lost),
    text,
    ['/hello'],
    headers,
  )
  assert.equal(line, '"a\\x22 b\\x5C\\x09" "u" "-"')
  const json = file()
  const format = '{"x": "$http_x", "none": "$http_none", "trace": "$opentelemetry_trace_id"}'
  const [object] = await logged(openAccessLog(json, format, lost), json, ['/hello'], headers)
  assert.deepEqual(JSON.parse(object ?? ''), { x: 'a" b\\\t', none: '', trace: '' })
})

test('a file that cannot be written is an error at once', () => {
  assert.throws(
    () => openAccessLog('/dev/null/access.log', undefined, lost),
    /the access log \/dev\/null\/access.log cannot be written/,
  )
})
