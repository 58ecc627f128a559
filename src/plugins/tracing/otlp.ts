// OTLP's trace messages in protobuf's binary form, as much of them as a gateway's spans need. Field numbers are those of
// opentelemetry/proto/trace/v1/trace.proto and collector/trace/v1/trace_service.proto.
//
// A span is written for every sampled request: it goes into one scratch buffer, without a buffer for each of its parts, and is copied out whole.

export type AttributeValue = string | number | boolean
export type Attribute = [name: string, value: AttributeValue]

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
const TWO_32 = 2 ** 32
/** Bytes of a field's tag, its length or its number at most. */
const MAX_HEAD_BYTES = 20

/** One message `Span`. */
export function encodeSpan(span: Span): Buffer {
  const out = SCRATCH
  out.reset()
  out.id(1, span.traceId)
  out.id(2, span.spanId)
  if (span.traceState !== undefined) out.text(3, span.traceState)
  if (span.parentSpanId !== undefined) out.id(4, span.parentSpanId)
  out.text(5, span.name)
  out.number(6, KIND_SERVER)
  out.time(7, span.startMs)
  out.time(8, span.endMs)
  for (const [name, value] of span.attributes) out.keyValue(9, name, value)
  if (span.failure !== undefined) {
    out.head(15, textSize(span.failure) + 2)
    out.text(2, span.failure)
    out.number(3, STATUS_ERROR)
  }
  return out.copy()
}

/** An `ExportTraceServiceRequest` with spans made by `encodeSpan`. */
export function encodeExport(resource: Attribute[], scope: { name: string; version: string }, spans: Buffer[]): Buffer {
  const attributes = written((out) => {
    for (const [name, value] of resource) out.keyValue(1, name, value)
  })
  const scopeText = written((out) => {
    out.text(1, scope.name)
    out.text(2, scope.version)
  })
  const scopeSpans = Buffer.concat([delimited(1, scopeText), ...spans.map((span) => delimited(2, span))])
  return delimited(1, Buffer.concat([delimited(1, attributes), delimited(2, scopeSpans)]))
}

function written(write: (out: Writer) => void): Buffer {
  SCRATCH.reset()
  write(SCRATCH)
  return SCRATCH.copy()
}

function delimited(field: number, value: Buffer): Buffer {
  return Buffer.concat([written((out) => out.head(field, value.length)), value])
}

/** Bytes of a text field below 16, tag and length included. */
function textSize(value: string): number {
  const bytes = Buffer.byteLength(value)
  return 1 + varintSize(bytes) + bytes
}

function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++
  return size
}

class Writer {
  #bytes = Buffer.allocUnsafeSlow(4096)
  #at = 0

  reset(): void {
    this.#at = 0
  }

  copy(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#at))
  }

  /** Tag and length of a message that follows. */
  head(field: number, length: number): void {
    this.#room(MAX_HEAD_BYTES)
    this.#varint(field * 8 + LENGTH_DELIMITED)
    this.#varint(length)
  }

  text(field: number, value: string): void {
    const length = Buffer.byteLength(value)
    this.head(field, length)
    this.#room(length)
    this.#bytes.write(value, this.#at)
    this.#at += length
  }

  /** An id of hex digits. */
  id(field: number, hex: string): void {
    const length = hex.length / 2
    this.head(field, length)
    this.#room(length)
    this.#bytes.write(hex, this.#at, 'hex')
    this.#at += length
  }

  number(field: number, value: number): void {
    this.#room(MAX_HEAD_BYTES)
    this.#varint(field * 8 + VARINT)
    this.#varint(value)
  }

  /** Nanoseconds since the epoch; microseconds are what a double holds of them. */
  time(field: number, ms: number): void {
    this.#room(MAX_HEAD_BYTES)
    this.#varint(field * 8 + FIXED64)
    const us = Math.round(ms * 1000)
    const low = (us % TWO_32) * 1000
    this.#bytes.writeUInt32LE(low % TWO_32, this.#at)
    this.#bytes.writeUInt32LE((Math.floor(us / TWO_32) * 1000 + Math.floor(low / TWO_32)) % TWO_32, this.#at + 4)
    this.#at += 8
  }

  keyValue(field: number, name: string, value: AttributeValue): void {
    const size = valueSize(value)
    this.head(field, textSize(name) + 1 + varintSize(size) + size)
    this.text(1, name)
    this.head(2, size)
    if (typeof value === 'string') this.text(1, value)
    else if (typeof value === 'boolean') this.number(2, value ? 1 : 0)
    else if (isCount(value)) this.number(3, value)
    else this.#double(4, value)
  }

  #double(field: number, value: number): void {
    this.#room(MAX_HEAD_BYTES)
    this.#varint(field * 8 + FIXED64)
    this.#at = this.#bytes.writeDoubleLE(value, this.#at)
  }

  /** Base 128, least significant group first; arithmetic, since shifts would cut numbers at 32 bits. */
  #varint(value: number): void {
    let rest = value
    while (rest >= 128) {
      this.#bytes[this.#at++] = (rest % 128) + 128
      rest = Math.floor(rest / 128)
    }
    this.#bytes[this.#at++] = rest
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + bytes))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}

const SCRATCH = new Writer()

function valueSize(value: AttributeValue): number {
  if (typeof value === 'string') return textSize(value)
  if (typeof value === 'boolean') return 2
  return isCount(value) ? 1 + varintSize(value) : 9
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
