// One request to a target's gateway: the path begins with `/` and is joined to the gateway's own address, never parsed as a URL of its own; time and
// the bytes that are read are bounded.
import { createHash, hash } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import { withoutBrackets } from '../lib/address.ts'
import { percentEncode } from '../lib/percent.ts'
import { OperationError } from './contract.ts'

const MAX_BODY_BYTES = 64 * 1024
const TIMEOUT_MS = 5000
/** For a whole answer, however it trickles in. */
const DEADLINE_MS = 10_000

/** As a client sends it: what a request line cannot hold is encoded, what is encoded already stays. */
function percentEncoded(path: string): string {
  return percentEncode(path, /[^\x21-\x7e]/gu)
}

export interface ProbeAnswer {
  status: number
  headers: http.IncomingHttpHeaders
  /** A digest of it: to compare, not to read. */
  body: string
}

/** One request to the target's gateway. */
export function probe(
  target: { gatewayUrl: string },
  method: string,
  path: string,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<ProbeAnswer> {
  if (!/^\/[^\s\0]*$/.test(path))
    throw new OperationError('invalid', `the path of a probe begins with / and has no blanks: ${JSON.stringify(path)}`)
  const base = new URL(target.gatewayUrl)
  const { promise, resolve, reject } = Promise.withResolvers<ProbeAnswer>()
  let answered = false
  // Host and port come from the settings; `path` is only ever the request-target.
  const request = (base.protocol === 'https:' ? https : http).request({
    host: withoutBrackets(base.hostname),
    port: base.port || (base.protocol === 'https:' ? 443 : 80),
    method,
    path: percentEncoded(path),
    headers,
    timeout: TIMEOUT_MS,
    signal: AbortSignal.any([AbortSignal.timeout(DEADLINE_MS), ...(signal ? [signal] : [])]),
    agent: false,
  })
  request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)))
  request.on('error', reject)
  // Another protocol instead of an answer (101): the connection is closed, and there is neither response nor error.
  request.on('close', () => {
    if (!answered) reject(new Error('the connection was closed without an answer'))
  })
  request.on('response', (response) => {
    answered = true
    response.on('error', () => response.destroy()) // cut in the body: its head is what is judged
    let bytes = 0
    const body = createHash('sha256')
    response.on('data', (chunk: Buffer) => {
      body.update(chunk)
      bytes += chunk.length
      if (bytes > MAX_BODY_BYTES) response.destroy()
    })
    response.on('close', () =>
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: body.digest('hex') }),
    )
  })
  request.end()
  return promise
}

/** What `ProbeAnswer.body` is for this text. */
export function digest(text: string): string {
  return hash('sha256', text)
}
