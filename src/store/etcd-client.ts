// Calls to etcd v3 through its JSON gateway (as APISIX itself does): plain HTTP, so neither a gRPC stack nor generated code is needed, and
// one keep-alive connection per call in flight is enough for Admin writes and a watch. Keys and values travel as base64, 64-bit numbers
// as text. Knows endpoints, TLS and tokens; what the answers mean is left to the store.

import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { StoreError } from './contract.ts'

/** How to reach a cluster. */
export interface EtcdOptions {
  /** `host:port` of each member. */
  endpoints: string[]
  isTls: boolean
  user?: string
  password?: string
  timeoutMs: number
  tls: { ca_file?: string; cert_file?: string; key_file?: string }
}

const GRPC_UNAUTHENTICATED = 16
/** Nothing was sent when one of these is the reason, so that the call may go to the next endpoint whatever it does. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'])

/** etcd answered with an error. */
export class EtcdError extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.name = 'EtcdError'
    this.code = code
  }
}

/** Text as etcd's JSON has it. */
export function toBase64(value: string): string {
  return Buffer.from(value, 'utf8').toString('base64')
}

/** The inverse of `toBase64`; an absent member is empty text. */
export function fromBase64(value: string | undefined): string {
  return Buffer.from(value ?? '', 'base64').toString('utf8')
}

/** A connection to a cluster. */
export class EtcdClient {
  readonly #options: EtcdOptions
  readonly #agent: http.Agent
  #current = 0
  #token: string | undefined

  constructor(options: EtcdOptions) {
    this.#options = options
    const read = (file: string | undefined) => (file === undefined ? undefined : readFileSync(file))
    const { ca_file: ca, cert_file: cert, key_file: key } = options.tls
    this.#agent = options.isTls
      ? new https.Agent({ keepAlive: true, ca: read(ca), cert: read(cert), key: read(key) })
      : new http.Agent({ keepAlive: true })
  }

  /** One call. `isRead`: it may be sent again when its outcome is not known. Rejects with a StoreError or an EtcdError. */
  async call<T>(path: string, body: object, { isRead }: { isRead: boolean }): Promise<T> {
    let lastError: unknown
    for (let attempt = 0; attempt < this.#options.endpoints.length; attempt += 1) {
      try {
        return await this.#authenticated(async () => {
          const response = await this.#send(path, body, AbortSignal.timeout(this.#options.timeoutMs))
          return readAnswer<T>(response)
        })
      } catch (error) {
        if (error instanceof EtcdError) throw error
        lastError = error
        this.#current += 1
        if (!isRead && !NOT_SENT.has(codeOf(error))) break
      }
    }
    throw this.#unavailable(path, lastError, isRead)
  }

  /** Opens a stream; the caller reads its body until it ends, and aborts it by the signal. */
  async watch(body: object, signal: AbortSignal): Promise<http.IncomingMessage> {
    const connecting = new AbortController()
    const timer = setTimeout(() => connecting.abort(new Error('no answer in time')), this.#options.timeoutMs)
    try {
      return await this.#authenticated(async () => {
        const response = await this.#send('/v3/watch', body, AbortSignal.any([signal, connecting.signal]))
        if (response.statusCode !== 200) await readAnswer(response)
        return response
      })
    } catch (error) {
      this.#current += 1
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  async #authenticated<T>(run: () => Promise<T>): Promise<T> {
    if (this.#options.user === undefined) return run()
    this.#token ??= await this.#authenticate()
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof EtcdError) || error.code !== GRPC_UNAUTHENTICATED) throw error
      // A token lives for minutes, and only as long as the member that gave it.
      this.#token = await this.#authenticate()
      return run()
    }
  }

  async #authenticate(): Promise<string> {
    this.#token = undefined
    const { user: name, password = '', timeoutMs } = this.#options
    const response = await this.#send('/v3/auth/authenticate', { name, password }, AbortSignal.timeout(timeoutMs))
    return (await readAnswer<{ token: string }>(response)).token
  }

  #send(path: string, body: object, signal: AbortSignal): Promise<http.IncomingMessage> {
    const { endpoints, isTls } = this.#options
    const endpoint = endpoints[this.#current % endpoints.length]
    const headers = {
      'content-type': 'application/json',
      ...(this.#token === undefined ? {} : { authorization: this.#token }),
    }
    const url = `${isTls ? 'https' : 'http'}://${endpoint}${path}`
    return new Promise((resolve, reject) => {
      const request = (isTls ? https : http).request(url, { method: 'POST', headers, agent: this.#agent, signal })
      request.on('response', resolve)
      request.on('error', reject)
      request.on('socket', (socket) => socket.setKeepAlive(true, 10_000))
      request.end(JSON.stringify(body))
    })
  }

  #unavailable(path: string, error: unknown, isRead: boolean): StoreError {
    const reason = error instanceof Error ? error.message || codeOf(error) : String(error)
    const isUnknown = !isRead && !NOT_SENT.has(codeOf(error))
    const advice = isUnknown ? 'whether it was written is not known: read it before trying again' : 'is etcd running?'
    const message = `calling etcd ${path} at ${this.#options.endpoints.join(', ')}: ${reason}: ${advice}`
    return new StoreError('unavailable', message, { cause: error })
  }
}

async function readAnswer<T>(response: http.IncomingMessage): Promise<T> {
  const body = await text(response)
  if (response.statusCode === 200) return JSON.parse(body) as T
  let answer: { code?: number; message?: string; error?: string } = {}
  if (body.startsWith('{')) answer = JSON.parse(body)
  throw new EtcdError(answer.code ?? 2, answer.message ?? answer.error ?? `status ${response.statusCode}`)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
