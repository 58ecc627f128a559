// Sends log entries to a UDP socket as JSON. A batch is one datagram, or as many as it takes: APISIX would lose a batch that is too large.
import Type, { type Static } from 'typebox'
import { definePlugin } from '../gateway/plugin.ts'
import { batchFields, bodyFields, checkLogger, entryFields, loggerMetadata } from './logging/fields.ts'
import { createLogger, toJson } from './logging/logger.ts'
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
      deliver: (batch) => sendDatagrams(address, toDatagrams(batch, conf.batch_max_size)),
    })
  },
})

/** Lists of entries that fit into a datagram each. An entry that alone does not fit makes sending it fail. */
function toDatagrams(batch: string[], batchMaxSize: number | undefined): string[] {
  const datagrams: string[] = []
  let waiting: string[] = []
  let bytes = 2
  for (const entry of batch) {
    const more = Buffer.byteLength(entry) + 1
    if (waiting.length > 0 && bytes + more > MAX_DATAGRAM_BYTES) {
      datagrams.push(toJson(waiting, batchMaxSize))
      waiting = []
      bytes = 2
    }
    waiting.push(entry)
    bytes += more
  }
  datagrams.push(toJson(waiting, batchMaxSize))
  return datagrams
}
