// Streams of requests and responses: by the grammar with odd values here and there, then, half of them, damaged at random.
import type { Stream } from './outcome.ts'
import type { Random } from './random.ts'

const METHODS = [
  'GET',
  'GET',
  'POST',
  'POST',
  'PUT',
  'HEAD',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'get',
  'CONNECT',
  'TRACE',
  'PRI',
  'M-SEARCH',
  'QUERY',
  'FOO',
]
const TARGETS = [
  '/',
  '/',
  '/a?b=c',
  '/a/../b',
  '/%41',
  '*',
  'http://a/x',
  'http://a',
  'http://b/',
  'https://a:443/?q',
  '/a#b',
  '/ä',
  'a',
  '/\t',
  '/"<>\\^`{|}',
  '//a',
  '/?',
  'http:///',
  'urn:x',
]
const VERSIONS = [
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/1.2',
  'HTTP/2.0',
  'HTTP/0.9',
  'http/1.1',
  'HTTP/1.1 ',
  'HTTP/01.1',
  'HTTP/1.',
  'HTTP/11',
  'RTSP/1.0',
  'ICE/1.0',
  '',
]
const HOSTS = ['a', 'a', 'a:80', '[::1]:8080', '', 'a b', 'a@b', 'a/b', 'a,b', 'ä', '127.0.0.1']
const LENGTHS = [
  '0',
  '1',
  '2',
  '3',
  '5',
  '05',
  '+3',
  '-1',
  '3,3',
  '3, 3',
  '0x3',
  '',
  ' 3 ',
  '3 4',
  '3;a',
  '1e1',
  '9007199254740993',
  '18446744073709551617',
  '99999999999999999999999',
  '3\t',
  '3_0',
]
const CODINGS = [
  'chunked',
  'chunked',
  'chunked',
  'Chunked',
  'chunked ',
  'xchunked',
  'chunked, chunked',
  'gzip, chunked',
  'chunked, gzip',
  'identity',
  'chunked;q=1',
  ',chunked',
  'chunked,',
  '"chunked"',
  'chun ked',
  '\x0bchunked',
  'chunked\x00',
  'identity, chunked',
  '',
  'gzip',
]
const CONNECTIONS = [
  'close',
  'keep-alive',
  'Keep-Alive',
  'close, keep-alive',
  'x',
  'X, Close',
  'upgrade',
  'Content-Length',
  'Transfer-Encoding',
  ',',
  'close;',
  'host',
  'keep-alive, upgrade',
  'closed',
  'clos e',
]
const UPGRADES = ['websocket', 'h2c', 'foo/1', '']
const NAMES = [
  'X',
  'X-Long-Name',
  'Accept',
  'x',
  'Content-Length ',
  'Content_Length',
  'Transfer-Encoding ',
  'Foo(',
  '',
  ' X',
  '\tX',
  'X\x00',
  'Xä',
  'Expect',
  'TE',
  'Trailer',
  'Connection ',
  "!#$%&'*+-.^_`|~",
  'X:',
]
const VALUES = [
  'y',
  'a b',
  ' padded ',
  '',
  'é',
  'a\tb',
  'a\x00b',
  'a\rb',
  'a\nb',
  'a\x7fb',
  'a\x01b',
  'a\x0bb',
  '100-continue',
  'a\r\n b',
  'a\r\n\tb',
  'x'.repeat(60),
  '\x80\xff',
  'trailers',
]
const SIZES = [
  '',
  '0',
  '00',
  '+',
  '-',
  '0x',
  'g',
  ' ',
  '1 ',
  '1\t',
  'FFFFFFFFFFFFFFFFF',
  '123456789abcdef01',
  '10000000000000000',
]
const EXTENSIONS = [
  '',
  '',
  '',
  '',
  ';a',
  ';a=b',
  ';a="b"',
  '; a=b',
  ' ;a',
  ';a\n',
  ';\r',
  ';',
  ';a=b\x00',
  ';a="\r\n"',
  ';a="b\\"c"',
  ';é',
  '\t;a',
  ';a=b;c',
  ' ',
  ';a="b',
  ';\x7f',
  ';a\rb',
  ';;a',
  ';=b',
]
const ENDINGS = [
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\n',
  '\r',
  '',
  '\n\r',
  '\r\r\n',
  '\r\n\r\n',
  '\0\r\n',
]
const STATUSES = [
  '200 OK',
  '200 OK',
  '200 OK',
  '200',
  '200 ',
  '204 No Content',
  '304 Not Modified',
  '404 Not Found',
  '100 Continue',
  '103 Early Hints',
  '101 Switching Protocols',
  '099 X',
  '1e2 X',
  '20 X',
  '2000 X',
  '600 X',
  '999 X',
  ' 200 OK',
  '+20 X',
  '200\tOK',
  '200 O\x00K',
  '200 Oé',
  '200 O\rK',
  '205 Reset Content',
]
const FRAGMENTS = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '\r\n\r\n',
  '\x0b',
  '\x7f',
  '\x80',
  '\xff',
  '0',
  '1',
  'f',
  'chunked',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  'HTTP/1.1',
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  '0\r\n\r\n',
  '"',
  '%',
  '-',
  '+',
]

/** A stream of one side; the same `random` gives the same stream. */
export function generate(random: Random, side: Stream['side']): Stream {
  const method = side === 'response' ? random.pick(['GET', 'GET', 'GET', 'POST', 'HEAD']) : ''
  let bytes = side === 'request' ? requests(random) : responses(random)
  if (random.once(3)) bytes = mutate(random, bytes)
  return { side, bytes, method }
}

function requests(random: Random): string {
  let bytes = random.once(12) ? random.pick(['\r\n', '\r\n\r\n', '\n', '\r', ' ']) : ''
  for (let i = random.pick([1, 1, 2, 2, 3]); i > 0; i--) bytes += request(random)
  return bytes
}

function request(random: Random): string {
  const space = (): string => odd(random, ' ', ['  ', '\t', '', '\r'])
  const line = `${odd(random, random.pick(['GET', 'POST']), METHODS, 6)}${space()}${odd(random, '/a', TARGETS, 6)}${space()}${odd(random, 'HTTP/1.1', VERSIONS, 10)}${ending(random)}`
  const fields = random.once(30)
    ? ''
    : `${odd(random, 'Host', ['host', 'Host ', 'HOST'])}: ${odd(random, 'a', HOSTS)}${ending(random)}`
  return `${line}${fields}${rest(random, false)}`
}

function responses(random: Random): string {
  let bytes = ''
  for (let i = random.pick([0, 0, 0, 1, 2]); i > 0; i--)
    bytes += `HTTP/1.1 ${random.pick(['100 Continue', '103 Early Hints'])}\r\n${random.once(2) ? 'Link: x\r\n' : ''}\r\n`
  bytes += `${odd(random, 'HTTP/1.1', VERSIONS, 8)}${odd(random, ' ', ['  ', '\t', ''])}${odd(random, '200 OK', STATUSES, 3)}${ending(random)}${rest(random, true)}`
  if (random.once(8))
    bytes += random.pick(['HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil', 'x', '\r\n', '\n', '\0'])
  return bytes
}

/** Fields, empty line and body. */
function rest(random: Random, mayEndWithConnection: boolean): string {
  const lines: string[] = []
  const framing = random.below(mayEndWithConnection ? 4 : 5)
  if (framing === 1 || random.once(25)) lines.push(`Content-Length: ${odd(random, '3', LENGTHS, 4)}`)
  if (framing === 2 || framing === 3 || random.once(25))
    lines.push(
      `${odd(random, 'Transfer-Encoding', ['transfer-encoding', 'Transfer_Encoding', 'Transfer-Encoding '])}:${odd(random, ' ', ['', '\t', '  ', '\x0b', '\r\n '])}${odd(random, 'chunked', CODINGS, 5)}`,
    )
  if (random.once(5)) lines.push(`Connection: ${random.pick(CONNECTIONS)}`)
  if (random.once(12)) lines.push(`Upgrade: ${random.pick(UPGRADES)}`)
  for (let i = random.below(3); i > 0; i--) lines.push(field(random))
  if (lines.length && random.once(10)) lines.push(random.pick(lines))
  shuffle(random, lines)
  const head = lines.map((line) => line + ending(random)).join('') + ending(random)
  const body =
    framing === 1
      ? 'abc'
      : framing >= 2 && framing <= 3
        ? chunks(random)
        : mayEndWithConnection && framing === 0
          ? 'to the end'
          : ''
  return head + (random.once(20) ? body.slice(0, random.below(body.length + 1)) : body)
}

function field(random: Random): string {
  const name = odd(random, 'X-A', NAMES, 4)
  return `${name}${odd(random, ': ', [':', ' :', '', ':\t', ' '])}${odd(random, 'b', VALUES, 3)}`
}

function chunks(random: Random): string {
  let text = ''
  for (let i = random.below(3); i > 0; i--) {
    const data = random.pick(['abc', 'x', '\r\n', '0\r\n\r\n', 'y'.repeat(17)])
    const size = odd(
      random,
      data.length.toString(16),
      [...SIZES, data.length.toString(16).toUpperCase(), `0${data.length}`],
      8,
    )
    text += `${size}${odd(random, '', EXTENSIONS, 3)}${ending(random)}${data}${ending(random)}`
  }
  text += `${odd(random, '0', ['00', '', '000000000000000000', '0 ', '-0'])}${odd(random, '', EXTENSIONS, 6)}${ending(random)}`
  for (let i = random.pick([0, 0, 0, 1, 2]); i > 0; i--) text += `${field(random)}${ending(random)}`
  return text + ending(random)
}

function ending(random: Random): string {
  return odd(random, '\r\n', ENDINGS, 30)
}

/** `usual`, or one of `others`: once in `times` with a few hundred bytes a stream leaves about half of all streams legal. */
function odd(random: Random, usual: string, others: readonly string[], times = 12): string {
  return random.once(times * 6) ? random.pick(others) : usual
}

function mutate(random: Random, bytes: string): string {
  let text = bytes
  for (let i = random.pick([1, 1, 1, 2, 4]); i > 0; i--) text = mutateOnce(random, text)
  return text
}

function mutateOnce(random: Random, text: string): string {
  const at = random.below(text.length + 1)
  switch (random.below(7)) {
    case 0:
      return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1)
    case 1:
      return text.slice(0, at) + random.pick(FRAGMENTS) + text.slice(at)
    case 2:
      return text.slice(0, at) + text.slice(at + 1 + random.below(3))
    case 3:
      return text.slice(0, at) + text.slice(at).replace('\r\n', random.pick(ENDINGS))
    case 4:
      return text.slice(0, at) + random.pick(FRAGMENTS) + text.slice(at + 1)
    case 5: {
      const lines = text.split('\r\n')
      lines.splice(random.below(lines.length), 0, random.pick(lines))
      return lines.join('\r\n')
    }
    default:
      return random.once(4) ? text.slice(0, at) : text + text.slice(at)
  }
}

function shuffle(random: Random, items: string[]): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const other = items[j] as string
    items[j] = items[i] as string
    items[i] = other
  }
}
