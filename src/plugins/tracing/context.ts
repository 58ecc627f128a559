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

/** The caller's context from `b3`, else from `X-B3-*`; malformed ids begin a trace anew, as in APISIX. Throws when `b3` lacks one. */
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
  const sampled = toDecision(decision)
  const wellFormed =
    traceId !== undefined &&
    B3_TRACE_ID.test(traceId) &&
    [spanId, parentId].every((id) => id === undefined || B3_SPAN_ID.test(id))
  if (!wellFormed) return { traceId: undefined, spanId: undefined, sampled }
  return { traceId: traceId.toLowerCase(), spanId: spanId?.toLowerCase(), sampled }
}

/** `traceid-spanid-decision-parentspanid`, the last two optional, or a decision alone. */
function splitSingle(text: string): (string | undefined)[] {
  const parts = text.split('-')
  if (parts.length > 1) return parts
  if (toDecision(text) === undefined) throw new Error('b3 is neither a decision nor ids of a trace and a span')
  return [undefined, undefined, text, undefined]
}

function toDecision(text: string | undefined): boolean | undefined {
  if (text === '1' || text === 'd' || text === 'true') return true
  return text === '0' || text === 'false' ? false : undefined
}
