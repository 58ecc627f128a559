// Shows by real requests that a change does what it should. Requests go to the target's own gateway address and nowhere else: the path begins
// with `/` and is joined to that address, never parsed as a URL of its own; their number and the bytes that are read are bounded.
import { createHash } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import { percentEncode } from '../lib/percent-encode.ts'
import { plainText } from '../lib/text.ts'
import type { Kind } from '../resources/kinds.ts'
import { OperationError } from './contract.ts'
import type { Target } from './targets.ts'

/** One line of an expectation table. */
export interface Expectation {
  /** What it shows, for people: `no key`. */
  title: string
  method: string
  path: string
  headers?: Record<string, string>
  /** Credential to send: the value of the consumer's secret field is read with the admin key and never shown. */
  credential?: { kind: Kind; id: string; plugin: string; field: string; header: string }
  /** `shown` stands for a long list of statuses. */
  expect: { status?: number[]; shown?: string; header?: { name: string; value: string } }
  /** Number of requests; the last one is judged, of a sample each. */
  repeat?: number
  /** The requests are a sample of two versions, of which the newer one has this share in percent. */
  sample?: { share: number }
}

export interface ProofLine {
  title: string
  request: string
  expected: string
  found: string
  ok: boolean
}

export const MAX_EXPECTATIONS = 20
const MAX_REQUESTS = 150
const MAX_BODY_BYTES = 64 * 1024
const TIMEOUT_MS = 5000
/** For a whole answer, however it trickles in. */
const DEADLINE_MS = 10_000

/** Runs the table, as long as somebody waits for it. Throws only when it asks for what is not allowed. */
export async function prove(expectations: Expectation[], target: Target, signal?: AbortSignal): Promise<ProofLine[]> {
  const requests = expectations.reduce((sum, one) => sum + (one.repeat ?? 1), 0)
  if (expectations.length > MAX_EXPECTATIONS || requests > MAX_REQUESTS) {
    throw new OperationError(
      'invalid',
      `a proof has at most ${MAX_EXPECTATIONS} lines and ${MAX_REQUESTS} requests; this one has ${expectations.length} and ${requests}`,
    )
  }
  const lines: ProofLine[] = []
  for (const one of expectations) {
    if (signal?.aborted) break
    lines.push(await proveOne(one, target, signal))
  }
  return lines
}

async function proveOne(expectation: Expectation, target: Target, signal?: AbortSignal): Promise<ProofLine> {
  const { title, method, path, expect } = expectation
  const request = `${method} ${plainText(path, 200)}`
  const expected = [
    expect.shown ?? expect.status?.join(' or '),
    expect.header && `${expect.header.name}: ${expect.header.value}`,
  ]
    .filter(Boolean)
    .join(', ')
  try {
    const headers = { ...expectation.headers, ...(await credentialOf(expectation, target)) }
    if (expectation.sample)
      return { title, request, expected, ...(await takeSample(expectation, target, headers, signal)) }
    let answer: ProbeAnswer = { status: 0, headers: {}, body: '' }
    for (let i = 0; i < (expectation.repeat ?? 1); i++) answer = await probe(target, method, path, headers, signal)
    const unrouted = expect.shown !== undefined && isUnrouted(answer)
    const statusOk = !unrouted && (!expect.status || expect.status.includes(answer.status))
    const value = expect.header && String(answer.headers[expect.header.name.toLowerCase()] ?? 'absent')
    const headerOk = !expect.header || value === expect.header.value
    const found = [
      unrouted ? '404: no route takes this' : String(answer.status),
      expect.header && `${expect.header.name}: ${plainText(value as string, 100)}`,
    ]
      .filter(Boolean)
      .join(', ')
    return { title, request, expected, found, ok: statusOk && headerOk }
  } catch (error) {
    return { title, request, expected, found: plainText((error as Error).message, 200), ok: false }
  }
}

/** How many standard deviations a share may be away from what it should be. */
const MAX_DEVIATIONS = 3

/**
 * Every request must be answered as expected. Which version answered nobody tells; where there are just two different bodies they stand for the two
 * versions, and their shares are judged too.
 */
async function takeSample(
  { method, path, expect, repeat = 1, sample }: Expectation,
  target: Target,
  headers: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<Pick<ProofLine, 'found' | 'ok'>> {
  const bodies = new Map<string, number>()
  let good = 0
  for (let i = 0; i < repeat; i++) {
    const answer = await probe(target, method, path, headers, signal)
    if (!expect.status || expect.status.includes(answer.status)) good++
    bodies.set(answer.body, (bodies.get(answer.body) ?? 0) + 1)
  }
  const counts = [...bodies.values()].sort((a, b) => b - a)
  const share = (sample?.share ?? 0) / 100
  const allowed = Math.max(1, MAX_DEVIATIONS * Math.sqrt(repeat * share * (1 - share)))
  const near = counts.some((count) => Math.abs(count - repeat * share) <= allowed)
  const told =
    counts.length === 2 ? `${counts.join(' and ')} of two kinds` : 'the answers do not tell the versions apart'
  return { found: `${good} of ${repeat} answered, ${told}`, ok: good === repeat && (counts.length !== 2 || near) }
}

async function credentialOf({ credential }: Expectation, target: Target): Promise<Record<string, string>> {
  if (!credential) return {}
  const holder = await target.admin.get(credential.kind, credential.id)
  const plugins = (holder?.value.plugins ?? {}) as Record<string, Record<string, unknown>>
  const value = plugins[credential.plugin]?.[credential.field]
  if (typeof value !== 'string')
    throw new OperationError(
      'not_found',
      `${credential.kind}/${credential.id} has no ${credential.plugin} ${credential.field}`,
    )
  return { [credential.header]: value }
}

const UNROUTED = new Set(['', '\n'].map((end) => digest(`{"error_msg":"404 Route Not Found"}${end}`)))

/** Whether the gateway itself has answered, for want of a route: that is no answer of an API. */
function isUnrouted({ status, body }: ProbeAnswer): boolean {
  return status === 404 && UNROUTED.has(body)
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** As a client sends it: what a request line cannot hold is encoded, what is encoded already stays. */
function percentEncoded(path: string): string {
  return percentEncode(path, /[^\x21-\x7e]/gu)
}

interface ProbeAnswer {
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
    host: base.hostname.replace(/^\[|\]$/g, ''),
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
