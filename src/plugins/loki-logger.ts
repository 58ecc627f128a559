// Pushes log entries to Grafana Loki over its HTTP API. Entries with the same labels are one stream.
import Type, { type Static } from 'typebox'
import { SERVER } from '../gateway/error-page.ts'
import type { Exchange } from '../gateway/exchange.ts'
import { createHttpClient } from '../gateway/http-client.ts'
import { definePlugin } from '../gateway/plugin.ts'
import { batchFields, bodyFields, checkLogger, entryFields, loggerMetadata } from './logging/fields.ts'
import { compileFormat, type Format, NO_BODIES } from './logging/format.ts'
import {
  checkEndpoints,
  createPoster,
  endpointsField,
  headersField,
  keepaliveTimeoutField,
  pickOne,
  verifyField,
} from './logging/http.ts'
import { createLogger } from './logging/logger.ts'

const schema = Type.Object({
  endpoint_addrs: endpointsField('Loki', 'http://127.0.0.1:3100'),
  endpoint_uri: Type.Optional(
    Type.String({
      title: 'Path',
      description: 'path of the push API',
      minLength: 1,
      default: '/loki/api/v1/push',
      examples: ['/loki/api/v1/push'],
    }),
  ),
  tenant_id: Type.Optional(
    Type.String({
      title: 'Tenant',
      description: 'value of the header X-Scope-OrgID',
      default: 'fake',
      examples: ['tenant-1'],
    }),
  ),
  headers: headersField(
    'further headers of a push, such as Authorization; X-Scope-OrgID and Content-Type are not taken from here',
    'Bearer a-token',
  ),
  log_labels: Type.Optional(
    Type.Record(Type.String(), Type.String({ minLength: 1 }), {
      title: 'Labels',
      description: 'labels of the streams; a value that begins with `$` is a variable',
      default: { job: 'apisix' },
      examples: [{ job: 'gateway', route: '$route_id' }],
    }),
  ),
  ssl_verify: verifyField,
  timeout: Type.Optional(
    Type.Integer({
      title: 'Timeout',
      description: 'milliseconds that a push may take',
      minimum: 1,
      maximum: 60000,
      default: 3000,
      examples: [10000],
    }),
  ),
  keepalive: Type.Optional(
    Type.Boolean({
      title: 'Keep connections',
      description: 'use a connection for several pushes',
      default: true,
      examples: [false],
    }),
  ),
  keepalive_timeout: keepaliveTimeoutField,
  keepalive_pool: Type.Optional(
    Type.Integer({
      title: 'Kept connections',
      description: 'unused connections that stay open',
      minimum: 1,
      default: 5,
      examples: [10],
    }),
  ),
  ...entryFields,
  ...bodyFields,
  ...batchFields('loki logger'),
})
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'loki-logger',
  version: 0.1,
  priority: 414,
  schema,
  metadataSchema: loggerMetadata,
  encrypted: ['headers'],
  check(conf, kind) {
    if (kind === 'plugin') checkEndpoints(conf)
    checkLogger(conf, kind)
  },
  setup(conf, env) {
    const labels = compileFormat(conf.log_labels ?? { job: 'apisix' })
    const client = createHttpClient({
      idleMs: conf.keepalive_timeout ?? 60_000,
      maxIdle: conf.keepalive_pool ?? 5,
    })
    const post = createPoster(client, { timeoutMs: conf.timeout ?? 3000, tlsVerify: conf.ssl_verify ?? true })
    const headers = {
      ...ownHeaders(conf),
      'Content-Type': 'application/json',
      'X-Scope-OrgID': conf.tenant_id ?? 'fake',
      ...(conf.keepalive === false ? { Connection: 'close' } : {}),
    }
    const path = conf.endpoint_uri ?? '/loki/api/v1/push'
    return createLogger(conf, env, {
      toText(entry, ctx) {
        entry.route_id ??= 'no-matched'
        // As it waits: labels, time, entry on three lines. JSON as it is written here has no line feeds of its own.
        return `${labelsOf(ctx, labels)}\n${startOf(ctx, env.now())}\n${JSON.stringify(entry)}`
      },
      concurrency: 4,
      deliver: (batch) => post(pickOne(conf.endpoint_addrs) + path, headers, toPush(batch)),
      close: () => client.close(),
    })
  },
})

/** Names in lower case, so that a field that is set here replaces one of the configuration. */
function ownHeaders({ headers }: Conf): Record<string, string> {
  const own = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const)
  const { 'content-type': _, 'x-scope-orgid': __, ...rest } = Object.fromEntries(own)
  return { 'user-agent': SERVER, ...rest }
}

/** When the request began, in nanoseconds: more digits than a number holds. */
function startOf({ startedAt }: Exchange, nowMs: number): string {
  return `${Math.round(nowMs - (performance.now() - startedAt))}000000`
}

function labelsOf(ctx: Exchange, labels: Format): string {
  const found = labels.make(ctx, NO_BODIES)
  return JSON.stringify(Object.fromEntries(Object.entries(found).map(([name, value]) => [name, String(value)])))
}

function toPush(batch: string[]): string {
  const streams = new Map<string, string[]>()
  for (const text of batch) {
    const [labels = '', time = '', line = ''] = text.split('\n')
    const values = streams.get(labels)
    const value = `["${time}",${JSON.stringify(line)}]`
    if (values) values.push(value)
    else streams.set(labels, [value])
  }
  const written = [...streams].map(([labels, values]) => `{"stream":${labels},"values":[${values.join(',')}]}`)
  return `{"streams":[${written.join(',')}]}`
}
