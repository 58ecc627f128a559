// Characters that are more than a byte, in what plugins write into messages: the wire writes bytes, and what is cut down to one could be a line end
// (U+010D and U+010A are CR and LF but for their upper half). Over real sockets, with an upstream that keeps what came.
import assert from 'node:assert/strict'
import net from 'node:net'
import { after, test } from 'node:test'
import { listenForTest } from '../listen-for-test.ts'
import { threadForTest } from '../thread-for-test.ts'
import { startRecordingUpstream } from './recording-upstream.ts'

const recording = await startRecordingUpstream()
const upstream = { nodes: { [recording.node]: 1 } }
const thread = threadForTest({ 'routes/b': { uri: '/apisix/batch-requests', plugins: { 'public-api': {} } } })
const port = await listenForTest(thread)
after(() => {
  thread.close()
  recording.close()
})

const SPLIT = '\u010d\u010aX-Evil:1\u010d\u010a\u010d\u010aGET /evil HTTP/1.1\u010d\u010a'
const ESCAPED = encodeURIComponent(SPLIT)
const bytes = (text: string): string => Buffer.from(text).toString('latin1')

/** The bytes of the answer to a request with this target. */
async function ask(target: string, more = ''): Promise<string> {
  const socket = net.connect(port, '127.0.0.1')
  socket.write(`GET ${target} HTTP/1.1\r\nHost: own\r\n${more}Connection: close\r\n\r\n`, 'latin1')
  return Buffer.concat((await socket.toArray()) as Buffer[]).toString('latin1')
}

/** What reached the upstream of one request on a route with these plugins. */
async function sent(plugins: object, target: string, more = ''): Promise<(typeof recording.requests)[number]> {
  thread.put('routes/a', { uri: '/a*', upstream, plugins })
  const before = recording.requests.length
  assert.match(await ask(target, more), /^HTTP\/1\.1 200 /)
  assert.equal(recording.requests.length, before + 1, 'one request reaches the upstream')
  return recording.requests.at(-1) as (typeof recording.requests)[number]
}

function field(headers: string[], name: string): string | undefined {
  const line = headers.find((one) => one.toLowerCase().startsWith(`${name}: `))
  assert.equal(
    headers.some((one) => /^x-evil/i.test(one)),
    false,
    headers.join('\n'),
  )
  return line?.slice(name.length + 2)
}

test('request headers: variables, groups and written values go out as UTF-8', async () => {
  const set = { 'X-Var': 'é $arg_a', 'X-Group': '$1' }
  const { headers } = await sent(
    { 'proxy-rewrite': { regex_uri: ['^/a/([\\s\\S]*)', '/x'], headers: { set } } },
    `/a/${ESCAPED}?a=${ESCAPED}`,
  )
  assert.equal(field(headers, 'x-var'), bytes(`é ${SPLIT}`))
  assert.equal(field(headers, 'x-group'), bytes(SPLIT))
  const raw = await sent(
    { 'proxy-rewrite': { headers: { set: { 'X-Var': '$http_x_raw' } } } },
    '/a',
    `X-Raw: ${bytes('é€')}\r\n`,
  )
  assert.equal(field(raw.headers, 'x-var'), bytes('é€'), 'what came as bytes stays as it is')
})

test('targets: whatever a path or a variable holds is escaped', async () => {
  for (const [conf, target] of [
    [{ uri: '/x/$arg_a' }, `/a?a=${ESCAPED}`],
    [{ uri: '/x?q=$arg_a' }, `/a?a=${ESCAPED}`],
    [{ uri: '/x/$arg_a', use_real_request_uri_unsafe: true }, `/a?a=${ESCAPED}`],
    [{ regex_uri: ['^/a/([\\s\\S]*)', '/x?q=$1'] }, `/a/${ESCAPED}`],
    [{ headers: { set: { 'X-A': 'b' } } }, `/a/${ESCAPED}`],
  ] as const) {
    const { line, headers } = await sent({ 'proxy-rewrite': conf }, target)
    assert.match(line, /^GET [!-~]+ HTTP\/1\.1$/, JSON.stringify(conf))
    assert.equal(field(headers, 'x-evil'), undefined)
  }
})

test('response headers', async () => {
  const headers = { 'X-Var': '$arg_a' }
  for (const plugins of [
    { 'response-rewrite': { headers: { set: headers } } },
    { 'response-rewrite': { headers: { add: ['X-Var: $arg_a'] } } },
    { 'fault-injection': { abort: { http_status: 200, headers } } },
    { mocking: { response_example: 'x', response_headers: headers } },
    { redirect: { uri: '/x$arg_a', ret_code: 200 } },
    { echo: { body: 'x', headers: { 'X-Var': SPLIT } } },
  ]) {
    thread.put('routes/a', { uri: '/a', upstream, plugins })
    const answer = await ask(`/a?a=${ESCAPED}`)
    assert.match(answer, /^HTTP\/1\.1 200 /)
    assert.doesNotMatch(answer, /\r\nX-Evil/i, JSON.stringify(plugins))
    assert.doesNotMatch(answer, /\r\n\r\nGET/, JSON.stringify(plugins))
  }
})

test('a batch: fields and paths of its requests', async () => {
  thread.put('routes/a', { uri: '/a*', upstream })
  const batch = async (item: object): Promise<{ status: number }> => {
    const body = JSON.stringify({ pipeline: [item] })
    const answer = await fetch(`http://127.0.0.1:${port}/apisix/batch-requests`, { method: 'POST', body })
    return ((await answer.json()) as { status: number }[])[0] as { status: number }
  }
  const before = recording.requests.length
  await batch({ path: '/a', headers: { 'X-Var': SPLIT } })
  await batch({ path: `/a${SPLIT.replaceAll(' ', '')}` })
  await batch({
    path: '/a',
    method: 'POST',
    body: 'GET /evil HTTP/1.1\r\n\r\n',
    headers: { 'Content-Length': '0', 'transfer-encoding': 'chunked' },
  })
  const seen = recording.requests.slice(before)
  assert.equal(seen.length, 3)
  assert.equal(field(seen[0]?.headers ?? [], 'x-var'), bytes(SPLIT))
  assert.match(seen[1]?.line ?? '', /^GET \/a%C4%8D[!-~]+ HTTP\/1\.1$/)
  assert.equal(seen[2]?.body, 'GET /evil HTTP/1.1\r\n\r\n')
  assert.deepEqual(
    (
      await Promise.all(
        [{ path: '/a', method: 'CONNECT' }, { path: '/a', method: 'TRACE' }, { path: '/a#b' }].map(batch),
      )
    ).map(({ status }) => status),
    [405, 405, 400],
  )
  assert.equal(recording.requests.length, before + 3)
})
