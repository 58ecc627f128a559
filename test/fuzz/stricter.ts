// Every difference to llhttp that is on purpose, with the clause that it follows. Whatever is not listed here fails the campaign.
import type { Difference } from './compare.ts'
import type { Outcome, Stream } from './outcome.ts'

interface Known {
  side?: Stream['side']
  /** The beginning of the refusal's reason: the gateway's, or in LAXER llhttp's. */
  reason: string
  /** Narrows it further. */
  when?(stream: Stream, ours: Outcome): boolean
  clause: string
  why: string
}

/** What the gateway refuses and llhttp takes. */
export const STRICTER: readonly Known[] = [
  {
    side: 'request',
    reason: 'CONNECT is not served',
    clause: 'RFC 9110 9.3.6',
    why: 'a reverse proxy is no tunnel to anywhere',
  },
  {
    side: 'request',
    reason: 'TRACE is not served',
    clause: 'RFC 9110 9.3.8',
    why: 'it shows fields that others have added',
  },
  {
    side: 'request',
    reason: 'PRI is not served',
    clause: 'RFC 9113 3.4',
    why: 'the method of the HTTP/2 preface is no method',
  },
  {
    reason: 'Transfer-Encoding in HTTP/1.0',
    clause: 'RFC 9112 6.1',
    why: 'faulty framing; an old recipient would not see the coding',
  },
  { reason: 'repeated Transfer-Encoding', clause: 'RFC 9112 6.1', why: 'chunked may be applied once' },
  {
    reason: 'the only transfer coding served is a single chunked',
    clause: 'RFC 9112 6.1, 7',
    why: 'a coding that is not understood hides the end of the body',
  },
  {
    reason: 'malformed Content-Length',
    clause: 'RFC 9110 8.6',
    why: 'a number that cannot be represented exactly must not be taken',
  },
  {
    reason: 'chunk size is too large',
    clause: 'RFC 9112 7.1',
    why: 'a recipient must not overflow; 13 digits, leading zeros included, are exact',
  },
  {
    reason: 'malformed chunk extension',
    clause: 'RFC 9112 7.1.1',
    why: 'an extension has a name, and one value at most',
  },
  ...[
    'Connection',
    'Keep-Alive',
    'TE',
    'Upgrade',
    'Host',
    'Expect',
    'Content-Length',
    'Transfer-Encoding',
    'Proxy-Connection',
    'Content_Length',
    'Transfer_Encoding',
    'HTTP2-Settings',
    'Proxy-Authorization',
  ].map((name) => ({
    reason: `${name} in the trailers`,
    clause: 'RFC 9110 6.5.1',
    why: 'framing, routing and connection fields must not be sent there',
  })),
  {
    side: 'request',
    reason: 'empty request-target',
    clause: 'RFC 9112 3',
    why: 'one space between method and target, not two',
  },
  {
    side: 'request',
    reason: 'illegal character in the request-target',
    clause: 'RFC 9112 3.2',
    why: 'no fragment, no byte above 127',
  },
  {
    side: 'request',
    reason: 'line ends with a bare LF',
    clause: 'RFC 9112 2.2',
    why: 'only whole empty lines may be skipped before a request',
  },
  {
    side: 'request',
    reason: 'method is not a token',
    clause: 'RFC 9112 2.2',
    why: 'the same, with a bare CR or LF in the first line',
  },
  {
    side: 'request',
    reason: 'malformed request line',
    clause: 'RFC 9112 3',
    why: 'a request without a version is HTTP/0.9',
  },
  { reason: 'malformed or unsupported HTTP version', clause: 'RFC 9112 2.3', why: 'this is HTTP/1.0 and HTTP/1.1' },
  { side: 'request', reason: 'no Host header', clause: 'RFC 9112 3.2', why: 'a server must answer it with 400' },
  { side: 'request', reason: 'repeated Host', clause: 'RFC 9112 3.2', why: 'a server must answer it with 400' },
  { side: 'request', reason: 'malformed Host', clause: 'RFC 9112 3.2', why: 'a server must answer it with 400' },
  {
    side: 'request',
    reason: 'only OPTIONS may have the target *',
    clause: 'RFC 9112 3.2.4',
    why: 'asterisk-form is for OPTIONS',
  },
  {
    side: 'request',
    reason: 'request-target is neither a path nor an absolute URL',
    clause: 'RFC 9112 3.2',
    why: 'there are four forms',
  },
  {
    side: 'request',
    reason: 'the absolute request-target and Host disagree',
    clause: 'RFC 9112 3.2.2',
    why: 'a client must send both alike; two readers could take two hosts',
  },
  {
    side: 'request',
    reason: 'the path has a malformed escape or climbs above the root',
    clause: 'RFC 3986 2.1, 5.2.4',
    why: 'routes match on the decoded path',
  },
  { side: 'request', reason: 'unknown expectation', clause: 'RFC 9110 10.1.1', why: 'a server may answer it with 417' },
  { side: 'request', reason: 'closes the connection', clause: 'RFC 9112 9.3', why: 'close beats keep-alive' },
  {
    side: 'response',
    reason: 'illegal character in the reason phrase',
    clause: 'RFC 9112 4',
    why: 'a reason phrase has no control characters',
  },
  {
    side: 'response',
    reason: 'malformed status code',
    clause: 'RFC 9110 15',
    why: 'a status is a number from 100 to 999',
  },
  {
    side: 'response',
    reason: 'the upstream switched to a protocol that was not asked for',
    clause: 'RFC 9110 15.2.2',
    why: '101 answers an Upgrade',
  },
]

/** What llhttp refuses and the gateway takes. */
export const LAXER: readonly Known[] = [
  {
    side: 'request',
    reason: 'HPE_INVALID_METHOD',
    when: (_, ours) => [...ours.messages, ours.partial].some((message) => message && isMethodOfItsOwn(message.start)),
    clause: 'RFC 9110 9.1',
    why: 'any token may be a method; llhttp knows a list',
  },
  {
    side: 'response',
    reason: 'HPE_CLOSED_CONNECTION',
    when: (_, ours) => Number(ours.messages[0]?.start) < 200,
    clause: 'RFC 9110 15.2',
    why: 'an interim response is followed by the final one, also when it says HTTP/1.0 or close',
  },
  {
    reason: 'HPE_INVALID_TRANSFER_ENCODING',
    when: ({ bytes }) => /transfer-encoding:[ \t]*chunked *\t[ \t]*\r\n/i.test(bytes),
    clause: 'RFC 9110 5.5, 5.6.3',
    why: 'a tab behind a value is no part of it; llhttp knows the space alone',
  },
]

const LLHTTP_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'M-SEARCH', 'QUERY'])

function isMethodOfItsOwn(start: string): boolean {
  return !LLHTTP_METHODS.has(start.slice(0, start.indexOf(' ')))
}

/** The entry that explains a difference, or undefined: then it is a finding. */
export function explain(difference: Difference, stream: Stream, ours: Outcome): Known | undefined {
  if (difference.kind === 'other') return undefined
  const list = difference.kind === 'stricter' ? STRICTER : LAXER
  return list.find(
    ({ side, reason, when }) =>
      (!side || side === stream.side) &&
      difference.reason.toLowerCase().startsWith(reason.toLowerCase()) &&
      (!when || when(stream, ours)),
  )
}
