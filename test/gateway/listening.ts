// Ports in front of a data-plane thread, in this process.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Certificates } from '../../src/gateway/certificates.ts'
import type { Http1Limits, Http1Server } from '../../src/gateway/http1/server.ts'
import { Http2Connection } from '../../src/gateway/http2/connection.ts'
import { listenHttp, listenHttps } from '../../src/gateway/listener.ts'
import type { Thread } from '../../src/gateway/thread.ts'
import { createLogger } from '../../src/lib/log.ts'

const LIMITS: Http1Limits = {
  headBytes: 8192,
  targetBytes: 2048,
  fields: 50,
  headTimeoutMs: 10_000,
  bodyTimeoutMs: 10_000,
  keepaliveTimeoutMs: 10_000,
  sendTimeoutMs: 10_000,
  keepaliveRequests: 1000,
  bodyBytes: 0,
}

const CONCURRENT_STREAMS = 16

export interface Listening {
  server: Http1Server
  /** Of the plain port; both protocols are served there. */
  port: number
  /** 0 when no certificate was given. */
  tlsPort: number
  close(): void
}

/** Opens a plain port for `thread`, and one with TLS when the thread has ssl resources. */
export async function listenForTest(
  thread: Thread,
  { limits = {}, http2 = true }: { limits?: Partial<Http1Limits>; http2?: boolean } = {},
): Promise<Listening> {
  const log = createLogger('silent')
  const server: Http1Server = {
    pipeline: thread.pipeline,
    limits: { ...LIMITS, ...limits },
    deadlines: thread.deadlines,
    log,
    draining: false,
    connections: new Set(),
    http2: http2 ? (socket, info) => new Http2Connection(socket, info, server, CONCURRENT_STREAMS) : undefined,
  }
  const address = { host: '127.0.0.1', port: 0 }
  const listeners: Server[] = [await listenHttp(address, server)]
  if (thread.config.count('ssls'))
    listeners.push(
      await listenHttps(address, server, new Certificates(thread.config, thread.resolved, log), Buffer.alloc(48, 1)),
    )
  const [port = 0, tlsPort = 0] = listeners.map((one) => (one.address() as AddressInfo).port)
  const close = (): void => {
    for (const one of listeners) one.close()
    for (const connection of server.connections) connection.shutdown()
  }
  return { server, port, tlsPort, close }
}

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']

/** A self-signed certificate for a server name, as PEM. */
export function makeCertificate(name: string): { cert: string; key: string } {
  return selfSigned(name, EC_KEY)
}

/** The same with an RSA key. */
export function makeRsaCertificate(name: string): { cert: string; key: string } {
  return selfSigned(name, ['-newkey', 'rsa:2048'])
}

function selfSigned(name: string, newKey: string[]): { cert: string; key: string } {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-cert-'))
  const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`]
  const kind = [...newKey, '-nodes', '-days', '2']
  execFileSync('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  const pair = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
  rmSync(directory, { recursive: true })
  return pair
}

/**
 * A certificate for the last of `names`, signed by the one before, and so on up to the first, which is an authority of its own. `cert` has
 * all but the authority, as it is shown in a handshake.
 */
export function makeChain(...names: string[]): { authority: string; cert: string; key: string } {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-chain-'))
  const file = (i: number, kind: string): string => join(directory, `${i}.${kind}`)
  for (const [i, name] of names.entries()) {
    const signer = i === 0 ? [] : ['-CA', file(i - 1, 'cert'), '-CAkey', file(i - 1, 'key')]
    const last = i === names.length - 1
    const subject = ['-subj', `/CN=${name}`, '-addext', `basicConstraints=critical,CA:${last ? 'FALSE' : 'TRUE'}`]
    const kind = [...EC_KEY, '-nodes', '-days', '2']
    const out = ['-keyout', file(i, 'key'), '-out', file(i, 'cert')]
    execFileSync('openssl', ['req', '-x509', ...signer, ...kind, ...subject, ...out], { stdio: 'ignore' })
  }
  const certs = names.map((_, i) => readFileSync(file(i, 'cert'), 'utf8'))
  const key = readFileSync(file(names.length - 1, 'key'), 'utf8')
  rmSync(directory, { recursive: true })
  return { authority: certs[0] as string, cert: certs.slice(1).reverse().join(''), key }
}
