// Sends log entries to a Kafka topic: a message holds the JSON list of a batch, or the entry itself when batches have one.
import Type, { type Static } from 'typebox'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin } from '../gateway/plugin.ts'
import { oneOfTexts } from '../lib/schema-types.ts'
import { batchFields, bodyFields, checkLogger, entryFields, loggerMetadata } from './logging/fields.ts'
import { KafkaSender, type KafkaTarget } from './logging/kafka.ts'
import { createLogger, toJson } from './logging/logger.ts'
import { AS_LIST, inParts } from './logging/parts.ts'

const port = { title: 'Port', description: 'port of the broker', minimum: 1, maximum: 65535, examples: [9092] }

const sasl = Type.Object(
  {
    mechanism: Type.Optional(
      oneOfTexts(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'], {
        title: 'Mechanism',
        description: 'how the gateway authenticates',
        default: 'PLAIN',
        examples: ['SCRAM-SHA-256'],
      }),
    ),
    user: Type.String({ title: 'User', description: 'name of the user', minLength: 1, examples: ['gateway'] }),
    password: Type.String({ title: 'Password', description: 'password', minLength: 1, examples: ['a-password'] }),
  },
  {
    title: 'SASL',
    description: 'authentication at the brokers',
    examples: [{ user: 'gateway', password: 'a-password' }],
  },
)

const tls = Type.Object(
  {
    verify: Type.Optional(
      Type.Boolean({
        title: 'Verify certificate',
        description: "check the brokers' certificates",
        default: false,
        examples: [true],
      }),
    ),
  },
  { title: 'TLS', description: 'encrypt connections to the brokers', examples: [{ verify: true }] },
)

const positive = (title: string, description: string, otherwise: number) =>
  Type.Optional(Type.Integer({ title, description, minimum: 1, default: otherwise, examples: [otherwise] }))

const schema = Type.Object({
  brokers: Type.Optional(
    Type.Array(
      Type.Object({
        host: Type.String({
          title: 'Host',
          description: 'address or name of the broker',
          minLength: 1,
          examples: ['127.0.0.1'],
        }),
        port: Type.Integer(port),
        sasl_config: Type.Optional(sasl),
      }),
      {
        title: 'Brokers',
        description: 'brokers to begin with; the others are found through them',
        minItems: 1,
        uniqueItems: true,
        examples: [[{ host: '127.0.0.1', port: 9092 }]],
      },
    ),
  ),
  broker_list: Type.Optional(
    Type.Record(Type.String(), Type.Integer(port), {
      title: 'Brokers by host',
      description: 'the older form of brokers: ports by host',
      minProperties: 1,
      examples: [{ '127.0.0.1': 9092 }],
    }),
  ),
  tls: Type.Optional(tls),
  kafka_topic: Type.String({
    title: 'Topic',
    description: 'topic that entries go to',
    minLength: 1,
    examples: ['logs'],
  }),
  producer_type: Type.Optional(
    oneOfTexts(['async', 'sync'], {
      title: 'Order of batches',
      description: 'async: up to four batches side by side; sync: one after the other',
      default: 'async',
      examples: ['sync'],
    }),
  ),
  required_acks: Type.Optional(
    Type.Unsafe<1 | -1>({
      type: 'integer',
      enum: [1, -1],
      title: 'Acknowledgements',
      description: "what a batch waits for: 1 the leader's word, -1 that of all in-sync replicas",
      default: 1,
      examples: [-1],
    }),
  ),
  key: Type.Optional(
    Type.String({ title: 'Key', description: 'key of the messages: all go to one partition', examples: ['gateway'] }),
  ),
  timeout: positive('Timeout', 'seconds that connecting and sending may take, each', 3),
  meta_format: Type.Optional(
    oneOfTexts(['default', 'origin'], {
      title: 'Form of an entry',
      description: 'default: JSON; origin: the request as HTTP text, whatever log format is set',
      default: 'default',
      examples: ['origin'],
    }),
  ),
  meta_refresh_interval: positive(
    'Refresh interval',
    'seconds that what is known of topics and leaders is believed',
    30,
  ),
  producer_batch_num: positive('Messages of a request', 'messages of one produce request at most', 200),
  producer_batch_size: positive(
    'Bytes of a request',
    'bytes of one produce request at most; a batch that is larger goes as several messages',
    1048576,
  ),
  producer_max_buffering: Type.Optional(
    Type.Integer({
      title: 'Messages that wait',
      description:
        'messages that wait at most; further ones are dropped and counted; as the plugin metadata says when absent',
      minimum: 1,
      examples: [50000],
    }),
  ),
  ...entryFields,
  ...bodyFields,
  ...batchFields('kafka logger'),
})
type Conf = Static<typeof schema>

/** Fields of APISIX's that have nothing to set here, with what to do instead. */
const REFUSED: Record<string, string> = {
  producer_time_linger: 'set inactive_timeout and buffer_duration',
  cluster_name: 'each configuration has a producer of its own',
  api_version: 'versions are agreed on with the broker',
}

export default definePlugin<Conf>({
  name: 'kafka-logger',
  version: 0.1,
  priority: 403,
  schema,
  metadataSchema: loggerMetadata,
  encrypted: ['brokers.sasl_config.password'],
  check(conf, kind) {
    checkLogger(conf, kind)
    if (kind !== 'plugin') return
    for (const [field, advice] of Object.entries(REFUSED))
      if (field in conf) throw new Error(`property "${field}" is not supported: ${advice}`)
    if ((conf.brokers === undefined) === (conf.broker_list === undefined))
      throw new Error('one of the properties "brokers" and "broker_list" is required, and only one')
    const different = new Set(conf.brokers?.map(({ sasl_config: own }) => JSON.stringify(own)))
    if (different.size > 1) throw new Error('property "brokers" has different sasl_config: the same must stand in all')
  },
  setup(conf, env) {
    const sender = new KafkaSender(toTarget(conf))
    return createLogger(conf, env, {
      ...(conf.meta_format === 'origin' && { makeText: (ctx, { request }) => toHttpText(ctx, request ?? '') }),
      ...(conf.producer_max_buffering !== undefined && { maxPendingEntries: conf.producer_max_buffering }),
      concurrency: conf.producer_type === 'sync' ? 1 : 4,
      deliver: (batch) => sender.send(toMessages(batch, conf)),
      close: () => sender.close(),
    })
  },
})

function toTarget(conf: Conf): KafkaTarget {
  const own = conf.brokers?.[0]?.sasl_config
  return {
    brokers: conf.brokers ?? Object.entries(conf.broker_list ?? {}).map(([host, one]) => ({ host, port: one })),
    sasl: own && { mechanism: own.mechanism ?? 'PLAIN', username: own.user, password: own.password },
    tls: conf.tls && { verify: conf.tls.verify ?? false },
    topic: conf.kafka_topic,
    key: conf.key,
    acks: conf.required_acks ?? 1,
    timeoutMs: (conf.timeout ?? 3) * 1000,
    maxMessages: conf.producer_batch_num ?? 200,
    maxBytes: conf.producer_batch_size ?? 1048576,
    metadataMaxAgeMs: (conf.meta_refresh_interval ?? 30) * 1000,
  }
}

/** What a produce request holds beside its messages, at most. */
const OVERHEAD_BYTES = 512

/** JSON lists that a produce request has room for. APISIX would lose a batch that is larger. */
function toMessages(batch: string[], conf: Conf): string[] {
  if (conf.batch_max_size === 1) return batch
  const entries = conf.meta_format === 'origin' ? batch.map((text) => JSON.stringify(text)) : batch
  const bytes = (conf.producer_batch_size ?? 1048576) - OVERHEAD_BYTES
  return inParts(entries, { bytes, ...AS_LIST }).map((part) => toJson(part, undefined))
}

/** The request line, its headers and, when it was collected, its body. */
function toHttpText({ request }: Exchange, body: string): string {
  const headers = [...request.headers.entries()].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return `${request.method} ${request.target} HTTP/${request.httpVersion}\r\n${headers}\r\n${body}`
}
