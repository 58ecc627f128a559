// How the surfaces and the command line reach the gateway's own Admin API over TLS: the certificate that the settings name is the one that is
// trusted, whoever has signed it and for whatever name, and it is shown where clients need one.
import { readFileSync } from 'node:fs'
import https from 'node:https'
import type { AdminFetch } from '../operations/admin-client.ts'
import type { Settings } from '../settings/schema.ts'

/** Undefined: the Admin API is served in clear. */
export function ownAdminFetch({ cert_file, key_file }: Settings['admin']['tls']): AdminFetch | undefined {
  if (cert_file === undefined || key_file === undefined) return undefined
  const [cert, key] = [readFileSync(cert_file), readFileSync(key_file)]
  const agent = new https.Agent({
    ...{ cert, key, ca: cert, allowPartialTrustChain: true },
    checkServerIdentity: () => undefined,
    keepAlive: true,
  })
  return (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(new TypeError('fetch failed', { cause: error }))
      const request = https.request(url, { agent, method, headers, signal }, (response) => {
        const chunks: Buffer[] = []
        response.on('error', fail)
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const fields = Object.entries(response.headersDistinct).flatMap(([name, values = []]) =>
            values.map((value): [string, string] => [name, value]),
          )
          const text = Buffer.concat(chunks).toString()
          resolve(new Response(text || null, { status: response.statusCode, headers: fields }))
        })
      })
      request.on('error', fail)
      request.end(body)
    })
}
