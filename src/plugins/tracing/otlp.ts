// OTLP's trace messages in protobuf's binary form, as much of them as a gateway's spans need. Field numbers are those of
// opentelemetry/proto/trace/v1/trace.proto and collector/trace/v1/trace_service.proto.

export type Attribute = [name: string, value: string | number | boolean]

export interface Span {
  traceId: string
  spanId: string
  parentSpanId: string | undefined
  traceState: string | undefined
  name: string
  /** Milliseconds since the epoch. */
  startMs: number
  endMs: number
  attributes: Attribute[]
  /** Why the span failed; undefined: it did not. */
  failure: string | undefined
}

const KIND_SERVER = 2
const STATUS_ERROR = 2
const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2

/** One message `Span`. */
export function encodeSpan(span: Span): Buffer {
  const parts = [bytes(1, Buffer.from(span.traceId, 'hex')), bytes(2, Buffer.from(span.spanId, 'hex'))]
  if (span.traceState !== undefined) parts.push(text(3, span.traceState))
  if (span.parentSpanId !== undefined) parts.push(bytes(4, Buffer.from(span.parentSpanId, 'hex')))
  parts.push(text(5, span.name), number(6, KIND_SERVER), time(7, span.startMs), time(8, span.endMs))
  for (const attribute of span.attributes) parts.push(bytes(9, keyValue(attribute)))
  if (span.failure !== undefined) parts.push(bytes(15, Buffer.concat([text(2, span.failure), number(3, STATUS_ERROR)])))
  return Buffer.concat(parts)
}

/** An `ExportTraceServiceRequest` with spans made by `encodeSpan`. */
export function encodeExport(resource: Attribute[], scope: { name: string; version: string }, spans: Buffer[]): Buffer {
  const attributes = Buffer.concat(resource.map((attribute) => bytes(1, keyValue(attribute))))
  const scopeSpans = [
    bytes(1, Buffer.concat([text(1, scope.name), text(2, scope.version)])),
    ...spans.map((span) => bytes(2, span)),
  ]
  return bytes(1, Buffer.concat([bytes(1, attributes), bytes(2, Buffer.concat(scopeSpans))]))
}

function keyValue([name, value]: Attribute): Buffer {
  return Buffer.concat([text(1, name), bytes(2, anyValue(value))])
}

function anyValue(value: string | number | boolean): Buffer {
  if (typeof value === 'string') return text(1, value)
  if (typeof value === 'boolean') return number(2, value ? 1 : 0)
  if (Number.isSafeInteger(value) && value >= 0) return number(3, value)
  const double = Buffer.alloc(8)
  double.writeDoubleLE(value)
  return Buffer.concat([varint(4 * 8 + FIXED64), double])
}

function text(field: number, value: string): Buffer {
  return bytes(field, Buffer.from(value))
}

function bytes(field: number, value: Buffer): Buffer {
  return Buffer.concat([varint(field * 8 + LENGTH_DELIMITED), varint(value.length), value])
}

function number(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8 + VARINT), varint(value)])
}

/** Nanoseconds since the epoch; microseconds are what a double holds of them. */
function time(field: number, ms: number): Buffer {
  const nanoseconds = Buffer.alloc(8)
  nanoseconds.writeBigUInt64LE(BigInt(Math.round(ms * 1000)) * 1000n)
  return Buffer.concat([varint(field * 8 + FIXED64), nanoseconds])
}

/** Base 128, least significant group first; arithmetic, since shifts would cut numbers at 32 bits. */
function varint(value: number): Buffer {
  const groups: number[] = []
  let rest = value
  while (rest >= 128) {
    groups.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  groups.push(rest)
  return Buffer.from(groups)
}
