// Sends log entries to Splunk's HTTP Event Collector.
import { hostname } from 'node:os'
import Type, { type Static } from 'typebox'
import { SERVER } from '../gateway/error-page.ts'
import type { Exchange } from '../gateway/exchange.ts'
import { createHttpClient } from '../gateway/http-client.ts'
import { definePlugin } from '../gateway/plugin.ts'
import { defaultEntry, type Entry } from './logging/entry.ts'
import { batchFields, checkLogger, entryFields, loggerMetadata } from './logging/fields.ts'
import { NO_BODIES } from './logging/format.ts'
import { ADDRESS_PATTERN, checkAddress, createPoster, keepaliveTimeoutField, verifyField } from './logging/http.ts'
import { createLogger } from './logging/logger.ts'

const schema = Type.Object({
  endpoint: Type.Object(
    {
      uri: Type.String({
        title: 'URI',
        description: 'address of the event collector',
        pattern: ADDRESS_PATTERN,
        examples: ['http://127.0.0.1:8088/services/collector'],
      }),
      token: Type.String({ title: 'Token', description: 'token of the event collector', examples: ['a-token'] }),
      channel: Type.Optional(
        Type.String({
          title: 'Channel',
          description: 'channel for acknowledgements, header X-Splunk-Request-Channel',
          examples: ['FE0ECFAD-13D5-401B-847D-77833BD77131'],
        }),
      ),
      timeout: Type.Optional(
        Type.Integer({
          title: 'Timeout',
          description: 'seconds that a request may take',
          minimum: 1,
          default: 10,
          examples: [60],
        }),
      ),
      keepalive_timeout: keepaliveTimeoutField,
    },
    {
      title: 'Endpoint',
      description: 'the event collector',
      examples: [{ uri: 'http://127.0.0.1:8088/services/collector', token: 'a-token' }],
    },
  ),
  ssl_verify: verifyField,
  ...entryFields,
  ...batchFields('splunk-hec-logging'),
})
type Conf = Static<typeof schema>

/** What APISIX calls itself there: searches and dashboards look for it. */
const SOURCE = 'apache-apisix-splunk-hec-logging'
const HOST = hostname()

export default definePlugin<Conf>({
  name: 'splunk-hec-logging',
  version: 0.1,
  priority: 409,
  schema,
  metadataSchema: loggerMetadata,
  encrypted: ['endpoint.token'],
  check(conf, kind) {
    if (kind === 'plugin') checkAddress('endpoint.uri', conf.endpoint.uri)
    checkLogger(conf, kind)
  },
  setup(conf, env) {
    const { uri, token, channel, timeout = 10, keepalive_timeout: idleMs = 60_000 } = conf.endpoint
    const client = createHttpClient({ idleMs })
    const post = createPoster(client, { timeoutMs: timeout * 1000, tlsVerify: conf.ssl_verify ?? true })
    const headers: Record<string, string> = {
      'User-Agent': SERVER,
      'Content-Type': 'application/json',
      Authorization: `Splunk ${token}`,
    }
    if (channel !== undefined) headers['X-Splunk-Request-Channel'] = channel
    return createLogger(conf, env, {
      makeEntry: toEvent,
      toText: (event) =>
        JSON.stringify({ time: env.now() / 1000, host: HOST, source: SOURCE, sourcetype: '_json', event }),
      concurrency: 4,
      // One event after the other, as the collector reads them.
      deliver: (batch) => post(uri, headers, batch.join('')),
      close: () => client.close(),
    })
  },
})

/** The default entry as APISIX flattens it for Splunk. */
function toEvent(ctx: Exchange): Entry {
  const { request, response, latency, upstream } = defaultEntry(ctx, NO_BODIES) as {
    request: Entry
    response: Entry
    latency: number
    upstream: string | undefined
  }
  return {
    request_url: request.url,
    request_method: request.method,
    request_headers: request.headers,
    request_query: request.querystring,
    request_size: request.size,
    response_headers: response.headers,
    response_status: response.status,
    response_size: response.size,
    latency,
    upstream,
  }
}
