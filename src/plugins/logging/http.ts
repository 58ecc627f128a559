// Posts batches over HTTP, for the loggers whose receiver speaks it.
import Type from 'typebox'
import type { HttpClient } from '../../gateway/http-client.ts'
import { checkFields } from '../../lib/header-fields.ts'

/** APISIX's pattern of an address. `checkAddress` is stricter. */
export const ADDRESS_PATTERN = '^[^\\/]+:\\/\\/([\\da-zA-Z.-]+|\\[[\\da-fA-F:]+\\])(:\\d+)?'

/** Characters of a receiver's answer that an error quotes. */
const MAX_QUOTED_LENGTH = 200

/** Throws unless `address` is a URL of HTTP or HTTPS. */
export function checkAddress(field: string, address: string): void {
  if (address.startsWith('$')) return
  const url = URL.parse(address)
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new Error(`property "${field}" must be an address that begins with http:// or https://, found ${address}`)
}

/** The field for the addresses of a cluster; a batch goes to one of them. */
export function endpointsField(server: string, example: string) {
  return Type.Array(Type.String({ pattern: ADDRESS_PATTERN }), {
    title: 'Endpoints',
    description: `addresses of ${server} without a path; each batch goes to one of them by chance`,
    minItems: 1,
    examples: [[example]],
  })
}

/** Fields that go with each batch. `authorization`: an example of the one that is set most. */
export function headersField(description: string, authorization: string) {
  return Type.Optional(
    Type.Record(Type.String(), Type.String(), {
      title: 'Headers',
      description,
      minProperties: 1,
      examples: [{ Authorization: authorization }],
    }),
  )
}

/** Throws unless the addresses and the headers can be sent as they are written. */
export function checkEndpoints(conf: { endpoint_addrs: string[]; headers?: Record<string, string> }): void {
  for (const address of conf.endpoint_addrs) checkAddress('endpoint_addrs', address)
  checkFields('headers', conf.headers)
}

export const verifyField = Type.Optional(
  Type.Boolean({
    title: 'Verify certificate',
    description: "check the server's certificate",
    default: true,
    examples: [false],
  }),
)

export const keepaliveTimeoutField = Type.Optional(
  Type.Integer({
    title: 'Keepalive timeout',
    description: 'milliseconds that an unused connection stays open',
    minimum: 1000,
    default: 60000,
    examples: [10000],
  }),
)

/** One of them, by chance. */
export function pickOne(addresses: readonly string[]): string {
  return (addresses[Math.floor(Math.random() * addresses.length)] as string).replace(/\/+$/, '')
}

/** Posts a body and gives the answer's; rejects when the receiver is away, too slow, or answers with a status from 300 on. */
type Poster = (url: string, headers: Record<string, string>, body: string | Buffer) => Promise<string>

export function createPoster(client: HttpClient, options: { timeoutMs: number; tlsVerify: boolean }): Poster {
  return async (url, headers, body) => {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    const answer = await client.request(url, {
      method: 'POST',
      headers: { ...headers, 'Content-Length': bytes.length },
      body: bytes,
      ...options,
    })
    if (answer.status < 300) return answer.body.toString()
    const said = answer.body.toString().slice(0, MAX_QUOTED_LENGTH)
    throw new Error(`${new URL(url).host} answered a batch of log entries with status ${answer.status}: ${said}`)
  }
}
