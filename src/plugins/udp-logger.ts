// Sends log entries to a UDP socket as JSON. A batch is one datagram, or as many as it takes: APISIX would lose a batch that is too large.
import Type, { type Static } from 'typebox'
import { definePlugin } from '../gateway/plugin.ts'
import { batchFields, bodyFields, checkLogger, entryFields, loggerMetadata } from './logging/fields.ts'
import { createLogger, toJson } from './logging/logger.ts'
import { AS_LIST, inParts } from './logging/parts.ts'
import { MAX_DATAGRAM_BYTES, sendDatagrams } from './logging/socket.ts'

const schema = Type.Object({
  host: Type.String({
    title: 'Host',
    description: 'address or name of the receiver',
    minLength: 1,
    examples: ['127.0.0.1'],
  }),
  port: Type.Integer({
    title: 'Port',
    description: 'port of the receiver',
    minimum: 0,
    maximum: 65535,
    examples: [3000],
  }),
  timeout: Type.Optional(
    Type.Integer({
      title: 'Timeout',
      description: 'seconds that resolving the name and sending may take',
      minimum: 1,
      default: 3,
      examples: [1],
    }),
  ),
  ...entryFields,
  ...bodyFields,
  ...batchFields('udp logger'),
})
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'udp-logger',
  version: 0.1,
  priority: 400,
  schema,
  metadataSchema: loggerMetadata,
  check: checkLogger,
  setup(conf, env) {
    const { host, port } = conf
    const address = { host, port, timeoutMs: (conf.timeout ?? 3) * 1000 }
    return createLogger(conf, env, {
      deliver: (batch) =>
        sendDatagrams(
          address,
          inParts(batch, { bytes: MAX_DATAGRAM_BYTES, ...AS_LIST }).map((part) => toJson(part, conf.batch_max_size)),
        ),
    })
  },
})
