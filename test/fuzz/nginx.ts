// nginx as a second opinion on requests: a real one in front of an upstream that tells what reached it, asked over a socket.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../e2e/process.ts'

const START_TRIES = 200
const ANSWER_MS = 1500
/** On a busy machine an answer may be late: silence counts when it lasts. */
const PATIENT_MS = 15_000

export interface Verdict {
  /** 0: it closed the connection, or said nothing in time. */
  status: number
  /** What reached the upstream, when something did. */
  seen: { start: string; body: string } | undefined
}

export interface Nginx {
  ask(bytes: string): Promise<Verdict>
  stop(): Promise<void>
}

export async function startNginx(): Promise<Nginx> {
  const upstream = http.createServer({ requireHostHeader: false }, tellBack)
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const directory = mkdtempSync(join(tmpdir(), 'gateward-nginx-'))
  const port = await freePort()
  writeFileSync(join(directory, 'nginx.conf'), configuration(directory, port, (upstream.address() as AddressInfo).port))
  const child = spawn('nginx', ['-p', directory, '-c', 'nginx.conf', '-e', 'stderr'], {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  })
  await untilItListens(port, child)
  return {
    ask: async (bytes) => {
      const first = await ask(port, bytes, ANSWER_MS)
      return first.status === 0 ? ask(port, bytes, PATIENT_MS) : first
    },
    stop: async () => {
      child.kill()
      await once(child, 'exit')
      upstream.close()
      upstream.closeAllConnections()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function tellBack(request: http.IncomingMessage, response: http.ServerResponse): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString('latin1')
    response.end(JSON.stringify({ start: `${request.method} ${request.url}`, body }))
  })
}

function configuration(directory: string, port: number, upstream: number): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `
    daemon off; master_process off; pid ${directory}/pid;
    events { worker_connections 256; }
    http {
      access_log off; error_log /dev/null;
      ${paths.map((name) => `${name}_temp_path ${directory}/${name};`).join(' ')}
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass http://127.0.0.1:${upstream}; proxy_http_version 1.1;
          proxy_set_header Connection close; proxy_set_header Expect "";
        }
      }
    }`
}

async function untilItListens(port: number, child: ChildProcess): Promise<void> {
  for (let i = 0; i < START_TRIES; i++) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`)
    const open = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => resolve(true))
      socket.once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('nginx does not listen')
}

/** Sends the bytes and takes the first final answer. */
function ask(port: number, bytes: string, answerMs: number): Promise<Verdict> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    let got = ''
    const done = (): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(verdict(got))
    }
    const timer = setTimeout(done, answerMs)
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1')
      // The upstream's answer has its length or ends with the connection; in both cases JSON ends with a brace.
      if (/^HTTP\/1\.1 [2-5]\d\d[\s\S]*\r\n\r\n(?:[\s\S]*\}(?:\r\n0\r\n\r\n)?|[\s\S]*<\/html>\s*)$/.test(got)) done()
    })
    socket.on('close', done)
    socket.on('error', () => {})
    socket.write(bytes, 'latin1')
  })
}

function verdict(got: string): Verdict {
  const final = got.replace(/^(?:HTTP\/1\.1 1\d\d[^\r]*\r\n(?:[^\r]+\r\n)*\r\n)+/, '')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(final)?.[1] ?? 0)
  const json = /\{.*\}/s.exec(final)?.[0]
  return {
    status,
    seen: json === undefined ? undefined : (JSON.parse(Buffer.from(json, 'latin1').toString()) as Verdict['seen']),
  }
}
