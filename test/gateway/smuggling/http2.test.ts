// HTTP/2 requests that would become two HTTP/1.1 requests on their way to the upstream (H2.CL, H2.TE, line ends in fields, odd
// pseudo-header fields), in frames written by hand: no client library would send them.
import assert from 'node:assert/strict'
import net from 'node:net'
import { after, before, describe, test } from 'node:test'
import { END_HEADERS, END_STREAM, frame, PREFACE, TYPE } from '../http2/frames.ts'
import { type Listening, listenForTest } from '../listening.ts'
import { threadForTest } from '../thread-for-test.ts'
import { ambiguityOf, type Recorded, type RecordingUpstream, startRecordingUpstream } from './recording-upstream.ts'

/** A request that is not answered, reset or ended in this time was swallowed. */
const ANSWER_MS = 5000

const thread = threadForTest()
let upstream: RecordingUpstream
let listening: Listening

before(async () => {
  upstream = await startRecordingUpstream()
  thread.put('routes/1', { uri: '/*', enable_websocket: true, upstream: { nodes: { [upstream.node]: 1 } } })
  listening = await listenForTest(thread)
})
after(() => {
  upstream.close()
  listening.close()
  thread.close()
})

/** HPACK: literal fields without indexing and without Huffman. */
function encode(fields: Fields): Buffer {
  const text = (value: string): Buffer => {
    const bytes = Buffer.from(value, 'latin1')
    return Buffer.concat([Buffer.from([bytes.length]), bytes])
  }
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]))
}

type Fields = [name: string, value: string][]

/** Sends one request; `answered` with a HEADERS frame, `reset`, or the connection has ended. */
function send(fields: Fields, body: string): Promise<'answered' | 'reset' | 'ended' | 'silent'> {
  return new Promise((resolve) => {
    const socket = net.connect(listening.port, '127.0.0.1')
    let got: Buffer = Buffer.alloc(0)
    const done = (how: 'answered' | 'reset' | 'ended' | 'silent'): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(how)
    }
    const timer = setTimeout(() => done('silent'), ANSWER_MS)
    socket.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk])
      const types = frameTypes(got)
      if (types.includes(TYPE.headers)) done('answered')
      else if (types.includes(TYPE.reset)) done('reset')
      else if (types.includes(TYPE.goaway)) done('ended')
    })
    socket.on('error', () => {})
    socket.on('close', () => done('ended'))
    const head = frame(TYPE.headers, END_HEADERS | (body ? 0 : END_STREAM), 1, encode(fields))
    const data = body ? frame(TYPE.data, END_STREAM, 1, Buffer.from(body, 'latin1')) : Buffer.alloc(0)
    socket.write(Buffer.concat([PREFACE, frame(TYPE.settings, 0, 0), head, data]))
  })
}

function frameTypes(bytes: Buffer): number[] {
  const types: number[] = []
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) types.push(bytes[at + 3] as number)
  return types
}

const request = (method = 'GET', path = '/v'): Fields => [
  [':method', method],
  [':scheme', 'http'],
  [':path', path],
  [':authority', 'a'],
]
const HIDDEN = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
const withField = (name: string, value: string): Fields => [...request('POST'), [name, value]]

const LINE_ENDS = ['\r\n', '\n', '\r', '\0', '\r\nTransfer-Encoding: chunked', `\r\n\r\n${HIDDEN}`]
const show = (text: string): string => JSON.stringify(text.slice(0, 8))

/** nghttp2 leaves such a field out, and the request goes on without it. */
const DROPPED: [name: string, fields: Fields][] = [
  ...LINE_ENDS.flatMap((text): [string, Fields][] => [
    [`${show(text)} in a value`, withField('x', `a${text}b`)],
    [`${show(text)} in a name`, withField(`x${text}y`, 'b')],
  ]),
  ['a colon in a name', withField('x: y', 'b')],
  ['a space in a name', withField('transfer-encoding ', 'chunked')],
  ['an empty name', withField('', 'b')],
]

/** Refused: nothing reaches the upstream. */
const REFUSED: [name: string, fields: Fields, body?: string][] = [
  ['H2.CL: length 0 with a body', withField('content-length', '0'), HIDDEN],
  ['H2.CL: shorter length', withField('content-length', '3'), `abc${HIDDEN}`],
  ['H2.CL: longer length', withField('content-length', '99'), 'abc'],
  ['signed length', withField('content-length', '+3'), 'abc'],
  ['two lengths', [...withField('content-length', '3'), ['content-length', '3']], 'abc'],
  ['list of lengths', withField('content-length', '3, 3'), 'abc'],
  ['H2.TE', withField('transfer-encoding', 'chunked'), `0\r\n\r\n${HIDDEN}`],
  ['connection', withField('connection', 'transfer-encoding')],
  ['keep-alive', withField('keep-alive', 'timeout=5')],
  ['proxy-connection', withField('proxy-connection', 'close')],
  ['upgrade', withField('upgrade', 'h2c')],
  ['te: chunked', withField('te', 'chunked')],
  ...LINE_ENDS.flatMap((text): [string, Fields][] => [
    [`${show(text)} in the path`, request('GET', `/v${text}`)],
    [`${show(text)} in the method`, request(`GET${text}`)],
    [`${show(text)} in the authority`, [...request().slice(0, 3), [':authority', `a${text}b`]]],
    [`${show(text)} in the scheme`, [[':scheme', `http${text}`], ...request().filter(([name]) => name !== ':scheme')]],
  ]),
  ['capitals in a name', withField('Transfer-Encoding', 'chunked')],
  ['a request line as method', request('GET /smuggled HTTP/1.1\r\nx: y')],
  ['a space in the method', request('GET /smuggled')],
  ['a space in the path', request('GET', '/v HTTP/1.1')],
  ['a fragment in the path', request('GET', '/v#x')],
  ['an absolute path', request('GET', 'http://b/v')],
  ['a path without a slash', request('GET', 'v')],
  ['an empty path', request('GET', '')],
  ['a URL as scheme', [[':scheme', 'http://b/x?'], ...request().filter(([name]) => name !== ':scheme')]],
  ['a path in the authority', [...request().slice(0, 3), [':authority', 'a/b']]],
  ['a user in the authority', [...request().slice(0, 3), [':authority', 'a@b']]],
  ['a port alone as authority', [...request().slice(0, 3), [':authority', ':80']]],
  ['no authority', request().slice(0, 3)],
  ['another Host', [...request(), ['host', 'b']]],
  ['two Hosts', [...request(), ['host', 'a'], ['host', 'a']]],
  ['two paths', [...request(), [':path', '/w']]],
  ['two methods', [...request(), [':method', 'POST']]],
  ['no method', request().slice(1)],
  ['an unknown pseudo-header field', [...request(), [':x', 'y']]],
  ['a pseudo-header field of responses', [...request(), [':status', '200']]],
  ['a pseudo-header field behind others', [[':method', 'GET'], ['x', 'y'], ...request().slice(1)]],
  [
    'CONNECT',
    [
      [':method', 'CONNECT'],
      [':authority', 'a:80'],
    ],
  ],
  ['extended CONNECT', [...request('CONNECT'), [':protocol', 'websocket']]],
]

describe('HTTP/2 to HTTP/1.1', () => {
  for (const [name, fields, body = ''] of REFUSED) {
    test(`refuses: ${name}`, async () => {
      const before = upstream.requests.length
      const how = await send(fields, body)
      assert.notEqual(how, 'silent')
      assert.deepEqual(upstream.requests.slice(before), [])
      assert.deepEqual(
        upstream.leftovers.filter(
          (bytes) => bytes.includes('smuggled') && /\r\n\r\n/.test(bytes.slice(0, bytes.indexOf('smuggled'))),
        ),
        [],
      )
    })
  }

  const forwarded: [name: string, fields: Fields, body: string][] = [
    ['a body that looks like a request', request('POST'), HIDDEN],
    ['te: trailers', withField('te', 'trailers'), ''],
    [
      'framing fields with an underscore',
      [...withField('transfer_encoding', 'chunked'), ['content_length', '0']],
      'abc',
    ],
    ['http2-settings', withField('http2-settings', 'AAMAAABkAAQAAP__'), ''],
    ['split cookies', [...request(), ['cookie', 'a=1'], ['cookie', 'b=2']], ''],
  ]
  for (const [name, fields] of DROPPED) forwarded.push([`without a field that has ${name}`, fields, ''])
  for (const [name, fields, body] of forwarded) {
    test(`forwards unambiguously: ${name}`, async () => {
      const before = upstream.requests.length
      assert.equal(await send(fields, body), 'answered')
      const reached = upstream.requests.slice(before)
      assert.deepEqual(
        reached.map((one) => [one.line, one.body]),
        [[`${fields[0]?.[1]} /v HTTP/1.1`, body]],
      )
      assert.deepEqual(reached.map(ambiguityOf), [undefined])
      assert.doesNotMatch((reached[0] as Recorded).head, /^(?:x|transfer|content_length)(?!-)|smuggled/im)
    })
  }
})
