// Sends log entries to a TCP or TLS server as JSON. Each batch has a connection of its own, whose end is the end of the batch.
import Type, { type Static } from 'typebox'
import { definePlugin } from '../gateway/plugin.ts'
import { batchFields, bodyFields, checkLogger, entryFields, loggerMetadata } from './logging/fields.ts'
import { createLogger, toJson } from './logging/logger.ts'
import { sendOnce } from './logging/socket.ts'

const schema = Type.Object({
  host: Type.String({
    title: 'Host',
    description: 'address or name of the server',
    minLength: 1,
    examples: ['127.0.0.1'],
  }),
  port: Type.Integer({
    title: 'Port',
    description: 'port of the server',
    minimum: 0,
    maximum: 65535,
    examples: [5044],
  }),
  tls: Type.Optional(
    Type.Boolean({
      title: 'TLS',
      description: "encrypt the connection; the server's certificate is checked",
      default: false,
      examples: [true],
    }),
  ),
  tls_options: Type.Optional(
    Type.String({
      title: 'TLS server name',
      description: 'name that is asked for (SNI) and that the certificate must hold, instead of the host',
      minLength: 1,
      examples: ['logs.example.com'],
    }),
  ),
  timeout: Type.Optional(
    Type.Integer({
      title: 'Timeout',
      description: 'milliseconds that connecting and sending may take, each',
      minimum: 1,
      default: 1000,
      examples: [3000],
    }),
  ),
  ...entryFields,
  ...bodyFields,
  ...batchFields('tcp logger'),
})
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'tcp-logger',
  version: 0.1,
  priority: 405,
  schema,
  metadataSchema: loggerMetadata,
  check: checkLogger,
  setup(conf, env) {
    const { host, port } = conf
    const tls = conf.tls ? { serverName: conf.tls_options } : undefined
    const address = { host, port, timeoutMs: conf.timeout ?? 1000, tls }
    return createLogger(conf, env, { deliver: (batch) => sendOnce(address, toJson(batch, conf.batch_max_size)) })
  },
})
