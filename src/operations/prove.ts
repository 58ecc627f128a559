// Shows by real requests that a change does what it should. Requests go to the target's own gateway address and nowhere else, see probe.ts; their
// number is bounded.
import { setTimeout as sleep } from 'node:timers/promises'
import { plainText } from '../lib/text.ts'
import { hideInUrls } from '../lib/url-secrets.ts'
import { type Kind, pluginsIn } from '../resources/kinds.ts'
import type { AdminClient } from './admin-client.ts'
import { OperationError } from './contract.ts'
import { digest, type ProbeAnswer, probe } from './probe.ts'
import { type BurstToProve, proveBurst } from './prove-burst.ts'
import { ANNOUNCED, type LimitToProve, ownHeaders, proveLimit } from './prove-limit.ts'
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
  /** The request is repeated until this limit refuses it. */
  limit?: LimitToProve
  /** The request is sent many times at once, so that this limit refuses some. */
  burst?: BurstToProve
}

export interface ProofLine {
  title: string
  request: string
  expected: string
  found: string
  ok: boolean
}

export const MAX_EXPECTATIONS = 20
const MAX_REQUESTS = 250
/** Between two tries of a line that is not as expected yet. */
const RETRY_MS = 100

export interface ProofOptions {
  signal?: AbortSignal | undefined
  /** Where a proof may make a consumer for itself; absent: nowhere. */
  consumers?: AdminClient | undefined
  /** Until this time of `performance.now()` a line is tried again: the target takes what was written some time to serve. */
  settledAt?: number | undefined
}

/** The requests of one line, at most. */
function requestsOf({ limit, burst, repeat = 1 }: Expectation): number {
  if (burst) return burst.not === undefined ? burst.calls : 1
  return limit && limit.not === undefined ? limit.count + 4 : repeat
}

/** As much of a table as one proof may send. */
export function withinBounds(expectations: readonly Expectation[]): Expectation[] {
  let requests = 0
  return expectations.slice(0, MAX_EXPECTATIONS).filter((one) => {
    const more = requestsOf(one)
    if (requests + more > MAX_REQUESTS) return false
    requests += more
    return true
  })
}

/** Runs the table, as long as somebody waits for it. Throws only when it asks for what is not allowed. */
export async function prove(
  expectations: Expectation[],
  target: Target,
  options: ProofOptions = {},
): Promise<ProofLine[]> {
  if (withinBounds(expectations).length < expectations.length) {
    const requests = expectations.reduce((sum, one) => sum + requestsOf(one), 0)
    throw new OperationError(
      'invalid',
      `a proof has at most ${MAX_EXPECTATIONS} lines and ${MAX_REQUESTS} requests; this one has ${expectations.length} and ${requests}`,
    )
  }
  // A limit by address is left to those who call from ours.
  const spare = expectations.some(({ limit, burst }) => (limit ?? burst)?.own === 'address')
  const lines: ProofLine[] = []
  for (const one of expectations) {
    const line = { ...one, headers: { ...(spare ? ownHeaders('address') : {}), ...one.headers } }
    if (!options.signal?.aborted) lines.push(shownOf(await proveSettled(line, target, options)))
  }
  return lines
}

/** Where a redirection leads may hold a secret. */
function shownOf(line: ProofLine): ProofLine {
  const { title, request, expected, found } = line
  return {
    ...line,
    title: hideInUrls(title),
    request: hideInUrls(request),
    expected: hideInUrls(expected),
    found: hideInUrls(found),
  }
}

async function proveSettled(line: Expectation, target: Target, options: ProofOptions): Promise<ProofLine> {
  for (;;) {
    const shown = await proveOne(line, target, options)
    const isUsedUp = line.burst || (line.limit && shown.title !== ANNOUNCED)
    if (shown.ok || isUsedUp || options.signal?.aborted || performance.now() >= (options.settledAt ?? 0)) return shown
    await sleep(RETRY_MS)
  }
}

async function proveOne(
  expectation: Expectation,
  target: Target,
  { signal, consumers }: ProofOptions,
): Promise<ProofLine> {
  const { title, method, path, expect, limit, burst, credential } = expectation
  const request = `${method} ${plainText(path, 200)}`
  const expected = [
    expect.shown ?? expect.status?.join(' or '),
    expect.header && `${expect.header.name}: ${expect.header.value}`,
  ]
    .filter(Boolean)
    .join(', ')
  try {
    const headers = { ...expectation.headers, ...(await credentialOf(expectation, target)) }
    if (limit || burst) {
      const send = (own: Record<string, string>): Promise<ProbeAnswer> =>
        probe(target, method, path, { ...headers, ...own }, signal)
      const { admin } = target
      const calling = { send, admin, keyHeader: credential?.header, consumers }
      if (burst) return { request, ...(await proveBurst({ ...calling, limit: burst })) }
      if (limit) return { request, ...(await proveLimit({ ...calling, limit })) }
    }
    if (expectation.sample)
      return { title, request, expected, ...(await takeSample(expectation, target, headers, signal)) }
    let answer: ProbeAnswer = { status: 0, headers: {}, body: '' }
    for (let i = 0; i < (expectation.repeat ?? 1); i++) answer = await probe(target, method, path, headers, signal)
    const unrouted = expect.shown !== undefined && isUnrouted(answer)
    const statusOk = !unrouted && (!expect.status || expect.status.includes(answer.status))
    const value = expect.header && String(answer.headers[expect.header.name.toLowerCase()] ?? 'absent')
    const headerOk = !expect.header || value === expect.header.value
    const found = [
      unrouted ? '404: no route takes this' : withHint(answer),
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
  const plugins = pluginsIn(holder?.value)
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

/** What a gateway says that reaches no API: the usual mistake of a first try. */
const UNREACHED = new Set([502, 504])

function withHint({ status }: ProbeAnswer): string {
  return UNREACHED.has(status) ? `${status} (is the API running?)` : String(status)
}
