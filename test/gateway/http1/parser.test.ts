import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ChunkScanner } from '../../../src/gateway/http1/chunked.ts'
import { ParseError } from '../../../src/gateway/http1/head-rules.ts'
import { parseRequest, parseResponse } from '../../../src/gateway/http1/parser.ts'

const LIMITS = { headBytes: 8192, targetBytes: 2048, fields: 50 }

function request(text: string) {
  const buffer = Buffer.from(text, 'latin1')
  const head = parseRequest(buffer, 0, LIMITS)
  assert.ok(head, 'head is not complete')
  return head
}

function response(text: string) {
  const buffer = Buffer.from(text, 'latin1')
  const head = parseResponse(buffer, 0, LIMITS)
  assert.ok(head, 'head is not complete')
  return head
}

const refused = (text: string, status: number): void => {
  assert.throws(
    () => request(text),
    (error) => error instanceof ParseError && error.status === status,
    JSON.stringify(text),
  )
}

describe('request heads', () => {
  test('a plain request', () => {
    const head = request('GET /a?b=c HTTP/1.1\r\nHost: x.example:80\r\nX-Y:  z \t\r\n\r\n')
    assert.equal(head.method, 'GET')
    assert.equal(head.target, '/a?b=c')
    assert.equal(head.authority, 'x.example:80')
    assert.deepEqual(head.headers, ['Host', 'x.example:80', 'X-Y', 'z'])
    assert.equal(head.keepAlive, true)
    assert.equal(head.chunked, false)
    assert.equal(head.contentLength, -1)
  })

  test('keep-alive follows version and Connection', () => {
    assert.equal(request('GET / HTTP/1.0\r\n\r\n').keepAlive, false)
    assert.equal(request('GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n').keepAlive, true)
    assert.equal(request('GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n').keepAlive, false)
    assert.deepEqual(request('GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Hop, keep-alive\r\n\r\n').connectionNames, [
      'x-hop',
    ])
  })

  test('absolute form is reduced and must agree with Host', () => {
    const head = request('GET http://a.example/x?y HTTP/1.1\r\nHost: A.example\r\n\r\n')
    assert.equal(head.target, '/x?y')
    assert.equal(request('GET http://a HTTP/1.1\r\nHost: a\r\n\r\n').target, '/')
    refused('GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n', 400)
  })

  const host = 'Host: a\r\n'
  const cases: [string, string, number][] = [
    ['no Host in 1.1', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
    ['bad Host', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
    ['port without a host', 'GET / HTTP/1.1\r\nHost: :80\r\n\r\n', 400],
    ['Host with user', 'GET / HTTP/1.1\r\nHost: u@a\r\n\r\n', 400],
    ['both lengths', `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
    ['two Content-Lengths', `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 1\r\n\r\n`, 400],
    ['list of lengths', `POST / HTTP/1.1\r\n${host}Content-Length: 1, 1\r\n\r\n`, 400],
    ['signed length', `POST / HTTP/1.1\r\n${host}Content-Length: +1\r\n\r\n`, 400],
    ['hex length', `POST / HTTP/1.1\r\n${host}Content-Length: 0x1\r\n\r\n`, 400],
    ['huge length', `POST / HTTP/1.1\r\n${host}Content-Length: 99999999999999999999\r\n\r\n`, 400],
    ['empty length', `POST / HTTP/1.1\r\n${host}Content-Length: \r\n\r\n`, 400],
    ['coding before chunked', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501],
    ['coding twice', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
    ['chunked not last', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked, identity\r\n\r\n`, 501],
    ['obscured chunked', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: xchunked\r\n\r\n`, 501],
    ['chunked in 1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
    ['space before colon', `POST / HTTP/1.1\r\n${host}Transfer-Encoding : chunked\r\n\r\n`, 400],
    ['folded header', `GET / HTTP/1.1\r\n${host}X: a\r\n b\r\n\r\n`, 400],
    ['empty name', `GET / HTTP/1.1\r\n${host}: a\r\n\r\n`, 400],
    ['line without colon', `GET / HTTP/1.1\r\n${host}nonsense\r\n\r\n`, 400],
    ['NUL in a value', `GET / HTTP/1.1\r\n${host}X: a\0b\r\n\r\n`, 400],
    ['bare CR in a value', `GET / HTTP/1.1\r\n${host}X: a\rb\r\n\r\n`, 400],
    ['bare LF between headers', `GET / HTTP/1.1\r\n${host}X: a\nY: b\r\n\r\n`, 400],
    ['two spaces', `GET  / HTTP/1.1\r\n${host}\r\n`, 400],
    ['tab as separator', `GET\t/ HTTP/1.1\r\n${host}\r\n`, 400],
    ['version 2.0', `GET / HTTP/2.0\r\n${host}\r\n`, 505],
    ['lower-case version', `GET / http/1.1\r\n${host}\r\n`, 400],
    ['method with a slash', `G/T / HTTP/1.1\r\n${host}\r\n`, 400],
    ['raw UTF-8 in the target', `GET /\xc3\xa9 HTTP/1.1\r\n${host}\r\n`, 400],
    ['fragment in the target', `GET /#x HTTP/1.1\r\n${host}\r\n`, 400],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', 405],
    ['authority form', `GET a:1 HTTP/1.1\r\n${host}\r\n`, 400],
    ['star for GET', `GET * HTTP/1.1\r\n${host}\r\n`, 400],
    ['unknown expectation', `GET / HTTP/1.1\r\n${host}Expect: magic\r\n\r\n`, 417],
    ['two expectations', `GET / HTTP/1.1\r\n${host}Expect: magic\r\nExpect: 100-continue\r\n\r\n`, 417],
    ['the method of the HTTP/2 preface', `PRI * HTTP/1.1\r\n${host}\r\n`, 405],
    ['long target', `GET /${'a'.repeat(3000)} HTTP/1.1\r\n${host}\r\n`, 414],
    ['many headers', `GET / HTTP/1.1\r\n${host}${'X: y\r\n'.repeat(60)}\r\n`, 431],
    ['large head', `GET / HTTP/1.1\r\n${host}X: ${'y'.repeat(9000)}\r\n\r\n`, 431],
  ]
  for (const [name, text, status] of cases) test(`refuses: ${name}`, () => refused(text, status))

  test('a head that has begun with a bare LF is refused before it is complete', () => {
    assert.throws(() => parseRequest(Buffer.from('GET / HTTP/1.1\nHost: a\n\n'), 0, LIMITS), ParseError)
  })

  test('an incomplete head waits, at every byte', () => {
    const text = `GET /a HTTP/1.1\r\n${host}X: y\r\n\r\n`
    for (let i = 0; i < text.length; i++)
      assert.equal(parseRequest(Buffer.from(text.slice(0, i)), 0, LIMITS), undefined)
    assert.equal(parseRequest(Buffer.from(text), 0, LIMITS)?.headLength, text.length)
  })

  test('a head longer than the first look, with a body behind it', () => {
    const text = `GET /a HTTP/1.1\r\n${host}X: ${'y'.repeat(5000)}\r\n\r\n`
    const head = parseRequest(Buffer.from(`..${text}${'z'.repeat(5000)}`), 2, LIMITS)
    assert.equal(head?.headLength, text.length)
    assert.deepEqual(head?.headers.slice(2), ['X', 'y'.repeat(5000)])
  })
})

describe('response heads', () => {
  test('a plain response', () => {
    const head = response('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n')
    assert.equal(head.status, 200)
    assert.equal(head.contentLength, 5)
  })
  test('without a reason phrase', () => assert.equal(response('HTTP/1.1 204\r\n\r\n').status, 204))
  for (const text of [
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 20 OK\r\n\r\n',
    'HTTP/1.1 2000 OK\r\n\r\n',
    'HTTP/1.1 1e2 OK\r\n\r\n',
    'HTTP/1.1 099 OK\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX : y\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n',
  ]) {
    test(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => response(text), ParseError))
  }
})

describe('chunked bodies', () => {
  const whole = '4;ext="a"\r\nWiki\r\nA\r\n0123456789\r\n0\r\nX-T: v\r\n\r\n'

  test('the same data however it is split', () => {
    for (let i = 0; i <= whole.length; i++) {
      const scanner = new ChunkScanner(400)
      let data = ''
      const take = (chunk: Buffer): void => {
        data += chunk.toString()
      }
      scanner.scan(Buffer.from(whole.slice(0, i)), 0, take)
      scanner.scan(Buffer.from(whole.slice(i)), 0, take)
      assert.equal(data, 'Wiki0123456789')
      assert.equal(scanner.done, true)
      assert.equal(scanner.trailers?.get('x-t'), 'v')
    }
  })

  test('stops at the end of the body: what follows is not its', () => {
    const scanner = new ChunkScanner(400)
    const bytes = Buffer.from('0\r\n\r\nGET / HTTP/1.1\r\n')
    assert.equal(scanner.scan(bytes, 0, undefined), 5)
  })

  for (const text of [
    'x\r\n',
    '\r\n',
    '-1\r\n',
    '0x1\r\n',
    ' 1\r\n',
    '1 \r\n',
    '1\n',
    '1\r\nab\r\n',
    '1\r\na\n',
    'fffffffffffffff\r\n',
    `1;${'x'.repeat(5000)}\r\n`,
    '1;a\r\nx\r\n'.repeat(3000),
    '1;\r\n',
    '1; a\r\n',
    '1;a="b\r\n',
    '1;a=\r\n',
    '1;\xe9\r\n',
    '0\r\nContent-Length: 4\r\n\r\n',
    '0\r\nTransfer-Encoding: chunked\r\n\r\n',
    '0\r\nHost: b\r\n\r\n',
    '0\r\nX y\r\n\r\n',
    '0\r\n X: y\r\n\r\n',
    '0\r\nX: \x7f\r\n\r\n',
    '1\r\naxx1\r\n',
    '1\r\na\rx1\r\n',
    `0\r\nX: ${'y'.repeat(9000)}\r\n\r\n`,
    `0\r\n${'X: y\r\n'.repeat(3000)}\r\n`,
  ]) {
    test(`refuses ${JSON.stringify(text.slice(0, 30))}`, () => {
      assert.throws(() => new ChunkScanner(400).scan(Buffer.from(text), 0, () => {}), ParseError)
    })
  }
})
