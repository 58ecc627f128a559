// A real etcd for tests, on free ports of 127.0.0.1 and in a directory of its own.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../e2e/process.ts'
import { until } from '../until.ts'

function acceptsConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return new Promise((resolve) => {
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

/** Files for a server that speaks TLS to clients that have a certificate of the same authority. */
export interface TlsFiles {
  ca_file: string
  cert_file: string
  key_file: string
}

/** One etcd that can be stopped and started again with its data. */
export class EtcdServer {
  readonly directory = mkdtempSync(join(tmpdir(), 'gateward-etcd-'))
  port = 0
  #peerPort = 0
  #child: ChildProcess | undefined
  readonly #tls: TlsFiles | undefined

  constructor(tls?: TlsFiles) {
    this.#tls = tls
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Starts and waits until it answers. */
  async start(): Promise<void> {
    this.port ||= await freePort()
    this.#peerPort ||= await freePort()
    const client = `${this.#tls ? 'https' : 'http'}://${this.address}`
    const peer = `http://127.0.0.1:${this.#peerPort}`
    this.#child = spawn(
      'etcd',
      [
        ...['--name', 'test', '--data-dir', join(this.directory, 'data'), '--log-level', 'error'],
        ...['--listen-client-urls', client, '--advertise-client-urls', client],
        ...this.#tlsFlags(),
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `test=${peer}`],
      ],
      { stdio: 'ignore' },
    )
    await until(() => this.#answers(), 'etcd answers')
  }

  /** Ends it; the data stays. */
  async stop(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** A call of etcd's own interface. */
  async call<T>(path: string, body: object): Promise<T> {
    const response = await fetch(`http://${this.address}${path}`, { method: 'POST', body: JSON.stringify(body) })
    return (await response.json()) as T
  }

  #tlsFlags(): string[] {
    if (!this.#tls) return []
    const { ca_file: ca, cert_file: cert, key_file: key } = this.#tls
    return ['--cert-file', cert, '--key-file', key, '--trusted-ca-file', ca, '--client-cert-auth']
  }

  async #answers(): Promise<boolean> {
    try {
      if (this.#tls) return await acceptsConnections(this.port)
      return (await fetch(`http://${this.address}/health`)).ok
    } catch (error) {
      if (error instanceof TypeError) return false
      throw error
    }
  }
}
