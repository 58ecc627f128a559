// The schema of an upstream, which also stands inline in routes, services and stream routes.
import Type, { type TSchema } from 'typebox'
import { checkPair } from './certificate-check.ts'
import { closedObject, Desc, HOST_PATTERN, Id, Labels, Name, stamps, Timeout } from './schema-parts.ts'

const Port = Type.Integer({ minimum: 1, maximum: 65535 })

const Nodes = Type.Unsafe<unknown>({
  title: 'Nodes',
  description: 'Backends: a map from host:port to weight, or a list.',
  example: { '127.0.0.1:8080': 1 },
  anyOf: [
    { type: 'object', patternProperties: { '.*': { type: 'integer', minimum: 0 } } },
    {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          host: { type: 'string', pattern: HOST_PATTERN },
          port: Port,
          weight: { type: 'integer', minimum: 0 },
          priority: { type: 'integer', default: 0 },
          metadata: { type: 'object' },
        },
        required: ['host', 'weight'],
      },
    },
  ],
})

const Statuses = (values: number[]) => ({
  type: 'array',
  minItems: 1,
  items: { type: 'integer', minimum: 200, maximum: 599 },
  uniqueItems: true,
  default: values,
})
const Count = (value: number) => ({ type: 'integer', minimum: 0, maximum: 254, default: value })
const Probe = { type: 'string', enum: ['http', 'https', 'tcp'], default: 'http' }
const HEALTHY = [200, 201, 202, 203, 204, 205, 206, 207, 208, 226]
const REDIRECTS = [300, 301, 302, 303, 304, 305, 306, 307, 308]

const ActiveCheck = {
  type: 'object',
  properties: {
    type: Probe,
    timeout: { type: 'number', default: 1 },
    concurrency: { type: 'integer', default: 10 },
    host: { type: 'string', pattern: HOST_PATTERN },
    port: Port,
    http_path: { type: 'string', default: '/' },
    https_verify_certificate: { type: 'boolean', default: true },
    healthy: {
      type: 'object',
      properties: {
        interval: { type: 'integer', minimum: 1, default: 1 },
        http_statuses: Statuses([200, 302]),
        successes: { type: 'integer', minimum: 1, maximum: 254, default: 2 },
      },
    },
    unhealthy: {
      type: 'object',
      properties: {
        interval: { type: 'integer', minimum: 1, default: 1 },
        http_statuses: Statuses([429, 404, 500, 501, 502, 503, 504, 505]),
        http_failures: { type: 'integer', minimum: 1, maximum: 254, default: 5 },
        tcp_failures: { type: 'integer', minimum: 1, maximum: 254, default: 2 },
        timeouts: { type: 'integer', minimum: 1, maximum: 254, default: 3 },
      },
    },
    req_headers: { type: 'array', minItems: 1, items: { type: 'string' } },
  },
}

const PassiveCheck = {
  type: 'object',
  properties: {
    type: Probe,
    healthy: {
      type: 'object',
      properties: { http_statuses: Statuses([...HEALTHY, ...REDIRECTS]), successes: Count(5) },
    },
    unhealthy: {
      type: 'object',
      properties: {
        http_statuses: Statuses([429, 500, 503]),
        tcp_failures: Count(2),
        timeouts: Count(7),
        http_failures: Count(5),
      },
    },
  },
}

const Checks = Type.Unsafe<unknown>({
  title: 'Health checks',
  type: 'object',
  anyOf: [{ required: ['active'] }, { required: ['active', 'passive'] }],
  properties: { active: ActiveCheck, passive: PassiveCheck },
  additionalProperties: false,
})

const Tls = Type.Unsafe<unknown>({
  title: 'TLS to the upstream',
  type: 'object',
  properties: {
    client_cert_id: Id,
    client_cert: { type: 'string', minLength: 128, maxLength: 65536 },
    client_key: { type: 'string', minLength: 64, maxLength: 65536 },
    verify: { type: 'boolean', default: false },
  },
  dependencies: {
    client_cert: { required: ['client_key'], not: { required: ['client_cert_id'] } },
    client_key: { required: ['client_cert'], not: { required: ['client_cert_id'] } },
    client_cert_id: { not: { anyOf: [{ required: ['client_cert'] }, { required: ['client_key'] }] } },
  },
})

const KeepalivePool = Type.Unsafe<unknown>({
  title: 'Keep-alive pool',
  type: 'object',
  properties: {
    size: { type: 'integer', minimum: 1, default: 320 },
    idle_timeout: { type: 'number', minimum: 0, default: 60 },
    requests: { type: 'integer', minimum: 1, default: 1000 },
  },
})

export const UpstreamSchema: TSchema = closedObject(
  {
    ...stamps,
    name: Type.Optional(Name),
    desc: Type.Optional(Desc),
    labels: Type.Optional(Labels),
    type: Type.Optional(
      Type.String({
        title: 'Balancer',
        description: 'roundrobin, chash, least_conn or ewma.',
        default: 'roundrobin',
      }),
    ),
    nodes: Type.Optional(Nodes),
    service_name: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    discovery_type: Type.Optional(Type.String()),
    discovery_args: Type.Optional(Type.Unsafe<unknown>({ type: 'object' })),
    hash_on: Type.Optional(
      Type.Unsafe<string>({
        type: 'string',
        enum: ['vars', 'header', 'cookie', 'consumer', 'vars_combinations'],
        default: 'vars',
      }),
    ),
    key: Type.Optional(Type.String({ description: 'What chash hashes, for example remote_addr or arg_id.' })),
    scheme: Type.Optional(
      Type.Unsafe<string>({
        description:
          'How nodes are spoken to: http, https, grpc and grpcs for routes; tcp, tls and udp for stream routes.',
        enum: ['grpc', 'grpcs', 'http', 'https', 'tcp', 'tls', 'udp', 'kafka'],
        default: 'http',
      }),
    ),
    pass_host: Type.Optional(
      Type.Unsafe<string>({ type: 'string', enum: ['pass', 'node', 'rewrite'], default: 'pass' }),
    ),
    upstream_host: Type.Optional(Type.String({ pattern: HOST_PATTERN })),
    retries: Type.Optional(Type.Integer({ minimum: 0 })),
    retry_timeout: Type.Optional(Type.Number({ minimum: 0, description: 'Seconds.' })),
    timeout: Type.Optional(Timeout),
    keepalive_pool: Type.Optional(KeepalivePool),
    checks: Type.Optional(Checks),
    tls: Type.Optional(Tls),
  },
  { oneOf: [{ required: ['nodes'] }, { required: ['service_name', 'discovery_type'] }] },
)

const KEY_PATTERNS: Record<string, RegExp> = {
  vars: /^((uri|server_name|server_addr|request_uri|remote_port|remote_addr|query_string|host|hostname|mqtt_client_id)|arg_[0-9a-zA-z_-]+)$/,
  header: /^[a-zA-Z0-9-_]+$/,
  cookie: /^[a-zA-Z0-9-_]+$/,
}

/** APISIX takes any text, for balancers that its users have written in Lua. */
const BALANCERS: ReadonlySet<unknown> = new Set(['roundrobin', 'chash', 'least_conn', 'ewma'])

/** What the schema cannot say about an upstream; undefined when nothing is wrong. Worded as APISIX does. */
export function checkUpstream(upstream: Record<string, unknown>): string | undefined {
  if (upstream.pass_host === 'rewrite' && !upstream.upstream_host)
    return "`upstream_host` can't be empty when `pass_host` is `rewrite`"
  if (upstream.scheme === 'kafka')
    return 'scheme "kafka" is not served here: use http, https, grpc or grpcs for routes, and tcp, tls or udp for stream routes'
  if (upstream.type !== undefined && !BALANCERS.has(upstream.type))
    return `type ${JSON.stringify(upstream.type)} is no balancer here: use ${[...BALANCERS].join(', ')}`
  const refused = checkDiscovery(upstream) ?? checkProbe(upstream.checks) ?? checkClientCertificate(upstream.tls)
  if (refused !== undefined) return refused
  return checkNodePorts(upstream.nodes) ?? (upstream.type === 'chash' ? checkHashKey(upstream) : undefined)
}

interface Probed {
  timeout?: number
  concurrency?: number
  http_path?: string
  req_headers?: string[]
}

/** What a request to a node could not be made of; an APISIX sends it as it is, or leaves it out. */
function checkProbe(checks: unknown): string | undefined {
  const { active } = (checks ?? {}) as { active?: Probed }
  const { timeout, concurrency, http_path: path, req_headers: lines = [] } = active ?? {}
  if (concurrency !== undefined && concurrency < 1) return `checks.active.concurrency is ${concurrency}: use 1 or more`
  if (timeout !== undefined && timeout <= 0) return `checks.active.timeout is ${timeout}: use seconds above 0`
  if (path !== undefined && !/^\/[!-~]*$/.test(path))
    return `checks.active.http_path ${JSON.stringify(path)} is no path: begin it with / and percent-encode blanks and other letters than ASCII's`
  const wrong = lines.find((line) => !HEADER_LINE.test(line))
  if (wrong === undefined) return undefined
  const name = JSON.stringify(wrong.split(':', 1)[0])
  return `checks.active.req_headers: the line that begins with ${name} is no header: write "Name: value"`
}

/** RFC 9110 5.1 and 5.5. */
const HEADER_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ -~\t\x80-\xff]*$/

function checkDiscovery({ discovery_type: type, discovery_args: args }: Record<string, unknown>): string | undefined {
  if (type !== undefined && type !== 'dns')
    return `discovery_type ${JSON.stringify(type)} is not served here: use "dns" (SRV, A and AAAA records), or write the nodes`
  return args === undefined ? undefined : 'discovery_args is not used by discovery_type "dns": leave it out'
}

function checkNodePorts(nodes: unknown): string | undefined {
  if (nodes === null || typeof nodes !== 'object' || Array.isArray(nodes)) return undefined
  for (const address of Object.keys(nodes)) {
    const port = /^(?:[^:]*|\[.*\]):([^:]*)$/.exec(address)?.[1]
    if (port !== undefined && !(/^\d+$/.test(port) && Number(port) >= 1 && Number(port) <= 65535))
      return `invalid port ${port}`
  }
  return undefined
}

/** A key that does not belong to its certificate would break every handshake. */
function checkClientCertificate(tls: unknown): string | undefined {
  const { client_cert: cert, client_key: key } = (tls ?? {}) as { client_cert?: string; client_key?: string }
  return cert === undefined || key === undefined ? undefined : checkPair(cert, key)
}

function checkHashKey({ hash_on: hashOn = 'vars', key }: Record<string, unknown>): string | undefined {
  if (hashOn === 'consumer') return undefined
  if (typeof key !== 'string') return 'missing key'
  const pattern = KEY_PATTERNS[String(hashOn)]
  if (!pattern || pattern.test(key)) return undefined
  return `invalid configuration: failed to match pattern "${pattern.source}" with "${key}"`
}
