// Posts log entries to an HTTP or HTTPS address, in batches.
import Type, { type Static } from 'typebox'
import { SERVER } from '../gateway/error-page.ts'
import { definePlugin } from '../gateway/plugin.ts'
import { oneOfTexts } from '../lib/schema-types.ts'
import { batchFields, bodyFields, checkLogger, entryFields, loggerMetadata } from './logging/fields.ts'
import { ADDRESS_PATTERN, checkAddress, createPoster } from './logging/http.ts'
import { createLogger, toJson } from './logging/logger.ts'

const schema = Type.Object({
  uri: Type.String({
    title: 'URI',
    description: 'where entries are posted to, http or https',
    pattern: ADDRESS_PATTERN,
    examples: ['http://127.0.0.1:8080/log'],
  }),
  auth_header: Type.Optional(
    Type.String({
      title: 'Authorization',
      description: 'value of the header Authorization',
      examples: ['Bearer a-token'],
    }),
  ),
  timeout: Type.Optional(
    Type.Integer({
      title: 'Timeout',
      description: 'seconds that a post may take',
      minimum: 1,
      default: 3,
      examples: [10],
    }),
  ),
  concat_method: Type.Optional(
    oneOfTexts(['json', 'new_line'], {
      title: 'Form of a batch',
      description: 'json: a JSON list (one object when batch_max_size is 1); new_line: a line of JSON for each entry',
      default: 'json',
      examples: ['new_line'],
    }),
  ),
  ssl_verify: Type.Optional(
    Type.Boolean({
      title: 'Verify certificate',
      description: 'check the certificate of the server',
      default: false,
      examples: [true],
    }),
  ),
  ...entryFields,
  ...bodyFields,
  ...batchFields('http logger'),
})
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'http-logger',
  version: 0.1,
  priority: 410,
  schema,
  metadataSchema: loggerMetadata,
  encrypted: ['auth_header'],
  check(conf, kind) {
    if (kind === 'plugin') checkAddress('uri', conf.uri)
    checkLogger(conf, kind)
  },
  setup(conf, env) {
    const lines = conf.concat_method === 'new_line'
    const headers: Record<string, string> = {
      'User-Agent': SERVER,
      'Content-Type': lines ? 'text/plain' : 'application/json',
    }
    if (conf.auth_header !== undefined) headers.Authorization = conf.auth_header
    const post = createPoster(env.http, {
      timeoutMs: (conf.timeout ?? 3) * 1000,
      tlsVerify: conf.ssl_verify ?? false,
    })
    return createLogger(conf, env, {
      toText(entry) {
        entry.route_id ??= 'no-matched'
        return JSON.stringify(entry)
      },
      concurrency: 4,
      deliver: (batch) => post(conf.uri, headers, lines ? batch.join('\n') : toJson(batch, conf.batch_max_size)),
    })
  },
})
