// The recorded exchanges of a real APISIX in `recordings/`: one JSON document per line. A scenario's lines belong together, in their order,
// and start from an empty gateway.
import { readFileSync } from 'node:fs'

export interface RecordedRequest {
  method?: string
  path: string
  headers?: Record<string, string>
  /** An object is sent as JSON, text as it is. */
  body?: unknown
  chunked?: boolean
  expect_continue?: boolean
  /** Text frames to send after an upgrade. */
  ws?: string[]
  /** All bytes of the request. */
  raw?: string
  sign?: HmacSignature
  repeat?: number
  count_by?: string
  parallel?: boolean
  stagger_ms?: number
  vary?: boolean
  timing?: number
  timeout_ms?: number
  sni?: string
}

/** What the client side of hmac-auth signs. */
export interface HmacSignature {
  key_id: string
  secret: string
  algorithm: string
  headers: string[]
  digest?: boolean | string
  date_offset_s?: number
  path?: string
  break?: boolean
}

export interface RecordedResponse {
  status: number
  headers?: Record<string, string | string[]>
  absent_headers?: string[]
  body?: unknown
  counts?: Record<string, number>
  slow?: boolean
  continued?: boolean
}

export interface Recorded {
  scenario: string
  step: number
  target: string
  request: RecordedRequest
  response: RecordedResponse
  /** Did not repeat on the same APISIX: sent, not compared. */
  unstable?: boolean
  wait_ms?: number
  capture?: Record<string, string>
  capture_cookie?: boolean
  view?: string
  match?: { body?: MatchMode }
  tolerance?: number
  volatile?: string[]
  volatile_headers?: string[]
}

export type MatchMode = 'exact' | 'subset' | 'unordered' | 'query-unordered' | 'ignore'

/** The lines of `recordings/FILE`, such as `admin.jsonl` or `plugins/cors.jsonl`. */
export function readRecording(file: string): Recorded[] {
  const text = readFileSync(new URL(`recordings/${file}`, import.meta.url), 'utf8')
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Recorded)
}

/** A difference from APISIX that is wanted. Without `step`: in the whole scenario. */
export interface Difference {
  scenario: string
  step?: number
  why: string
}

export function readDifferences(): Difference[] {
  return JSON.parse(readFileSync(new URL('differences.json', import.meta.url), 'utf8')) as Difference[]
}
