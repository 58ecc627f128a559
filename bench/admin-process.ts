// What bench/admin.ts measures: Gateward as a process of its own, and a client that costs as little as possible, since it shares the cores.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { BIN, environment, KEY, residentKb } from './gateward-process.ts'

/** A Gateward that serves. */
export interface Served {
  admin: number
  gateway: number
  /** From the start of the process until it served. */
  startMs: number
  /** Resident memory now. */
  residentMb(): number
  stop(): Promise<void>
}

/** Starts one on a data directory; resolves when it serves. */
export async function serve(directory: string, options: { threads: number; store?: string }): Promise<Served> {
  mkdirSync(directory, { recursive: true })
  const [admin, gateway, tls] = [await freePort(), await freePort(), await freePort()]
  const started = performance.now()
  const child = spawn(process.execPath, [BIN, 'start'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...environment({ http: gateway, https: tls, admin }, directory),
      GATEWARD_STORE: options.store ?? 'sqlite',
      GATEWARD_THREADS: String(options.threads),
      GATEWARD_LOG_LEVEL: 'error',
    },
  })
  process.once('exit', () => child.kill())
  await untilSaid(child)
  return {
    admin,
    gateway,
    startMs: performance.now() - started,
    residentMb: () => residentKb(child.pid as number) / 1024,
    stop: async () => {
      const gone = once(child, 'exit')
      child.kill()
      await gone
    },
  }
}

async function untilSaid(child: ChildProcess): Promise<void> {
  let said = ''
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    said += chunk
    if (said.includes('Gateward serves')) break
  }
  child.stdout?.resume()
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** One connection at a time, one request at a time. */
export class Client {
  readonly #port: number
  #socket: Socket
  #text = ''
  #done: ((status: number) => void) | undefined

  constructor(port: number) {
    this.#port = port
    this.#socket = this.#open()
  }

  #open(): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true })
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.#take(text))
    return socket
  }

  /** The status of the answer. */
  send(method: string, path: string, body = ''): Promise<number> {
    const head = `${method} ${path} HTTP/1.1\r\nHost: a\r\nX-API-KEY: ${KEY}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`
    return new Promise((resolve) => {
      this.#done = resolve
      this.#socket.write(head + body)
    })
  }

  /** As `send`, and throws when it is not done. */
  async write(path: string, resource: object): Promise<void> {
    const status = await this.send('PUT', `/apisix/admin${path}`, JSON.stringify(resource))
    if (status >= 300) throw new Error(`PUT ${path} was answered with ${status}`)
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(text: string): void {
    this.#text += text
    const end = this.#text.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#text.slice(0, end + 2))?.[1]
    if (length === undefined ? !this.#text.endsWith('0\r\n\r\n') : this.#text.length < end + 4 + Number(length)) return
    const status = Number(this.#text.slice(9, 12))
    // A connection serves a bounded number of requests: the last answer says that it ends.
    if (/\r\nconnection: close/i.test(this.#text.slice(0, end + 2))) {
      this.#socket.destroy()
      this.#socket = this.#open()
    }
    this.#text = ''
    this.#done?.(status)
  }
}

/** The value below which `share` of the sorted samples lie. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
