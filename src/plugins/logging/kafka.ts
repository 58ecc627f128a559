// A Kafka producer that comes into being with the first batch: the client is loaded only by threads that log to Kafka.
import { isIP } from 'node:net'
import type { Producer, SASLOptions } from '@platformatic/kafka'
import { timerMs } from '../../lib/timer.ts'
import { inParts } from './parts.ts'

export interface KafkaTarget {
  brokers: { host: string; port: number }[]
  sasl: SASLOptions | undefined
  tls: { verify: boolean } | undefined
  topic: string
  key: string | undefined
  /** Acknowledgements that a batch waits for: the leader's, all in-sync replicas'. */
  acks: 1 | -1
  timeoutMs: number
  /** Bounds of one produce request. */
  maxMessages: number
  maxBytes: number
  /** How long what is known of topics and leaders is believed. */
  metadataMaxAgeMs: number
}

type TextProducer = Producer<string, string, string, string>

export class KafkaSender {
  readonly #target: KafkaTarget
  #producer: Promise<TextProducer> | undefined

  constructor(target: KafkaTarget) {
    this.#target = target
  }

  /** Rejects when a message was not acknowledged. */
  async send(texts: string[]): Promise<void> {
    const producer = await this.#connected()
    const { topic, key, acks, maxMessages, maxBytes } = this.#target
    for (const part of inParts(texts, { bytes: maxBytes, texts: maxMessages }))
      await producer.send({
        acks,
        messages: part.map((value) => ({ topic, value, ...(key === undefined ? {} : { key }) })),
      })
  }

  async close(): Promise<void> {
    const producer = this.#producer
    this.#producer = undefined
    await (await producer)?.close()
  }

  async #connected(): Promise<TextProducer> {
    this.#producer ??= connect(this.#target)
    try {
      return await this.#producer
    } catch (error) {
      this.#producer = undefined // the next batch tries again, and there is nothing to close
      throw error
    }
  }
}

async function connect({ brokers, sasl, tls, timeoutMs, metadataMaxAgeMs }: KafkaTarget): Promise<TextProducer> {
  const limitMs = timerMs(timeoutMs)
  const { Producer, stringSerializers } = await import('@platformatic/kafka')
  return new Producer({
    clientId: 'gateward',
    bootstrapBrokers: brokers,
    serializers: stringSerializers,
    connectTimeout: limitMs,
    requestTimeout: limitMs,
    timeout: limitMs,
    metadataMaxAge: metadataMaxAgeMs,
    // The batch queue tries again, as its configuration says.
    retries: 0,
    ...(sasl ? { sasl } : {}),
    ...(tls
      ? { tls: { rejectUnauthorized: tls.verify }, tlsServerName: brokers.every(({ host }) => !isIP(host)) }
      : {}),
  })
}
