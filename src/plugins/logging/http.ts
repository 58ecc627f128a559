// Posts batches over HTTP, for the loggers whose receiver speaks it.
import type { HttpClient } from '../../gateway/http-client.ts'

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

/** Posts a body; rejects when the receiver is away, too slow, or answers with a status from 300 on. */
export type Poster = (url: string, headers: Record<string, string>, body: string | Buffer) => Promise<void>

export function createPoster(client: HttpClient, options: { timeoutMs: number; tlsVerify: boolean }): Poster {
  return async (url, headers, body) => {
    const bytes = Buffer.from(body)
    const answer = await client.request(url, {
      method: 'POST',
      headers: { ...headers, 'Content-Length': bytes.length },
      body: bytes,
      ...options,
    })
    if (answer.status < 300) return
    const said = answer.body.toString().slice(0, MAX_QUOTED_LENGTH)
    throw new Error(`${new URL(url).host} answered a batch of log entries with status ${answer.status}: ${said}`)
  }
}
