// Sends log entries to a syslog server as messages of RFC 5424, over TCP, TLS or UDP. Over a stream each message ends with a line feed
// (RFC 6587 3.4.2); a datagram is one message. In a stream route an entry is a connection: `$protocol`, `$bytes_received`, `$bytes_sent` and
// `$session_time` tell of it.
import { hostname } from 'node:os'
import Type, { type Static } from 'typebox'
import { definePlugin } from '../gateway/plugin.ts'
import { oneOfTexts } from '../lib/schema-types.ts'
import { batchFields, bodyFields, checkLogger, entryFields, loggerMetadata } from './logging/fields.ts'
import { createLogger } from './logging/logger.ts'
import { SocketPool, sendDatagrams } from './logging/socket.ts'

const schema = Type.Object({
  host: Type.String({
    title: 'Host',
    description: 'address or name of the syslog server',
    minLength: 1,
    examples: ['127.0.0.1'],
  }),
  port: Type.Integer({
    title: 'Port',
    description: 'port of the syslog server',
    minimum: 1,
    maximum: 65535,
    examples: [514],
  }),
  sock_type: Type.Optional(
    oneOfTexts(['tcp', 'udp'], {
      title: 'Transport',
      description: 'tcp or udp',
      default: 'tcp',
      examples: ['udp'],
    }),
  ),
  tls: Type.Optional(
    Type.Boolean({
      title: 'TLS',
      description: "encrypt the TCP connection; the server's certificate is checked",
      default: false,
      examples: [true],
    }),
  ),
  timeout: Type.Optional(
    Type.Integer({
      title: 'Timeout',
      description: 'milliseconds that connecting and sending may take, each',
      minimum: 1,
      default: 3000,
      examples: [1000],
    }),
  ),
  flush_limit: Type.Optional(
    Type.Integer({
      title: 'Flush limit',
      description: 'characters of messages that make them go at once, and bytes of one write on a TCP connection',
      minimum: 1,
      default: 4096,
      examples: [65536],
    }),
  ),
  drop_limit: Type.Optional(
    Type.Integer({
      title: 'Drop limit',
      description: 'characters of messages that wait at most; further ones are dropped and counted',
      minimum: 1,
      default: 1048576,
      examples: [4194304],
    }),
  ),
  pool_size: Type.Optional(
    Type.Integer({
      title: 'Pool size',
      description: 'TCP connections of one thread that are used at a time and kept open',
      minimum: 5,
      maximum: 100,
      default: 5,
      examples: [10],
    }),
  ),
  ...entryFields,
  ...bodyFields,
  ...batchFields('sys logger'),
})
type Conf = Static<typeof schema>

/** Facility syslog (5), severity informational (6): RFC 5424 6.2.1. */
const PRIORITY = 5 * 8 + 6
/** Fields of the header are printable ASCII without spaces: RFC 5424 6.2.4. */
const HOST = hostname().replace(/[^!-~]/g, '') || '-'

export default definePlugin<Conf>({
  name: 'syslog',
  version: 0.1,
  priority: 401,
  schema,
  metadataSchema: loggerMetadata,
  check(conf, kind) {
    checkLogger(conf, kind)
    if (kind === 'plugin' && conf.tls && conf.sock_type === 'udp')
      throw new Error('property "tls" cannot be true with sock_type udp: use tcp')
  },
  setup(conf, env) {
    const { host, port, timeout: timeoutMs = 3000, pool_size: connections = 5 } = conf
    const toText = (entry: object): string => toMessage(JSON.stringify(entry), new Date(env.now()))
    const bounds = { maxPendingCharacters: conf.drop_limit ?? 1048576, batchCharacters: conf.flush_limit ?? 4096 }
    if (conf.sock_type === 'udp')
      return createLogger(conf, env, {
        toText,
        ...bounds,
        deliver: (batch) => sendDatagrams({ host, port, timeoutMs }, batch),
      })
    const pool = new SocketPool(
      { host, port, timeoutMs, tls: conf.tls ? { serverName: undefined } : undefined },
      connections,
    )
    return createLogger(conf, env, {
      toText,
      ...bounds,
      concurrency: connections,
      deliver: (batch) => pool.send(toWrites(batch, conf.flush_limit ?? 4096)),
      close: () => pool.close(),
    })
  },
})

/** HEADER, no structured data, the entry: RFC 5424 6. */
function toMessage(text: string, at: Date): string {
  return `<${PRIORITY}>1 ${at.toISOString()} ${HOST} gateward ${process.pid} - - ${text}`
}

/** Messages with their line feeds, joined until there are `flushBytes` of them. */
function toWrites(batch: string[], flushBytes: number): string[] {
  const writes: string[] = []
  let text = ''
  let bytes = 0
  for (const message of batch) {
    text += `${message}\n`
    bytes += Buffer.byteLength(message) + 1
    if (bytes >= flushBytes) {
      writes.push(text)
      text = ''
      bytes = 0
    }
  }
  if (text) writes.push(text)
  return writes
}
