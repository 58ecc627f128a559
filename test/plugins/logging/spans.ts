// What a collector reads from exports of OpenTelemetry's traces (OTLP, protobuf).
import protobuf from 'protobufjs'

/** The parts of opentelemetry-proto's trace messages that are looked at here. */
const Request = protobuf
  .parse(
    `syntax = "proto3";
    message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
    message KeyValue { string key = 1; AnyValue value = 2; }
    message Status { string message = 2; int32 code = 3; }
    message Span {
      bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
      fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; Status status = 15;
    }
    message Scope { string name = 1; string version = 2; }
    message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
    message Resource { repeated KeyValue attributes = 1; }
    message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
    message Request { repeated ResourceSpans resource_spans = 1; }`,
    { keepCase: true },
  )
  .root.lookupType('Request')

interface KeyValue {
  key: string
  value: Record<string, string | number | boolean>
}
export interface Decoded {
  trace_id: string
  span_id: string
  parent_span_id?: string
  trace_state?: string
  name: string
  kind: number
  start_time_unix_nano: string
  end_time_unix_nano: string
  attributes: KeyValue[]
  status?: { code: number; message: string }
}

export const toObject = (attributes: KeyValue[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

export interface Exported {
  resource: Record<string, unknown>
  spans: Decoded[]
}

/** Spans and resource of these bodies of exports, as latin1 text. */
export function decodeExports(bodies: string[]): Exported {
  const requests = bodies.map((body) => {
    const message = Request.decode(Buffer.from(body, 'latin1'))
    return Request.toObject(message, { bytes: String, longs: String }) as {
      resource_spans: { resource: { attributes: KeyValue[] }; scope_spans: { spans: Decoded[] }[] }[]
    }
  })
  const parts = requests.flatMap(({ resource_spans }) => resource_spans)
  return {
    resource: toObject(parts[0]?.resource.attributes ?? []),
    spans: parts.flatMap(({ scope_spans }) => scope_spans.flatMap(({ spans }) => spans)),
  }
}
