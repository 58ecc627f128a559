// Sends one recorded request over a real socket.
import { createHash, createHmac } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import type { Duplex } from 'node:stream'
import zlib from 'node:zlib'
import type { HmacSignature, RecordedRequest } from './recording.ts'

export interface Sent {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: unknown
  continued?: boolean
  elapsedMs: number
}

const DEFAULT_TIMEOUT_MS = 15_000
const RAW_TIMEOUT_MS = 1500

/** `address` is host:port. Status 0: the connection ended without an answer. */
export function send(address: string, tls: boolean, request: RecordedRequest): Promise<Sent> {
  return request.raw === undefined ? sendHttp(address, tls, request) : sendRaw(address, request.raw, request.timeout_ms)
}

function sendHttp(address: string, tls: boolean, request: RecordedRequest): Promise<Sent> {
  const body = toText(request.body)
  const headers = toHeaders(request, body)
  const [host, port] = address.split(':')
  const started = Date.now()
  const options = {
    host,
    port,
    method: request.method ?? 'GET',
    path: request.path,
    headers,
    agent: false,
    setHost: !Object.keys(headers).some((name) => name.toLowerCase() === 'host'),
    ...(tls ? { servername: request.sni ?? '', rejectUnauthorized: false } : {}),
  }
  return new Promise((resolve) => {
    const outgoing = (tls ? https : http).request(options)
    let continued = false
    const finish = (sent: Omit<Sent, 'elapsedMs'>): void =>
      resolve({ ...sent, ...(continued ? { continued } : {}), elapsedMs: Date.now() - started })
    outgoing.on('continue', () => {
      continued = true
      outgoing.end(body)
    })
    outgoing.on('upgrade', (response, socket) => {
      void talk(socket, request.ws ?? []).then((ws) => finish({ status: 101, headers: response.headers, body: { ws } }))
    })
    outgoing.on('response', (response) => {
      const parts: Buffer[] = []
      const end = (): void =>
        finish({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: parseBody(Buffer.concat(parts), String(response.headers['content-encoding'] ?? '')),
        })
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', end)
      response.on('error', end)
    })
    outgoing.on('error', () => finish({ status: 0, headers: {}, body: null }))
    outgoing.setTimeout(request.timeout_ms ?? DEFAULT_TIMEOUT_MS, () => outgoing.destroy())
    write(outgoing, request, body)
  })
}

function write(outgoing: http.ClientRequest, request: RecordedRequest, body: string | undefined): void {
  if (request.expect_continue) outgoing.flushHeaders()
  else if (request.chunked && body) {
    const half = Math.ceil(body.length / 2)
    outgoing.write(body.slice(0, half))
    outgoing.end(body.slice(half))
  } else outgoing.end(body)
}

function toText(body: unknown): string | undefined {
  if (body === undefined || body === null) return undefined
  return typeof body === 'string' ? body : JSON.stringify(body)
}

function toHeaders(request: RecordedRequest, body: string | undefined): Record<string, string> {
  const headers = { ...request.headers }
  if (request.sign) Object.assign(headers, signed(request.sign, request, headers, body))
  const has = (name: string): boolean => Object.keys(headers).some((header) => header.toLowerCase() === name)
  if (body !== undefined && request.chunked) headers['Transfer-Encoding'] = 'chunked'
  else if (body !== undefined && !has('content-length')) headers['Content-Length'] = String(Buffer.byteLength(body))
  if (request.expect_continue) headers.Expect = '100-continue'
  if (request.ws) {
    headers.Connection = 'Upgrade'
    headers.Upgrade = 'websocket'
    headers['Sec-WebSocket-Version'] = '13'
    headers['Sec-WebSocket-Key'] = 'dGhlIHNhbXBsZSBub25jZQ=='
  }
  return headers
}

/** The client side of hmac-auth. */
function signed(
  sign: HmacSignature,
  request: RecordedRequest,
  given: Record<string, string>,
  body: string | undefined,
): Record<string, string> {
  const headers: Record<string, string> = {}
  const value = (name: string): string =>
    Object.entries({ ...given, ...headers }).find(([header]) => header.toLowerCase() === name)?.[1] ?? ''
  if (sign.headers.includes('date') && value('date') === '')
    headers.Date = new Date(Date.now() + (sign.date_offset_s ?? 0) * 1000).toUTCString()
  if (sign.digest) {
    const digest = createHash('sha256')
      .update(body ?? '')
      .digest('base64')
    headers.Digest = `SHA-256=${sign.digest === 'bad' ? Buffer.from('wrong').toString('base64') : digest}`
  }
  const lines = sign.headers.map((name) =>
    name === '@request-target' ? `${request.method} ${sign.path ?? request.path}` : `${name}: ${value(name)}`,
  )
  const hash = sign.algorithm.replace('hmac-', '')
  const known = ['sha1', 'sha256', 'sha512'].includes(hash) ? hash : 'sha256'
  const text = `${[sign.key_id, ...lines].join('\n')}\n`
  const signature = createHmac(known, sign.secret).update(text).digest('base64')
  const shown = sign.break ? Buffer.from('broken').toString('base64') : signature
  headers.Authorization = `Signature keyId="${sign.key_id}",algorithm="${sign.algorithm}",headers="${sign.headers.join(' ')}",signature="${shown}"`
  return headers
}

/** Sends each frame when the one before has been answered. */
function talk(socket: Duplex, frames: string[]): Promise<string[]> {
  return new Promise((resolve) => {
    const got: string[] = []
    const queue = [...frames]
    const done = (): void => {
      socket.destroy()
      resolve(got)
    }
    const next = (): void => {
      const frame = queue.shift()
      if (frame === undefined) {
        done()
        return
      }
      const mask = Buffer.from([1, 2, 3, 4])
      const data = Buffer.from(frame).map((byte, index) => byte ^ (mask[index & 3] ?? 0))
      socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | data.length]), mask, data]))
    }
    socket.on('data', (bytes: Buffer) => {
      got.push(bytes.subarray(2, 2 + ((bytes[1] ?? 0) & 127)).toString())
      next()
    })
    socket.on('error', done)
    setTimeout(done, 1000).unref()
    next()
  })
}

function sendRaw(address: string, text: string, timeoutMs = RAW_TIMEOUT_MS): Promise<Sent> {
  const started = Date.now()
  return new Promise((resolve) => {
    const [host, port] = address.split(':')
    const socket = net.connect(Number(port), host)
    const parts: Buffer[] = []
    const end = (): void => {
      socket.destroy()
      resolve({ ...parseRaw(Buffer.concat(parts).toString()), elapsedMs: Date.now() - started })
    }
    socket.once('error', end)
    socket.once('close', end)
    socket.setTimeout(timeoutMs, end)
    socket.on('data', (part: Buffer) => parts.push(part))
    socket.write(text)
  })
}

function parseRaw(text: string): Omit<Sent, 'elapsedMs'> {
  const split = text.indexOf('\r\n\r\n')
  if (split < 0) return { status: 0, headers: {}, body: text || null }
  const [line = '', ...fields] = text.slice(0, split).split('\r\n')
  const headers = Object.fromEntries(
    fields.map((field) => [
      field.slice(0, field.indexOf(':')).toLowerCase(),
      field.slice(field.indexOf(':') + 1).trim(),
    ]),
  )
  const rest = text.slice(split + 4)
  const body = headers['transfer-encoding'] === 'chunked' ? joinChunks(rest) : rest
  return { status: Number(line.split(' ')[1]), headers, body: parseBody(Buffer.from(body), '') }
}

function joinChunks(text: string): string {
  let joined = ''
  for (let rest = text; ; ) {
    const end = rest.indexOf('\r\n')
    const size = Number.parseInt(rest.slice(0, Math.max(end, 0)), 16)
    if (!size) return joined
    joined += rest.slice(end + 2, end + 2 + size)
    rest = rest.slice(end + 4 + size)
  }
}

function parseBody(bytes: Buffer, encoding: string): unknown {
  const text = decode(bytes, encoding)
  if (text === undefined) return { undecodable: encoding }
  if (text === '') return null
  if (!/^\s*[[{]/.test(text)) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function decode(bytes: Buffer, encoding: string): string | undefined {
  try {
    if (encoding === 'gzip') return zlib.gunzipSync(bytes).toString()
    if (encoding === 'br') return zlib.brotliDecompressSync(bytes).toString()
    if (encoding === 'deflate') return zlib.inflateSync(bytes).toString()
    return bytes.toString()
  } catch {
    return undefined
  }
}
