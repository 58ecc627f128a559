// Indexes log entries in Elasticsearch (7 or newer) or OpenSearch over the bulk API.
import Type, { type Static } from 'typebox'
import { SERVER } from '../gateway/error-page.ts'
import { definePlugin, type PluginEnv } from '../gateway/plugin.ts'
import { batchFields, bodyFields, checkLogger, entryFields, loggerMetadata } from './logging/fields.ts'
import { checkEndpoints, createPoster, endpointsField, headersField, pickOne, verifyField } from './logging/http.ts'
import { createLogger } from './logging/logger.ts'

const schema = Type.Object({
  endpoint_addrs: endpointsField('Elasticsearch', 'http://127.0.0.1:9200'),
  field: Type.Object(
    {
      index: Type.String({
        title: 'Index',
        description: 'index that entries go to',
        minLength: 1,
        examples: ['gateway'],
      }),
    },
    { title: 'Field', description: 'where entries go', examples: [{ index: 'gateway' }] },
  ),
  auth: Type.Optional(
    Type.Object(
      {
        username: Type.String({ title: 'User', description: 'name of the user', minLength: 1, examples: ['elastic'] }),
        password: Type.String({ title: 'Password', description: 'password', minLength: 1, examples: ['a-password'] }),
      },
      {
        title: 'Authentication',
        description: 'user and password (HTTP Basic)',
        examples: [{ username: 'elastic', password: 'a-password' }],
      },
    ),
  ),
  headers: headersField('further headers of the request, such as an API key', 'ApiKey a-key'),
  ssl_verify: verifyField,
  timeout: Type.Optional(
    Type.Integer({
      title: 'Timeout',
      description: 'seconds that a request may take',
      minimum: 1,
      default: 10,
      examples: [30],
    }),
  ),
  ...entryFields,
  ...bodyFields,
  ...batchFields('elasticsearch-logger'),
})
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'elasticsearch-logger',
  version: 0.1,
  priority: 413,
  schema,
  metadataSchema: loggerMetadata,
  encrypted: ['auth.password', 'headers'],
  check(conf, kind) {
    if (kind === 'plugin' && 'type' in conf.field)
      throw new Error(
        'property "field.type" is not supported: Elasticsearch has no types since version 8; leave it out',
      )
    if (kind === 'plugin') checkEndpoints(conf)
    checkLogger(conf, kind)
  },
  setup(conf, env) {
    const post = createPoster(env.http, {
      timeoutMs: (conf.timeout ?? 10) * 1000,
      tlsVerify: conf.ssl_verify ?? true,
    })
    const headers = headersOf(conf)
    // `create` is what a data stream takes too.
    const action = `${JSON.stringify({ create: { _index: conf.field.index } })}\n`
    return createLogger(conf, env, {
      concurrency: 4,
      async deliver(batch) {
        const body = batch.map((entry) => `${action}${entry}\n`).join('')
        reportRefused(await post(`${pickOne(conf.endpoint_addrs)}/_bulk`, headers, body), env)
      },
    })
  },
})

function headersOf({ auth, headers }: Conf): Record<string, string> {
  const basic = auth && Buffer.from(`${auth.username}:${auth.password}`).toString('base64')
  return {
    'User-Agent': SERVER,
    ...(basic === undefined ? {} : { Authorization: `Basic ${basic}` }),
    ...headers,
    'Content-Type': 'application/x-ndjson',
  }
}

/** A bulk request succeeds even when single entries were refused; sending all of them again would store the others twice. */
function reportRefused(answer: string, env: PluginEnv): void {
  const { errors, items } = parse(answer)
  if (errors !== true) return
  const refused = (items ?? []).map(({ create }) => create?.error).filter(Boolean)
  env.log.error({ entries: refused.length, first: refused[0] }, 'elasticsearch refused log entries')
}

function parse(answer: string): { errors?: boolean; items?: { create?: { error?: unknown } }[] } {
  try {
    return JSON.parse(answer) as ReturnType<typeof parse>
  } catch {
    return {} // answers with a status of success that are not JSON come from something in between
  }
}
