// Fetches a document by the process. Only http and https, no redirects, a bound on time and bytes; the address that a name resolves to is checked and
// is the one that is connected to, so that a name cannot lead to another place in between. Addresses inside (private networks, the cloud's
// metadata) are refused, but for the networks that the settings allow.
import { lookup } from 'node:dns/promises'
import http from 'node:http'
import https from 'node:https'
import { isIP } from 'node:net'
import { withoutBrackets } from '../../lib/address.ts'
import { CidrSet } from '../../lib/cidr.ts'
import { MAX_DOCUMENT_BYTES } from '../../lib/openapi-document.ts'
import { OperationError } from '../contract.ts'

const TIMEOUT_MS = 10_000

/** Addresses that are nobody's on the internet. */
const INSIDE = CidrSet.from([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '::/96', // with ::1, and IPv4 addresses written the oldest way
  '64:ff9b::/96', // these four lead to IPv4 addresses through translators and tunnels
  '64:ff9b:1::/48',
  '2001::/32',
  '2002::/16',
  '100::/64',
  '2001:db8::/32',
  'fc00::/7',
  'fe80::/9', // with fec0::/10
  'ff00::/8',
])

/** Fetches a text for one operation. Rejects with an OperationError. */
export type FetchDocument = (url: string, signal: AbortSignal) => Promise<string>

/** `allowed`: networks inside that may be fetched from. */
export function createFetch(allowed: readonly string[]): FetchDocument {
  const open = CidrSet.from(allowed)
  return async (text, signal) => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password)
      throw new OperationError('invalid', 'the address of a document is http(s)://host/path, without a password')
    const host = withoutBrackets(url.hostname)
    const address = isIP(host) ? host : await resolveName(host)
    if (INSIDE.has(address) && !open.has(address))
      throw new OperationError(
        'refused',
        `fetching ${url.host}: ${address} is inside a private network, which a model must not reach through this process; allow it in openapi.fetch_networks, or give the document's text`,
      )
    return read(url, address, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]))
  }
}

async function resolveName(host: string): Promise<string> {
  const found = await lookup(host).catch(() => undefined)
  if (!found) throw new OperationError('unreachable', `fetching the document: ${host} has no address`)
  return found.address
}

function read(url: URL, address: string, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const fail = (message: string): void =>
    reject(new OperationError('unreachable', `fetching the document from ${url.host}: ${message}`))
  const request = (url.protocol === 'https:' ? https : http).get(url, {
    signal,
    agent: false,
    headers: { Accept: 'application/json, application/yaml, text/yaml;q=0.9, */*;q=0.1' },
    lookup: (_, options, done) => {
      const family = isIP(address)
      if (options.all) done(null, [{ address, family }])
      else done(null, address, family)
    },
  })
  request.on('error', (error: NodeJS.ErrnoException) =>
    fail(signal.aborted ? 'no answer in time' : (error.code ?? error.message)),
  )
  request.on('response', (response) => {
    if (response.statusCode !== 200) {
      response.destroy()
      fail(
        `status ${response.statusCode}${response.headers.location ? ' (redirects are not followed: give the last address)' : ''}`,
      )
      return
    }
    const pieces: Buffer[] = []
    let bytes = 0
    response.on('data', (piece: Buffer) => {
      bytes += piece.length
      pieces.push(piece)
      if (bytes <= MAX_DOCUMENT_BYTES) return
      response.destroy()
      fail(`more than ${MAX_DOCUMENT_BYTES} bytes`)
    })
    response.on('end', () => resolve(Buffer.concat(pieces).toString('utf8')))
    response.on('error', (error) => fail(error.message))
  })
  return promise
}
