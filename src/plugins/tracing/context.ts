// Trace contexts as they travel in headers: W3C Trace Context (`traceparent`) and B3 (`X-B3-*`, `b3`).
import type { HeaderList } from '../../gateway/headers.ts'
import { randomHex } from '../../lib/random-hex.ts'

export interface TraceContext {
  /** 32 hex digits, not all zero. */
  traceId: string
  /** 16 hex digits, not all zero. */
  spanId: string
  sampled: boolean
}

/** What B3 headers say; each part may be absent. */
export interface B3Context {
  traceId: string | undefined
  spanId: string | undefined
  parentId: string | undefined
  sampled: boolean | undefined
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const NOTHING = /^0+$/
const B3_TRACE_ID = /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/i
const B3_SPAN_ID = /^[0-9a-f]{16}$/i

export function newTraceId(): string {
  return randomHex(16)
}

export function newSpanId(): string {
  return randomHex(8)
}

/** 32 hex digits that are not all zero. */
export function isTraceId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text) && !NOTHING.test(text)
}

/** The caller's context; undefined when there is none or it is malformed (W3C Trace Context 3.2). */
export function readTraceparent(headers: HeaderList): TraceContext | undefined {
  const found = TRACEPARENT.exec(headers.get('traceparent') ?? '')
  if (!found) return undefined
  const [, version, traceId = '', spanId = '', flags = '', rest] = found
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  if (NOTHING.test(traceId) || NOTHING.test(spanId)) return undefined
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

export function toTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
}

/** The caller's context from `b3`, else from `X-B3-*`. Throws when an id or a decision is malformed. */
export function readB3(headers: HeaderList): B3Context {
  const single = headers.get('b3')
  const [traceId, spanId, decision, parentId] =
    single === undefined
      ? [
          headers.get('x-b3-traceid'),
          headers.get('x-b3-spanid'),
          headers.get('x-b3-flags') === '1' ? 'd' : headers.get('x-b3-sampled'),
          headers.get('x-b3-parentspanid'),
        ]
      : splitSingle(single)
  if (traceId !== undefined && !B3_TRACE_ID.test(traceId)) throw new Error('invalid b3 trace id')
  if (spanId !== undefined && !B3_SPAN_ID.test(spanId)) throw new Error('invalid b3 span id')
  if (parentId !== undefined && !B3_SPAN_ID.test(parentId)) throw new Error('invalid b3 parent span id')
  return { traceId: traceId?.toLowerCase(), spanId: spanId?.toLowerCase(), parentId, sampled: toDecision(decision) }
}

/** `traceid-spanid-decision-parentspanid`, the last two optional, or a decision alone. */
function splitSingle(text: string): (string | undefined)[] {
  const parts = text.split('-')
  return parts.length === 1 ? [undefined, undefined, text, undefined] : parts
}

function toDecision(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined
  if (text === '1' || text === 'd' || text === 'true') return true
  if (text === '0' || text === 'false') return false
  throw new Error('invalid b3 sampling decision')
}
