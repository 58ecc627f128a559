import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, beforeEach, test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { listenForTest } from '../../gateway/listen-for-test.ts'
import { threadForTest } from '../../gateway/thread-for-test.ts'
import { arrived, startReceiver } from './receiver.ts'

const ENCODERS: Record<string, (text: string) => Buffer> = { gzip: gzipSync, br: brotliCompressSync }
const LONG = 'answer '.repeat(1000)

/** Answers in the encoding that the path names. */
const upstream = http.createServer((request, response) => {
  const encoding = request.url?.slice(1) ?? ''
  request.resume().on('end', () => {
    const encode = ENCODERS[encoding]
    if (encode) response.setHeader('Content-Encoding', encoding)
    response.setHeader('Content-Type', 'text/plain')
    response.end(encode ? encode(LONG) : LONG)
  })
})
await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
const receiver = await startReceiver()
const thread = threadForTest({})
const port = await listenForTest(thread)
const agent = new http.Agent({ keepAlive: true })
after(async () => {
  agent.destroy()
  upstream.close()
  await thread.close()
})
beforeEach(() => {
  receiver.received.length = 0
  thread.put('plugin_metadata/http-logger', undefined)
})

async function logged(conf: object, plugins: object = {}, target = '/plain'): Promise<Record<string, unknown>> {
  const node = `127.0.0.1:${(upstream.address() as AddressInfo).port}`
  const uri = `${receiver.url}/log`
  thread.put('routes/a', {
    uri: '/*',
    upstream: { type: 'roundrobin', nodes: { [node]: 1 } },
    plugins: { 'http-logger': { uri, batch_max_size: 1, ...conf }, ...plugins },
  })
  const headers = { 'Accept-Encoding': 'gzip', 'Transfer-Encoding': 'chunked' }
  await new Promise<void>((resolve, reject) => {
    const request = http.request({ port, agent, method: 'POST', path: target, headers }, (response) => {
      response.resume().on('end', resolve)
    })
    request.on('error', reject)
    request.write('ques')
    setTimeout(() => request.end('tion'), 20)
  })
  return JSON.parse((await arrived(receiver.received))[0]?.body ?? '')
}

const bodyOf = (entry: Record<string, unknown>, part: string): unknown => (entry[part] as { body?: unknown }).body

test('$request_body in a log format needs no include_req_body', async () => {
  assert.equal((await logged({ log_format: { body: '$request_body' } })).body, 'question')
  receiver.received.length = 0
  assert.equal((await logged({ log_format: { body: '$request_body' }, max_req_body_bytes: 3 })).body, 'que')
})

test('$request_body in the format of the metadata', async () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable in APISIX's words
  thread.put('plugin_metadata/http-logger', { log_format: { body: '${request_body}' } })
  assert.equal((await logged({})).body, 'question')
})

test('more fields with the body leave the default entry without it', async () => {
  const entry = await logged({ log_format_extra: { body: '$request_body' } })
  assert.equal(entry.body, 'question')
  assert.equal(bodyOf(entry, 'request'), undefined)
})

for (const encoding of ['gzip', 'br'])
  test(`a body that the upstream has encoded is logged as what it says: ${encoding}`, async () => {
    const entry = await logged({ include_resp_body: true }, {}, `/${encoding}`)
    assert.equal(bodyOf(entry, 'response'), LONG)
    receiver.received.length = 0
    const cut = await logged({ include_resp_body: true, max_resp_body_bytes: 20 }, {}, `/${encoding}`)
    assert.notEqual(bodyOf(cut, 'response'), undefined)
  })

test('a body that the gateway compresses is logged as it came', async () => {
  const entry = await logged({ include_resp_body: true }, { gzip: { min_length: 1, types: '*' } })
  assert.equal((entry.response as { headers: Record<string, string> }).headers['content-encoding'], 'gzip')
  assert.equal(bodyOf(entry, 'response'), LONG)
})
